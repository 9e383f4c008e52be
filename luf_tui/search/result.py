"""What a search is told, and what it tells: limits, verdicts, orders that break something."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from attrs import frozen

from luf_tui.engine.transitions import Transitions, Turn
from luf_tui.oracle.oracle import Finding
from luf_tui.search.expectations import Question, fails, text_of
from luf_tui.search.happened import NOTHING, Happened
from luf_tui.search.lasting import Lasting
from luf_tui.search.process_memory import told

SAFE, UNSAFE, FAILED, BOUNDED = "safe", "unsafe", "failed", "bounded"
"""Verdicts: every order holds, one breaks an obligation, an expectation fails in one, or the search
stopped before it had seen all.
"""
DEADLOCK = "deadlock"
EXPECTATION = "expectation"
INTERRUPTED = "interrupted"
"""Why a search ended that Ctrl-C stopped."""


@frozen
class Limits:
    """When a search stops early; 0 is no limit."""

    states: int = 0
    seconds: float = 0.0
    memory: int = 0
    """Bytes of the whole process."""

    def reached(self, states: int, seconds: float, memory: int = 0) -> str:
        """Which limit so many states, seconds or bytes are, in words; empty for none."""
        if self.states and states >= self.states:
            return f"stopped at {self.states} states"
        if self.seconds and seconds > self.seconds:
            return f"stopped after {self.seconds:g} seconds"
        if self.memory and memory > self.memory:
            return f"stopped at {told(self.memory)} of memory"
        return ""


@frozen
class Broken:
    """An order that breaks an obligation, or that ends with nobody able to go on."""

    obligation: str
    rule: str
    message: str
    turns: tuple[int, ...]
    finding: Finding | None = None
    """None for a deadlock."""
    waiting: tuple[int, ...] = ()
    """The contexts that cannot go on, in a deadlock."""
    verdict: int = -1
    """How an expectation came out, where that is what went wrong."""
    behind: bool = False
    """It goes wrong behind the race, in the state where these turns end."""
    start: int = 0
    """Which of the states that the search starts from they begin in."""


def violation(finding: Finding, turns: Sequence[Turn]) -> Broken:
    """An order whose last turn breaks an obligation, or only a rule."""
    kind = finding.obligation or finding.rule
    return Broken(kind, finding.rule, finding.message, tuple(turns), finding)


def deadlock(transitions: Transitions, turns: Sequence[Turn], waiting: tuple[int, ...]) -> Broken:
    """An order after which nobody can go on, and some contexts have not finished."""
    m = transitions.machine
    names = " and ".join(m.ctx_name(m.ctx[ctx]) for ctx in waiting)
    message = f"nobody can go on, and {names} did not finish"
    return Broken(DEADLOCK, "W", message, tuple(turns), waiting=waiting)


def failures(
    questions: Sequence[Question],
    codes: Iterable[int],
    turns: Sequence[Turn],
    *,
    behind: bool = False,
) -> list[Broken]:
    """What goes wrong by some verdicts after these turns."""
    wrong = fails(questions)
    return [
        Broken(
            EXPECTATION,
            "",
            f"`{text_of(questions[code >> 1].expect)}` fails",
            tuple(turns),
            verdict=code,
            behind=behind,
        )
        for code in codes
        if code in wrong
    ]


@frozen
class Result:
    """What a search found."""

    verdict: str
    states: int
    transitions: int
    seconds: float
    depth: int
    """Turns of the longest order looked at."""
    broken: tuple[Broken, ...] = ()
    deviations: int = 0
    """Turns with an accepted but visible difference."""
    why: str = ""
    """What ended a bounded search."""
    happened: Happened = NOTHING
    """What came to pass in some order, and what in none."""
    collision: float = 0.0
    """How likely it is that two states were taken for one: 0 where states are kept whole."""
    learnt: int = 0
    """Rows: times that the engine was asked."""
    checked: int = 0
    """Uses of a row for which the engine was asked again, and said the same."""
    lasting: Lasting | None = None
    """What lasts in a forever block; None where that was not looked at."""
    verdicts: Mapping[int, int] = {}
    """How often expectations came out in which way, each in another state."""
    failed: tuple[Broken, ...] = ()
    """For each expectation that fails a shortest order, the shortest of all first."""


@frozen
class Progress:
    """Where a search stands."""

    states: int
    level: int
    """States as many turns from the start as those that are looked at."""
    waiting: int
    """States of the next level that were found so far."""
    depth: int
    seconds: float
    memory: int
    """Bytes of the process."""


Tell = Callable[[Progress], None]
