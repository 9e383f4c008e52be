"""The records of the machine: one class a region, one field a cell, in the kernel's words.

Section numbers refer to the mechanism reference (M) and the baseline reference (B).
"""

from __future__ import annotations

from luf_tui.machine.regions import Field, Record

# Pte.kind
NONE, PRESENT, SWAP, MIGRATION = 0, 1, 2, 3
# Frame.state
FREE_PCP, FREE_BUDDY, BUDDY_TAIL, TAKEN, ANON, FILE, KERNEL, ZERO_PAGE, TABLE = range(9)
FREE_STATES = (FREE_PCP, FREE_BUDDY, BUDDY_TAIL)
STATE_NAMES = (
    *("pcp", "buddy", "buddy tail", "taken", "anon", "file", "kernel", "zero page"),
    "page table",
)


class Cpu(Record):
    """A CPU and its cpu_tlbstate (B 1.2)."""

    task = Field("the task it runs; none is idle", ref="task")
    loaded_mm = Field("the mm in CR3; none is init_mm", ref="mm")
    lazy = Field("kernel thread or idle over a borrowed mm", bits=1)
    asid = Field("slot of the loaded mm")
    next_asid = Field("round-robin slot replacement")
    irqs_off = Field("interrupts disabled", bits=1)
    offline = Field("taken down: it takes no IPIs and runs nothing", bits=1)
    ipis = Field("CPUs whose shootdown it has not yet taken", mask="cpu")
    handling = Field("the CPU whose shootdown it is handling", ref="cpu")
    victim = Field("next TLB entry to replace")


class AsidSlot(Record):
    """One of a CPU's `ctxs[]`: an mm it has seen and the generation its TLB is at (B 1.2)."""

    mm = Field("the mm", ref="mm")
    gen = Field("tlb_gen the slot has reached", counter="tlb_gen", bits=32)


class TlbEntry(Record):
    """A cached translation (B 1.1). Stale is computed, never stored."""

    mm = Field("the address space; none is an empty entry", ref="mm")
    vpn = Field("virtual page number")
    pfn = Field("the frame it leads to", ref="frame")
    writable = Field("W as cached", bits=1)
    dirty = Field("D as cached: a store goes straight to the frame", bits=1)
    pending = Field(
        "the operation in flight that made it stale and still owes its flush", ref="ctx"
    )
    issued = Field("CPUs whose broadcast invalidate of it need not have come yet", mask="cpu")


class Shootdown(Record):
    """A flush request of an initiating CPU (flush_tlb_info, B 1.4) and who has not answered."""

    waiting = Field("CPUs that have not acknowledged", mask="cpu")
    mm = Field("the mm; none is a batch flush of whatever is loaded", ref="mm")
    start = Field("first virtual page")
    end = Field("page after the last; equal to start is a full flush")
    gen = Field("new_tlb_gen", counter="tlb_gen", bits=32)
    tables = Field("freed_tables: lazy CPUs are interrupted too", bits=1)


class Context(Record):
    """Where operations run: a CPU's interrupt level, or a task. Holds a small stack."""

    depth = Field("operations on the stack")
    result = Field("what the last finished operation returned", bits=32)
    line = Field("script item being executed, plus one", bits=32)
    stop = Field("position at which a script told it to stop, plus one")
    pc = Field("operations of its race program already begun")


class Task(Record):
    """A schedulable thread."""

    mm = Field("its address space", ref="mm")
    cpu = Field("the CPU it runs on", ref="cpu")
    capture = Field("capture_control: the order it compacts for, plus one", bits=5)
    captured = Field("the block captured for it", ref="frame")


class Mm(Record):
    """mm_struct: the part that flushing cares about (M 2.1, B 1.2)."""

    alive = Field("exists", bits=1)
    cpumask = Field("CPUs that may hold entries", mask="cpu")
    trim = Field("next_trim_cpumask is over: its next flush looks for CPUs gone elsewhere", bits=1)
    tlb_gen = Field("incremented per flush request", counter="tlb_gen", bits=32)
    batched_pending = Field("tlb_flush_batched, pending half", counter="batched", bits=32)
    batched_flushed = Field("tlb_flush_batched, flushed half", counter="batched", bits=32)
    flush_pending = Field("tlb_flush_pending: gathers in flight")
    readers = Field("mmap_lock readers")
    writer = Field("mmap_lock writer", ref="ctx")
    ptl = Field("the operation that keeps the page-table lock over a flush", ref="ctx")


class Vma(Record):
    """The mapping of one virtual page. VMAs are kept per page: splitting them is not modelled."""

    mapped = Field("the address belongs to a mapping", bits=1)
    file_page = Field("page-cache position; none is anonymous", ref="file_page")
    shared = Field("MAP_SHARED", bits=1)
    prot_read = Field("PROT_READ", bits=1)
    prot_write = Field("PROT_WRITE", bits=1)
    may_write = Field("VM_MAYWRITE", bits=1)
    uffd_wp = Field("registered for userfaultfd write-protect", bits=1)
    uffd_missing = Field("registered for userfaultfd missing faults", bits=1)


class Pte(Record):
    """A page-table entry (M 2.1)."""

    kind = Field("none, present, swap or migration entry", bits=2)
    pfn = Field("the frame, present or migrating", ref="frame")
    slot = Field("the swap slot of a swap entry", ref="swap")
    writable = Field("RW, or a writable migration entry", bits=1)
    dirty = Field("D", bits=1)
    accessed = Field("A", bits=1)
    uffd_wp = Field("userfaultfd write-protect marker", bits=1)
    prot_none = Field("hidden by NUMA balancing: not accessible by hardware", bits=1)
    exclusive = Field("PageAnonExclusive: this mapping alone may reuse the page", bits=1)
    soft_dirty = Field("soft-dirty", bits=1)
    rmap_next = Field("next mapping of the same frame", ref="pte")
    gathered = Field("the frame an mmu_gather unmapped here and still holds", ref="frame")
    gatherer = Field("the operation whose gather that is", ref="ctx")


class PageTable(Record):
    """What the upper level of an address space says of one page-table page (a PMD entry)."""

    frame = Field("the page-table page", ref="frame")
    gathered = Field("one that an mmu_gather took out and still holds", ref="frame")
    gatherer = Field("the operation whose gather that is", ref="ctx")


class WalkEntry(Record):
    """A paging-structure cache entry of a CPU: where it looks for the PTEs of an address range
    (B 1.1).
    """

    table = Field("the page-table page", ref="frame")
    issued = Field("CPUs whose broadcast invalidate of it need not have come yet", mask="cpu")


class Frame(Record):
    """struct page, and the bytes behind it."""

    state = Field("who has it", bits=4)
    order = Field("order of the free block or allocation it heads", bits=4)
    content = Field("what its bytes are", bits=32)
    refs = Field("references that operations in flight hold")
    pins = Field("GUP pins")
    mapcount = Field("PTEs that map it")
    rmap = Field("first PTE that maps it", ref="pte")
    file_page = Field("its place in the page cache", ref="file_page")
    slot = Field("its swap slot", ref="swap")
    locked = Field("the operation that holds the folio lock", ref="ctx")
    dirty = Field("PG_dirty", bits=1)
    lazyfree = Field(
        "MADV_FREE gave its bytes up (not PG_swapbacked); told of it while free", bits=1
    )
    writer = Field("the CPU whose store or copy last changed the bytes", ref="cpu")
    saved = Field("its bytes were copied or written out; a later store here would be lost", bits=1)
    target = Field("where migration copies it to", ref="frame")
    mark = Field("the policy's 16 bits: luf_key in a pcp list, zone_ugen in buddy", bits=32)
    verdict = Field("the policy's answer of the last walk: may its flush be deferred", bits=1)
    where = Field("the list it is on", ref="lists")
    next = Field("towards the tail", ref="frame")
    prev = Field("towards the head", ref="frame")

    def disown(self) -> None:
        """Forget everything an owner knew of the page. Its bytes stay."""
        self.file_page = self.slot = self.locked = self.target = 0
        self.dirty = self.saved = self.refs = self.verdict = 0


class ListHead(Record):
    """A doubly linked list of frames, linked through the frames themselves."""

    head = Field("first", ref="frame")
    tail = Field("last", ref="frame")
    count = Field("frames on it", bits=32)


class Zone(Record):
    """A zone: one per node."""

    free = Field("free pages in buddy", bits=32)


class FilePage(Record):
    """A page-cache position and the bytes on disk behind it."""

    frame = Field("the cached folio", ref="frame")
    disk = Field("content on disk", bits=32)
    changed = Field("changed on the server; neither dropped nor read in here since", bits=1)


class FileInode(Record):
    """A file's size: positions at or past it raise SIGBUS."""

    size = Field("pages", bits=32)


class SwapSlot(Record):
    """A swap slot."""

    users = Field("swap entries that refer to it")
    content = Field("content", bits=32)
    frame = Field("swap cache", ref="frame")


class KernelObject(Record):
    """A named kernel allocation of the script (slab, page-table page, buffer)."""

    frame = Field("its first frame", ref="frame")
    order = Field("its order", bits=4)


class Activation(Record):
    """One operation in flight on a context's stack: what, where, and its locals."""

    op = Field("the operation, by number; 0 is none")
    pos = Field("the next micro-step")
    a0 = Field(bits=32)
    a1 = Field(bits=32)
    a2 = Field(bits=32)
    a3 = Field(bits=32)
    a4 = Field(bits=32)
    a5 = Field(bits=32)
    a6 = Field(bits=32)
    a7 = Field(bits=32)


LOCALS = 8
STACK_DEPTH = 7
