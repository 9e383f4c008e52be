"""Lists of frames, linked through the frames' own cells, as the kernel's list_head is."""

from __future__ import annotations

from collections.abc import Iterator

from luf_tui.machine.schema import Frame, ListHead


def push_head(to: ListHead, frame: Frame) -> None:
    """Put a frame at the head of a list."""
    old = to.head
    frame.where, frame.prev, frame.next = to, None, old
    if old:
        old.prev = frame
    else:
        to.tail = frame
    to.head = frame
    to.count += 1


def push_tail(to: ListHead, frame: Frame) -> None:
    """Put a frame at the tail of a list."""
    old = to.tail
    frame.where, frame.next, frame.prev = to, None, old
    if old:
        old.next = frame
    else:
        to.head = frame
    to.tail = frame
    to.count += 1


def unlink(frame: Frame) -> None:
    """Take a frame off the list it is on."""
    on = frame.where
    assert on
    before, after = frame.prev, frame.next
    if before:
        before.next = after
    else:
        on.head = after
    if after:
        after.prev = before
    else:
        on.tail = before
    on.count -= 1
    frame.where = frame.prev = frame.next = None


def members(of: ListHead) -> Iterator[Frame]:
    """The frames on a list, head first."""
    at = of.head
    while at:
        yield at
        at = at.next


def pop_head(of: ListHead) -> Frame | None:
    """Unlink and return the head of a list, or None when it is empty."""
    head = of.head
    if head:
        unlink(head)
    return head
