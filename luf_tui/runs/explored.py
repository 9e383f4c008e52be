"""Every order of a file's races: the question, and what was found."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from typing import Any

from luf_tui.errors import LufError, expected
from luf_tui.json_object import VERSION, versioned
from luf_tui.policy.base import Policy
from luf_tui.runs.opening import Say, named, play, policy_of, program, scenario
from luf_tui.runs.run import Run
from luf_tui.script.parse import parse
from luf_tui.script.program import Program
from luf_tui.search.exploration import Exploration, Report, as_json
from luf_tui.search.process_memory import usual_limit
from luf_tui.search.result import Limits, Tell
from luf_tui.search.shrink import shrunk
from luf_tui.timeline.ask.failing import first_failure


class Explored:
    """What the search of a file's races found. `verdict` is safe, unsafe or bounded."""

    version = VERSION
    """The version of the object that `summary` gives."""

    def __init__(self, program: Program, policy: Policy, report: Report) -> None:
        self.program = program
        self.policy = policy
        self.report = report
        """All figures of the search."""

    def __repr__(self) -> str:
        return f"<Explored {self.program.title}: {self.verdict}, {self.states:,} states>"

    @property
    def verdict(self) -> str:
        """`safe`, `unsafe`, or `bounded` when not everything was seen."""
        return self.report.verdict

    @property
    def states(self) -> int:
        """States looked at."""
        return self.report.states

    @property
    def obligation(self) -> str:
        """What is broken; empty when nothing is."""
        return self.report.obligation

    @property
    def schedule(self) -> tuple[str, ...]:
        """A shortest order that breaks it, a word a turn."""
        return self.report.schedule

    @property
    def counterexample(self) -> str:
        """That order as a scenario; empty when nothing is broken."""
        return self.report.scenario

    def open(self) -> Run:
        """The counterexample as a run that stands where it fails.

        Raises LufError when there is none.
        """
        if not self.counterexample:
            raise LufError(f"{self.program.path}: {self.verdict}, so there is no counterexample")
        found = parse(self.counterexample, self.program.path)
        timeline = play(found, policy_of(found))
        timeline.seek(max(0, first_failure(timeline)))
        return Run(timeline)

    def diagram(self) -> str:
        """The counterexample as the CPU0 / CPU1 diagram of a commit message, 72 cells wide in
        ASCII; empty when nothing is broken.
        """
        return self.open().seek("end").diagram() if self.counterexample else ""

    def summary(self) -> dict[str, Any]:
        """The object that `luf-tui explore --json` prints."""
        return versioned(as_json(self.report))


def _unheard(_: str) -> None:
    """Nobody is there to be told."""


def explore(
    word: str | PathLike[str],
    *,
    policy: str | None = None,
    without: str | Iterable[str] | None = (),
    race: int | None = None,
    max_states: int = 0,
    max_seconds: float = 0.0,
    max_memory: int = 0,
    random_walks: int = 0,
    symmetry: bool = True,
    shrink: bool = True,
    tell: Tell | None = None,
    say: Say | None = None,
) -> Explored:
    """Try every order of a file's races, or of race number `race` (from 1), up to the first that
    breaks an obligation.

    A search ends at `max_states` states or `max_seconds` seconds (0: never) a race, or when the
    process takes `max_memory` bytes (0: two thirds of what is free when it begins). With
    `random_walks`, so many orders of a race are drawn instead, the same ones each time, and without
    symmetry. Without `symmetry`, states count apart that differ only by names. With `shrink`, the
    counterexample is on the smallest program that shows it. `tell` is told of the search, `say` of
    the shrinking and of a place that is said in vain. Raises LufError when there is no such file or
    race.
    """
    for number in (race or 0, max_states, max_memory, random_walks):
        expected(number, int, "races, states, bytes and walks are whole numbers")
    expected(max_seconds, (int, float), "seconds are a number")
    asked = program(
        scenario(
            named(word),
            "has one order; `luf-tui replay {}` asks other policies",
            "every order of its races is searched",
            say or _unheard,
        )
    )
    played = policy_of(asked, policy, without)
    report = Exploration(
        asked,
        played,
        limits=Limits(max_states, max_seconds, max_memory or usual_limit()),
        symmetric=symmetry,
        only=None if race is None else race - 1,
        tell=tell,
        walks=random_walks,
    ).run()
    if shrink and not report.interrupted:
        report = shrunk(asked, played, report, say)
    return Explored(asked, played, report)
