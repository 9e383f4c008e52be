"""Pins: a page that is held in its place for a device or for I/O, and how it is found (mm/gup.c).

Where pages are read and written through pins, the walk is cut as GUP cuts it: the fast one takes no
lock, with interrupts off, so that who waits for this CPU to answer frees no page table meanwhile.
"""

from __future__ import annotations

from luf_tui.engine import folio, large, locks
from luf_tui.engine.arguments import Start, frame_of, starts
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import CODE, DONE, FRAME, Local, Next, Operation, step
from luf_tui.engine.operations.fault import SERVED, Fault
from luf_tui.engine.operations.memory import FreePage
from luf_tui.errors import Refused
from luf_tui.machine import events as ev
from luf_tui.machine.config import ARM64
from luf_tui.machine.machine import Machine
from luf_tui.machine.regions import Reference, Required
from luf_tui.machine.schema import ANON, FILE, MIGRATION, PRESENT, Frame, Mm, PinnedPage, Pte
from luf_tui.policy import guards
from luf_tui.script.program import Op
from luf_tui.script.values import Target
from luf_tui.script.verbs import by_kernel, by_process

PINNED = ev.REASON["pinned"]


def own_alone(m: Machine, pte: Pte) -> bool:
    """Whether an anonymous page is one that nobody else can have: a page that is shared
    copy-on-write is never pinned (gup_must_unshare()).
    """
    frame = pte.frame
    mm, vpn = m.place_of(pte)
    shared = bool(m.vma_at(mm, vpn).shared)
    return frame is None or frame.state != ANON or shared or bool(pte.exclusive)


def drop_pin(k: Kernel, frame: Frame, *, dirty: int = 0) -> bool:
    """unpin_user_pages_dirty_lock(): whether that was the last that kept the page, so that the
    caller has to free it.
    """
    if frame is k.m.zero_page:
        return False
    if dirty and k.policy.has(guards.DIRTY_ON_UNPIN):
        frame.dirty = 1
    frame.pins -= 1
    k.emit(ev.PIN, k.cpu, frame.pfn, frame.pins)
    folio.free_swap_cache(frame)
    return not folio.held(frame)


class Gup(Operation, name="gup", function="pin_user_pages_fast"):
    """pin_user_pages_fast(): pin the page of an address, for whoever has called it; none where
    there is no such page (EFAULT).
    """

    mm = Required[Mm]("mm")
    vpn = Local(of="page")
    write = Local("FOLL_WRITE")
    table = Reference[Frame]("frame", "the page-table page that the walk goes through")
    frame = Reference[Frame]("frame", "the page that the PTE had")

    def _pte(self, k: Kernel) -> Pte:
        return k.m.pte_at(self.mm, self.vpn)

    def _usable(self, k: Kernel, pte: Pte) -> bool:
        """Whether a PTE grants what is asked for."""
        if pte.kind != PRESENT or pte.prot_none or (self.write and not pte.writable):
            return False
        if large.away(pte) and (not self.frame or k.policy.has(guards.RECHECK_TABLE)):
            return False
        unshared = not k.policy.has(guards.UNSHARE_BEFORE_PIN) or own_alone(k.m, pte)
        return pte.frame is k.m.zero_page or unshared

    def _own(self, k: Kernel) -> bool:
        """Whether the one who pins runs in the address space."""
        loaded = k.m.cpu[k.cpu].loaded_mm if k.cpu >= 0 else None
        return loaded is self.mm and k.task is not None and k.task.mm is self.mm

    def _slow(self, k: Kernel) -> Next:
        if k.cpu >= 0:
            k.m.cpu[k.cpu].irqs_off = 0
        self.frame = self.table = None
        return Gup.follow

    @step("find the page table with interrupts off")
    def walk(self, k: Kernel) -> Next:
        """gup_fast(): of one's own address space only, and without a lock."""
        if not self._own(k):
            return Gup.follow
        k.m.cpu[k.cpu].irqs_off = 1
        if not k.m.table:
            return self._read(k)
        self.table = k.m.table_at(self.mm, self.vpn).frame
        if not self.table:
            return self._slow(k)
        by_rcu = k.m.config.arch == ARM64 or k.m.global_asid
        return self._read(k) if by_rcu else None

    @step("read the PTE")
    def read(self, k: Kernel) -> Next:
        """gup_fast_pte_range(): whatever the page says that the walk has come to. On arm64, and
        where flushes go by broadcast, page tables are freed by RCU, which waits for such walks:
        there this is part of the step before.
        """
        return self._read(k)

    def _read(self, k: Kernel) -> Next:
        if self.table and k.m.table_at(self.mm, self.vpn).frame is not self.table:
            k.emit(ev.FREED_WALK, k.cpu, self.mm.index, self.vpn, self.table.pfn)
            return self._slow(k)
        pte = self._pte(k)
        if not self._usable(k, pte):
            return self._slow(k)
        self.frame = pte.frame
        return Gup.grab

    @step("take a pin")
    def grab(self, k: Kernel) -> Next:
        """try_grab_folio_fast(): of a page that nobody needs any more there is none to be had. Nor,
        here, of one that somebody has locked, and may be unmapping.
        """
        frame = self.frame
        assert frame
        if frame is k.m.zero_page:
            return None
        if frame.state not in (ANON, FILE) or frame.locked or not folio.held(frame):
            return self._slow(k)
        frame.pins += 1
        return None

    @step("look at the PTE again")
    def check(self, k: Kernel) -> Next:
        """It may have changed before the pin was taken, and the page be somebody else's."""
        frame, pte = self.frame, self._pte(k)
        assert frame
        same = pte.frame is frame and self._usable(k, pte)
        if same or not k.policy.has(guards.RECHECK_PINNED):
            k.m.cpu[k.cpu].irqs_off = 0
            return self._hold(k, frame)
        self._slow(k)
        if drop_pin(k, frame):
            return self.call(k, FreePage, Gup.follow, frame=frame)
        return Gup.follow

    def _hold(self, k: Kernel, frame: Frame) -> Next:
        k.emit(ev.HOLD, k.cpu, self.mm.index, self.vpn, frame.pfn, self.write)
        k.give(frame)
        return DONE

    def _locks(self, k: Kernel) -> bool:
        return locks.mmap_read(self.mm, self.ctx) and locks.page_table(self.mm, self.ctx)

    @step("follow the page under the page-table lock", when=_locks)
    def follow(self, k: Kernel) -> Next:
        """__get_user_pages(), follow_page_pte(): what is not there, or may not be pinned so, is
        faulted in on the CPU of who pins; for another address space it is given up.
        """
        pte, vma = self._pte(k), k.m.vma_at(self.mm, self.vpn)
        there = vma.mapped and not k.m.by_frame(pte)
        allowed = there and (vma.prot_write if self.write else vma.prot_read)
        if allowed and self._usable(k, pte):
            frame = pte.frame
            assert frame
            if frame is not k.m.zero_page:
                frame.pins += 1
            return self._hold(k, frame)
        if not allowed or not self._own(k):
            k.give(None)
            return DONE
        alone = {"unshare": int(not self.write)}
        return self.call(k, Fault, Gup.faulted, vpn=self.vpn, store=self.write, **alone)

    @step("look whether the fault was served", takes=CODE)
    def faulted(self, k: Kernel, outcome: int) -> Next:
        """faultin_page(): a page that has gone again is faulted in anew."""
        if outcome == SERVED:
            return Gup.follow
        k.give(None)
        return DONE


class Register(Operation, name="register a buffer", function="pin_user_pages_fast"):
    """pin_user_pages_fast() for a device that reads and writes the page until it is let go: one
    such pin an address.
    """

    mm = Required[Mm]("mm")
    vpn = Local(of="page")
    write = Local("FOLL_WRITE")

    @step("look whether it is registered already")
    def begin(self, k: Kernel) -> Next:
        """A second time nothing happens (EBUSY). For writing where the mapping allows that."""
        pinned = k.m.pin_at(self.mm, self.vpn).frame
        if pinned:
            k.emit(ev.KEEP, k.cpu, pinned.pfn, PINNED)
            return DONE
        self.write = k.m.vma_at(self.mm, self.vpn).prot_write
        where = {"mm": self.mm, "vpn": self.vpn}
        return self.call(k, Gup, Register.keep, write=self.write, **where)

    @step("keep the pin for the device", takes=FRAME)
    def keep(self, k: Kernel, frame: Frame | None) -> Next:
        """Unless somebody else was faster: then this pin is let go again."""
        place = k.m.pin_at(self.mm, self.vpn)
        if not frame:
            k.emit(ev.NO_PIN, k.cpu, self.mm.index, self.vpn)
            return DONE
        if place.frame:
            if drop_pin(k, frame):
                return self.jump(k, FreePage, frame=frame)
            return DONE
        place.frame, place.write = frame, self.write
        k.emit(ev.REGISTER, k.cpu, self.mm.index, self.vpn, frame.pfn)
        k.emit(ev.PIN, k.cpu, frame.pfn, frame.pins)
        return DONE


class Pin(Operation, name="pin", function="pin_user_pages"):
    """pin_user_pages(): an extra reference that reclaim and migration must respect."""

    frame = Required[Frame]("frame")
    up = Local("take a pin, or drop one")

    @step("change the pin count")
    def pin(self, k: Kernel) -> Next:
        """FOLL_PIN or unpin_user_page()."""
        frame = self.frame
        if self.up or frame.pins:
            frame.pins = frame.pins + 1 if self.up else frame.pins - 1
        k.emit(ev.PIN, k.cpu, frame.pfn, frame.pins)
        folio.free_swap_cache(frame)
        if not folio.held(frame):
            return self.jump(k, FreePage, frame=frame)
        return DONE


class Unpin(Operation, name="unpin", function="unpin_user_page"):
    """unpin_user_page() of what was pinned at an address, whatever is there by now; or of the page
    that is there. Where neither is pinned nothing happens.
    """

    mm = Reference[Mm]("mm", "none where the page is named by its place in a file")
    vpn = Local(of="page")
    frame = Reference[Frame]("frame", "the page that is there now; none where there is none")

    @step("let go of the page")
    def unpin(self, k: Kernel) -> Next:
        """What was stored through the pin makes the page dirty (unpin_user_pages_dirty_lock())."""
        place = self._place(k)
        if place and place.frame:
            frame, dirty = place.frame, place.write
            mm, vpn = k.m.place_of(k.m.pte[place.index])
            place.clear()
            k.emit(ev.RELEASE, k.cpu, mm.index, vpn, frame.pfn)
            freed = drop_pin(k, frame, dirty=dirty)
            return self.jump(k, FreePage, frame=frame) if freed else DONE
        if self.frame and (self.frame.pins or not self.mm):
            return self.jump(k, Pin, frame=self.frame)
        if self.mm:
            k.emit(ev.NO_PIN, k.cpu, self.mm.index, self.vpn)
        return DONE

    def _place(self, k: Kernel) -> PinnedPage | None:
        """Where the pin is kept that is meant: of that address, or else of that page."""
        if not k.m.pin:
            return None
        here = k.m.pin_at(self.mm, self.vpn) if self.mm else None
        if here and here.frame:
            return here
        frame = self.frame
        return next((one for one in k.m.pin if frame and one.frame is frame), None)


class PinnedIo(Operation, name="i/o through a pin"):
    """A device reads or writes a page through the pin that was taken for it at an address."""

    mm = Required[Mm]("mm")
    vpn = Local(of="page")
    store = Local()
    content = Local()

    @step("access the pinned page")
    def access(self, k: Kernel) -> Next:
        """By the frame's number, past all page tables. Through a pin for reading nothing is
        stored.
        """
        pinned, at = k.m.pin_at(self.mm, self.vpn), (self.mm.index, self.vpn)
        frame = pinned.frame
        if not frame or (self.store and not pinned.write):
            k.emit(ev.NO_PIN, -1, *at)
            return DONE
        if self.store:
            frame.content, frame.writer = self.content, -1
        k.emit(ev.IO_STORE if self.store else ev.IO_READ, -1, *at, frame.pfn, frame.content)
        return DONE


@starts(by_process.Pin)
def _pin(k: Kernel, op: Op, args: by_process.Pin) -> Start:
    target, mm = args.target, k.task.mm if k.task else None
    if k.m.pin and not target.cached:
        return Register, {"mm": k.m.mm[target.space], "vpn": target.vpn}
    own = mm is not None and not target.cached and mm.index == target.space
    if mm is not None and own and k.m.pte_at(mm, target.vpn).kind != PRESENT:
        return PinMissing, {"mm": mm, "vpn": target.vpn}
    return Pin, {"frame": _named_frame(k, op, target), "up": 1}


class PinMissing(Operation, name="pin a missing page", function="faultin_page"):
    """pin_user_pages() of a page that is not there: it is faulted in, on the CPU of who pins."""

    mm = Required[Mm]("mm")
    vpn = Local(of="page")

    def _locks(self, k: Kernel) -> bool:
        return locks.mmap_read(self.mm, self.ctx) and locks.page_table(self.mm, self.ctx)

    @step("fault the page in")
    def fault(self, k: Kernel) -> Next:
        """faultin_page(): for writing where the mapping allows that (FOLL_WRITE)."""
        store = k.m.vma_at(self.mm, self.vpn).prot_write
        return self.call(k, Fault, PinMissing.pin, vpn=self.vpn, store=store)

    @step("look whether the page is there", takes=CODE, when=_locks)
    def pin(self, k: Kernel, outcome: int) -> Next:
        """follow_page_pte(), under its lock. A fault that is not served is EFAULT; a page that has
        gone again is faulted in anew.
        """
        pte = k.m.pte_at(self.mm, self.vpn)
        if outcome != SERVED:
            return DONE
        if pte.kind != PRESENT:
            return PinMissing.fault
        frame = pte.frame
        assert frame
        frame.pins += 1
        k.emit(ev.PIN, k.cpu, frame.pfn, frame.pins)
        return DONE


def _named_frame(k: Kernel, op: Op, target: Target) -> Frame:
    frame = frame_of(k, target)
    if not frame:
        raise Refused(f"{op.text.strip()}: the page has no frame now; touch it first")
    if not target.cached:
        pte = k.m.pte_at(k.m.mm[target.space], target.vpn)
        if pte.kind == MIGRATION:
            raise Refused(f"{op.text.strip()}: the page is on its way to another frame")
    return frame


@starts(by_process.Unpin)
def _unpin(k: Kernel, op: Op, args: by_process.Unpin) -> Start:
    target = args.target
    where = {} if target.cached else {"mm": k.m.mm[target.space], "vpn": target.vpn}
    return Unpin, {**where, "frame": frame_of(k, target)}


@starts(by_kernel.IoRead)
def _io_read(k: Kernel, op: Op, args: by_kernel.IoRead) -> Start:
    return PinnedIo, {"mm": k.m.mm[args.where.mm], "vpn": args.where.vpn}


@starts(by_kernel.IoWrite)
def _io_write(k: Kernel, op: Op, args: by_kernel.IoWrite) -> Start:
    where = args.where
    what = {"mm": k.m.mm[where.mm], "vpn": where.vpn, "store": 1}
    return PinnedIo, {**what, "content": args.content}
