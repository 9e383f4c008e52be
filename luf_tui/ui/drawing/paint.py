"""Rows of marks into segments, with the styles of one theme."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen
from rich.segment import Segment
from rich.style import Style

from luf_tui.view.columns import cells
from luf_tui.view.marks import Mark, Row, clean


@frozen(eq=False)
class Styles:
    """The inks of one theme as finished styles, background included."""

    name: str
    by_role: Mapping[str, Style]
    text: Style
    raised: Styles | None = None
    """The same for what stands over the panes."""

    def of(self, role: str) -> Style:
        """The style of a role; that of plain text where the theme does not know it."""
        return self.by_role.get(role, self.text)


def paint(row: Row, styles: Styles) -> list[Segment]:
    """A row as segments; neighbours of one style are merged."""
    segments: list[Segment] = []
    run: list[str] = []
    role, style = "", styles.text
    for mark in row:
        if mark.role != role:
            role, wanted = mark.role, styles.of(mark.role)
            if wanted is not style and wanted != style:
                if run:
                    segments.append(Segment("".join(run), style))
                run, style = [], wanted
        run.append(mark.text)
    if run:
        segments.append(Segment("".join(run), style))
    return segments


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
