"""Large entries: ranges of virtual pages that the upper level of a page table maps by one entry.

Only a machine with `huge_pages` has them; on any other, nothing here does anything. What a large
entry says stands in the PTEs of its pages, which are changed in one micro-step, all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from luf_tui.machine.schema import (
    PMD_AWAY,
    PMD_HUGE,
    PMD_NONE,
    PMD_SPLITTING,
    PMD_TABLE,
    Context,
    Mm,
    Pmd,
    Pte,
)

if TYPE_CHECKING:
    from luf_tui.machine.machine import Machine
    from luf_tui.machine.regions import Region

LARGE = (PMD_HUGE, PMD_SPLITTING)
"""Kinds of entries that map their range themselves (pmd_trans_huge())."""
UNWALKED = (PMD_SPLITTING, PMD_AWAY)
"""Kinds that no CPU walks through: they are not present, for a while."""


def pmd_of(pte: Pte) -> Pmd | None:
    """The entry of the upper level above a PTE; None on a machine without large ones."""
    pmds: Region[Pmd] = pte.regions["pmd"]
    if not pmds:
        return None
    return pmds[pte.index * len(pmds) // len(pte.regions["pte"])]


def whole(pte: Pte) -> bool:
    """pmd_trans_huge(): a page is mapped by a large entry, together with its neighbours."""
    pmd = pmd_of(pte)
    return pmd is not None and pmd.kind in LARGE


def unwalked(pte: Pte) -> bool:
    """Whether a walk ends above a PTE for now, whatever that says."""
    pmd = pmd_of(pte)
    return pmd is not None and pmd.kind in UNWALKED


def away(pte: Pte) -> bool:
    """Whether there is nothing above a PTE for a moment: whoever has cleared it will put it back,
    or something in its place.
    """
    pmd = pmd_of(pte)
    return pmd is not None and pmd.kind == PMD_AWAY


def take_away(m: Machine, mm: Mm, vpn: int, ctx: Context) -> None:
    """Clear the entry above a range and keep the page-table lock: until something is put there, no
    walk gets further (pmdp_huge_get_and_clear_full(), pmdp_collapse_flush()).
    """
    m.pmd_at(mm, vpn).kind = PMD_AWAY
    mm.ptl = ctx


def put_back(m: Machine, mm: Mm, vpn: int) -> None:
    """Set a large entry that was taken away, and drop the lock (set_pmd_at())."""
    m.pmd_at(mm, vpn).kind = PMD_HUGE
    mm.ptl = None


def entries(m: Machine, mm: Mm, vpn: int) -> list[Pte]:
    """The PTEs in which a large entry of a range stands."""
    return [m.pte_at(mm, one) for one in m.range_of(vpn)]


def together(m: Machine, pte: Pte) -> list[Pte]:
    """The PTEs that change with one: those of its large entry, or it alone."""
    return entries(m, *m.place_of(pte)) if whole(pte) else [pte]


def fits(m: Machine, vpn: int, end: int) -> bool:
    """Whether what is about [vpn, end) can be done to a large entry at vpn as a whole."""
    pages = m.range_of(vpn)
    return vpn == pages.start and pages.stop <= end


def suitable(m: Machine, mm: Mm, vpn: int) -> bool:
    """thp_vma_allowable_order(): a range in which a program has private memory throughout, with the
    same rights, that no monitor watches and for which large pages are not forbidden.
    """
    if m.pmd_at(mm, vpn).never:
        return False
    vmas = [m.vma_at(mm, one) for one in m.range_of(vpn)]
    rights = {(one.prot_read, one.prot_write) for one in vmas}
    plain = all(one.mapped and not (one.file_page or one.shared) for one in vmas)
    plain &= not any(m.by_frame(pte) for pte in entries(m, mm, vpn))
    return plain and len(rights) == 1 and not any(one.uffd_wp or one.uffd_missing for one in vmas)


def wanted(m: Machine, mm: Mm, vpn: int) -> bool:
    """Whether a fault may bring in a large page: nothing is there yet, not even a table."""
    return bool(m.pmd) and m.pmd_at(mm, vpn).kind == PMD_NONE and suitable(m, mm, vpn)


def table_below(m: Machine, mm: Mm, vpn: int) -> None:
    """pte_alloc(): small entries stand under an address from here on."""
    if m.pmd and m.pmd_at(mm, vpn).kind == PMD_NONE:
        m.pmd_at(mm, vpn).kind = PMD_TABLE


def tables_gone(m: Machine, mm: Mm, start: int, end: int) -> None:
    """free_pgtables() over [start, end): the upper level forgets ranges without any VMA."""
    if not m.pmd:
        return
    for first in range(m.range_of(start).start, end, m.config.huge_pages):
        used = [m.vma_at(mm, one).mapped or m.pte_at(mm, one).kind for one in m.range_of(first)]
        if not any(used):
            m.pmd_at(mm, first).clear()
