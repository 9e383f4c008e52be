"""shrink_folio_list() (OP-2, OP-3; baseline 2.4)."""

from __future__ import annotations

from luf_tui.engine import locks, pagetable
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import DONE, Local, Next, Operation, step
from luf_tui.engine.operations.flush import Shootdown
from luf_tui.engine.operations.memory import FreePage, next_free
from luf_tui.engine.operations.unmap import Unmap, put_back
from luf_tui.machine import events as ev
from luf_tui.machine import lists
from luf_tui.machine.schema import ANON, NONE, Pte
from luf_tui.policy import guards

BEFORE_FREE = ev.REASON["before free"]
BEFORE_IO = ev.REASON["before write-out"]
KEPT = ev.REASON["kept after all"]


class Reclaim(Operation, name="reclaim"):
    """Reclaim the folios on the task's `isolated` list: unmap, write out, free in one batch."""

    pfn = Local(ref="frame")
    key = Local()
    mask = Local(mask="cpu")

    @step("take the next folio")
    def take(self, k: Kernel) -> Next:
        """Lock it; an anonymous folio needs a swap slot before its PTEs can go."""
        m = k.m
        pfn = lists.pop_head(m, m.task_list(k.task, "isolated"))
        if pfn < 0:
            return Reclaim.fold if self.pfn else DONE
        frame = m.frame[pfn]
        self.pfn = pfn + 1
        if frame.locked:
            put_back(k, pfn, "locked")
            return Reclaim.take
        swaps = frame.state == ANON and not frame.slot and not frame.lazyfree
        if swaps and not self._add_to_swap(k, pfn):
            put_back(k, pfn, "no swap slot")
            return Reclaim.take
        frame.locked = k.ctx + 1
        return self.call(k, Unmap, Reclaim.unmapped, pfn=self.pfn, batch=1)

    def _add_to_swap(self, k: Kernel, pfn: int) -> bool:
        for slot in k.m.swap:
            if not slot.users and not slot.frame:
                slot.frame = pfn + 1
                k.m.frame[pfn].slot = slot.index + 1
                k.m.frame[pfn].dirty = 1
                return True
        return False

    @step("look whether it is dirty")
    def unmapped(self, k: Kernel) -> Next:
        """A dirty PTE may be cached writable: flush before the page goes to I/O (K-batch). A page
        that is still mapped is kept.
        """
        if k.m.frame[self.pfn - 1].mapcount:
            return self._keep(k)
        if not k.m.frame[self.pfn - 1].dirty:
            return self._remove(k)
        self.mask = k.policy.take_dirty(k.m, k.task)
        if self.mask:
            return self.call(k, Shootdown, Reclaim.pageout, mask=self.mask, why=BEFORE_IO)
        return None

    @step("write it out")
    def pageout(self, k: Kernel) -> Next:
        """The bytes on disk are those of this moment."""
        write_out(k, self.pfn - 1)
        return None

    @step("remove it from its cache")
    def remove(self, k: Kernel) -> Next:
        """__remove_mapping(): the reference count is frozen, or the folio is kept."""
        return self._remove(k)

    def _remove(self, k: Kernel) -> Next:
        m = k.m
        frame = m.frame[self.pfn - 1]
        if (frame.pins or frame.refs) and k.policy.has(guards.LAST_REFERENCE):
            return self._keep(k)
        if frame.slot:
            m.swap[frame.slot - 1].frame = 0
            frame.slot = 0
        if frame.file_page:
            k.emit(ev.UNCACHE, k.cpu, frame.file_page - 1, self.pfn - 1)
            m.file_page[frame.file_page - 1].frame = 0
            frame.file_page = 0
        which = "luf" if frame.verdict else "plain"
        lists.push_tail(m, m.task_list(k.task, which), self.pfn - 1)
        return Reclaim.take

    def _keep(self, k: Kernel) -> Next:
        """An unmapped folio that is not freed must not stay stale (OP-3, step 3)."""
        frame = k.m.frame[self.pfn - 1]
        deferred = frame.verdict
        why = "pinned" if frame.pins else "stored to again" if frame.mapcount else "referenced"
        put_back(k, self.pfn - 1, why)
        if deferred and k.policy.has(guards.FLUSH_KEPT_FOLIOS):
            key = k.policy.fold_key(k.m, k.task)
            self.mask = k.policy.take_key(k.m, k.task, key)
            if self.mask:
                return self.call(k, Shootdown, Reclaim.take, mask=self.mask, why=KEPT)
        return Reclaim.take

    @step("settle the batch")
    def fold(self, k: Kernel) -> Next:
        """fold_unmap_luf(), then try_to_unmap_flush() for what may not be deferred (OP-2)."""
        m = k.m
        self.key = k.policy.fold_key(m, k.task)
        self.mask = k.policy.take_batch(m, k.task, "free")
        if self.mask:
            return self.call(k, Shootdown, Reclaim.free, mask=self.mask, why=BEFORE_FREE)
        return self._free(k)

    @step("free a folio")
    def free(self, k: Kernel) -> Next:
        """free_unref_folios(): without debt first, then with the key, which travels along."""
        return self._free(k)

    def _free(self, k: Kernel) -> Next:
        plain = next_free(k, "plain")
        if plain:
            return self.call(k, FreePage, Reclaim.free, **plain)
        deferred = next_free(k, "luf")
        if deferred:
            return self.call(k, FreePage, Reclaim.free, key=self.key, **deferred)
        return DONE


def write_out(k: Kernel, pfn: int) -> None:
    """Write a folio's bytes to its file or swap slot; the folio is clean and saved."""
    m = k.m
    frame = m.frame[pfn]
    if frame.slot:
        m.swap[frame.slot - 1].content = frame.content
    if frame.file_page:
        m.file_page[frame.file_page - 1].disk = frame.content
    frame.dirty, frame.saved = 0, 1
    k.emit(ev.WRITE_OUT, k.cpu, frame.file_page - 1, pfn, frame.content)


def clean_free(act: Operation, k: Kernel) -> bool:
    """The page-table lock of the next mapping to be cleaned can be taken."""
    writeback: Writeback = act  # type: ignore[assignment]
    pte = writeback.to_clean(k)
    return pte is None or locks.unlocked(k, pagetable.place(k, pte)[0], act.ctx)


class Writeback(Operation, name="writeback"):
    """folio_mkclean() and writeback of one page-cache page: write-protect, flush, write."""

    page = Local(ref="file_page")
    pfn = Local(ref="frame")
    held = Local("the address space whose page-table lock was kept over a flush", ref="mm")
    mask = Local(mask="cpu")

    @step("lock the folio")
    def lock(self, k: Kernel) -> Next:
        """A clean or absent folio needs nothing."""
        self.pfn = k.m.file_page[self.page - 1].frame
        if not self.pfn:
            return DONE
        frame = k.m.frame[self.pfn - 1]
        if frame.locked:
            return DONE
        frame.locked = k.ctx + 1
        return None

    def to_clean(self, k: Kernel) -> Pte | None:
        """The next mapping through which the page could be stored to unseen; a PTE that munmap has
        cleared and not yet flushed is one.
        """
        ptes = pagetable.mappings(k, self.pfn - 1)
        return next((pte for pte in ptes if pte.writable or pte.dirty or pte.kind == NONE), None)

    @step("write-protect a mapping and flush it", when=clean_free)
    def clean(self, k: Kernel) -> Next:
        """page_vma_mkclean_one(): clear D and RW, flush that page under the page-table lock."""
        if self.held:
            k.m.mm[self.held - 1].ptl = self.held = 0
        pte = self.to_clean(k)
        if pte is not None:
            mm, vpn = pagetable.place(k, pte)
            k.m.frame[self.pfn - 1].dirty = 1
            pagetable.protect(k, pte, writable=0)
            pte.dirty = 0
            self.held = mm + 1
            k.m.mm[mm].ptl = k.ctx + 1
            args = {"mm": mm + 1, "start": vpn, "end": vpn + 1}
            why = ev.REASON["writeback"]
            return self.call(k, Shootdown, Writeback.clean, why=why, **args)
        self.mask = k.policy.file_mask(k.m, k.task, self.page - 1, "writeback")
        if self.mask:
            why = ev.REASON["writeback"]
            k.emit(ev.PAY, k.cpu, -1, self.mask, why)
            return self.call(k, Shootdown, Writeback.write, mask=self.mask, why=why)
        return None

    @step("write it out")
    def write(self, k: Kernel) -> Next:
        """The bytes reach the disk; later stores fault first, so none is lost."""
        frame = k.m.frame[self.pfn - 1]
        write_out(k, self.pfn - 1)
        frame.saved = frame.locked = 0
        return DONE
