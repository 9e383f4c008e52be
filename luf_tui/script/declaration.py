"""How a verb of the language is declared: one class a verb, whose fields are its parameters.

From a declaration follow the grammar of the line, the resolving of its names, what is expected
where, the help and the tables of the README. An instance holds the arguments of one line.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeAlias, TypeVar, dataclass_transform

import attrs
from attrs import field, frozen

if TYPE_CHECKING:
    from luf_tui.script.op_line import OpLine

T = TypeVar("T")
A = TypeVar("A", bound="Arguments")
Lost: TypeAlias = "tuple[str, str]"
"""What kind of name a wrong line would have made, and the name."""
KIND = "kind"
"""Under this key a field's metadata has the kind of parameter that it is."""
CPU = "a CPU"
PROCESS = "a process"


class Performer(Enum):
    """In whose context an operation runs."""

    TASK = "the acting task"
    CPU = "the CPU itself, whatever task it runs"
    MACHINE = "none of the CPUs: a device, a server, the clock"


@frozen
class Word:
    """What one word of a line may be: any name, or one of several words."""

    expected: str
    """What it is called where it is missing."""
    choices: tuple[str, ...] = ()
    any: bool = False
    """Whether `any page` may stand there."""


@frozen
class ParameterKind(Generic[T]):
    """A kind of parameter: how it is written, and what it means."""

    rule: str
    """Its name in the grammar."""
    grammar: str
    """The body of that rule; empty for what a line never says."""
    usage: str
    """How it is written, for a person."""
    resolve: Callable[[OpLine, Sequence[Any]], T]
    """From the words of the rule, none where it was left out. Raises Wrong."""
    optional: bool = False
    clause: bool = False
    """Whether it may stand in any order with the other clauses of its verb."""
    lost: Callable[[list[str]], set[Lost]] | None = None
    """The names that the words of a whole line, if it is wrong, would have made."""


@frozen
class Arguments:
    """What one line says beyond its verb."""

    verb: ClassVar[Verb]


def _nothing(reading: OpLine) -> None:
    """No check, and no consequence."""


@frozen
class Verb:
    """What is known of a verb."""

    word: str
    by: str
    """Who is meant to do it: a CPU, a process, or a kernel actor's word."""
    about: str
    example: str
    performer: Performer = Performer.TASK
    only: bool = False
    """Whether nobody else can."""
    anywhere: bool = False
    """Whether a process that runs on no CPU can do it."""
    for_kernel: bool = False
    """Whether a CPU that runs nothing does it for the kernel."""
    begins: bool = True
    """Whether it begins an operation; if not, a race has no turn for it."""
    check: Callable[[OpLine], None] = _nothing
    """Raises Wrong when the line cannot be meant."""
    after: Callable[[OpLine], None] = _nothing
    """What the line changes for those after it."""
    kinds: tuple[tuple[str, ParameterKind[Any]], ...] = ()
    """Field and kind of its parameters, in order."""
    rule: str = ""
    """Its name in the grammar."""

    @property
    def usage(self) -> str:
        """How a line is written, after its actor."""
        return " ".join([self.word, *(kind.usage for _, kind in self.kinds if kind.usage)])

    @property
    def plain(self) -> bool:
        """Whether it begins an operation of the acting task and says nothing more."""
        return self.in_task and not self.kinds

    @property
    def in_task(self) -> bool:
        """Whether it begins an operation in the context of the acting task."""
        return self.begins and self.performer is Performer.TASK


VERBS: dict[str, type[Arguments]] = {}
"""Every verb, by its rule of the grammar, in the order of their declarations."""


def parameter(kind: ParameterKind[T], *, default: Any = attrs.NOTHING) -> T:
    """A field of a declaration, of a kind. `default` is for arguments that no line was read for."""
    made: T = field(default=default, metadata={KIND: kind})
    return made


@dataclass_transform(frozen_default=True, field_specifiers=(parameter,))
def verb(
    word: str,
    *,
    by: str,
    example: str,
    performer: Performer = Performer.TASK,
    only: bool = False,
    anywhere: bool = False,
    for_kernel: bool = False,
    begins: bool = True,
    check: Callable[[OpLine], None] = _nothing,
    after: Callable[[OpLine], None] = _nothing,
) -> Callable[[type[A]], type[A]]:
    """Declares a verb: the facts of a `Verb` here, its parameters as fields of the class, and what
    it does as the sentence above them.
    """

    def declare(cls: type[A]) -> type[A]:
        made = frozen(cls)
        made.verb = Verb(
            word,
            by,
            inspect.cleandoc(cls.__doc__ or ""),
            example,
            performer=performer,
            only=only,
            anywhere=anywhere,
            for_kernel=for_kernel,
            begins=begins,
            check=check,
            after=after,
            kinds=tuple(
                (one.name, one.metadata[KIND]) for one in attrs.fields(made) if KIND in one.metadata
            ),
            rule=cls.__name__.lower(),
        )
        VERBS[made.verb.rule] = made
        return made

    return declare
