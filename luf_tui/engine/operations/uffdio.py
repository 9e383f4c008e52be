"""Pages that a userfaultfd monitor puts under an address: UFFDIO_COPY and UFFDIO_MOVE (O12).

Neither goes through handle_mm_fault(), where LUF pays (OP-14).
"""

from __future__ import annotations

from luf_tui.engine import folio, locks, pagetable, tables
from luf_tui.engine.arguments import Start, starts
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import DONE, FRAME, Local, Next, Operation, Step, step
from luf_tui.engine.operations.flush import Shootdown
from luf_tui.engine.operations.grow import PteAlloc
from luf_tui.engine.operations.memory import AllocPage, FreePage, change_bytes
from luf_tui.errors import Refused
from luf_tui.machine import events as ev
from luf_tui.machine.regions import Reference, Required
from luf_tui.machine.schema import ANON, NONE, PRESENT, SWAP, Frame, Mm, Pte
from luf_tui.policy import guards
from luf_tui.script.program import Op
from luf_tui.script.verbs import by_kernel

INSTALL = ev.REASON["install"]
COPIED_IN = "copied in by the monitor"


def vacant(k: Kernel, mm: Mm, vpn: int) -> bool:
    """Whether a monitor may put a page at an address: registered, anonymous, and no PTE there."""
    vma = k.m.vma_at(mm, vpn)
    registered = vma.mapped and (vma.uffd_missing or vma.uffd_wp)
    empty = k.m.pte_at(mm, vpn).kind == NONE and not tables.missing(k, mm, vpn)
    return bool(registered and not vma.file_page and empty)


def grow(act: UffdCopy | UffdMove, k: Kernel, vpn: int, then: Step) -> Next:
    """pte_alloc() at an address of the operation's mm; None where there is no need."""
    if not k.m.vma_at(act.mm, vpn).mapped or not tables.missing(k, act.mm, vpn):
        return None
    return act.call(k, PteAlloc, then, mm=act.mm, vpn=vpn)


def owing(act: UffdCopy | UffdMove, k: Kernel, then: Step) -> Next:
    """Flush what the mm owes, and go on at `then`; None when it owes nothing."""
    act.mask = k.policy.mm_mask(k.m, k.task, act.mm, "install")
    if not act.mask:
        return None
    k.emit(ev.PAY, k.cpu, -1, act.mask, INSTALL)
    return act.call(k, Shootdown, then, mask=act.mask, why=INSTALL)


class UffdCopy(Operation, name="uffd copy", function="mfill_atomic"):
    """mfill_atomic(): a new page with the monitor's bytes, where nothing was (EEXIST otherwise).

    The kernel flushes nothing: the PTE was not present. What reclaim dropped there with its flush
    deferred may still be cached; so the mm's debt is paid before the PTE is set.
    """

    mm = Required[Mm]("mm")
    vpn = Local(of="page")
    content = Local()
    frame = Required[Frame]("frame", "the new page, with a reference")
    mask = Local(mask="cpu")

    def _mmap_read(self, k: Kernel) -> bool:
        return locks.mmap_read(self.mm, self.ctx)

    def _page_table(self, k: Kernel) -> bool:
        return locks.page_table(self.mm, self.ctx)

    @step("take mmap_lock", when=_mmap_read)
    def begin(self, k: Kernel) -> Next:
        """For reading."""
        self.mm.readers += 1
        return grow(self, k, self.vpn, UffdCopy.look)

    @step("look at the PTE")
    def look(self, k: Kernel) -> Next:
        """Allocate before the page-table lock is taken."""
        if not vacant(k, self.mm, self.vpn):
            return UffdCopy.leave
        return self.call(k, AllocPage, UffdCopy.fill, use=ANON, order=0)

    @step("copy the monitor's bytes in", takes=FRAME)
    def fill(self, k: Kernel, frame: Frame | None) -> Next:
        """mfill_atomic_pte_copy()."""
        if not frame:
            return UffdCopy.leave
        self.frame = frame
        folio.get(frame)
        change_bytes(k, frame, self.content, COPIED_IN)
        return None

    @step("install the PTE", when=_page_table)
    def install(self, k: Kernel) -> Next:
        """mfill_atomic_install_pte(); someone else may have been faster."""
        late = owing(self, k, UffdCopy.install)
        if late:
            return late
        if vacant(k, self.mm, self.vpn):
            pte, vma = k.m.pte_at(self.mm, self.vpn), k.m.vma_at(self.mm, self.vpn)
            pagetable.install(k, pte, self.frame, writable=vma.prot_write, dirty=1, exclusive=1)
            folio.add_lru(k, self.frame)
            where = (self.mm.index, self.vpn)
            k.emit(ev.PUT, k.cpu, *where, self.content, ev.REASON[COPIED_IN])
        if folio.put(self.frame):
            return self.call(k, FreePage, UffdCopy.leave, frame=self.frame)
        return None

    @step("drop mmap_lock")
    def leave(self, k: Kernel) -> Next:
        """The monitor's ioctl returns."""
        self.mm.readers -= 1
        return DONE


class UffdMove(Operation, name="uffd move", function="move_pages"):
    """move_pages(): a page, or its swap entry, goes to another address of the same mm. The page is
    looked up and locked first; what has changed until both page tables are locked stays (EAGAIN).

    A present page is cleared and flushed as ever. For a swap entry the kernel flushes nothing: its
    PTE was not present. Where the unmap that made it so is deferred, a CPU can still read the page
    at the address it has left; so the mm's debt is paid before the entry moves.
    """

    mm = Required[Mm]("mm")
    vpn = Local(of="page")
    to = Local("the page of the destination", of="page")
    mask = Local(mask="cpu")
    frame = Reference[Frame]("frame", "the page being moved, locked and with a reference")

    def _mmap_read(self, k: Kernel) -> bool:
        return locks.mmap_read(self.mm, self.ctx)

    def _page_table(self, k: Kernel) -> bool:
        return locks.page_table(self.mm, self.ctx)

    def _source(self, k: Kernel) -> Pte:
        return k.m.pte_at(self.mm, self.vpn)

    @step("take mmap_lock", when=_mmap_read)
    def begin(self, k: Kernel) -> Next:
        """For reading."""
        self.mm.readers += 1
        return grow(self, k, self.to, UffdMove.look)

    def _unlocked(self, k: Kernel) -> bool:
        """The page-table lock, and the folio lock of the page that is to move (folio_lock())."""
        source = self._source(k)
        cached = source.slot.frame if source.slot else source.frame
        return self._page_table(k) and locks.folio(cached, self.ctx)

    @step("look up and lock the page", when=_unlocked)
    def look(self, k: Kernel) -> Next:
        """Of a swap entry it is what the swap cache has, if that has anything. EBUSY unless the
        page is this mapping's alone.
        """
        source = self._source(k)
        if source.kind == SWAP and source.slot:
            self._hold(k, source.slot.frame)
            return UffdMove.move_entry
        if source.kind != PRESENT or not self._alone(source):
            return UffdMove.leave
        self._hold(k, source.frame)
        return None

    def _hold(self, k: Kernel, frame: Frame | None) -> None:
        self.frame = frame
        if frame:
            folio.get(frame)
            frame.locked = k.ctx

    def _alone(self, source: Pte) -> bool:
        frame = source.frame
        assert frame
        shared = frame.state != ANON or frame.mapcount != 1 or not source.exclusive
        own = int(frame is self.frame)
        return not (shared or frame.pins or frame.refs > own)

    @step("clear the source PTE", when=_page_table)
    def take_down(self, k: Kernel) -> Next:
        """move_present_pte(): ptep_clear_flush(), if all is as it was looked up."""
        source = self._source(k)
        stable = source.kind == PRESENT and source.frame is self.frame
        if not stable or not self._alone(source) or not vacant(k, self.mm, self.to):
            return UffdMove.leave
        pagetable.clear(k, source)
        k.emit(ev.HAND_OVER, k.cpu, self.mm.index, self.vpn, self.to)
        if not k.policy.has(guards.FLUSH_BEFORE_SET):
            return None
        self.mm.ptl = k.ctx
        args = {"mm": self.mm, "start": self.vpn, "end": self.vpn + 1, "why": INSTALL}
        return self.call(k, Shootdown, UffdMove.set, **args)

    @step("set the destination PTE", when=_page_table)
    def set(self, k: Kernel) -> Next:
        """set_pte_at(), with both page-table locks held since the source was cleared."""
        self.mm.ptl = None
        assert self.frame
        writable = k.m.vma_at(self.mm, self.to).prot_write
        target = k.m.pte_at(self.mm, self.to)
        pagetable.install(k, target, self.frame, writable=writable, dirty=1, exclusive=1)
        return UffdMove.leave

    @step("move the swap entry", when=_page_table)
    def move_entry(self, k: Kernel) -> Next:
        """move_swap_pte(), once nothing is owed by this mm, if the swap cache has what it had."""
        m, source = k.m, self._source(k)
        slot = source.slot
        if source.kind != SWAP or not slot or not vacant(k, self.mm, self.to):
            return UffdMove.leave
        if slot.users != 1 or slot.frame is not self.frame:
            return UffdMove.leave
        late = owing(self, k, UffdMove.move_entry)
        if late:
            return late
        target = m.pte_at(self.mm, self.to)
        target.kind, target.slot, target.uffd_wp = SWAP, slot, source.uffd_wp
        pagetable.empty(source)
        k.emit(ev.MOVE_ENTRY, k.cpu, self.mm.index, self.vpn)
        k.emit(ev.HAND_OVER, k.cpu, self.mm.index, self.vpn, self.to)
        return None

    @step("let go of the page and drop mmap_lock")
    def leave(self, k: Kernel) -> Next:
        """The monitor's ioctl returns. Of a page that was unmapped meanwhile it has the last
        reference.
        """
        page, self.frame = self.frame, None
        if page:
            page.locked = None
            folio.free_swap_cache(page)
            if folio.put(page):
                return self.call(k, FreePage, UffdMove.leave, frame=page)
        self.mm.readers -= 1
        return DONE


@starts(by_kernel.UffdioCopy)
def _uffdio_copy(k: Kernel, op: Op, args: by_kernel.UffdioCopy) -> Start:
    where = args.where
    _check_registered(k, op, where.mm, where.vpn)
    return UffdCopy, {"mm": k.m.mm[where.mm], "vpn": where.vpn, "content": args.content}


@starts(by_kernel.UffdioMove)
def _uffdio_move(k: Kernel, op: Op, args: by_kernel.UffdioMove) -> Start:
    where = args.where
    _check_registered(k, op, where.mm, args.to)
    return UffdMove, {"mm": k.m.mm[where.mm], "vpn": where.vpn, "to": args.to}


def _check_registered(k: Kernel, op: Op, mm: int, vpn: int) -> None:
    """Raises Refused unless a monitor may put pages at `vpn`; the kernel says EINVAL."""
    vma = k.m.vma_at(k.m.mm[mm], vpn)
    if not (vma.uffd_wp or vma.uffd_missing) or vma.file_page:
        what = f"{k.m.config.processes[mm].name}.{k.m.config.page_name(mm, vpn)}"
        raise Refused(f"{op.text.strip()}: {what} is no anonymous page registered with a monitor")
