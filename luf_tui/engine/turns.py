"""Whose turn it can be inside a race: contexts, the scheduler, and choices of the machine itself.

The stepper plays a `schedule` with it and the explorer tries every order with it; a turn is one
micro-step and has one word, so that what the explorer found can be written down and replayed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from attrs import astuple, frozen

from luf_tui.engine import hardware
from luf_tui.engine.begin import begin
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import Operation
from luf_tui.engine.operations.access import Access, Evict, Prefetch
from luf_tui.engine.operations.flush import FlushTlbFunc, Shootdown
from luf_tui.engine.operations.memory import DrainPage
from luf_tui.engine.operations.process import FinishSwitch, JoinMask, Switch
from luf_tui.errors import Refused, nearest
from luf_tui.machine.schema import Context, Mm
from luf_tui.script.program import Op, Race
from luf_tui.script.values import Pages
from luf_tui.script.verbs.by_cpu import Read, Write

Made: TypeAlias = "tuple[int, int, int]"
"""Context, operation number and position of a micro-step."""


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


class Turns:
    """The turns of one race on one machine.

    A turn is a number: a context's own, or contexts + n for choice n. `lazy_evictions` offers an
    eviction only right before the access that would notice it; with room for every page in the
    TLB nothing else can tell when an entry went.
    """

    def __init__(self, k: Kernel, race: Race, item: int, *, lazy_evictions: bool = True) -> None:
        self.k = k
        self.item = item
        self.allowed = frozenset(race.machine_choices)
        self.ops: dict[int, tuple[Op, ...]] = {}
        for branch in race.branches:
            ops = tuple(op for op in branch.ops if op.verb.begins)
            self.ops[k.m.task_ctx(k.m.task[branch.task]).index] = ops
        self.pages = sorted(set(_pages(race)))
        roomy = k.m.config.tlb_entries >= k.m.config.pages * len(k.m.config.processes)
        self.lazy_evictions = lazy_evictions and roomy
        self.choices = self._choices(self.allowed)

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

    def word(self, turn: int) -> str:
        """The word of a turn in a schedule."""
        m = self.k.m
        if turn >= m.contexts:
            return self.choices[turn - m.contexts].word
        return m.ctx_name(m.ctx[turn]).replace("irq ", "irq/")

    def turn(self, word: str) -> int:
        """The turn of a schedule's word. Raises Refused when nobody has that name."""
        m = self.k.m
        word = word.replace("irq ", "irq/")
        for turn in range(m.contexts + len(self.choices)):
            if turn != m.boot_ctx.index and self.word(turn) == word:
                return turn
        everything = self._choices(("evict", "prefetch", "drain"))
        if any(choice.word == word for choice in everything):
            kind = word.partition("/")[0]
            raise Refused(f"schedule: '{word}' needs `allow {kind}` in this race")
        turns = range(m.contexts + len(self.choices))
        hint = nearest(word, [self.word(turn) for turn in turns if turn != m.boot_ctx.index])
        raise Refused(f"schedule: nobody here is called '{word}'" + (hint and f"; {hint}"))

    # -- what can happen now ------------------------------------------------------------------

    def enabled(self) -> list[int]:
        """Every turn that can be taken now, in a fixed order."""
        m = self.k.m
        found = [turn for turn in range(m.boot_ctx.index) if self.can_take(turn)]
        found += [
            m.contexts + number
            for number, choice in enumerate(self.choices)
            if self._may_choose(choice)
        ]
        return found

    def forced(self) -> list[int]:
        """A turn that may be taken at once, because nothing another context does depends on what
        comes before it: a handler that has flushed acknowledges. It only lets others go on.
        """
        m = self.k.m
        for cpu in range(m.config.cpus):
            if m.ctx[cpu].depth:
                top = self.k.top(m.ctx[cpu])
                if isinstance(top, FlushTlbFunc) and top.pos == FlushTlbFunc.ack.number:
                    return [cpu]
        return []

    def can_take(self, turn: int) -> bool:
        """Whether a turn can be taken now. Beginning an operation is tried, not foreseen."""
        k, m = self.k, self.k.m
        if turn >= m.contexts:
            return self._may_choose(self.choices[turn - m.contexts])
        if turn < m.config.cpus:
            return k.can_move(m.ctx[turn]) if m.ctx[turn].depth else k.can_deliver(turn)
        ctx = m.ctx[turn]
        if k.cpu_of(ctx) < 0:
            return self._can_switch(ctx)
        if ctx.depth:
            return (turn in self.ops or not ctx.stop) and k.can_move(ctx)
        return bool(self.left(ctx)) and not m.ctx[k.cpu_of(ctx)].depth

    def left(self, ctx: Context) -> tuple[Op, ...]:
        """Operations of a branch that have not begun."""
        return self.ops.get(ctx.index, ())[ctx.pc :]

    def unfinished(self) -> list[int]:
        """Contexts of the race that have something in flight or still to begin."""
        branches = [self.k.m.ctx[turn] for turn in self.ops]
        return [ctx.index for ctx in branches if ctx.depth or self.left(ctx)]

    def _can_switch(self, ctx: Context) -> bool:
        """Whether the scheduler can bring a task onto its CPU: never away from someone who flushes
        (get_cpu()) or is being switched in; from a running operation only when it sleeps, or if
        the race allows preemption.
        """
        k, m = self.k, self.k.m
        if not (ctx.depth and ctx.index in self.ops) and not self.left(ctx):
            return False
        cpu = m.config.tasks[ctx.index - m.config.cpus].cpu
        state = m.cpu[cpu]
        if m.shootdown[cpu].waiting or m.ctx[cpu].depth or state.irqs_off or state.offline:
            return False
        if not state.task:
            return True
        running = m.task_ctx(state.task)
        if isinstance(k.top(running), Shootdown | FinishSwitch | JoinMask):
            return False
        return "switch" in self.allowed or not running.depth or not k.can_move(running)

    def _may_choose(self, choice: Choice) -> bool:
        m, cpu = self.k.m, choice.cpu
        if choice.mm is None:
            return any(m.pcp_list(cpu, zone).head for zone in m.zone)
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
        left = self.left(ctx)
        args = left[0].args if left else None
        return isinstance(args, Read | Write) and args.where.vpn == vpn

    # -- taking a turn --------------------------------------------------------------------------

    def take(self, turn: int) -> Made | None:
        """Take a turn: one micro-step, or None when an operation began but could not move.

        Raises Refused when an operation cannot begin.
        """
        k, m = self.k, self.k.m
        if turn >= m.contexts:
            choice = self.choices[turn - m.contexts]
            k.push(m.boot_ctx, choice.kind, choice.args)
            return k.step(m.boot_ctx.index)
        if turn < m.config.cpus:
            return k.step(turn if m.ctx[turn].depth else m.contexts + turn)
        ctx = m.ctx[turn]
        if k.cpu_of(ctx) < 0:
            return self._switch(ctx)
        if not ctx.depth:
            op = self.left(ctx)[0]
            ctx.pc += 1
            where = begin(k, op, self.item)
            if where is m.boot_ctx:
                return k.step(where.index)
        return k.step(turn) if k.can_move(ctx) else None

    def _switch(self, ctx: Context) -> Made:
        """The scheduler brings a task on; what it borrowed lazily is settled in its own turns."""
        k, m = self.k, self.k.m
        task = m.task_of(ctx)
        assert task
        cpu = m.config.tasks[task.index].cpu
        state = m.cpu[cpu]
        borrowed = state.loaded_mm if state.lazy else None
        k.enter(m.boot_ctx)
        k.push(m.boot_ctx, Switch, {"cpu": cpu, "to": task})
        made = k.step(m.boot_ctx.index)
        if borrowed and task.mm:
            k.push(ctx, FinishSwitch, {"mm": borrowed})
        return made


def _pages(race: Race) -> Iterable[tuple[int, int]]:
    """The virtual pages that a race's operations name."""
    for branch in race.branches:
        for op in branch.ops:
            for value in astuple(op.args, recurse=False):
                if isinstance(value, Pages):
                    for number in range(value.pages):
                        yield value.mm, value.vpn + number
