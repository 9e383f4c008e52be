"""A fault that brings in a large folio: do_huge_pmd_anonymous_page()."""

from __future__ import annotations

from luf_tui.engine import folio, large, locks, pagetable
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import DONE, FRAME, Local, Next, Operation, step
from luf_tui.engine.operations.flush import Shootdown
from luf_tui.engine.operations.memory import GIVES_UP, AllocPage, FreePage, change_bytes
from luf_tui.machine import events as ev
from luf_tui.machine.regions import Reference, Required
from luf_tui.machine.schema import ANON, Frame, Mm

WRITE_FAULT = ev.REASON["write fault"]


class HugeFault(Operation, name="huge fault", function="do_huge_pmd_anonymous_page"):
    """do_huge_pmd_anonymous_page(): a zeroed folio for a whole range, mapped by one entry.

    Where no block is free, the fault goes on with a single page. It asks with GFP_TRANSHUGE_LIGHT:
    nobody reclaims or compacts for a fault.
    """

    mm = Required[Mm]("mm")
    vpn = Local(of="page")
    store = Local()
    frame = Reference[Frame]("frame", "the first page of the folio; the fault holds a reference")
    mask = Local(mask="cpu")

    def _page_table(self, k: Kernel) -> bool:
        return locks.page_table(self.mm, self.ctx)

    @step("ask for a large folio")
    def allocate(self, k: Kernel) -> Next:
        """vma_alloc_anon_folio_pmd()."""
        what = {"use": ANON, "order": k.m.config.huge_order, "left": GIVES_UP}
        return self.call(k, AllocPage, HugeFault.zero, **what)

    @step("zero it", takes=FRAME, when=_page_table)
    def zero(self, k: Kernel, frame: Frame | None) -> Next:
        """folio_zero_user(); without a folio a table is made, for a single page."""
        if not frame:
            large.table_below(k.m, self.mm, self.vpn)
            k.emit(ev.HUGE_FALLBACK, k.cpu, self.mm.index, self.vpn)
            return DONE
        self.frame = frame
        folio.get(frame)
        for page in folio.pages(frame):
            change_bytes(k, page, 0, "zeroed for its new owner")
        return None

    @step("install the large entry", when=_page_table)
    def install(self, k: Kernel) -> Next:
        """map_anon_folio_pmd(), unless somebody was faster. What is owed for the range is paid
        first.
        """
        if not large.wanted(k.m, self.mm, self.vpn):
            return HugeFault.let_go
        for vpn in k.m.range_of(self.vpn):
            store = bool(self.store)
            self.mask |= k.policy.fault_masks(k.m, k.task, self.mm, vpn, store, "before")
        if self.mask:
            mask, self.mask = self.mask, 0
            k.emit(ev.PAY, k.cpu, -1, mask, WRITE_FAULT)
            return self.call(k, Shootdown, HugeFault.install, mask=mask, why=WRITE_FAULT)
        assert self.frame
        writable = k.m.vma_at(self.mm, self.vpn).prot_write
        rights = {"writable": writable, "dirty": writable}
        pagetable.install_large(k, self.mm, self.vpn, self.frame, **rights)
        folio.add_lru(k, self.frame)
        return HugeFault.let_go

    @step("let go of the folio")
    def let_go(self, k: Kernel) -> Next:
        """folio_put(): one that was not mapped is freed."""
        frame, self.frame = self.frame, None
        if frame and folio.put(frame):
            return self.jump(k, FreePage, frame=frame)
        return DONE
