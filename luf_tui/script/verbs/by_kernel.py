"""What the kernel does, by one of its threads, a monitor, a device or a file's server."""

from __future__ import annotations

from luf_tui.script import parameters as p
from luf_tui.script.declaration import Arguments, Performer, parameter, verb
from luf_tui.script.op_line import OpLine, goes_through_pins, maps_frames
from luf_tui.script.scope import Wrong
from luf_tui.script.values import Block, Pages, Target

MACHINE = Performer.MACHINE


def _translates(reading: OpLine) -> None:
    if not reading.scope.switches.get("secondary_tlb"):
        hint = "put `secondary-tlb` on the machine line"
        raise Wrong(
            "this machine has no device that translates for itself", reading.line.whole, hint
        )


@verb("reclaim", by="kswapd", example="kswapd reclaim text.0")
class Reclaim(Arguments):
    """Unmaps pages and frees them, or writes them to swap first."""

    pages: tuple[Target, ...] = parameter(p.TARGETS)


@verb("age", by="kswapd", example="kswapd age text.0")
class Age(Arguments):
    """Makes pages look unused, so that reclaim takes them first."""

    pages: tuple[Target, ...] = parameter(p.TARGETS)


@verb("demote", by="kswapd", example="kswapd demote text.0")
class Demote(Arguments):
    """Migrates pages to CXL memory."""

    pages: tuple[Target, ...] = parameter(p.TARGETS)
    node: int = parameter(p.CXL)
    sync: bool = False


@verb("scan", by="numa", example="numa scan heap")
class Scan(Arguments):
    """Takes the rights of a range away, so that the next access says who uses it."""

    where: Pages = parameter(p.ANY_RANGE)


@verb("promote", by="numa", example="numa promote text.0")
class Promote(Arguments):
    """Migrates pages to DRAM."""

    pages: tuple[Target, ...] = parameter(p.TARGETS)
    node: int = parameter(p.DRAM)


@verb("compact", by="kcompactd", example="kcompactd compact text.0")
class Compact(Arguments):
    """Migrates pages to make room; with an order for a block, which may be captured."""

    pages: tuple[Target, ...] = parameter(p.TARGETS)
    node: int = parameter(p.DRAM)
    block: Block | None = parameter(p.BLOCK, default=None)


@verb("move", by="kernel", example="kernel move text.0 to cxl")
class Move(Arguments):
    """Migrates pages to a node and waits for locks, as move_pages() does."""

    pages: tuple[Target, ...] = parameter(p.TARGETS)
    node: int = parameter(p.TO_NODE)


@verb("poison", by="kernel", example="kernel poison text.0")
class Poison(Arguments):
    """Migrates pages whose memory fails, and never uses it again."""

    pages: tuple[Target, ...] = parameter(p.TARGETS)
    node: int = parameter(p.DRAM)


@verb("alloc", by="kernel", example="kernel alloc slab order 1 holding secret", for_kernel=True)
class Alloc(Arguments):
    """Allocates a block of pages for the kernel itself, and may fill it."""

    object: int = parameter(p.NEW_OBJECT)
    order: int = parameter(p.ORDER, default=0)
    atomic: bool = parameter(p.ATOMIC, default=False)
    node: int = parameter(p.ON_NODE, default=-1)
    content: int = parameter(p.HOLDING, default=-1)


@verb("free", by="kernel", example="kernel free slab", for_kernel=True)
class Free(Arguments):
    """Frees what it allocated."""

    object: int = parameter(p.KNOWN_OBJECT)


@verb("revoke", by="kernel", example="kernel revoke slab", check=maps_frames)
class Revoke(Arguments):
    """Unmaps what a driver has mapped by frame number from every process, and frees it."""

    object: int = parameter(p.KNOWN_OBJECT)


@verb("drain", by="kernel", example="kernel drain", for_kernel=True)
class Drain(Arguments):
    """Gives the pages of the CPU's lists back to the buddy allocator."""


@verb("drain-all", by="kernel", example="kernel drain-all", for_kernel=True)
class DrainAll(Arguments):
    """Gives the pages of every CPU's lists back to the buddy allocator."""


@verb("report", by="kernel", example="kernel report")
class Report(Arguments):
    """Reports free pages to the hypervisor, which takes them away."""


@verb("tick", by="kernel", example="kernel tick", performer=MACHINE)
class Tick(Arguments):
    """A second passes: mm_cpumask may be trimmed."""


@verb("offline", by="kernel", example="kernel offline cxl")
class OfflineNode(Arguments):
    """Migrates everything away from a node and takes it away."""

    node: int = parameter(p.NODE)


@verb("online", by="kernel", example="kernel online cxl")
class OnlineNode(Arguments):
    """Brings a node back."""

    node: int = parameter(p.NODE)


@verb("writeback", by="flusher", example="flusher writeback lib.0")
class Writeback(Arguments):
    """Write-protects a dirty page of a file and writes it out."""

    page: int = parameter(p.FILE_PAGE)


@verb("merge", by="ksmd", example="ksmd merge heap.0 heap.1")
class Merge(Arguments):
    """Makes one page of two that hold the same."""

    page: Target = parameter(p.MAPPED)
    other: Target = parameter(p.MAPPED)


@verb("collapse", by="khugepaged", example="khugepaged collapse heap")
class Collapse(Arguments):
    """Makes one large page of the small ones of a range (`machine huge-pages N`)."""

    where: Pages = parameter(p.ANY_RANGE)


@verb("register", by="monitor", example="monitor register heap wp")
class Register(Arguments):
    """Asks to be told of faults on missing pages of a range, or of stores to it."""

    where: Pages = parameter(p.ANY_RANGE)
    missing: bool = parameter(p.MISSING)


@verb("write-protect", by="monitor", example="monitor write-protect heap")
class WriteProtect(Arguments):
    """Write-protects a range that it has registered."""

    where: Pages = parameter(p.ANY_RANGE)


@verb("unprotect", by="monitor", example="monitor unprotect heap")
class Unprotect(Arguments):
    """Gives the right to write back."""

    where: Pages = parameter(p.ANY_RANGE)


@verb("uffdio-copy", by="monitor", example="monitor uffdio-copy heap.0 filled")
class UffdioCopy(Arguments):
    """Puts a page with a content where one is missing."""

    where: Pages = parameter(p.ANY_PAGE)
    content: int = parameter(p.CONTENT)


@verb("uffdio-move", by="monitor", example="monitor uffdio-move heap.0 to heap.1")
class UffdioMove(Arguments):
    """Moves a page to where one is missing."""

    where: Pages = parameter(p.ANY_PAGE)
    to: int = parameter(p.TO_PAGE)


@verb("change", by="server", example="server change lib.0 new", performer=MACHINE)
class Change(Arguments):
    """Changes a file behind the page cache's back, as on a network filesystem."""

    page: int = parameter(p.REMOTE_PAGE)
    content: int = parameter(p.CONTENT)


@verb(
    "dma-read",
    by="device",
    example="device dma-read heap.0",
    performer=MACHINE,
    only=True,
    check=_translates,
)
class DmaRead(Arguments):
    """Reads a page by translations of its own (`machine secondary-tlb`)."""

    where: Pages = parameter(p.ANY_PAGE)


@verb(
    "dma-write",
    by="device",
    example="device dma-write heap.0 sent",
    performer=MACHINE,
    only=True,
    check=_translates,
)
class DmaWrite(Arguments):
    """Writes a page by translations of its own (`machine secondary-tlb`)."""

    where: Pages = parameter(p.ANY_PAGE)
    content: int = parameter(p.CONTENT)


@verb(
    "io-read",
    by="device",
    example="device io-read heap.0",
    performer=MACHINE,
    only=True,
    check=goes_through_pins,
)
class IoRead(Arguments):
    """Reads the page that was pinned at an address, whatever is there by now."""

    where: Pages = parameter(p.ANY_PAGE)


@verb(
    "io-write",
    by="device",
    example="device io-write heap.0 received",
    performer=MACHINE,
    only=True,
    check=goes_through_pins,
)
class IoWrite(Arguments):
    """Writes the page that was pinned at an address, if that may be written."""

    where: Pages = parameter(p.ANY_PAGE)
    content: int = parameter(p.CONTENT)
