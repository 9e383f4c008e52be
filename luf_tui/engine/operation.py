"""How an operation of the kernel is written: locals that are cells, and named micro-steps.

An operation in flight is part of the machine: its number, its position and its locals stand in
the stack of the context that runs it. A micro-step reads and writes the machine and says which
step comes next, so that any number of operations can be in flight and stopped half-way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from luf_tui.machine.regions import Field, Record
from luf_tui.machine.schema import LOCALS, STACK_DEPTH

if TYPE_CHECKING:
    from luf_tui.engine.kernel import Kernel

Guard = Callable[[Any, "Kernel"], bool]


class Step:
    """One micro-step of an operation: its label, its body and what it waits for.

    The body returns the next step, `DONE`, `CALLED`, or None for the step written below it.
    """

    __slots__ = ("body", "label", "name", "number", "when")

    def __init__(self, label: str, body: Callable[..., Next], when: Guard | None) -> None:
        self.label = label
        self.body = body
        self.when = when
        self.name = ""
        self.number = -1

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name.replace("_", "-")


class Signal:
    """What a step returns instead of a next step."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


DONE = Signal("done")
"""The operation is finished."""
CALLED = Signal("called")
"""Another operation was put on top; this one goes on where the call said."""

Next = Step | Signal | None


def step(label: str, when: Guard | None = None) -> Callable[[Callable[..., Next]], Step]:
    """Declare a micro-step. `when` keeps it from being made until it holds."""

    def declare(body: Callable[..., Next]) -> Step:
        return Step(label, body, when)

    return declare


class Local(Field):
    """A local variable of an operation: one cell of its activation."""

    __slots__ = ()


class Operation(Record):
    """Base of all operations: an activation record seen with its own locals."""

    __slots__ = ()

    op = Field("which operation")
    pos = Field("the next micro-step")

    NUMBER: ClassVar[int] = 0
    NAME: ClassVar[str] = ""
    STEPS: ClassVar[tuple[Step, ...]] = ()
    ON: ClassVar[dict[str, type[Operation]]] = {}
    """What takes its place on other architectures, with the same locals."""

    def __init_subclass__(cls, name: str = "") -> None:
        super().__init_subclass__()
        cls.STEPS = tuple(value for value in vars(cls).values() if isinstance(value, Step))
        for number, declared in enumerate(cls.STEPS):
            declared.number = number
        if len(cls.FIELDS) - 2 > LOCALS:
            raise TypeError(f"{cls.__name__} has more than {LOCALS} locals")
        cls.NAME = name
        cls.NUMBER = len(OPERATIONS)
        OPERATIONS.append(cls)

    @property
    def ctx(self) -> int:
        """The context this operation runs in."""
        return self.index // STACK_DEPTH

    def call(self, k: Kernel, callee: type[Operation], then: Step, **args: int) -> Signal:
        """Put `callee` on top of the stack; this operation goes on at `then` afterwards."""
        self.pos = then.number
        k.push(self.ctx, callee, args)
        return CALLED

    def jump(self, k: Kernel, callee: type[Operation], **args: int) -> Signal:
        """Become `callee`: this operation is done, and the other one stands in its place."""
        k.replace(self.ctx, callee, args)
        return CALLED


OPERATIONS: list[type[Operation]] = []
"""Every operation by number. Number 0 is no operation."""


class Nothing(Operation, name="nothing"):
    """Operation number 0: an empty place on a stack, and the wait of a blocked context."""

    @step("cannot go on yet")
    def wait(self, k: Kernel) -> Next:
        """Never made; its label tells of a context that is blocked."""
        return DONE


def op_name(op: int) -> str:
    """The kernel's word for operation number `op`."""
    return OPERATIONS[op].NAME


def step_label(op: int, pos: int) -> str:
    """What a micro-step does, in a few words."""
    return OPERATIONS[op].STEPS[pos].label


def step_name(op: int, pos: int) -> str:
    """The name a script stops a micro-step by."""
    return OPERATIONS[op].STEPS[pos].name
