"""The engine: makes one micro-step at a time, from (machine, action, policy) to writes and events.

No clock, no random, no state outside the cells: `cpu`, `task` and `ctx` below are recomputed
before each micro-step and mean nothing between two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from luf_tui.engine.operation import CALLED, DONE, OPERATIONS, Operation, Step
from luf_tui.machine import events as ev
from luf_tui.machine.machine import Machine
from luf_tui.machine.regions import Record, reference
from luf_tui.machine.schema import STACK_DEPTH, Context, Mm, Task
from luf_tui.policy.base import Policy


def named(name: str) -> type[Operation]:
    """The operation of a name: for one that calls what is built on it."""
    return next(op for op in OPERATIONS if name == op.NAME)


class Kernel:
    """One machine under one policy, and the micro-steps it can make."""

    def __init__(self, machine: Machine, policy: Policy) -> None:
        self.m = machine
        self.policy = policy
        self.emit = machine.events.emit
        self.cpu_of = machine.cpu_of
        self.cpu = -1
        self.task: Task | None = None
        self.ctx: Context = machine.boot_ctx
        self._cpus = machine.config.cpus
        self._arch = machine.config.arch
        self._views: dict[tuple[int, int], Operation] = {}
        self.ipi_handler, self.broadcast = named("flush_tlb_func"), named("invlpgb")
        self.direct_reclaim, self.access = named("reclaim"), named("access")

    # -- operations on stacks ---------------------------------------------------------------

    def view(self, ctx: Context, level: int) -> Operation:
        """The operation at a stack level of a context, seen with its own locals."""
        slot = ctx.index * STACK_DEPTH + level
        op = self.m.stack[slot].op
        found = self._views.get((slot, op))
        if found is None:
            m, base = self.m, self.m.stack[slot].base
            found = self._views[slot, op] = OPERATIONS[op](m.cells, m.regions, base, slot)
        return found

    def top(self, ctx: Context) -> Operation | None:
        """The operation a context is executing, if any."""
        depth = ctx.depth
        return self.view(ctx, depth - 1) if depth else None

    def runs_through(self, ctx: Context, kind: type[Operation]) -> bool:
        """Whether an operation of a kind is on a context's stack."""
        return any(isinstance(self.view(ctx, level), kind) for level in range(ctx.depth))

    def push(self, ctx: Context, kind: type[Operation], args: Mapping[str, object]) -> None:
        """Put an operation on top of a context's stack, as this architecture does it. Raises
        TypeError for an argument that is none of its locals.
        """
        kind = kind.ON.get(self._arch, kind)
        assert ctx.depth < STACK_DEPTH
        self.m.stack[ctx.index * STACK_DEPTH + ctx.depth].op = kind.NUMBER
        act = self.view(ctx, ctx.depth)
        for name, value in args.items():
            try:
                local = kind.LOCALS[name]
            except KeyError:
                raise TypeError(kind.no_local(name)) from None
            local.write(act, local.encode(value))
        ctx.depth += 1

    def replace(self, ctx: Context, kind: type[Operation], args: Mapping[str, object]) -> None:
        """Put an operation in the place of the one on top."""
        ctx.depth -= 1
        self.m.stack[ctx.index * STACK_DEPTH + ctx.depth].clear()
        self.push(ctx, kind, args)

    def pop(self, ctx: Context) -> None:
        """Take the finished operation off; its cells become empty again."""
        ctx.depth -= 1
        self.m.stack[ctx.index * STACK_DEPTH + ctx.depth].clear()
        if not ctx.depth:
            self._finish(ctx)

    def _finish(self, ctx: Context) -> None:
        """A whole operation has returned."""
        line = ctx.line
        if line is not None:
            self.emit(ev.END, self.cpu, ctx.index, line + 1)
            ctx.line = None
        ctx.stop = ctx.result = 0

    def give(self, value: Record | int | None) -> None:
        """Hand a result to the operation that called the current one: a number, or a record."""
        self.ctx.result = value if isinstance(value, int) else reference(value)

    @property
    def current(self) -> Task:
        """The task that makes the micro-step, where only a task does."""
        assert self.task
        return self.task

    def mm_of(self, ctx: Context) -> Mm:
        """The address space that the CPU of a context has loaded."""
        mm = self.m.cpu[self.cpu_of(ctx)].loaded_mm
        assert mm
        return mm

    # -- actions ----------------------------------------------------------------------------

    def can_move(self, ctx: Context) -> bool:
        """Whether a context can make its next micro-step now."""
        m = self.m
        depth = ctx.depth
        if not depth:
            return False
        if self._cpus <= ctx.index < m.actors:
            cpu = self.cpu_of(ctx)
            if cpu < 0 or m.ctx[cpu].depth:
                return False
        act = self.view(ctx, depth - 1)
        return act.STEPS[act.pos].ready(act, self)

    def can_deliver(self, cpu: int) -> bool:
        """Whether a CPU can take a pending IPI now."""
        state = self.m.cpu[cpu]
        awake = not state.irqs_off and not state.offline
        return bool(state.ipis) and awake and not self.m.ctx[cpu].depth

    def actions(self) -> list[int]:
        """Every micro-step that can be made now: a context's number, or contexts + CPU to
        deliver an IPI.
        """
        m = self.m
        found = [ctx.index for ctx in m.ctx if self.can_move(ctx)]
        found += [m.contexts + cpu for cpu in range(m.config.cpus) if self.can_deliver(cpu)]
        return found

    def step(self, action: int) -> tuple[int, int, int]:
        """Make one micro-step; returns its context, operation number and position."""
        m = self.m
        m.events.step += 1
        if action >= m.contexts:
            action -= m.contexts
            self._take_ipi(action)
        ctx = m.ctx[action]
        self.enter(ctx)
        act = self.view(ctx, ctx.depth - 1)
        pos = act.pos
        self._make(ctx, act, pos)
        return action, act.NUMBER, pos

    def _make(self, ctx: Context, act: Operation, pos: int) -> None:
        outcome = act.STEPS[pos].make(act, self)
        if outcome is None:
            act.pos = pos + 1
        elif isinstance(outcome, Step):
            act.pos = outcome.number
        elif outcome is DONE:
            self.pop(ctx)
        else:
            assert outcome is CALLED

    def do(
        self,
        ctx: Context,
        kind: type[Operation],
        args: Mapping[str, object],
        moved: Callable[[int, int, int], None] | None = None,
    ) -> None:
        """Make a whole operation on an empty stack of a context, as `finish` does it."""
        self.push(ctx, kind, args)
        self.finish(ctx, moved)

    def finish(self, ctx: Context, moved: Callable[[int, int, int], None] | None = None) -> None:
        """Move a context that nothing else runs beside until its stack is empty, interrupted CPUs
        answering; `moved` is told of every micro-step as `step` returns it.
        """
        while not self.run(ctx, moved):
            made = self.step(self._interrupted())
            if moved is not None:
                moved(*made)

    def run(self, ctx: Context, moved: Callable[[int, int, int], None] | None = None) -> bool:
        """Move a context whose CPU is not interrupted until its stack is empty; False when it has
        to wait first. `moved` is told of every micro-step as `step` returns it.
        """
        m = self.m
        self.enter(ctx)
        while depth := ctx.depth:
            act = self.view(ctx, depth - 1)
            pos = act.pos
            if not act.STEPS[pos].ready(act, self):
                return False
            m.events.step += 1
            self._make(ctx, act, pos)
            if moved is not None:
                moved(ctx.index, act.NUMBER, pos)
        return True

    def _interrupted(self) -> int:
        """What must move while an operation waits for acknowledgements."""
        m = self.m
        for cpu in range(m.config.cpus):
            if m.ctx[cpu].depth:
                return cpu
            if self.can_deliver(cpu):
                return m.contexts + cpu
        raise AssertionError("an operation waits for nobody")

    def enter(self, ctx: Context) -> None:
        """Make `ctx` the context whose micro-step is being made."""
        self.ctx = ctx
        self.cpu = self.cpu_of(ctx)
        self.task = self.m.task_of(ctx)

    def _take_ipi(self, cpu: int) -> None:
        """The lowest sender's IPI interrupts `cpu`; its handler goes on the interrupt stack."""
        state = self.m.cpu[cpu]
        sender = (state.ipis & -state.ipis).bit_length() - 1
        state.ipis &= ~(1 << sender)
        state.handling = sender
        self.push(self.m.ctx[cpu], self.ipi_handler, {"sender": sender})
