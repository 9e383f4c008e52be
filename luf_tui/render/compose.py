"""A whole screen as rows of styled runs, for every renderer: what the app shows, unfocused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from luf_tui.timeline.timeline import Timeline
from luf_tui.view.columns import fit, length
from luf_tui.view.marks import Mark, Pane, Row, clean
from luf_tui.view.screen import PANES, arrange
from luf_tui.view.state import Placement, ViewState

FRAMED = 3
"""Panes this tall or taller have a frame: a line and a space on either side."""
FRAME = "frame"
"""The role of the lines around panes."""

Run: TypeAlias = "tuple[str, str]"
"""Text and its role."""


def screen(
    timeline: Timeline, width: int, height: int, state: ViewState | None = None, group: str = "tlbs"
) -> list[list[Run]]:
    """The screen at the timeline's position: for each row, runs of one role, `width` cells."""
    pieces: list[list[tuple[int, Row]]] = [[] for _ in range(height)]
    for place in arrange(width, height, group):
        for number, row in enumerate(_block(timeline, state or ViewState(), place)):
            pieces[place.y + number].append((place.x, row))
    return [list(_runs(_line(sorted(found, key=_x), width))) for found in pieces]


def _x(piece: tuple[int, Row]) -> int:
    return piece[0]


def _block(timeline: Timeline, state: ViewState, place: Placement) -> list[Row]:
    """A pane in its place: as many rows as the place has, of exactly its width."""
    framed = place.height >= FRAMED
    width, height = (place.width - 4, place.height - 2) if framed else (place.width, place.height)
    pane = PANES[place.pane](timeline, state, width, height)
    first = pane.top(height)
    shown = [*pane.rows[first : first + height], *[()] * height][:height]
    if not framed:
        return [fit(row, width) for row in shown]
    thumb = _thumb(len(pane.rows), height, first)
    rows = [_title(pane, place.width)]
    for number, row in enumerate(shown):
        right = Mark(" ┃" if number in thumb else " │", FRAME)
        rows.append((Mark("│ ", FRAME), *fit(row, width), right))
    return [*rows, (Mark(f"╰{'─' * (place.width - 2)}╯", FRAME),)]


def _thumb(count: int, height: int, first: int) -> range:
    """Lines of the right edge that show where in a long pane one is."""
    if count <= height:
        return range(0)
    size = max(1, height * height // count)
    start = (height - size) * first // (count - height)
    return range(start, start + size)


def _title(pane: Pane, width: int) -> Row:
    room = min(length(pane.title), width - 6)
    if room <= 0:
        return (Mark(f"╭{'─' * (width - 2)}╮", FRAME),)
    rest = f" {'─' * (width - room - 4)}╮"
    return (Mark("╭ ", FRAME), *fit(pane.title, room), Mark(rest, FRAME))


def _line(pieces: Iterable[tuple[int, Row]], width: int) -> Row:
    """Pieces of a row, from left to right, with the gaps between them filled."""
    marks: list[Mark] = []
    at = 0
    for x, row in pieces:
        if x > at:
            marks.append(Mark(" " * (x - at)))
        marks += row
        at = x + length(row)
    return fit(tuple(marks), width)


def _runs(row: Row) -> Iterator[Run]:
    """Neighbours of one role in one piece."""
    text, role = "", ""
    for mark in row:
        if mark.role != role and text:
            yield text, role
            text = ""
        role = mark.role
        text += clean(mark.text)
    if text:
        yield text, role
