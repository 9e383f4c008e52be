"""O_DIRECT: a file's bytes go between disk and a pinned page of a program, past the page cache."""

from __future__ import annotations

from luf_tui.engine import locks
from luf_tui.engine.arguments import Start, starts
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import DONE, FRAME, Local, Next, Operation, step
from luf_tui.engine.operations.files import DIRECT_IO, DropPages
from luf_tui.engine.operations.memory import FreePage
from luf_tui.engine.operations.pins import Gup, drop_pin
from luf_tui.engine.operations.reclaim import Writeback
from luf_tui.machine import events as ev
from luf_tui.machine.regions import Reference, Required
from luf_tui.machine.schema import FilePage, Frame, Mm
from luf_tui.policy import guards
from luf_tui.script.program import Op
from luf_tui.script.verbs import by_process


class DirectRead(Operation, name="direct read", function="iomap_dio_rw"):
    """read() with O_DIRECT: the device puts what is on disk into the program's page."""

    page = Required[FilePage]("file_page")
    mm = Required[Mm]("mm")
    vpn = Local(of="page")
    frame = Reference[Frame]("frame", "the program's page, pinned")

    @step("write out what the page cache has")
    def begin(self, k: Kernel) -> Next:
        """kiocb_write_and_wait(): what was stored before this began is on disk then."""
        k.emit(ev.DIRECT, k.cpu, self.page.index)
        if self.page.frame and k.policy.has(guards.WRITE_OUT_BEFORE_DIRECT_IO):
            return self.call(k, Writeback, DirectRead.pin, page=self.page)
        return None

    @step("pin the program's page")
    def pin(self, k: Kernel) -> Next:
        """iov_iter_extract_pages(): to be written to."""
        return self.call(k, Gup, DirectRead.transfer, mm=self.mm, vpn=self.vpn, write=1)

    @step("read from disk into the page", takes=FRAME)
    def transfer(self, k: Kernel, frame: Frame | None) -> Next:
        """The device stores to the frame, whatever the page tables say by now. Past the file's end
        there is nothing to read.
        """
        self.frame = frame
        if not frame:
            k.emit(ev.NO_PIN, k.cpu, self.mm.index, self.vpn)
            return DONE
        if k.m.past_the_end(self.page):
            return None
        frame.content, frame.writer = self.page.disk, -1
        k.emit(ev.DIRECT_READ, k.cpu, self.page.index, frame.pfn, frame.content)
        where = (self.mm.index, self.vpn)
        k.emit(ev.IO_STORE, k.cpu, *where, frame.pfn, frame.content)
        return None

    @step("let go of the page")
    def unpin(self, k: Kernel) -> Next:
        """bio_release_pages(): the page is dirty."""
        frame = self.frame
        assert frame
        if drop_pin(k, frame, dirty=1):
            return self.jump(k, FreePage, frame=frame)
        return DONE


class DirectWrite(Operation, name="direct write", function="iomap_dio_rw"):
    """write() with O_DIRECT: the device writes the program's page to disk, and what the page cache
    has of the file goes before and after.
    """

    page = Required[FilePage]("file_page")
    mm = Required[Mm]("mm")
    vpn = Local(of="page")
    frame = Reference[Frame]("frame", "the program's page, pinned")

    def _inode_unlocked(self, k: Kernel) -> bool:
        return locks.inode(k.m.inode_of(self.page), self.ctx)

    @step("write out what the page cache has", when=_inode_unlocked)
    def begin(self, k: Kernel) -> Next:
        """kiocb_invalidate_pages(): under i_rwsem."""
        k.m.inode_of(self.page).writer = k.ctx
        k.emit(ev.DIRECT, k.cpu, self.page.index)
        if self.page.frame:
            return self.call(k, Writeback, DirectWrite.drop, page=self.page)
        return None

    @step("drop what the page cache has")
    def drop(self, k: Kernel) -> Next:
        """invalidate_inode_pages2_range(): every mapping goes, and the page."""
        return self.call(k, DropPages, DirectWrite.dropped, **self._position())

    def _position(self) -> dict[str, int]:
        return {"page": self.page.index, "end": self.page.index + 1, "why": DIRECT_IO}

    @step("pin the program's page")
    def dropped(self, k: Kernel) -> Next:
        """iov_iter_extract_pages(), to be read. A page that became dirty again is still in the
        cache (EBUSY): the kernel goes on through the page cache then; here nothing is written.
        """
        if self.page.frame and self.page.frame.dirty:
            return DirectWrite.leave
        return self.call(k, Gup, DirectWrite.transfer, mm=self.mm, vpn=self.vpn)

    @step("write the page to disk", takes=FRAME)
    def transfer(self, k: Kernel, frame: Frame | None) -> Next:
        """The device reads the frame, whatever the page tables say by now. Past its end the file
        grows.
        """
        self.frame = frame
        if not frame:
            k.emit(ev.NO_PIN, k.cpu, self.mm.index, self.vpn)
            return DirectWrite.leave
        page, inode = self.page, k.m.inode_of(self.page)
        k.emit(ev.IO_READ, k.cpu, self.mm.index, self.vpn, frame.pfn, frame.content)
        page.disk = frame.content
        inode.size = max(inode.size, k.m.position_of(page) + 1)
        k.emit(ev.DIRECT_WRITE, k.cpu, page.index, frame.pfn, frame.content)
        if not k.policy.has(guards.DROP_AFTER_DIRECT_WRITE):
            return None
        return self.call(k, DropPages, DirectWrite.unpin, **self._position())

    @step("let go of the page")
    def unpin(self, k: Kernel) -> Next:
        """Once what was read into the page cache meanwhile is gone again, too
        (kiocb_invalidate_post_direct_write()).
        """
        frame = self.frame
        assert frame
        if drop_pin(k, frame):
            return self.call(k, FreePage, DirectWrite.leave, frame=frame)
        return None

    @step("drop i_rwsem")
    def leave(self, k: Kernel) -> Next:
        """write() returns."""
        k.m.inode_of(self.page).writer = None
        return DONE


@starts(by_process.DirectRead)
def _direct_read(k: Kernel, op: Op, args: by_process.DirectRead) -> Start:
    where = args.where
    return DirectRead, {"page": k.m.file_page[args.page], "mm": k.m.mm[where.mm], "vpn": where.vpn}


@starts(by_process.DirectWrite)
def _direct_write(k: Kernel, op: Op, args: by_process.DirectWrite) -> Start:
    where = args.where
    return DirectWrite, {"page": k.m.file_page[args.page], "mm": k.m.mm[where.mm], "vpn": where.vpn}
