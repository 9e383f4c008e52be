"""The pcp lists and the buddy lists, with what each free page owes, and pages in flight."""

from __future__ import annotations

from luf_tui.machine import lists
from luf_tui.machine.machine import TASK_LISTS
from luf_tui.machine.refs import Ref
from luf_tui.machine.schema import ListHead, Zone
from luf_tui.timeline.timeline import Timeline
from luf_tui.view import names
from luf_tui.view.columns import side_by_side, stacked
from luf_tui.view.framemap import owing
from luf_tui.view.marks import Mark, Pane, Row, clean
from luf_tui.view.state import ViewState

WANTED, LEAST = 30, 24
LONGEST = 12
"""Frames of one list that are named before the rest is only counted."""
FEW = 8
"""Up to so many CPUs, also those with empty lists are shown; so many tasks likewise."""
IN_FLIGHT = {
    "isolated": "isolated", "plain": "to free", "luf": "to free, owing", "freepages": "targets",
}  # fmt: skip
"""What the private lists of a task are called."""


def build(timeline: Timeline, state: ViewState, width: int, height: int) -> Pane:
    """A block for the pcp lists and one per zone."""
    blocks = [_pcp(timeline)]
    blocks += [_zone(timeline, zone) for zone in timeline.machine.zone]
    rows = side_by_side(blocks, width, WANTED, LEAST)
    current = names.first_lit(rows) if len(rows) > height else None
    return Pane("lists", (Mark("free lists", "title"),), rows, current)


def rows_wanted(timeline: Timeline, width: int) -> int:
    """Rows that it fills in a run, with room for pages in flight."""
    config = timeline.config
    lists = config.cpus if config.cpus <= FEW else 1
    heights = [1 + lists + 1, *(2 + config.max_order for _ in config.nodes)]
    return stacked(heights, width, WANTED, LEAST)


def _pcp(timeline: Timeline) -> list[Row]:
    m = timeline.machine
    rows: list[Row] = [(Mark("pcp ", "title"), Mark("head first", "dim"))]
    many = len(m.config.nodes) > 1
    for cpu in range(m.config.cpus):
        for zone, spec in zip(m.zone, m.config.nodes, strict=True):
            which = m.pcp_list(cpu, zone)
            if which.count or (not zone.index and m.config.cpus <= FEW):
                where = f"cpu{cpu} {clean(spec.name)}" if many else f"cpu{cpu}"
                rows.append((Mark(f"  {where:<9} ", "dim"), *_frames(timeline, which)))
    return rows + _in_flight(timeline)


def _in_flight(timeline: Timeline) -> list[Row]:
    """Pages that a task holds on lists of its own, on their way out."""
    m = timeline.machine
    rows: list[Row] = []
    for task, spec in zip(m.task[: 8 * FEW], m.config.tasks, strict=False):
        for name in TASK_LISTS:
            which = m.task_list(task, name)
            if which.count:
                label = f"  {clean(spec.name)} {IN_FLIGHT[name]} "
                rows.append((Mark(label, "dim"), *_frames(timeline, which)))
    return rows + _gathered(timeline)


def _gathered(timeline: Timeline) -> list[Row]:
    """Pages that an mmu_gather unmapped and holds until its flush."""
    m = timeline.machine
    changed = names.touched(timeline)
    rows: list[Row] = []
    for mm, spec in zip(m.mm, m.config.processes, strict=True):
        if not mm.flush_pending:
            continue
        held = [m.pte_at(mm, vpn).gathered for vpn in range(m.config.pages)]
        marks = [
            Mark(f"f{pfn} ", "changed" if ("frame", pfn) in changed else "text", Ref("frame", pfn))
            for pfn in (frame.pfn for frame in held if frame)
        ]
        if marks:
            rows.append((Mark(f"  {clean(spec.name)} gathered ", "dim"), *marks[:LONGEST]))
    return rows


def _zone(timeline: Timeline, zone: Zone) -> list[Row]:
    """A zone's free areas, those that owe after those that do not."""
    m = timeline.machine
    spec = m.config.nodes[zone.index]
    moved = ("zone", zone.index) in names.touched(timeline)
    free = Mark(str(zone.free), "changed" if moved else "text")
    rows: list[Row] = [
        (Mark(f"{clean(spec.name)} ", "title"), free, Mark(f" of {spec.frames} free", "dim"))
    ]
    for order in range(m.orders):
        pend, clean_blocks = m.pend_list(zone, order), m.free_list(zone, order)
        plain = _frames(timeline, clean_blocks)
        if pend.count:
            none = not clean_blocks.count
            plain = _frames(timeline, pend) if none else (*plain, *_frames(timeline, pend))
        rows.append((Mark(f"  order {order}  ", "dim"), *plain))
    return rows


def _frames(timeline: Timeline, which: ListHead) -> Row:
    """The frames of a list, each with ◆ and its key or generation if it owes a flush."""
    changed, owed = names.touched(timeline), owing(timeline)
    marks: list[Mark] = []
    for number, frame in enumerate(lists.members(which)):
        if number == LONGEST:
            marks.append(Mark(f"and {which.count - LONGEST} more", "dim"))
            break
        pfn = frame.pfn
        ref = Ref("frame", pfn)
        last = f"-{pfn + (1 << frame.order) - 1}" if frame.order else ""
        role = "changed" if ("frame", pfn) in changed else "text"
        marks.append(Mark(f"f{pfn}{last}", "pending" if pfn in owed else role, ref))
        if pfn in owed:
            marks.append(Mark(f"◆{frame.mark}", "pending", ref))
        elif frame.mark:
            marks.append(Mark(f"△{frame.mark}", "dim", ref))
        marks.append(Mark(" "))
    return tuple(marks) or (Mark("–", "dim"),)
