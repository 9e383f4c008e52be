"""Plays a program in its default order, one micro-step at a time.

A line runs until its operation is done, stopped or blocked. An initiator that waits for
acknowledgements lets the interrupted CPUs move, lowest number first; nothing else moves on its
own, so that the order of a run is the order of its script. A race is played by its schedule first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TypeAlias

from attrs import frozen

from luf_tui.engine.begin import (
    begin,
    begin_switch,
    borrowed_by,
    check_online,
    check_switch,
    check_taken,
    settle_later,
)
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import OPERATIONS, Nothing, step_name
from luf_tui.engine.operations.process import HALF_SWITCHED
from luf_tui.engine.strategy import Schedule
from luf_tui.engine.transitions import REFUSED, NoStep, Outcome, Transitions, context_of, home_of
from luf_tui.errors import LufError, Refused, nearest
from luf_tui.machine import events as ev
from luf_tui.machine.machine import Machine, RegionSpec
from luf_tui.machine.schema import Context, Mm, Task
from luf_tui.policy.base import Policy
from luf_tui.script.declaration import Performer
from luf_tui.script.program import Branch, Expect, Op, Program, Race
from luf_tui.script.verbs.by_cpu import Deliver, Run
from luf_tui.script.verbs.by_process import Resume

STEP_NAMES = frozenset(step.name for kind in OPERATIONS for step in kind.STEPS)
"""Names by which a script stops an operation."""


@frozen
class StepInfo:
    """One micro-step: for which item, in which context, and which it was."""

    item: int
    ctx: int
    op: int
    pos: int


@frozen
class ItemInfo:
    """An item that is no operation was reached: an expectation, a note, a breakpoint."""

    item: int


@frozen
class LineRefused:
    """A line of a race, or of what follows one, was refused in this order: it is passed over."""

    item: int
    line: int
    reason: str


@frozen
class Remark:
    """Something about an item that a person should know, and that changes nothing."""

    item: int
    text: str


Move: TypeAlias = "StepInfo | ItemInfo | LineRefused | Remark"


def make_kernel(program: Program, policy: Policy, beside: Sequence[RegionSpec] = ()) -> Kernel:
    """A machine as the program declares it, powered on, under a policy; with regions `beside` its
    own.
    """
    specs = policy.regions(program.config)
    machine = Machine(program.config, [*specs, *beside])
    before = [*machine.cells.values]
    policy.power_on(machine)
    _only_its_own(policy, machine, before, {spec.name for spec in specs})
    machine.cells.forget()
    return Kernel(machine, policy)


def _only_its_own(
    policy: Policy, machine: Machine, before: Sequence[int], regions: Collection[str]
) -> None:
    """Raises LufError where a policy that is powered on has written what is not its own."""
    for cell, (old, new) in enumerate(zip(before, machine.cells.values, strict=True)):
        place = machine.locate(cell) if old != new else None
        if place is not None and place.region not in regions:
            what = f"{place.region} {place.index} {place.field.name}"
            raise LufError(
                f"policy {policy.name}: power_on() writes {what}; a policy writes its own regions"
            )


class Director:
    """Plays one program on one machine."""

    def __init__(self, program: Program, policy: Policy, k: Kernel | None = None) -> None:
        """On a machine of its own, or on that of a kernel."""
        self.program = program
        self.policy = policy
        self.k = k or make_kernel(program, policy)
        self._item = 0
        self.refused: list[int] = []
        """Lines that the machine could not do, and that were passed over."""

    @property
    def machine(self) -> Machine:
        """The machine being played on."""
        return self.k.m

    def play(self) -> Iterator[Move]:
        """Play to the end, yielding after every micro-step.

        Raises Refused at an operation the machine cannot do; what was played stands. One of a race,
        or behind a race, is passed over: in another order it may not be refused.
        """
        return self.play_until(len(self.program.items))

    def play_on(self) -> Iterator[Move]:
        """Play to the end, passing over operations that the machine cannot do when their turn has
        come, as a race does.
        """
        return self._play(len(self.program.items), passed_over=True)

    def play_until(self, end: int) -> Iterator[Move]:
        """Play the items before number `end`, as `play` does."""
        return self._play(end)

    def go_on(self, item: int, end: int) -> Iterator[Move]:
        """Play on from the end of a race, up to an item, passing over what is refused."""
        for branch in self._race_of(item).branches:
            context_of(self.k.m, branch).pc = 0
        self._item = item
        yield from self._others()
        yield from self._play(end, passed_over=True, first=item + 1)

    def _race_of(self, item: int) -> Race:
        race = self.program.items[item]
        assert isinstance(race, Race)
        return race

    def _play(self, end: int, *, passed_over: bool = False, first: int = 0) -> Iterator[Move]:
        raced = False
        for at, item in enumerate(self.program.items[first:end], start=first):
            if isinstance(item, Expect) and item.inside:
                continue  # judged in its race
            self._item = at
            if isinstance(item, Op):
                try:
                    yield from self._op(item)
                except Refused as refused:
                    if not (raced or passed_over):
                        raise
                    self.refused.append(item.span.line)
                    yield LineRefused(at, item.span.line, str(refused))
                yield from self._others()
            elif isinstance(item, Race):
                yield from self._race(item)
                raced = True
            yield ItemInfo(at)

    # -- one line -------------------------------------------------------------------------------

    def _op(self, op: Op, nth: int = 0) -> Iterator[StepInfo]:
        m = self.k.m
        if isinstance(op.args, Deliver):
            self._check_stop(op)
            yield from self._deliver(op.cpu, op.stop)
            return
        if isinstance(op.args, Resume):
            yield from self._resume(op)
            return
        self._check_stop(op)
        yield from self._schedule(op, raced=bool(nth))
        coming = m.task[op.args.task] if isinstance(op.args, Run) else None
        borrowed = borrowed_by(m, op.cpu, coming) if coming else None
        ctx = begin(self.k, op, self._item, nth)
        yield from self._run(ctx, op.stop)
        if coming and not ctx.stop:
            yield from self._come_in(coming, borrowed, op.stop)

    def _resume(self, op: Op) -> Iterator[StepInfo]:
        """What the acting task was in the middle of; or what its CPU, a device or a server was."""
        m = self.k.m
        ctx = m.task_ctx(m.task[op.task]) if op.task >= 0 else m.boot_ctx
        begun = self._begun_by_machine(op)
        if not ctx.depth and begun is None:
            return
        self._check_stop(op)
        if ctx.depth and ctx is not m.boot_ctx:
            yield from self._schedule(op)
            yield from self._run(ctx, op.stop, resumed=True)
        elif begun is not None:
            coming = m.task[begun.args.task] if isinstance(begun.args, Run) else None
            borrowed = borrowed_by(m, begun.cpu, coming) if coming else None
            yield from self._run(m.boot_ctx, op.stop, resumed=True)
            if coming:
                yield from self._come_in(coming, borrowed, op.stop)

    def _begun_by_machine(self, op: Op) -> Op | None:
        """The line of the same actor that was stopped and that no task performs."""
        line = self.k.m.boot_ctx.line
        begun = self.program.items[line] if line is not None else None
        if isinstance(begun, Op) and begun.text.split()[0] == op.text.split()[0]:
            return begun
        return None

    def _check_stop(self, op: Op) -> None:
        """A step name that no operation has is a mistake; one that this run does not come to is
        not, since another policy may.
        """
        if op.stop and op.stop not in STEP_NAMES:
            hint = nearest(op.stop, STEP_NAMES)
            raise Refused(f"{op.text.strip()}: no step is called '{op.stop}'; {hint}")

    def _schedule(self, op: Op, *, raced: bool = False) -> Iterator[StepInfo]:
        """Bring the acting task onto its CPU, if it is not there; in a race, onto any."""
        if op.task >= 0 and op.verb.performer is Performer.TASK and op.cpu >= 0:
            m, task = self.k.m, self.k.m.task[op.task]
            if not raced:
                yield from self._bring(op.cpu, task, op.text.strip())
            elif task.cpu < 0:
                yield from self._bring(home_of(m, m.task_ctx(task)), task, op.text.strip())

    def _bring(self, cpu: int, task: Task, what: str) -> Iterator[StepInfo]:
        m = self.k.m
        if m.cpu[cpu].task is task:
            return
        check_online(m, cpu, what)
        check_switch(self.k, cpu, what)
        check_taken(self.k, cpu, task, what)
        boot = m.boot_ctx
        below, stopped = boot.depth, boot.stop
        borrowed = begin_switch(self.k, cpu, task)
        yield from self._run(boot, "", depth=below)
        if stopped:
            boot.stop = stopped
        yield from self._come_in(task, borrowed, "")

    def _come_in(self, task: Task, borrowed: Mm | None, stop: str) -> Iterator[StepInfo]:
        """What a switch has left for the task that it brought in, and what the CPU had borrowed."""
        ctx = self.k.m.task_ctx(task)
        below = ctx.depth - isinstance(self.k.top(ctx), HALF_SWITCHED)
        if borrowed:
            settle_later(self.k, ctx, borrowed)
        if ctx.depth > below:
            yield from self._run(ctx, stop, depth=below)

    def _deliver(self, cpu: int, stop: str) -> Iterator[StepInfo]:
        k = self.k
        begun = bool(k.m.ctx[cpu].depth)
        while k.can_deliver(cpu) or k.m.ctx[cpu].depth:
            action = cpu if k.m.ctx[cpu].depth else k.m.contexts + cpu
            if not begun and stop and self._handler_step(action) == stop:
                return
            begun = False
            yield self._move(action)

    def _handler_step(self, action: int) -> str:
        """The name of the micro-step that a CPU makes next in answer to an IPI; empty if the action
        is another one.
        """
        k = self.k
        if action >= k.m.contexts:
            return k.ipi_handler.STEPS[0].name
        top = k.top(k.m.ctx[action]) if 0 <= action < k.m.config.cpus else None
        return step_name(top.NUMBER, top.pos) if top else ""

    # -- moving -----------------------------------------------------------------------------------

    def _move(self, action: int) -> StepInfo:
        ctx, op, pos = self.k.step(action)
        return StepInfo(self._item, ctx, op, pos)

    def _stopped(self, ctx: Context, stop: str) -> bool:
        top = self.k.top(ctx) if stop else None
        return top is not None and step_name(top.NUMBER, top.pos) == stop

    def _run(
        self, ctx: Context, stop: str, *, resumed: bool = False, depth: int = 0
    ) -> Iterator[StepInfo]:
        """Move a context until its stack is back at `depth`, or it is stopped or blocked."""
        k = self.k
        ctx.stop = 0
        while ctx.depth > depth:
            mover = ctx.index if k.can_move(ctx) else self._helper(ctx)
            here = self._stopped(ctx, stop) or (stop and stop == self._handler_step(mover))
            if here and not resumed:
                ctx.stop = 1
                return
            resumed = False
            if mover < 0:
                yield self._blocked(ctx)
                return
            yield self._move(mover)

    def _helper(self, ctx: Context) -> int:
        """What must move for a blocked context: an interrupt, then another operation."""
        k = self.k
        for cpu in range(k.m.config.cpus):
            if k.can_move(k.m.ctx[cpu]):
                return cpu
        for cpu in range(k.m.config.cpus):
            if k.can_deliver(cpu):
                return k.m.contexts + cpu
        for other in k.m.ctx[k.m.config.cpus :]:
            if other is not ctx and not other.stop and k.can_move(other):
                return other.index
        return -1

    def _blocked(self, ctx: Context) -> StepInfo:
        k = self.k
        k.m.events.step += 1
        k.emit(ev.BLOCKED, k.cpu_of(ctx), ctx.index, self._item + 1)
        return StepInfo(self._item, ctx.index, Nothing.NUMBER, 0)

    def _others(self) -> Iterator[StepInfo]:
        """Let operations that were blocked go on, now that a line is over."""
        k = self.k
        while True:
            for ctx in k.m.ctx[k.m.config.cpus :]:
                if not ctx.stop and k.can_move(ctx):
                    yield self._move(ctx.index)
                    break
            else:
                return

    # -- races ------------------------------------------------------------------

    def _race(self, race: Race) -> Iterator[StepInfo | LineRefused | Remark]:
        """Play a race: first its schedule, one turn a word, then line by line. Of a forever block
        it is the schedule, or where there is none every line once that can be played then.
        """
        transitions = Transitions(self.k, race, self._item, reduced=False)
        schedule = Schedule(transitions.turn(word) for word in race.schedule)
        for turn, outcome in _with_lines(transitions, schedule):
            if not isinstance(outcome, NoStep):
                yield StepInfo(self._item, *outcome)
            elif outcome is REFUSED and not race.forever:
                yield LineRefused(self._item, turn, transitions.reason)
        if schedule.beyond:
            each = schedule.beyond.items()
            told = ", ".join(f"{count} of {transitions.word(turn)}" for turn, count in each)
            yield Remark(self._item, f"the schedule has turns of who is done by then: {told}")
        for branch, op in _in_line_order(race, transitions):
            yield from self._finish(branch)
            nth = branch.begins.index(op) + 1 if op.verb.begins else 0
            try:
                yield from self._op(op, nth)
            except Refused as refused:
                if not race.forever:
                    yield LineRefused(self._item, op.span.line, str(refused))
        for branch in race.branches:
            yield from self._finish(branch)
        yield from self._others()
        for branch in race.branches:
            context_of(self.k.m, branch).pc = 0

    def _finish(self, branch: Branch) -> Iterator[StepInfo]:
        """Bring an operation that the schedule left in flight to its end."""
        m = self.k.m
        ctx = context_of(m, branch)
        if ctx.depth:
            task = m.task_of(ctx)
            if task and task.cpu < 0:
                yield from self._bring(home_of(m, ctx), task, m.ctx_name(ctx))
            yield from self._run(ctx, "")


def _with_lines(transitions: Transitions, schedule: Schedule) -> Iterator[tuple[int, Outcome]]:
    """The turns of a schedule: the line that each begins, or 0, and what came of it."""
    while (turn := schedule.next(transitions)) is not None:
        begins = transitions.begins(turn)
        yield begins.span.line if begins else 0, transitions.make(turn)


def _in_line_order(race: Race, transitions: Transitions) -> list[tuple[Branch, Op]]:
    """The branches and operations that a schedule has left, as the file has them."""
    if race.forever and race.schedule:
        return []
    left: list[tuple[Branch, Op]] = []
    for branch in race.branches:
        m = transitions.machine
        ctx = context_of(m, branch)
        waiting = branch.begins if race.forever else transitions.left(ctx)
        left += [
            (branch, op)
            for op in branch.ops
            if op in waiting or (not op.verb.begins and not race.schedule)
        ]
    return sorted(left, key=lambda entry: entry[1].span.line)
