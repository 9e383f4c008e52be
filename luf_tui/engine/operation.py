"""How an operation of the kernel is written: locals that are cells, and named micro-steps.

An operation in flight is part of the machine: its number, its position and its locals stand in
the stack of the context that runs it. A micro-step reads and writes the machine and says which
step comes next, so that any number of operations can be in flight and stopped half-way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, overload

from luf_tui.machine.regions import Field, Number, Record
from luf_tui.machine.schema import LOCALS, STACK_DEPTH, Context, Frame

if TYPE_CHECKING:
    from luf_tui.engine.kernel import Kernel
    from luf_tui.machine.machine import Machine

Act = TypeVar("Act", bound="Operation")
Given = TypeVar("Given")


class Result(Generic[Given]):
    """What a finished operation gives to the one that called it, as the cell between them is read:
    a number, or a record of region `ref`.
    """

    __slots__ = ("ref",)

    def __init__(self, ref: str = "") -> None:
        self.ref = ref

    def decode(self, context: Context) -> Any:
        """What was given to the operation on top of a context."""
        raw = context.result
        return context.regions[self.ref].referred(raw) if self.ref else raw


CODE: Result[int] = Result()
"""A number; 0 is what an operation gives that gives nothing."""
FRAME: Result[Frame | None] = Result("frame")
"""A page, or None where there was none."""


class Step:
    """One micro-step of an operation: its label, its body, what its body takes from the operation
    that was called before it, and what it waits for.

    The body returns the next step, `DONE`, `CALLED`, or None for the step written below it.
    """

    __slots__ = ("body", "label", "name", "number", "takes", "when")

    def __init__(
        self,
        label: str,
        body: Callable[..., Next],
        takes: Result[Any] | None,
        when: Callable[..., bool] | None,
    ) -> None:
        self.label = label
        self.body = body
        self.takes = takes
        self.when = when
        self.name = ""
        self.number = -1

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name.replace("_", "-")

    def ready(self, act: Operation, k: Kernel) -> bool:
        """Whether what the step waits for holds."""
        return self.when is None or self.when(act, k)

    def make(self, act: Operation, k: Kernel) -> Next:
        """Make the step."""
        if self.takes is None:
            return self.body(act, k)
        return self.body(act, k, self.takes.decode(act.ctx))


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


Ready = Callable[[Act, "Kernel"], bool]


@overload
def step(
    label: str, *, when: Ready[Act] | None = None
) -> Callable[[Callable[[Act, Kernel], Next]], Step]: ...
@overload
def step(
    label: str, *, takes: Result[Given], when: Ready[Act] | None = None
) -> Callable[[Callable[[Act, Kernel, Given], Next]], Step]: ...
def step(
    label: str, *, takes: Result[Any] | None = None, when: Callable[..., bool] | None = None
) -> Callable[[Callable[..., Next]], Step]:
    """Declare a micro-step. It is not made until `when`, a method of its operation, is true; one
    that `takes` what a called operation gave gets it as an argument.
    """

    def declare(body: Callable[..., Next]) -> Step:
        return Step(label, body, takes, when)

    return declare


class Local(Number):
    """A local variable of an operation that is a number: one cell of its activation. References
    and the like stand in locals as they do in any record.
    """

    __slots__ = ()


class Operation(Record):
    """Base of all operations: an activation record seen with its own locals."""

    __slots__ = ()

    op = Number("which operation")
    pos = Number("the next micro-step")

    NUMBER: ClassVar[int] = 0
    NAME: ClassVar[str] = ""
    FUNCTION: ClassVar[str] = ""
    """The kernel's function that it is, without its brackets; empty where it is none."""
    LOCALS: ClassVar[dict[str, Field]] = {}
    STEPS: ClassVar[tuple[Step, ...]] = ()
    ASIDE: ClassVar[bool] = False
    """Whether the scheduler puts it on top: the operation below has not called it, and may be about
    to take what another one has given.
    """
    ON: ClassVar[dict[str, type[Operation]]] = {}
    """What takes its place on other architectures, with the same locals."""

    def __init_subclass__(cls, name: str = "", function: str = "") -> None:
        super().__init_subclass__()
        if cls.MADE:
            return
        cls.STEPS = tuple(value for value in vars(cls).values() if isinstance(value, Step))
        for number, declared in enumerate(cls.STEPS):
            declared.number = number
        if len(cls.FIELDS) - 2 > LOCALS:
            raise TypeError(f"{cls.__name__} has more than {LOCALS} locals")
        cls.LOCALS = {declared.name: declared for declared in cls.FIELDS[2:]}
        cls.NAME, cls.FUNCTION = name, function
        cls.NUMBER = len(OPERATIONS)
        OPERATIONS.append(cls)

    @classmethod
    def no_local(cls, name: str) -> str:
        """What is told of an argument that is none of its locals."""
        return f"{cls.NAME} has no local '{name}'; it has {', '.join(cls.LOCALS) or 'none'}"

    @property
    def function(self) -> str:
        """The kernel's function that it is, where that depends on what it was called with."""
        return self.FUNCTION

    @property
    def ctx(self) -> Context:
        """The context this operation runs in."""
        context: Context = self.regions["ctx"][self.index // STACK_DEPTH]
        return context

    def taken(self, m: Machine) -> Sequence[Frame]:
        """Heads of the blocks that it has taken off the free lists and not paid for yet."""
        return ()

    def freeing(self, m: Machine) -> tuple[int, Sequence[Frame]]:
        """The key under which it frees pages, and those that are on no free list yet."""
        return 0, ()

    def noted(self, m: Machine) -> Sequence[Frame]:
        """Folios that it has unmapped, whose flush is noted in its task's batches."""
        return ()

    def call(self, k: Kernel, callee: type[Operation], then: Step, **args: object) -> Signal:
        """Put `callee` on top of the stack; this operation goes on at `then` afterwards."""
        self.pos = then.number
        k.push(self.ctx, callee, args)
        return CALLED

    def jump(self, k: Kernel, callee: type[Operation], **args: object) -> Signal:
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
