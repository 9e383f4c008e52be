"""Page-table pages: which ones an address space has, and which a munmap takes out (O32).

Only a machine with a `table-span` has them; on any other, nothing here does anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from luf_tui.machine import events as ev
from luf_tui.machine.schema import Frame, Mm

if TYPE_CHECKING:
    from luf_tui.engine.kernel import Kernel


def missing(k: Kernel, mm: Mm, vpn: int) -> bool:
    """pmd_none(): no page-table page is there for an address yet."""
    return bool(k.m.config.table_span) and not k.m.table_at(mm, vpn).frame


def take_out(k: Kernel, mm: Mm, start: int, end: int) -> bool:
    """free_pgtables() over [start, end): page-table pages that map no VMA any more are taken out of
    the upper level and queued in the mmu_gather; whether there were any.
    """
    span = k.m.config.table_span
    if not span:
        return False
    found = False
    for first in range(start // span * span, end, span):
        table = k.m.table_at(mm, first)
        used = range(first, min(first + span, k.m.config.pages))
        if table.frame and not any(k.m.vma_at(mm, vpn).mapped for vpn in used):
            k.emit(ev.TABLE_OUT, k.cpu, mm.index, first, table.frame.pfn)
            table.gathered, table.gatherer, table.frame = table.frame, k.ctx, None
            found = True
    return found


def next_gathered(k: Kernel, mm: Mm) -> Frame | None:
    """tlb_remove_table(): the next page-table page that this gather has queued, which leaves the
    queue to be freed; None when there is none.
    """
    for table in k.m.tables_of(mm):
        if table.gatherer is k.ctx:
            frame = table.gathered
            table.gathered = table.gatherer = None
            return frame
    return None
