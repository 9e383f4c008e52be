"""Folios: who still needs a page and who lets go of it last, and the bytes they are given.

What keeps a page is written where the machine has it: mappings, the page cache, the swap cache,
pins, the folio lock. `Frame.refs` counts the rest, folio_get() by an operation in flight.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from luf_tui.machine import events as ev
from luf_tui.machine import lists
from luf_tui.machine.schema import ANON, FILE, FilePage, Frame, SwapSlot

if TYPE_CHECKING:
    from luf_tui.engine.kernel import Kernel
    from luf_tui.machine.machine import Machine


def get(frame: Frame) -> None:
    """folio_get(): the frame does not go back to the allocator before the put()."""
    frame.refs += 1


def put(frame: Frame) -> bool:
    """folio_put(): whether that was the last reference, so that the caller has to free the page.

    Where no guard keeps referenced pages, the page may be gone already: there is nothing to free.
    """
    if not frame.refs:
        return False
    frame.refs -= 1
    return not held(frame)


def head(frame: Frame) -> Frame:
    """folio_page(folio, 0): the first page of the folio that a page is in. Large ones are of one
    size, and exist where large entries do.
    """
    pmds = frame.regions["pmd"]
    if not pmds:
        return frame
    size = len(frame.regions["pte"]) // len(pmds)
    first: Frame = frame.regions["frame"][frame.index // size * size]
    return first if first.state == ANON and first.order else frame


def pages(frame: Frame) -> list[Frame]:
    """The pages of the folio that a page is in."""
    first = head(frame)
    if not (frame.regions["pmd"] and first.order and first.state == ANON):
        return [frame]
    found: list[Frame] = frame.regions["frame"][first.index : first.index + (1 << first.order)]
    return found


def large(frame: Frame) -> bool:
    """folio_test_large()."""
    return len(pages(frame)) > 1


def held(frame: Frame) -> bool:
    """Whether a page is free, or is needed by someone: nobody may free it. Of a large folio nobody
    may free any page while one of them is needed.
    """
    if frame.regions["pmd"]:
        return any(_held(page) for page in pages(frame))
    return _held(frame)


def _held(frame: Frame) -> bool:
    wanted = frame.refs or frame.pins or frame.mapcount or frame.locked
    cached = frame.file_page or frame.slot
    return bool(frame.state not in (ANON, FILE) or wanted or cached)


def pinned_anon(frame: Frame) -> bool:
    """folio_maybe_dma_pinned(), of an anonymous page: it has to stay where its owner finds it."""
    return bool(frame.state == ANON and frame.pins)


def free_swap_cache(frame: Frame) -> None:
    """An unmapped page leaves the swap cache if no swap entry needs it there (free_swap_cache)."""
    if frame.slot and not frame.mapcount and not frame.locked:
        slot = frame.slot
        if not slot.users:
            slot.clear()
            frame.slot = None


def leave_swap_cache(frame: Frame) -> None:
    """folio_free_swap(): a page whose slot no swap entry needs gives it up, mapped or not. From
    then on its bytes are nowhere else, so that it is dirty.
    """
    assert frame.slot
    frame.slot.clear()
    frame.slot, frame.dirty = None, 1


def swap_full(m: Machine) -> bool:
    """vm_swap_full(): less than half of the slots are free."""
    free = sum(not slot.users and not slot.frame for slot in m.swap)
    return free * 2 < len(m.swap)


def free_slot(m: Machine) -> SwapSlot | None:
    """folio_alloc_swap(): a slot that nobody has, or else one that a page has only kept."""
    free = next((slot for slot in m.swap if not slot.users and not slot.frame), None)
    if free or not m.config.swap_cache:
        return free
    kept = (slot for slot in m.swap if not slot.users and slot.frame and not slot.frame.locked)
    return next(kept, None)


def drop_swap_entry(slot: SwapSlot) -> Frame | None:
    """free_swap_and_cache(): one entry for a slot is gone. With the last one the slot is free, and
    so is a page that the swap cache alone has kept, unless somebody has it locked, who then does
    that: the page is returned, for the caller to free.
    """
    slot.users -= 1
    frame = slot.frame
    if slot.users or (frame and frame.locked):
        return None
    slot.clear()
    if not frame:
        return None
    frame.slot = None
    return None if held(frame) else frame


def add_lru(k: Kernel, frame: Frame) -> None:
    """folio_add_lru(): from here on reclaim and migration can find the page."""
    if not frame.where:
        lists.push_head(k.m.lru_list(k.m.zone_of(frame)), frame)


def copy_bytes(k: Kernel, source: Frame, target: Frame) -> None:
    """copy_highpage()."""
    target.content, target.writer = source.content, source.writer
    k.emit(ev.COPY, k.cpu, source.pfn, target.pfn, source.content)


def cache_in(k: Kernel, page: FilePage, frame: Frame) -> None:
    """filemap_add_folio(): a frame enters the page cache, with the bytes on disk."""
    page.frame, frame.file_page = frame, page
    frame.content, frame.dirty = page.disk, 0
    add_lru(k, frame)
    k.emit(ev.READ_IN, k.cpu, page.index, frame.pfn, page.disk)
