"""Page-cache content and places: write(), truncate, invalidate (OP-15)."""

from __future__ import annotations

from luf_tui.engine import folio, locks, pagetable
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import DONE, Local, Next, Operation, step
from luf_tui.engine.operations.flush import Shootdown
from luf_tui.engine.operations.gather import begin_gather, end_gather, nested
from luf_tui.engine.operations.memory import AllocPage, FreePage
from luf_tui.machine import events as ev
from luf_tui.machine.schema import FILE, MIGRATION, PRESENT
from luf_tui.policy import guards

WRITE, TRUNCATE = ev.REASON["write()"], ev.REASON["truncate"]
INVALIDATE = ev.REASON["invalidate"]


def position_unlocked(act: Operation, k: Kernel) -> bool:
    """The folio about to be dropped is not locked by someone else, nor its mappings' tables."""
    drop: DropPages = act  # type: ignore[assignment]
    if drop.page >= drop.end:
        return True
    cached = k.m.file_page[drop.page - 1].frame
    ptes = pagetable.mappings(k, cached - 1) if cached else ()
    tables = {pagetable.place(k, pte)[0] for pte in ptes}
    return locks.cached_page(act, k) and all(locks.unlocked(k, mm, act.ctx) for mm in tables)


class WriteFile(Operation, name="write"):
    """generic_perform_write(): write(2) into one page of a file."""

    page = Local(ref="file_page")
    content = Local()
    pfn = Local(ref="frame")
    mask = Local(mask="cpu")

    @step("find or read the folio", when=locks.cached_page)
    def begin(self, k: Kernel) -> Next:
        """->write_begin(): the folio is locked and up to date."""
        self.pfn = k.m.file_page[self.page - 1].frame
        if not self.pfn:
            return self.call(k, AllocPage, WriteFile.read_in, use=FILE, order=0)
        k.m.frame[self.pfn - 1].locked = k.ctx + 1
        return WriteFile.hook

    @step("read the folio")
    def read_in(self, k: Kernel) -> Next:
        """The page cache had nothing at this position."""
        if not k.result:
            return DONE
        self.pfn = k.result
        if k.m.file_page[self.page - 1].frame:
            return self.call(k, FreePage, WriteFile.begin, pfn=self.pfn)
        folio.cache_in(k, self.page - 1, self.pfn - 1)
        k.m.frame[self.pfn - 1].locked = k.ctx + 1
        return None

    @step("flush what LUF owes for this file")
    def hook(self, k: Kernel) -> Next:
        """mapping_write_begin(): before the bytes change, with the folio locked."""
        self.mask = k.policy.file_mask(k.m, k.task, self.page - 1, "write")
        if self.mask:
            k.emit(ev.PAY, k.cpu, -1, self.mask, WRITE)
            return self.call(k, Shootdown, WriteFile.copy, mask=self.mask, why=WRITE)
        return None

    @step("copy the bytes in")
    def copy(self, k: Kernel) -> Next:
        """copy_folio_from_iter() and ->write_end()."""
        frame = k.m.frame[self.pfn - 1]
        frame.content, frame.dirty, frame.locked, frame.writer = self.content, 1, 0, 0
        k.emit(ev.WRITE_FILE, k.cpu, self.page - 1, self.pfn - 1, self.content)
        return DONE


class RemoteWrite(Operation, name="remote write"):
    """The file changes on its server or its device, without a local write (O8b)."""

    page = Local(ref="file_page")
    content = Local()

    @step("the file changes on the server")
    def change(self, k: Kernel) -> Next:
        """The page cache does not know yet."""
        k.m.file_page[self.page - 1].disk = self.content
        k.m.file_page[self.page - 1].changed = 1
        k.emit(ev.WRITE_FILE, -1, self.page - 1, -1, self.content)
        return DONE


class DropPages(Operation, name="truncate_inode_pages"):
    """truncate, or invalidate: unmap the positions everywhere and take them out of the cache."""

    page = Local("the position being dropped", ref="file_page")
    end = Local(ref="file_page")
    why = Local()
    size = Local("new size plus one for truncate; 0 leaves it")
    mask = Local(mask="cpu")
    gathering = Local("the address space that is being flushed", ref="mm")

    @step("start with the file's size")
    def begin(self, k: Kernel) -> Next:
        """truncate_setsize(): from here on, accesses past the end are SIGBUS."""
        if self.size:
            k.m.inode[k.m.inode_of[self.page - 1]].size = self.size - 1
            self.page += self.size - 1
        return None

    @step("unmap a position", when=position_unlocked)
    def unmap(self, k: Kernel) -> Next:
        """unmap_mapping_folio(): each mapping is cleared and flushed before the next, a dirty one
        before the page-table lock is dropped, as in any zap_pte_range().
        """
        if self.gathering:
            end_gather(k, self.gathering - 1)
            if k.m.mm[self.gathering - 1].ptl == k.ctx + 1:
                k.m.mm[self.gathering - 1].ptl = 0
            self.gathering = 0
        if self.page >= self.end:
            return DONE
        cached = k.m.file_page[self.page - 1].frame
        if not cached:
            return DropPages.hook
        k.m.frame[cached - 1].locked = k.ctx + 1
        for pte in pagetable.mappings(k, cached - 1):
            mm, vpn = pagetable.place(k, pte)
            if pte.kind == MIGRATION:
                pagetable.unlink(k, pte, cached - 1)
                pagetable.empty(pte)
                return DropPages.unmap
            if pte.kind == PRESENT:
                if pte.dirty:
                    k.m.frame[cached - 1].dirty = 1
                    if k.policy.has(guards.DELAY_RMAP):
                        k.m.mm[mm].ptl = k.ctx + 1
                pagetable.clear(k, pte)
                self.gathering = mm + 1
                begin_gather(k, mm)
                args = {"mm": mm + 1, "why": self.why}
                if nested(k, mm):
                    args["tables"] = 1
                else:
                    args["start"], args["end"] = vpn, vpn + 1
                return self.call(k, Shootdown, DropPages.unmap, **args)
        return None

    @step("flush what LUF owes for this file")
    def hook(self, k: Kernel) -> Next:
        """truncate_inode_folio() and the invalidate_* family (P12-16, P12-20)."""
        kind = "truncate" if self.why == TRUNCATE else "invalidate"
        self.mask = k.policy.file_mask(k.m, k.task, self.page - 1, kind)
        if self.mask:
            k.emit(ev.PAY, k.cpu, -1, self.mask, self.why)
            return self.call(k, Shootdown, DropPages.remove, mask=self.mask, why=self.why)
        return None

    @step("take it out of the page cache")
    def remove(self, k: Kernel) -> Next:
        """filemap_remove_folio(); the frame is freed unless someone pins it."""
        place = k.m.file_page[self.page - 1]
        pfn = place.frame
        place.changed = 0
        self.page += 1
        if not pfn:
            return DropPages.unmap
        k.emit(ev.UNCACHE, k.cpu, place.index, pfn - 1)
        place.frame = 0
        frame = k.m.frame[pfn - 1]
        frame.file_page = frame.locked = 0
        if folio.held(frame):
            return DropPages.unmap
        return self.call(k, FreePage, DropPages.unmap, pfn=pfn)
