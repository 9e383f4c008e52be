"""What a recording says was done to exactly this page, PTE or CPU, done on the model machine.

A recorded kernel chose the frames, the pages and the moments; these operations take its choices as
they are and leave the rest, what is flushed and when, to the functions every scenario goes
through.
"""

from __future__ import annotations

from collections.abc import Sequence

from luf_tui.engine import allocator, hardware, locks, pagetable
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import DONE, Local, Next, Operation, step
from luf_tui.engine.operations.flush import TAKEOFF, Shootdown
from luf_tui.engine.operations.memory import COVERED, generation_done, hand_out, needless
from luf_tui.engine.operations.pending import catch_up
from luf_tui.engine.operations.unmap import UNMAP, Unmap
from luf_tui.machine import events as ev
from luf_tui.machine.machine import Machine
from luf_tui.machine.regions import CpuNumber, Reference, Required
from luf_tui.machine.schema import (
    FREE_BUDDY,
    FREE_PCP,
    MIGRATION,
    PRESENT,
    TAKEN,
    Frame,
    Mm,
    Pte,
    Zone,
)
from luf_tui.policy import guards

KEPT = ev.REASON["kept after all"]
WRITE_FAULT = ev.REASON["write fault"]
GATES = (("copy", ev.REASON["before copy"]), ("free", ev.REASON["before free"]))
"""What a batch of unmaps is settled before: migration copies, reclaim frees."""


def forget_pte(pte: Pte) -> None:
    """Forget a PTE that the recorded kernel must have changed without printing it."""
    if pte.frame:
        pagetable.unlink(pte, pte.frame)
    pagetable.empty(pte)


def forget_mappings(frame: Frame) -> None:
    """Forget every mapping of a frame: munmap and exit print none of them."""
    while frame.rmap:
        forget_pte(frame.rmap)


class Learn(Operation, name="learn a PTE"):
    """Make a PTE what a recorded unmap shows that it was."""

    mm = Required[Mm]("mm")
    vpn = Local(of="page")
    frame = Required[Frame]("frame")
    writable = Local()
    dirty = Local()
    hidden = Local("PROT_NONE for NUMA balancing")
    fresh = Local("other mappings of the frame are gone by now")
    order = Local("of the folio it maps")

    @step("learn what the PTE was")
    def learn(self, k: Kernel) -> Next:
        """The mapping stood there before it was seen; nobody flushes for it to be known."""
        m, frame = k.m, self.frame
        pte = m.pte_at(self.mm, self.vpn)
        if pte.kind == PRESENT and pte.frame is frame and not self.fresh:
            pte.writable, pte.dirty = self.writable, self.dirty
        else:
            if self.fresh:
                forget_mappings(frame)
            forget_pte(pte)
            m.vma_at(self.mm, self.vpn).prot_read = 1
            args = {"writable": self.writable, "dirty": self.dirty}
            pagetable.install(k, pte, frame, **args)
        pte.prot_none = self.hidden
        frame.order = self.order
        return DONE


class UnmapMapping(Unmap, name="unmap a recorded mapping", function="try_to_unmap_one"):
    """One mapping of a walk over a folio's mappings, when the recorded kernel was at it (OP-1).

    Swap slots are not recorded: what reclaim clears is left empty.
    """

    mm = Required[Mm]("mm")
    vpn = Local(of="page")
    first = Local("the walk begins with it")
    last = Local("the walk ends with it")

    @step("ask whether the flush may be deferred")
    def begin(self, k: Kernel) -> Next:
        """As in any walk, once for all of its mappings."""
        why = k.policy.begin_walk(k.m, k.task, self.frame) if self.first else ""
        if why:
            self._refuse(k, why)
        return None

    def _page_table(self, k: Kernel) -> bool:
        """The page-table lock can be taken."""
        return locks.page_table(self.mm, self.ctx)

    @step("clear the PTE and note the flush it owes", when=_page_table)
    def one(self, k: Kernel) -> Next:
        """As in any walk."""
        if not self._clear(k, k.m.pte_at(self.mm, self.vpn)):
            return self._leave(k)
        if k.policy.has(guards.FLUSH_UNDER_LOCK):
            self.mm.ptl = k.ctx
        where = {"mm": self.mm, "start": self.vpn, "end": self.vpn + 1}
        return self.call(k, Shootdown, UnmapMapping.flushed, why=UNMAP, **where)

    @step("go on after the flush")
    def flushed(self, k: Kernel) -> Next:
        """The page-table lock is let go."""
        self.mm.ptl = None
        return self._leave(k)

    def _take_down(self, k: Kernel, pte: Pte) -> None:
        writable = pte.writable
        frame = pagetable.clear(k, pte)
        if self.migrate:
            pte.kind, pte.frame, pte.writable = MIGRATION, frame, writable
            pagetable.link(pte, frame)

    def _leave(self, k: Kernel) -> Next:
        return self._finish(k) if self.last else DONE


class Remap(Operation, name="remove_migration_pte", function="remove_migration_pte"):
    """A migration entry becomes the PTE that the recording shows."""

    mm = Required[Mm]("mm")
    vpn = Local(of="page")
    frame = Required[Frame]("frame")
    writable = Local()

    @step("map the frame")
    def map(self, k: Kernel) -> Next:
        """The entry was not present, so no flush."""
        pte = k.m.pte_at(self.mm, self.vpn)
        forget_pte(pte)
        k.m.vma_at(self.mm, self.vpn).prot_read = 1
        pagetable.install(k, pte, self.frame, writable=self.writable, dirty=0)
        return DONE


class Settle(Operation, name="settle a batch", function="try_to_unmap_flush"):
    """fold_unmap_luf() and try_to_unmap_flush() at a gate (OP-2)."""

    gate = Local("number in GATES")
    key = Local("what the deferred folios' pages will carry; 0 for nothing")
    mask = Local(mask="cpu")

    @step("settle the batch")
    def fold(self, k: Kernel) -> Next:
        """The folios found deferrable get one key; the rest is flushed together."""
        gate, why = GATES[self.gate]
        self.key = k.policy.fold_key(k.m, k.task)
        self.mask = k.policy.take_batch(k.m, k.task, gate)
        if self.mask:
            return self.call(k, Shootdown, Settle.carry, mask=self.mask, why=why)
        return None

    @step("go on with the key")
    def carry(self, k: Kernel) -> Next:
        """The pages that are freed now carry it."""
        return DONE


class Keep(Operation, name="keep a page"):
    """An unmapped page is not freed after all: what its key owes is paid (OP-3, step 3)."""

    key = Local()
    mask = Local(mask="cpu")

    @step("pay for the page that is kept")
    def pay(self, k: Kernel) -> Next:
        """luf_flush(key)."""
        self.mask = k.policy.take_key(k.m, k.task, self.key)
        if not self.mask:
            return DONE
        k.emit(ev.PAY, k.cpu, -1, self.mask, KEPT)
        return self.jump(k, Shootdown, mask=self.mask, why=KEPT)


class TakeBlock(Operation, name="take a recorded block", function="get_page_from_freelist"):
    """An allocation gets exactly these frames: the takeoff section they need (OP-9 to OP-11).

    A page of the CPU's own pcp list is taken from there. Any other is taken from buddy, to which
    a page of another CPU's list is drained first.
    """

    frame = Required[Frame]("frame")
    count = Local("frames of it that the recording knows")
    order = Local("as recorded")
    use = Local()
    zone = Reference[Zone]("zone", "the zone; none for a pcp page")
    owing = Reference[Frame]("frame", "the first frame that carried a debt")
    mask = Local(mask="cpu")

    def taken(self, m: Machine) -> Sequence[Frame]:
        """The frames of the block that are taken off already."""
        frames = m.frame[self.frame.index : self.frame.index + self.count]
        return [frame for frame in frames if frame.state == TAKEN]

    @step("take the block off")
    def take(self, k: Kernel) -> Next:
        """Every frame of the block is asked for in one section."""
        m, first = k.m, self.frame
        zone = m.zone_of(first)
        state = first.state
        own = state == FREE_PCP and first.where is m.pcp_list(k.cpu, zone)
        if own and self.count == 1:
            k.policy.takeoff_start(m, k.task, None, may_wait=True)
            self._ask(first)
            k.policy.take_pcp(m, k.task, first)
            allocator.take_from_pcp(k, first)
            return TakeBlock.settle
        self.zone, frames = zone, self._frames(k)
        for frame in frames:
            if frame.state == FREE_PCP:
                allocator.drain_page(k, frame)
        k.policy.takeoff_start(m, k.task, zone, may_wait=True)
        for frame in frames:
            if frame.state == FREE_BUDDY:
                self._ask(frame)
                k.policy.take_buddy(m, k.task, zone, frame)
                allocator.detach(k, frame, 0)
        return TakeBlock.settle

    def _frames(self, k: Kernel) -> Sequence[Frame]:
        first, count = self.frame, self.count
        return k.m.frame[first.index : first.index + count] if count > 1 else (first,)

    def _ask(self, frame: Frame) -> None:
        if not self.owing and frame.mark:
            self.owing = frame

    @step("settle what the block owes")
    def settle(self, k: Kernel) -> Next:
        """luf_takeoff_end(): the deferred flush fires here."""
        self.mask = k.policy.takeoff_end(k.m, k.task, self.zone)
        if self.mask:
            k.emit(ev.PAY, k.cpu, (self.owing or self.frame).pfn, self.mask, TAKEOFF)
            return self.call(k, Shootdown, TakeBlock.paid, mask=self.mask, why=TAKEOFF)
        if self.owing and needless(k, self.zone):
            k.emit(ev.SAVED, k.cpu, self.owing.pfn, COVERED)
        return self._leave(k)

    @step("settle the section")
    def paid(self, k: Kernel) -> Next:
        """As in any allocation."""
        k.policy.takeoff_flushed(k.m, k.task, self.mask)
        return self._leave(k)

    def _generation_done(self, k: Kernel) -> bool:
        return generation_done(k, self.ctx, self.zone)

    @step("leave the section and hand the block out", when=_generation_done)
    def wait(self, k: Kernel) -> Next:
        """As in any allocation."""
        return self._leave(k)

    def _leave(self, k: Kernel) -> Next:
        if self.zone:
            if not self._generation_done(k):
                return TakeBlock.wait
            k.policy.takeoff_done(k.m, k.task, self.zone)
        return self._hand_out(k)

    def _hand_out(self, k: Kernel) -> Next:
        for frame in self._frames(k):
            hand_out(k, frame, 0, self.use)
        return DONE


class Unneeded(Operation, name="forget mappings"):
    """A frame is freed or taken though the model still maps it."""

    frame = Required[Frame]("frame")

    @step("forget what mapped it")
    def forget(self, k: Kernel) -> Next:
        """munmap, exit and copies on write print no PTE."""
        forget_mappings(self.frame)
        return DONE


class Request(Operation, name="flush request", function="flush_tlb_mm_range"):
    """A recorded flush for something else than a recorded unmap: munmap, mprotect, fork, a copy."""

    mm = Required[Mm]("mm")
    start = Local(of="page", upto="end")
    end = Local()
    zaps = Local("it changes PTEs under the lock, as munmap and mprotect do")
    only = Local("nothing else is asked for than what is pending")
    why = Local()

    @step("look for unmaps whose flush is pending")
    def catch_up(self, k: Kernel) -> Next:
        """flush_tlb_batched_pending()."""
        late = catch_up(self, k, self.mm, Request.ask) if self.zaps or self.only else None
        return late or (DONE if self.only else Request.ask)

    @step("flush as recorded")
    def ask(self, k: Kernel) -> Next:
        """flush_tlb_mm_range()."""
        if self.only:
            return DONE
        return self.jump(k, Shootdown, mm=self.mm, start=self.start, end=self.end, why=self.why)


class WriteFault(Operation, name="recorded write fault", function="handle_mm_fault"):
    """A recorded write fault: what its address space owes is paid before it can write (OP-14)."""

    mm = Required[Mm]("mm")
    vpn = Local(of="page")
    mask = Local(mask="cpu")

    @step("pay what the address space owes")
    def pay(self, k: Kernel) -> Next:
        """handle_mm_fault()."""
        self.mask = k.policy.fault_masks(k.m, k.task, self.mm, self.vpn, write=True, when="before")
        if not self.mask:
            return DONE
        k.emit(ev.PAY, k.cpu, -1, self.mask, WRITE_FAULT)
        return self.jump(k, Shootdown, mask=self.mask, why=WRITE_FAULT)


class LeaveLazy(Operation, name="leave lazy mm", function="leave_mm"):
    """A CPU found lazy by an IPI leaves the address space it had borrowed."""

    cpu = CpuNumber()

    @step("leave the address space")
    def leave(self, k: Kernel) -> Next:
        """switch_mm_irqs_off(NULL, &init_mm)."""
        if k.m.cpu[self.cpu].lazy:
            hardware.leave_mm(k, self.cpu)
        return DONE
