"""Memory offlining: a node's pages are moved away and its memory is taken out (OP-20)."""

from __future__ import annotations

from luf_tui.engine import allocator, folio
from luf_tui.engine.arguments import Start, starts
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import DONE, Local, Next, Operation, step
from luf_tui.engine.operations.memory import change_bytes, no_cpu_refills
from luf_tui.engine.operations.migrate import HOTPLUG, Migrate
from luf_tui.engine.operations.section import EndSection
from luf_tui.engine.operations.unmap import isolate
from luf_tui.errors import Refused
from luf_tui.machine import events as ev
from luf_tui.machine import lists
from luf_tui.machine.regions import Reference, Required
from luf_tui.machine.schema import ANON, FILE, FREE_BUDDY, TAKEN, Frame, ListHead, Zone
from luf_tui.policy import guards
from luf_tui.script.program import Op
from luf_tui.script.verbs import by_kernel

OFFLINING = ev.REASON["memory offlining"]
GONE = 1
"""The content code of memory that is not there any more: poison."""


class Offline(Operation, name="offline_pages", function="offline_pages"):
    """offline_pages() of a whole node: isolate what is free, migrate what is used, until all is
    free; then the memory goes. A page that stays (pinned, a kernel allocation) undoes it (-EBUSY).

    The kernel isolates free blocks in place and flushes once at the end; here each round of
    isolated blocks is flushed when it leaves the free lists, which is never later.
    """

    zone = Required[Zone]("zone", "the node")
    to = Required[Zone]("zone", "where its pages go")
    tried = Local("its pages were migrated")
    frame = Reference[Frame]("frame", "the last block isolated")

    def _pcp_unlocked(self, k: Kernel) -> bool:
        return no_cpu_refills(k)

    @step("drain the pcp lists", when=_pcp_unlocked)
    def drain(self, k: Kernel) -> Next:
        """zone_pcp_disable(): a page of this node that waits on any CPU's list."""
        for cpu in range(k.m.config.cpus):
            if allocator.drain_one(k, cpu, self.zone):
                return Offline.drain
        return None

    @step("isolate the free blocks")
    def isolate(self, k: Kernel) -> Next:
        """start_isolate_page_range(): nobody is given them any more."""
        self.frame = None
        k.policy.takeoff_start(k.m, k.task, self.zone, may_wait=True)
        for order in reversed(range(k.m.orders)):
            while frame := allocator.pick_exact(k, self.zone, order):
                allocator.detach(k, frame, order)
                lists.push_tail(self._isolated(k), frame)
                self.frame = frame
        pays = int(k.policy.has(guards.FLUSH_BEFORE_OFFLINE))
        args = {"zone": self.zone, "frame": self.frame, "pays": pays, "why": OFFLINING}
        return self.call(k, EndSection, Offline.move, **args)

    @step("move what is used")
    def move(self, k: Kernel) -> Next:
        """do_migrate_range(): every folio of the node that can be isolated, once."""
        if self.tried:
            return None
        self.tried = 1
        found = False
        for frame in k.m.frames_of(self.zone):
            if frame.state in (ANON, FILE) and folio.head(frame) is frame:
                why = isolate(k, k.current, frame)
                found = found or not why
                if why:
                    k.emit(ev.KEEP, k.cpu, frame.pfn, ev.REASON[why])
        if not found:
            return None
        return self.call(k, Migrate, Offline.drain, zone=self.to, reason=HOTPLUG)

    @step("take the memory out")
    def remove(self, k: Kernel) -> Next:
        """test_pages_isolated(), then __offline_isolated_pages(): only if every page is free."""
        blocks = list(lists.members(self._isolated(k)))
        if sum(1 << head.order for head in blocks) < len(k.m.frames_of(self.zone)):
            k.emit(ev.KEEP, k.cpu, self._busy(k).pfn, ev.REASON["busy"])
            return None
        for head in blocks:
            lists.unlink(head)
            for frame in k.m.block(head, head.order):
                frame.state, frame.mark, frame.refs = TAKEN, 0, 1
                change_bytes(k, frame, GONE, "memory offlining")
        return DONE

    def _isolated(self, k: Kernel) -> ListHead:
        return k.m.task_list(k.current, "freepages")

    def _busy(self, k: Kernel) -> Frame:
        """A page that could not be had."""
        frames, free = k.m.frames_of(self.zone), (FREE_BUDDY, TAKEN)
        return next((frame for frame in frames if frame.state not in free), frames[0])

    @step("put a block back")
    def put_back(self, k: Kernel) -> Next:
        """undo_isolate_page_range(): what was flushed owes nothing, its marks are zeroed."""
        head = lists.pop_head(self._isolated(k))
        if not head:
            return DONE
        for frame in k.m.block(head, head.order):
            frame.mark = 0
        allocator.free_one(k, head, head.order, 0)
        return Offline.put_back


class Online(Operation, name="online_pages", function="online_pages"):
    """online_pages(): the memory of a node that was taken out comes back, free."""

    zone = Required[Zone]("zone", "the node")

    @step("give its pages to buddy")
    def add(self, k: Kernel) -> Next:
        """generic_online_page(): nobody has a translation to it, so nothing is owed."""
        for frame in k.m.frames_of(self.zone):
            if frame.state == TAKEN and frame.refs and not frame.where:
                frame.refs = 0
                allocator.free_one(k, frame, 0, 0)
        return DONE


@starts(by_kernel.OfflineNode)
def _offline(k: Kernel, op: Op, args: by_kernel.OfflineNode) -> Start:
    nodes = len(k.m.config.nodes)
    if nodes == 1:
        raise Refused(f"{op.text.strip()}: there is no other node that its pages could go to")
    to = k.m.zone[(args.node + 1) % nodes]
    return Offline, {"zone": k.m.zone[args.node], "to": to}


@starts(by_kernel.OnlineNode)
def _online(k: Kernel, op: Op, args: by_kernel.OnlineNode) -> Start:
    return Online, {"zone": k.m.zone[args.node]}
