"""shrink_folio_list() (OP-2, OP-3)."""

from __future__ import annotations

from collections.abc import Sequence

from luf_tui.engine import folio, locks, pagetable
from luf_tui.engine.arguments import Start, starts
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import CODE, DONE, Local, Next, Operation, step
from luf_tui.engine.operations.flush import Shootdown
from luf_tui.engine.operations.memory import (
    FreePage,
    next_free,
    on_its_lists,
    put_back_or_free,
    unfreed,
)
from luf_tui.engine.operations.referenced import Referenced
from luf_tui.engine.operations.split_folio import SplitFolio
from luf_tui.engine.operations.unmap import Unmap, isolate_named, next_isolated, put_back
from luf_tui.machine import events as ev
from luf_tui.machine import lists
from luf_tui.machine.machine import Machine
from luf_tui.machine.regions import Reference, Required
from luf_tui.machine.schema import ANON, NONE, FilePage, Frame, Mm, Pte
from luf_tui.policy import guards
from luf_tui.script.program import Op
from luf_tui.script.verbs import by_kernel

BEFORE_FREE = ev.REASON["before free"]
BEFORE_IO = ev.REASON["before write-out"]
KEPT = ev.REASON["kept after all"]
ASKED, HAS_FREED, FOUND_YOUNG = 1, 2, 3


class Reclaim(Operation, name="reclaim", function="shrink_folio_list"):
    """Reclaim the folios on the task's `isolated` list: unmap, write out, free in one batch. An
    allocation that has called it is given 1 if it has freed any, 2 if what it kept was young,
    else 0.
    """

    frame = Reference[Frame]("frame")
    key = Local()
    mask = Local(mask="cpu")
    direct = Local("for an allocation: ASKED, HAS_FREED or FOUND_YOUNG; 0 for nobody")
    forced = Local("nobody asks whether its folios were used lately")

    def noted(self, m: Machine) -> Sequence[Frame]:
        """What it has unmapped and not settled: the folios of its task's lists, and the present
        one; once there is a key, those that do not wait for that.
        """
        found = on_its_lists(m, self.ctx, self.frame)
        return [one for one in found if not one.verdict] if self.key else found

    def freeing(self, m: Machine) -> tuple[int, Sequence[Frame]]:
        """The folios whose flush is deferred, once they have a key."""
        return self.key, unfreed(m, self.ctx)

    @property
    def _folio(self) -> Frame:
        assert self.frame
        return self.frame

    @step("take the next folio")
    def take(self, k: Kernel) -> Next:
        """Lock it; an anonymous folio needs a swap slot before its PTEs can go."""
        frame = next_isolated(k)
        if not frame:
            return Reclaim.fold if self.frame else self._done(k)
        if folio.large(frame):
            return self.call(k, SplitFolio, Reclaim.take, frame=frame, isolated=1)
        self.frame = frame
        if frame.locked:
            put_back(k, frame, "locked")
            return Reclaim.take
        if k.m.config.page_age and not self.forced:
            frame.locked = k.ctx
            return self.call(k, Referenced, Reclaim.aged, frame=frame)
        return self._unmap(k)

    def _unmap(self, k: Kernel) -> Next:
        frame = self._folio
        if folio.pinned_anon(frame):
            put_back(k, frame, "pinned")
            return Reclaim.take
        swaps = frame.state == ANON and not frame.slot and not frame.lazyfree
        if swaps and not self._add_to_swap(k, frame):
            put_back(k, frame, "no swap slot")
            return Reclaim.take
        frame.locked = k.ctx
        return self.call(k, Unmap, Reclaim.unmapped, frame=frame, batch=1)

    @step("look whether it was used lately", takes=CODE)
    def aged(self, k: Kernel, young: int) -> Next:
        """folio_check_references(): a page that was used is kept for once, and is young again."""
        if not young:
            return self._unmap(k)
        if self.direct == ASKED:
            self.direct = FOUND_YOUNG
        return put_back_or_free(self, k, self._folio, "used lately", Reclaim.take)

    def _add_to_swap(self, k: Kernel, frame: Frame) -> bool:
        slot = folio.free_slot(k.m)
        if not slot:
            return False
        if slot.frame:
            folio.leave_swap_cache(slot.frame)
        slot.frame, frame.slot, frame.dirty = frame, slot, 1
        return True

    @step("look whether it is dirty")
    def unmapped(self, k: Kernel) -> Next:
        """A dirty PTE may be cached writable: flush before the page goes to I/O. A page
        that is still mapped is kept.
        """
        if self._folio.mapcount:
            return self._keep(k)
        if not self._folio.dirty:
            return self._remove(k)
        self.mask = k.policy.take_dirty(k.m, k.task)
        if self.mask:
            return self.call(k, Shootdown, Reclaim.pageout, mask=self.mask, why=BEFORE_IO)
        return None

    @step("write it out")
    def pageout(self, k: Kernel) -> Next:
        """The bytes on disk are those of this moment."""
        write_out(k, self._folio)
        return None

    @step("remove it from its cache")
    def remove(self, k: Kernel) -> Next:
        """__remove_mapping(): the reference count is frozen, or the folio is kept."""
        return self._remove(k)

    def _remove(self, k: Kernel) -> Next:
        frame = self._folio
        if (frame.pins or frame.refs) and k.policy.has(guards.LAST_REFERENCE):
            return self._keep(k)
        if frame.slot:
            frame.slot.frame = None
            frame.slot = None
        if frame.file_page:
            k.emit(ev.UNCACHE, k.cpu, frame.file_page.index, frame.pfn)
            frame.file_page.frame = None
            frame.file_page = None
        which = "luf" if frame.verdict else "plain"
        lists.push_tail(k.m.task_list(k.current, which), frame)
        return Reclaim.take

    def _keep(self, k: Kernel) -> Next:
        """An unmapped folio that is not freed must not stay stale (OP-3, step 3)."""
        frame = self._folio
        deferred = frame.verdict
        why = "pinned" if frame.pins else "stored to again" if frame.mapcount else "referenced"
        put_back(k, frame, why)
        folio.free_swap_cache(frame)
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
        page = plain or next_free(k, "luf")
        if not page:
            return self._done(k)
        if self.direct:
            self.direct = HAS_FREED
        key = {} if plain else {"key": self.key}
        return self.call(k, FreePage, Reclaim.free, frame=page, order=page.order, **key)

    def _done(self, k: Kernel) -> Next:
        if self.direct:
            k.give(self.direct - 1)
        return DONE


def write_out(k: Kernel, frame: Frame) -> None:
    """Write a folio's bytes to its file or swap slot; the folio is clean and saved."""
    if frame.slot:
        frame.slot.content = frame.content
    if frame.file_page:
        frame.file_page.disk = frame.content
    frame.dirty, frame.saved = 0, 1
    page = frame.file_page.index if frame.file_page else -1
    k.emit(ev.WRITE_OUT, k.cpu, page, frame.pfn, frame.content)


class Writeback(Operation, name="writeback", function="folio_mkclean"):
    """folio_mkclean() and writeback of one page-cache page: write-protect, flush, write."""

    page = Required[FilePage]("file_page")
    frame = Reference[Frame]("frame")
    held = Reference[Mm]("mm", "the address space whose page-table lock was kept over a flush")
    mask = Local(mask="cpu")

    def to_clean(self) -> Pte | None:
        """The next mapping through which the page could be stored to unseen; a PTE that munmap has
        cleared and not yet flushed is one.
        """
        ptes = pagetable.mappings(self.frame) if self.frame else ()
        return next((pte for pte in ptes if pte.writable or pte.dirty or pte.kind == NONE), None)

    def _page_table(self, k: Kernel) -> bool:
        """The page-table lock of the next mapping to be cleaned can be taken."""
        pte = self.to_clean()
        return pte is None or locks.page_table(k.m.place_of(pte)[0], self.ctx)

    def _folio_unlocked(self, k: Kernel) -> bool:
        return locks.folio(self.page.frame, self.ctx)

    @step("lock the folio", when=_folio_unlocked)
    def lock(self, k: Kernel) -> Next:
        """An absent folio needs nothing; for one that somebody else has locked it waits."""
        self.frame = frame = self.page.frame
        if not frame:
            return DONE
        frame.locked = k.ctx
        return None

    @step("write-protect a mapping and flush it", when=_page_table)
    def clean(self, k: Kernel) -> Next:
        """page_vma_mkclean_one(): clear D and RW, flush that page under the page-table lock."""
        if self.held:
            self.held.ptl = None
            self.held = None
        pte = self.to_clean()
        if pte:
            mm, vpn = k.m.place_of(pte)
            assert self.frame
            self.frame.dirty = 1
            pagetable.protect(k, pte, writable=0)
            pte.dirty = 0
            self.held, mm.ptl = mm, k.ctx
            args = {"mm": mm, "start": vpn, "end": vpn + 1}
            why = ev.REASON["writeback"]
            return self.call(k, Shootdown, Writeback.clean, why=why, **args)
        if self.frame:
            self.frame.dirty = 0
        self.mask = k.policy.file_mask(k.m, k.task, self.page, "writeback")
        if self.mask:
            why = ev.REASON["writeback"]
            k.emit(ev.PAY, k.cpu, -1, self.mask, why)
            return self.call(k, Shootdown, Writeback.write, mask=self.mask, why=why)
        return None

    @step("write it out")
    def write(self, k: Kernel) -> Next:
        """The bytes reach the disk; later stores fault first, so none is lost. A page that became
        dirty again since it was cleaned stays so (clear_page_dirty_for_io() comes first).
        """
        frame = self.frame
        assert frame
        again = frame.dirty
        write_out(k, frame)
        frame.dirty, frame.saved, frame.locked = again, 0, None
        return DONE


@starts(by_kernel.Reclaim)
def _reclaim(k: Kernel, op: Op, args: by_kernel.Reclaim) -> Start:
    isolate_named(k, op, args.pages)
    return Reclaim, {}


@starts(by_kernel.Writeback)
def _writeback(k: Kernel, op: Op, args: by_kernel.Writeback) -> Start:
    return Writeback, {"page": k.m.file_page[args.page]}
