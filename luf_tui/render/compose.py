"""A whole screen as rows of styled runs, for every renderer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from luf_tui.timeline.timeline import Timeline
from luf_tui.view.columns import fit
from luf_tui.view.marks import Mark, Pane, clean
from luf_tui.view.screen import PANES, arrange
from luf_tui.view.state import Placement, ViewState

FRAMED = 3
"""Panes this tall or taller have a frame."""

Run: TypeAlias = "tuple[str, str]"
"""Text and its role."""
Cell: TypeAlias = "tuple[str, str]"


def screen(
    timeline: Timeline, width: int, height: int, state: ViewState | None = None, group: str = "tlbs"
) -> list[list[Run]]:
    """The screen at the timeline's position: for each row, runs of one role."""
    cells: list[list[Cell]] = [[(" ", "text")] * width for _ in range(height)]
    for place in arrange(width, height, group):
        _draw(timeline, state or ViewState(), cells, place)
    return [list(_runs(row)) for row in cells]


def _draw(timeline: Timeline, state: ViewState, cells: list[list[Cell]], place: Placement) -> None:
    framed = place.height >= FRAMED
    edge = int(framed)
    width, height = place.width - 2 * edge, place.height - 2 * edge
    pane = PANES[place.pane](timeline, state, width, height)
    if framed:
        _frame(cells, place, pane)
    first = _scroll(pane, height)
    for number, row in enumerate(pane.rows[first : first + height]):
        x = place.x + edge
        for mark in fit(row, width):
            for char in clean(mark.text):
                cells[place.y + edge + number][x] = (char, mark.role)
                x += 1


def _scroll(pane: Pane, height: int) -> int:
    """The first row shown, so that the current one is in view."""
    if pane.current is None or len(pane.rows) <= height:
        return 0
    return max(0, min(pane.current - height // 2, len(pane.rows) - height))


def _frame(cells: list[list[Cell]], place: Placement, pane: Pane) -> None:
    right, bottom = place.x + place.width - 1, place.y + place.height - 1
    for x in range(place.x + 1, right):
        cells[place.y][x] = cells[bottom][x] = ("─", "frame")
    for y in range(place.y + 1, bottom):
        cells[y][place.x] = cells[y][right] = ("│", "frame")
    corners = ((place.x, place.y, "╭"), (right, place.y, "╮"), (place.x, bottom, "╰"))
    for x, y, char in (*corners, (right, bottom, "╯")):
        cells[y][x] = (char, "frame")
    x = place.x + 2
    for mark in (Mark(" "), *pane.title, Mark(" ")):
        for char in clean(mark.text)[: max(0, right - 1 - x)]:
            cells[place.y][x] = (char, mark.role)
            x += 1


def _runs(row: list[Cell]) -> Iterator[Run]:
    """Neighbours of one role in one piece."""
    text, role = "", row[0][1] if row else "text"
    for char, own in row:
        if own != role:
            yield text, role
            text, role = "", own
        text += char
    if text:
        yield text, role
