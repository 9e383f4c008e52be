"""compact_zone() and capture: the migrated pages make room at the start of a zone (OP-20)."""

from __future__ import annotations

from luf_tui.engine import allocator
from luf_tui.engine.arguments import Start, bytes_of, starts
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import DONE, FRAME, Local, Next, Operation, step
from luf_tui.engine.operations.flush import TAKEOFF
from luf_tui.engine.operations.memory import (
    AllocPage,
    FreePage,
    fill_object,
    hand_out,
)
from luf_tui.engine.operations.migrate import COMPACTION, Migrate
from luf_tui.engine.operations.section import EndSection
from luf_tui.engine.operations.unmap import isolate_named
from luf_tui.machine import lists
from luf_tui.machine.regions import MaybeNumber, Reference, Required
from luf_tui.machine.schema import KERNEL, Frame, KernelObject, Zone
from luf_tui.script.program import Op
from luf_tui.script.verbs import by_kernel


class Compact(Operation, name="compact", function="compact_zone"):
    """compact_zone() over the folios on the task's `isolated` list, one zone.

    Free blocks at the end of the zone become the migration's targets, and are paid for first. With
    an `object` it is direct compaction for that allocation: the blocks that this task frees may be
    captured (capture_control), and without one the allocation is tried again.
    """

    zone = Required[Zone]("zone", "the zone")
    order = Local("of the allocation")
    object = Reference[KernelObject]("kobject", "whom the block is for; none compacts for nobody")
    content = MaybeNumber("content; none leaves the bytes")
    frame = Reference[Frame]("frame", "the last free block isolated, then the block captured")

    @step("isolate free pages as targets")
    def isolate(self, k: Kernel) -> Next:
        """isolate_freepages(): from the end of the zone, above the pages to be moved, in a takeoff
        section. Debt pages are taken as well: whoever compacts may wait for IPIs.
        """
        m, task = k.m, k.current
        sources = list(lists.members(m.task_list(task, "isolated")))
        if not sources:
            return self._allocate(k)
        targets = m.task_list(task, "freepages")
        last = max(sources, key=lambda frame: frame.pfn)
        k.policy.takeoff_start(m, task, self.zone, may_wait=True)
        while targets.count < len(sources):
            head = allocator.isolate_last(k, self.zone, last)
            if not head:
                break
            self.frame = head
            for frame in m.block(head, head.order):
                frame.order = 0
                lists.push_head(targets, frame)
        args = {"zone": self.zone, "frame": self.frame, "pays": 1, "why": TAKEOFF}
        return self.call(k, EndSection, Compact.migrate, **args)

    @step("migrate into them")
    def migrate(self, k: Kernel) -> Next:
        """migrate_pages() with compaction_alloc()."""
        if self.object:
            k.current.capture = self.order
        return self.call(k, Migrate, Compact.release, zone=self.zone, reason=COMPACTION)

    @step("release the targets that were not needed")
    def release(self, k: Kernel) -> Next:
        """release_free_list()."""
        frame = lists.pop_head(k.m.task_list(k.current, "freepages"))
        if frame:
            return self.call(k, FreePage, Compact.release, frame=frame)
        return None

    @step("drain a page of the pcp list")
    def drain(self, k: Kernel) -> Next:
        """drain_local_pages(): what this task frees merges here, and may be captured."""
        if allocator.drain_one(k, k.cpu, self.zone):
            return Compact.drain
        self.frame = k.current.captured
        return None if self.frame else self._allocate(k)

    def _allocate(self, k: Kernel) -> Next:
        """get_page_from_freelist(), now that compaction is over."""
        if not self.object:
            return DONE
        k.current.capture = None
        return self.call(k, AllocPage, Compact.use, order=self.order, use=KERNEL)

    @step("hand out the captured block")
    def captured(self, k: Kernel) -> Next:
        """__alloc_pages_direct_compact(): prep_new_page(), with no takeoff section around it."""
        task = k.current
        task.capture = task.captured = None
        assert self.frame
        hand_out(k, self.frame, self.order, KERNEL)
        k.give(self.frame)
        return None

    @step("write to it", takes=FRAME)
    def use(self, k: Kernel, frame: Frame | None) -> Next:
        """As in any kernel allocation."""
        if self.object:
            fill_object(k, self.object, frame, self.order, self.content)
        return DONE


@starts(by_kernel.Compact)
def _compact(k: Kernel, op: Op, args: by_kernel.Compact) -> Start:
    zone = k.m.zone[args.node]
    isolate_named(k, op, args.pages, zone)
    wanted = args.block
    if wanted is None:
        return Compact, {"zone": zone}
    what = {"object": k.m.kobject[wanted.object], "order": wanted.order}
    return Compact, {"zone": zone, **what, "content": bytes_of(wanted.content)}
