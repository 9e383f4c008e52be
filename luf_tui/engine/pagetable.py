"""Changing page-table entries, and the reverse map that finds them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from luf_tui.engine.hardware import flags_of
from luf_tui.machine import events as ev
from luf_tui.machine.schema import NONE, PRESENT, Frame, Pte

if TYPE_CHECKING:
    from luf_tui.engine.kernel import Kernel


def link(pte: Pte, frame: Frame) -> None:
    """Add a PTE to a frame's reverse map, last in walk order."""
    frame.mapcount += 1
    pte.rmap_next = None
    others = list(mappings(frame))
    if others:
        others[-1].rmap_next = pte
    else:
        frame.rmap = pte


def unlink(pte: Pte, frame: Frame) -> None:
    """Take a PTE out of a frame's reverse map."""
    frame.mapcount -= 1
    if frame.rmap is pte:
        frame.rmap = pte.rmap_next
    else:
        before = next(at for at in mappings(frame) if at.rmap_next is pte)
        before.rmap_next = pte.rmap_next
    pte.rmap_next = None


def mappings(frame: Frame) -> Iterator[Pte]:
    """The PTEs of a frame, present or migration entries, in walk order."""
    at = frame.rmap
    while at:
        pte, at = at, at.rmap_next
        yield pte


def install(
    k: Kernel, pte: Pte, frame: Frame, *, writable: int, dirty: int, exclusive: int = 0
) -> None:
    """set_pte_at(): make a PTE present where none was. Never flushes by itself."""
    mm, vpn = k.m.place_of(pte)
    pte.kind, pte.frame, pte.slot = PRESENT, frame, None
    pte.writable, pte.dirty, pte.accessed = writable, dirty, 1
    hidden = not k.m.vma_at(mm, vpn).prot_read
    pte.exclusive, pte.prot_none, pte.uffd_wp = exclusive, int(hidden), 0
    link(pte, frame)
    k.emit(ev.MAP, k.cpu, mm.index, vpn, frame.pfn, flags_of(pte))


def clear(k: Kernel, pte: Pte, *, keep_rmap: bool = False) -> Frame:
    """ptep_get_and_clear() and the removal of the rmap, unless the caller does that later; returns
    the frame it mapped.
    """
    mm, vpn = k.m.place_of(pte)
    frame = pte.frame
    assert frame
    k.emit(ev.UNMAP, k.cpu, mm.index, vpn, frame.pfn, flags_of(pte))
    if not keep_rmap:
        unlink(pte, frame)
    empty(pte)
    return frame


def empty(pte: Pte) -> None:
    """Make a PTE none. Its place in a reverse map must be gone already."""
    pte.kind, pte.frame, pte.slot = NONE, None, None
    pte.writable = pte.dirty = pte.accessed = pte.uffd_wp = pte.prot_none = 0
    pte.exclusive = pte.soft_dirty = 0


def protect(k: Kernel, pte: Pte, *, writable: int) -> None:
    """Change the RW bit of a present PTE."""
    mm, vpn = k.m.place_of(pte)
    assert pte.frame
    pte.writable = writable
    k.emit(ev.PROTECT, k.cpu, mm.index, vpn, pte.frame.pfn, flags_of(pte))
