"""The frame map: DRAM and CXL, a mark per frame, or per group when there are many."""

from __future__ import annotations

from functools import lru_cache

from luf_tui.machine.refs import Ref
from luf_tui.machine.schema import FREE_STATES, Frame, TlbEntry
from luf_tui.policy.base import OWED, PAYING
from luf_tui.timeline.ask.debt_states import in_debt
from luf_tui.timeline.caches import per_position
from luf_tui.timeline.timeline import Timeline
from luf_tui.view import names
from luf_tui.view.changes import (
    AS_BEFORE,
    CHANGED,
    before,
    changed,
    debt_moved,
    stale_moved,
    written,
)
from luf_tui.view.columns import cells, flowing, pad
from luf_tui.view.framemap import FrameMap, frame_map
from luf_tui.view.marks import Mark, Pane, Row, clean
from luf_tui.view.state import ViewState

NAMED = 128
"""Up to so many frames, each may be shown with its content."""
SHADES = "░▒▓█"
FEWEST_NAMED = 2
"""Frames with contents in a row, below which the pane asks for no room for them."""
MOST_ROWS = 12
"""Rows that the pane asks for at most."""
BUNCH = 8
"""Frames between two gaps of a map that shows every frame."""
WITH_GUTTER, WITH_SIGN = 3, 2
"""Cells of a frame without its content: its glyph, a place for ~ and, where there is room, one for
the mark of what changed."""
LEGEND: tuple[tuple[str, str, str], ...] = (
    ("█", "used", "anon"), ("▓", "file", "file"), ("▒", "kernel", "kernel"), ("░", "free", "free"),
    ("◆", "pending", "owes"), ("▲", "flushed", "paying"), ("~", "stale", "stale"),
    ("□", "text", "taken"),
    ("▤", "kernel", "page table"),
)  # fmt: skip
OWES, PAYS, STALE = LEGEND[4:7]
SHOWN = (Frame.state, Frame.content)
"""Fields of a frame that its mark shows."""
NO_CHANGE = Mark(" ")
"""Stands for what the last micro-step left alone where only changes are shown."""
FILL = (("░", "free", "empty"), ("▒▓", "used", "some used"), ("█", "used", "full"))


def build(timeline: Timeline, state: ViewState, width: int, height: int) -> Pane:
    """The most telling map that fits: frames with contents, frames, or groups of frames."""
    config = timeline.config
    label = _label_width(timeline)
    room = max(1, width - label)
    legend = _legend(timeline, width, grouped=False)
    rows: list[Row] = []
    only = state.changed_only
    if config.frames <= NAMED:
        rows = _detailed(timeline, label, room, only=only)
    for cell in (WITH_GUTTER, WITH_SIGN):
        if cell == WITH_GUTTER and room < cell * BUNCH:
            continue
        if not rows or len(rows) > height - len(legend):
            rows = _spaced(timeline, label, room, height - len(legend), cell, only=only)
    if not rows:
        rows, grouped = _dense(timeline, label, room, max(1, height - len(legend)), only=only)
        legend = _legend(timeline, width, grouped=grouped)
    return Pane("frames", (Mark("frames", "title"),), (*rows, *legend))


def rows_wanted(timeline: Timeline, width: int) -> int:
    """Rows in which each frame has a place of its own, with its content where that is not too much
    to ask.
    """
    config, room = timeline.config, max(1, width - _label_width(timeline))
    detailed = _detailed_across(timeline, room) if config.frames <= NAMED else 0
    across = detailed if detailed >= FEWEST_NAMED else _spaced_across(room, WITH_SIGN)
    rows = sum(-(-node.frames // across) for node in config.nodes)
    return min(MOST_ROWS, rows + len(_legend(timeline, width, grouped=False)))


def _label_width(timeline: Timeline) -> int:
    """Cells before the frames of a row."""
    config = timeline.config
    return 1 + max(cells(clean(node.name)) for node in config.nodes) + len(str(config.frames)) + 1


def _label(name: str, first: int, label: int, *, at_start: bool) -> Row:
    """The node's name in its first row, and the number of a row's first frame."""
    number = f"{first} "
    told = pad(clean(name) if at_start else "", label - len(number))
    return (Mark(told, "title" if at_start else "dim"), Mark(number, "dim"))


def _edged(label: Row, frames: Row) -> Row:
    """A row whose frames have no place for the mark of what changed: it stands before them all."""
    name, number = label
    if any(mark.changed for mark in frames):
        return (name, Mark(number.text[:-1], number.role), CHANGED, *frames)
    return (*label, *frames)


def _cell_width(timeline: Timeline) -> int:
    """Cells of a frame with its number and content."""
    return 6 + len(str(timeline.config.frames)) + names.content_width(timeline)


def _detailed_across(timeline: Timeline, room: int) -> int:
    """Frames with their contents in a row, a power of two."""
    return 1 << (max(1, room // _cell_width(timeline)).bit_length() - 1)


def _spaced_across(room: int, cell: int) -> int:
    """Frames without their contents in a row, of so many cells each."""
    return max(1, (room + 1) // (cell * BUNCH + 1)) * BUNCH


def _detailed(timeline: Timeline, label: int, room: int, *, only: bool) -> list[Row]:
    """Every frame with its number and content, in a power of two of columns."""
    config = timeline.config
    cell, across = _cell_width(timeline), _detailed_across(timeline, room)
    rows: list[Row] = []
    for node, spec in enumerate(config.nodes):
        start, end = config.first_frame(node), config.first_frame(node) + spec.frames
        for first in range(start, end, across):
            row = list(_label(spec.name, first, label, at_start=first == start))
            for pfn in range(first, min(first + across, end)):
                shown = not only or _moved(timeline, pfn)
                row += _frame(timeline, pfn, cell) if shown else [Mark(" " * cell)]
            rows.append(tuple(row))
    return rows


def _frame(timeline: Timeline, pfn: int, cell: int) -> list[Mark]:
    """A frame: who has it, whether a stale entry leads here, its number, and its bytes."""
    glyph, role = names.frame(timeline, pfn)
    frame = timeline.machine.frame[pfn]
    ref = Ref("frame", pfn)
    moved = _moved(timeline, pfn)
    reached = pfn in names.stale_frames(timeline)
    untouched = frame.state in FREE_STATES and not frame.content
    what = "" if untouched else names.content(timeline.machine, frame.content)
    name = f"f{pfn} "
    return [
        CHANGED if moved else AS_BEFORE,
        Mark(glyph, role, ref, moved),
        Mark("~", "stale", ref, moved) if reached else Mark(" ", "text", ref),
        Mark(name, role, ref, moved),
        Mark(pad(what, cell - 3 - len(name)), "dim", ref),
    ]


def _moved(timeline: Timeline, pfn: int) -> bool:
    """Whether the last micro-step changed what a frame's mark says."""
    return (
        changed(timeline, "frame", pfn, SHOWN)
        or pfn in debt_moved(timeline)
        or pfn in _led_to_anew(timeline)
    )


@per_position
def _led_to_anew(timeline: Timeline) -> frozenset[int]:
    """Frames that a stale entry leads to since the last micro-step, or led to before it."""
    tlb = timeline.machine.tlb
    moved = stale_moved(timeline)
    now = (tlb[n].frame for n in moved)
    then = (before(timeline, tlb[n], TlbEntry.frame) for n in moved)
    return frozenset(frame.pfn for frame in (*now, *then) if frame)


def _spaced(
    timeline: Timeline, label: int, room: int, height: int, cell: int, *, only: bool
) -> list[Row]:
    """A mark per frame, in bunches; nothing where that does not fit."""
    per = _spaced_across(room, cell)
    config = timeline.config
    rows: list[Row] = []
    if sum(-(-node.frames // per) for node in config.nodes) > height:
        return rows
    for node, spec in enumerate(config.nodes):
        start, end = config.first_frame(node), config.first_frame(node) + spec.frames
        for first in range(start, end, per):
            head = _label(spec.name, first, label, at_start=first == start)
            row: list[Mark] = []
            for pfn in range(first, min(first + per, end)):
                shown = not only or _moved(timeline, pfn)
                row += _mark(timeline, pfn, cell) if shown else [Mark(" " * cell)]
                if (pfn - first) % BUNCH == BUNCH - 1:
                    row.append(Mark(" "))
            rows.append((*head, *row) if cell == WITH_GUTTER else _edged(head, tuple(row)))
    return rows


def _mark(timeline: Timeline, pfn: int, cell: int) -> list[Mark]:
    """A frame, ~ where a stale entry leads to it, and before it whether it changed, where there is
    room for that.
    """
    glyph, role = names.frame(timeline, pfn)
    ref, moved = Ref("frame", pfn), _moved(timeline, pfn)
    reached = pfn in names.stale_frames(timeline)
    after = Mark("~", "stale", ref, moved) if reached else Mark(" ")
    edge = [CHANGED if moved else AS_BEFORE] if cell == WITH_GUTTER else []
    return [*edge, Mark(glyph, role, ref, moved), after]


def _dense(
    timeline: Timeline, label: int, room: int, height: int, *, only: bool
) -> tuple[list[Row], bool]:
    """Cells that stand for groups of frames, of one size for all nodes: how full a group is, and
    whether any of it is being paid for, owes, or is led to by a stale entry. True when a group is
    more than one frame.
    """
    nodes = timeline.config.nodes
    group = 1
    while sum(-(-node.frames // (group * room)) for node in nodes) > max(height, len(nodes)):
        group = max(group + 1, group * 9 // 8)
    found = frame_map(timeline)
    signs, moved = _signs(timeline), _all_moved(timeline)
    rows: list[Row] = []
    for node, spec in enumerate(nodes):
        start = timeline.config.first_frame(node)
        end = start + spec.frames
        signed = {(pfn - start) // group: sign for pfn, sign in signs if start <= pfn < end}
        lit = {(pfn - start) // group for pfn in moved if start <= pfn < end}
        for first in range(start, end, group * room):
            head = _label(spec.name, first, label, at_start=first == start)
            row = []
            for at in range(first, min(first + group * room, end), group):
                number = (at - start) // group
                if only and number not in lit:
                    row.append(NO_CHANGE)
                    continue
                look = signed.get(number) or _fill(found, at, min(at + group, end))
                row.append(_cell(*look, at, number in lit))
            rows.append(_edged(head, tuple(row)))
    return rows, group > 1


def _signs(timeline: Timeline) -> list[tuple[int, tuple[str, str]]]:
    """Frames that are more than used or free, with the sign for it, the most telling last."""
    debts = in_debt(timeline)
    found = [(pfn, STALE[:2]) for pfn in names.stale_frames(timeline)]
    for state in (OWED, PAYING):
        found += [(pfn, names.SIGNS[state]) for pfn, one in debts.items() if one.state == state]
    return found


def _all_moved(timeline: Timeline) -> frozenset[int]:
    """Frames whose use or sign the last micro-step changed."""
    used = (
        index
        for region, index, field in written(timeline)
        if region == "frame" and field == Frame.state.name
    )
    return frozenset(used) | debt_moved(timeline) | _led_to_anew(timeline)


def _fill(found: FrameMap, start: int, end: int) -> tuple[str, str]:
    """What a frame is, or how full a group of them."""
    if end - start == 1:
        return names.FRAME_GLYPHS.get(found.states[start], ("·", "dim"))
    used = found.used(start, end)
    shade = SHADES[-(-used * (len(SHADES) - 1) // (end - start))]
    return shade, "used" if used else "free"


@lru_cache(maxsize=1 << 14)
def _cell(glyph: str, role: str, pfn: int, moved: bool) -> Mark:
    """Most cells of a large map look as they did before."""
    return Mark(glyph, role, Ref("frame", pfn), moved)


def _legend(timeline: Timeline, width: int, *, grouped: bool) -> list[Row]:
    """What the glyphs are that there can be, in as many rows as that takes: a recording does not
    tell what CPUs cache.
    """
    told = (*FILL, OWES, PAYS, STALE) if grouped else LEGEND
    if timeline.program.recorded is not None:
        told = tuple(one for one in told if one is not STALE)
    pieces = [(Mark(f"{glyph} ", role), Mark(words, "dim")) for glyph, role, words in told]
    return flowing(pieces, width)
