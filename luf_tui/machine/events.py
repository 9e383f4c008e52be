"""What happened, as rows of small numbers; a frozen `Event` is built only when one is shown."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from attrs import frozen

ARGS = 5
ROW = ARGS + 3

REASONS = (
    "",
    # why a TLB lost entries (tlb_flush reasons, baseline 6.3)
    "task switch",
    "remote shootdown",
    "local shootdown",
    "leaving lazy mode",
    "broadcast",
    "coming online",
    # what a flush is for
    "unmap",
    "before free",
    "before copy",
    "before write-out",
    "taken off the free lists",
    "kept after all",
    "munmap",
    "mprotect",
    "madvise",
    "mremap",
    "copy on write",
    "fork",
    "exit",
    "pending unmaps",
    "write-protect in flight",
    "userfaultfd write-protect",
    "write fault",
    "write fault, file",
    "write()",
    "truncate",
    "invalidate",
    "writeback",
    "numa scan",
    "soft-dirty",
    "page reporting",
    "memory failure",
    "offline",
    "lazy mm dropped",
    "page-table pages",
    "install",
    # why a flush may not be deferred, or a page is kept
    "this policy defers nothing",
    "a mapping is writable",
    "a write-protect is unflushed",
    "shared memory without a file",
    "pages are zeroed on free",
    "KASAN poisons free pages",
    "page_poison fills free pages",
    "a large folio",
    "a hugetlb folio",
    "neither anonymous nor of a file",
    "locked",
    "pinned",
    "not mapped",
    "no swap slot",
    "no free page",
    "already isolated",
    "all CPUs had flushed since",
    "a flush for something else covered it",
    # why bytes change
    "zeroed on free",
    "poisoned on free",
    "zeroed for its new owner",
    "written by the kernel",
    "written by the device",
    "discarded by the host",
    "replaced",
    "copied in by the monitor",
    "read in anew",
    "stored to again",
    "referenced",
    "memory offlining",
    "busy",
)
REASON = {text: number for number, text in enumerate(REASONS)}
"""Reasons that events carry as numbers, by text."""


@frozen
class Kind:
    """A kind of event: its name, the meaning of its arguments and how a person reads it."""

    number: int
    name: str
    args: tuple[str, ...]
    text: str
    """Template over the argument names and `cpu`; the view fills in names for numbers."""
    glyph: str = "·"


KINDS: list[Kind] = []
BY_NAME: dict[str, Kind] = {}


def _kind(name: str, args: str, text: str, glyph: str = "·") -> int:
    kind = Kind(len(KINDS), name, tuple(args.split()), text, glyph)
    assert len(kind.args) <= ARGS
    KINDS.append(kind)
    BY_NAME[name] = kind
    return kind.number


# Scheduling and operations
BEGIN = _kind("begin", "ctx item", "{ctx} begins")
END = _kind("end", "ctx item", "{ctx} is done")
BLOCKED = _kind("blocked", "ctx item", "{ctx} waits: {ctx} cannot go on yet")
REFUSED = _kind("refused", "ctx item reason", "refused: {reason}", "!")
SWITCH = _kind("switch", "cpu task mm", "{cpu} switches to {task}")
LAZY = _kind("lazy", "cpu mm", "{cpu} keeps {mm} loaded, lazily")
CPU_DOWN = _kind("cpudown", "", "{cpu} goes offline")
CPU_UP = _kind("cpuup", "", "{cpu} is back online")
TICK = _kind("tick", "", "a second goes by")
# Hardware
FILL = _kind("fill", "mm vpn pfn flags", "{cpu} walks {page} and caches {pfn} {flags}")
EVICT = _kind("evict", "mm vpn pfn", "{cpu} drops its entry for {page}")
READ = _kind("read", "mm vpn pfn content", "{cpu} reads {page} from {pfn}: {content}")
STORE = _kind("store", "mm vpn pfn content", "{cpu} stores {content} to {page} in {pfn}")
FAULT = _kind("fault", "mm vpn write", "{cpu} faults on {page}")
SIGSEGV = _kind("sigsegv", "mm vpn", "{cpu} gets SIGSEGV at {page}", "!")
SIGBUS = _kind("sigbus", "mm vpn", "{cpu} gets SIGBUS at {page}", "!")
UFFD = _kind("uffd", "mm vpn write", "the userfaultfd monitor is told of {page}")
DMA_READ = _kind("dmaread", "mm vpn pfn content", "the device reads {page} from {pfn}: {content}")
DMA_STORE = _kind(
    "dmastore", "mm vpn pfn content", "the device stores {content} to {page} in {pfn}"
)
DMA_FAULT = _kind("dmafault", "mm vpn write", "the device has no translation for {page}")
NOTIFY = _kind("notify", "mm vpn dropped", "the device drops {dropped} entries of {mm}")
# Page tables
MAP = _kind("map", "mm vpn pfn flags", "{page} now maps {pfn} {flags}")
UNMAP = _kind("unmap", "mm vpn pfn flags", "clear the PTE of {page}, which mapped {pfn} {flags}")
PROTECT = _kind("protect", "mm vpn pfn flags", "{page} keeps {pfn}, now {flags}")
HINT = _kind("hint", "mm vpn pfn", "{page} keeps {pfn}, hidden until the next fault")
TABLE_IN = _kind("tablein", "mm vpn pfn", "{pfn} is the page table of {page} from here on")
TABLE_OUT = _kind("tableout", "mm vpn pfn", "{pfn} is the page table of {page} no longer")
FREED_WALK = _kind(
    "freedwalk", "mm vpn pfn", "{cpu} walks {pfn}, once the page table of {page}", "○"
)
MOVE_ENTRY = _kind("moveentry", "mm vpn", "the swap entry of {page} moves elsewhere")
MMAP = _kind("mmap", "mm vpn pages", "{mm} maps {pages} pages at {page}")
MUNMAP = _kind("munmap", "mm vpn pages", "{mm} gives up {pages} pages at {page}")
FORK = _kind("fork", "mm child", "{mm} forks {child}")
EXIT = _kind("exit", "mm", "{mm} exits")
# Flushing
NOTE = _kind("note", "mm vpn mask batch", "note: {mask} may cache {page}, to be flushed later")
DEFER = _kind(
    "defer", "pfn key mask", "{pfn} is freed without a flush; {mask} owe one, key {key}", "◆"
)
REFUSE = _kind("refuse", "pfn reason", "the flush of {pfn} may not be deferred: {reason}")
SEND = _kind("send", "mask pages why", "{cpu} sends IPIs to {mask}: {why}", "↯")
RECEIVE = _kind("receive", "sender", "{cpu} takes the IPI of {sender}")
FLUSH = _kind("flush", "mm dropped pages why", "{cpu} drops {dropped} entries: {why}")
ISSUE = _kind("issue", "mm vpn pages", "{cpu} issues the invalidate of {page} to every CPU")
BARRIER = _kind("barrier", "", "{cpu} waits until every CPU has done what it issued")
ACK = _kind("ack", "sender", "{cpu} acknowledges to {sender}")
FLUSHED = _kind("flushed", "mask why", "all of {mask} have flushed: {why}")
PAY = _kind("pay", "pfn mask why", "the deferred flush fires on {mask}: {why}", "▲")
SAVED = _kind("saved", "pfn why", "the flush owed for {pfn} was already done: {why}", "△")
WAIT = _kind("wait", "generation", "{cpu} waits for zone generation {generation}")
# Allocator
FREE = _kind("free", "pfn order key", "{pfn} is freed")
DRAIN = _kind("drain", "pfn", "{pfn} goes from the pcp list of {cpu} to buddy")
MERGE = _kind("merge", "pfn buddy order", "{pfn} and {buddy} merge to order {order}")
SPLIT = _kind("split", "pfn order", "the block at {pfn} splits to order {order}")
REFILL = _kind("refill", "pfn", "{pfn} goes from buddy to the pcp list of {cpu}")
TAKE = _kind("take", "pfn order", "{pfn} leaves the free lists")
CAPTURE = _kind("capture", "pfn order", "the block at {pfn} is captured before it joins a list")
ALLOC = _kind("alloc", "pfn order use", "{pfn} is handed out for {use}")
OOM = _kind("oom", "order", "no page of order {order} can be had", "!")
FILL_BYTES = _kind("bytes", "pfn content why", "{pfn} now holds {content}: {why}")
COPY = _kind("copy", "source target content", "copy {source} to {target}: {content}")
READ_IN = _kind("readin", "page pfn content", "{page} is read into {pfn}: {content}")
WRITE_OUT = _kind("writeout", "page pfn content", "{pfn} is written out: {content}")
UNCACHE = _kind("uncache", "page pfn", "{pfn} leaves the page cache")
WRITE_FILE = _kind("writefile", "page pfn content", "write() puts {content} into {page}")
KEEP = _kind("keep", "pfn reason", "{pfn} is kept: {reason}")
PIN = _kind("pin", "pfn pins", "{pfn} is pinned {pins} times")
# The oracle
STALE = _kind("stale", "mm vpn pfn content", "{cpu} reads {page} through a stale entry", "○")
DEVIATION = _kind("deviation", "finding mm vpn pfn", "accepted, but visible: {finding}", "◇")
VIOLATION = _kind("violation", "finding mm vpn pfn", "violation: {finding}", "✖")
EXPECTED = _kind("expected", "item held", "expectation {held}")
NOTE_TEXT = _kind("text", "item", "{item}")


@frozen
class Event:
    """One thing that happened: its place in the run, its kind, where, and its arguments."""

    index: int
    step: int
    kind: Kind
    cpu: int
    """The CPU it happened on, or -1."""
    args: dict[str, int]

    @property
    def name(self) -> str:
        """The kind's name."""
        return self.kind.name


class EventLog:
    """Events packed in one array, a row of `ROW` numbers each."""

    __slots__ = ("rows", "step")

    def __init__(self) -> None:
        self.rows: array[int] = array("q")
        self.step = 0

    def emit(
        self, kind: int, cpu: int, a: int = 0, b: int = 0, c: int = 0, d: int = 0, e: int = 0
    ) -> None:
        """Append one event of the current micro-step. `cpu` is -1 when it is nobody's."""
        self.rows.extend((self.step, kind, cpu, a, b, c, d, e))

    def __len__(self) -> int:
        return len(self.rows) // ROW

    def kind_of(self, index: int) -> int:
        """The kind number of event `index`, without building it."""
        return self.rows[index * ROW + 1]

    def step_of(self, index: int) -> int:
        """The micro-step event `index` happened in."""
        return self.rows[index * ROW]

    def __getitem__(self, index: int) -> Event:
        if index < 0:
            index += len(self)
        row = self.rows[index * ROW : index * ROW + ROW]
        if not row:
            raise IndexError(index)
        kind = KINDS[row[1]]
        return Event(index, row[0], kind, row[2], dict(zip(kind.args, row[3:], strict=False)))

    def __iter__(self) -> Iterator[Event]:
        return (self[index] for index in range(len(self)))

    def truncate(self, count: int) -> None:
        """Forget all events from number `count` on."""
        del self.rows[count * ROW :]
