"""A page-table page comes into being: pte_alloc()."""

from __future__ import annotations

from luf_tui.engine import tables
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import DONE, FRAME, Local, Next, Operation, step
from luf_tui.engine.operations.memory import AllocPage, FreePage, change_bytes
from luf_tui.machine import events as ev
from luf_tui.machine.regions import Required
from luf_tui.machine.schema import TABLE, Frame, Mm


class PteAlloc(Operation, name="pte_alloc", function="__pte_alloc"):
    """__pte_alloc(): allocate a page-table page and put it into the upper level. Gives whether
    there is one now.
    """

    mm = Required[Mm]("mm")
    vpn = Local(of="page")

    @step("allocate a page-table page")
    def allocate(self, k: Kernel) -> Next:
        """pte_alloc_one(), with no lock held."""
        return self.call(k, AllocPage, PteAlloc.install, use=TABLE, order=0)

    @step("put it into the upper level", takes=FRAME)
    def install(self, k: Kernel, frame: Frame | None) -> Next:
        """pmd_install(); someone else may have been faster. It is zeroed: no PTE is present."""
        if not frame:
            return DONE
        if not tables.missing(k, self.mm, self.vpn):
            return self.call(k, FreePage, PteAlloc.give, frame=frame)
        change_bytes(k, frame, 0, "zeroed for its new owner")
        k.m.table_at(self.mm, self.vpn).frame = frame
        k.emit(ev.TABLE_IN, k.cpu, self.mm.index, self.vpn, frame.pfn)
        return PteAlloc.give

    @step("go on with the page-table page")
    def give(self, k: Kernel) -> Next:
        """Back to whoever needs it."""
        k.give(1)
        return DONE
