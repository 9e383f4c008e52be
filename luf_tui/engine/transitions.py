"""What can happen next inside a race: look, make, take back.

Contexts move, the scheduler switches, and the machine has choices of its own. A turn is one
micro-step and has one word, so that an order that a search found can be written down and played.
Which turn is taken when it can be several is for a strategy to say (module strategy).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import TypeAlias

from attrs import astuple, frozen

from luf_tui.engine import hardware
from luf_tui.engine.begin import begin, begin_switch, borrowed_by, settle_later
from luf_tui.engine.begin import context_of as begin_context
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import Operation
from luf_tui.engine.operations.access import Access, Evict, Prefetch
from luf_tui.engine.operations.flush import FlushTlbFunc, Shootdown
from luf_tui.engine.operations.memory import DrainPage, pcp_locked, refills
from luf_tui.engine.operations.process import HALF_SWITCHED, FinishSwitch
from luf_tui.errors import Refused, nearest
from luf_tui.machine.machine import Machine
from luf_tui.machine.schema import Context, Mm
from luf_tui.script.program import Branch, Op, Race
from luf_tui.script.values import Pages
from luf_tui.script.verbs.by_cpu import CpuDown, Idle, Read, Run, Write
from luf_tui.script.vocabulary import MACHINE

Turn = int
"""A context's number; contexts + n for choice n of the machine itself; behind those, in a forever
block, one for each operation that an actor may begin.
"""


class NoStep(Enum):
    """What came of a turn that made no micro-step."""

    REFUSED = "refused"
    """The machine cannot do the operation in this order: it counts as begun, and did nothing."""
    BLOCKED = "blocked"
    """An operation began, and has to wait before its first micro-step."""


REFUSED, BLOCKED = NoStep.REFUSED, NoStep.BLOCKED
Made: TypeAlias = "tuple[int, int, int]"
"""Context, operation number and position of a micro-step."""
Outcome: TypeAlias = "Made | NoStep"
"""What came of a turn."""
Mark: TypeAlias = "tuple[int, int, int]"
"""A moment of the machine: how many writes, events and micro-steps there were."""


@frozen
class Choice:
    """Something the machine may do of its own accord: its word, operation and locals."""

    word: str
    kind: type[Operation]
    cpu: int
    mm: Mm | None = None
    """Of the page that is evicted or prefetched."""
    vpn: int = 0

    @property
    def args(self) -> dict[str, object]:
        """The operation's locals."""
        page = {"mm": self.mm, "vpn": self.vpn} if self.mm else {}
        return {"cpu": self.cpu, **page}


class Transitions:
    """The turns of race number `item` of a program, on a machine that stands at its start.

    `reduced` leaves out turns that lead nowhere else. An eviction is offered only right before the
    access that would notice it: with room for every page in the TLB nothing else can tell when an
    entry went. A handler that has flushed acknowledges at once.

    In a forever block each actor may begin any of its operations whenever it does nothing else, and
    a turn of its context only moves what is in flight.
    """

    def __init__(self, k: Kernel, race: Race, item: int, *, reduced: bool = True) -> None:
        self.k = k
        self.machine = k.m
        self.cells = k.m.cells
        self.race = race
        self.item = item
        self.reduced = reduced
        self.allowed = frozenset(race.machine_choices)
        self.ops: dict[int, tuple[Op, ...]] = {}
        """What each context may begin."""
        for branch in race.branches:
            self.ops[context_of(k.m, branch).index] = branch.begins
        self.pages = sorted(set(_pages(race)))
        roomy = k.m.config.tlb_entries >= k.m.config.pages * len(k.m.config.processes)
        self.lazy_evictions = reduced and roomy
        self.choices = self._choices(self.allowed)
        self.begun: tuple[tuple[int, int], ...] = ()
        """In a forever block: whom each turn lets begin something, and the number of that."""
        if race.forever:
            self.begun = tuple((ctx, nth) for ctx in self.ops for nth in range(len(self.ops[ctx])))
        self._first_begun = k.m.contexts + len(self.choices)
        self.first = len(k.m.events)
        """The first event of the last turn made."""
        self.reason = ""
        """Why the machine refused what was refused last."""
        self._start = self.mark()

    # -- what there is ------------------------------------------------------------------------

    def _choices(self, allowed: Iterable[str]) -> list[Choice]:
        m, config = self.k.m, self.k.m.config
        found = []
        for cpu in range(config.cpus):
            for word, kind in (("evict", Evict), ("prefetch", Prefetch)):
                if word in allowed:
                    for mm, vpn in self.pages:
                        page = f"{config.processes[mm].name}.{config.page_name(mm, vpn)}"
                        name = f"{word}/cpu{cpu}/{page}"
                        found.append(Choice(name, kind, cpu, m.mm[mm], vpn))
            if "drain" in allowed:
                found.append(Choice(f"drain/cpu{cpu}", DrainPage, cpu))
        return found

    @property
    def turns(self) -> tuple[Turn, ...]:
        """Every turn there can be, in the order in which they are offered."""
        m = self.k.m
        others = range(m.contexts, self._first_begun + len(self.begun))
        return (*range(m.boot_ctx.index), *others)

    def mover(self, turn: Turn) -> Turn:
        """Who moves: the context, where a turn begins an operation."""
        return self._beginning(turn)[0] if turn >= self._first_begun else turn

    def _beginning(self, turn: Turn) -> tuple[int, int]:
        return self.begun[turn - self._first_begun]

    def word(self, turn: int) -> str:
        """The word of a turn in a schedule: `app/1`, and `app/1:2` or `app/1:2/heap.0` where it
        begins the second line of app/1 in a forever block.
        """
        m = self.k.m
        if turn >= self._first_begun:
            ctx, nth = self._beginning(turn)
            lines = list(dict.fromkeys(op.span.line for op in self.ops[ctx]))
            op = self.ops[ctx][nth]
            page = "".join(f"/{chosen}" for chosen in op.chosen)
            return f"{self.word(ctx)}:{lines.index(op.span.line) + 1}{page}"
        if turn >= m.contexts:
            return self.choices[turn - m.contexts].word
        return m.ctx_name(m.ctx[turn]).replace("irq ", "irq/")

    def turn(self, word: str) -> int:
        """The turn of a schedule's word. Raises Refused when nobody has that name."""
        word = word.replace("irq ", "irq/")
        actors = self.k.m.config.actors
        if word.partition(":")[0] == MACHINE and len(actors) == 1:
            word = word.replace(MACHINE, actors[0], 1)
        found = [turn for turn in self.turns if self.word(turn) == word]
        if found:
            return found[-1]  # a device has a kernel thread of its name, too, which does nothing
        everything = self._choices(("evict", "prefetch", "drain"))
        if any(choice.word == word for choice in everything):
            kind = word.partition("/")[0]
            raise Refused(f"schedule: '{word}' needs `allow {kind}` in this race")
        hint = nearest(word, [self.word(turn) for turn in self.turns])
        raise Refused(f"schedule: nobody here is called '{word}'" + (hint and f"; {hint}"))

    # -- what can happen now ------------------------------------------------------------------

    def enabled(self) -> list[Turn]:
        """The turns that can be taken now, in a fixed order; `reduced`, one that need not wait for
        the others is alone.
        """
        return self.forced() or [turn for turn in self.turns if self.can_take(turn)]

    def forced(self) -> list[Turn]:
        """`reduced`, a turn that may be taken at once, because nothing another context does depends
        on what comes before it: a handler that has flushed acknowledges. It only lets others go on.
        """
        m = self.k.m
        for cpu in range(m.config.cpus if self.reduced else 0):
            if m.ctx[cpu].depth:
                top = self.k.top(m.ctx[cpu])
                if isinstance(top, FlushTlbFunc) and top.pos == FlushTlbFunc.ack.number:
                    return [cpu]
        return []

    def can_take(self, turn: Turn) -> bool:
        """Whether a turn can be taken now. Beginning an operation is tried, not foreseen."""
        k, m = self.k, self.k.m
        if turn >= self._first_begun:
            ctx, op = m.ctx[self._beginning(turn)[0]], self.begins(turn)
            return self._idle(ctx) and op is not None and self._can_act(op)
        if turn >= m.contexts:
            return self._may_choose(self.choices[turn - m.contexts])
        if turn < m.config.cpus:
            return k.can_move(m.ctx[turn]) if m.ctx[turn].depth else k.can_deliver(turn)
        ctx = m.ctx[turn]
        if turn >= m.actors:
            left = self.left(ctx)
            return k.can_move(ctx) if ctx.depth else bool(left) and self._can_act(left[0])
        if k.cpu_of(ctx) < 0:
            return self._can_switch(ctx)
        if ctx.depth:
            return (turn in self.ops or not ctx.stop) and k.can_move(ctx)
        return bool(self.left(ctx)) and self._idle(ctx)

    def _idle(self, ctx: Context) -> bool:
        """Whether somebody does nothing: a task on its CPU, and not interrupted."""
        cpu = self.k.cpu_of(ctx)
        if ctx.index >= self.k.m.actors:
            return not ctx.depth
        return cpu >= 0 and not ctx.depth and not self.k.m.ctx[cpu].depth

    def begins(self, turn: Turn) -> Op | None:
        """The operation of the script that a turn that can be taken begins, if it does."""
        if turn >= self._first_begun:
            ctx_number, nth = self._beginning(turn)
            return self.ops[ctx_number][nth]
        ctx = self.k.m.ctx[turn] if turn in self.ops and not self.race.forever else None
        if ctx is None or ctx.depth:
            return None
        if self.k.cpu_of(ctx) < 0 and ctx.index < self.k.m.actors:
            return None
        return self.left(ctx)[0]

    def left(self, ctx: Context) -> tuple[Op, ...]:
        """Operations of a branch that have not begun; none in a forever block."""
        return () if self.race.forever else self.ops.get(ctx.index, ())[ctx.pc :]

    def at_work(self, turn: Turn) -> tuple[Op, ...]:
        """The operation that whoever makes a turn has begun last; none in a forever block, where
        nothing tells which it was.
        """
        if self.race.forever or turn not in self.ops:
            return ()
        pc = self.machine.ctx[turn].pc
        return self.ops[turn][:pc][-1:]

    def next_ops(self, ctx: Context) -> tuple[Op, ...]:
        """The operations one of which a context begins next, if it begins any."""
        return self.ops.get(ctx.index, ()) if self.race.forever else self.left(ctx)[:1]

    def is_over(self, turn: Turn) -> bool:
        """Whether a turn is of an actor of the race who has nothing left to do."""
        if self.race.forever or turn not in self.ops:
            return False
        ctx = self.k.m.ctx[turn]
        return not ctx.depth and not self.left(ctx)

    def unfinished(self) -> list[int]:
        """Contexts of the race that have something in flight or still to begin; in a forever block,
        where nobody has to begin anything, all that have something in flight.
        """
        if self.race.forever:
            m = self.k.m
            return [ctx.index for ctx in m.ctx[m.config.cpus :] if ctx.depth]
        branches = [self.k.m.ctx[turn] for turn in self.ops]
        return [ctx.index for ctx in branches if ctx.depth or self.left(ctx)]

    def _can_switch(self, ctx: Context) -> bool:
        """Whether the scheduler can bring a task onto its CPU: never away from someone who flushes
        (get_cpu()) or is being switched in; from a running operation only when it sleeps, or if
        the race allows preemption.
        """
        k, m = self.k, self.k.m
        if not (ctx.depth and ctx.index in self.ops) and not self.next_ops(ctx):
            return False
        cpu = home_of(m, ctx)
        if not self._can_turn(cpu):
            return False
        task = m.cpu[cpu].task
        running = m.task_ctx(task) if task else None
        free = running is None or not running.depth or not k.can_move(running)
        return free or "switch" in self.allowed

    def _can_turn(self, cpu: int) -> bool:
        """Whether a CPU is up and has neither interrupts nor preemption off."""
        k, m = self.k, self.k.m
        state = m.cpu[cpu]
        if m.shootdown[cpu].waiting or m.ctx[cpu].depth or state.irqs_off or state.offline:
            return False
        if not state.task:
            return True
        top = k.top(m.task_ctx(state.task))
        return not refills(k, cpu) and not isinstance(
            top, (Shootdown, FinishSwitch, *HALF_SWITCHED)
        )

    def _can_act(self, op: Op) -> bool:
        """Whether a line of no task can begin now: the scheduler switches a CPU when that may be
        preempted, and takes a task from another one only when that may be, too. A CPU goes down
        only then (stop_machine()).
        """
        m, args = self.k.m, op.args
        if not isinstance(args, Run | Idle | CpuDown):
            return True
        if m.cpu[op.cpu].offline:
            return not isinstance(args, Run | Idle)
        before = m.task[args.task].cpu if isinstance(args, Run) else -1
        return self._can_turn(op.cpu) and (before < 0 or self._can_turn(before))

    def _may_choose(self, choice: Choice) -> bool:
        m, cpu = self.k.m, choice.cpu
        if choice.mm is None:
            waits = any(m.pcp_list(cpu, zone).head for zone in m.zone)
            return waits and not pcp_locked(self.k, cpu)
        mm, vpn = choice.mm, choice.vpn
        cached = any(entry.mm is mm and entry.vpn == vpn for entry in m.tlb_of(cpu))
        if choice.kind is Evict:
            return cached and (not self.lazy_evictions or self._is_next_access(cpu, mm, vpn))
        loaded = m.cpu[cpu].loaded_mm is mm
        return not cached and loaded and hardware.accessible(m.pte_at(mm, vpn))

    def _is_next_access(self, cpu: int, mm: Mm, vpn: int) -> bool:
        """Whether the next thing a CPU does with its TLB is to look for this page."""
        m = self.k.m
        state = m.cpu[cpu]
        if not state.task or state.task.mm is not mm:
            return False
        ctx = m.task_ctx(state.task)
        top = self.k.top(ctx)
        if top is not None:
            return isinstance(top, Access) and top.vpn == vpn
        following = [op.args for op in self.next_ops(ctx)]
        return any(isinstance(args, Read | Write) and args.where.vpn == vpn for args in following)

    # -- making and taking back -----------------------------------------------------------------

    def make(self, turn: Turn) -> Outcome:
        """Take a turn that can be taken."""
        self.first = len(self.machine.events)
        try:
            return self._make(turn)
        except Refused as refused:
            self.reason = str(refused)
            return REFUSED

    def mark(self) -> Mark:
        """This moment, to come back to with `undo` for as long as the log of the cells lasts."""
        events = self.machine.events
        return self.cells.mark(), len(events), events.step

    def undo(self, mark: Mark) -> None:
        """Take back every turn made since a moment."""
        writes, first, step = mark
        self.cells.undo(writes)
        self.machine.events.truncate(first)
        self.machine.events.step = step

    def abandon(self) -> None:
        """Take back everything made so far, also a turn cut in two by Ctrl-C."""
        self.undo(self._start)

    def _make(self, turn: Turn) -> Outcome:
        k, m = self.k, self.machine
        if turn >= self._first_begun:
            ctx_number, nth = self._beginning(turn)
            return self._begin(m.ctx[ctx_number], nth)
        if turn >= m.contexts:
            choice = self.choices[turn - m.contexts]
            k.push(m.boot_ctx, choice.kind, choice.args)
            return k.step(m.boot_ctx.index)
        if turn < m.config.cpus:
            return k.step(turn if m.ctx[turn].depth else m.contexts + turn)
        ctx = m.ctx[turn]
        if k.cpu_of(ctx) < 0 and turn < m.actors:
            return self._switch(ctx)
        if self.begins(turn):
            ctx.pc += 1
            return self._begin(ctx, ctx.pc - 1)
        return k.step(turn) if k.can_move(ctx) else BLOCKED

    def _begin(self, ctx: Context, nth: int) -> Outcome:
        k = self.k
        op = self.ops[ctx.index][nth]
        task = self.machine.task[op.args.task] if isinstance(op.args, Run) else None
        borrowed = borrowed_by(self.machine, op.cpu, task) if task else None
        begin(k, op, self.item, nth + 1)
        made = k.step(ctx.index) if k.can_move(ctx) else BLOCKED
        if borrowed and task:
            settle_later(k, self.machine.task_ctx(task), borrowed)
        return made

    def _switch(self, ctx: Context) -> Made:
        """The scheduler brings a task on; what it borrowed lazily is settled in its own turns."""
        k, m = self.k, self.machine
        task = m.task_of(ctx)
        assert task
        borrowed = begin_switch(k, home_of(m, ctx), task)
        made = k.step(m.boot_ctx.index)
        if borrowed:
            settle_later(k, ctx, borrowed)
        return made


def context_of(m: Machine, branch: Branch) -> Context:
    """Where the operations of a branch run."""
    return begin_context(m, branch.ops[0], raced=True)


def home_of(m: Machine, ctx: Context) -> int:
    """The CPU onto which the scheduler brings a task: its own, or the first one that is online,
    where that is down (select_fallback_rq()).
    """
    home = m.config.tasks[ctx.index - m.config.cpus].cpu
    online = [cpu.index for cpu in m.cpu if not cpu.offline]
    return home if home in online else online[0]


def _pages(race: Race) -> Iterable[tuple[int, int]]:
    """The virtual pages that a race's operations name."""
    for branch in race.branches:
        for op in branch.ops:
            for value in astuple(op.args, recurse=False):
                if isinstance(value, Pages):
                    for number in range(value.pages):
                        yield value.mm, value.vpn + number
