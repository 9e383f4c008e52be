"""Changing page-table entries, and the reverse map that finds them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from luf_tui.engine.hardware import flags_of
from luf_tui.machine import events as ev
from luf_tui.machine.schema import NONE, PRESENT, Pte

if TYPE_CHECKING:
    from luf_tui.engine.kernel import Kernel


def place(k: Kernel, pte: Pte) -> tuple[int, int]:
    """The mm and virtual page number of a PTE."""
    return divmod(pte.index, k.m.config.pages)


def supersede(k: Kernel, pte: Pte) -> None:
    """Note which cached copies the coming change makes stale, and which operation owes them.

    An entry that already disagreed stays as it was: its operation has long returned. So does one
    that a system call holding mmap_lock for writing has adopted: it may be used until that returns.
    """
    if pte.kind != PRESENT:
        return
    mm, vpn = place(k, pte)
    writer = k.m.mm[mm].writer
    for entry in k.m.tlb:
        if entry.mm == mm + 1 and entry.vpn == vpn and agrees(entry, pte):
            entry.pending = entry.pending if 0 < entry.pending == writer else k.ctx + 1


def adopt(k: Kernel, mm: int, vpn: int) -> None:
    """A system call begins to take an address away: until it returns, whatever is cached for
    that address may still be used, and when it has returned, nothing may.
    """
    for entry in k.m.tlb:
        if entry.mm == mm + 1 and entry.vpn == vpn:
            entry.pending = k.ctx + 1


def agrees(entry: object, pte: Pte) -> bool:
    """Whether a cached translation grants nothing that the PTE does not."""
    e: Pte = entry  # type: ignore[assignment]  # both have pfn, writable and dirty
    return (
        pte.kind == PRESENT
        and not pte.prot_none
        and e.pfn == pte.pfn
        and e.writable <= pte.writable
        and e.dirty <= pte.dirty
    )


def link(k: Kernel, pte: Pte, pfn: int) -> None:
    """Add a PTE to a frame's reverse map, last in walk order."""
    frame = k.m.frame[pfn]
    frame.mapcount += 1
    pte.rmap_next = 0
    if not frame.rmap:
        frame.rmap = pte.index + 1
        return
    at = k.m.pte[frame.rmap - 1]
    while at.rmap_next:
        at = k.m.pte[at.rmap_next - 1]
    at.rmap_next = pte.index + 1


def unlink(k: Kernel, pte: Pte, pfn: int) -> None:
    """Take a PTE out of a frame's reverse map."""
    frame = k.m.frame[pfn]
    frame.mapcount -= 1
    if frame.rmap == pte.index + 1:
        frame.rmap = pte.rmap_next
    else:
        at = k.m.pte[frame.rmap - 1]
        while at.rmap_next != pte.index + 1:
            at = k.m.pte[at.rmap_next - 1]
        at.rmap_next = pte.rmap_next
    pte.rmap_next = 0


def mappings(k: Kernel, pfn: int) -> Iterator[Pte]:
    """The PTEs of a frame, present or migration entries, in walk order."""
    at = k.m.frame[pfn].rmap
    while at:
        pte = k.m.pte[at - 1]
        at = pte.rmap_next
        yield pte


def install(
    k: Kernel, pte: Pte, pfn: int, *, writable: int, dirty: int, exclusive: int = 0
) -> None:
    """set_pte_at(): make a PTE present where none was. Never flushes by itself."""
    mm, vpn = place(k, pte)
    pte.kind, pte.pfn, pte.slot = PRESENT, pfn + 1, 0
    pte.writable, pte.dirty, pte.accessed = writable, dirty, 1
    hidden = not k.m.vma_at(mm, vpn).prot_read
    pte.exclusive, pte.prot_none, pte.uffd_wp = exclusive, int(hidden), 0
    link(k, pte, pfn)
    k.emit(ev.MAP, k.cpu, mm, vpn, pfn, flags_of(pte))


def clear(k: Kernel, pte: Pte, *, keep_rmap: bool = False) -> int:
    """ptep_get_and_clear() and the removal of the rmap, unless the caller does that later; returns
    the frame it mapped.
    """
    mm, vpn = place(k, pte)
    pfn = pte.pfn - 1
    supersede(k, pte)
    k.emit(ev.UNMAP, k.cpu, mm, vpn, pfn, flags_of(pte))
    if not keep_rmap:
        unlink(k, pte, pfn)
    empty(pte)
    return pfn


def empty(pte: Pte) -> None:
    """Make a PTE none. Its place in a reverse map must be gone already."""
    pte.kind, pte.pfn, pte.slot = NONE, 0, 0
    pte.writable = pte.dirty = pte.accessed = pte.uffd_wp = pte.prot_none = 0
    pte.exclusive = pte.soft_dirty = 0


def protect(k: Kernel, pte: Pte, *, writable: int) -> None:
    """Change the RW bit of a present PTE."""
    mm, vpn = place(k, pte)
    if pte.writable > writable:
        supersede(k, pte)
    pte.writable = writable
    k.emit(ev.PROTECT, k.cpu, mm, vpn, pte.pfn - 1, flags_of(pte))
