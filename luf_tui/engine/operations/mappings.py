"""mmap, munmap, mprotect and madvise: changes to address spaces (OP-17)."""

from __future__ import annotations

from luf_tui.engine import folio, large, locks, pagetable, tables
from luf_tui.engine.arguments import Start, range_of, starts
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import DONE, Local, Next, Operation, Step, step
from luf_tui.engine.operations.flush import Shootdown
from luf_tui.engine.operations.gather import begin_gather, end_gather, nested
from luf_tui.engine.operations.memory import FreePage
from luf_tui.engine.operations.pending import catch_up
from luf_tui.engine.operations.split_pmd import SplitPmd
from luf_tui.machine import events as ev
from luf_tui.machine.regions import Reference, Required
from luf_tui.machine.schema import FILE, MIGRATION, PRESENT, FilePage, Frame, Mm, Pte, Vma
from luf_tui.policy import guards
from luf_tui.script.program import Op
from luf_tui.script.values import Rights
from luf_tui.script.verbs import by_process

MUNMAP, MPROTECT, EXIT = ev.REASON["munmap"], ev.REASON["mprotect"], ev.REASON["exit"]
SHARED, READ, WRITE, MAY_WRITE = 1, 2, 4, 8
"""Permission bits of an mmap."""


class Mmap(Operation, name="mmap", function="mmap"):
    """mmap(): VMAs are cells; nothing is flushed (OP-18)."""

    mm = Required[Mm]("mm")
    vpn = Local(of="page", over="pages")
    pages = Local()
    file_page = Reference[FilePage]("file_page")
    flags = Local()

    def _mmap_write(self, k: Kernel) -> bool:
        return locks.mmap_write(self.mm, self.ctx)

    @step("make the mapping", when=_mmap_write)
    def map(self, k: Kernel) -> Next:
        """mmap_region()."""
        self.mm.alive = 1
        first = self.file_page
        for number in range(self.pages):
            vma = k.m.vma_at(self.mm, self.vpn + number)
            vma.mapped = 1
            vma.file_page = first and k.m.file_page[first.index + number]
            vma.shared = int(bool(self.flags & SHARED))
            vma.home = _new_home(k, vma) if vma.shared and not vma.file_page else None
            vma.prot_read = int(bool(self.flags & READ))
            vma.prot_write = int(bool(self.flags & WRITE))
            vma.may_write = int(bool(self.flags & MAY_WRITE))
        k.emit(ev.MMAP, k.cpu, self.mm.index, self.vpn, self.pages)
        return DONE


def _new_home(k: Kernel, vma: Vma) -> Vma:
    """What new shared memory is known by (shmem_zero_setup() makes a file for it): its own
    address, unless memory that began there is still mapped elsewhere, by a child or after mremap.
    """
    taken = {one.home for one in k.m.vma if one.home is not None}
    return next(one for one in (vma, *k.m.vma) if one not in taken)


class Zap(Operation, name="unmap_page_range", function="zap_pte_range"):
    """zap_pte_range() and its mmu_gather: clear, flush, then free (tlb_flush_mmu())."""

    mm = Required[Mm]("mm")
    at = Local(of="page", within="start")
    end = Local()
    why = Local()
    start = Local(of="page", upto="end")
    cleared = Local(
        "whether PTEs were cleared and not flushed; how many, where a gather can be full"
    )
    mask = Local(mask="cpu")

    def _place_free(self, k: Kernel) -> bool:
        """The page-table lock; and no other gather still holds a page that it unmapped where this
        one would unmap the next. That it waits is a simplification: the machine has one place for
        both.
        """
        if self.at < self.end and large.away(k.m.pte_at(self.mm, self.at)):
            return True
        if not locks.page_table(self.mm, self.ctx):
            return False
        ptes = (k.m.pte_at(self.mm, vpn) for vpn in range(self.at, self.end))
        following = next((pte for pte in ptes if pte.kind == PRESENT), None)
        return following is None or following.gatherer in (None, self.ctx)

    @step("flush what is pending for this mm")
    def catch_up(self, k: Kernel) -> Next:
        """flush_tlb_batched_pending(): reclaim may have cleared PTEs here without flushing."""
        begin_gather(k, self.mm)
        self.start = self.at
        return catch_up(self, k, self.mm, Zap.clear_pte) or Zap.clear_pte

    @step("clear a PTE", when=_place_free)
    def clear_pte(self, k: Kernel) -> Next:
        """zap_present_ptes(): the page is queued with a reference, not freed.

        What reclaim clears unseen while the walk goes on is flushed before the next PTE.
        """
        late = catch_up(self, k, self.mm, Zap.clear_pte) if self.at < self.end else None
        if late:
            return late
        m = k.m
        while self.at < self.end:
            pte = m.pte_at(self.mm, self.at)
            if large.away(pte):
                self.at = min(self.end, k.m.range_of(self.at).stop)
                return Zap.clear_pte
            if large.whole(pte):
                return self._zap_large(k, pte)
            self.at += 1
            if pte.kind == PRESENT:
                frame = pte.frame
                assert frame
                if pte.dirty:
                    frame.dirty = 1
                late_rmap = bool(
                    pte.dirty and frame.state == FILE and k.policy.has(guards.DELAY_RMAP)
                )
                self.cleared = self.cleared + 1 if m.config.gather_slots else 1
                if m.by_frame(pte):
                    pagetable.clear(k, pte)
                    return Zap.clear_pte
                pte.gathered = pagetable.clear(k, pte, keep_rmap=late_rmap)
                pte.gatherer = k.ctx
                folio.get(frame)
                if late_rmap or self.cleared == m.config.gather_slots:
                    return self._force_flush(k, Zap.remove_rmap if late_rmap else Zap.unlock_table)
                return Zap.clear_pte
            page = folio.drop_swap_entry(pte.slot) if pte.slot else None
            if pte.kind == MIGRATION and pte.frame:
                pagetable.unlink(pte, pte.frame)
            pagetable.empty(pte)
            if page:
                return self.call(k, FreePage, Zap.clear_pte, frame=page)
        return Zap.flush

    def _zap_large(self, k: Kernel, pte: Pte) -> Next:
        """zap_huge_pmd() of a large entry that goes as a whole; any other is split first. Its folio
        is one page for the gather.
        """
        first = self.at
        if not large.fits(k.m, first, self.end):
            return self.call(k, SplitPmd, Zap.clear_pte, mm=self.mm, vpn=first)
        for one in large.entries(k.m, self.mm, first):
            if one.dirty and one.frame:
                one.frame.dirty = 1
        head = pagetable.clear_large(k, self.mm, first)
        pte.gathered, pte.gatherer = head, k.ctx
        folio.get(head)
        self.cleared = self.cleared + 1 if k.m.config.gather_slots else 1
        self.at = first + k.m.config.huge_pages
        if self.cleared == k.m.config.gather_slots:
            return self._force_flush(k, Zap.unlock_table)
        return Zap.clear_pte

    def _force_flush(self, k: Kernel, then: Step) -> Next:
        """force_flush in zap_pte_range(): flush what is gathered before the lock is dropped."""
        self.mm.ptl = k.ctx
        start, end = self.start, self.at
        if not k.policy.has(guards.FLUSH_WHAT_IS_GATHERED):
            start, end = self.at, self.end
        if start == end:
            return then
        return self.call(k, Shootdown, then, mm=self.mm, start=start, end=end, why=self.why)

    @step("remove it from the reverse map")
    def remove_rmap(self, k: Kernel) -> Next:
        """tlb_flush_rmaps(): a dirty page of a file could be stored to until that flush, so that
        folio_mkclean() had to find the mapping and wait for the page-table lock.
        """
        pte = k.m.pte_at(self.mm, self.at - 1)
        assert pte.gathered
        pagetable.unlink(pte, pte.gathered)
        return None

    @step("drop the page-table lock")
    def unlock_table(self, k: Kernel) -> Next:
        """The gather is empty once its pages are freed; then the walk goes on."""
        self.mm.ptl, self.cleared = None, 0
        return None

    @step("free what was flushed")
    def free_some(self, k: Kernel) -> Next:
        """tlb_flush_mmu(), before the walk goes on."""
        page = self._last(k)
        return self.call(k, FreePage, Zap.free_some, frame=page) if page else Zap.clear_pte

    @step("flush what was cleared")
    def flush(self, k: Kernel) -> Next:
        """tlb_flush_mmu_tlbonly(): a gather that cleared nothing does not flush at all. Once page
        tables are freed with it, it does, and lazy CPUs take part (freed_tables); and so it does
        while another gather is in flight, for the whole mm (tlb_finish_mmu()).
        """
        if self._unlinks(k):
            if self.cleared and k.policy.has(guards.FLUSH_FRAME_MAPS):
                self.cleared = 0
                what = {"start": self.start, "end": self.end, "why": self.why}
                return self.call(k, Shootdown, Zap.unlink, mm=self.mm, **what)
            self._unlink(k)
        return self._tables(k)

    def _unlinks(self, k: Kernel) -> bool:
        """Whether VMAs of a driver's file go with their PTEs."""
        ptes = (k.m.pte_at(self.mm, vpn) for vpn in range(self.start, self.end))
        return self.why in (MUNMAP, EXIT) and any(k.m.by_frame(pte) for pte in ptes)

    def _unlink(self, k: Kernel) -> None:
        if k.m.frame_map:
            for vpn in range(self.start, self.end):
                k.m.frame_map[k.m.pte_at(self.mm, vpn).index].clear()

    @step("take the mapping out of the driver's file")
    def unlink(self, k: Kernel) -> Next:
        """free_pgtables(), unlink_file_vma(): the driver does not find the mapping any more, so the
        flush came first (tlb_end_vma()).
        """
        self._unlink(k)
        return self._tables(k)

    def _tables(self, k: Kernel) -> Next:
        large.tables_gone(k.m, self.mm, self.start, self.end)
        freed = tables.take_out(k, self.mm, self.start, self.end)
        if freed and not k.policy.has(guards.FLUSH_BEFORE_TABLE_FREE):
            return Zap.early_tables
        return self._flush(k, freed=freed)

    @step("free a page-table page before the flush")
    def early_tables(self, k: Kernel) -> Next:
        """The wrong order: what a gather without its rule for page tables would do."""
        page = tables.next_gathered(k, self.mm)
        if page:
            return self.call(k, FreePage, Zap.early_tables, frame=page)
        return self._flush(k, freed=False)

    def _flush(self, k: Kernel, *, freed: bool) -> Next:
        if nested(k, self.mm):
            return self._flush_nested(k)
        cleared = self.cleared or freed
        if not cleared or (self.why == EXIT and not k.policy.has(guards.FLUSH_ON_EXIT)):
            return self._hook(k)
        if not k.policy.has(guards.FLUSH_BEFORE_GATHER_FREE):
            return Zap.late_flush
        args = {"mm": self.mm, "start": self.start, "end": self.end, "why": self.why}
        whole = int(freed or self.why == EXIT)
        return self.call(k, Shootdown, Zap.hook, tables=whole, **args)

    def _flush_nested(self, k: Kernel) -> Next:
        """tlb_finish_mmu(): the whole mm, page tables with it. A reset of the gather would forget
        that it frees some, and that other CPUs may walk them.
        """
        what = {"mm": self.mm, "why": self.why}
        if k.policy.has(guards.NESTED_FLUSH_TABLES):
            return self.call(k, Shootdown, Zap.hook, tables=1, **what)
        return self.call(k, Shootdown, Zap.hook, start=self.start, end=self.end, **what)

    @step("flush after the pages were freed")
    def late_flush(self, k: Kernel) -> Next:
        """The wrong order: what a gather without its rule would do."""
        page = self._last(k)
        if page:
            return self.call(k, FreePage, Zap.late_flush, frame=page)
        args = {"mm": self.mm, "start": self.start, "end": self.end, "why": self.why}
        return self.call(k, Shootdown, Zap.hook, **args)

    @step("end of the VMA")
    def hook(self, k: Kernel) -> Next:
        """v12's tlb_end_vma(): pay what LUF owes for this mm (OP-16)."""
        return self._hook(k)

    def _hook(self, k: Kernel) -> Next:
        why = "exit" if self.why == EXIT else "vma"
        self.mask = k.policy.mm_mask(k.m, k.task, self.mm, why)
        if self.mask:
            k.emit(ev.PAY, k.cpu, -1, self.mask, self.why)
            return self.call(k, Shootdown, Zap.free, mask=self.mask, why=self.why)
        return self._free(k)

    @step("free a gathered page")
    def free(self, k: Kernel) -> Next:
        """tlb_batch_pages_flush(): only after the flush; then tlb_finish_mmu()."""
        return self._free(k)

    def _free(self, k: Kernel) -> Next:
        page = self._last(k) or tables.next_gathered(k, self.mm)
        if page:
            return self.call(k, FreePage, Zap.free, frame=page)
        end_gather(k, self.mm)
        return DONE

    def _last(self, k: Kernel) -> Frame | None:
        """free_folio_and_swap_cache() of gathered pages, up to one that nobody else holds."""
        for vpn in range(self.start, self.end):
            pte = k.m.pte_at(self.mm, vpn)
            if pte.gatherer is k.ctx and pte.gathered:
                page = pte.gathered
                pte.gathered = pte.gatherer = None
                folio.free_swap_cache(page)
                if folio.put(page):
                    return page
        return None


class Munmap(Operation, name="munmap", function="munmap"):
    """munmap(): the VMA goes first, then its PTEs; after it returns nothing is readable."""

    mm = Required[Mm]("mm")
    vpn = Local(of="page", over="pages")
    pages = Local()

    def _mmap_write(self, k: Kernel) -> bool:
        return locks.mmap_write(self.mm, self.ctx)

    @step("detach the mapping", when=_mmap_write)
    def detach(self, k: Kernel) -> Next:
        """Take mmap_lock for writing."""
        self.mm.writer = k.ctx
        for vpn in range(self.vpn, self.vpn + self.pages):
            k.m.vma_at(self.mm, vpn).clear()
        k.emit(ev.MUNMAP, k.cpu, self.mm.index, self.vpn, self.pages)
        args = {"at": self.vpn, "start": self.vpn, "end": self.vpn + self.pages, "why": MUNMAP}
        return self.call(k, Zap, Munmap.unlock, mm=self.mm, **args)

    @step("drop mmap_lock")
    def unlock(self, k: Kernel) -> Next:
        """munmap() returns."""
        self.mm.writer = None
        return DONE


class MmapFixed(Operation, name="mmap fixed", function="mmap"):
    """mmap(MAP_FIXED): the old mapping is unmapped, then the new one made."""

    mm = Required[Mm]("mm")
    vpn = Local(of="page", over="pages")
    pages = Local()
    file_page = Reference[FilePage]("file_page")
    flags = Local()

    @step("unmap what is there")
    def clear_way(self, k: Kernel) -> Next:
        """MAP_FIXED implies munmap()."""
        args = {"mm": self.mm, "vpn": self.vpn, "pages": self.pages}
        return self.call(k, Munmap, MmapFixed.map, **args)

    @step("make the new mapping")
    def map(self, k: Kernel) -> Next:
        """As any mmap()."""
        where = {"mm": self.mm, "vpn": self.vpn, "pages": self.pages}
        return self.jump(k, Mmap, file_page=self.file_page, flags=self.flags, **where)


class Mprotect(Operation, name="mprotect", function="mprotect"):
    """mprotect(): change PTEs under the lock, flush before mmap_lock is dropped."""

    mm = Required[Mm]("mm")
    vpn = Local(of="page", over="pages")
    pages = Local()
    flags = Local()
    at = Local(of="page", within="vpn")
    changed = Local()
    mask = Local(mask="cpu")

    def _mmap_write(self, k: Kernel) -> bool:
        return locks.mmap_write(self.mm, self.ctx)

    def _page_table(self, k: Kernel) -> bool:
        return locks.page_table(self.mm, self.ctx)

    @step("change the mapping", when=_mmap_write)
    def begin(self, k: Kernel) -> Next:
        """mprotect_fixup(); then flush_tlb_batched_pending() as change_pte_range() begins."""
        self.mm.writer = k.ctx
        begin_gather(k, self.mm)
        self.at = self.vpn
        for vpn in range(self.vpn, self.vpn + self.pages):
            vma = k.m.vma_at(self.mm, vpn)
            vma.prot_read = int(bool(self.flags & READ))
            vma.prot_write = int(bool(self.flags & WRITE))
        k.emit(ev.MPROTECT, k.cpu, self.mm.index, self.vpn, self.pages)
        return catch_up(self, k, self.mm, Mprotect.change) or Mprotect.change

    @step("change a PTE", when=_page_table)
    def change(self, k: Kernel) -> Next:
        """change_pte_range(): RO to RW is left to the next write fault. As in an unmap, the lock
        leaves no gap after the flush.
        """
        late = (
            catch_up(self, k, self.mm, Mprotect.change) if self.at < self.vpn + self.pages else None
        )
        if late:
            return late
        while self.at < self.vpn + self.pages:
            pte = k.m.pte_at(self.mm, self.at)
            if large.whole(pte) and not large.fits(k.m, self.at, self.vpn + self.pages):
                return self.call(k, SplitPmd, Mprotect.change, mm=self.mm, vpn=self.at)
            together = large.together(k.m, pte)
            self.at += len(together)
            if pte.kind == MIGRATION and not self.flags & WRITE:
                pte.writable &= not k.policy.has(guards.PROTECT_ENTRIES)
            if pte.kind != PRESENT:
                continue
            if not [one for one in together if self._change(k, one)]:
                continue
            self.changed = 1
            return Mprotect.change
        return None

    def _change(self, k: Kernel, pte: Pte) -> bool:
        """Take a right away from a present PTE; False where there was none to take."""
        if not self.flags & READ:
            pte.prot_none = 1
        elif pte.writable and not self.flags & WRITE:
            pagetable.protect(k, pte, writable=0)
        else:
            pte.prot_none = 0
            return False
        return True

    @step("flush what changed")
    def flush(self, k: Kernel) -> Next:
        """tlb_finish_mmu(), before the lock is dropped."""
        if nested(k, self.mm):
            return self.call(k, Shootdown, Mprotect.hook, mm=self.mm, tables=1, why=MPROTECT)
        if not self.changed:
            return self._hook(k)
        args = {"start": self.vpn, "end": self.vpn + self.pages, "why": MPROTECT}
        return self.call(k, Shootdown, Mprotect.hook, mm=self.mm, **args)

    @step("end of the VMA")
    def hook(self, k: Kernel) -> Next:
        """v12's tlb_end_vma()."""
        return self._hook(k)

    def _hook(self, k: Kernel) -> Next:
        self.mask = k.policy.mm_mask(k.m, k.task, self.mm, "vma")
        if self.mask:
            k.emit(ev.PAY, k.cpu, -1, self.mask, MPROTECT)
            return self.call(k, Shootdown, Mprotect.unlock, mask=self.mask, why=MPROTECT)
        return None

    @step("drop mmap_lock")
    def unlock(self, k: Kernel) -> Next:
        """mprotect() returns."""
        end_gather(k, self.mm)
        self.mm.writer = None
        return DONE


def _protection(rights: Rights) -> int:
    """The protection that is asked for; on x86 PROT_WRITE implies PROT_READ."""
    return (READ if rights.write or rights.read else 0) | (WRITE if rights.write else 0)


@starts(by_process.Mmap)
def _mmap(k: Kernel, op: Op, args: by_process.Mmap) -> Start:
    rights = args.rights
    flags = _protection(rights) | SHARED * rights.shared | MAY_WRITE * rights.may_write
    page = None if args.file_page < 0 else k.m.file_page[args.file_page]
    what = {**range_of(k, args.where), "file_page": page, "flags": flags}
    return (MmapFixed if args.where.fixed else Mmap), what


@starts(by_process.Munmap)
def _munmap(k: Kernel, op: Op, args: by_process.Munmap) -> Start:
    return Munmap, range_of(k, args.where)


@starts(by_process.Mprotect)
def _mprotect(k: Kernel, op: Op, args: by_process.Mprotect) -> Start:
    where = range_of(k, args.where)
    return Mprotect, {**where, "at": args.where.vpn, "flags": _protection(args.rights)}
