"""madvise() and mremap(): ranges that are emptied, cooled or moved (OP-17; baseline 2.3, 2.5)."""

from __future__ import annotations

from luf_tui.engine import locks, pagetable, tables
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import DONE, Local, Next, Operation, step
from luf_tui.engine.operations.flush import Shootdown
from luf_tui.engine.operations.gather import begin_gather, end_gather, nested
from luf_tui.engine.operations.grow import PteAlloc
from luf_tui.engine.operations.mappings import Zap
from luf_tui.engine.operations.pending import catch_up
from luf_tui.machine import events as ev
from luf_tui.machine.machine import Machine
from luf_tui.machine.schema import ANON, PRESENT, SWAP, Frame
from luf_tui.policy import guards

MADVISE, MREMAP = ev.REASON["madvise"], ev.REASON["mremap"]
DONTNEED, FREE, COLD = range(3)


class Madvise(Operation, name="madvise"):
    """madvise(): under mmap_lock for reading; the VMAs stay.

    A page that MADV_FREE made clean is dropped by reclaim, unless it is stored to before.
    """

    mm = Local(ref="mm")
    vpn = Local()
    pages = Local()
    advice = Local()
    at = Local()
    changed = Local()

    @step("take mmap_lock", when=locks.mmap_read)
    def begin(self, k: Kernel) -> Next:
        """MADV_DONTNEED is zap_page_range_single(); the others age PTEs in place."""
        k.m.mm[self.mm - 1].readers += 1
        self.at = self.vpn
        if self.advice != DONTNEED:
            begin_gather(k, self.mm - 1)
            return catch_up(self, k, self.mm, Madvise.age) or Madvise.age
        for vpn in range(self.vpn, self.vpn + self.pages):
            pagetable.adopt(k, self.mm - 1, vpn)
        args = {"at": self.vpn, "end": self.vpn + self.pages, "why": MADVISE}
        return self.call(k, Zap, Madvise.unlock, mm=self.mm, **args)

    @step("age a PTE", when=locks.table)
    def age(self, k: Kernel) -> Next:
        """madvise_cold_or_pageout_pte_range(), madvise_free_pte_range(): clear A, or A and D, of
        a present PTE. As in an unmap, the lock leaves no gap after the flush.
        """
        late = catch_up(self, k, self.mm, Madvise.age) if self.at < self.vpn + self.pages else None
        if late:
            return late
        while self.at < self.vpn + self.pages:
            pte = k.m.pte_at(self.mm - 1, self.at)
            self.at += 1
            if pte.kind == PRESENT and self._age(k, pte.index):
                self.changed = 1
                return Madvise.age
        return None

    def _age(self, k: Kernel, index: int) -> bool:
        """Make one PTE old, and clean when its contents may go; False if it was already."""
        pte = k.m.pte[index]
        frame = k.m.frame[pte.pfn - 1]
        clean = self.advice == FREE and frame.state == ANON and frame.mapcount == 1
        if clean and not self._give_up(k, frame):
            return False
        if not pte.accessed and not (clean and pte.dirty):
            return False
        pte.accessed = 0
        if clean and pte.dirty:
            pagetable.supersede(k, pte)
            pte.dirty = frame.dirty = 0
        return True

    def _give_up(self, k: Kernel, frame: Frame) -> bool:
        """folio_mark_lazyfree(), once the page is out of the swap cache; False leaves it alone, as
        where someone else has the folio lock that this takes (folio_trylock()).
        """
        if frame.slot or frame.dirty:
            if frame.locked or (frame.slot and k.m.swap[frame.slot - 1].users):
                return False
            if frame.slot:
                k.m.swap[frame.slot - 1].clear()
                frame.slot = 0
        frame.lazyfree = 1
        return True

    @step("flush what was aged")
    def flush(self, k: Kernel) -> Next:
        """tlb_finish_mmu(): the hardware must set A and D again."""
        if nested(k, self.mm - 1):
            return self.call(k, Shootdown, Madvise.end_gather, mm=self.mm, tables=1, why=MADVISE)
        if not self.changed:
            return Madvise.end_gather
        args = {"start": self.vpn, "end": self.vpn + self.pages, "why": MADVISE}
        return self.call(k, Shootdown, Madvise.end_gather, mm=self.mm, **args)

    @step("end the gather")
    def end_gather(self, k: Kernel) -> Next:
        """dec_tlb_flush_pending()."""
        end_gather(k, self.mm - 1)
        return None

    @step("drop mmap_lock")
    def unlock(self, k: Kernel) -> Next:
        """madvise() returns."""
        k.m.mm[self.mm - 1].readers -= 1
        return DONE


def movable(m: Machine, mm: int, vpn: int, pages: int, to: int) -> bool:
    """Whether the old range is mapped throughout and nothing is where it is to go."""
    old = all(m.vma_at(mm, at).mapped for at in range(vpn, vpn + pages))
    return old and not any(m.vma_at(mm, at).mapped for at in range(to, to + pages))


class Mremap(Operation, name="mremap"):
    """mremap(MREMAP_MAYMOVE): move_page_tables() to another range; the old one is gone after."""

    mm = Local(ref="mm")
    vpn = Local()
    pages = Local()
    to = Local("the first page of the new range")
    at = Local("pages moved so far")
    changed = Local()

    @step("copy the mapping", when=locks.mmap_write)
    def begin(self, k: Kernel) -> Next:
        """copy_vma(); then flush_tlb_batched_pending() as move_ptes() begins. The page-table pages
        of the new range come first, which alone can fail. Meanwhile the old range may have gone
        (EFAULT) or the new one be taken: then nothing happens.
        """
        m, mm = k.m, self.mm - 1
        m.mm[mm].writer = k.ctx + 1
        if not movable(m, mm, self.vpn, self.pages, self.to):
            return Mremap.unlock
        for vpn in range(self.to, self.to + self.pages):
            if tables.missing(k, mm, vpn):
                return self.call(k, PteAlloc, Mremap.grown, mm=self.mm, vpn=vpn)
        for number in range(self.pages):
            pagetable.adopt(k, mm, self.vpn + number)
            old, new = m.vma_at(mm, self.vpn + number), m.vma_at(mm, self.to + number)
            for declared in old.FIELDS:
                setattr(new, declared.name, getattr(old, declared.name))
            old.clear()
        k.emit(ev.MMAP, k.cpu, mm, self.to, self.pages)
        k.emit(ev.MUNMAP, k.cpu, mm, self.vpn, self.pages)
        return catch_up(self, k, self.mm, Mremap.move) or Mremap.move

    @step("look whether there is a page-table page")
    def grown(self, k: Kernel) -> Next:
        """ENOMEM: the new range is given back, and the old one stays."""
        if k.result:
            return Mremap.begin
        args = {"at": self.to, "end": self.to + self.pages, "why": MREMAP}
        return self.call(k, Zap, Mremap.unlock, mm=self.mm, **args)

    @step("move a PTE", when=locks.table)
    def move(self, k: Kernel) -> Next:
        """move_ptes(): the entry goes over as it is, dirty and writable bits with it."""
        late = catch_up(self, k, self.mm, Mremap.move) if self.at < self.pages else None
        if late:
            return late
        while self.at < self.pages:
            old = k.m.pte_at(self.mm - 1, self.vpn + self.at)
            new = k.m.pte_at(self.mm - 1, self.to + self.at)
            self.at += 1
            if old.kind == PRESENT:
                kept = {name: getattr(old, name) for name in ("writable", "dirty", "exclusive")}
                hidden, protected = old.prot_none, old.uffd_wp
                pagetable.install(k, new, pagetable.clear(k, old), **kept)
                new.prot_none, new.uffd_wp, self.changed = hidden, protected, 1
                if k.policy.has(guards.FLUSH_BEFORE_UNLOCK):
                    k.m.mm[self.mm - 1].ptl = k.ctx + 1
                return Mremap.move
            if old.kind == SWAP:
                new.kind, new.slot, new.uffd_wp = SWAP, old.slot, old.uffd_wp
            elif old.pfn:
                new.kind, new.pfn, new.writable, new.uffd_wp = (
                    old.kind,
                    old.pfn,
                    old.writable,
                    old.uffd_wp,
                )
                pagetable.unlink(k, old, old.pfn - 1)
                pagetable.link(k, new, new.pfn - 1)
            pagetable.empty(old)
        return None

    @step("flush the old range")
    def flush(self, k: Kernel) -> Next:
        """flush_tlb_range(), before the page-table lock is dropped."""
        then = Mremap.unmap_old if k.m.table else Mremap.unlock
        if not self.changed:
            return then
        args = {"start": self.vpn, "end": self.vpn + self.pages, "why": MREMAP}
        return self.call(k, Shootdown, then, mm=self.mm, **args)

    @step("unmap the old range")
    def unmap_old(self, k: Kernel) -> Next:
        """do_vmi_munmap(): no PTE is left there, but perhaps a page-table page to free."""
        k.m.mm[self.mm - 1].ptl = 0
        args = {"at": self.vpn, "end": self.vpn + self.pages, "why": MREMAP}
        return self.call(k, Zap, Mremap.unlock, mm=self.mm, **args)

    @step("drop mmap_lock")
    def unlock(self, k: Kernel) -> Next:
        """mremap() returns: the old range is unmapped, the new one has its pages."""
        space = k.m.mm[self.mm - 1]
        space.ptl = space.writer = 0
        return DONE
