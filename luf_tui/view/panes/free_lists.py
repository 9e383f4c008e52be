"""The pcp lists and the buddy lists, with what each free page owes."""

from __future__ import annotations

from luf_tui.machine import lists
from luf_tui.machine.refs import Ref
from luf_tui.timeline.timeline import Timeline
from luf_tui.view import names
from luf_tui.view.columns import side_by_side
from luf_tui.view.marks import Mark, Pane, Row
from luf_tui.view.state import ViewState

LEAST = 26
LONGEST = 12
"""Frames of one list that are named before the rest is only counted."""


def build(timeline: Timeline, state: ViewState, width: int, height: int) -> Pane:
    """A block for the pcp lists and one per zone."""
    m = timeline.machine
    blocks = [_pcp(timeline)]
    blocks += [_zone(timeline, node) for node in range(len(m.config.nodes))]
    title = (Mark("pcp and buddy", "title"),)
    return Pane("lists", title, side_by_side(blocks, width, LEAST))


def _pcp(timeline: Timeline) -> list[Row]:
    m = timeline.machine
    rows: list[Row] = [(Mark("pcp ", "title"), Mark("head first", "dim"))]
    many = len(m.config.nodes) > 1
    for cpu in range(m.config.cpus):
        for node, spec in enumerate(m.config.nodes):
            which = m.pcp_list(cpu, node)
            if m.lists[which].count or (not node and m.config.cpus <= 8):
                where = f"cpu{cpu} {spec.name}" if many else f"cpu{cpu}"
                rows.append((Mark(f"  {where:<9} ", "dim"), *_frames(timeline, which)))
    return rows


def _zone(timeline: Timeline, node: int) -> list[Row]:
    m = timeline.machine
    spec = m.config.nodes[node]
    rows: list[Row] = [
        (Mark(f"{spec.name} ", "title"), Mark(f"{m.zone[node].free} of {spec.frames} free", "dim"))
    ]
    for order in range(m.orders):
        clean = _frames(timeline, m.free_list(node, order))
        pend = m.pend_list(node, order)
        owing = _frames(timeline, pend) if m.lists[pend].count else ()
        rows.append((Mark(f"  order {order}  ", "dim"), *clean, *owing))
    return rows


def _frames(timeline: Timeline, which: int) -> Row:
    """The frames of a list, each with ◆ and its key or generation if it owes a flush."""
    m = timeline.machine
    changed = names.touched(timeline)
    marks: list[Mark] = []
    for number, pfn in enumerate(lists.members(m, which)):
        if number == LONGEST:
            marks.append(Mark(f"… {m.lists[which].count - LONGEST} more", "dim"))
            break
        frame = m.frame[pfn]
        owes = frame.mark and timeline.policy.owed(m, pfn)
        size = f"+{(1 << frame.order) - 1}" if frame.order else ""
        role = "pending" if owes else "changed" if ("frame", pfn) in changed else "text"
        text = f"f{pfn}{size}" + (f"◆{frame.mark}" if owes else "")
        marks += [Mark(text, role, Ref("frame", pfn)), Mark(" ")]
    return tuple(marks) or (Mark("–", "dim"),)
