"""The smallest script that still shows the same thing: lines and sizes go while it stays broken
in no more turns.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

from attrs import evolve

from luf_tui.errors import LufError
from luf_tui.policy.base import Policy
from luf_tui.script.parse import parse
from luf_tui.script.program import Program
from luf_tui.script.syntax import strip_comment
from luf_tui.search.counterexample import path_of
from luf_tui.search.exploration import Exploration, Report, race_of_line
from luf_tui.search.result import Limits

KEPT = frozenset({"title", "about", "machine", "policy", "race", "end", ""})
"""First words of lines that are never dropped."""
SIZES = re.compile(r"\b(cpus|dram|cxl|heap|pcp-high|swap|tlb) (\d+)\b")
LEAST = {"cxl": 0, "swap": 0, "pcp-high": 0}
"""The smallest value of a size that may be 0."""


class Shrinker:
    """Makes an unsafe program smaller for as long as its time lasts.

    While it runs, another thread may read `best` and call `stop`. Ctrl-C ends it, too; `best` is
    the smallest found by then.
    """

    def __init__(
        self,
        program: Program,
        policy: Policy,
        report: Report,
        *,
        seconds: float = 20.0,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self.program = program
        self.policy = policy
        self.best = report
        self.seconds = seconds
        self.tell = tell
        self.limits = Limits(states=max(2000, 2 * report.states), seconds=seconds)
        self.interrupted = False
        self._trying: Exploration | None = None
        self._stopped = False
        self._said = ""

    def stop(self) -> None:
        """End it with the smallest found so far."""
        self._stopped = True
        trying = self._trying
        if trying:
            trying.stop()

    def run(self) -> Report:
        """The report of the smallest program found; the first one when nothing can go."""
        if not (self.best.went_wrong and self.best.schedule):
            return self.best
        try:
            self._run(time.monotonic() + self.seconds)
        except KeyboardInterrupt:
            self.interrupted = True
        return self.best

    def _run(self, deadline: float) -> None:
        rows = _without_the_rest(self.program, self.best.line, self.best.fails)
        if self.program.races[race_of_line(self.program, self.best.line) or 0].forever:
            rows = _bare(self.best.scenario)
        shrunk = True
        while shrunk:
            shrunk = False
            for smaller in (*_shorter(rows), *_tinier(rows)):
                if self._stopped or self.interrupted or time.monotonic() >= deadline:
                    return
                wanted = _current(smaller, rows)
                if wanted is not None and self._still_broken(wanted):
                    rows, shrunk = wanted, True

    def _still_broken(self, rows: list[str]) -> bool:
        try:
            program = parse("\n".join(rows) + "\n", path_of(self.program))
            self._trying = Exploration(program, self.policy, limits=self.limits)
            if self._stopped:
                return False
            report = self._trying.run()
        except LufError:
            return False
        if report.interrupted:
            self.interrupted = True
            return False
        if not self.best.same(report):
            return False
        if not report.schedule or len(report.schedule) > len(self.best.schedule):
            return False
        self.best = report
        if self.tell:
            count = sum(bool(row.strip()) for row in rows)
            said = f"still broken with {count} lines, {len(report.schedule)} turns"
            if said != self._said:
                self.tell(said)
            self._said = said
        return True


def shrunk(
    program: Program, policy: Policy, report: Report, tell: Callable[[str], None] | None = None
) -> Report:
    """The counterexample on the smallest program that shows it; the figures stay those of the
    whole search. `tell` hears how far it is.
    """
    shrinker = Shrinker(program, policy, report, tell=tell)
    smallest = shrinker.run()
    if shrinker.interrupted and tell:
        tell("shrinking was interrupted; the counterexample is the smallest found so far")
    if report.fails:
        own = {"message": report.message, "expected": report.expected, "fails": report.fails}
        smallest = evolve(smallest, **own)  # type: ignore[arg-type]
    return evolve(
        smallest,
        states=report.states,
        transitions=report.transitions,
        seconds=report.seconds,
        races=report.races,
        forever=report.forever,
        why=report.why,
        noticed=report.noticed,
        happened=report.happened,
        collision=report.collision,
        learnt=report.learnt,
        checked=report.checked,
        interrupted=shrinker.interrupted,
    )


def _without_the_rest(program: Program, line: int, further: int) -> list[str]:
    """The file up to the end of the race at a line, or to one further down."""
    rows: list[str] = []
    ended = False
    for number, row in enumerate(program.source, start=1):
        first = strip_comment(row).split()[:1]
        if first != ["policy"]:
            rows.append(row)
        ended |= number > line and first == ["end"]
        if ended and number >= further:
            break
    return rows


def _bare(scenario: str) -> list[str]:
    """A counterexample up to the end of its race, without what is told of it: of a forever block,
    this race is what is made smaller.
    """
    rows = [
        row
        for row in scenario.split("\n")
        if strip_comment(row).split()[:1] not in (["policy"], ["note"], ["schedule"])
    ]
    ends = max(at for at, row in enumerate(rows) if strip_comment(row).split()[:1] == ["end"])
    return rows[: ends + 1]


def _shorter(rows: list[str]) -> Iterator[tuple[str, str]]:
    """Lines to try without, the last first: (the row, nothing in its place)."""
    for row in reversed(rows):
        words = strip_comment(row).split()
        if words and words[0] not in KEPT:
            yield row, ""


def _tinier(rows: list[str]) -> Iterator[tuple[str, str]]:
    """Sizes to try smaller: (the row, the same with one size less)."""
    for row in rows:
        for match in SIZES.finditer(row):
            value = int(match.group(2))
            if value > LEAST.get(match.group(1), 1):
                yield row, f"{row[: match.start(2)]}{value - 1}{row[match.end(2) :]}"


def _current(change: tuple[str, str], rows: list[str]) -> list[str] | None:
    """The rows after one change, if the row it is about still stands."""
    old, new = change
    if old not in rows:
        return None
    at = len(rows) - 1 - rows[::-1].index(old)
    return [*rows[:at], *([new] if new else []), *rows[at + 1 :]]
