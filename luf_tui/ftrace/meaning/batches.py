"""Which flush is for which unmaps, which unmaps came to pass, and what flushes and switches say of
who has which address space. Read over facts whose frames are known.

A flush of a batch prints `pages:-1` and no address space, as fork and a large munmap do. It is for
a batch if its task has unmapped something since its last one and neither gone on to the next thing
that the kernel settles a batch before, nor was answered for a single address space (reason 3).
"""

from __future__ import annotations

from attrs import define, field

from luf_tui.ftrace.meaning.facts import FactKind, Facts, Flag
from luf_tui.ftrace.meaning.lives import IDLE
from luf_tui.ftrace.meaning.owners import ANSWERED, CERTAIN, Owners, before

_MIGRATE, _CONFIRMED, _HIDDEN = int(Flag.MIGRATE), int(Flag.CONFIRMED), int(Flag.HIDDEN)
NOBODY = -1 << 20
"""An address space that is not known, or none."""
_ASKED, _DOUBT = int(Flag.ASKED), int(Flag.DOUBT)
_FOR_UNMAP, _BATCH, _WHOLE = int(Flag.FOR_UNMAP), int(Flag.BATCH), int(Flag.WHOLE)
_OWN = int(Flag.SENT | Flag.LOCAL)


@define
class _Task:
    """What one task has unmapped and not settled."""

    noted: list[int] = field(factory=list)
    sent: int = -1
    """A flush of a batch that was its last fact, and what it was for."""
    settled: list[int] = field(factory=list)
    space: int = 0
    """The one address space of the flush that is under way; 0: of several, or not known."""
    single: bool = False
    """That flush was for one unmap."""
    ranged: bool = False
    """Its last fact was a flush of a range; its own CPU may flush more than that."""
    own: bool = False
    """That flush was for something else than unmaps: of its own address space, as a rule."""


@define
class _Cpu:
    """What one CPU runs and has loaded, as switches tell."""

    loaded: int
    """The task whose address space it has loaded, that of `before` among them; or NOBODY."""
    to: int = -1
    """The task of a switch of which it is not known yet whether it loads anything."""
    lazy: bool = False
    met: int = NOBODY
    """With whom the running task shares an address space, unless it is about to end."""


@define
class Batches:
    """One pass over the facts of a trace."""

    facts: Facts
    owners: Owners
    began: dict[int, int]
    """Per CPU, the task that ran there when the recording began."""
    batched: int = 0
    """Flushes of a batch that migration settled, before its pages are mapped again."""
    _tasks: dict[int, _Task] = field(factory=dict)
    _cpus: dict[int, _Cpu] = field(factory=dict)
    _lost: bool = False
    """Events are missing: what CPUs have loaded is not what they had at the beginning."""
    _open: dict[int, list[int]] = field(factory=dict)
    """Unmaps of reclaim that nothing has confirmed yet, per frame."""
    _waits: dict[int, int] = field(factory=dict)
    """Per CPU, the task that sends IPIs from it and waits for the answers."""

    def read(self) -> None:
        """Complete the flags of unmaps and flushes, and give the owners their evidence."""
        facts = self.facts
        handlers = {
            int(FactKind.SWITCH): self._switch,
            int(FactKind.SWITCH_FLUSH): self._load,
            int(FactKind.LEFT_LAZY): self._left,
            int(FactKind.FAULT): self._fault,
            int(FactKind.UNMAP): self._unmap,
            int(FactKind.REMAP): self._remap,
            int(FactKind.SENT): self._sent,
            int(FactKind.LOCAL): self._local,
            int(FactKind.RECEIVED): self._received,
            int(FactKind.ALLOC): self._alloc,
            int(FactKind.FREE): self._free,
            int(FactKind.GAP): self._gap,
        }
        for number, task in self.began.items():
            if task in self.owners.user:
                self.owners.met(before(number), task, alike=True)
        steps = [handlers.get(kind) for kind in range(len(FactKind))]
        quiet = {int(FactKind.SWITCH_FLUSH), int(FactKind.LOCAL), int(FactKind.RECEIVED)}
        quiet |= {int(FactKind.LEFT_LAZY), int(FactKind.SENT)}
        cpus, waits, tasks = self._cpus, self._waits, self._tasks
        for at, kind in enumerate(facts.kind):
            number = facts.cpu[at]
            cpu = cpus.get(number)
            if cpu is None:
                cpu = cpus[number] = _Cpu(NOBODY if self._lost else before(number))
            if cpu.to >= 0 and kind != FactKind.SWITCH_FLUSH:
                self._kept(cpu)
            if kind not in quiet:
                waits.pop(number, None)
                state = tasks.get(facts.task[at])
                if state is not None:
                    state.sent, state.ranged = -1, False
            step = steps[kind]
            if step is not None:
                step(at, facts.task[at], cpu)
        self._untold()

    def _untold(self) -> None:
        """What ends the batches that are under way is missing."""
        for state in self._tasks.values():
            for one in state.noted:
                self.facts.flags[one] |= _DOUBT

    def _of(self, task: int) -> _Task:
        found = self._tasks.get(task)
        if found is None:
            found = self._tasks[task] = _Task()
        return found

    # -- switches ---------------------------------------------------------------------------

    def _switch(self, at: int, task: int, cpu: _Cpu) -> None:
        if self.facts.arg[at]:
            # Seen running, not switched to: what was loaded meanwhile is not known.
            if task in self.owners.user:
                cpu.loaded = task
            elif cpu.loaded >= 0:
                cpu.loaded = NOBODY
            cpu.to, cpu.met = -1, NOBODY
            return
        if cpu.met != NOBODY and not self.facts.page[at]:
            self.owners.met(cpu.loaded, cpu.met, alike=True)
        cpu.met = NOBODY
        cpu.to = task if task in self.owners.user else -1
        cpu.lazy = cpu.lazy or cpu.to < 0

    def _kept(self, cpu: _Cpu) -> None:
        """A switch to a task of user mode loaded nothing: it has what was loaded."""
        cpu.met = cpu.loaded
        cpu.loaded, cpu.to, cpu.lazy = cpu.to, -1, False

    def _load(self, at: int, task: int, cpu: _Cpu) -> None:
        """An address space was loaded; the one that a CPU had lazily may be loaded once more."""
        if cpu.to == task:
            if cpu.loaded != NOBODY and not (cpu.lazy and self.facts.arg[at] < 0):
                self.owners.met(cpu.loaded, task, alike=False)
            cpu.to, cpu.lazy = -1, False
        cpu.loaded, cpu.met = task, NOBODY

    def _left(self, at: int, task: int, cpu: _Cpu) -> None:
        cpu.loaded = cpu.met = NOBODY

    def _gap(self, at: int, task: int, cpu: _Cpu) -> None:
        self._lost = True
        self._untold()
        self._cpus.clear()
        self._tasks.clear()
        self._waits.clear()

    # -- unmaps -----------------------------------------------------------------------------

    def _unmap(self, at: int, task: int, cpu: _Cpu) -> None:
        facts = self.facts
        flags = facts.flags[at]
        if flags & _MIGRATE:
            if flags & _CONFIRMED and not flags & _OWN:
                self._of(task).noted.append(at)
            return
        if not flags & (_OWN | _CONFIRMED):
            place = facts.mm[at], facts.page[at]
            waiting = self._open.setdefault(facts.pfn[at], [])
            waiting[:] = [one for one in waiting if (facts.mm[one], facts.page[one]) != place]
            waiting.append(at)
        if not flags & _OWN:
            self._of(task).noted.append(at)

    def _remap(self, at: int, task: int, cpu: _Cpu) -> None:
        """Pages are mapped again after the flush; if there was none, none was owed."""
        noted = self._of(task).noted
        if noted:
            flags = self.facts.flags
            noted[:] = [one for one in noted if not flags[one] & _MIGRATE]

    def _fault(self, at: int, task: int, cpu: _Cpu) -> None:
        if task in self._tasks:
            self._tasks[task].noted.clear()

    def _alloc(self, at: int, task: int, cpu: _Cpu) -> None:
        self._open.pop(self.facts.pfn[at], None)

    def _free(self, at: int, task: int, cpu: _Cpu) -> None:
        """The free of a page that reclaim unmapped: it was, and its batch is settled."""
        facts = self.facts
        for one in self._open.pop(facts.pfn[at], ()):
            facts.flags[one] |= _CONFIRMED
        state = self._tasks.get(task)
        if state is not None and state.noted:
            pfn = facts.pfn[at]
            if any(facts.pfn[one] == pfn for one in state.noted):
                state.noted.clear()

    # -- flushes ----------------------------------------------------------------------------

    def _sent(self, at: int, task: int, cpu: _Cpu) -> None:
        facts = self.facts
        state = self._of(task)
        state.sent, state.space, state.single, state.own = -1, 0, False, True
        state.ranged = facts.arg[at] >= 0
        if facts.flags[at] & _FOR_UNMAP:
            state.space, state.single, state.own = facts.mm[at], True, False
        elif facts.arg[at] < 0:
            if state.noted:
                state.sent, state.settled = at, state.noted
                self._settle(at, state)
            else:
                facts.flags[at] |= _WHOLE
        self._waits[facts.cpu[at]] = task

    def _settle(self, at: int, state: _Task) -> None:
        """A flush is for everything that its task has noted."""
        facts, noted = self.facts, state.noted
        facts.flags[at] |= _BATCH
        state.noted = []
        state.space, state.own = facts.mm[noted[0]], False
        hidden = migrate = True
        for one in noted:
            flags = facts.flags[one]
            if facts.mm[one] != state.space:
                state.space = 0
            hidden = hidden and bool(flags & _HIDDEN)
            migrate = migrate and bool(flags & _MIGRATE)
        if len(noted) == 1:
            facts.flags[noted[0]] |= _CONFIRMED
        mark = 0 if facts.kind[at] != FactKind.SENT else _ASKED if state.space else _DOUBT
        for one in noted:
            facts.flags[one] |= mark
        if hidden:
            # What owes a flush was not hidden: another thread had faulted it back.
            for one in noted:
                facts.flags[one] &= ~_HIDDEN
        facts.flags[at] |= _MIGRATE if migrate else 0
        self.batched += migrate

    def _local(self, at: int, task: int, cpu: _Cpu) -> None:
        facts = self.facts
        flags, state = facts.flags[at], self._of(task)
        if flags & _FOR_UNMAP:
            self.owners.vote(task, facts.mm[at], CERTAIN)
        elif flags & _BATCH:
            if state.noted:
                self._settle(at, state)
            if state.space:
                self.owners.vote(task, state.space, ANSWERED)
        elif facts.arg[at] < 0 and not state.ranged:
            facts.flags[at] |= _WHOLE
            if state.sent >= 0:
                self._undo(state)
        state.sent, state.ranged = -1, False

    def _undo(self, state: _Task) -> None:
        """The flush that was taken for a batch's was of one address space."""
        flags = self.facts.flags
        flags[state.sent] = flags[state.sent] & ~(_BATCH | _MIGRATE) | _WHOLE
        for one in state.settled:
            flags[one] &= ~_ASKED
        self.batched -= all(flags[one] & _MIGRATE for one in state.settled)
        state.noted, state.space, state.own = state.settled, 0, True

    def _received(self, at: int, task: int, cpu: _Cpu) -> None:
        """Who answers a flush has what is flushed loaded, if only one is under way."""
        pages, waiting = self.facts.arg[at], self._waits.values()
        if task == IDLE or not waiting or self.facts.flags[at] & Flag.WRONG:
            return
        states = [self._of(one) for one in waiting]
        (space, *others) = {state.space for state in states}
        if others:
            return
        if space and all(state.single for state in states):
            self.owners.vote(task, space, CERTAIN)
        elif space and pages < 0:
            self.owners.vote(task, space, ANSWERED)
        elif len(states) == 1 and states[0].own and pages:
            for sender in waiting:
                self.owners.met(sender, task, alike=True)
