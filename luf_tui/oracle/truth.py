"""What a fresh page walk would give now, and which frame a mapping really stands for.

The oracle knows nothing of policies: it reads mappings, page tables, the page cache, swap and
the disk, and nothing else.
"""

from __future__ import annotations

from attrs import frozen

from luf_tui.machine.config import X86
from luf_tui.machine.machine import Machine
from luf_tui.machine.schema import NONE, PRESENT, Frame, Mm, TlbEntry

BYTES, SIGSEGV, SIGBUS, MONITOR = "bytes", "SIGSEGV", "SIGBUS", "userfault"


@frozen
class At:
    """An access: the address space, the virtual page and the frame it went to."""

    mm: Mm
    vpn: int
    frame: Frame


@frozen
class Truth:
    """What an access would get: bytes of a content code, or a signal, or the monitor's answer."""

    kind: str
    content: int = 0
    frame: Frame | None = None
    """The frame the bytes are in; none when they would have to be brought in first."""


def fresh(m: Machine, mm: Mm, vpn: int, store: bool = False) -> Truth:
    """The outcome of an access through a fresh walk, faults included (rule A)."""
    vma, pte = m.vma_at(mm, vpn), m.pte_at(mm, vpn)
    if not vma.mapped or not (vma.prot_write if store else vma.prot_read):
        return Truth(SIGSEGV)
    if pte.kind == NONE and vma.file_page and m.past_the_end(vma.file_page):
        return Truth(SIGBUS)
    if pte.kind == NONE and m.by_frame(pte):
        return Truth(SIGBUS)
    if store and pte.uffd_wp:
        return Truth(MONITOR)
    if pte.frame:
        return held(pte.frame)
    if pte.slot:
        return held(pte.slot.frame) if pte.slot.frame else Truth(BYTES, pte.slot.content)
    if vma.uffd_missing:
        return Truth(MONITOR)
    if vma.file_page:
        page = vma.file_page
        return held(page.frame) if page.frame else Truth(BYTES, page.disk)
    return Truth(BYTES, 0)


def held(frame: Frame) -> Truth:
    """The bytes that are in a frame."""
    return Truth(BYTES, frame.content, frame)


def stale(m: Machine, entry: TlbEntry) -> bool:
    """Whether a cached translation differs from the page table, or grants what it does not."""
    assert entry.mm
    pte = m.pte_at(entry.mm, entry.vpn)
    return not (
        pte.kind == PRESENT
        and not pte.prot_none
        and entry.frame is pte.frame
        and entry.writable <= pte.writable
    )


def reachable(m: Machine, cpu: int, entry: TlbEntry) -> bool:
    """Whether a CPU could still use an entry: of the mm it runs, or of one whose ASID slot is
    current, so that switching to it would not flush. Only x86 flushes in a switch, and what is
    cached under a global ASID not even there.
    A CPU that is down starts with an empty TLB.
    """
    mm = entry.mm
    if m.cpu[cpu].offline or not mm:
        return False
    if m.config.arch != X86:
        return bool(mm.alive)
    state = m.cpu[cpu]
    if state.loaded_mm is mm and not state.lazy:
        return True
    own = [slot for slot in m.asids_of(cpu) if slot.mm is mm]
    if m.global_asid and m.global_asid[mm.index].active:
        return bool(mm.alive) and not own
    return any(slot.mm is mm and slot.gen == mm.tlb_gen for slot in m.asids_of(cpu))


def walkable(m: Machine, block: list[Frame]) -> list[tuple[int, Frame]]:
    """CPUs and frames of a block that a CPU may walk as a page table of an mm it has loaded: lazily
    or not, for walks may be speculative.
    """
    if not m.walk:
        return []
    found = []
    for state in m.cpu:
        if state.loaded_mm:
            tables = [walk.table for walk in m.walks_of(state.index, state.loaded_mm)]
            found += [(state.index, frame) for frame in block if frame in tables]
    return found
