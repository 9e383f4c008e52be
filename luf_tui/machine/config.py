"""What a machine is made of, and what its numbers are called. Frozen; the program declares it."""

from __future__ import annotations

from attrs import field, frozen

X86, ARM64, RISCV = "x86", "arm64", "riscv"
ARCHES = (X86, ARM64, RISCV)
"""How a machine flushes other CPUs' TLBs (the kernel's arch/*/mm).

- x86: by IPI; an mm's `tlb_gen` moves with every flush, and a CPU that was away compares it.
- arm64: by broadcast. The invalidate is issued when a PTE is cleared and waited for at the flush.
- riscv: by IPI, with ASIDs: a switch flushes nothing, so a CPU stays in mm_cpumask for good.
"""


@frozen
class Node:
    """A NUMA node with one zone: `frames` page frames of a tier (mm/memory-tiers.c)."""

    name: str
    frames: int
    tier: int = 0
    """0 is the top tier (DRAM); higher numbers are slower (CXL)."""


@frozen
class FileConfig:
    """A file: its page-cache pages are numbered across all files, from `first`."""

    name: str
    pages: int
    first: int
    iomap: bool = False
    """True when buffered writes bypass `a_ops->write_begin` (XFS since the iomap conversion)."""
    remote: bool = False
    """True on a filesystem whose server may change the bytes without this kernel knowing."""


@frozen
class ProcessConfig:
    """An address space and the names of its virtual pages."""

    name: str
    pages: tuple[str, ...]
    """Display name per virtual page number, such as `text.0`; the unnamed ones are empty."""
    room: int = 0
    """Virtual pages that it has, where they are not as many as the machine says."""


@frozen
class TaskConfig:
    """A schedulable thread. `mm` is a process index, or -1 for a kernel thread; `cpu` its home."""

    name: str
    mm: int = -1
    cpu: int = 0


@frozen
class Costs:
    """The cost model in nanoseconds: parameters of the model, never measurements.

    After published figures, rounded. They never decide an order of events.
    """

    dram_access: int = 100
    cxl_access: int = 250
    walk: int = 200
    invlpg: int = 100
    full_flush: int = 250
    ipi: int = 1000
    ipi_per_target: int = 200
    tlbi: int = 50
    dsb: int = 500
    handler: int = 300
    fault: int = 1000
    copy_dram: int = 800
    copy_cxl: int = 2000
    zero: int = 150
    lock: int = 30
    buddy: int = 120

    def answered(self, targets: int) -> int:
        """From a shootdown's sending to the answer of the last of so many CPUs."""
        return self.ipi + self.ipi_per_target * targets + self.handler

    def dropped(self, pages: int) -> int:
        """What a CPU takes to drop so many pages one by one; below 0 it drops everything."""
        return self.full_flush if pages < 0 else self.invlpg * pages


@frozen
class MachineConfig:
    """Sizes, widths and names of one machine."""

    cpus: int = 4
    nodes: tuple[Node, ...] = (Node("dram", 8), Node("cxl", 8, tier=1))
    processes: tuple[ProcessConfig, ...] = ()
    tasks: tuple[TaskConfig, ...] = ()
    actors: tuple[str, ...] = ()
    """Who has lines in a race and is no task: devices, the clock, CPUs that switch or go down."""
    files: tuple[FileConfig, ...] = ()
    objects: tuple[str, ...] = ()
    """Names of kernel allocations that scripts refer to."""
    contents: tuple[str, ...] = ("zero", "poison")
    """Names of page contents by code. 0 is zero and 1 is poison; codes past the end are unnamed."""
    fresh: int = 0
    """How many of the last contents are for `fresh`: given to bytes that are nowhere yet."""
    pages: int = 8
    """Virtual pages of each address space, but for those that say themselves how many."""
    tlb_entries: int = 8
    secondary_tlb: bool = False
    """True where a device translates for itself, through an IOMMU that shares page tables."""
    asids: int = 6
    max_order: int = 2
    """The largest buddy order (the kernel's MAX_PAGE_ORDER is 10)."""
    pcp_batch: int = 1
    pcp_high: int = 4
    watermark_min: int = 0
    """Free pages below which a zone counts as short (WMARK_MIN), per zone."""
    gather_slots: int = 0
    """Pages an mmu_gather takes before it flushes and frees them and goes on; 0 is no limit. The
    kernel's has 8 slots on the stack, and more while it can get memory for them."""
    table_span: int = 0
    """Virtual pages that one page-table page maps (512 in the kernel); with 0 there are neither
    page-table pages nor paging-structure caches."""
    huge_pages: int = 0
    """Pages that one large entry of the upper level can map (512 in the kernel), a power of two;
    with 0 there are neither large entries nor large folios of programs."""
    swap_slots: int = 8
    dirty_on_load: bool = True
    """True where a load caches D as the PTE has it; False where each entry's first store looks at
    the PTE again, which H2 allows as well."""
    mask_follows_load: bool = False
    """True where a CPU that loads another mm leaves mm_cpumask of the old one, as before Linux
    6.13; later kernels clear the bit when an IPI finds it out of date."""
    ceiling: int = 33
    """`tlb_single_page_flush_ceiling`: larger ranged flushes become full."""
    key_bits: int = 4
    zone_gen_bits: int = 8
    gen_bits: int = 32
    """Widths of luf_key and of a page's zone_ugen (16 in the kernel), and of ugen where it
    is not wide (16 in v10). `tlb_gen` and full zone generations never wrap: 64 in the kernel."""
    cut_switch: bool = False
    """True where a context switch is made in steps, between which others flush."""
    swap_cache: bool = False
    """True where a page that was read in from swap keeps its slot until that is freed."""
    page_age: bool = False
    """True where reclaim asks whether a page was used lately, and then leaves it for once."""
    init_on_free: bool = False
    kasan: bool = False
    page_poison: bool = False
    refcount_cow: bool = False
    """True where a write fault copies a page that has extra references, as before Linux 5.19."""
    pinned_io: bool = False
    """True where pages are read and written through pins, by a device or by direct I/O: the machine
    then knows which page was pinned at which address, and walks for it as GUP does."""
    frame_maps: bool = False
    """True where drivers map memory of the kernel into processes by frame number (VM_PFNMAP)."""
    arch: str = X86
    """One of `ARCHES`."""
    invlpgb: int = 0
    """On x86, how many CPUs an mm may run on before it gets a global ASID, and its flushes go by
    broadcast (3 in the kernel, on AMD since Linux 6.15); with 0 no flush does."""
    costs: Costs = field(factory=Costs)

    @property
    def frames(self) -> int:
        """Allocatable page frames; the shared zero page is frame number `frames`."""
        return sum(node.frames for node in self.nodes)

    @property
    def global_asids(self) -> int:
        """`invlpgb`, where it means anything."""
        return self.invlpgb if self.arch == X86 else 0

    @property
    def file_pages(self) -> int:
        """Page-cache positions over all files."""
        return sum(f.pages for f in self.files)

    @property
    def tables(self) -> int:
        """Page-table pages that an address space can have."""
        return -(-self.pages // self.table_span) if self.table_span else 0

    @property
    def ranges(self) -> int:
        """Ranges of an address space that one large entry can map."""
        return self.pages // self.huge_pages if self.huge_pages else 0

    @property
    def huge_order(self) -> int:
        """The order of a folio that fills such a range."""
        return max(0, self.huge_pages.bit_length() - 1)

    @property
    def holders(self) -> int:
        """An upper bound of the different contents that there can be at a time: in frames, on disk,
        in swap, two in each task's operation in flight, and what addresses and positions of files
        were before.
        """
        held = self.frames + 1 + self.file_pages + self.swap_slots + 2 * len(self.tasks)
        held += self.pages * len(self.processes) + self.file_pages
        return held + self.pinned_io * (self.pages * len(self.processes) + 2 * len(self.tasks))

    def first_frame(self, node: int) -> int:
        """The lowest frame number of a node."""
        return sum(n.frames for n in self.nodes[:node])

    def content_name(self, code: int) -> str:
        """What a person reads for a page content code."""
        return self.contents[code] if code < len(self.contents) else f"v{code}"

    def pages_of(self, mm: int) -> int:
        """Virtual pages of an address space."""
        return self.processes[mm].room or self.pages

    def page_name(self, mm: int, vpn: int) -> str:
        """The name of a virtual page: `text.0`, or its number."""
        names = self.processes[mm].pages
        return names[vpn] if vpn < len(names) and names[vpn] else f"va{vpn}"

    def file_page_name(self, page: int) -> str:
        """The name of a page-cache position: `lib.0`."""
        for f in self.files:
            if f.first <= page < f.first + f.pages:
                return f"{f.name}.{page - f.first}"
        return f"file{page}"
