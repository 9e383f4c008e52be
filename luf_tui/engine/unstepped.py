"""The engine on a machine without a log: what is under way stands in plain objects.

The operations and the order of their micro-steps are those of `Kernel`; only where an activation
is kept differs. Nobody can look at it from outside between two micro-steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import CALLED, DONE, Operation, Step
from luf_tui.machine.schema import STACK_DEPTH, Context
from luf_tui.machine.unlogged import UnloggedMachine, unlogged
from luf_tui.policy.base import Policy

Maker: TypeAlias = "tuple[Callable[..., Operation], int]"
"""What makes an activation of an operation, and the operation's number."""


class Unstepped(Kernel):
    """A machine without a log under one policy, and the micro-steps it makes."""

    def __init__(self, machine: UnloggedMachine, policy: Policy) -> None:
        super().__init__(machine, policy)
        self._stack: list[Any] = machine.stack
        self._empty = self._stack[0]
        self._regions = machine.regions
        self._makers: dict[type[Operation], Maker] = {}

    def view(self, ctx: Context, level: int) -> Operation:
        """The operation at a stack level of a context."""
        found: Operation = self._stack[ctx.index * STACK_DEPTH + level]
        return found

    def _maker(self, kind: type[Operation]) -> Maker:
        """How this architecture does an operation."""
        does = kind.ON.get(self._arch, kind)
        found = self._makers[kind] = unlogged(does, "ctx"), does.NUMBER
        return found

    def push(self, ctx: Context, kind: type[Operation], args: Mapping[str, object]) -> None:
        """Put an operation on top of a context's stack. Raises TypeError for an argument that is
        none of its locals.
        """
        make, number = self._makers.get(kind) or self._maker(kind)
        depth = ctx.depth
        assert depth < STACK_DEPTH
        slot = ctx.index * STACK_DEPTH + depth
        self._stack[slot] = make(self._regions, slot, ctx, number, 0, **args)
        ctx.depth = depth + 1

    def replace(self, ctx: Context, kind: type[Operation], args: Mapping[str, object]) -> None:
        """Put an operation in the place of the one on top."""
        ctx.depth -= 1
        self.push(ctx, kind, args)

    def pop(self, ctx: Context) -> None:
        """Take the finished operation off."""
        depth = ctx.depth = ctx.depth - 1
        self._stack[ctx.index * STACK_DEPTH + depth] = self._empty
        if not depth:
            self._finish(ctx)

    def run(self, ctx: Context, moved: Callable[[int, int, int], None] | None = None) -> bool:
        """Move a context whose CPU is not interrupted until its stack is empty; False when it has
        to wait first. `moved` is told of every micro-step as `step` returns it.
        """
        self.enter(ctx)
        stack, below, events = self._stack, ctx.index * STACK_DEPTH - 1, self.m.events
        while depth := ctx.depth:
            act = stack[below + depth]
            pos = act.pos
            step = act.STEPS[pos]
            if step.when is not None and not step.when(act, self):
                return False
            events.step += 1
            if step.takes is None:
                outcome = step.body(act, self)
            else:
                outcome = step.body(act, self, step.takes.decode(ctx))
            if outcome is None:
                act.pos = pos + 1
            elif outcome is DONE:
                self.pop(ctx)
            elif isinstance(outcome, Step):
                act.pos = outcome.number
            else:
                assert outcome is CALLED
            if moved is not None:
                moved(ctx.index, act.NUMBER, pos)
        return True

    def enter(self, ctx: Context) -> None:
        """Make `ctx` the context whose micro-step is being made."""
        self.ctx = ctx
        m, number = self.m, ctx.index - self._cpus
        if 0 <= number < len(m.task):
            self.task = task = m.task[number]
            cpu = task.cpu
            self.cpu = cpu if cpu >= 0 and m.cpu[cpu].task is task else -1
        else:
            self.cpu, self.task = self.cpu_of(ctx), None
