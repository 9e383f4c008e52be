"""Free page reporting: the host may drop the bytes of free pages (OP-20)."""

from __future__ import annotations

from luf_tui.engine import allocator
from luf_tui.engine.arguments import Start, starts
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import DONE, Next, Operation, step
from luf_tui.engine.operations.memory import change_bytes
from luf_tui.engine.operations.section import EndSection
from luf_tui.machine import events as ev
from luf_tui.machine import lists
from luf_tui.machine.regions import Reference
from luf_tui.machine.schema import Frame, ListHead, Zone
from luf_tui.policy import guards
from luf_tui.script.program import Op
from luf_tui.script.verbs import by_kernel

REPORTING = ev.REASON["page reporting"]
DISCARDED = "discarded by the host"


class Report(Operation, name="page reporting", function="page_reporting_process_zone"):
    """page_reporting_process_zone(), zone by zone: isolate free blocks, report them, put them back.

    Every order is reported (page_reporting_order 0), and a zone's blocks in one go. Pages of the
    pcp lists are not in buddy, so nobody reports them.
    """

    zone = Reference[Zone]("zone", "the zone being reported")
    frame = Reference[Frame]("frame", "the last block isolated")

    @step("isolate the free blocks of a zone")
    def isolate(self, k: Kernel) -> Next:
        """__isolate_free_page(): a takeoff section; not below the watermark, as ever."""
        m = k.m
        if self.zone is m.zone[-1]:
            return DONE
        zone, room = m.zone[self.zone.index + 1 if self.zone else 0], m.config.watermark_min
        self.zone = zone
        k.policy.takeoff_start(m, k.task, zone, may_wait=True)
        for order in reversed(range(m.orders)):
            while zone.free - (1 << order) >= room:
                frame = allocator.pick_exact(k, zone, order)
                if not frame:
                    break
                allocator.detach(k, frame, order)
                lists.push_tail(self._isolated(k), frame)
                self.frame = frame
        pays = int(k.policy.has(guards.FLUSH_BEFORE_REPORT))
        args = {"zone": zone, "frame": self.frame, "pays": pays, "why": REPORTING}
        return self.call(k, EndSection, Report.report, **args)

    @step("report the blocks to the host")
    def report(self, k: Kernel) -> Next:
        """->report(): the host discards the pages, which read as zeros from here on."""
        for head in lists.members(self._isolated(k)):
            for frame in k.m.block(head, head.order):
                change_bytes(k, frame, 0, DISCARDED)
        return None

    @step("put a block back")
    def put_back(self, k: Kernel) -> Next:
        """__putback_isolated_page(): what was flushed owes nothing, its marks are zeroed."""
        head = lists.pop_head(self._isolated(k))
        if not head:
            return Report.isolate
        for frame in k.m.block(head, head.order):
            frame.mark = 0
        allocator.free_one(k, head, head.order, 0)
        return Report.put_back

    def _isolated(self, k: Kernel) -> ListHead:
        return k.m.task_list(k.task or k.m.task[0], "plain")


@starts(by_kernel.Report)
def _report(k: Kernel, op: Op, args: by_kernel.Report) -> Start:
    return Report, {}
