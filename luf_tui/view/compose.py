"""Panes in their places as rows of marks: frames, titles, what is cut, and the scroll thumb.

Whoever shows a screen, live or in a file, only paints these rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from attrs import evolve, frozen

from luf_tui.machine.refs import Ref
from luf_tui.timeline.timeline import Timeline
from luf_tui.view import broken
from luf_tui.view.changes import only_changed
from luf_tui.view.columns import fit, length
from luf_tui.view.marks import FOCUS, FRAME, THUMB, Mark, Pane, Row, clean, selected_role
from luf_tui.view.screen import MAP, NARRATION, PANES, arranged
from luf_tui.view.state import OPENED, Placement, ViewState

Selected: TypeAlias = "frozenset[Ref]"
"""What is selected: the thing itself, and what is one with it."""
NOTHING: Selected = frozenset()
OF_MACHINE = frozenset({"tlbs", "pagetables", "lists", "frames", "ledger"})
"""Panes that can be told to show only what changed."""
FRAMED = 3
"""Panes this tall or taller have a frame: a line and a space on either side."""


@frozen(eq=False)
class Block:
    """A pane with a place on the screen, in cells. A frame takes one cell on each side, and a
    space beside it.
    """

    pane: Pane
    x: int
    y: int
    width: int
    height: int
    frame: bool = True
    focus: bool = False
    """True for the pane that has the keys."""
    over: bool = False
    """True for a block that hides what is beneath it."""

    @property
    def place(self) -> tuple[str, int, int, int, int, bool]:
        """What must be equal for one block to be drawn in the place of another."""
        return (self.pane.name, self.x, self.y, self.width, self.height, self.frame)

    @property
    def rows(self) -> int:
        """Rows of the pane that fit."""
        return max(0, self.height - 2 if self.frame else self.height)

    @property
    def columns(self) -> int:
        """Cells a row has."""
        return max(0, self.width - 4 if self.frame else self.width)

    def row(self, number: int) -> Row:
        """A row of the pane; nothing below its last one."""
        rows = self.pane.rows
        return rows[number] if number < len(rows) else ()


def has_frame(place: Placement) -> bool:
    """Whether a pane gets a frame in its place: the narration has none, however tall it is."""
    return place.height >= FRAMED and place.pane != NARRATION


def first_row(block: Block) -> int:
    """The first row shown of a block that nobody has scrolled."""
    return block.pane.top(block.rows)


def placed(timeline: Timeline, state: ViewState, place: Placement) -> Block:
    """The pane of a place, at the timeline's position."""
    framed = has_frame(place)
    spot = (place.x, place.y, place.width, place.height)
    empty = Block(Pane(place.pane, (), ()), *spot, frame=framed)
    pane = PANES[place.pane](timeline, state, empty.columns, empty.rows)
    if pane.name in OF_MACHINE or pane.name == MAP:
        pane = broken.lit(timeline, pane)
    if state.changed_only and pane.name in OF_MACHINE:
        title = (*pane.title, Mark("  changed only", "accent"))
        pane = evolve(pane, title=title, rows=only_changed(pane.rows), current=None)
    return evolve(empty, pane=pane)


def line(block: Block, number: int, top: int, selected: Selected = NOTHING) -> Row:
    """Line `number` of a block whose first row shown is `top`: exactly as wide as the block."""
    if not block.frame:
        return _shown(block.row(top + number), block.width, selected)
    edge = FOCUS if block.focus else FRAME
    if number == 0:
        row = _title(block, edge)
    elif number == block.height - 1:
        row = (Mark(f"╰{'─' * (block.width - 2)}╯", edge),)
    else:
        inside = _shown(block.row(top + number - 1), block.columns, selected)
        right = Mark("┃", THUMB) if number - 1 in _thumb(block, top) else Mark("│", edge)
        row = (Mark("│", edge), Mark(" "), *inside, Mark(" "), right)
    return row if block.width >= len("│  │") else fit(row, block.width)


def _shown(row: Row, width: int, selected: Selected) -> Row:
    """The row in so many cells, harmless, the marks of the selected thing in its role."""
    if not all(mark.text.isprintable() for mark in row):
        row = tuple(evolve(mark, text=clean(mark.text)) for mark in row)
    if selected or any(mark.changed for mark in row):
        row = tuple(
            evolve(mark, role=selected_role(mark.ink) if mark.ref in selected else mark.ink)
            if mark.changed or mark.ref in selected
            else mark
            for mark in row
        )
    return fit(row, width)


def _title(block: Block, edge: str) -> Row:
    title = tuple(
        Mark(clean(mark.text), "title" if mark.role == "text" else mark.role, mark.ref)
        for mark in block.pane.title
    )
    size = min(block.width - 6, length(title))
    if size <= 0:
        return (Mark(f"╭{'─' * (block.width - 2)}╮", edge),)
    left = Mark("╭▸" if block.focus else "╭ ", edge)
    return (left, *fit(title, size), Mark(f" {'─' * (block.width - size - 4)}╮", edge))


def _thumb(block: Block, top: int) -> range:
    """Lines of the right edge that show where in a long pane one is."""
    count, rows = len(block.pane.rows), block.rows
    if count <= rows:
        return range(0)
    size = max(1, rows * rows // count)
    start = (rows - size) * top // (count - rows)
    return range(start, start + size)


def across(pieces: Iterable[tuple[Block, Row]], width: int) -> Row:
    """Lines of blocks, from left to right, as one row of exactly that width."""
    marks: list[Mark] = []
    at = 0
    for block, row in pieces:
        if block.x > at:
            marks.append(Mark(" " * (block.x - at)))
        marks += row
        at = block.x + block.width
    if at < width:
        marks.append(Mark(" " * (width - at)))
    return tuple(marks) if at <= width else fit(tuple(marks), width)


def rows(
    blocks: Sequence[Block],
    width: int,
    height: int,
    *,
    selected: Selected = NOTHING,
    top_of: Callable[[Block], int] = first_row,
) -> list[Row]:
    """All rows of a screen of blocks that do not overlap."""
    pieces: list[list[tuple[Block, Row]]] = [[] for _ in range(height)]
    for block in sorted(blocks, key=lambda one: one.x):
        for number in range(block.height):
            row = line(block, number, top_of(block), selected)
            pieces[block.y + number].append((block, row))
    return [across(found, width) for found in pieces]


def screen(timeline: Timeline, width: int, height: int, state: ViewState = OPENED) -> list[Row]:
    """The screen at the timeline's position, as the app shows it."""
    places = arranged(timeline, state, width, height)
    return rows([placed(timeline, state, one) for one in places], width, height)
