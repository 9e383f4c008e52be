"""Replays a recording on the model machine: the recorded kernel decided who unmaps, frees and
allocates what; the engine and a policy decide what is flushed and when.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from attrs import define, field

from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import Operation
from luf_tui.engine.operations.memory import FreePage
from luf_tui.engine.operations.process import FinishSwitch, Switch
from luf_tui.engine.operations.recorded import (
    Keep,
    Learn,
    LeaveLazy,
    Remap,
    Request,
    Settle,
    TakeBlock,
    UnmapMapping,
    Unneeded,
    WriteFault,
)
from luf_tui.engine.unstepped import Unstepped
from luf_tui.ftrace.meaning.facts import FactKind, Flag
from luf_tui.ftrace.meaning.meaning import BATCHED
from luf_tui.ftrace.replay.before_batches import BeforeBatches
from luf_tui.ftrace.replay.layout import Layout, begin, was_unmapped
from luf_tui.ftrace.trace import Trace
from luf_tui.machine import events as ev
from luf_tui.machine.machine import Machine
from luf_tui.machine.schema import ANON, FREE_STATES, Context
from luf_tui.machine.unlogged import UnloggedMachine
from luf_tui.policy.base import Policy

Moved = Callable[[int, int, int], None]
"""Told of every micro-step: the context, the operation and the position."""

_MIGRATES, _HIDDEN = int(Flag.MIGRATE), int(Flag.HIDDEN)
_WRITABLE, _DIRTY = int(Flag.WRITABLE), int(Flag.DIRTY)
_FAILED, _WHOLE, _COW = int(Flag.FAILED), int(Flag.WHOLE), int(Flag.COPY)
_FOR_UNMAP, _BATCH, _PENDING = int(Flag.FOR_UNMAP), int(Flag.BATCH), int(Flag.PENDING)
_SENT, _LOCAL, _CLEAN = int(Flag.SENT), int(Flag.LOCAL), int(Flag.CLEAN)
_MUNMAP, _FORK, _COPIED = ev.REASON["munmap"], ev.REASON["fork"], ev.REASON["copy on write"]
_CLEANED = ev.REASON["writeback"]
_WRITE = 2
"""Error code bit of a write fault."""
_LOW = (1 << 64) - 1
"""CPUs of a mask that the probe prints."""
BEFORE_COPY, BEFORE_FREE = 0, 1


@define
class Batch:
    """What one task has unmapped and not settled yet."""

    gate: int = BEFORE_COPY
    """What it is settled before, as a number of recorded.GATES."""
    bracket: bool = False
    """Between the events of a migration's start and end."""
    frames: list[int] = field(factory=list)
    mappings: list[tuple[bool, bool]] = field(factory=list)
    """For each, whether IPIs were sent for it alone, as recorded and here."""
    later: list[int] = field(factory=list)
    """Facts held back until the flush that has to come before them."""


@define
class Agreement:
    """How far a policy asks others for the unmaps for which the recorded kernel asked."""

    mappings: int = 0
    mappings_right: int = 0
    """Unmapped PTEs, and those for which IPIs are sent, alone or in a batch, as recorded."""
    batches: int = 0
    batches_right: int = 0
    """Batches that a policy settles, and those that send IPIs as recorded."""
    masks: int = 0
    masks_right: int = 0
    """Batches of which a probe says whom they ask, and those that ask the same CPUs."""


@define
class Odd:
    """What the recording and the model disagree on."""

    taken_twice: int = 0
    """Allocations of a frame that the model had in use."""
    freed_twice: int = 0
    """Frees of a frame that the model had free."""
    not_placed: int = 0
    """Requests of tasks whose address space is not known; counted, not carried out."""
    early: int = 0
    """Batches settled before the recording ended them, since a frame of theirs was wanted."""


class Replay:
    """One recording on one machine under one policy."""

    def __init__(
        self,
        trace: Trace,
        layout: Layout,
        policy: Policy,
        moved: Moved | None = None,
        *,
        lazy_drops: bool = False,
        logged: bool = True,
    ) -> None:
        """What is not `logged` cannot be stepped through, and is done in half the time.
        `lazy_drops` adds what v12 pays whenever a kernel thread hands an address space back
        (finish_task_switch(), OP-19), which x86 does not need.
        """
        self.trace = trace
        self.layout = layout
        self.policy = policy
        self.odd = Odd()
        self.agreement = Agreement()
        self._batches_too = trace.survey.kernel == BATCHED
        """Migration batches in the recorded kernel."""
        self._one_by_one = isinstance(policy, BeforeBatches)
        self.requested = 0
        """Recorded requests for something else than a recorded unmap."""
        self._lazy_drops = lazy_drops
        ledger = policy.regions(layout.config)
        made = Machine if logged else UnloggedMachine
        machine = made(layout.config, ledger, remembers=False)
        policy.power_on(machine)
        begin(machine, layout)
        self.machine = machine
        self.k = (
            Unstepped(machine, policy)
            if isinstance(machine, UnloggedMachine)
            else Kernel(machine, policy)
        )
        self.at = -1
        """The fact being replayed."""
        self._moved = moved
        before = () if self._batches_too else layout.migrating
        self._batches = {layout.task(*one): Batch(bracket=True) for one in before}
        self._held: dict[int, int] = {}
        """Frames that an unsettled batch is about, and the task whose batch it is."""
        self._keys: dict[int, int] = {}
        """Keys of frames unmapped and not freed yet."""
        self._sent = False
        """The recorded IPIs under way were sent under this policy as well."""
        handlers: dict[FactKind, Callable[[int], None]] = {
            FactKind.SWITCH: self._switch,
            FactKind.LEFT_LAZY: self._left_lazy,
            FactKind.FAULT: self._fault,
            FactKind.UNMAP: self._unmap,
            FactKind.REMAP: self._remap,
            FactKind.SENT: self._request,
            FactKind.LOCAL: self._local,
            FactKind.ALLOC: self._alloc,
            FactKind.FREE: self._free,
            FactKind.MIGRATE_START: self._start,
            FactKind.MIGRATE_END: self._end,
            FactKind.GAP: self._gap,
        }
        self._handlers = [handlers.get(kind) for kind in FactKind]

    def play(self) -> Iterator[int]:
        """Replay every fact in the order of the file, yielding its number after it is done.

        Facts that are an answer of the recorded kernel's own flushing are not replayed.
        """
        handlers = self._handlers
        for at, kind in enumerate(self.trace.facts.kind):
            handler = handlers[kind]
            if handler is not None:
                self.at = at
                handler(at)
                yield at
        if self._batches:
            for task in list(self._batches):
                self._settle(task)
            yield self.at

    # -- moving -----------------------------------------------------------------------------

    def _run(self, ctx: Context, kind: type[Operation], **args: object) -> None:
        """Run one operation to its end, interrupted CPUs answering."""
        self.k.do(ctx, kind, args, self._moved)

    def _bring(self, cpu: int, number: int) -> Context:
        """Make a task current on a CPU; returns its context."""
        m = self.k.m
        state, task = m.cpu[cpu], m.task[number]
        ctx = m.task_ctx(task)
        if state.task is not task:
            borrowed = state.loaded_mm if state.lazy and self._lazy_drops else None
            self._run(m.boot_ctx, Switch, cpu=cpu, to=task)
            if borrowed and task.mm:
                self._run(ctx, FinishSwitch, mm=borrowed)
        return ctx

    def _acting(self, at: int) -> Context:
        """The context of the task that did a fact, current on the CPU it did it on."""
        facts = self.trace.facts
        cpu = facts.cpu[at]
        return self._bring(cpu, self.layout.task(facts.task[at], cpu))

    # -- CPUs and faults --------------------------------------------------------------------

    def _switch(self, at: int) -> None:
        self._acting(at)

    def _left_lazy(self, at: int) -> None:
        """An IPI that this policy did not send took no CPU off its address space."""
        if self._sent or self.trace.facts.flags[at] & _LOCAL:
            self._run(self.k.m.boot_ctx, LeaveLazy, cpu=self.trace.facts.cpu[at])

    def _fault(self, at: int) -> None:
        facts = self.trace.facts
        if facts.arg[at] & _WRITE and facts.mm[at]:
            mm = facts.mm[at]
            vpn = self.layout.page(mm, facts.page[at])
            space = self.machine.mm[self.layout.mm(mm)]
            self._run(self._acting(at), WriteFault, mm=space, vpn=vpn)

    def _request(self, at: int) -> None:
        facts = self.trace.facts
        flags = facts.flags[at]
        if flags & _FOR_UNMAP:
            return
        if flags & _BATCH:
            self._flushed(at)
            return
        if flags & _PENDING:
            self._catch_up(at)
            return
        self._sent = True
        self.requested += 1
        mm = facts.mm[at]
        if not mm:
            self.odd.not_placed += 1
            return
        why = _FORK if flags & _WHOLE else _COPIED if flags & _COW else _MUNMAP
        why = _CLEANED if flags & _CLEAN else why
        most = max(len(self.layout.vpn[mm]), self.layout.config.ceiling + 1)
        end = max(0, min(facts.arg[at], most))
        # A kernel that batches shows by flushes of their own what was pending.
        space, zaps = self.machine.mm[self.layout.mm(mm)], not self._batches_too and why == _MUNMAP
        self._run(self._acting(at), Request, mm=space, end=end, zaps=int(zaps), why=why)

    def _local(self, at: int) -> None:
        """A CPU flushes itself, and nobody was asked, or the others are done by now."""
        flags = self.trace.facts.flags[at]
        if flags & _BATCH:
            self._flushed(at)
        elif flags & _PENDING:
            self._catch_up(at)

    def _flushed(self, at: int) -> None:
        """The recorded kernel ended a batch here."""
        task = self.layout.task(self.trace.facts.task[at], self.trace.facts.cpu[at])
        batch = self._batches.get(task)
        if batch is not None and not batch.bracket:
            self._settle(task, at)

    def _catch_up(self, at: int) -> None:
        """The recorded kernel flushed what was pending in an address space."""
        space = self.machine.mm[self.layout.mm(self.trace.facts.mm[at])]
        before = len(self.machine.events)
        self._run(self._acting(at), Request, mm=space, only=1)
        self._sent = bool(self._asked_since(before))

    # -- unmapping and moving pages ---------------------------------------------------------

    def _start(self, at: int) -> None:
        task = self.layout.task(self.trace.facts.task[at], self.trace.facts.cpu[at])
        if self._batches_too:
            return
        if task in self._batches:
            self._settle(task)
        self._batches[task] = Batch(bracket=True)

    def _end(self, at: int) -> None:
        task = self.layout.task(self.trace.facts.task[at], self.trace.facts.cpu[at])
        batch = self._batches.get(task)
        if batch is not None and batch.bracket:
            self._settle(task)

    def _gap(self, at: int) -> None:
        for task in list(self._batches):
            self._settle(task)

    def _unmap(self, at: int) -> None:
        facts, layout, m = self.trace.facts, self.layout, self.machine
        flags = facts.flags[at]
        if not was_unmapped(flags):
            return
        number = layout.frame[facts.pfn[at]]
        first = at not in layout.followers
        if first and number in self._held:
            self._wanted(number)
        ctx = self._acting(at)
        if first:
            self._kept(ctx, number)
        self._in_use(ctx, number)
        where = {
            "mm": m.mm[layout.mm(facts.mm[at])],
            "vpn": layout.page(facts.mm[at], facts.page[at]),
            "frame": m.frame[number],
        }
        self._run(
            ctx,
            Learn,
            **where,
            writable=int(bool(flags & _WRITABLE)),
            dirty=int(flags & _DIRTY and flags & _WRITABLE != 0),
            hidden=int(bool(flags & _HIDDEN)),
            fresh=int(first),
            order=facts.arg[at].bit_length() - 1,
        )
        task = ctx.index - layout.cpus
        batch = self._batches.get(task)
        if batch is None:
            batch = self._batches[task] = Batch(BEFORE_COPY if flags & _MIGRATES else BEFORE_FREE)
        batch.gate = BEFORE_COPY if flags & _MIGRATES else BEFORE_FREE
        if first:
            batch.frames.append(number)
        self._held[number] = task
        before = len(self.machine.events)
        walk = {"first": int(first), "last": int(at not in layout.followed)}
        how = {"migrate": int(bool(flags & _MIGRATES)), "batch": int(self._may_wait(flags))}
        self._run(ctx, UnmapMapping, **where, **walk, **how)
        asked = self._asked_since(before)
        self._sent = bool(asked)
        batch.mappings.append((bool(flags & _SENT), bool(asked)))

    def _may_wait(self, flags: int) -> bool:
        """TTU_BATCH_FLUSH: what a kernel flushed one by one though it batches may not, as what it
        retries, nor what reclaim did so.
        """
        migrates = flags & _MIGRATES
        if flags & _SENT and (self._batches_too or not migrates):
            return False
        return not (migrates and self._one_by_one)

    def _asked_since(self, event: int) -> int:
        """The CPUs other than the asking ones that flushes since an event are for."""
        events, mask = self.machine.events, 0
        for number in range(event, len(events)):
            if events.kind_of(number) == ev.FLUSHED:
                asked = events.argument(number, ev.FLUSHED.mask)
                mask |= asked if asked & ~(1 << events.cpu_of(number)) else 0
        return mask

    def _kept(self, ctx: Context, number: int) -> None:
        """A page that was unmapped is mapped again: what its key owes is paid."""
        key = self._keys.pop(number, 0)
        if key:
            self._run(ctx, Keep, key=key)

    def _remap(self, at: int) -> None:
        facts = self.trace.facts
        task = self.layout.task(facts.task[at], facts.cpu[at])
        batch = self._batches.get(task)
        if batch is not None and batch.bracket:
            batch.later.append(at)
            self._held[self.layout.frame[facts.pfn[at]]] = task
            return
        if batch is not None:
            self._settle(task)
        self._map(self._acting(at), at)

    def _map(self, ctx: Context, at: int) -> None:
        facts, layout = self.trace.facts, self.layout
        number = layout.frame[facts.pfn[at]]
        if facts.flags[at] & _FAILED:
            self._kept(ctx, number)
        self._in_use(ctx, number)
        self._run(
            ctx,
            Remap,
            mm=self.machine.mm[layout.mm(facts.mm[at])],
            vpn=layout.page(facts.mm[at], facts.page[at]),
            frame=self.machine.frame[number],
            writable=int(bool(facts.flags[at] & _WRITABLE)),
        )

    def _settle(self, task: int, flush: int = -1) -> None:
        """Give a task's batch its key or its flush, then do what waited for that. `flush` is the
        fact that the recorded kernel flushed it; without, it did not.
        """
        batch = self._batches.pop(task)
        m = self.machine
        if not batch.frames and not batch.later:
            return
        cpu, back = m.task[task].cpu, None
        if cpu < 0 or m.cpu[cpu].task is not m.task[task]:
            cpu = self.trace.facts.cpu[self.at]
            back = m.cpu[cpu].task
        ctx = self._bring(cpu, task)
        before = len(m.events)
        key = self._key(ctx, batch.gate)
        self._compare(batch, flush, self._asked_since(before))
        for number in batch.frames:
            self._held.pop(number, None)
            if key and m.frame[number].verdict:
                self._keys[number] = key
        facts, layout = self.trace.facts, self.layout
        for at in batch.later:
            if facts.kind[at] == FactKind.REMAP:
                self._held.pop(layout.frame[facts.pfn[at]], None)
                self._map(ctx, at)
            else:
                self._give_back(ctx, at)
        if back:
            self._bring(cpu, back.index)

    def _compare(self, batch: Batch, flush: int, asked: int) -> None:
        """Count how far a batch was flushed as recorded."""
        facts, found = self.trace.facts, self.agreement
        sent = flush >= 0 and facts.kind[flush] == FactKind.SENT
        if flush >= 0:
            self._sent = bool(asked)
        if not batch.mappings:
            return
        for theirs, ours in batch.mappings:
            found.mappings_right += (theirs or sent) == (ours or bool(asked))
        found.mappings += len(batch.mappings)
        if sent or asked:
            found.batches += 1
            found.batches_right += sent == bool(asked)
        if sent and facts.flags[flush] & Flag.MASKED:
            found.masks += 1
            found.masks_right += facts.page[flush] == asked & _LOW

    def _key(self, ctx: Context, gate: int) -> int:
        """Settle the notes of a context's task; the key its deferred pages carry."""
        k = self.k
        k.push(ctx, Settle, {"gate": gate})
        made = k.step(ctx.index)
        if self._moved is not None:
            self._moved(*made)
        settling = k.view(ctx, 0)
        assert isinstance(settling, Settle)
        key = settling.key
        k.finish(ctx, self._moved)
        return key

    def _wanted(self, number: int) -> None:
        """A frame of an unsettled batch is wanted by somebody: settle it now."""
        self.odd.early += 1
        task = self._held.pop(number)
        if task in self._batches:
            self._settle(task)

    # -- frames -----------------------------------------------------------------------------

    def _alloc(self, at: int) -> None:
        facts = self.trace.facts
        order = facts.arg[at]
        number, count = self.layout.block(facts.pfn[at], order)
        for one in range(number, number + count):
            if one in self._held:
                self._wanted(one)
        ctx = self._acting(at)
        for one in range(number, number + count):
            if self.machine.frame[one].state not in FREE_STATES:
                self.odd.taken_twice += 1
                self._release(ctx, one, 0)
        self._take(ctx, number, count, order)

    def _in_use(self, ctx: Context, number: int) -> None:
        """A frame that is mapped was allocated, even if nothing told."""
        if self.machine.frame[number].state in FREE_STATES:
            self.odd.taken_twice += 1
            self._take(ctx, number, 1, 0)

    def _take(self, ctx: Context, number: int, count: int, order: int) -> None:
        self._run(
            ctx, TakeBlock, frame=self.machine.frame[number], count=count, order=order, use=ANON
        )

    def _free(self, at: int) -> None:
        facts = self.trace.facts
        number = self.layout.frame[facts.pfn[at]]
        owner = self._held.get(number)
        if owner is not None:
            task = self.layout.task(facts.task[at], facts.cpu[at])
            batch = self._batches.get(owner)
            if batch is not None and owner == task and batch.bracket:
                batch.later.append(at)
                return
            if owner == task and batch is not None:
                self._settle(task)
            else:
                self._wanted(number)
        self._give_back(self._acting(at), at)

    def _give_back(self, ctx: Context, at: int) -> None:
        facts = self.trace.facts
        number, count = self.layout.block(facts.pfn[at], facts.arg[at])
        for one in range(number, number + count):
            if self.machine.frame[one].state in FREE_STATES:
                self.odd.freed_twice += 1
            else:
                self._release(ctx, one, self._keys.pop(one, 0))

    def _release(self, ctx: Context, number: int, key: int) -> None:
        if self.machine.frame[number].rmap:
            self._run(ctx, Unneeded, frame=self.machine.frame[number])
        self._run(ctx, FreePage, frame=self.machine.frame[number], key=key)
