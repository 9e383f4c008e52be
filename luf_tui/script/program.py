"""A program: what a scenario says, with every name resolved. Frozen; made by the parser, by the
explorer and by the trace replay alike, and played by the engine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from attrs import field, frozen

from luf_tui.errors import Span
from luf_tui.machine.config import MachineConfig
from luf_tui.script.declaration import Arguments, Performer, Verb
from luf_tui.script.vocabulary import CLOCK

Value: TypeAlias = "int | str | tuple[int, ...] | tuple[tuple[int, ...], ...]"


@frozen
class Op:
    """One operation line: who does what to which.

    `task` is the task that runs it, -1 where no task does (an eviction); `cpu` is where.
    `args` are what its verb's declaration has for parameters, resolved.
    """

    span: Span
    text: str
    task: int
    cpu: int
    args: Arguments
    stop: str = ""
    """Name of the micro-step before which it stops, to be resumed later; empty to finish."""
    chosen: tuple[str, ...] = ()
    """What it has for each `any page` of its line."""
    line: str = ""
    """Its line, where that says `any` and stands for several; `text` then names what this has."""

    @property
    def verb(self) -> Verb:
        """What is known of its verb."""
        return self.args.verb

    @property
    def actor(self) -> str:
        """Whose turns it has in a race where no task acts; empty where a task does."""
        if self.verb.performer is Performer.TASK:
            return ""
        if self.cpu >= 0:
            return f"cpu{self.cpu}"
        return CLOCK if self.verb.by == "kernel" else self.verb.by

    @property
    def written(self) -> str:
        """Its line, as it is written."""
        return self.line or self.text


@frozen
class Condition:
    """A test over anything visible: a predicate name with resolved arguments.

    `relation` and `value` compare what counts (`ipis = 2`); `negated` is `no`/`not`.
    """

    span: Span
    text: str
    predicate: str
    args: Mapping[str, Value] = field(factory=dict)
    relation: str = ""
    value: int = 0
    negated: bool = False


ALWAYS, SOMETIMES = "always", "sometimes"
MOODS = ALWAYS, SOMETIMES
"""What an expectation of a race may be about: every state, or one of some order."""


@frozen
class Expect:
    """An expectation, judged when the run reaches it; one in a race when the line before it is
    over, in every order, and with a mood from then on to the end of the race.
    """

    span: Span
    text: str
    condition: Condition
    mood: str = ""
    """ALWAYS, SOMETIMES, or empty."""
    inside: bool = False
    """It stands in a race, or in a forever block."""
    after: int = 0
    """There: the number of the line before it, which does something; 0 where there is none."""


@frozen
class Note:
    """A line of narration."""

    span: Span
    text: str


@frozen
class Break:
    """A breakpoint that the file itself asks for: at the next item, or on a condition."""

    span: Span
    text: str
    condition: Condition | None = None


@frozen
class Branch:
    """One actor's program in a race. `task` is -1 for who is no task: a device, a server, the
    clock, a CPU that switches or goes down.
    """

    span: Span
    name: str
    task: int
    ops: tuple[Op, ...]

    @property
    def begins(self) -> tuple[Op, ...]:
        """Those that begin an operation: a race has turns for them."""
        return tuple(op for op in self.ops if op.verb.begins)


@frozen
class Race:
    """Programs to be explored in every order; played in a default order, or in `schedule`.

    In a `forever` block each actor does any of its operations, any number of times.
    `machine_choices` are asynchronous choices the machine may make: evict, drain, switch ….
    A schedule is a sequence of context names, one a micro-step.
    """

    span: Span
    text: str
    branches: tuple[Branch, ...]
    machine_choices: tuple[str, ...] = ()
    schedule: tuple[str, ...] = ()
    forever: bool = False
    expects: tuple[Expect, ...] = ()
    """What stands in it; each is an item of its own, too, behind it."""

    @property
    def called(self) -> str:
        """What a person calls it."""
        return "forever block" if self.forever else "race"


Item: TypeAlias = "Op | Expect | Note | Break | Race"


@frozen
class Recorded:
    """What is known of a program that is a recording of a real kernel.

    Every item of it is an operation, and item n stands on line n + 1.
    """

    times: Sequence[float]
    """Seconds, per item."""
    pfns: Sequence[int]
    """The recorded number of each frame, ascending."""
    part: bool = False
    """More of the file is there than was read."""
    cut: str = ""
    """Why the file ends too early, where it does."""


@frozen
class Program:
    """A whole scenario."""

    path: str
    title: str
    about: str
    config: MachineConfig
    policy: str
    without: tuple[str, ...]
    items: Sequence[Item]
    source: tuple[str, ...] = field(default=(), repr=False)
    seed: int = 0
    policy_span: Span | None = None
    without_spans: tuple[Span, ...] = ()
    recorded: Recorded | None = field(default=None, repr=False, eq=False)

    @property
    def races(self) -> tuple[Race, ...]:
        """The races, in order. A recording has none, and is not looked through for any."""
        if self.recorded is not None:
            return ()
        return tuple(item for item in self.items if isinstance(item, Race))
