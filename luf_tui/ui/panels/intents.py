"""What a panel answers to a key or a click: something the screen is to do, told and not called."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any, TypeAlias

from attrs import frozen

from luf_tui.machine.refs import Ref
from luf_tui.search.exploration import Report
from luf_tui.timeline.navigate.breakpoints import Breakpoint
from luf_tui.timeline.navigate.spots import Spot
from luf_tui.ui.background.race_search import RaceSearch
from luf_tui.ui.background.requests import Job
from luf_tui.ui.session import Reply


@frozen
class Stay:
    """Nothing: the panel took it."""


@frozen
class Close:
    """Take the panel away."""


@frozen
class Stop:
    """End a job with what there is."""

    job: Job[Any]


@frozen
class Open:
    """Open a scenario at a spot; without one, where its run fails, or at the start."""

    path: Path
    spot: Spot | None = None
    policy: str | None = None
    without: tuple[str, ...] = ()


@frozen
class DoAction:
    """Take the panel away and do an action, by its id."""

    action: str


@frozen
class Explain:
    """Show what a word means, over the panel."""

    word: str


class Purpose(Enum):
    """What a line is typed for."""

    GOTO = "goto"
    SEARCH = "search"
    BREAK = "break"
    WHAT_IF = "what if"


Use: TypeAlias = "Callable[[Any, str], Reply | None]"
"""Uses a line that was typed, on the screen of a run. Raises LufError when it means nothing."""


@frozen
class Type:
    """Use a line that was typed for a purpose. A LufError is told in the panel, which stays."""

    purpose: Purpose | Use
    text: str


@frozen
class Do:
    """Call a feature's own function with the screen of the run, and tell what it answers."""

    act: Callable[[Any], Reply | None]
    close: bool = False
    """Whether the panel has done its work."""


@frozen
class Go:
    """Jump to a position."""

    step: int


@frozen
class Select:
    """Select a thing and stand at a position; the panel stays."""

    ref: Ref | None
    step: int


@frozen
class Follow:
    """Let the next-match key go to these kinds of event."""

    kinds: tuple[int, ...]
    close: bool = False
    """Whether that was all."""


@frozen
class SetBreakpoints:
    """Have these breakpoints, and no others."""

    points: tuple[Breakpoint, ...]


@frozen
class AddBreakpoint:
    """Ask for one more breakpoint."""


@frozen
class Choose:
    """Record again under a policy, by its name."""

    policy: str


@frozen
class SwitchGuards:
    """Record again without these guards; the panel stays."""

    without: tuple[str, ...]


@frozen
class ReadAgain:
    """Read the file again."""


@frozen
class SearchAgain:
    """Search the same race again, up to so many states."""

    search: RaceSearch
    most_states: int


@frozen
class OpenCounterexample:
    """Show what a search found in the place of the run that is shown."""

    search: RaceSearch
    report: Report


@frozen
class SaveCounterexample:
    """Write what a search found to a file of its own."""

    search: RaceSearch
    report: Report


Common: TypeAlias = Stay | Close | Stop | Open | Type | DoAction | Explain
"""What any screen does."""
OfRun: TypeAlias = (
    Do
    | Go
    | Select
    | Follow
    | SetBreakpoints
    | AddBreakpoint
    | Choose
    | SwitchGuards
    | ReadAgain
    | SearchAgain
    | OpenCounterexample
    | SaveCounterexample
)
"""What the screen of a run does."""
Intent: TypeAlias = Common | OfRun
