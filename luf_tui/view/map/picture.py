"""The map as a pane: two columns of ends, frames between them, and the lines."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from attrs import evolve, frozen

from luf_tui.machine.refs import Ref
from luf_tui.timeline.ask.debt_states import in_debt
from luf_tui.timeline.timeline import Timeline
from luf_tui.view import names
from luf_tui.view.box_drawing import HEAVY, LIGHT, character
from luf_tui.view.columns import fit, length
from luf_tui.view.map import ends, frames, wires
from luf_tui.view.map.ends import End
from luf_tui.view.map.wires import Gutter, Wire
from luf_tui.view.marks import Mark, Pane, Row
from luf_tui.view.state import ViewState

NEEDS = (120, 40)
"""Columns and rows of a terminal in which there is room for the map."""
INSIDE = (116, 30)
"""What the pane has then at least, the bars, the hint line and its frame taken off."""
MARGIN = 5
"""Columns at the left in which waits between CPUs are drawn."""
LEAST, WIDEST = 8, 34
"""Columns of a gutter; and of a column of text."""
LEAST_TEXT = 26
"""Columns of an outer column of text at least, so that it stays where it is."""
GUTTER = 32
"""Columns beyond which a gutter does not grow."""
MANY = 12
"""Lines beyond which those that are neither new nor selected are dim."""

LEGEND: Row = (
    Mark("┄", "stale"), Mark(" unknown to the page table   ", "dim"),
    Mark("━", "accent"), Mark(" new in this step, or selected   ", "dim"),
    Mark("┼", "text"), Mark(" lines that cross   ", "dim"),
    Mark("↯", "ipi"), Mark(" who waits for whom", "dim"),
)  # fmt: skip


def build(timeline: Timeline, state: ViewState, width: int, height: int) -> Pane:
    """The picture at the timeline's position, or how large the terminal has to be."""
    if width < INSIDE[0] or height < INSIDE[1]:
        return Pane("map", _title(timeline), too_small())
    rows = _picture(timeline, state, width, height)
    if len(rows) + 2 <= height:
        rows = (*rows, *[()] * (height - len(rows) - 1), LEGEND)
    current, lead = names.in_sight(rows, height)
    return Pane("map", _title(timeline), rows, current, lead)


def too_small() -> tuple[Row, ...]:
    """What is said where there is no room for the picture."""
    wide, high = NEEDS
    return (
        (Mark(f"The map needs a terminal of {wide}x{high}: make it larger,"),),
        (Mark("or read the same in the panes TLBs, frames and page tables."),),
    )


def _title(timeline: Timeline) -> Row:
    found = len(names.stale_entries(timeline))
    told = (Mark(f"  {found} stale", "stale"),) if found else ()
    return (Mark("map", "title"), *told)


@frozen
class _Column:
    """Ends in their rows."""

    at: Mapping[int, End]

    def wide(self, most: int) -> int:
        return min(most, max((length(end.row) for end in self.at.values()), default=0))


def _picture(timeline: Timeline, state: ViewState, width: int, height: int) -> tuple[Row, ...]:
    left, right = ends.entries(timeline), ends.pages(timeline, height - 1)
    led_to = {end.leads for block in (*left, *right) for end in block if end.leads >= 0}
    middle, at = _middle(timeline, frames.boxes(timeline, led_to, height - 1), width)
    one, two = (_Column(_settled(blocks, at, height)) for blocks in (left, right))
    lines = _wires(timeline, one, at, state.selected), _wires(timeline, two, at, state.selected)
    lines = _dimmed(lines)
    outer = [max(LEAST_TEXT, column.wide(WIDEST) + 1) for column in (one, two)]
    wide = (outer[0], length(middle[0]), outer[1])
    room = width - MARGIN - sum(wide)
    gutter = max(LEAST, min(GUTTER, room // 2))
    first = wires.route(lines[0], gutter)
    second = wires.route(lines[1], gutter, mirrored=True)
    waits = wires.brackets(_waits(one), MARGIN)
    count = max(len(middle) + 1, *(max(column.at, default=0) + 1 for column in (one, two)))
    told = (
        (
            *_strip(waits, number, MARGIN),
            *_near(one.at.get(number), lines[0], first, number, wide[0]),
            *_strip(first, number, gutter),
            *(middle[number - 1] if number <= len(middle) else (Mark(" " * wide[1]),)),
            *_strip(second, number, gutter),
            *_far(two.at.get(number), lines[1], second, number),
        )
        for number in range(1, count)
    )
    return (_heads(wide, gutter), *told)


def _heads(wide: Sequence[int], gutter: int) -> Row:
    """What the columns are."""
    return (
        Mark(" " * MARGIN),
        *fit((Mark("TLBs", "title"),), wide[0] + gutter),
        *fit((Mark("frames", "title"),), wide[1] + gutter),
        Mark(" page tables", "title"),
    )


# -- where things are -------------------------------------------------------------------------


def _middle(
    timeline: Timeline, boxes: Sequence[frames.Box], width: int
) -> tuple[list[Row], dict[int, int]]:
    """The boxes of frames as rows, the first of them row 1 of the picture; and the row of each."""
    said = {pfn: frames.row(timeline, pfn) for box in boxes for pfn in box.shown}
    wide = max(frames.width(timeline), *(length(row) for row in said.values()), 0) + 2
    wide = min(wide, width * 2 // 5)
    rows: list[Row] = []
    at: dict[int, int] = {}
    edge = Mark("│", "frame")
    for box in boxes:
        rows.append(frames.heading(box, wide))
        for pfn in box.shown:
            at[pfn] = len(rows) + 1
            rows.append((edge, *fit(said[pfn], wide - 2), edge))
        if box.rest:
            rest = (Mark(f"   {box.rest}", "dim"),)
            rows.append((edge, *fit(rest, wide - 2), edge))
        rows.append((Mark(f"╰{'─' * (wide - 2)}╯", "frame"),))
    return rows, at


def _settled(blocks: Sequence[Sequence[End]], at: Mapping[int, int], height: int) -> dict[int, End]:
    """Blocks in rows, apart where there is room, and such that every line can be drawn."""
    lines = sum(map(len, blocks))
    apart = lines + len(blocks) < height
    gaps = [int(apart and number > 0) for number in range(len(blocks))]
    while True:
        placed: dict[int, End] = {}
        block_of: dict[int, int] = {}
        row = 1
        for number, block in enumerate(blocks):
            row += gaps[number]
            for end in block:
                placed[row], block_of[row] = end, number
                row += 1
        lead = [Wire(near, at[end.leads]) for near, end in placed.items() if end.leads in at]
        found = wires.trouble(lead)
        if found < 0:
            return placed
        gaps[block_of[found]] += 1


# -- the lines --------------------------------------------------------------------------------


def _wires(
    timeline: Timeline, column: _Column, at: Mapping[int, int], selected: Ref | None
) -> list[Wire]:
    debt = in_debt(timeline).get(selected.index) if selected and _is_frame(selected) else None
    frames_of = debt.all_frames if debt else ()
    return [
        _wire(end, near, at[end.leads], selected, owed=end.stale and end.leads in frames_of)
        for near, end in column.at.items()
        if end.leads in at
    ]


def _is_frame(ref: Ref) -> bool:
    return ref.region == "frame"


def _wire(end: End, near: int, far: int, selected: Ref | None, *, owed: bool) -> Wire:
    """The line of an end; those of one debt are selected with any of its frames."""
    one_with = (end.ref, end.owner, Ref("frame", end.leads))
    chosen = owed or (selected is not None and selected in one_with)
    role = "accent" if end.role == "text" and (chosen or end.changed) else end.role
    urgency = 4 * chosen + 2 * end.changed + end.stale
    weight = HEAVY if chosen or end.changed else LIGHT
    return Wire(near, far, weight, end.stale, role, urgency)


def _dimmed(lines: tuple[list[Wire], list[Wire]]) -> tuple[list[Wire], list[Wire]]:
    """The lines, those of little weight dim where there are many, or others are selected."""
    many = sum(map(len, lines)) > MANY
    picked = any(wire.urgency >= 4 for some in lines for wire in some)
    if not many and not picked:
        return lines
    one, two = ([_dim(wire) for wire in some] for some in lines)
    return one, two


def _dim(wire: Wire) -> Wire:
    return wire if wire.urgency else evolve(wire, role="dim")


def _waits(column: _Column) -> list[Wire]:
    """A line from each CPU that waits for others to flush to those that have yet to answer."""
    asking = {end.shootdown: row for row, end in column.at.items() if end.waits}
    return [
        Wire(row, asking[end.shootdown], role="ipi")
        for row, end in column.at.items()
        if end.shootdown in asking and not end.waits
    ]


# -- rows -------------------------------------------------------------------------------------


def _strip(gutter: Gutter, row: int, width: int) -> list[Mark]:
    """One row of a gutter."""
    blank = Mark(" ")
    return [gutter.cells.get((row, column), blank) for column in range(width)]


def _near(end: End | None, lines: Collection[Wire], gutter: Gutter, number: int, width: int) -> Row:
    """A row of the left column, with the beginning of its line."""
    if end is None:
        return (Mark(" " * width),)
    wire = next((one for one in lines if one.near == number), None)
    if wire is None or wire.far in gutter.undrawn:
        return fit(_with_name(end), width)
    row = end.row if length(end.row) < width else fit(end.row, width - 1)
    glyph = character((0, wire.weight, 0, wire.weight), broken=wire.broken)
    room = width - length(row)
    return (*row, Mark(" "), Mark(glyph * (room - 1), wire.role))


def _far(end: End | None, lines: Collection[Wire], gutter: Gutter, number: int) -> Row:
    """A row of the right column, which its line comes to from the left."""
    if end is None:
        return ()
    drawn = any(one.near == number and one.far not in gutter.undrawn for one in lines)
    return (Mark(" "), *(end.row if drawn else _with_name(end)))


def _with_name(end: End) -> Row:
    """A row whose line is not drawn: it says where it leads."""
    if end.leads < 0:
        return end.row
    return (*end.row, Mark(f" → f{end.leads}", "dim", Ref("frame", end.leads)))
