"""The end of a takeoff section of several blocks: what they owe is paid at once (OP-9 to OP-11)."""

from __future__ import annotations

from collections.abc import Sequence

from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import DONE, Local, Next, Operation, step
from luf_tui.engine.operations.flush import Shootdown
from luf_tui.engine.operations.memory import generation_done
from luf_tui.machine import events as ev
from luf_tui.machine import lists
from luf_tui.machine.machine import TASK_LISTS, Machine
from luf_tui.machine.regions import Reference
from luf_tui.machine.schema import TAKEN, Frame, Zone


class EndSection(Operation, name="luf_takeoff_end", function="luf_takeoff_end"):
    """luf_takeoff_end(), for callers that may wait: flush, then leave the zone's section."""

    zone = Reference[Zone]("zone", "the zone")
    frame = Reference[Frame]("frame", "a block of the section, to tell of")
    pays = Local("what is owed is flushed")
    why = Local()
    mask = Local(mask="cpu")

    def taken(self, m: Machine) -> Sequence[Frame]:
        """The free blocks on its task's private lists."""
        task = m.task_of(self.ctx) or m.task[0]
        heads = [head for name in TASK_LISTS for head in lists.members(m.task_list(task, name))]
        return [head for head in heads if head.state == TAKEN]

    @step("settle what the blocks owe")
    def settle(self, k: Kernel) -> Next:
        """Nobody may use the blocks before this flush is back."""
        self.mask = k.policy.takeoff_end(k.m, k.task, self.zone)
        if not self.mask or not self.pays:
            return EndSection.wait
        k.emit(ev.PAY, k.cpu, self.frame.pfn if self.frame else -1, self.mask, self.why)
        return self.call(k, Shootdown, EndSection.paid, mask=self.mask, why=self.why)

    @step("settle the section")
    def paid(self, k: Kernel) -> Next:
        """Take the flushed CPUs out of the task's other batches too (OP-13)."""
        k.policy.takeoff_flushed(k.m, k.task, self.mask)
        return None

    def _generation_done(self, k: Kernel) -> bool:
        return generation_done(k, self.ctx, self.zone)

    @step("leave the section", when=_generation_done)
    def wait(self, k: Kernel) -> Next:
        """Someone else may be flushing for these blocks: wait until they have."""
        k.policy.takeoff_done(k.m, k.task, self.zone)
        return DONE
