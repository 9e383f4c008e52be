"""handle_mm_fault() (LUF's hook is OP-14)."""

from __future__ import annotations

from luf_tui.engine import folio, large, locks, pagetable, tables
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import CODE, DONE, FRAME, Local, Next, Operation, Step, step
from luf_tui.engine.operations.flush import Shootdown
from luf_tui.engine.operations.grow import PteAlloc
from luf_tui.engine.operations.huge_fault import HugeFault
from luf_tui.engine.operations.memory import AllocPage, change_bytes, put_held
from luf_tui.engine.operations.split_pmd import SplitPmd
from luf_tui.machine import events as ev
from luf_tui.machine.regions import Reference
from luf_tui.machine.schema import (
    ANON,
    FILE,
    MIGRATION,
    NONE,
    PRESENT,
    SWAP,
    FilePage,
    Frame,
    Mm,
    Pte,
    Vma,
)
from luf_tui.policy import guards

SERVED, SEGV, BUS, MONITOR, NO_MEMORY = range(5)
"""What a fault ends in, as the access sees it."""

COW = ev.REASON["copy on write"]
UFFD_WP = ev.REASON["write-protect in flight"]
WRITE_FAULT = ev.REASON["write fault"]
READ_IN = ev.REASON["read in anew"]


class Fault(Operation, name="fault", function="handle_mm_fault"):
    """One page fault of the loaded mm, from the mapping to the new PTE."""

    vpn = Local(of="page")
    store = Local()
    frame = Reference[Frame]("frame", "the frame to be mapped; the fault holds a reference")
    old = Reference[Frame]("frame", "the frame being copied; likewise")
    mask = Local(mask="cpu")
    unshare = Local(
        "FAULT_FLAG_UNSHARE: a page that is shared copy-on-write gets a copy, read-only"
    )

    def _mm(self, k: Kernel) -> Mm:
        return k.mm_of(self.ctx)

    def _pte(self, k: Kernel) -> Pte:
        return k.m.pte_at(self._mm(k), self.vpn)

    def _vma(self, k: Kernel) -> Vma:
        return k.m.vma_at(self._mm(k), self.vpn)

    def _hold(self, k: Kernel, frame: Frame) -> None:
        """folio_get() of the frame that the fault goes on with."""
        self.frame = frame
        folio.get(frame)

    def _page(self, k: Kernel) -> FilePage:
        page = self._vma(k).file_page
        assert page
        return page

    # -- what it waits for --------------------------------------------------------------------

    def _page_table(self, k: Kernel) -> bool:
        return locks.page_table(self._mm(k), self.ctx)

    def _locks(self, k: Kernel) -> bool:
        """mmap_lock for reading, and the page-table lock."""
        return locks.mmap_read(self._mm(k), self.ctx) and self._page_table(k)

    def _migrated(self, k: Kernel) -> bool:
        """migration_entry_wait(): the entry is a migration entry no longer."""
        return self._pte(k).kind != MIGRATION

    def _swap_cached(self, k: Kernel) -> bool:
        """The folio of the swap entry, as do_swap_page() locks it, and the page-table lock."""
        slot = self._pte(k).slot
        return self._page_table(k) and locks.folio(slot.frame if slot else None, self.ctx)

    def _page_cached(self, k: Kernel) -> bool:
        """The folio in the page cache for the address."""
        page = k.m.vma_at(self._mm(k), self.vpn).file_page
        return locks.folio(page.frame if page else None, self.ctx)

    @step("find the mapping", when=_locks)
    def look(self, k: Kernel) -> Next:
        """Take mmap_lock for reading; no mapping, or no permission, is SIGSEGV."""
        mm, vma = self._mm(k), self._vma(k)
        if not vma.mapped or not (vma.prot_write if self.store else vma.prot_read):
            k.emit(ev.SIGSEGV, k.cpu, mm.index, self.vpn)
            k.give(SEGV)
            return DONE
        mm.readers += 1
        return self._owing(k, "before", Fault.dispatch) or self._dispatch(k)

    def _owing(self, k: Kernel, when: str, then: Step) -> Next:
        """Flush what the mm and the file owe, and go on at `then`; None when they owe nothing."""
        store = bool(self.store)
        self.mask = k.policy.fault_masks(k.m, k.task, self._mm(k), self.vpn, store, when)
        if not self.mask:
            return None
        k.emit(ev.PAY, k.cpu, -1, self.mask, WRITE_FAULT)
        return self.call(k, Shootdown, then, mask=self.mask, why=WRITE_FAULT)

    @step("look at the PTE", when=_page_table)
    def dispatch(self, k: Kernel) -> Next:
        """handle_pte_fault()."""
        return self._dispatch(k)

    def _dispatch(self, k: Kernel) -> Next:
        if tables.missing(k, self._mm(k), self.vpn):
            return self.call(k, PteAlloc, Fault.grown, mm=self._mm(k), vpn=self.vpn)
        pte, vma = self._pte(k), self._vma(k)
        if pte.kind == MIGRATION:
            self._mm(k).readers -= 1
            return Fault.migration_wait
        if pte.kind == SWAP:
            return Fault.swap_in
        if pte.kind == PRESENT:
            return self._present(k, pte, vma)
        if vma.uffd_missing:
            return self._tell_monitor(k)
        if large.wanted(k.m, self._mm(k), self.vpn):
            args = {"mm": self._mm(k), "vpn": self.vpn, "store": self.store}
            return self.call(k, HugeFault, Fault.dispatch, **args)
        if vma.file_page:
            return Fault.file
        if k.m.by_frame(pte):
            return self._bus_error(k)
        there = self._elsewhere(k)
        if there:
            return self._share(k, pte, there)
        if self.store or vma.shared:
            args = {"use": ANON, "order": 0}
            return self.call(k, AllocPage, Fault.zero, **args)
        self._hold(k, k.m.zero_page)
        return Fault.install

    def _elsewhere(self, k: Kernel) -> Pte | None:
        """Where else shared memory without a file is mapped. The kernel finds its pages in the page
        cache of a file without a name (shmem_get_folio()); here they last while a PTE has them.
        """
        home = self._vma(k).home
        if home is None:
            return None
        ptes = (k.m.pte[vma.index] for vma in k.m.vma.holding(Vma.home, home))
        return next((pte for pte in ptes if pte.kind != NONE), None)

    def _share(self, k: Kernel, pte: Pte, there: Pte) -> Next:
        if there.kind == SWAP:
            assert there.slot
            pte.kind, pte.slot = SWAP, there.slot
            there.slot.users += 1
            return Fault.swap_in
        frame = there.frame
        assert frame
        if there.kind == MIGRATION or frame.locked not in (None, k.ctx):
            return Fault.other_mapping
        self._hold(k, frame)
        return Fault.install

    def _other_settled(self, k: Kernel) -> bool:
        """The folio that shared memory has elsewhere, as its owner unlocks it."""
        there = self._elsewhere(k)
        if there is None:
            return True
        return there.kind != MIGRATION and locks.folio(there.frame, self.ctx)

    @step("wait for the page that others map", when=_other_settled)
    def other_mapping(self, k: Kernel) -> Next:
        """shmem_get_folio(): it is locked."""
        return Fault.dispatch

    @step("look whether there is a page-table page", takes=CODE)
    def grown(self, k: Kernel, outcome: int) -> Next:
        """__pte_alloc() may fail."""
        return Fault.dispatch if outcome else Fault.out_of_memory

    def _present(self, k: Kernel, pte: Pte, vma: Vma) -> Next:
        if pte.prot_none:
            for one in large.together(k.m, pte):
                one.prot_none = 0
            if vma.shared and not k.policy.has(guards.HINT_KEEPS_RIGHTS):
                pte.writable = vma.prot_write
            assert pte.frame
            place = (self._mm(k).index, self.vpn, pte.frame.pfn)
            k.emit(ev.PROTECT, k.cpu, *place, pte.writable)
            return Fault.leave
        if self.store and not pte.writable:
            if large.whole(pte):
                return Fault.large_protected
            return self._tell_monitor(k) if pte.uffd_wp else Fault.write_protected
        anon = pte.frame is not None and pte.frame.state == ANON
        if self.unshare and anon and not vma.shared and not pte.exclusive:
            return Fault.large_protected if large.whole(pte) else Fault.write_protected
        return Fault.leave

    def _tell_monitor(self, k: Kernel) -> Next:
        """handle_userfault(): the faulting thread is left to the monitor."""
        k.emit(ev.UFFD, k.cpu, self._mm(k).index, self.vpn, self.store)
        self._mm(k).readers -= 1
        k.give(MONITOR)
        return DONE

    @step("wait for the migration to end", when=_migrated)
    def migration_wait(self, k: Kernel) -> Next:
        """migration_entry_wait(): sleep on the folio lock, then fault again."""
        return Fault.look

    # -- anonymous memory ---------------------------------------------------------------------

    @step("zero the new page", takes=FRAME)
    def zero(self, k: Kernel, frame: Frame | None) -> Next:
        """do_anonymous_page(): alloc_zeroed_user_highpage()."""
        if not frame:
            return Fault.out_of_memory
        self._hold(k, frame)
        change_bytes(k, frame, 0, "zeroed for its new owner")
        return Fault.install

    @step("no page is to be had")
    def out_of_memory(self, k: Kernel) -> Next:
        """VM_FAULT_OOM."""
        freed = self._let_go(k, Fault.out_of_memory)
        if freed:
            return freed
        self._mm(k).readers -= 1
        k.give(NO_MEMORY)
        return DONE

    @step("find the swap slot", when=_swap_cached)
    def swap_in(self, k: Kernel) -> Next:
        """do_swap_page(): from the swap cache, or from the device into a new page."""
        if self._pte(k).kind != SWAP:
            return self._unlock(k)
        slot = self._pte(k).slot
        if slot and slot.frame:
            self._hold(k, slot.frame)
            slot.frame.locked = k.ctx
            return Fault.map_swapped
        return self.call(k, AllocPage, Fault.swap_read, use=ANON, order=0)

    @step("read it from swap", takes=FRAME)
    def swap_read(self, k: Kernel, frame: Frame | None) -> Next:
        """swap_read_folio(), once the page is in the swap cache, locked: whoever else faults on the
        slot waits for it (swapcache_prepare()), so that nobody maps what was read from a slot that
        has been given up and used again.
        """
        if not frame:
            return Fault.out_of_memory
        self._hold(k, frame)
        slot = self._pte(k).slot
        if self._pte(k).kind != SWAP or not slot or slot.frame:
            return Fault.let_go
        frame.slot, frame.locked = slot, k.ctx
        if k.policy.has(guards.SWAP_CACHE_FIRST):
            slot.frame = frame
            folio.add_lru(k, frame)
        frame.content = slot.content
        k.emit(ev.READ_IN, k.cpu, -1, frame.pfn, slot.content)
        return Fault.map_swapped

    @step("map the swapped-in page", when=_page_table)
    def map_swapped(self, k: Kernel) -> Next:
        """Writable only if no one else has the page or its slot, and no monitor protects it."""
        pte, vma = self._pte(k), self._vma(k)
        if pte.kind != SWAP or not self.frame or pte.slot is not self.frame.slot:
            return self._swapped_in_elsewhere()
        late = self._owing(k, "before", Fault.map_swapped) if vma.prot_write else None
        if late:
            return late
        slot, frame = pte.slot, self.frame
        assert slot
        slot.users -= 1
        if slot.frame is not frame:
            frame.slot = None
        alone = not slot.users and not frame.mapcount and frame.refs == 1
        stays = self._stays_in_swap_cache(k, alone=alone)
        if not slot.users and not stays:
            slot.clear()
            frame.slot = None
        protected = pte.uffd_wp
        writable = int(alone and bool(vma.prot_write) and not protected)
        dirty = int(writable and not stays)
        pagetable.install(k, pte, frame, writable=writable, dirty=dirty, exclusive=int(alone))
        pte.uffd_wp = protected
        return self._installed(k)

    def _swapped_in_elsewhere(self) -> Next:
        """Somebody was faster; what is in no swap cache has no slot to give back."""
        frame = self.frame
        if frame and frame.slot and frame.slot.frame is not frame:
            frame.slot = None
        return Fault.let_go

    def _stays_in_swap_cache(self, k: Kernel, *, alone: bool) -> bool:
        """should_try_to_free_swap(): the slot is given up where swap is short, and for a store by
        whoever has the page alone; else a page that stays clean needs no write-out again.
        """
        m = k.m
        if not m.config.swap_cache or self._vma(k).shared:
            return False
        kept = self.frame and self.frame.slot
        return bool(kept) and not folio.swap_full(m) and not (self.store and alone)

    # -- files --------------------------------------------------------------------------------

    @step("look in the page cache", when=_page_cached)
    def file(self, k: Kernel) -> Next:
        """filemap_fault(): a position past the end of the file is SIGBUS."""
        page = self._page(k)
        if k.m.past_the_end(page):
            return self._bus_error(k)
        cached = page.frame
        if not cached:
            return self.call(k, AllocPage, Fault.read_in, use=FILE, order=0)
        self._hold(k, cached)
        return self._cached(k)

    def _bus_error(self, k: Kernel) -> Next:
        """VM_FAULT_SIGBUS."""
        k.emit(ev.SIGBUS, k.cpu, self._mm(k).index, self.vpn)
        self._mm(k).readers -= 1
        k.give(BUS)
        return DONE

    def _cached(self, k: Kernel) -> Next:
        if self.store and not self._vma(k).shared:
            self.old, self.frame = self.frame, None
            return self.call(k, AllocPage, Fault.copy_file, use=ANON, order=0)
        return Fault.install

    @step("read the page from disk", takes=FRAME)
    def read_in(self, k: Kernel, frame: Frame | None) -> Next:
        """filemap_add_folio() and read_folio()."""
        if not frame:
            return Fault.out_of_memory
        self._hold(k, frame)
        return self._add_to_cache(k)

    @step("put the page into the page cache")
    def add_to_cache(self, k: Kernel) -> Next:
        """Now that every CPU has let go of what the file once had there."""
        return self._add_to_cache(k)

    def _add_to_cache(self, k: Kernel) -> Next:
        """Unless somebody was faster, or cut the file meanwhile: filemap_fault() looks at its size
        again once it has the folio.
        """
        page, frame = self._page(k), self.frame
        cut = k.m.past_the_end(page) and k.policy.has(guards.RECHECK_SIZE)
        if page.frame or cut:
            return Fault.let_go
        self.mask = k.policy.file_mask(k.m, k.task, page, "read-in")
        if self.mask:
            k.emit(ev.PAY, k.cpu, -1, self.mask, READ_IN)
            args = {"mask": self.mask, "why": READ_IN}
            return self.call(k, Shootdown, Fault.add_to_cache, **args)
        assert frame
        folio.cache_in(k, page, frame)
        return self._cached(k)

    @step("copy the page of the file", takes=FRAME)
    def copy_file(self, k: Kernel, frame: Frame | None) -> Next:
        """do_cow_fault(): a private store gets its own copy at once."""
        if not frame:
            return Fault.out_of_memory
        self._hold(k, frame)
        old = self.old
        assert old
        if old.file_page is not self._vma(k).file_page or old.locked not in (None, k.ctx):
            return Fault.let_go
        folio.copy_bytes(k, old, frame)
        return None

    @step("install the PTE", when=_page_table)
    def install(self, k: Kernel) -> Next:
        """set_pte_at(): nothing was there, so nothing needs a flush."""
        pte, frame = self._pte(k), self.frame
        assert frame
        of_file = frame if frame.state == FILE else self.old
        gone = of_file is not None and self._taken_away(k, of_file)
        there = self._elsewhere(k)
        gone |= there is not None and there.frame is not frame
        if pte.kind != NONE or gone or (frame.state == ANON and self._locked(k, frame)):
            return Fault.let_go
        writable = int(bool(self.store))
        late = self._owing(k, "before", Fault.install) if writable else None
        if late:
            return late
        if writable and frame.state == FILE:
            frame.dirty = 1
        alone = int(frame.state == ANON)
        pagetable.install(k, pte, frame, writable=writable, dirty=writable, exclusive=alone)
        return self._installed(k)

    def _locked(self, k: Kernel, frame: Frame) -> bool:
        """Whether somebody else has the folio lock."""
        return frame.locked not in (None, k.ctx)

    def _taken_away(self, k: Kernel, frame: Frame) -> bool:
        """Whether a page of the file has left the page cache, or is about to (lock_page())."""
        if not k.policy.has(guards.MAP_WHAT_IS_CACHED):
            return False
        return frame.file_page is not self._vma(k).file_page or self._locked(k, frame)

    def _installed(self, k: Kernel) -> Next:
        """The PTE keeps the page now; a new anonymous one becomes visible to reclaim."""
        frame = self.frame
        assert frame
        if frame.locked is k.ctx:
            frame.locked = None
        if frame.state == ANON:
            folio.add_lru(k, frame)
        return self._let_go(k, Fault.let_go) or Fault.leave

    @step("let go of the pages")
    def let_go(self, k: Kernel) -> Next:
        """Someone else was faster, or the copy is made: the access is retried."""
        return self._let_go(k, Fault.let_go) or Fault.leave

    def _let_go(self, k: Kernel, then: Step) -> Next:
        """folio_put() of the page that was copied and of the one to be mapped; who finds itself
        the last frees the page and goes on at `then`. None when there is nothing left to free.
        """
        return put_held(self, k, then)

    # -- do_wp_page() -------------------------------------------------------------------------

    @step("a store to a large read-only page", when=_page_table)
    def large_protected(self, k: Kernel) -> Next:
        """do_huge_pmd_wp_page(): a folio of this mapping alone becomes writable in place; one that
        others have is split into small entries, and the fault copies a page.
        """
        pte = self._pte(k)
        if not large.whole(pte):
            return Fault.dispatch
        if pte.kind != PRESENT or pte.writable:
            return Fault.leave
        assert pte.frame
        pages = folio.pages(pte.frame)
        if pages[0].locked not in (None, k.ctx):
            return Fault.leave
        alone = all(page.mapcount == 1 and not (page.refs or page.pins) for page in pages)
        if not (alone or pte.exclusive):
            return self.call(k, SplitPmd, Fault.dispatch, mm=self._mm(k), vpn=self.vpn)
        if self.unshare:
            for one in large.together(k.m, pte):
                one.exclusive = 1
            return Fault.leave
        late = self._owing(k, "before", Fault.large_protected)
        if late:
            return late
        for one in large.together(k.m, pte):
            one.dirty = one.accessed = one.exclusive = 1
            pagetable.protect(k, one, writable=1)
        return Fault.leave

    @step("a store to a read-only page")
    def write_protected(self, k: Kernel) -> Next:
        """do_wp_page(): flush first if a write-protect is still in flight."""
        mm = self._mm(k)
        pending = mm.flush_pending and self._vma(k).uffd_wp
        if pending and k.policy.has(guards.UFFD_FLUSH):
            args = {"mm": mm, "start": self.vpn, "end": self.vpn + 1, "why": UFFD_WP}
            return self.call(k, Shootdown, Fault.reuse_or_copy, **args)
        return None

    @step("reuse or copy", when=_page_table)
    def reuse_or_copy(self, k: Kernel) -> Next:
        """A shared page, or an anonymous page of this mapping alone, becomes writable in place."""
        pte = self._pte(k)
        if pte.kind != PRESENT or pte.writable or (pte.uffd_wp and not self.unshare):
            return Fault.leave
        frame = pte.frame
        assert frame
        if frame.locked not in (None, k.ctx):
            return Fault.leave
        if frame.slot and not (frame.slot.users or frame.refs) and frame.mapcount == 1:
            folio.leave_swap_cache(frame)
        if self._reusable(k, pte, frame):
            return Fault.upgrade
        self.old = frame
        folio.get(frame)
        return self.call(k, AllocPage, Fault.copy, use=ANON, order=0)

    def _reusable(self, k: Kernel, pte: Pte, frame: Frame) -> bool:
        """wp_can_reuse_anon_folio(), or a shared mapping: no copy is due before a store."""
        if self._vma(k).shared:
            return True
        if k.m.config.refcount_cow and frame.pins:
            return False
        if frame.pins and pte.exclusive:
            return True
        alone = frame.state == ANON and frame.mapcount == 1 and not frame.slot
        shared = frame.refs or folio.large(frame)
        return alone and not (shared and not pte.exclusive)

    @step("make the PTE writable in place", when=_page_table)
    def upgrade(self, k: Kernel) -> Next:
        """wp_page_reuse(): H5 repairs the other CPUs' read-only entries of this frame. A migration
        since the fault began may have left entries of another one: those are paid for first. What
        a monitor write-protected meanwhile, or where another page stands by now, is another PTE
        (pte_same()): the access faults again.
        """
        pte = self._pte(k)
        frame = pte.frame
        kept = pte.uffd_wp and not self.unshare
        if pte.kind != PRESENT or kept or not frame or not self._reusable(k, pte, frame):
            return Fault.leave
        if self.unshare:
            pte.exclusive = 1
            return Fault.leave
        late = self._owing(k, "before", Fault.upgrade)
        if late:
            return late
        pte.dirty = pte.accessed = 1
        pte.exclusive = int(frame.state == ANON)
        if frame.state == FILE:
            frame.dirty = 1
        pagetable.protect(k, pte, writable=1)
        return Fault.leave

    @step("copy the page", takes=FRAME)
    def copy(self, k: Kernel, frame: Frame | None) -> Next:
        """wp_page_copy(): the copy is made with the page-table lock dropped."""
        if not frame:
            return Fault.out_of_memory
        self._hold(k, frame)
        assert self.old
        folio.copy_bytes(k, self.old, frame)
        self.old.saved = 1
        return None

    @step("clear the old PTE", when=_page_table)
    def replace(self, k: Kernel) -> Next:
        """ptep_clear_flush(): clear and flush, then set the new PTE, all under the lock."""
        pte = self._pte(k)
        changed = pte.kind != PRESENT or pte.frame is not self.old
        if changed or pte.writable or (pte.uffd_wp and not self.unshare):
            return Fault.let_go
        pagetable.clear(k, pte)
        if not k.policy.has(guards.FLUSH_BEFORE_SET):
            return Fault.install_copy
        self._mm(k).ptl = k.ctx
        args = {"mm": self._mm(k), "start": self.vpn, "end": self.vpn + 1, "why": COW}
        return self.call(k, Shootdown, Fault.install_copy, **args)

    @step("install the copy", when=_page_table)
    def install_copy(self, k: Kernel) -> Next:
        """No two CPUs ever see the old and the new frame at once."""
        self._mm(k).ptl = None
        pte = self._pte(k)
        if pte.kind != NONE:
            return Fault.let_go
        assert self.frame
        assert self.old
        rights = {"writable": 0, "dirty": 0} if self.unshare else {"writable": 1, "dirty": 1}
        pagetable.install(k, pte, self.frame, exclusive=1, **rights)
        self.old.saved = 0
        return self._installed(k)

    # -- the way out --------------------------------------------------------------------------

    @step("leave the fault handler")
    def leave(self, k: Kernel) -> Next:
        """The PTE is visible now; v12 as posted flushes only here (OP-14, step 3)."""
        return self._owing(k, "after", Fault.unlock) or self._unlock(k)

    @step("drop mmap_lock")
    def unlock(self, k: Kernel) -> Next:
        """Back to the access."""
        return self._unlock(k)

    def _unlock(self, k: Kernel) -> Next:
        self._mm(k).readers -= 1
        k.give(SERVED)
        return DONE
