"""What a trace says, as columns of numbers: about 47 bytes a fact."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from enum import IntEnum, IntFlag
from itertools import compress
from typing import Any

from attrs import define, field, fields, frozen

from luf_tui.ftrace.meaning.spool import Spool

LONG = 1 << 22
"""Facts from which on a recording is long: what is not needed while it is read is put aside."""
AGAIN = 1 << 20
"""Facts after which more is."""
PIECE = 1 << 16
"""Facts that are looked through at a time."""


class FactKind(IntEnum):
    """What happened. The columns a kind uses stand behind it; the others are 0."""

    SWITCH = 0
    """A CPU switches to `task`, whose address space is `mm`; flag KERNEL: it keeps the old one.
    `arg` 1: no switch was printed, only that `task` runs there."""
    LEFT_LAZY = 1
    """A CPU that had borrowed an address space leaves it: an IPI found it lazy, or, with flag
    LOCAL, the kernel thread flushed for a page of it that it unmapped itself."""
    SWITCH_FLUSH = 2
    """The CPU loaded another address space; `arg` -1: its TLB was flushed, 0: kept by PCID."""
    FAULT = 3
    """A user page fault at `page`; `arg` is the error code (1 present, 2 write, 16 fetch)."""
    UNMAP = 4
    """A PTE is cleared: `mm` `page` `pfn`, `arg` pages; flags say how and what it allowed."""
    REMAP = 5
    """A migration entry became a PTE again: `mm` `page` `pfn`; flag FAILED: the old page."""
    SENT = 6
    """IPIs are sent: `arg` pages or -1; `mm` `page` `pfn` of the unmap it is for, if any. Printed
    before lazy CPUs are left out. Flag MASKED: `page` is the mask of the batch."""
    LOCAL = 7
    """The CPU flushes itself for a request of its own; the columns as for SENT."""
    RECEIVED = 8
    """A shootdown arrives: `arg` pages, -1 everything, 0 nothing was left to do."""
    ALLOC = 9
    """A block at `pfn` is allocated; `arg` order, `page` number of its gfp flags; flags: `Context`
    of who allocates."""
    FREE = 10
    """A block at `pfn` is freed; `arg` order."""
    MIGRATE_START = 11
    """`task` starts to migrate pages; `arg` number of the reason."""
    MIGRATE_END = 12
    """It is done: `page` moved, `pfn` failed, `arg` number of the reason."""
    GAP = 13
    """`arg` events were lost here (-1: not known how many)."""


class Flag(IntFlag):
    """Of UNMAP, REMAP, SENT, LOCAL and SWITCH facts."""

    # What columns hold and are compared with are plain numbers: no member is made of them.
    __or__ = __ror__ = int.__or__  # type: ignore[assignment]
    __and__ = __rand__ = int.__and__  # type: ignore[assignment]
    __invert__ = int.__invert__  # type: ignore[assignment]

    MIGRATE = 1
    """Unmapped for migration; without it, for reclaim."""
    WRITABLE = 2
    """The PTE could be written through."""
    UNSURE = 4
    """The trace does not say whether it could; WRITABLE is then set if its mapping allows it."""
    DIRTY = 8
    """The PTE was dirty."""
    CONFIRMED = 16
    """Its migration entry was seen, so the PTE was cleared; probes fire before that is known."""
    HIDDEN = 32
    """NUMA balancing had hidden it (PROT_NONE), so no flush was owed."""
    SENT = 64
    """IPIs were sent for it before its migration entry was set: flushed page by page."""
    LOCAL = 128
    """The unmapping CPU flushed itself for it."""
    FAILED = 256
    """The migration was undone."""
    COPY = 512
    """SENT, LOCAL: flushed for a copy on write."""
    WHOLE = 1024
    """SENT, LOCAL: everything of the address space, as after fork."""
    KERNEL = 2048
    """SWITCH: to a kernel thread or idle task, which borrows the loaded address space."""
    SHARED = 4096
    """UNMAP: the mapping is shared (VM_SHARED)."""
    BATCH = 8192
    """SENT, LOCAL: one flush for a batch of unmaps, of whatever address spaces."""
    FOR_UNMAP = 16384
    """SENT, LOCAL: for the one unmap that `mm`, `page` and `pfn` name."""
    CLEAN = 1 << 15
    """SENT, LOCAL: one page by a kernel thread that unmaps nothing: it makes the page clean, for
    writeback or to merge it."""
    PENDING = 1 << 16
    """SENT, LOCAL: a whole address space, whose unmaps in others' batches must be seen now
    (flush_tlb_batched_pending())."""
    WRONG = 1 << 18
    """RECEIVED: the CPU had another address space loaded by then (reason 5)."""
    ASKED = 1 << 19
    """UNMAP: others were asked for the batch that it stood in."""
    DOUBT = 1 << 20
    """UNMAP: whether others were asked for it is not told: the batch is of several address spaces,
    or its end is missing."""
    MASKED = 1 << 17
    """SENT: the probe of the batch says whom it asks."""


@frozen
class Fact:
    """One fact, for a reader who wants one; loops use the columns."""

    kind: FactKind
    flags: Flag
    cpu: int
    task: int
    mm: int
    """Number of the address space counted from 1; 0 is not known."""
    page: int
    pfn: int
    arg: int
    time: float
    line: int


@define
class Facts:
    """Parallel columns, one item a fact, in the order of the file."""

    kind: array[int] = field(factory=lambda: array("B"))
    flags: array[int] = field(factory=lambda: array("I"))
    cpu: array[int] = field(factory=lambda: array("H"))
    task: array[int] = field(factory=lambda: array("I"))
    mm: array[int] = field(factory=lambda: array("I"))
    page: array[int] = field(factory=lambda: array("Q"))
    pfn: array[int] = field(factory=lambda: array("Q"))
    arg: array[int] = field(factory=lambda: array("q"))
    time: array[float] = field(factory=lambda: array("d"))
    line: array[int] = field(factory=lambda: array("I"))
    _spool: Spool = field(factory=Spool)
    _appends: tuple[Callable[[Any], None], ...] = field(default=(), init=False)

    def __attrs_post_init__(self) -> None:
        columns = (self.kind, self.flags, self.cpu, self.task, self.mm, self.page, self.pfn)
        more = (self.arg, self.time, self.line)
        if all(isinstance(column, array) for column in (*columns, *more)):
            self._appends = tuple(column.append for column in (*columns, *more))

    def __len__(self) -> int:
        return len(self.kind)

    def __getitem__(self, index: int) -> Fact:
        return Fact(
            FactKind(self.kind[index]),
            Flag(self.flags[index]),
            self.cpu[index],
            self.task[index],
            self.mm[index],
            self.page[index],
            self.pfn[index],
            self.arg[index],
            self.time[index],
            self.line[index],
        )

    def __iter__(self) -> Iterator[Fact]:
        return (self[index] for index in range(len(self.kind)))

    def add(
        self,
        kind: int,
        cpu: int,
        task: int,
        time: float,
        line: int,
        *,
        flags: int = 0,
        mm: int = 0,
        page: int = 0,
        pfn: int = 0,
        arg: int = 0,
    ) -> int:
        """Append one fact and return its index."""
        kinds, all_flags, cpus, tasks, mms, pages, pfns, args, times, lines = self._appends
        kinds(kind)
        all_flags(flags)
        cpus(cpu)
        tasks(task)
        mms(mm)
        pages(page)
        pfns(pfn)
        args(arg)
        times(time)
        lines(line)
        return len(self.kind) - 1

    @property
    def latest(self) -> float:
        """The time of the last fact, 0 if there is none."""
        return self._spool.latest("time", self.time)

    def put_aside(self) -> None:
        """Write the times and the lines of a long recording to a file while it is being read."""
        if len(self.time) >= (AGAIN if self._spool.begun else LONG):
            self._spool.put("time", self.time)
            self._spool.put("line", self.line)

    def whole(self) -> None:
        """Nothing will be added: the columns of a long recording are parts of a file from here on,
        which the system keeps in memory as far as there is room.
        """
        self._appends = ()
        if self._spool.begun:
            for column in fields(Facts):
                if not column.name.startswith("_"):
                    held = getattr(self, column.name)
                    self._spool.put(column.name, held)
                    setattr(self, column.name, self._spool.view(column.name, held))

    def let_go(self) -> None:
        """Whoever has gone over them needs what is in the file no more for now."""
        self._spool.let_go()

    def of(self, *kinds: int) -> Iterator[int]:
        """Indices of the facts of some kinds, in order; the others cost next to nothing."""
        wanted = bytes(kind in kinds for kind in range(256))
        for start in range(0, len(self.kind), PIECE):
            piece = bytes(self.kind[start : start + PIECE]).translate(wanted)
            yield from compress(range(start, start + len(piece)), piece)

    def where(self, kind: FactKind) -> list[int]:
        """Indices of the facts of one kind."""
        return list(self.of(kind))
