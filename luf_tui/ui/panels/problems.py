"""Problems of a scenario, shown with the source line and a caret."""

from __future__ import annotations

from collections.abc import Sequence

from luf_tui.errors import InputError, LufError, Problem, excerpt
from luf_tui.ui.panels.intents import Intent
from luf_tui.ui.panels.panel import ACCENT, BAD, DIM, HEADING, TextPanel
from luf_tui.view.columns import length, wrap
from luf_tui.view.marks import Mark, Row

WIDE = 92
"""Cells that a problem is told in where nothing else is known."""


class ProblemsPanel(TextPanel):
    """All problems of one file. What was open before stays as it was."""

    name = "problems"
    width = 96

    def __init__(self, error: LufError, again: Intent | None = None) -> None:
        """`again` reads the file again."""
        super().__init__("this file cannot be played", ())
        self.error = error
        self.again = again

    def lay(self, columns: int) -> Sequence[Row]:
        """What is wrong, in as many cells."""
        rows = problem_rows(self.error, columns)
        if isinstance(self.error, InputError):
            rows += [(), (Mark("correct the file and press r; esc goes on without", DIM),)]
        return rows

    def key(self, key: str, character: str | None) -> Intent | None:
        """Read the file again, or scroll."""
        if key == "r" and self.again is not None:
            return self.again
        return super().key(key, character)


def problem_rows(error: LufError, columns: int = WIDE) -> list[Row]:
    """What is wrong, where, and what to do."""
    if not isinstance(error, InputError):
        told = str(error).splitlines()
        return [row for line in told for row in _told((Mark("✖ ", BAD),), line, columns)]
    count = len(error.problems)
    rows: list[Row] = [
        (Mark(error.path, HEADING), Mark(f"  {count} problem{'' if count == 1 else 's'}", DIM))
    ]
    for problem in error.told:
        rows += [(), *_rows_of(problem, error.source, columns)]
    return rows


def _rows_of(problem: Problem, source: tuple[str, ...], columns: int) -> list[Row]:
    span = problem.span
    where = f"{span.line}:{span.column} " if span else ""
    rows = _told((Mark("✖ ", BAD), Mark(where, DIM)), problem.message, columns)
    if span and 0 < span.line <= len(source):
        number = f"{span.line:>5} │ "
        quoted, carets = excerpt(source[span.line - 1], span)
        rows.append((Mark(number, DIM), Mark(quoted)))
        rows.append((Mark("      │ ", DIM), Mark(carets, BAD)))
    if problem.hint:
        hint = wrap(problem.hint, columns - 8)
        rows += [(Mark("        ", DIM), Mark(line, ACCENT)) for line in hint]
    return rows


def _told(head: Row, text: str, columns: int) -> list[Row]:
    """A text behind a head, in as many rows as it takes."""
    indent = length(head)
    first, *more = wrap(text, columns - indent)
    return [(*head, Mark(first)), *((Mark(" " * indent), Mark(line)) for line in more)]
