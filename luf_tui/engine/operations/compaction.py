"""compact_zone() and capture: the migrated pages make room at the start of a zone (OP-20)."""

from __future__ import annotations

from luf_tui.engine import allocator
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import DONE, Local, Next, Operation, step
from luf_tui.engine.operations.flush import TAKEOFF
from luf_tui.engine.operations.memory import (
    AllocPage,
    FreePage,
    fill_object,
    hand_out,
)
from luf_tui.engine.operations.migrate import COMPACTION, Migrate
from luf_tui.engine.operations.section import EndSection
from luf_tui.machine import lists
from luf_tui.machine.schema import KERNEL


class Compact(Operation, name="compact"):
    """compact_zone() over the folios on the task's `isolated` list, one zone.

    Free blocks at the end of the zone become the migration's targets, and are paid for first. With
    an `object` it is direct compaction for that allocation: the blocks that this task frees may be
    captured (capture_control), and without one the allocation is tried again.
    """

    node = Local("the zone, plus one", ref="zone")
    order = Local("of the allocation")
    object = Local("whom the block is for; 0 compacts for nobody", ref="kobject")
    content = Local("content plus one; 0 leaves the bytes")
    pfn = Local("the last free block isolated, then the block captured", ref="frame")

    @step("isolate free pages as targets")
    def isolate(self, k: Kernel) -> Next:
        """isolate_freepages(): from the end of the zone, above the pages to be moved, in a takeoff
        section. Debt pages are taken as well: whoever compacts may wait for IPIs.
        """
        m, node = k.m, self.node - 1
        sources = list(lists.members(m, m.task_list(k.task, "isolated")))
        if not sources:
            return self._allocate(k)
        targets = m.task_list(k.task, "freepages")
        k.policy.takeoff_start(m, k.task, node, may_wait=True)
        while m.lists[targets].count < len(sources):
            pfn = allocator.isolate_last(k, node, max(sources))
            if pfn < 0:
                break
            self.pfn = pfn + 1
            for page in range(pfn, pfn + (1 << m.frame[pfn].order)):
                m.frame[page].order = 0
                lists.push_head(m, targets, page)
        args = {"node": self.node, "pfn": self.pfn, "pays": 1, "why": TAKEOFF}
        return self.call(k, EndSection, Compact.migrate, **args)

    @step("migrate into them")
    def migrate(self, k: Kernel) -> Next:
        """migrate_pages() with compaction_alloc()."""
        if self.object:
            k.m.task[k.task].capture = self.order + 1
        return self.call(k, Migrate, Compact.release, node=self.node, reason=COMPACTION)

    @step("release the targets that were not needed")
    def release(self, k: Kernel) -> Next:
        """release_free_list()."""
        pfn = lists.pop_head(k.m, k.m.task_list(k.task, "freepages"))
        if pfn >= 0:
            return self.call(k, FreePage, Compact.release, pfn=pfn + 1)
        return None

    @step("drain a page of the pcp list")
    def drain(self, k: Kernel) -> Next:
        """drain_local_pages(): what this task frees merges here, and may be captured."""
        if allocator.drain_one(k, k.cpu, self.node - 1) >= 0:
            return Compact.drain
        self.pfn = k.m.task[k.task].captured
        return None if self.pfn else self._allocate(k)

    def _allocate(self, k: Kernel) -> Next:
        """get_page_from_freelist(), now that compaction is over."""
        if not self.object:
            return DONE
        k.m.task[k.task].capture = 0
        return self.call(k, AllocPage, Compact.use, order=self.order, use=KERNEL)

    @step("hand out the captured block")
    def captured(self, k: Kernel) -> Next:
        """__alloc_pages_direct_compact(): prep_new_page(), with no takeoff section around it."""
        k.m.task[k.task].capture = k.m.task[k.task].captured = 0
        hand_out(k, self.pfn - 1, self.order, KERNEL)
        k.give(self.pfn)
        return None

    @step("write to it")
    def use(self, k: Kernel) -> Next:
        """As in any kernel allocation."""
        fill_object(k, self.object - 1, k.result, self.order, self.content)
        return DONE
