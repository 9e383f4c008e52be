"""Plain lines: `--plain`, and the goldens."""

from __future__ import annotations

from luf_tui.render.compose import screen
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.columns import length
from luf_tui.view.marks import Pane, clean


def lines(timeline: Timeline, width: int, height: int) -> list[str]:
    """The screen at the timeline's position, without colour."""
    rows = screen(timeline, width, height)
    return ["".join(text for text, _ in row).rstrip() for row in rows]


def pane_text(pane: Pane) -> str:
    """A pane as text; marks of a telling role are followed by it in braces."""
    rows = ["".join(mark.text for mark in pane.title)]
    for number, row in enumerate(pane.rows):
        said = "".join(
            clean(mark.text) + ("" if mark.role in ("text", "dim") else f"{{{mark.role}}}")
            for mark in row
        )
        rows.append(("> " if number == pane.current else "  ") + said if length(row) else "")
    return "\n".join(row.rstrip() for row in rows) + "\n"
