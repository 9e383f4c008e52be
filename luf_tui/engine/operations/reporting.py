"""Free page reporting: the host may drop the bytes of free pages (OP-20)."""

from __future__ import annotations

from luf_tui.engine import allocator
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import DONE, Local, Next, Operation, step
from luf_tui.engine.operations.memory import change_bytes
from luf_tui.engine.operations.section import EndSection
from luf_tui.machine import events as ev
from luf_tui.machine import lists
from luf_tui.policy import guards

REPORTING = ev.REASON["page reporting"]
DISCARDED = "discarded by the host"


class Report(Operation, name="page reporting"):
    """page_reporting_process_zone(), zone by zone: isolate free blocks, report them, put them back.

    Every order is reported (page_reporting_order 0), and a zone's blocks in one go. Pages of the
    pcp lists are not in buddy, so nobody reports them.
    """

    node = Local("zone being reported, plus one", ref="zone")
    pfn = Local("the last block isolated", ref="frame")

    @step("isolate the free blocks of a zone")
    def isolate(self, k: Kernel) -> Next:
        """__isolate_free_page(): a takeoff section; not below the watermark, as ever."""
        m = k.m
        if self.node == len(m.config.nodes):
            return DONE
        self.node += 1
        node, room = self.node - 1, m.config.watermark_min
        k.policy.takeoff_start(m, k.task, node, may_wait=True)
        for order in reversed(range(m.orders)):
            while m.zone[node].free - (1 << order) >= room:
                pfn = allocator.pick_exact(k, node, order)
                if pfn < 0:
                    break
                allocator.detach(k, pfn, order)
                lists.push_tail(m, m.task_list(max(k.task, 0), "plain"), pfn)
                self.pfn = pfn + 1
        pays = int(k.policy.has(guards.FLUSH_BEFORE_REPORT))
        args = {"node": self.node, "pfn": self.pfn, "pays": pays, "why": REPORTING}
        return self.call(k, EndSection, Report.report, **args)

    @step("report the blocks to the host")
    def report(self, k: Kernel) -> Next:
        """->report(): the host discards the pages, which read as zeros from here on."""
        m = k.m
        for head in lists.members(m, m.task_list(max(k.task, 0), "plain")):
            for pfn in range(head, head + (1 << m.frame[head].order)):
                change_bytes(k, pfn, 0, DISCARDED)
        return None

    @step("put a block back")
    def put_back(self, k: Kernel) -> Next:
        """__putback_isolated_page(): what was flushed owes nothing, its marks are zeroed."""
        m = k.m
        head = lists.pop_head(m, m.task_list(max(k.task, 0), "plain"))
        if head < 0:
            return Report.isolate
        order = m.frame[head].order
        for pfn in range(head, head + (1 << order)):
            m.frame[pfn].mark = 0
        allocator.free_one(k, head, order, 0)
        return Report.put_back
