"""Every order of a file's races: the question, and what was found."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from luf_tui.errors import LufError, expected
from luf_tui.json_object import VERSION, versioned
from luf_tui.policy.base import Policy
from luf_tui.runs.opening import Say, named, play, policy_of, program, scenario
from luf_tui.script.parse import parse
from luf_tui.script.program import Program
from luf_tui.search.exploration import Exploration, Report, as_json, race_count
from luf_tui.search.process_memory import usual_limit
from luf_tui.search.result import BOUNDED, INTERRUPTED, Limits, Tell
from luf_tui.search.shrink import shrunk

if TYPE_CHECKING:
    from luf_tui.runs.run import Run
    from luf_tui.search.rows.saved import Saved


class Explored:
    """What the search of a file's races found. `verdict` is safe, unsafe, failed or bounded."""

    version = VERSION
    """The version of the object that `summary` gives."""

    def __init__(
        self,
        program: Program,
        policy: Policy,
        report: Report,
        exploration: Exploration | None = None,
    ) -> None:
        self.program = program
        self.policy = policy
        self.report = report
        """All figures of the search."""
        self._exploration = exploration

    def __repr__(self) -> str:
        return f"<Explored {self.program.title}: {self.verdict}, {self.states:,} states>"

    @property
    def verdict(self) -> str:
        """`safe`, `unsafe`, `failed` by an expectation, or `bounded` when not all was seen."""
        return self.report.verdict

    @property
    def states(self) -> int:
        """States looked at."""
        return self.report.states

    @property
    def obligation(self) -> str:
        """What is broken, or `expectation`; empty when nothing is."""
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
        # Most searches do without all this.
        from luf_tui.runs.run import Run  # noqa: PLC0415
        from luf_tui.timeline.ask.failing import first_failure  # noqa: PLC0415

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

    @property
    def unfinished(self) -> bool:
        """Whether it was to be `resumable`, and ended before every order was looked at."""
        return self._exploration is not None

    def save(self, file: BinaryIO) -> None:
        """Write the search so that `explore(…, resume=PATH)` goes on with it. Raises LufError when
        there is nothing to go on with, and OSError.
        """
        if self._exploration is None:
            raise LufError(
                f"{self.program.path}: {self.verdict}, so there is nothing to go on with"
            )
        self._exploration.save(file)

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
    resume: str | PathLike[str] | None = None,
    resumable: bool = False,
    jobs: int = 1,
    tell: Tell | None = None,
    say: Say | None = None,
) -> Explored:
    """Try every order of a file's races, or of race number `race` (from 1), up to the first that
    breaks an obligation.

    A search ends at `max_states` states or `max_seconds` seconds (0: never) a race, or when the
    process takes `max_memory` bytes (0: two thirds of what is free when it begins). With
    `random_walks`, so many orders of a race are drawn instead, the same ones each time, and without
    symmetry. Without `symmetry`, states count apart that differ only by names. With `shrink`, the
    counterexample is on the smallest program that shows it. A search of one race that is to be
    `resumable` and ends before it has seen everything can be saved; Ctrl-C ends it after the states
    at hand, a second one at once. `resume` goes on with one that was saved: what it finds is what
    one search would have found. So many `jobs`, processes, share a search; what it finds does not
    depend on it. `tell` is told of the search, `say` of the shrinking and of what is said in vain.
    Raises LufError when there is no such file or race.
    """
    for number in (race or 0, max_states, max_memory, random_walks, jobs):
        expected(number, int, "races, states, bytes, walks and jobs are whole numbers")
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
    if (resume or resumable) and race is None and race_count(asked) > 1:
        raise LufError(
            f"{asked.path}: the search of one race is saved, and there are {race_count(asked)}; "
            "say which one with --race"
        )
    if jobs > 1 and not _can_share():
        (say or _unheard)("--jobs: processes cannot share a search on this system; one does it all")
        jobs = 1
    exploration = Exploration(
        asked,
        played,
        limits=Limits(max_states, max_seconds, max_memory or usual_limit()),
        symmetric=symmetry,
        only=None if race is None else race - 1,
        tell=tell,
        walks=random_walks,
        saved=_saved(Path(resume)) if resume else None,
        resumable=resumable,
        jobs=jobs,
        notice=True,
    )
    with _after_the_states_at_hand(exploration) if resumable else nullcontext():
        report = exploration.run()
    if shrink and not report.interrupted:
        report = shrunk(asked, played, report, say)
    bounded = resumable and report.verdict == BOUNDED
    return Explored(asked, played, report, exploration if bounded else None)


def _can_share() -> bool:
    from luf_tui.search.rows.crew import can_fork  # noqa: PLC0415 - one process does without

    return can_fork()


def _saved(path: Path) -> Saved:
    from luf_tui.search.rows.saved import Saved  # noqa: PLC0415 - it loads numpy

    return Saved(path)


@contextmanager
def _after_the_states_at_hand(exploration: Exploration) -> Iterator[None]:
    """Ctrl-C stops a search where it can be gone on with; a second one is as ever."""
    before = signal.getsignal(signal.SIGINT)
    elsewhere = threading.current_thread() is not threading.main_thread()
    if elsewhere or before == signal.SIG_IGN:  # it is ignored for what runs in the background
        yield
        return

    def stop(_signal: int, _frame: object) -> None:
        signal.signal(signal.SIGINT, before)
        exploration.stop(INTERRUPTED)

    signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
