"""shrink_active_list(): pages are made old, so that reclaim takes them first."""

from __future__ import annotations

from luf_tui.engine import folio
from luf_tui.engine.arguments import Start, starts
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import CODE, DONE, Next, Operation, step
from luf_tui.engine.operations.memory import FreePage
from luf_tui.engine.operations.referenced import Referenced, make_old
from luf_tui.engine.operations.unmap import isolate_named, next_isolated
from luf_tui.machine.regions import Reference
from luf_tui.machine.schema import Frame
from luf_tui.script.program import Op
from luf_tui.script.verbs import by_kernel


class Age(Operation, name="age", function="shrink_active_list"):
    """Make the folios on the task's `isolated` list old: reclaim takes them first."""

    frame = Reference[Frame]("frame")

    @step("take the next folio")
    def take(self, k: Kernel) -> Next:
        """Its mappings are asked, whatever they say. The kernel has a reference to what it has
        isolated; here the lock keeps it.
        """
        self.frame = frame = next_isolated(k)
        if not frame:
            return DONE
        if frame.locked:
            make_old(k, frame)
            return Age.take
        frame.locked = k.ctx
        return self.call(k, Referenced, Age.deactivate, frame=frame)

    @step("put it where reclaim begins", takes=CODE)
    def deactivate(self, k: Kernel, young: int) -> Next:
        """folio_clear_active(): to the old end of the LRU, unless it was unmapped meanwhile."""
        frame = self.frame
        assert frame
        frame.locked = None
        make_old(k, frame)
        folio.free_swap_cache(frame)
        return Age.take if folio.held(frame) else self.call(k, FreePage, Age.take, frame=frame)


@starts(by_kernel.Age)
def _age(k: Kernel, op: Op, args: by_kernel.Age) -> Start:
    isolate_named(k, op, args.pages)
    return Age, {}
