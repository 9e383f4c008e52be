"""What a fresh page walk would give now, and which frame a mapping really stands for.

The oracle knows nothing of policies: it reads mappings, page tables, the page cache, swap and
the disk, and nothing else.
"""

from __future__ import annotations

from attrs import frozen

from luf_tui.machine.config import X86
from luf_tui.machine.machine import Machine
from luf_tui.machine.schema import MIGRATION, NONE, PRESENT, SWAP, TlbEntry

BYTES, SIGSEGV, SIGBUS, MONITOR = "bytes", "SIGSEGV", "SIGBUS", "userfault"


@frozen
class Truth:
    """What an access would get: bytes of a content code, or a signal, or the monitor's answer."""

    kind: str
    content: int = 0
    pfn: int = -1
    """The frame the bytes are in, -1 when they would have to be brought in first."""


def fresh(m: Machine, mm: int, vpn: int, store: bool = False) -> Truth:
    """The outcome of an access through a fresh walk, faults included (section 4.0, rule A)."""
    vma, pte = m.vma_at(mm, vpn), m.pte_at(mm, vpn)
    if not vma.mapped or not (vma.prot_write if store else vma.prot_read):
        return Truth(SIGSEGV)
    if pte.kind == NONE and vma.file_page and past_the_end(m, vma.file_page - 1):
        return Truth(SIGBUS)
    if store and pte.uffd_wp:
        return Truth(MONITOR)
    if pte.kind in (PRESENT, MIGRATION):
        pfn = pte.pfn - 1
        return Truth(BYTES, m.frame[pfn].content, pfn)
    if pte.kind == SWAP:
        slot = m.swap[pte.slot - 1]
        if slot.frame:
            return Truth(BYTES, m.frame[slot.frame - 1].content, slot.frame - 1)
        return Truth(BYTES, slot.content)
    if vma.uffd_missing:
        return Truth(MONITOR)
    if vma.file_page:
        place = m.file_page[vma.file_page - 1]
        if place.frame:
            return Truth(BYTES, m.frame[place.frame - 1].content, place.frame - 1)
        return Truth(BYTES, place.disk)
    return Truth(BYTES, 0)


def past_the_end(m: Machine, page: int) -> bool:
    """Whether a page-cache position lies at or past its file's end."""
    number = m.inode_of[page]
    return page - m.config.files[number].first >= m.inode[number].size


def home(m: Machine, mm: int, vpn: int) -> int:
    """The frame that holds a mapping's bytes now, -1 when none does."""
    truth = fresh(m, mm, vpn)
    return truth.pfn if truth.kind == BYTES else -1


def stale(m: Machine, entry: TlbEntry) -> bool:
    """Whether a cached translation differs from the page table, or grants what it does not."""
    pte = m.pte_at(entry.mm - 1, entry.vpn)
    return not (
        pte.kind == PRESENT
        and not pte.prot_none
        and entry.pfn == pte.pfn
        and entry.writable <= pte.writable
    )


def reachable(m: Machine, cpu: int, entry: TlbEntry) -> bool:
    """Whether a CPU could still use an entry: of the mm it runs, or of one whose ASID slot is
    current, so that switching to it would not flush (baseline 1.3). Only x86 flushes in a switch.
    A CPU that is down starts with an empty TLB.
    """
    if m.cpu[cpu].offline:
        return False
    if m.config.arch != X86:
        return bool(m.mm[entry.mm - 1].alive)
    state = m.cpu[cpu]
    if state.loaded_mm == entry.mm and not state.lazy:
        return True
    latest = m.mm[entry.mm - 1].tlb_gen
    return any(slot.mm == entry.mm and slot.gen == latest for slot in m.asids_of(cpu))


def walkable(m: Machine, first: int, count: int) -> list[tuple[int, int]]:
    """CPUs and frames, of `count` from `first` on, that a CPU may walk as a page table of an mm it
    has loaded: lazily or not, for walks may be speculative.
    """
    if not m.walk:
        return []
    found = []
    for state in m.cpu:
        if state.loaded_mm:
            held = {walk.table - 1 for walk in m.walks_of(state.index, state.loaded_mm - 1)}
            found += [(state.index, pfn) for pfn in range(first, first + count) if pfn in held]
    return found
