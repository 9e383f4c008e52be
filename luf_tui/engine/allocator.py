"""The buddy allocator's lists and the pcp lists, without waiting (mm/page_alloc.c).

One migratetype per zone: fallback between types is not modelled.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from luf_tui.machine import events as ev
from luf_tui.machine import lists
from luf_tui.machine.schema import BUDDY_TAIL, FREE_BUDDY, FREE_PCP, TAKEN, Frame, ListHead, Zone

if TYPE_CHECKING:
    from luf_tui.engine.kernel import Kernel

PCP_TRIES = 3
"""How many refused pages a pcp pick walks past before it gives up (v12, 18/26)."""


def _list_of(k: Kernel, zone: Zone, order: int, mark: int) -> ListHead:
    return k.m.pend_list(zone, order) if mark else k.m.free_list(zone, order)


def splice(k: Kernel, zone: Zone, order: int) -> None:
    """flush_pend_list_if_done(): what is paid joins the free_list, marks and all (OP-12)."""
    m = k.m
    if m.pend_list(zone, order).count and k.policy.splice_ready(m, zone, order):
        while frame := lists.pop_head(m.pend_list(zone, order)):
            k.policy.unlisted(m, zone, order, frame.mark)
            lists.push_tail(m.free_list(zone, order), frame)


def free_one(k: Kernel, frame: Frame, order: int, mark: int) -> None:
    """__free_one_page(): merge with free buddies and put the block on its list (OP-7), unless the
    task that frees it compacts for a block of just this size.
    """
    m = k.m
    zone = m.zone_of(frame)
    frames, at = m.frames_of(zone), frame.index - m.first_frame[zone.index]
    zone.free += 1 << order
    frame.mark = mark
    while True:
        if _wanted(k, order) and k.policy.may_capture(m, frames[at].mark):
            _capture(k, frames[at], order)
            return
        if order >= m.config.max_order:
            break
        other = at ^ (1 << order)
        if other + (1 << order) > len(frames):
            break
        buddy = frames[other]
        if buddy.state != FREE_BUDDY or buddy.order != order:
            break
        splice(k, zone, order)
        lists.unlink(buddy)
        if buddy.mark:
            k.policy.unlisted(m, zone, order, buddy.mark)
        k.emit(ev.MERGE, k.cpu, frames[at].pfn, buddy.pfn, order + 1)
        head, tail = frames[min(at, other)], frames[max(at, other)]
        head.mark = k.policy.merge_marks(m, zone, head.mark, tail.mark)
        tail.state = BUDDY_TAIL
        at, order = min(at, other), order + 1
    head = frames[at]
    head.state, head.order = FREE_BUDDY, order
    for tail in m.block(head, order)[1:] if order else ():
        tail.state = BUDDY_TAIL
    splice(k, zone, order)
    to = _list_of(k, zone, order, head.mark)
    if head.mark:
        lists.push_tail(to, head)
        k.policy.listed(m, zone, order, head.mark)
    elif _likely_to_merge(k, zone, at, order):
        lists.push_tail(to, head)
    else:
        lists.push_head(to, head)


def _wanted(k: Kernel, order: int) -> bool:
    """task_capc(): the current task compacts for a block of this order and has none yet."""
    return k.task is not None and k.task.capture == order and not k.task.captured


def _capture(k: Kernel, frame: Frame, order: int) -> None:
    """compaction_capture(): the block goes to whoever compacts for it, and on no list."""
    assert k.task
    k.task.captured = frame
    k.m.zone_of(frame).free -= 1 << order
    for taken in k.m.block(frame, order):
        taken.state = TAKEN
    frame.order = order
    k.emit(ev.CAPTURE, k.cpu, frame.pfn, order)


def _likely_to_merge(k: Kernel, zone: Zone, at: int, order: int) -> bool:
    """buddy_merge_likely(): the next-higher block's buddy is free already."""
    if order >= k.m.config.max_order - 1:
        return False
    above, frames = (at & ~((2 << order) - 1)) ^ (2 << order), k.m.frames_of(zone)
    if above + (2 << order) > len(frames):
        return False
    return frames[above].state == FREE_BUDDY and frames[above].order == order + 1


def pick(k: Kernel, zone: Zone, order: int) -> Frame | None:
    """__rmqueue(): the block to take off, smallest order first.

    A block of the pend_list is offered only if the policy accepts its debt (OP-12); the debt is
    folded by the same question.
    """
    for size in range(order, k.m.orders):
        frame = pick_exact(k, zone, size)
        if frame:
            return frame
    return None


def pick_exact(k: Kernel, zone: Zone, order: int) -> Frame | None:
    """A block of exactly this order that may be taken off."""
    m = k.m
    splice(k, zone, order)
    clean, owing = m.free_list(zone, order), m.pend_list(zone, order)
    for blocks in (owing, clean) if k.policy.pend_first(m, zone) else (clean, owing):
        head = blocks.head
        if not head:
            continue
        if blocks is clean:
            head.mark = 0
        if k.policy.take_buddy(m, k.task, zone, head):
            return head
    return None


def detach(k: Kernel, frame: Frame, order: int) -> None:
    """Take a block off its list and give back what is left of it, upper halves first (expand()).

    Left-over halves go back with their own marks (OP-8).
    """
    m = k.m
    zone, size = m.zone_of(frame), frame.order
    lists.unlink(frame)
    if frame.mark:
        k.policy.unlisted(m, zone, size, frame.mark)
    zone.free -= 1 << order
    while size > order:
        size -= 1
        half = m.frame[frame.index + (1 << size)]
        half.state, half.order = FREE_BUDDY, size
        half.mark = k.policy.split_mark(m, zone, half.mark)
        to = _list_of(k, zone, size, half.mark)
        if half.mark:
            lists.push_tail(to, half)
            k.policy.listed(m, zone, size, half.mark)
        else:
            lists.push_head(to, half)
        k.emit(ev.SPLIT, k.cpu, frame.pfn, size)
    for taken in m.block(frame, order) if order else (frame,):
        taken.state = TAKEN
    frame.order = order
    k.emit(ev.TAKE, k.cpu, frame.pfn, order)


def pick_pcp(k: Kernel, cpu: int, zone: Zone) -> Frame | None:
    """A page of a CPU's pcp list that may be taken, walking past a few refused ones."""
    for frame in islice(lists.members(k.m.pcp_list(cpu, zone)), PCP_TRIES):
        if k.policy.take_pcp(k.m, k.task, frame):
            return frame
    return None


def take_from_pcp(k: Kernel, frame: Frame) -> None:
    """Unlink a page from its pcp list."""
    lists.unlink(frame)
    frame.state, frame.order = TAKEN, 0
    k.emit(ev.TAKE, k.cpu, frame.pfn, 0)


def put_on_pcp(k: Kernel, cpu: int, frame: Frame, mark: int) -> None:
    """Free a page to a pcp list: with debt at the tail, without at the head (OP-5)."""
    frame.state, frame.order, frame.mark = FREE_PCP, 0, mark
    to = k.m.pcp_list(cpu, k.m.zone_of(frame))
    (lists.push_tail if mark else lists.push_head)(to, frame)


def isolate_last(k: Kernel, zone: Zone, above: Frame) -> Frame | None:
    """isolate_freepages_block(): take the free block nearest to the end of a zone off its list,
    whole, if it lies above frame `above` and may be had; returns its first frame. As in
    __isolate_free_page() the zone keeps its watermark.
    """
    m = k.m
    for frame in reversed(m.frames_of(zone)):
        if frame.index <= above.index:
            return None
        if frame.state != FREE_BUDDY:
            continue
        if zone.free - (1 << frame.order) < m.config.watermark_min:
            continue
        splice(k, zone, frame.order)
        if frame.where is m.free_list(zone, frame.order):
            frame.mark = 0
        if k.policy.take_buddy(m, k.task, zone, frame):
            detach(k, frame, frame.order)
            return frame
    return None


def drain_one(k: Kernel, cpu: int, zone: Zone) -> Frame | None:
    """Move the coldest page of a pcp list to buddy (OP-6); returns it."""
    frame = k.m.pcp_list(cpu, zone).tail
    if frame:
        drain_page(k, frame)
    return frame


def drain_page(k: Kernel, frame: Frame) -> None:
    """Move one page of whatever pcp list it is on to buddy."""
    assert frame.where
    cpu, zone = k.m.pcp_place(frame.where)
    lists.unlink(frame)
    k.emit(ev.DRAIN, cpu, frame.pfn)
    free_one(k, frame, 0, k.policy.mark_for_buddy(k.m, zone, frame.mark))
