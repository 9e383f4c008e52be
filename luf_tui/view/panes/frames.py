"""The frame map: DRAM and CXL, a mark per frame, or per group when there are many."""

from __future__ import annotations

from functools import lru_cache

from luf_tui.machine.refs import Ref
from luf_tui.machine.schema import FREE_STATES, Frame, TlbEntry
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
LEGEND: tuple[tuple[str, str, str], ...] = (
    ("█", "used", "anon"), ("▓", "file", "file"), ("▒", "kernel", "kernel"), ("░", "free", "free"),
    ("◆", "pending", "owes"), ("▲", "flushed", "paying"), ("~", "stale", "stale"),
    ("□", "text", "taken"),
    ("▤", "kernel", "page table"),
)  # fmt: skip
OWES = LEGEND[4]
SHOWN = (Frame.state, Frame.content)
"""Fields of a frame that its mark shows."""
FILL = (("░", "free", "empty"), ("▒", "used", "some"), ("█", "used", "full"))


def build(timeline: Timeline, state: ViewState, width: int, height: int) -> Pane:
    """The most telling map that fits: frames with contents, frames, or groups of frames."""
    config = timeline.config
    label = _label_width(timeline)
    room = max(1, width - label)
    legend = _legend(width, grouped=False)
    rows: list[Row] = []
    if config.frames <= NAMED:
        rows = _detailed(timeline, label, room)
    if not rows or len(rows) > height - len(legend):
        rows = _spaced(timeline, label, room, height - len(legend))
    if not rows:
        rows, grouped = _dense(timeline, label, room, max(1, height - len(legend)))
        legend = _legend(width, grouped=grouped)
    return Pane("frames", (Mark("frames", "title"),), (*rows, *legend))


def rows_wanted(timeline: Timeline, width: int) -> int:
    """Rows in which each frame has a place of its own, with its content where that is not too much
    to ask.
    """
    config, room = timeline.config, max(1, width - _label_width(timeline))
    detailed = _detailed_across(timeline, room) if config.frames <= NAMED else 0
    across = detailed if detailed >= FEWEST_NAMED else _spaced_across(room)
    rows = sum(-(-node.frames // across) for node in config.nodes)
    return min(MOST_ROWS, rows + len(_legend(width, grouped=False)))


def _label_width(timeline: Timeline) -> int:
    """Cells before the frames of a row."""
    config = timeline.config
    return 1 + max(cells(clean(node.name)) for node in config.nodes) + len(str(config.frames)) + 1


def _label(name: str, first: int, label: int, *, at_start: bool) -> Row:
    """The node's name in its first row, and the number of a row's first frame."""
    number = f"{first} "
    return (
        Mark(pad(clean(name) if at_start else "", label - len(number)), "title"),
        Mark(number, "dim"),
    )


def _cell_width(timeline: Timeline) -> int:
    """Cells of a frame with its number and content."""
    return 6 + len(str(timeline.config.frames)) + names.content_width(timeline)


def _detailed_across(timeline: Timeline, room: int) -> int:
    """Frames with their contents in a row, a power of two."""
    return 1 << (max(1, room // _cell_width(timeline)).bit_length() - 1)


def _spaced_across(room: int) -> int:
    """Frames without their contents in a row."""
    return max(1, (room + 1) // (2 * BUNCH + 1)) * BUNCH


def _detailed(timeline: Timeline, label: int, room: int) -> list[Row]:
    """Every frame with its number and content, in a power of two of columns."""
    config = timeline.config
    cell, across = _cell_width(timeline), _detailed_across(timeline, room)
    rows: list[Row] = []
    for node, spec in enumerate(config.nodes):
        start, end = config.first_frame(node), config.first_frame(node) + spec.frames
        for first in range(start, end, across):
            row = list(_label(spec.name, first, label, at_start=first == start))
            for pfn in range(first, min(first + across, end)):
                row += _frame(timeline, pfn, cell)
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
        Mark("~" if reached else " ", "stale" if reached else "text", ref),
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


def _spaced(timeline: Timeline, label: int, room: int, height: int) -> list[Row]:
    """A mark per frame, in bunches; nothing where that does not fit."""
    per = _spaced_across(room)
    config = timeline.config
    rows: list[Row] = []
    if sum(-(-node.frames // per) for node in config.nodes) > height:
        return rows
    for node, spec in enumerate(config.nodes):
        start, end = config.first_frame(node), config.first_frame(node) + spec.frames
        for first in range(start, end, per):
            row = list(_label(spec.name, first, label, at_start=first == start))
            for pfn in range(first, min(first + per, end)):
                row += _mark(timeline, pfn, gap=(pfn - first) % BUNCH == BUNCH - 1)
            rows.append(tuple(row))
    return rows


def _mark(timeline: Timeline, pfn: int, *, gap: bool) -> list[Mark]:
    """A frame, and ~ where a stale entry leads to it."""
    glyph, role = names.frame(timeline, pfn)
    ref, moved = Ref("frame", pfn), _moved(timeline, pfn)
    reached = pfn in names.stale_frames(timeline)
    after = Mark("~", "stale", ref, moved) if reached else CHANGED if moved else Mark(" ")
    return [Mark(glyph, role, ref, moved), after, *((Mark(" "),) if gap else ())]


def _dense(timeline: Timeline, label: int, room: int, height: int) -> tuple[list[Row], bool]:
    """Cells that stand for groups of frames, of one size for all nodes: how full a group is, and
    whether any of it owes. True when a group is more than one frame.
    """
    nodes = timeline.config.nodes
    group = 1
    while sum(-(-node.frames // (group * room)) for node in nodes) > max(height, len(nodes)):
        group = max(group + 1, group * 9 // 8)
    found = frame_map(timeline)
    owed = in_debt(timeline)
    rows: list[Row] = []
    for node, spec in enumerate(nodes):
        start = timeline.config.first_frame(node)
        end = start + spec.frames
        debts = {(pfn - start) // group for pfn in owed if start <= pfn < end}
        for first in range(start, end, group * room):
            row = list(_label(spec.name, first, label, at_start=first == start))
            last = min(first + group * room, end)
            row += [
                _group(found, at, min(at + group, end), owes=(at - start) // group in debts)
                for at in range(first, last, group)
            ]
            rows.append(tuple(row))
    return rows, group > 1


def _group(found: FrameMap, start: int, end: int, *, owes: bool) -> Mark:
    if owes:
        return _cell("◆", "pending", start)
    if end - start == 1:
        return _cell(*names.FRAME_GLYPHS.get(found.states[start], ("·", "dim")), start)
    used = found.used(start, end)
    shade = SHADES[-(-used * (len(SHADES) - 1) // (end - start))]
    return _cell(shade, "used" if used else "free", start)


@lru_cache(maxsize=1 << 14)
def _cell(glyph: str, role: str, pfn: int) -> Mark:
    """Most cells of a large map look as they did before."""
    return Mark(glyph, role, Ref("frame", pfn))


def _legend(width: int, *, grouped: bool) -> list[Row]:
    """What the glyphs are, in as many rows as that takes."""
    told = (*FILL, OWES) if grouped else LEGEND
    pieces = [(Mark(f"{glyph} ", role), Mark(words, "dim")) for glyph, role, words in told]
    return flowing(pieces, width)
