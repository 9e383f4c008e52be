"""Page-cache content and places: write(), truncate, invalidate (OP-15)."""

from __future__ import annotations

from luf_tui.engine import folio, locks, pagetable
from luf_tui.engine.arguments import Start, starts
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import DONE, FRAME, Local, Next, Operation, step
from luf_tui.engine.operations.flush import Shootdown
from luf_tui.engine.operations.gather import begin_gather, end_gather, nested
from luf_tui.engine.operations.mappings import Zap
from luf_tui.engine.operations.memory import AllocPage, FreePage
from luf_tui.engine.operations.pending import catch_up
from luf_tui.machine import events as ev
from luf_tui.machine.regions import MaybeNumber, Reference, Required
from luf_tui.machine.schema import ANON, FILE, MIGRATION, PRESENT, FilePage, Frame, Mm, Pte, Vma
from luf_tui.policy import guards
from luf_tui.script.program import Op
from luf_tui.script.values import FileRange
from luf_tui.script.verbs import by_kernel, by_process

WRITE, TRUNCATE = ev.REASON["write()"], ev.REASON["truncate"]
INVALIDATE, DIRECT_IO = ev.REASON["invalidate"], ev.REASON["direct I/O"]


class WriteFile(Operation, name="write", function="generic_perform_write"):
    """generic_perform_write(): write(2) into one page of a file."""

    page = Required[FilePage]("file_page")
    content = Local()
    frame = Reference[Frame]("frame")
    mask = Local(mask="cpu")

    def _unlocked(self, k: Kernel) -> bool:
        """i_rwsem, and the folio."""
        inode = k.m.inode_of(self.page)
        return locks.inode(inode, self.ctx) and locks.folio(self.page.frame, self.ctx)

    @step("find or read the folio", when=_unlocked)
    def begin(self, k: Kernel) -> Next:
        """Take i_rwsem; after ->write_begin() the folio is locked and up to date."""
        k.m.inode_of(self.page).writer = k.ctx
        self.frame = self.page.frame
        if not self.frame:
            return self.call(k, AllocPage, WriteFile.read_in, use=FILE, order=0)
        self.frame.locked = k.ctx
        return WriteFile.hook

    @step("read the folio", takes=FRAME)
    def read_in(self, k: Kernel, frame: Frame | None) -> Next:
        """The page cache had nothing at this position; with no memory, nothing is written."""
        if not frame:
            k.m.inode_of(self.page).writer = None
            return DONE
        self.frame = frame
        if self.page.frame:
            return self.call(k, FreePage, WriteFile.begin, frame=frame)
        folio.cache_in(k, self.page, frame)
        frame.locked = k.ctx
        return None

    @step("flush what LUF owes for this file")
    def hook(self, k: Kernel) -> Next:
        """mapping_write_begin(): before the bytes change, with the folio locked."""
        self.mask = k.policy.file_mask(k.m, k.task, self.page, "write")
        if self.mask:
            k.emit(ev.PAY, k.cpu, -1, self.mask, WRITE)
            return self.call(k, Shootdown, WriteFile.copy, mask=self.mask, why=WRITE)
        return None

    @step("copy the bytes in")
    def copy(self, k: Kernel) -> Next:
        """copy_folio_from_iter() and ->write_end(); past its end the file grows."""
        frame, inode = self.frame, k.m.inode_of(self.page)
        assert frame
        inode.size, inode.writer = max(inode.size, k.m.position_of(self.page) + 1), None
        frame.content, frame.dirty, frame.locked, frame.writer = self.content, 1, None, -1
        k.emit(ev.WRITE_FILE, k.cpu, self.page.index, frame.pfn, self.content)
        return DONE


class RemoteWrite(Operation, name="remote write"):
    """The file changes on its server or its device, without a local write (O8b)."""

    page = Required[FilePage]("file_page")
    content = Local()

    @step("the file changes on the server")
    def change(self, k: Kernel) -> Next:
        """The page cache does not know yet."""
        self.page.disk = self.content
        k.emit(ev.WRITE_FILE, -1, self.page.index, -1, self.content)
        return DONE


class DropPages(Operation, name="truncate_inode_pages", function="unmap_mapping_range"):
    """truncate, or invalidate: unmap the positions everywhere and take them out of the cache."""

    page = Local("the number of the position being dropped")
    end = Local("the number of the position after the last")
    why = Local()
    size = MaybeNumber("the new size, for truncate; none leaves it")
    mask = Local(mask="cpu")
    gathering = Reference[Mm]("mm", "the address space that is being flushed")
    passed = Reference[Pte]("pte", "the last entry that somebody else has cleared and not flushed")

    def _page(self, k: Kernel) -> FilePage:
        return k.m.file_page[self.page]

    def _position_unlocked(self, k: Kernel) -> bool:
        """The folio about to be dropped is not locked by someone else, nor the page table of anyone
        who has the position mapped: a write fault may be about to set a copy there. A mapping that
        munmap has detached is still found by its file (unlink_file_vma() comes last): the lock of a
        PTE that it has cleared is free once that is flushed.
        """
        if self.page >= self.end:
            return True
        page = self._page(k)
        ptes = [k.m.pte[vma.index] for vma in k.m.vma.holding(Vma.file_page, page)]
        ptes += pagetable.mappings(page.frame) if page.frame else ()
        unlocked = all(locks.page_table(k.m.place_of(pte)[0], self.ctx) for pte in ptes)
        return locks.folio(page.frame, self.ctx) and unlocked

    def _private_copy(self, k: Kernel) -> tuple[Mm, int] | None:
        """unmap_mapping_range() of truncate takes private copies of the position as well, also in
        swap (even_cows); that of the invalidate_* family leaves them.
        """
        if self.why != TRUNCATE:
            return None
        for pte in k.m.pte:
            mm, vpn = k.m.place_of(pte)
            swapped = pte.slot and k.policy.has(guards.TRUNCATE_SWAPPED)
            copied = swapped or (pte.frame and pte.frame.state == ANON)
            if copied and k.m.vma_at(mm, vpn).file_page is self._page(k):
                return mm, vpn
        return None

    def _inode_unlocked(self, k: Kernel) -> bool:
        """i_rwsem, for truncate."""
        return self.size is None or locks.inode(k.m.inode_of(self._page(k)), self.ctx)

    @step("start with the file's size", when=_inode_unlocked)
    def begin(self, k: Kernel) -> Next:
        """truncate_setsize(): from here on, accesses past the end are SIGBUS."""
        page = self._page(k)
        if self.size is not None:
            inode = k.m.inode_of(page)
            inode.size, inode.writer = self.size, k.ctx
            k.emit(ev.RESIZE, k.cpu, page.index, self.size)
            self.page += self.size
        else:
            k.emit(ev.INVALIDATE, k.cpu, page.index, self.end - self.page)
        return None

    @step("unmap a position", when=_position_unlocked)
    def unmap(self, k: Kernel) -> Next:
        """unmap_mapping_folio(): each mapping is cleared and flushed before the next, a dirty one
        before the page-table lock is dropped, as in any zap_pte_range().
        """
        if self.gathering:
            end_gather(k, self.gathering)
            if self.gathering.ptl is k.ctx:
                self.gathering.ptl = None
            self.gathering = None
        if self.page >= self.end:
            return self._done(k)
        late = self._catch_up(k)
        if late:
            return late
        copy = self._private_copy(k)
        if copy:
            mm, vpn = copy
            args = {"mm": mm, "at": vpn, "start": vpn, "end": vpn + 1, "why": self.why}
            return self.call(k, Zap, DropPages.unmap, **args)
        cached = self._page(k).frame
        if not cached:
            return DropPages.hook
        cached.locked = k.ctx
        for pte in pagetable.mappings(cached):
            mm, vpn = k.m.place_of(pte)
            if pte.kind == MIGRATION:
                pagetable.unlink(pte, cached)
                pagetable.empty(pte)
                return DropPages.unmap
            if pte.kind == PRESENT:
                if pte.dirty:
                    cached.dirty = 1
                    if k.policy.has(guards.DELAY_RMAP):
                        mm.ptl = k.ctx
                pagetable.clear(k, pte)
                self.gathering = mm
                begin_gather(k, mm)
                what = {"tables": 1} if nested(k, mm) else {"start": vpn, "end": vpn + 1}
                return self.call(k, Shootdown, DropPages.unmap, mm=mm, why=self.why, **what)
        return self._flush_cleared(k)

    def _flush_cleared(self, k: Kernel) -> Next:
        """Truncation flushes, too, what somebody else has cleared and not flushed yet: its walk is
        a gather beside that one (zap_page_range_single(), mm_tlb_flush_nested()). What invalidates
        walks nothing where a page is not mapped any more.
        """
        first = self.passed.index + 1 if self.passed else 0
        for pte in k.m.pte[first:] if self.why == TRUNCATE else ():
            page, mm = pte.gathered, k.m.place_of(pte)[0]
            if not page or pte.gatherer is k.ctx or page.file_page is not self._page(k):
                continue
            self.passed = pte
            begin_gather(k, mm)
            self.gathering = mm
            if nested(k, mm):
                return self.call(k, Shootdown, DropPages.unmap, mm=mm, tables=1, why=self.why)
            return DropPages.unmap
        self.passed = None
        return None

    def _catch_up(self, k: Kernel) -> Next:
        """Truncation walks the page tables of everyone who maps the position, whether the page
        cache has it or not, and so flushes what is pending there (zap_pte_range()).
        """
        if self.why != TRUNCATE:
            return None
        for vma in k.m.vma.holding(Vma.file_page, self._page(k)):
            mm = k.m.place_of(k.m.pte[vma.index])[0]
            late = catch_up(self, k, mm, DropPages.unmap)
            if late:
                return late
        return None

    def _done(self, k: Kernel) -> Next:
        if self.size is not None:
            for inode in k.m.inode:
                if inode.writer is k.ctx:
                    inode.writer = None
        return DONE

    @step("flush what LUF owes for this file")
    def hook(self, k: Kernel) -> Next:
        """truncate_inode_folio() and the invalidate_* family (v12, 16/26 and 20/26)."""
        kind = "truncate" if self.why == TRUNCATE else "invalidate"
        self.mask = k.policy.file_mask(k.m, k.task, self._page(k), kind)
        if self.mask:
            k.emit(ev.PAY, k.cpu, -1, self.mask, self.why)
            return self.call(k, Shootdown, DropPages.remove, mask=self.mask, why=self.why)
        return None

    @step("take it out of the page cache")
    def remove(self, k: Kernel) -> Next:
        """filemap_remove_folio(); the frame is freed unless someone pins it. What was read in after
        the mappings were gone is another page, and stays. invalidate_complete_folio2() leaves one
        that is dirty: nobody has written it out.
        """
        page = self._page(k)
        frame = page.frame
        self.page += 1
        mine = frame is not None and frame.locked is k.ctx
        kept = self.why != TRUNCATE and k.policy.has(guards.KEEP_DIRTY)
        if frame and mine and frame.dirty and kept:
            frame.locked = None
            if self.why == DIRECT_IO:
                k.emit(ev.DIRECT_STALE, k.cpu, page.index)
            k.emit(ev.KEEP, k.cpu, frame.pfn, ev.REASON["dirty"])
            return DropPages.unmap
        if self.why == TRUNCATE:
            page.disk = 0
        if frame and not mine:
            return DropPages.unmap
        if not frame:
            return DropPages.unmap
        k.emit(ev.UNCACHE, k.cpu, page.index, frame.pfn)
        page.frame = frame.file_page = frame.locked = None
        if folio.held(frame):
            return DropPages.unmap
        return self.call(k, FreePage, DropPages.unmap, frame=frame)


@starts(by_process.WriteFile)
def _write_file(k: Kernel, op: Op, args: by_process.WriteFile) -> Start:
    return WriteFile, {"page": k.m.file_page[args.page], "content": args.content}


def _dropped(file: FileRange) -> dict[str, int]:
    return {"page": file.first, "end": file.first + file.pages}


@starts(by_process.Truncate)
def _truncate(k: Kernel, op: Op, args: by_process.Truncate) -> Start:
    return DropPages, {**_dropped(args.file), "why": TRUNCATE, "size": args.pages}


@starts(by_process.Invalidate)
def _invalidate(k: Kernel, op: Op, args: by_process.Invalidate) -> Start:
    return DropPages, {**_dropped(args.file), "why": INVALIDATE}


@starts(by_kernel.Change)
def _change(k: Kernel, op: Op, args: by_kernel.Change) -> Start:
    return RemoteWrite, {"page": k.m.file_page[args.page], "content": args.content}
