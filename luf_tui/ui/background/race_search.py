"""A search for an order that breaks a race, in a thread of its own, and then for the smallest
script that shows it. Watched and stopped from the app's thread.
"""

from __future__ import annotations

import time

from attrs import frozen

from luf_tui.errors import LufError
from luf_tui.policy.base import Policy
from luf_tui.script.program import Program
from luf_tui.search.exploration import Exploration, Report, race_of_line
from luf_tui.search.result import BOUNDED, Limits
from luf_tui.search.shrink import Shrinker
from luf_tui.ui.background.requests import Job, RunKey, run_of

SEARCHING, SHRINKING, OVER = "searching", "shrinking", "over"
"""What a search is at."""
MOST_STATES = 1_000_000
"""States at which a search ends undecided, until more are asked for."""
STOPPED = "stopped by hand"


@frozen
class Figures:
    """How far a search is, or was when it ended."""

    states: int
    transitions: int
    depth: int
    """Turns of the longest order looked at."""
    seconds: float

    @property
    def rate(self) -> float:
        """Transitions a second."""
        return self.transitions / self.seconds if self.seconds else 0.0


class RaceSearch(Job[None]):
    """A race searched under a policy, begun at once. Touches nothing the screen looks at."""

    def __init__(
        self, program: Program, policy: Policy, race: int, most_states: int = MOST_STATES
    ) -> None:
        """`race` is the race's number in the file, from 0."""
        self.program = program
        self.policy = policy
        self.race = race
        self.most_states = most_states
        self.line = program.races[race].span.line
        self.forever = program.races[race].forever
        """Whether it is a forever block: programs of any length are looked at."""
        self.called = program.races[race].called
        self.report: Report | None = None
        """What the search found; None while it goes on, or when it could not be made."""
        self.smallest: Report | None = None
        """The same on the smallest script so far; None unless something is broken."""
        self._exploration: Exploration | None = Exploration(
            program, policy, limits=Limits(most_states), only=race, notice=True
        )
        self._shrinker: Shrinker | None = None
        self._began = time.monotonic()
        self._figures = Figures(0, 0, 0, 0.0)
        self._stopped = False
        super().__init__("explorer")

    @property
    def stage(self) -> str:
        """SEARCHING, SHRINKING or OVER."""
        if self.done():
            return OVER
        return SEARCHING if self.report is None else SHRINKING

    @property
    def figures(self) -> Figures:
        """Counters of the search; a search that starts over counts from 0 again."""
        exploration = self._exploration
        if exploration is None:
            return self._figures
        spent = time.monotonic() - self._began
        return Figures(exploration.states, exploration.transitions, exploration.depth, spent)

    @property
    def best(self) -> Report | None:
        """The report of the smallest script that shows what was found so far."""
        shrinker = self._shrinker
        return shrinker.best if shrinker else self.smallest

    @property
    def cut_short(self) -> bool:
        """Whether a longer search might say more."""
        return self.report is not None and self.report.verdict == BOUNDED

    def is_of(self, run: RunKey, race: int) -> bool:
        """Whether it asks about this race of this run."""
        return (run, race) == (run_of(self.program, self.policy), self.race)

    def stop(self) -> None:
        """End what it is at: the search undecided, or the shrinking with the smallest so far."""
        self._stopped = True
        exploration, shrinker = self._exploration, self._shrinker
        if exploration is not None:
            exploration.stop(STOPPED)
        if shrinker is not None:
            shrinker.stop()

    @property
    def problem(self) -> str:
        """Why the race cannot be searched, once it is over; empty when it could.

        Raises what is a defect of the program.
        """
        error = self.future.exception() if self.done() else None
        if error is None:
            return ""
        if not isinstance(error, LufError):
            raise error
        return str(error)

    def _make(self) -> None:
        exploration = self._exploration
        assert exploration is not None
        report = exploration.run()
        self._figures = Figures(
            report.states, report.transitions, exploration.depth, report.seconds
        )
        # The states seen so far can take hundreds of megabytes.
        self._exploration = None
        if report.scenario:
            self._shrinker = Shrinker(self.program, self.policy, report)
            if self._stopped:
                self._shrinker.stop()
            self.report = report
            self.smallest = self._shrinker.run()
        else:
            self.report = report


def race_near(program: Program, line: int) -> int | None:
    """The race a line belongs to, else the next one, else the last; None where there is none."""
    number = race_of_line(program, line)
    if number is not None:
        return number
    after = [n for n, race in enumerate(program.races) if race.span.line >= line]
    count = len(program.races)
    return after[0] if after else count - 1 if count else None
