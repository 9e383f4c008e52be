"""madvise() and mremap(): ranges that are emptied, cooled or moved (OP-17)."""

from __future__ import annotations

from luf_tui.engine import folio, large, locks, pagetable, tables
from luf_tui.engine.arguments import Start, check_large, range_of, starts
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import CODE, DONE, Local, Next, Operation, step
from luf_tui.engine.operations.flush import Shootdown
from luf_tui.engine.operations.gather import begin_gather, end_gather, nested
from luf_tui.engine.operations.grow import PteAlloc
from luf_tui.engine.operations.mappings import Zap
from luf_tui.engine.operations.memory import FreePage
from luf_tui.engine.operations.pending import catch_up
from luf_tui.engine.operations.referenced import make_old
from luf_tui.engine.operations.split_folio import SplitFolio
from luf_tui.engine.operations.split_pmd import SplitPmd
from luf_tui.engine.operations.unmap import isolate
from luf_tui.errors import Refused
from luf_tui.machine import events as ev
from luf_tui.machine.machine import Machine
from luf_tui.machine.regions import Required
from luf_tui.machine.schema import ANON, PMD_NONE, PRESENT, SWAP, Frame, Mm, Pte
from luf_tui.policy import guards
from luf_tui.script.program import Op
from luf_tui.script.verbs import by_process

MADVISE, MREMAP = ev.REASON["madvise"], ev.REASON["mremap"]
DONTNEED, FREE, COLD, PAGEOUT, HUGEPAGE, NOHUGEPAGE = range(6)


class Madvise(Operation, name="madvise", function="madvise"):
    """madvise(): under mmap_lock for reading; the VMAs stay.

    A page that MADV_FREE made clean is dropped by reclaim, unless it is stored to before.
    MADV_PAGEOUT reclaims at once, and in the caller's own context, what the caller alone maps.
    """

    mm = Required[Mm]("mm")
    vpn = Local(of="page", over="pages")
    pages = Local()
    advice = Local()
    at = Local(of="page", within="vpn")
    changed = Local()

    def _mmap_read(self, k: Kernel) -> bool:
        return locks.mmap_read(self.mm, self.ctx)

    def _page_table(self, k: Kernel) -> bool:
        return locks.page_table(self.mm, self.ctx)

    @step("take mmap_lock", when=_mmap_read)
    def begin(self, k: Kernel) -> Next:
        """MADV_DONTNEED is zap_page_range_single(); the others age PTEs in place."""
        self.mm.readers += 1
        self.at = self.vpn
        if self.advice != DONTNEED:
            begin_gather(k, self.mm)
            if self.advice == FREE:
                k.emit(ev.LAZY_FREE, k.cpu, self.mm.index, self.vpn, self.pages)
            return catch_up(self, k, self.mm, Madvise.age) or Madvise.age
        k.emit(ev.DONTNEED, k.cpu, self.mm.index, self.vpn, self.pages)
        where = {"at": self.vpn, "start": self.vpn, "end": self.vpn + self.pages}
        return self.call(k, Zap, Madvise.unlock, mm=self.mm, why=MADVISE, **where)

    @step("look whether the folio is split", takes=CODE)
    def after_split(self, k: Kernel, outcome: int) -> Next:
        """split_folio() fails while somebody holds a page of it."""
        self.at += not outcome
        return Madvise.age

    @step("put a large entry back")
    def put_back(self, k: Kernel) -> Next:
        """The wrong way: the entry was cleared to be changed, and for a moment there was none."""
        ptes = large.entries(k.m, self.mm, self.at - 1)
        for one in ptes:
            self.changed |= int(self._age(k, one))
        large.put_back(k.m, self.mm, self.at - 1)
        return Madvise.age

    @step("age a PTE", when=_page_table)
    def age(self, k: Kernel) -> Next:
        """madvise_cold_or_pageout_pte_range(), madvise_free_pte_range(): clear A, or A and D, of
        a present PTE; what MADV_FREE finds in swap is dropped, and MADV_PAGEOUT takes pages off the
        LRU. As in an unmap, the lock leaves no gap after the flush.
        """
        late = catch_up(self, k, self.mm, Madvise.age) if self.at < self.vpn + self.pages else None
        if late:
            return late
        while self.at < self.vpn + self.pages:
            pte = k.m.pte_at(self.mm, self.at)
            apart = self._apart(k, pte) if k.m.pmd else None
            if apart:
                return apart
            together = large.together(k.m, pte)
            self.at += len(together)
            frees = large.whole(pte) and self.advice == FREE
            if frees and not k.policy.has(guards.KEEP_HUGE_PRESENT):
                large.take_away(k.m, self.mm, self.at - 1, k.ctx)
                return Madvise.put_back
            if pte.kind == PRESENT and [one for one in together if self._age(k, one)]:
                self.changed = int(self.advice != PAGEOUT)
                return Madvise.age
            if pte.slot and self.advice == FREE:
                page = folio.drop_swap_entry(pte.slot)
                pagetable.empty(pte)
                if page:
                    return self.call(k, FreePage, Madvise.age, frame=page)
        found = self.advice == PAGEOUT and k.m.task_list(k.current, "isolated").head
        return Madvise.pageout if found else Madvise.flush

    def _apart(self, k: Kernel, pte: Pte) -> Next:
        """A large folio of which only a part is meant, or which small entries map, is split first
        (split_folio()); where that fails, its page is passed over. None where there is no need.
        """
        frame, last = pte.frame, self.vpn + self.pages
        if pte.kind != PRESENT or not frame or not folio.large(frame):
            return None
        whole = large.whole(pte) and self.advice != PAGEOUT
        if whole and large.fits(k.m, self.at, last):
            return None
        return self.call(k, SplitFolio, Madvise.after_split, frame=frame)

    def _age(self, k: Kernel, pte: Pte) -> bool:
        """Make one PTE old, and clean when its contents may go; False if it was already."""
        frame = pte.frame
        assert frame
        if self.advice in (COLD, PAGEOUT) and not _alone_on_lru(k, frame):
            return False
        if self.advice == PAGEOUT:
            return not isolate(k, k.current, frame)
        if self.advice == COLD and k.m.config.page_age:
            make_old(k, frame)
        clean = self.advice == FREE and frame.state == ANON and frame.mapcount == 1
        if clean and not self._give_up(frame):
            return False
        if not pte.accessed and not (clean and pte.dirty):
            return False
        pte.accessed = 0
        if clean and pte.dirty:
            pte.dirty = frame.dirty = 0
        return True

    def _give_up(self, frame: Frame) -> bool:
        """folio_mark_lazyfree(), once the page is out of the swap cache; False leaves it alone, as
        where someone else has the folio lock that this takes (folio_trylock()).
        """
        if frame.slot or frame.dirty:
            if frame.locked or (frame.slot and frame.slot.users):
                return False
            if frame.slot:
                frame.slot.clear()
                frame.slot = None
        frame.lazyfree = 1
        return True

    @step("page out what was isolated")
    def pageout(self, k: Kernel) -> Next:
        """reclaim_pages(), with the page-table lock dropped and mmap_lock held: what it unmaps is
        noted in the caller's own batches.
        """
        return self.call(k, k.direct_reclaim, Madvise.flush, forced=1)

    @step("flush what was aged")
    def flush(self, k: Kernel) -> Next:
        """tlb_finish_mmu(): the hardware must set A and D again."""
        if nested(k, self.mm):
            return self.call(k, Shootdown, Madvise.end_gather, mm=self.mm, tables=1, why=MADVISE)
        if not self.changed:
            return Madvise.end_gather
        args = {"start": self.vpn, "end": self.vpn + self.pages, "why": MADVISE}
        return self.call(k, Shootdown, Madvise.end_gather, mm=self.mm, **args)

    @step("end the gather")
    def end_gather(self, k: Kernel) -> Next:
        """dec_tlb_flush_pending()."""
        end_gather(k, self.mm)
        return None

    @step("drop mmap_lock")
    def unlock(self, k: Kernel) -> Next:
        """madvise() returns."""
        self.mm.readers -= 1
        return DONE


def _alone_on_lru(k: Kernel, frame: Frame) -> bool:
    """Whether a folio is on its LRU and nobody else maps it: MADV_COLD and MADV_PAGEOUT leave the
    others alone, and the zero page.
    """
    return frame.mapcount == 1 and folio.head(frame).where is k.m.lru_list(k.m.zone_of(frame))


class AllowLarge(Operation, name="allow large pages", function="hugepage_madvise"):
    """madvise(MADV_HUGEPAGE, MADV_NOHUGEPAGE): whether faults and khugepaged may bring large pages
    to a range. What is there stays as it is.
    """

    mm = Required[Mm]("mm")
    vpn = Local(of="page", over="pages")
    pages = Local()
    never = Local()

    def _mmap_write(self, k: Kernel) -> bool:
        return locks.mmap_write(self.mm, self.ctx)

    @step("set the flag of the mapping", when=_mmap_write)
    def set(self, k: Kernel) -> Next:
        """VM_HUGEPAGE or VM_NOHUGEPAGE, of the ranges that it covers."""
        for vpn in range(self.vpn, self.vpn + self.pages):
            if large.fits(k.m, vpn, self.vpn + self.pages):
                k.m.pmd_at(self.mm, vpn).never = self.never
        return DONE


def movable(m: Machine, mm: Mm, vpn: int, pages: int, to: int) -> bool:
    """Whether the old range is mapped throughout and nothing is where it is to go."""
    old = all(m.vma_at(mm, at).mapped for at in range(vpn, vpn + pages))
    return old and not any(m.vma_at(mm, at).mapped for at in range(to, to + pages))


class Mremap(Operation, name="mremap", function="mremap"):
    """mremap(MREMAP_MAYMOVE): move_page_tables() to another range; the old one is gone after."""

    mm = Required[Mm]("mm")
    vpn = Local(of="page", over="pages")
    pages = Local()
    to = Local("the first page of the new range", of="page", over="pages")
    at = Local("pages moved so far")
    changed = Local()

    def _mmap_write(self, k: Kernel) -> bool:
        return locks.mmap_write(self.mm, self.ctx)

    def _page_table(self, k: Kernel) -> bool:
        return locks.page_table(self.mm, self.ctx)

    @step("copy the mapping", when=_mmap_write)
    def begin(self, k: Kernel) -> Next:
        """copy_vma(); then flush_tlb_batched_pending() as move_ptes() begins. The page-table pages
        of the new range come first, which alone can fail. Meanwhile the old range may have gone
        (EFAULT) or the new one be taken: then nothing happens.
        """
        m, mm = k.m, self.mm
        mm.writer = k.ctx
        if not movable(m, mm, self.vpn, self.pages, self.to):
            return Mremap.unlock
        for vpn in range(self.to, self.to + self.pages):
            if tables.missing(k, mm, vpn):
                return self.call(k, PteAlloc, Mremap.grown, mm=self.mm, vpn=vpn)
        for number in range(self.pages):
            old, new = m.vma_at(mm, self.vpn + number), m.vma_at(mm, self.to + number)
            new.assign(old)
            old.clear()
            old.file_page = new.file_page  # who truncates the file finds both until all is moved
            if m.frame_map:
                was, will = (m.pte_at(mm, at + number) for at in (self.vpn, self.to))
                m.frame_map[will.index].assign(m.frame_map[was.index])
        k.emit(ev.MREMAP, k.cpu, mm.index, self.vpn, self.pages, self.to)
        return catch_up(self, k, self.mm, Mremap.move) or Mremap.move

    @step("look whether there is a page-table page", takes=CODE)
    def grown(self, k: Kernel, outcome: int) -> Next:
        """ENOMEM: the new range is given back, and the old one stays."""
        if outcome:
            return Mremap.begin
        where = {"at": self.to, "start": self.to, "end": self.to + self.pages}
        return self.call(k, Zap, Mremap.unlock, mm=self.mm, why=MREMAP, **where)

    @step("move a PTE", when=_page_table)
    def move(self, k: Kernel) -> Next:
        """move_ptes(): the entry goes over as it is, dirty and writable bits with it."""
        late = catch_up(self, k, self.mm, Mremap.move) if self.at < self.pages else None
        if late:
            return late
        while self.at < self.pages:
            old = k.m.pte_at(self.mm, self.vpn + self.at)
            new = k.m.pte_at(self.mm, self.to + self.at)
            if large.whole(old):
                return self._move_large(k)
            if old.kind:
                large.table_below(k.m, self.mm, self.to + self.at)
            self.at += 1
            if old.kind == PRESENT:
                writable, dirty, exclusive = old.writable, old.dirty, old.exclusive
                hidden, protected = old.prot_none, old.uffd_wp
                rights = {"writable": writable, "dirty": dirty, "exclusive": exclusive}
                pagetable.install(k, new, pagetable.clear(k, old), **rights)
                new.prot_none, new.uffd_wp, self.changed = hidden, protected, 1
                if k.policy.has(guards.FLUSH_BEFORE_UNLOCK):
                    self.mm.ptl = k.ctx
                return Mremap.move
            if old.kind == SWAP:
                new.kind, new.slot, new.uffd_wp = SWAP, old.slot, old.uffd_wp
            elif old.frame:
                frame = old.frame
                new.kind, new.frame = old.kind, frame
                new.writable, new.uffd_wp = old.writable, old.uffd_wp
                pagetable.unlink(old, frame)
                pagetable.link(new, frame)
            pagetable.empty(old)
        return None

    def _move_large(self, k: Kernel) -> Next:
        """move_huge_pmd(), where the large entry goes as a whole to where nothing is; any other is
        split first.
        """
        m, mm, vpn, to = k.m, self.mm, self.vpn + self.at, self.to + self.at
        fits = large.fits(m, vpn, self.vpn + self.pages) and to == m.range_of(to).start
        if not fits or m.pmd_at(mm, to).kind != PMD_NONE:
            return self.call(k, SplitPmd, Mremap.move, mm=mm, vpn=vpn)
        old = m.pte_at(mm, vpn)
        rights = {"writable": old.writable, "dirty": old.dirty}
        hidden, exclusive = old.prot_none, old.exclusive
        pagetable.install_large(k, mm, to, pagetable.clear_large(k, mm, vpn), **rights)
        for new in large.entries(m, mm, to):
            new.prot_none, new.exclusive = hidden, exclusive
        m.pmd_at(mm, to).never = m.pmd_at(mm, vpn).never
        self.at += m.config.huge_pages
        self.changed = 1
        if k.policy.has(guards.FLUSH_BEFORE_UNLOCK):
            mm.ptl = k.ctx
        return Mremap.move

    @step("flush the old range")
    def flush(self, k: Kernel) -> Next:
        """flush_tlb_range(), before the page-table lock is dropped. The VMA of the old range goes
        only then, so that a driver finds it.
        """
        then = Mremap.unmap_old if k.m.table else Mremap.unlock
        if not self.changed:
            return then
        args = {"start": self.vpn, "end": self.vpn + self.pages, "why": MREMAP}
        return self.call(k, Shootdown, then, mm=self.mm, **args)

    @step("unmap the old range")
    def unmap_old(self, k: Kernel) -> Next:
        """do_vmi_munmap(): no PTE is left there, but perhaps a page-table page to free."""
        self.mm.ptl = None
        where = {"at": self.vpn, "start": self.vpn, "end": self.vpn + self.pages}
        return self.call(k, Zap, Mremap.unlock, mm=self.mm, why=MREMAP, **where)

    @step("drop mmap_lock")
    def unlock(self, k: Kernel) -> Next:
        """mremap() returns: the old range is unmapped, the new one has its pages."""
        for vma in (k.m.vma_at(self.mm, self.vpn + number) for number in range(self.pages)):
            if not vma.mapped and vma.file_page:
                vma.file_page = None
        large.tables_gone(k.m, self.mm, self.vpn, self.vpn + self.pages)
        for number in range(self.pages if k.m.frame_map else 0):
            if not k.m.vma_at(self.mm, self.vpn + number).mapped:
                k.m.frame_map[k.m.pte_at(self.mm, self.vpn + number).index].clear()
        self.mm.ptl = self.mm.writer = None
        return DONE


@starts(by_process.Madvise)
def _madvise(k: Kernel, op: Op, args: by_process.Madvise) -> Start:
    where = args.where
    if args.advice in (HUGEPAGE, NOHUGEPAGE):
        check_large(k, op)
        return AllowLarge, {**range_of(k, where), "never": int(args.advice == NOHUGEPAGE)}
    vmas = [k.m.vma_at(k.m.mm[where.mm], where.vpn + number) for number in range(where.pages)]
    if args.advice in (DONTNEED, FREE) and any(vma.shared and not vma.file_page for vma in vmas):
        what = "shared memory without a file keeps its pages; the machine has no place for them"
        raise Refused(f"{op.text.strip()}: {what}")
    if args.advice == FREE and any(vma.file_page for vma in vmas):
        what = "MADV_FREE is for private memory without a file (EINVAL)"
        raise Refused(f"{op.text.strip()}: {what}")
    return Madvise, {**range_of(k, where), "at": where.vpn, "advice": args.advice}


@starts(by_process.Mremap)
def _mremap(k: Kernel, op: Op, args: by_process.Mremap) -> Start:
    where = args.where
    if not movable(k.m, k.m.mm[where.mm], where.vpn, where.pages, args.to):
        what = "what is to move is not mapped throughout, or something is where it would go"
        raise Refused(f"{op.text.strip()}: {what}")
    return Mremap, {**range_of(k, where), "to": args.to}
