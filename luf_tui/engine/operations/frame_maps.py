"""Kernel memory that a driver maps into processes by frame number (VM_PFNMAP): no reference and no
reverse map, so that the driver has to find every mapping itself before it gives the frame away.
"""

from __future__ import annotations

from luf_tui.engine import locks, pagetable
from luf_tui.engine.arguments import Start, starts
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import DONE, Local, Next, Operation, step
from luf_tui.engine.operations.flush import Shootdown
from luf_tui.engine.operations.gather import begin_gather, end_gather, nested
from luf_tui.engine.operations.memory import FreePage
from luf_tui.machine import events as ev
from luf_tui.machine.regions import Reference, Required
from luf_tui.machine.schema import PRESENT, Frame, FrameMap, KernelObject, Mm
from luf_tui.script.program import Op
from luf_tui.script.verbs import by_kernel, by_process

REVOKED = ev.REASON["revoked"]


class MapFrames(Operation, name="map frames", function="remap_pfn_range"):
    """mmap() of a driver's memory: the PTE is there at once, and nothing counts it."""

    mm = Required[Mm]("mm")
    vpn = Local(of="page")
    object = Required[KernelObject]("kobject")

    def _mmap_write(self, k: Kernel) -> bool:
        return locks.mmap_write(self.mm, self.ctx)

    @step("make the mapping", when=_mmap_write)
    def map(self, k: Kernel) -> Next:
        """remap_pfn_range(). Of memory that the driver has given away there is nothing to map, and
        who looks there gets SIGBUS. The driver's lock keeps it from giving it away meanwhile.
        """
        vma, pte = k.m.vma_at(self.mm, self.vpn), k.m.pte_at(self.mm, self.vpn)
        if vma.mapped:
            return DONE
        vma.mapped = vma.shared = vma.prot_read = vma.prot_write = vma.may_write = 1
        k.m.frame_map[pte.index].object = self.object
        frame = self.object.frame
        pfn = frame.pfn if frame else -1
        k.emit(ev.MAP_FRAME, k.cpu, self.mm.index, self.vpn, pfn)
        if frame:
            pagetable.install(k, pte, frame, writable=1, dirty=1)
        return DONE


class Revoke(Operation, name="revoke", function="unmap_mapping_range"):
    """A driver gives its memory back: it unmaps it wherever it is mapped, and frees it then."""

    object = Required[KernelObject]("kobject")
    frame = Reference[Frame]("frame", "what it frees")
    order = Local()
    at = Reference[FrameMap]("frame_map", "the mapping that is being flushed")

    @step("let nobody map it any more")
    def begin(self, k: Kernel) -> Next:
        """The driver's own lock; whoever maps it from here on gets nothing."""
        self.frame, self.order = self.object.frame, self.object.order
        self.object.frame = None
        return None if self.frame else DONE

    def _page_table(self, k: Kernel) -> bool:
        at = self._next(k)
        return at is None or locks.page_table(k.m.place_of(k.m.pte[at.index])[0], self.ctx)

    def _next(self, k: Kernel) -> FrameMap | None:
        """The next VMA of the driver's file (i_mmap)."""
        maps = k.m.frame_map
        first = self.at.index + 1 if self.at else 0
        return next((one for one in maps[first:] if one.object is self.object), None)

    @step("unmap it from a process and flush", when=_page_table)
    def unmap(self, k: Kernel) -> Next:
        """zap_page_range_single(): where somebody else has cleared the PTE and not flushed yet,
        this flushes, too (mm_tlb_flush_nested()).
        """
        self._gathered(k)
        self.at = self._next(k)
        if not self.at:
            return None
        pte = k.m.pte[self.at.index]
        mm, vpn = k.m.place_of(pte)
        begin_gather(k, mm)
        k.emit(ev.REVOKE, k.cpu, mm.index, vpn)
        whole = nested(k, mm)
        if pte.kind == PRESENT:
            pagetable.clear(k, pte)
        elif not whole:
            return Revoke.unmap
        what = {"tables": 1} if whole else {"start": vpn, "end": vpn + 1}
        return self.call(k, Shootdown, Revoke.unmap, mm=mm, why=REVOKED, **what)

    def _gathered(self, k: Kernel) -> None:
        if self.at:
            end_gather(k, k.m.place_of(k.m.pte[self.at.index])[0])

    @step("free the memory")
    def free(self, k: Kernel) -> Next:
        """free_pages(): nobody has it mapped, and nobody has it cached."""
        return self.jump(k, FreePage, frame=self.frame, order=self.order)


@starts(by_process.MapFrames)
def _map_frames(k: Kernel, op: Op, args: by_process.MapFrames) -> Start:
    where = {"mm": k.m.mm[args.where.mm], "vpn": args.where.vpn}
    return MapFrames, {**where, "object": k.m.kobject[args.object]}


@starts(by_kernel.Revoke)
def _revoke(k: Kernel, op: Op, args: by_kernel.Revoke) -> Start:
    return Revoke, {"object": k.m.kobject[args.object]}
