"""Folios: who still needs a page and who lets go of it last, and the bytes they are given.

What keeps a page is written where the machine has it: mappings, the page cache, the swap cache,
pins, the folio lock. `Frame.refs` counts the rest, folio_get() by an operation in flight.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from luf_tui.machine import events as ev
from luf_tui.machine import lists
from luf_tui.machine.schema import ANON, FILE, Frame

if TYPE_CHECKING:
    from luf_tui.engine.kernel import Kernel


def get(k: Kernel, pfn: int) -> None:
    """folio_get(): the frame does not go back to the allocator before the put()."""
    k.m.frame[pfn].refs += 1


def put(k: Kernel, pfn: int) -> bool:
    """folio_put(): whether that was the last reference, so that the caller has to free the page.

    Where no guard keeps referenced pages, the page may be gone already: there is nothing to free.
    """
    frame = k.m.frame[pfn]
    if not frame.refs:
        return False
    frame.refs -= 1
    return not held(frame)


def held(frame: Frame) -> bool:
    """Whether a page is free, or is needed by someone: nobody may free it."""
    wanted = frame.refs or frame.pins or frame.mapcount or frame.locked
    cached = frame.file_page or frame.slot
    return bool(frame.state not in (ANON, FILE) or wanted or cached)


def free_swap_cache(k: Kernel, pfn: int) -> None:
    """An unmapped page leaves the swap cache if no swap entry needs it there (free_swap_cache)."""
    frame = k.m.frame[pfn]
    if frame.slot and not frame.mapcount and not frame.locked:
        slot = k.m.swap[frame.slot - 1]
        if not slot.users:
            slot.clear()
            frame.slot = 0


def add_lru(k: Kernel, pfn: int) -> None:
    """folio_add_lru(): from here on reclaim and migration can find the page."""
    if not k.m.frame[pfn].where:
        lists.push_head(k.m, k.m.lru_list(k.m.node_of[pfn]), pfn)


def copy_bytes(k: Kernel, source: int, target: int) -> None:
    """copy_highpage()."""
    before, after = k.m.frame[source], k.m.frame[target]
    after.content, after.writer = before.content, before.writer
    k.emit(ev.COPY, k.cpu, source, target, before.content)


def cache_in(k: Kernel, page: int, pfn: int) -> None:
    """filemap_add_folio(): a frame enters the page cache, with the bytes on disk."""
    frame, place = k.m.frame[pfn], k.m.file_page[page]
    place.frame, frame.file_page, place.changed = pfn + 1, page + 1, 0
    frame.content, frame.dirty = place.disk, 0
    add_lru(k, pfn)
    k.emit(ev.READ_IN, k.cpu, page, pfn, place.disk)
