"""Free pages that compaction has isolated, as migration takes them."""

from __future__ import annotations

from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import DONE, Local, Next, Operation, step
from luf_tui.engine.operations.memory import hand_out
from luf_tui.machine import lists


class CompactionAlloc(Operation, name="compaction alloc", function="compaction_alloc"):
    """compaction_alloc(): a target from the compacting task's own list. Gives the frame,
    or none when the free scanner has met the migrating one.
    """

    use = Local("the state it is taken for")

    @step("take an isolated free page")
    def take(self, k: Kernel) -> Next:
        """Its debt is paid already."""
        frame = lists.pop_head(k.m.task_list(k.current, "freepages"))
        if frame:
            hand_out(k, frame, 0, self.use)
        k.give(frame)
        return DONE
