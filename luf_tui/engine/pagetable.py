"""Changing page-table entries, and the reverse map that finds them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from luf_tui.engine import large
from luf_tui.engine.hardware import flags_of
from luf_tui.machine import events as ev
from luf_tui.machine.schema import NONE, PMD_HUGE, PMD_NONE, PRESENT, Frame, Mm, Pte
from luf_tui.policy import guards

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
    large.table_below(k.m, mm, vpn)
    pte.kind, pte.frame, pte.slot = PRESENT, frame, None
    pte.writable, pte.dirty, pte.accessed = writable, dirty, 1
    hidden = not k.m.vma_at(mm, vpn).prot_read
    pte.exclusive, pte.prot_none, pte.uffd_wp = exclusive, int(hidden), 0
    if not k.m.by_frame(pte):
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
    if not keep_rmap and not k.m.by_frame(pte):
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


def install_large(k: Kernel, mm: Mm, vpn: int, head: Frame, *, writable: int, dirty: int) -> None:
    """set_pmd_at(): a large entry maps a folio, whose first page is given."""
    pages = k.m.range_of(vpn)
    k.m.pmd_at(mm, vpn).kind = PMD_HUGE
    k.emit(ev.HUGE_MAP, k.cpu, mm.index, pages.start, len(pages))
    for number, one in enumerate(pages):
        frame, rights = k.m.frame[head.index + number], {"writable": writable, "dirty": dirty}
        install(k, k.m.pte_at(mm, one), frame, exclusive=1, **rights)


def clear_large(k: Kernel, mm: Mm, vpn: int) -> Frame:
    """pmdp_huge_get_and_clear_full(): nothing maps the range any more; returns the first page of
    the folio that did.
    """
    frames = [clear(k, pte) for pte in large.entries(k.m, mm, vpn)]
    k.m.pmd_at(mm, vpn).kind = PMD_NONE
    return frames[0]


def remap(k: Kernel, pte: Pte, source: Frame, frame: Frame) -> None:
    """remove_migration_pte(): turn an entry that stands for `source` into a PTE to `frame`."""
    writable, protected = pte.writable, pte.uffd_wp
    mm, vpn = k.m.place_of(pte)
    vma = k.m.vma_at(mm, vpn)
    if vma.shared and not k.policy.has(guards.RESTORE_RIGHTS):
        writable = vma.prot_write
    unlink(pte, source)
    dirty = int(frame.dirty and writable)
    alone = int(writable and not frame.file_page)
    install(k, pte, frame, writable=writable, dirty=dirty, exclusive=alone)
    pte.uffd_wp = protected
