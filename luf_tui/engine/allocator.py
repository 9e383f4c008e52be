"""The buddy allocator's lists and the pcp lists, without waiting (baseline, section 3).

One migratetype per zone: fallback between types is not modelled.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from luf_tui.machine import events as ev
from luf_tui.machine import lists
from luf_tui.machine.schema import BUDDY_TAIL, FREE_BUDDY, FREE_PCP, TAKEN

if TYPE_CHECKING:
    from luf_tui.engine.kernel import Kernel

PCP_TRIES = 3
"""How many refused pages a pcp pick walks past before it gives up (P12-18)."""


def _list_of(k: Kernel, node: int, order: int, mark: int) -> int:
    return k.m.pend_list(node, order) if mark else k.m.free_list(node, order)


def splice(k: Kernel, node: int, order: int) -> None:
    """flush_pend_list_if_done(): what is paid joins the free_list, marks and all (OP-12)."""
    m = k.m
    if m.lists[m.pend_list(node, order)].count and k.policy.splice_ready(m, node, order):
        while (pfn := lists.pop_head(m, m.pend_list(node, order))) >= 0:
            k.policy.unlisted(m, node, order, m.frame[pfn].mark)
            lists.push_tail(m, m.free_list(node, order), pfn)


def free_one(k: Kernel, pfn: int, order: int, mark: int) -> None:
    """__free_one_page(): merge with free buddies and put the block on its list (OP-7), unless the
    task that frees it compacts for a block of just this size.
    """
    m = k.m
    node = m.node_of[pfn]
    first, size = m.first_frame[node], m.config.nodes[node].frames
    at = pfn - first
    m.zone[node].free += 1 << order
    m.frame[pfn].mark = mark
    while True:
        if _wanted(k, order) and k.policy.may_capture(m, m.frame[first + at].mark):
            _capture(k, first + at, order)
            return
        if order >= m.config.max_order:
            break
        other = at ^ (1 << order)
        if other + (1 << order) > size:
            break
        buddy = m.frame[first + other]
        if buddy.state != FREE_BUDDY or buddy.order != order:
            break
        splice(k, node, order)
        lists.unlink(m, first + other)
        if buddy.mark:
            k.policy.unlisted(m, node, order, buddy.mark)
        head = min(at, other)
        own, its = m.frame[first + head].mark, m.frame[first + max(at, other)].mark
        m.frame[first + head].mark = k.policy.merge_marks(m, node, own, its)
        m.frame[first + max(at, other)].state = BUDDY_TAIL
        k.emit(ev.MERGE, k.cpu, first + at, first + other, order + 1)
        at, order = head, order + 1
    head_frame = m.frame[first + at]
    head_frame.state, head_frame.order = FREE_BUDDY, order
    for tail in range(first + at + 1, first + at + (1 << order)):
        m.frame[tail].state = BUDDY_TAIL
    splice(k, node, order)
    which = _list_of(k, node, order, head_frame.mark)
    if head_frame.mark:
        lists.push_tail(m, which, first + at)
        k.policy.listed(m, node, order, head_frame.mark)
    elif _likely_to_merge(k, node, at, order):
        lists.push_tail(m, which, first + at)
    else:
        lists.push_head(m, which, first + at)


def _wanted(k: Kernel, order: int) -> bool:
    """task_capc(): the current task compacts for a block of this order and has none yet."""
    if k.task < 0:
        return False
    task = k.m.task[k.task]
    return task.capture == order + 1 and not task.captured


def _capture(k: Kernel, pfn: int, order: int) -> None:
    """compaction_capture(): the block goes to whoever compacts for it, and on no list."""
    m = k.m
    m.task[k.task].captured = pfn + 1
    m.zone[m.node_of[pfn]].free -= 1 << order
    for taken in range(pfn, pfn + (1 << order)):
        m.frame[taken].state = TAKEN
    m.frame[pfn].order = order
    k.emit(ev.CAPTURE, k.cpu, pfn, order)


def _likely_to_merge(k: Kernel, node: int, at: int, order: int) -> bool:
    """buddy_merge_likely(): the next-higher block's buddy is free already (baseline 3.2)."""
    m = k.m
    if order >= m.config.max_order - 1:
        return False
    above = (at & ~((2 << order) - 1)) ^ (2 << order)
    if above + (2 << order) > m.config.nodes[node].frames:
        return False
    frame = m.frame[m.first_frame[node] + above]
    return frame.state == FREE_BUDDY and frame.order == order + 1


def pick(k: Kernel, node: int, order: int) -> int:
    """__rmqueue(): the block to take off, smallest order first, or -1.

    A block of the pend_list is offered only if the policy accepts its debt (OP-12); the debt is
    folded by the same question.
    """
    for size in range(order, k.m.orders):
        pfn = pick_exact(k, node, size)
        if pfn >= 0:
            return pfn
    return -1


def pick_exact(k: Kernel, node: int, order: int) -> int:
    """A block of exactly this order that may be taken off, or -1."""
    m = k.m
    splice(k, node, order)
    clean, owing = m.free_list(node, order), m.pend_list(node, order)
    for which in (owing, clean) if k.policy.pend_first(m, node) else (clean, owing):
        head = m.lists[which].head - 1
        if head < 0:
            continue
        if which == clean:
            m.frame[head].mark = 0
        if k.policy.take_buddy(m, k.task, node, head):
            return head
    return -1


def detach(k: Kernel, pfn: int, order: int) -> None:
    """Take a block off its list and give back what is left of it, upper halves first (expand()).

    Left-over halves go back with their own marks (OP-8).
    """
    m = k.m
    frame = m.frame[pfn]
    node, size = m.node_of[pfn], frame.order
    lists.unlink(m, pfn)
    if frame.mark:
        k.policy.unlisted(m, node, size, frame.mark)
    m.zone[node].free -= 1 << order
    while size > order:
        size -= 1
        half = m.frame[pfn + (1 << size)]
        half.state, half.order = FREE_BUDDY, size
        half.mark = k.policy.split_mark(m, node, half.mark)
        which = _list_of(k, node, size, half.mark)
        if half.mark:
            lists.push_tail(m, which, half.index)
            k.policy.listed(m, node, size, half.mark)
        else:
            lists.push_head(m, which, half.index)
        k.emit(ev.SPLIT, k.cpu, pfn, size)
    for taken in range(pfn, pfn + (1 << order)):
        m.frame[taken].state = TAKEN
    frame.order = order
    k.emit(ev.TAKE, k.cpu, pfn, order)


def pick_pcp(k: Kernel, cpu: int, node: int) -> int:
    """A page of a CPU's pcp list that may be taken, walking past a few refused ones, or -1."""
    m = k.m
    for pfn in islice(lists.members(m, m.pcp_list(cpu, node)), PCP_TRIES):
        if k.policy.take_pcp(m, k.task, pfn):
            return pfn
    return -1


def take_from_pcp(k: Kernel, pfn: int) -> None:
    """Unlink a page from its pcp list."""
    lists.unlink(k.m, pfn)
    frame = k.m.frame[pfn]
    frame.state, frame.order = TAKEN, 0
    k.emit(ev.TAKE, k.cpu, pfn, 0)


def put_on_pcp(k: Kernel, cpu: int, pfn: int, mark: int) -> None:
    """Free a page to a pcp list: with debt at the tail, without at the head (OP-5)."""
    m = k.m
    frame = m.frame[pfn]
    frame.state, frame.order, frame.mark = FREE_PCP, 0, mark
    which = m.pcp_list(cpu, m.node_of[pfn])
    (lists.push_tail if mark else lists.push_head)(m, which, pfn)


def isolate_last(k: Kernel, node: int, above: int) -> int:
    """isolate_freepages_block(): take the free block nearest to the end of a zone off its list,
    whole, if it lies above frame `above` and may be had; returns its first frame, or -1. As in
    __isolate_free_page() the zone keeps its watermark.
    """
    m = k.m
    first = m.first_frame[node]
    for pfn in range(first + m.config.nodes[node].frames - 1, above, -1):
        frame = m.frame[pfn]
        if frame.state != FREE_BUDDY:
            continue
        if m.zone[node].free - (1 << frame.order) < m.config.watermark_min:
            continue
        splice(k, node, frame.order)
        if frame.where == m.free_list(node, frame.order) + 1:
            frame.mark = 0
        if k.policy.take_buddy(m, k.task, node, pfn):
            detach(k, pfn, frame.order)
            return pfn
    return -1


def drain_one(k: Kernel, cpu: int, node: int) -> int:
    """Move the coldest page of a pcp list to buddy (OP-6); returns it, or -1."""
    pfn = k.m.lists[k.m.pcp_list(cpu, node)].tail - 1
    if pfn >= 0:
        drain_page(k, pfn)
    return pfn


def drain_page(k: Kernel, pfn: int) -> None:
    """Move one page of whatever pcp list it is on to buddy."""
    m = k.m
    frame, nodes = m.frame[pfn], len(m.config.nodes)
    cpu, node = divmod(frame.where - 1, nodes)
    lists.unlink(m, pfn)
    k.emit(ev.DRAIN, cpu, pfn)
    free_one(k, pfn, 0, k.policy.mark_for_buddy(m, node, frame.mark))
