"""What micro-steps wait for: mmap_lock, the page-table lock, the folio lock.

A micro-step is atomic, so a lock is a cell only where it is kept from one micro-step to a later
one. Each predicate is true where the operation may go on: the lock is free, or its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from luf_tui.engine.operation import Operation
from luf_tui.machine.schema import MIGRATION, Mm, Pte

if TYPE_CHECKING:
    from luf_tui.engine.kernel import Kernel


def _mm(act: Operation, k: Kernel) -> int:
    """The address space an operation is about: its own local, or what its CPU has loaded."""
    mm: int = getattr(act, "mm", 0) or k.m.cpu[k.cpu_of(act.ctx)].loaded_mm
    return mm - 1


def _space(act: Operation, k: Kernel) -> Mm:
    return k.m.mm[_mm(act, k)]


def _pte(act: Operation, k: Kernel) -> Pte:
    vpn: int = getattr(act, "vpn", 0)
    return k.m.pte_at(_mm(act, k), vpn)


def mmap_write(act: Operation, k: Kernel) -> bool:
    """mmap_lock for writing: nobody else has it, and nobody reads."""
    space = _space(act, k)
    return space.writer == act.ctx + 1 or (not space.writer and not space.readers)


def mmap_read(act: Operation, k: Kernel) -> bool:
    """mmap_lock for reading: nobody else has it for writing."""
    return _space(act, k).writer in (0, act.ctx + 1)


def unlocked(k: Kernel, mm: int, ctx: int) -> bool:
    """Whether an operation on `ctx` can take an mm's page-table lock.

    Only an operation that flushes under it is ever seen to hold it. An mm of the machine has one
    page-table page, hence one lock (pte_lockptr()).
    """
    return k.m.mm[mm].ptl in (0, ctx + 1)


def table(act: Operation, k: Kernel) -> bool:
    """The page-table lock."""
    return unlocked(k, _mm(act, k), act.ctx)


def handle_fault(act: Operation, k: Kernel) -> bool:
    """mmap_lock for reading, and the page-table lock."""
    return mmap_read(act, k) and table(act, k)


def migrated(act: Operation, k: Kernel) -> bool:
    """migration_entry_wait(): the entry is a migration entry no longer."""
    return _pte(act, k).kind != MIGRATION


def _folio(act: Operation, k: Kernel, cached: int) -> bool:
    """The lock of a folio (plus one; 0 is none, and free)."""
    return not cached or k.m.frame[cached - 1].locked in (0, act.ctx + 1)


def cached_at(act: Operation, k: Kernel) -> bool:
    """The folio in the page cache for the address of a fault."""
    vpn: int = getattr(act, "vpn", 0)
    page = k.m.vma_at(_mm(act, k), vpn).file_page
    return _folio(act, k, k.m.file_page[page - 1].frame if page else 0)


def cached_page(act: Operation, k: Kernel) -> bool:
    """The folio at an operation's page-cache position."""
    page: int = getattr(act, "page", 0)
    return _folio(act, k, k.m.file_page[page - 1].frame)


def swap_cached(act: Operation, k: Kernel) -> bool:
    """The folio of a fault's swap entry, as do_swap_page() locks it, and the page-table lock."""
    slot = _pte(act, k).slot
    return table(act, k) and _folio(act, k, k.m.swap[slot - 1].frame if slot else 0)
