"""The records of the machine: one class a region, one field a cell, in the kernel's words.

`luf-tui explain` tells of their words: TLB, mm_cpumask, mark and so on.
"""

from __future__ import annotations

from luf_tui.machine.regions import CpuNumber, MaybeNumber, Number, Record, Reference

# Pte.kind
NONE, PRESENT, SWAP, MIGRATION = 0, 1, 2, 3
KIND_NAMES = ("none", "present", "swap", "migration")
# Frame.state
FREE_PCP, FREE_BUDDY, BUDDY_TAIL, TAKEN, ANON, FILE, KERNEL, ZERO_PAGE, TABLE = range(9)
FREE_STATES = (FREE_PCP, FREE_BUDDY, BUDDY_TAIL)
STATE_NAMES = (
    *("pcp", "buddy", "buddy tail", "taken", "anon", "file", "kernel", "zero page"),
    "page table",
)


class Cpu(Record):
    """A CPU and its cpu_tlbstate."""

    task = Reference["Task"]("task", "the task it runs; none is idle")
    loaded_mm = Reference["Mm"]("mm", "the mm in CR3; none is init_mm")
    lazy = Number("kernel thread or idle over a borrowed mm", bits=1)
    asid = Number("slot of the loaded mm")
    next_asid = Number("round-robin slot replacement")
    irqs_off = Number("interrupts disabled", bits=1)
    offline = Number("taken down: it takes no IPIs and runs nothing", bits=1)
    ipis = Number("CPUs whose shootdown it has not yet taken", mask="cpu")
    handling = CpuNumber("the CPU whose shootdown it is handling")
    victim = Number("next TLB entry to replace")


class AsidSlot(Record):
    """One of a CPU's `ctxs[]`: an mm it has seen and the generation its TLB is at."""

    mm = Reference["Mm"]("mm", "the mm")
    gen = Number("tlb_gen the slot has reached", counter="tlb_gen", bits=32)


class TlbEntry(Record):
    """A cached translation. Stale is computed, never stored."""

    mm = Reference["Mm"]("mm", "the address space; none is an empty entry")
    vpn = Number("virtual page number", of="page")
    frame = Reference["Frame"]("frame", "the frame it leads to")
    writable = Number("W as cached", bits=1)
    dirty = Number("D as cached: a store goes straight to the frame", bits=1)
    issued = Number("CPUs whose broadcast invalidate of it need not have come yet", mask="cpu")


class Shootdown(Record):
    """A flush request of an initiating CPU (flush_tlb_info) and who has not answered."""

    waiting = Number("CPUs that have not acknowledged", mask="cpu")
    mm = Reference["Mm"]("mm", "the mm; none is a batch flush of whatever is loaded")
    start = Number("first virtual page", of="page", upto="end")
    end = Number("page after the last; equal to start is a full flush")
    gen = Number("new_tlb_gen", counter="tlb_gen", bits=32)
    tables = Number("freed_tables: lazy CPUs are interrupted too", bits=1)


class Context(Record):
    """Where operations run: a CPU's interrupt level, or a task. Holds a small stack."""

    depth = Number("operations on the stack")
    result = Number("what the last finished operation returned", bits=32)
    line = MaybeNumber("script item being executed", bits=32)
    stop = Number("a script told it to stop where it is")
    pc = Number("operations of its race program already begun")


class Task(Record):
    """A schedulable thread."""

    mm = Reference["Mm"]("mm", "its address space")
    cpu = CpuNumber("the CPU it runs on")
    capture = MaybeNumber("capture_control: the order it compacts for", bits=5)
    captured = Reference["Frame"]("frame", "the block captured for it")


class Mm(Record):
    """mm_struct: the part that flushing cares about."""

    alive = Number("exists", bits=1)
    cpumask = Number("CPUs that may hold entries", mask="cpu")
    trim = Number("next_trim_cpumask is over: its next flush looks for CPUs gone elsewhere", bits=1)
    tlb_gen = Number("incremented per flush request", counter="tlb_gen", bits=32)
    batched_pending = Number("tlb_flush_batched, pending half", counter="batched", bits=32)
    batched_flushed = Number("tlb_flush_batched, flushed half", counter="batched", bits=32)
    flush_pending = Number("tlb_flush_pending: gathers in flight")
    readers = Number("mmap_lock readers")
    writer = Reference["Context"]("ctx", "mmap_lock writer")
    ptl = Reference["Context"]("ctx", "the operation that keeps the page-table lock over a flush")


class GlobalAsid(Record):
    """The ASID that an mm has on every CPU, for INVLPGB."""

    active = Number("mm_global_asid(): there is one", bits=1)
    transition = Number("asid_transition: a CPU may still use one of its own", bits=1)


class Vma(Record):
    """The mapping of one virtual page. VMAs are kept per page: splitting them is not modelled."""

    mapped = Number("the address belongs to a mapping", bits=1)
    file_page = Reference["FilePage"]("file_page", "page-cache position; none is anonymous")
    shared = Number("MAP_SHARED", bits=1)
    prot_read = Number("PROT_READ", bits=1)
    prot_write = Number("PROT_WRITE", bits=1)
    may_write = Number("VM_MAYWRITE", bits=1)
    uffd_wp = Number("registered for userfaultfd write-protect", bits=1)
    uffd_missing = Number("registered for userfaultfd missing faults", bits=1)
    home = Reference["Vma"]("vma", "shared memory without a file: what it is known by")


class Pte(Record):
    """A page-table entry."""

    kind = Number("none, present, swap or migration entry", bits=2, names=KIND_NAMES)
    frame = Reference["Frame"]("frame", "the frame, present or migrating")
    slot = Reference["SwapSlot"]("swap", "the swap slot of a swap entry")
    writable = Number("RW, or a writable migration entry", bits=1)
    dirty = Number("D", bits=1)
    accessed = Number("A", bits=1)
    uffd_wp = Number("userfaultfd write-protect marker", bits=1)
    prot_none = Number("hidden by NUMA balancing: not accessible by hardware", bits=1)
    exclusive = Number("PageAnonExclusive: this mapping alone may reuse the page", bits=1)
    soft_dirty = Number("soft-dirty", bits=1)
    rmap_next = Reference["Pte"]("pte", "next mapping of the same frame")
    gathered = Reference["Frame"]("frame", "the frame an mmu_gather unmapped here and still holds")
    gatherer = Reference["Context"]("ctx", "the operation whose gather that is")


class PageTable(Record):
    """What the upper level of an address space says of one page-table page (a PMD entry)."""

    frame = Reference["Frame"]("frame", "the page-table page")
    gathered = Reference["Frame"]("frame", "one that an mmu_gather took out and still holds")
    gatherer = Reference["Context"]("ctx", "the operation whose gather that is")


# Pmd.kind
PMD_NONE, PMD_TABLE, PMD_HUGE, PMD_SPLITTING, PMD_AWAY = range(5)
PMD_NAMES = ("none", "table", "huge", "splitting", "away")


class Pmd(Record):
    """What the upper level says of a range that one large entry can map. What such an entry says
    stands in the PTEs of its pages, which then change together.
    """

    kind = Number("none, a table of PTEs, or one large entry", bits=3, names=PMD_NAMES)
    never = Number("VM_NOHUGEPAGE: no large pages here", bits=1)


class LargeEntry(Record):
    """What a CPU caches of such a range: as one large translation, or as small ones."""

    held = Number("its entries of the range are one large translation", bits=1)


class WalkEntry(Record):
    """A paging-structure cache entry of a CPU: where it looks for a range's PTEs."""

    table = Reference["Frame"]("frame", "the page-table page")
    issued = Number("CPUs whose broadcast invalidate of it need not have come yet", mask="cpu")


class Frame(Record):
    """struct page, and the bytes behind it."""

    state = Number("who has it", bits=4, names=STATE_NAMES)
    order = Number("order of the free block or allocation it heads", bits=4)
    content = Number("what its bytes are", bits=32)
    refs = Number("references that operations in flight hold")
    pins = Number("GUP pins")
    mapcount = Number("PTEs that map it")
    rmap = Reference["Pte"]("pte", "first PTE that maps it")
    file_page = Reference["FilePage"]("file_page", "its place in the page cache")
    slot = Reference["SwapSlot"]("swap", "its swap slot")
    locked = Reference["Context"]("ctx", "the operation that holds the folio lock")
    dirty = Number("PG_dirty", bits=1)
    lazyfree = Number(
        "MADV_FREE gave its bytes up (not PG_swapbacked); told of it while free", bits=1
    )
    writer = CpuNumber("the CPU whose store or copy last changed the bytes")
    saved = Number("its bytes were copied or written out; a later store here would be lost", bits=1)
    target = Reference["Frame"]("frame", "where migration copies it to")
    mark = Number("the policy's 16 bits: luf_key in a pcp list, zone_ugen in buddy", bits=32)
    verdict = Number("the policy's answer of the last walk: may its flush be deferred", bits=1)
    where = Reference["ListHead"]("lists", "the list it is on")
    next = Reference["Frame"]("frame", "towards the tail")
    prev = Reference["Frame"]("frame", "towards the head")

    @property
    def pfn(self) -> int:
        """page_to_pfn(): the page frame number."""
        return self.index

    def disown(self) -> None:
        """Forget everything an owner knew of the page. Its bytes stay."""
        self.file_page = self.slot = self.locked = self.target = None
        self.dirty = self.saved = self.refs = self.verdict = 0


class PinnedPage(Record):
    """A page that is pinned for readers and writers, by the address at which it was pinned."""

    frame = Reference["Frame"]("frame", "the page; none where nothing is pinned")
    write = Number("FOLL_WRITE: it may be stored to", bits=1)


class FrameMap(Record):
    """A VMA of a driver's file, as i_mmap has it: frames mapped by their numbers (VM_PFNMAP)."""

    object = Reference["KernelObject"]("kobject", "what is mapped; none is an ordinary mapping")


class ListHead(Record):
    """A doubly linked list of frames, linked through the frames themselves."""

    head = Reference["Frame"]("frame", "first")
    tail = Reference["Frame"]("frame", "last")
    count = Number("frames on it", bits=32)


class Zone(Record):
    """A zone: one per node."""

    free = Number("free pages in buddy", bits=32)


class FilePage(Record):
    """A page-cache position and the bytes on disk behind it."""

    frame = Reference["Frame"]("frame", "the cached folio")
    disk = Number("content on disk", bits=32)


class FileInode(Record):
    """A file's size: positions at or past it raise SIGBUS."""

    size = Number("pages", bits=32)
    writer = Reference["Context"]("ctx", "i_rwsem, held by write() or truncate")


class SwapSlot(Record):
    """A swap slot."""

    users = Number("swap entries that refer to it")
    content = Number("content", bits=32)
    frame = Reference["Frame"]("frame", "swap cache")


class KernelObject(Record):
    """A named kernel allocation of the script (slab, page-table page, buffer)."""

    frame = Reference["Frame"]("frame", "its first frame")
    order = Number("its order", bits=4)


class Activation(Record):
    """One operation in flight on a context's stack: what, where, and its locals."""

    op = Number("the operation, by number; 0 is none")
    pos = Number("the next micro-step")
    a0 = Number(bits=32)
    a1 = Number(bits=32)
    a2 = Number(bits=32)
    a3 = Number(bits=32)
    a4 = Number(bits=32)
    a5 = Number(bits=32)
    a6 = Number(bits=32)
    a7 = Number(bits=32)
    a8 = Number(bits=32)


LOCALS = 9
STACK_DEPTH = 8


class Held(Record):
    """Bytes that are somewhere, as the oracle remembers them: one of up to three contents, where
    it is not known which of several stores came last. Fewer than three stand there twice.
    """

    value = Number("the bytes", bits=32)
    other = Number("what they may be as well", bits=32)
    third = Number("and this", bits=32)
    vague = Number("more than three were possible: anything goes", bits=1)


class Shadow(Held):
    """What a program may expect of one of its addresses, as the oracle remembers it."""

    mapped = Number(
        "the address belongs to a mapping; 2: of a driver's memory, whose bytes nobody promises",
        bits=2,
    )
    file_page = Reference[FilePage]("file_page", "the position it maps; none is anonymous")
    shared = Number("MAP_SHARED", bits=1)
    read = Number("loads are allowed", bits=1)
    write = Number("stores are allowed", bits=1)
    own = Number("it has bytes of its own; without, it has the file's, or zeros", bits=1)
    lazy = Number("its own bytes may be gone: zeros will do as well, or its file's", bits=1)
    guarded = Number("a monitor wants to hear of stores first", bits=1)
    home = Reference["Promise"]("promise", "shared memory without a file: where its bytes are")


class Promise(Shadow):
    """What an address is now, for whoever sees all that has been asked for."""

    freeing = Reference["Context"](
        "ctx", "the MADV_FREE in flight, which may still take what is stored"
    )
    parent = Reference["Mm"]("mm", "the address space that a fork in flight copies it from")
    forker = Reference["Context"]("ctx", "that fork")


class Before(Shadow):
    """What an address was before an operation that is in flight: a CPU may find it so until the
    operation is over, and no longer once it has seen what came after.
    """

    owner = Reference["Context"]("ctx", "the operation in flight; none is an empty place")
    seen = Number("CPUs that have seen what came after", mask="cpu")
    to = Reference["Promise"](
        "promise", "the address where its bytes are now; itself, where only rights were taken away"
    )


class FileBytes(Held):
    """What a position of a file holds, for whoever asks for it, as the oracle remembers it."""

    remote = Number("what a server has put there, which nobody here need have seen", bits=32)


class FileBefore(Held):
    """What a position held before a truncation or an invalidation that is in flight."""

    owner = Reference["Context"]("ctx", "the operation in flight; none is an empty place")
    seen = Number("CPUs that have seen what came after", mask="cpu")


class Pinned(Held):
    """What whoever has pinned a page may expect of it, as the oracle remembers it: what is at an
    address or at a position of a file, or bytes that nobody else has any more.
    """

    at = Reference["Promise"](
        "promise", "the address whose bytes it has; none has bytes of its own"
    )
    file_page = Reference["FilePage"]("file_page", "the position of a file whose bytes it has")
    was = Reference["Promise"]("promise", "the address at which it was before")
    loose = Number("it may have its own bytes as well: nobody says which", bits=1)


class Direct(Held):
    """What a position of a file has held since direct I/O on it began."""

    page = Reference["FilePage"]("file_page", "the position; none where no such I/O is in flight")
    later = Number("something was stored there since", bits=1)


class Window(Record):
    """What has to be settled when the operation of a context is over."""

    open = Number("places that say they were something else before it", bits=32)


LAYERS = 2
"""How many operations in flight at once the oracle tells apart at one address, or position."""
