"""The pcp lists and the buddy lists, with what each free page owes, and pages in flight."""

from __future__ import annotations

from luf_tui.machine import lists
from luf_tui.machine.machine import TASK_LISTS
from luf_tui.machine.refs import Ref
from luf_tui.machine.schema import Frame, ListHead, Mm, Pte, Zone
from luf_tui.timeline.ask.debt_states import in_debt, in_debt_at
from luf_tui.timeline.caches import per_position
from luf_tui.timeline.tell.words import counted
from luf_tui.timeline.timeline import Timeline
from luf_tui.view import names
from luf_tui.view.changes import AS_BEFORE, before, changed, debt_moved, gutter, written
from luf_tui.view.columns import side_by_side, stacked
from luf_tui.view.marks import Mark, Pane, Row, clean
from luf_tui.view.state import ViewState

WANTED, LEAST = 30, 24
SHOWN = (Frame.where, Frame.mark, Frame.order)
"""Fields of a frame that its place on a list shows."""
GATHERED = ("pte", Pte.gathered.name)
LONGEST = 12
"""Frames of one list that are named before the rest is only counted."""
FEW = 8
"""Up to so many CPUs, also those with empty lists are shown; so many tasks likewise."""
IN_FLIGHT = {
    "isolated": "isolated", "plain": "to free", "luf": "to free", "freepages": "targets",
}  # fmt: skip
"""What the private lists of a task are called."""


def build(timeline: Timeline, state: ViewState, width: int, height: int) -> Pane:
    """A block for the pcp lists and one per zone."""
    blocks = [_pcp(timeline)]
    blocks += [_zone(timeline, zone) for zone in timeline.machine.zone]
    rows = side_by_side(blocks, width, WANTED, LEAST)
    current, lead = names.in_sight(rows, height)
    return Pane("lists", (Mark("free lists", "title"),), rows, current, lead)


def rows_wanted(timeline: Timeline, width: int) -> int:
    """Rows that it fills in a run, with room for pages in flight."""
    config = timeline.config
    lists = config.cpus if config.cpus <= FEW else 1
    heights = [1 + lists + 1, *(2 + config.max_order for _ in config.nodes)]
    return stacked(heights, width, WANTED, LEAST)


def _pcp(timeline: Timeline) -> list[Row]:
    m = timeline.machine
    rows: list[Row] = [_pcp_head(timeline)]
    many = len(m.config.nodes) > 1
    for cpu in range(m.config.cpus):
        for zone, spec in zip(m.zone, m.config.nodes, strict=True):
            which = m.pcp_list(cpu, zone)
            shown = not zone.index and m.config.cpus <= FEW
            if which.count or shown or _left(timeline, which):
                where = f"cpu{cpu} {clean(spec.name)}" if many else f"cpu{cpu}"
                rows.append(_line(timeline, f" {where:<9} ", which))
    return rows + _in_flight(timeline)


def _pcp_head(timeline: Timeline) -> Row:
    """How many pages are on pcp lists, of all CPUs and zones."""
    m = timeline.machine
    every = [m.pcp_list(cpu, zone) for cpu in range(m.config.cpus) for zone in m.zone]
    now = sum(which.count for which in every)
    moved = now != sum(before(timeline, which, ListHead.count) for which in every)
    told = (Mark("pcp ", "title"), Mark(counted(now, "page"), "text", changed=moved))
    return gutter((*told, Mark("  head first", "dim")))


def _line(timeline: Timeline, label: str, *lists_of: ListHead) -> Row:
    """A label and the frames of lists, one after the other."""
    marks: list[Mark] = []
    for which in lists_of:
        marks += [*_frames(timeline, which), *_left(timeline, which)]
    return gutter((Mark(label, "dim"), *(marks or [Mark("–", "dim")])))


def _in_flight(timeline: Timeline) -> list[Row]:
    """Pages that a task holds on lists of its own, on their way out."""
    m = timeline.machine
    rows: list[Row] = []
    for task, spec in zip(m.task[: 8 * FEW], m.config.tasks, strict=False):
        for name in TASK_LISTS:
            which = m.task_list(task, name)
            if which.count or _left(timeline, which):
                told = f" {clean(spec.name)} {IN_FLIGHT[name]}{_owing(timeline, which)}"
                rows.append((AS_BEFORE, Mark(told, "dim")))
                rows.append(_line(timeline, "   ", which))
    return rows + _gathered(timeline)


def _owing(timeline: Timeline, which: ListHead) -> str:
    """Whether pages of a list wait for a flush, those included that just left it."""
    here = timeline.position
    left = (mark.ref for mark in _left(timeline, which) if mark.ref)
    was = in_debt_at(timeline, here - 1) if here else {}
    now = any(frame.pfn in in_debt(timeline) for frame in lists.members(which))
    return ", owing" if now or any(ref.index in was for ref in left) else ""


def _gathered(timeline: Timeline) -> list[Row]:
    """Pages that an mmu_gather unmapped and holds until its flush."""
    m = timeline.machine
    rows: list[Row] = []
    told = (index for region, index, field in written(timeline) if (region, field) == GATHERED)
    moved = {m.place(index)[0] for index in told}
    for mm, spec in zip(m.mm, m.config.processes, strict=True):
        if not mm.flush_pending and mm.index not in moved:
            continue
        pages = range(m.config.pages_of(mm.index))
        marks = [mark for vpn in pages for mark in _held(timeline, mm, vpn)]
        if marks:
            rows.append(gutter((Mark(f" {clean(spec.name)} gathered ", "dim"), *marks[:LONGEST])))
    return rows


def _held(timeline: Timeline, mm: Mm, vpn: int) -> Row:
    """The frame that a gather holds for a page, or held before the last micro-step."""
    pte = timeline.machine.pte_at(mm, vpn)
    moved = changed(timeline, "pte", pte.index, (Pte.gathered,))
    held = pte.gathered
    if held:
        return (Mark(f"f{held.pfn} ", "text", Ref("frame", held.pfn), moved),)
    was = before(timeline, pte, Pte.gathered) if moved else None
    return (Mark(f"was f{was.pfn} ", "dim", Ref("frame", was.pfn), moved),) if was else ()


def _zone(timeline: Timeline, zone: Zone) -> list[Row]:
    """A zone's free areas, those that owe after those that do not, and how many pages they have."""
    m = timeline.machine
    spec = m.config.nodes[zone.index]
    moved = changed(timeline, "zone", zone.index, (Zone.free,))
    free = Mark(str(zone.free), "text", changed=moved)
    head = (Mark(f"{clean(spec.name)} ", "title"), free, Mark(f" of {spec.frames} in buddy", "dim"))
    rows: list[Row] = [gutter(head)]
    for order in range(m.orders):
        both = (m.free_list(zone, order), m.pend_list(zone, order))
        rows.append(_line(timeline, f" order {order}  ", *both))
    return rows


def _frames(timeline: Timeline, which: ListHead) -> list[Mark]:
    """The frames of a list, each with the sign of its debt and its key or generation."""
    waiting, moved = in_debt(timeline), debt_moved(timeline)
    marks: list[Mark] = []
    for number, frame in enumerate(lists.members(which)):
        if number == LONGEST:
            marks.append(Mark(f"and {which.count - LONGEST} more", "dim"))
            break
        pfn, debt = frame.pfn, waiting.get(frame.pfn)
        ref = Ref("frame", pfn)
        last = f"-{pfn + (1 << frame.order) - 1}" if frame.order else ""
        role = names.debt_sign(debt)[1] if debt else "text"
        new = pfn in moved or changed(timeline, "frame", pfn, SHOWN)
        marks.append(Mark(f"f{pfn}{last}", role, ref, new))
        if debt:
            marks.append(Mark(names.debt_tag(debt), role, ref, new))
        elif frame.mark:
            marks.append(Mark(f"△{frame.mark}", "dim", ref, new))
        marks.append(Mark(" "))
    return marks


def _left(timeline: Timeline, which: ListHead) -> list[Mark]:
    """What the last micro-step took off a list: `was f0◆1`."""
    return _lefts(timeline).get(which.index, [])


@per_position
def _lefts(timeline: Timeline) -> dict[int, list[Mark]]:
    """The same for every list that lost something, by its number."""
    was = in_debt_at(timeline, timeline.position - 1) if timeline.position else {}
    found: dict[int, list[Mark]] = {}
    for region, index, field in sorted(written(timeline)):
        if (region, field) != ("frame", Frame.where.name):
            continue
        frame = timeline.machine.frame[index]
        old = before(timeline, frame, Frame.where)
        if old is not None and old is not frame.where:
            debt = was.get(frame.pfn)
            size = 1 << before(timeline, frame, Frame.order)
            block = f"f{frame.pfn}" + (f"-{frame.pfn + size - 1}" if size > 1 else "")
            told = f"was {block}{names.debt_tag(debt) if debt else ''}"
            mark = Mark(told, "dim", Ref("frame", frame.pfn), changed=True)
            found.setdefault(old.index, []).extend((mark, Mark(" ")))
    return found
