"""Scans that take something from PTEs so that the next access tells: NUMA hinting, soft-dirty
(task_numa_work(), clear_refs_write()).
"""

from __future__ import annotations

from luf_tui.engine import large, locks, pagetable
from luf_tui.engine.arguments import Start, range_of, starts
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import DONE, Local, Next, Operation, step
from luf_tui.engine.operations.flush import Shootdown
from luf_tui.engine.operations.gather import begin_gather, end_gather, nested
from luf_tui.engine.operations.pending import catch_up
from luf_tui.engine.operations.split_pmd import SplitPmd
from luf_tui.machine import events as ev
from luf_tui.machine.regions import Required
from luf_tui.machine.schema import PRESENT, Mm, Pte
from luf_tui.policy import guards
from luf_tui.script.program import Op
from luf_tui.script.verbs import by_kernel, by_process

NUMA, SOFT_DIRTY = range(2)
WHY = (ev.REASON["numa scan"], ev.REASON["soft-dirty"])


class Scan(Operation, name="scan", function="change_prot_numa"):
    """task_numa_work() and clear_refs: change PTEs of a range, flush them together at the end.

    NUMA hinting makes PTEs inaccessible (PROT_NONE); a hinted page needs no flush when it is
    unmapped later, since no CPU can have cached it meanwhile. Clearing soft-dirty bits
    write-protects, so that the next store tells.
    """

    mm = Required[Mm]("mm")
    vpn = Local(of="page", over="pages")
    pages = Local()
    what = Local("NUMA or SOFT_DIRTY")
    at = Local(of="page", within="vpn")
    changed = Local()

    @property
    def function(self) -> str:
        """NUMA hinting and clear_refs walk the same way."""
        return "clear_soft_dirty" if self.what == SOFT_DIRTY else self.FUNCTION

    def _keeps_faults_out(self, k: Kernel) -> bool:
        """clear_refs takes mmap_lock for writing, so that no write fault copies a page before the
        flush; a NUMA scan takes it for reading.
        """
        return self.what == SOFT_DIRTY and k.policy.has(guards.LOCK_SOFT_DIRTY)

    def _mmap_lock(self, k: Kernel) -> bool:
        """mmap_lock can be had, for writing or for reading."""
        if self._keeps_faults_out(k):
            return locks.mmap_write(self.mm, self.ctx)
        return locks.mmap_read(self.mm, self.ctx)

    def _announces_first(self, k: Kernel) -> bool:
        """tlb_flush_pending is seen before the PTEs are; a NUMA scan has to take care of that."""
        return self.what != NUMA or k.policy.has(guards.ANNOUNCE_FIRST)

    def _page_table(self, k: Kernel) -> bool:
        return locks.page_table(self.mm, self.ctx)

    @step("begin the scan", when=_mmap_lock)
    def begin(self, k: Kernel) -> Next:
        """Take mmap_lock; tlb_flush_pending tells others of the flush to come."""
        space = self.mm
        if self._keeps_faults_out(k):
            space.writer = k.ctx
        else:
            space.readers += 1
        if self._announces_first(k):
            begin_gather(k, self.mm)
        self.at = self.vpn
        if self.what != NUMA:
            k.emit(ev.SOFT_DIRTY, k.cpu, self.mm.index, self.vpn, self.pages)
            return Scan.change
        return catch_up(self, k, self.mm, Scan.change) or Scan.change

    @step("put a large entry back")
    def put_back(self, k: Kernel) -> Next:
        """The wrong way: the entry was cleared to be changed, and for a moment there was none."""
        for one in large.entries(k.m, self.mm, self.at - 1):
            self.changed |= int(self._change(k, one))
        large.put_back(k.m, self.mm, self.at - 1)
        return Scan.change

    @step("change a PTE", when=_page_table)
    def change(self, k: Kernel) -> Next:
        """change_prot_numa() or clear_soft_dirty(), under the page-table lock."""
        while self.at < self.vpn + self.pages:
            pte = k.m.pte_at(self.mm, self.at)
            if large.whole(pte) and not large.fits(k.m, self.at, self.vpn + self.pages):
                return self.call(k, SplitPmd, Scan.change, mm=self.mm, vpn=self.at)
            together = large.together(k.m, pte)
            self.at += len(together)
            hides = large.whole(pte) and self.what == NUMA
            if hides and not k.policy.has(guards.KEEP_HUGE_PRESENT):
                large.take_away(k.m, self.mm, self.at - 1, k.ctx)
                return Scan.put_back
            if pte.kind == PRESENT and [one for one in together if self._change(k, one)]:
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
        frame = pte.frame
        if pte.prot_none or frame is k.m.zero_page or k.m.by_frame(pte):
            return False
        pte.prot_none = 1
        assert frame
        k.emit(ev.HINT, k.cpu, self.mm.index, k.m.place_of(pte)[1], frame.pfn)
        return True

    @step("flush what changed")
    def flush(self, k: Kernel) -> Next:
        """tlb_finish_mmu(), or flush_tlb_mm() after the walk: once for the whole range."""
        if not self._announces_first(k):
            begin_gather(k, self.mm)
        if self.what == NUMA and nested(k, self.mm):
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
        space = self.mm
        end_gather(k, self.mm)
        if self._keeps_faults_out(k):
            space.writer = None
        else:
            space.readers -= 1
        return DONE


@starts(by_process.ClearSoftDirty)
def _clear_soft_dirty(k: Kernel, op: Op, args: by_process.ClearSoftDirty) -> Start:
    return Scan, {"mm": k.m.mm[args.mm], "pages": k.m.config.pages, "what": SOFT_DIRTY}


@starts(by_kernel.Scan)
def _scan(k: Kernel, op: Op, args: by_kernel.Scan) -> Start:
    return Scan, {**range_of(k, args.where), "at": args.where.vpn, "what": NUMA}
