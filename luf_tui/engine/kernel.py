"""The engine: makes one micro-step at a time, from (machine, action, policy) to writes and events.

No clock, no random, no state outside the cells: `cpu`, `task` and `ctx` below are recomputed
before each micro-step and mean nothing between two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from luf_tui.engine.operation import CALLED, DONE, OPERATIONS, Operation, Step
from luf_tui.machine import events as ev
from luf_tui.machine.machine import Machine
from luf_tui.machine.schema import STACK_DEPTH, TlbEntry
from luf_tui.policy.base import Policy


class Kernel:
    """One machine under one policy, and the micro-steps it can make."""

    def __init__(self, machine: Machine, policy: Policy) -> None:
        self.m = machine
        self.policy = policy
        self.emit = machine.events.emit
        self.cpu = -1
        self.task = -1
        self.ctx = -1
        self._cpus = machine.config.cpus
        self._arch = machine.config.arch
        self._views: dict[tuple[int, int], Operation] = {}
        self.ipi_handler = next(op for op in OPERATIONS if op.NAME == "flush_tlb_func")

    # -- operations on stacks ---------------------------------------------------------------

    def view(self, ctx: int, level: int) -> Operation:
        """The operation at a stack level of a context, seen with its own locals."""
        slot = ctx * STACK_DEPTH + level
        op = self.m.stack[slot].op
        found = self._views.get((slot, op))
        if found is None:
            base = self.m.stack[slot].base
            found = self._views[slot, op] = OPERATIONS[op](self.m.cells, base, slot)
        return found

    def top(self, ctx: int) -> Operation | None:
        """The operation a context is executing, if any."""
        depth = self.m.ctx[ctx].depth
        return self.view(ctx, depth - 1) if depth else None

    def push(self, ctx: int, kind: type[Operation], args: Mapping[str, int]) -> None:
        """Put an operation on top of a context's stack, as this architecture does it."""
        kind = kind.ON.get(self._arch, kind)
        context = self.m.ctx[ctx]
        assert context.depth < STACK_DEPTH
        self.m.stack[ctx * STACK_DEPTH + context.depth].op = kind.NUMBER
        act = self.view(ctx, context.depth)
        for name, value in args.items():
            setattr(act, name, value)
        context.depth += 1

    def replace(self, ctx: int, kind: type[Operation], args: Mapping[str, int]) -> None:
        """Put an operation in the place of the one on top."""
        context = self.m.ctx[ctx]
        context.depth -= 1
        self.m.stack[ctx * STACK_DEPTH + context.depth].clear()
        self.push(ctx, kind, args)

    def pop(self, ctx: int) -> None:
        """Take the finished operation off; its cells become empty again."""
        context = self.m.ctx[ctx]
        context.depth -= 1
        self.m.stack[ctx * STACK_DEPTH + context.depth].clear()
        if not context.depth:
            self._finish(ctx)

    def _finish(self, ctx: int) -> None:
        """A whole operation has returned: what it made stale is stale in earnest now."""
        for entry in self.m.tlb.holding(TlbEntry.pending, ctx + 1):
            entry.pending = 0
        context = self.m.ctx[ctx]
        if context.line:
            self.emit(ev.END, self.cpu, ctx, context.line)
            context.line = 0
        context.stop = context.result = 0

    def give(self, value: int) -> None:
        """Hand a result to the operation that called the current one."""
        self.m.ctx[self.ctx].result = value

    @property
    def result(self) -> int:
        """What the last called operation gave."""
        return self.m.ctx[self.ctx].result

    # -- actions ----------------------------------------------------------------------------

    def cpu_of(self, ctx: int) -> int:
        """The CPU a context runs on now; -1 for a task that is switched out, or for boot."""
        task = ctx - self._cpus
        if task < 0:
            return ctx
        m = self.m
        if ctx == m.boot_ctx:
            return -1
        cpu = m.task[task].cpu - 1
        return cpu if cpu >= 0 and m.cpu[cpu].task == task + 1 else -1

    def can_move(self, ctx: int) -> bool:
        """Whether a context can make its next micro-step now."""
        m = self.m
        depth = m.ctx[ctx].depth
        if not depth:
            return False
        if self._cpus <= ctx < m.boot_ctx:
            cpu = self.cpu_of(ctx)
            if cpu < 0 or m.ctx[cpu].depth:
                return False
        act = self.view(ctx, depth - 1)
        when = act.STEPS[act.pos].when
        return when is None or when(act, self)

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
        found = [ctx for ctx in range(m.contexts) if self.can_move(ctx)]
        found += [m.contexts + cpu for cpu in range(m.config.cpus) if self.can_deliver(cpu)]
        return found

    def step(self, action: int) -> tuple[int, int, int]:
        """Make one micro-step; returns its context, operation number and position."""
        m = self.m
        m.events.step += 1
        if action >= m.contexts:
            action -= m.contexts
            self._take_ipi(action)
        self.enter(action)
        act = self.view(action, m.ctx[action].depth - 1)
        pos = act.pos
        self._make(action, act, pos)
        return action, act.NUMBER, pos

    def _make(self, ctx: int, act: Operation, pos: int) -> None:
        outcome = act.STEPS[pos].body(act, self)
        if outcome is None:
            act.pos = pos + 1
        elif isinstance(outcome, Step):
            act.pos = outcome.number
        elif outcome is DONE:
            self.pop(ctx)
        else:
            assert outcome is CALLED

    def finish(self, ctx: int, moved: Callable[[int, int, int], None] | None = None) -> None:
        """Move a context that nothing else runs beside until its stack is empty, interrupted CPUs
        answering; `moved` is told of every micro-step as `step` returns it.
        """
        while not self.run(ctx, moved):
            made = self.step(self._interrupted())
            if moved is not None:
                moved(*made)

    def run(self, ctx: int, moved: Callable[[int, int, int], None] | None = None) -> bool:
        """Move a context whose CPU is not interrupted until its stack is empty; False when it has
        to wait first. `moved` is told of every micro-step as `step` returns it.
        """
        m, context = self.m, self.m.ctx[ctx]
        self.enter(ctx)
        while depth := context.depth:
            act = self.view(ctx, depth - 1)
            pos = act.pos
            when = act.STEPS[pos].when
            if when is not None and not when(act, self):
                return False
            m.events.step += 1
            self._make(ctx, act, pos)
            if moved is not None:
                moved(ctx, act.NUMBER, pos)
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

    def enter(self, ctx: int) -> None:
        """Make `ctx` the context whose micro-step is being made."""
        self.ctx = ctx
        self.cpu = self.cpu_of(ctx)
        self.task = ctx - self._cpus if self._cpus <= ctx < self.m.boot_ctx else -1

    def _take_ipi(self, cpu: int) -> None:
        """The lowest sender's IPI interrupts `cpu`; its handler goes on the interrupt stack."""
        state = self.m.cpu[cpu]
        sender = (state.ipis & -state.ipis).bit_length() - 1
        state.ipis &= ~(1 << sender)
        state.handling = sender + 1
        self.push(cpu, self.ipi_handler, {"sender": sender})
