"""Memory offlining: a node's pages are moved away and its memory is taken out (OP-20)."""

from __future__ import annotations

from luf_tui.engine import allocator
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import DONE, Local, Next, Operation, step
from luf_tui.engine.operations.memory import change_bytes
from luf_tui.engine.operations.migrate import HOTPLUG, Migrate
from luf_tui.engine.operations.section import EndSection
from luf_tui.engine.operations.unmap import isolate
from luf_tui.machine import events as ev
from luf_tui.machine import lists
from luf_tui.machine.schema import ANON, FILE, FREE_BUDDY, TAKEN
from luf_tui.policy import guards

OFFLINING = ev.REASON["memory offlining"]
GONE = 1
"""The content code of memory that is not there any more: poison."""


class Offline(Operation, name="offline_pages"):
    """offline_pages() of a whole node: isolate what is free, migrate what is used, until all is
    free; then the memory goes. A page that stays (pinned, a kernel allocation) undoes it (-EBUSY).

    The kernel isolates free blocks in place and flushes once at the end; here each round of
    isolated blocks is flushed when it leaves the free lists, which is never later.
    """

    node = Local("the node, plus one", ref="zone")
    to = Local("where its pages go, plus one", ref="zone")
    tried = Local("its pages were migrated")
    pfn = Local("the last block isolated", ref="frame")

    @step("drain the pcp lists")
    def drain(self, k: Kernel) -> Next:
        """zone_pcp_disable(): a page of this node that waits on any CPU's list."""
        for cpu in range(k.m.config.cpus):
            if allocator.drain_one(k, cpu, self.node - 1) >= 0:
                return Offline.drain
        return None

    @step("isolate the free blocks")
    def isolate(self, k: Kernel) -> Next:
        """start_isolate_page_range(): nobody is given them any more."""
        m, node = k.m, self.node - 1
        self.pfn = 0
        k.policy.takeoff_start(m, k.task, node, may_wait=True)
        for order in reversed(range(m.orders)):
            while (pfn := allocator.pick_exact(k, node, order)) >= 0:
                allocator.detach(k, pfn, order)
                lists.push_tail(m, m.task_list(k.task, "freepages"), pfn)
                self.pfn = pfn + 1
        pays = int(k.policy.has(guards.FLUSH_BEFORE_OFFLINE))
        args = {"node": self.node, "pfn": self.pfn, "pays": pays, "why": OFFLINING}
        return self.call(k, EndSection, Offline.move, **args)

    @step("move what is used")
    def move(self, k: Kernel) -> Next:
        """do_migrate_range(): every folio of the node that can be isolated, once."""
        m = k.m
        if self.tried:
            return None
        self.tried = 1
        first = m.first_frame[self.node - 1]
        found = False
        for pfn in range(first, first + m.config.nodes[self.node - 1].frames):
            if m.frame[pfn].state in (ANON, FILE):
                why = isolate(k, k.task, pfn)
                found = found or not why
                if why:
                    k.emit(ev.KEEP, k.cpu, pfn, ev.REASON[why])
        if not found:
            return None
        return self.call(k, Migrate, Offline.drain, node=self.to, reason=HOTPLUG)

    @step("take the memory out")
    def remove(self, k: Kernel) -> Next:
        """test_pages_isolated(), then __offline_isolated_pages(): only if every page is free."""
        m, node = k.m, self.node - 1
        blocks = list(lists.members(m, m.task_list(k.task, "freepages")))
        if sum(1 << m.frame[pfn].order for pfn in blocks) < m.config.nodes[node].frames:
            k.emit(ev.KEEP, k.cpu, self._busy(k), ev.REASON["busy"])
            return None
        for head in blocks:
            lists.unlink(m, head)
            for pfn in range(head, head + (1 << m.frame[head].order)):
                m.frame[pfn].state, m.frame[pfn].mark, m.frame[pfn].refs = TAKEN, 0, 1
                change_bytes(k, pfn, GONE, "memory offlining")
        return DONE

    def _busy(self, k: Kernel) -> int:
        """A page that could not be had."""
        m = k.m
        first = m.first_frame[self.node - 1]
        free = (FREE_BUDDY, TAKEN)
        frames = range(first, first + m.config.nodes[self.node - 1].frames)
        return next((pfn for pfn in frames if m.frame[pfn].state not in free), first)

    @step("put a block back")
    def put_back(self, k: Kernel) -> Next:
        """undo_isolate_page_range(): what was flushed owes nothing, its marks are zeroed."""
        m = k.m
        head = lists.pop_head(m, m.task_list(k.task, "freepages"))
        if head < 0:
            return DONE
        order = m.frame[head].order
        for pfn in range(head, head + (1 << order)):
            m.frame[pfn].mark = 0
        allocator.free_one(k, head, order, 0)
        return Offline.put_back


class Online(Operation, name="online_pages"):
    """online_pages(): the memory of a node that was taken out comes back, free."""

    node = Local("the node, plus one", ref="zone")

    @step("give its pages to buddy")
    def add(self, k: Kernel) -> Next:
        """generic_online_page(): nobody has a translation to it, so nothing is owed."""
        m = k.m
        first = m.first_frame[self.node - 1]
        for pfn in range(first, first + m.config.nodes[self.node - 1].frames):
            frame = m.frame[pfn]
            if frame.state == TAKEN and frame.refs and not frame.where:
                frame.refs = 0
                allocator.free_one(k, pfn, 0, 0)
        return DONE
