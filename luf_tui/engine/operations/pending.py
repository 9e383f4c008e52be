"""flush_tlb_batched_pending(): what reclaim left unflushed in an address space."""

from __future__ import annotations

from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import CALLED, DONE, Local, Next, Operation, Step, step
from luf_tui.engine.operations.flush import Shootdown
from luf_tui.machine import events as ev
from luf_tui.machine.regions import Required
from luf_tui.machine.schema import Mm

PENDING = ev.REASON["pending unmaps"]


class Pending(Operation, name="flush_tlb_batched_pending", function="flush_tlb_batched_pending"):
    """A flush of a whole mm that is on its way; what it covers is settled when it is back."""

    mm = Required[Mm]("mm")
    count = Local("tlb_flush_batched's pending half before the flush", counter="batched")

    @step("the pending unmaps are flushed")
    def settle(self, k: Kernel) -> Next:
        """Up to the count read before the flush: what came since stays pending."""
        k.policy.pending_done(k.m, self.mm, self.count)
        return DONE


def catch_up(act: Operation, k: Kernel, mm: Mm, then: Step) -> Next:
    """Flush unmaps of `mm` that are pending, and go on at `then`; None if there are
    none. Asked where a walk of page tables begins, and again at each PTE: the kernel holds the
    page-table lock from the flush to the walk, so that reclaim cannot clear a PTE in between.
    """
    if not k.policy.pending_flush(k.m, mm):
        return None
    act.call(k, Pending, then, mm=mm, count=mm.batched_pending)
    k.push(act.ctx, Shootdown, {"mm": mm, "why": PENDING})
    return CALLED
