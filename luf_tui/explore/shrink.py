"""The smallest script that still shows the same thing: lines and sizes go while it stays broken
in no more turns.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator

from luf_tui.errors import LufError
from luf_tui.explore.explore import Report, explore
from luf_tui.explore.search import UNSAFE, Limits
from luf_tui.policy.base import Policy
from luf_tui.script.parse import parse
from luf_tui.script.program import Program
from luf_tui.script.reading import strip_comment

KEPT = frozenset({"title", "about", "machine", "policy", "race", "end", ""})
"""First words of lines that are never dropped."""
SIZES = re.compile(r"\b(cpus|dram|cxl|heap|pcp-high|swap|tlb) (\d+)\b")
LEAST = {"cxl": 0, "swap": 0, "pcp-high": 0}
"""The smallest value of a size that may be 0."""


class Shrinker:
    """Makes an unsafe program smaller for as long as its time lasts."""

    def __init__(
        self, policy: Policy, report: Report, seconds: float, tell: Callable[[str], None] | None
    ) -> None:
        self.policy = policy
        self.best = report
        self.deadline = time.monotonic() + seconds
        self.tell = tell
        self.limits = Limits(states=max(2000, 2 * report.states), seconds=seconds)

    def run(self, program: Program) -> Report:
        """The report of the smallest program found; the first one when nothing can go."""
        rows = _without_the_rest(program, self.best.line)
        shrunk = True
        while shrunk and time.monotonic() < self.deadline:
            shrunk = False
            for smaller in (*_shorter(rows), *_tinier(rows)):
                if time.monotonic() >= self.deadline:
                    break
                wanted = _current(smaller, rows)
                if wanted is None or not self._still_broken(wanted, program.path):
                    continue
                rows, shrunk = wanted, True
        return self.best

    def _still_broken(self, rows: list[str], path: str) -> bool:
        try:
            report = explore(parse("\n".join(rows) + "\n", path), self.policy, limits=self.limits)
        except LufError:
            return False
        if report.verdict != UNSAFE or report.obligation != self.best.obligation:
            return False
        if not report.schedule or len(report.schedule) > len(self.best.schedule):
            return False
        self.best = report
        if self.tell:
            count = sum(bool(row.strip()) for row in rows)
            self.tell(f"still broken with {count} lines, {len(report.schedule)} turns")
        return True


def _without_the_rest(program: Program, line: int) -> list[str]:
    """The file up to the end of the race at a line."""
    rows: list[str] = []
    for number, row in enumerate(program.source, start=1):
        first = strip_comment(row).split()[:1]
        if first != ["policy"]:
            rows.append(row)
        if number > line and first == ["end"]:
            break
    return rows


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


def shrink(
    program: Program,
    policy: Policy,
    report: Report,
    *,
    seconds: float = 20.0,
    tell: Callable[[str], None] | None = None,
) -> Report:
    """A report of the same broken obligation on a smaller program, and its scenario.

    `seconds` is how long it may take; what is smallest by then is given.
    """
    if report.verdict != UNSAFE or not report.schedule:
        return report
    return Shrinker(policy, report, seconds, tell).run(program)
