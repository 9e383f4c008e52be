"""Rows of marks into segments of a fixed width, with the styles of one theme."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen
from rich.cells import set_cell_size
from rich.segment import Segment
from rich.style import Style

from luf_tui.machine.refs import Ref
from luf_tui.view.columns import cells
from luf_tui.view.marks import Mark, Row, clean

ELLIPSIS = "…"


@frozen(eq=False)
class Ink:
    """The styles of one theme: a finished style, background included, for every role."""

    name: str
    styles: Mapping[str, Style]
    text: Style
    frame: Style
    focus: Style
    """The frame and title of the pane that has the keys."""
    thumb: Style
    """Where in a long pane one is."""
    raised: Ink | None = None
    """The same for what stands over the panes."""

    def style(self, role: str) -> Style:
        """The style of a role; that of plain text where the theme does not know it."""
        return self.styles.get(role, self.text)


def paint(row: Row, width: int, ink: Ink, selected: Ref | None = None) -> list[Segment]:
    """A row as segments that fill exactly `width` cells; neighbours of one style are merged.

    What does not fit ends in an ellipsis. Marks of the selected thing are reversed.
    """
    if width <= 0:
        return []
    segments: list[Segment] = []
    run: list[str] = []
    style: Style | None = None
    room = width
    for mark in row:
        text = clean(mark.text)
        size = cells(text)
        wanted = ink.style(mark.role)
        if selected is not None and mark.ref == selected:
            wanted += REVERSED
        if wanted is not style and wanted != style:
            if run:
                segments.append(Segment("".join(run), style))
            run, style = [], wanted
        if size > room:
            run.append(set_cell_size(text, room - 1) + ELLIPSIS if room > 0 else "")
            room = 0
            break
        run.append(text)
        room -= size
    if room and (style is ink.text or style is None):
        run.append(" " * room)
        style = ink.text
        room = 0
    if run:
        segments.append(Segment("".join(run), style))
    if room:
        segments.append(Segment(" " * room, ink.text))
    return segments


REVERSED = Style(reverse=True)


def mark_at(row: Row, column: int) -> Mark | None:
    """The mark under a column of a painted row."""
    at = 0
    for mark in row:
        at += cells(clean(mark.text))
        if column < at:
            return mark
    return None


def plain(row: Row) -> str:
    """A row as text."""
    return "".join(mark.text for mark in row).rstrip()
