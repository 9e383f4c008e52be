"""Problems of a scenario, shown with the source line and a caret."""

from __future__ import annotations

from luf_tui.errors import InputError, LufError, Problem, excerpt
from luf_tui.ui.panels.intents import Intent
from luf_tui.ui.panels.panel import ACCENT, BAD, DIM, HEADING, TextPanel
from luf_tui.view.columns import wrap
from luf_tui.view.marks import Mark, Row

HINT = 80
"""Cells of a hint in one row."""


class ProblemsPanel(TextPanel):
    """All problems of one file. What was open before stays as it was."""

    name = "problems"
    width = 96

    def __init__(self, error: LufError, again: Intent | None = None) -> None:
        """`again` reads the file again."""
        super().__init__("this file cannot be played", problem_rows(error))
        self.again = again

    def key(self, key: str, character: str | None) -> Intent | None:
        """Read the file again, or scroll."""
        if key == "r" and self.again is not None:
            return self.again
        return super().key(key, character)


def problem_rows(error: LufError) -> list[Row]:
    """What is wrong, where, and what to do."""
    if not isinstance(error, InputError):
        return [(Mark("✖ ", BAD), Mark(line)) for line in str(error).splitlines()]
    count = len(error.problems)
    rows: list[Row] = [
        (Mark(error.path, HEADING), Mark(f"  {count} problem{'' if count == 1 else 's'}", DIM))
    ]
    for problem in error.told:
        rows += [(), *_rows_of(problem, error.source)]
    rows += [(), (Mark("correct the file and press r; esc goes on without", DIM),)]
    return rows


def _rows_of(problem: Problem, source: tuple[str, ...]) -> list[Row]:
    span = problem.span
    where = f"{span.line}:{span.column} " if span else ""
    rows: list[Row] = [(Mark("✖ ", BAD), Mark(where, DIM), Mark(problem.message))]
    if span and 0 < span.line <= len(source):
        number = f"{span.line:>5} │ "
        quoted, carets = excerpt(source[span.line - 1], span)
        rows.append((Mark(number, DIM), Mark(quoted)))
        rows.append((Mark("      │ ", DIM), Mark(carets, BAD)))
    if problem.hint:
        hint = wrap(problem.hint, HINT)
        rows += [(Mark("        ", DIM), Mark(line, ACCENT)) for line in hint]
    return rows
