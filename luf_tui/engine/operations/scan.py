"""Scans that take something from PTEs so that the next access tells: NUMA hinting, soft-dirty
(baseline 2.2, 4.3).
"""

from __future__ import annotations

from luf_tui.engine import locks, pagetable
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import DONE, Local, Next, Operation, step
from luf_tui.engine.operations.flush import Shootdown
from luf_tui.engine.operations.gather import begin_gather, end_gather, nested
from luf_tui.engine.operations.pending import catch_up
from luf_tui.machine import events as ev
from luf_tui.machine.schema import PRESENT, Pte
from luf_tui.policy import guards

NUMA, SOFT_DIRTY = range(2)
WHY = (ev.REASON["numa scan"], ev.REASON["soft-dirty"])


def keeps_faults_out(act: Operation, k: Kernel) -> bool:
    """clear_refs takes mmap_lock for writing, so that no write fault copies a page before the
    flush; a NUMA scan takes it for reading.
    """
    what: int = getattr(act, "what", NUMA)
    return what == SOFT_DIRTY and k.policy.has(guards.LOCK_SOFT_DIRTY)


def lock_free(act: Operation, k: Kernel) -> bool:
    """mmap_lock can be had, for writing or for reading."""
    return locks.mmap_write(act, k) if keeps_faults_out(act, k) else locks.mmap_read(act, k)


class Scan(Operation, name="scan"):
    """task_numa_work() and clear_refs: change PTEs of a range, flush them together at the end.

    NUMA hinting makes PTEs inaccessible (PROT_NONE); a hinted page needs no flush when it is
    unmapped later, since no CPU can have cached it meanwhile. Clearing soft-dirty bits
    write-protects, so that the next store tells.
    """

    mm = Local(ref="mm")
    vpn = Local()
    pages = Local()
    what = Local("NUMA or SOFT_DIRTY")
    at = Local()
    changed = Local()

    @step("begin the scan", when=lock_free)
    def begin(self, k: Kernel) -> Next:
        """Take mmap_lock; tlb_flush_pending tells others of the flush to come."""
        space = k.m.mm[self.mm - 1]
        if keeps_faults_out(self, k):
            space.writer = k.ctx + 1
        else:
            space.readers += 1
        begin_gather(k, self.mm - 1)
        self.at = self.vpn
        if self.what != NUMA:
            return Scan.change
        return catch_up(self, k, self.mm, Scan.change) or Scan.change

    @step("change a PTE", when=locks.table)
    def change(self, k: Kernel) -> Next:
        """change_prot_numa() or clear_soft_dirty(), under the page-table lock."""
        while self.at < self.vpn + self.pages:
            pte = k.m.pte_at(self.mm - 1, self.at)
            self.at += 1
            if pte.kind == PRESENT and self._change(k, pte):
                self.changed = 1
                return Scan.change
        return None

    def _change(self, k: Kernel, pte: Pte) -> bool:
        """Change one PTE; False when there is nothing to change."""
        if self.what == SOFT_DIRTY:
            if pte.writable:
                pagetable.protect(k, pte, writable=0)
                return True
            return False
        if pte.prot_none or pte.pfn - 1 == k.m.zero_page:
            return False
        pagetable.supersede(k, pte)
        pte.prot_none = 1
        k.emit(ev.HINT, k.cpu, self.mm - 1, self.at - 1, pte.pfn - 1)
        return True

    @step("flush what changed")
    def flush(self, k: Kernel) -> Next:
        """tlb_finish_mmu(), or flush_tlb_mm() after the walk: once for the whole range."""
        if self.what == NUMA and nested(k, self.mm - 1):
            why = WHY[NUMA]
            return self.call(k, Shootdown, Scan.finish, mm=self.mm, tables=1, why=why)
        flushes = self.what == NUMA or k.policy.has(guards.FLUSH_SOFT_DIRTY)
        if not (self.changed and flushes):
            return Scan.finish
        args = {"start": self.vpn, "end": self.vpn + self.pages, "why": WHY[self.what]}
        return self.call(k, Shootdown, Scan.finish, mm=self.mm, **args)

    @step("end the scan")
    def finish(self, k: Kernel) -> Next:
        """From here on a fault tells who uses the page."""
        space = k.m.mm[self.mm - 1]
        end_gather(k, self.mm - 1)
        if keeps_faults_out(self, k):
            space.writer = 0
        else:
            space.readers -= 1
        return DONE
