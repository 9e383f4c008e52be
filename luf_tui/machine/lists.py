"""Lists of frames, linked through the frames' own cells, as the kernel's list_head is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from luf_tui.machine.machine import Machine


def push_head(m: Machine, which: int, pfn: int) -> None:
    """Put a frame at the head of list `which`."""
    lst, frame = m.lists[which], m.frame[pfn]
    old = lst.head
    frame.where, frame.prev, frame.next = which + 1, 0, old
    if old:
        m.frame[old - 1].prev = pfn + 1
    else:
        lst.tail = pfn + 1
    lst.head = pfn + 1
    lst.count += 1


def push_tail(m: Machine, which: int, pfn: int) -> None:
    """Put a frame at the tail of list `which`."""
    lst, frame = m.lists[which], m.frame[pfn]
    old = lst.tail
    frame.where, frame.next, frame.prev = which + 1, 0, old
    if old:
        m.frame[old - 1].next = pfn + 1
    else:
        lst.head = pfn + 1
    lst.tail = pfn + 1
    lst.count += 1


def unlink(m: Machine, pfn: int) -> None:
    """Take a frame off whatever list it is on."""
    frame = m.frame[pfn]
    lst = m.lists[frame.where - 1]
    before, after = frame.prev, frame.next
    if before:
        m.frame[before - 1].next = after
    else:
        lst.head = after
    if after:
        m.frame[after - 1].prev = before
    else:
        lst.tail = before
    lst.count -= 1
    frame.where = frame.prev = frame.next = 0


def members(m: Machine, which: int) -> Iterator[int]:
    """Frame numbers on list `which`, head first."""
    at = m.lists[which].head
    while at:
        yield at - 1
        at = m.frame[at - 1].next


def pop_head(m: Machine, which: int) -> int:
    """Unlink and return the head of list `which`, or -1 when it is empty."""
    head = m.lists[which].head
    if not head:
        return -1
    unlink(m, head - 1)
    return head - 1
