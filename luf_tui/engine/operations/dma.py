"""A device that reads and writes an address space through translations of its own (O29): an IOMMU
that shares the page table (SVA), or a guest. The kernel invalidates them with mmu notifiers.
"""

from __future__ import annotations

from luf_tui.engine import hardware
from luf_tui.engine.arguments import Start, starts
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import DONE, Local, Next, Operation, step
from luf_tui.machine import events as ev
from luf_tui.machine.regions import Required
from luf_tui.machine.schema import Mm, TlbEntry
from luf_tui.script.program import Op
from luf_tui.script.verbs import by_kernel


class Dma(Operation, name="dma"):
    """One load or store by the device. What it finds no translation for it does not get: it asks
    nobody to fault a page in for it (no PRI).
    """

    mm = Required[Mm]("mm")
    vpn = Local(of="page")
    store = Local()
    content = Local()

    @step("translate, and access memory")
    def access(self, k: Kernel) -> Next:
        """With a translation it has, or with one that it walks the page table for."""
        entry = self._cached(k) or self._walk(k)
        at = (self.mm.index, self.vpn)
        if entry is None:
            k.emit(ev.DMA_FAULT, -1, *at, self.store)
            return DONE
        frame = entry.frame
        assert frame
        if self.store:
            frame.content, frame.writer = self.content, -1
        kind = ev.DMA_STORE if self.store else ev.DMA_READ
        k.emit(kind, -1, *at, frame.pfn, frame.content)
        return DONE

    def _cached(self, k: Kernel) -> TlbEntry | None:
        """The translation it has, if that grants the access."""
        for entry in k.m.device_tlb:
            if entry.mm is self.mm and entry.vpn == self.vpn:
                return entry if entry.dirty or not self.store else None
        return None

    def _walk(self, k: Kernel) -> TlbEntry | None:
        """Walk the mm's page table; A, and D for a store, are set in memory."""
        mm, pte = self.mm, k.m.pte_at(self.mm, self.vpn)
        hardware.forget_device(k, mm, self.vpn, self.vpn + 1)
        if not hardware.accessible(pte) or (self.store and not pte.writable):
            return None
        pte.accessed = 1
        pte.dirty |= self.store
        free = [entry for entry in k.m.device_tlb if not entry.mm]
        entry = free[0] if free else k.m.device_tlb[self.vpn % len(k.m.device_tlb)]
        entry.mm, entry.vpn, entry.frame = self.mm, self.vpn, pte.frame
        entry.writable, entry.dirty = pte.writable, self.store
        return entry


@starts(by_kernel.DmaRead)
def _dma_read(k: Kernel, op: Op, args: by_kernel.DmaRead) -> Start:
    return Dma, {"mm": k.m.mm[args.where.mm], "vpn": args.where.vpn}


@starts(by_kernel.DmaWrite)
def _dma_write(k: Kernel, op: Op, args: by_kernel.DmaWrite) -> Start:
    where = args.where
    return Dma, {"mm": k.m.mm[where.mm], "vpn": where.vpn, "store": 1, "content": args.content}
