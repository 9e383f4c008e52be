"""Shootdowns one after the other, as a recording tells them or a policy asks for them."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from attrs import define, field, frozen

from luf_tui.ftrace.meaning.facts import FactKind, Facts, Flag
from luf_tui.ftrace.trace import Trace
from luf_tui.machine import events as ev

MOVED, RECLAIMED = ev.REASON["before copy"], ev.REASON["before free"]
TAKEOFF = ev.REASON["taken off the free lists"]
_MUNMAP, _FORK, _COPIED = ev.REASON["munmap"], ev.REASON["fork"], ev.REASON["copy on write"]
CLEANED, _PENDING = ev.REASON["writeback"], ev.REASON["pending unmaps"]
UNMAPPING = frozenset({MOVED, RECLAIMED})
"""Sent at once, or per batch, for recorded unmaps."""
REQUESTED = frozenset({_MUNMAP, _FORK, _COPIED, CLEANED})
"""Asked for by the recorded kernel for something else, under every policy."""
FOR_UNMAPS = int(Flag.FOR_UNMAP | Flag.BATCH | Flag.PENDING)
"""Flags of flushes that a policy may do without."""
_SENT, _LOCAL = int(FactKind.SENT), int(FactKind.LOCAL)
_RECEIVED, _LEFT_LAZY = int(FactKind.RECEIVED), int(FactKind.LEFT_LAZY)
_BY_ITSELF = int(Flag.LOCAL)
_ROOM = 0x7FFF


@frozen
class Flush:
    """One shootdown, for a reader who wants one; loops use the columns."""

    at: int
    """The fact that it came of."""
    why: int
    """A number of `machine.events.REASONS`."""
    targets: int
    """CPUs interrupted; none where all that are concerned are lazy."""
    everything: int
    """Those of them that dropped all they had loaded."""
    pages: int
    """Pages that the others dropped one by one, in all."""
    own: int
    """Pages that the asking CPU dropped itself; -1 is everything."""


@define
class Flushes:
    """Columns of shootdowns that concern another CPU than the asking one: 23 bytes each."""

    at: array[int] = field(factory=lambda: array("I"))
    why: array[int] = field(factory=lambda: array("B"))
    targets: array[int] = field(factory=lambda: array("I"))
    everything: array[int] = field(factory=lambda: array("I"))
    pages: array[int] = field(factory=lambda: array("Q"))
    own: array[int] = field(factory=lambda: array("h"))

    def __len__(self) -> int:
        return len(self.at)

    def __getitem__(self, index: int) -> Flush:
        return Flush(
            self.at[index],
            self.why[index],
            self.targets[index],
            self.everything[index],
            self.pages[index],
            self.own[index],
        )

    def __iter__(self) -> Iterator[Flush]:
        return (self[index] for index in range(len(self)))

    def add(self, flush: Flush) -> None:
        """One more."""
        self.at.append(flush.at)
        self.why.append(flush.why)
        self.targets.append(flush.targets)
        self.everything.append(flush.everything)
        self.pages.append(flush.pages)
        self.own.append(min(flush.own, _ROOM))


@frozen
class Recorded:
    """What the recorded kernel did, gone through once."""

    flushes: Flushes
    """Its shootdowns, each with the interrupts that came of it."""
    requested: array[int]
    """The facts of interrupts that were for no recorded unmap: for munmap, fork, copies."""


def interrupts(facts: Facts) -> Iterator[int]:
    """The facts of interrupts: shootdowns that arrive, also where a lazy CPU leaves its address
    space for it; one that leaves by itself is none.
    """
    kinds, flags = facts.kind, facts.flags
    for at in facts.of(_RECEIVED, _LEFT_LAZY):
        if kinds[at] == _RECEIVED or not flags[at] & _BY_ITSELF:
            yield at


def follow(trace: Trace) -> Recorded:
    """Go through a recording for its shootdowns.

    A sender spins until all have answered, so what arrives before its CPU prints anything else
    is of it; of several senders, of the one that began first and has no answer of that CPU. Where
    clocks disagree nobody waits any more: then it is of the latest shootdown of another CPU.
    """
    facts = trace.facts
    found, requested = Flushes(), array("I")
    waiting: dict[int, tuple[int, set[int]]] = {}
    latest: list[int] = []
    arrivals = interrupts(facts)
    arrival = next(arrivals, -1)
    for at, kind in enumerate(facts.kind):
        if at == arrival:
            arrival = next(arrivals, -1)
            cpu, pages = facts.cpu[at], facts.arg[at]
            row = _asked_by(waiting, cpu)
            if row < 0:
                row = next((one for one in latest if facts.cpu[found.at[one]] != cpu), -1)
            if row >= 0:
                found.targets[row] += 1
                found.everything[row] += pages < 0
                found.pages[row] += max(0, pages)
                if not facts.flags[found.at[row]] & FOR_UNMAPS:
                    requested.append(at)
        elif kind == _SENT:
            waiting.pop(facts.cpu[at], None)
            waiting[facts.cpu[at]] = (len(found), set())
            latest = [len(found), *latest[:1]]
            found.add(Flush(at, reason_of(facts.flags[at]), 0, 0, 0, 0))
        elif waiting and facts.cpu[at] in waiting:
            cpu = facts.cpu[at]
            if kind == _LOCAL:
                found.own[waiting[cpu][0]] = max(-1, min(facts.arg[at], _ROOM))
            else:
                del waiting[cpu]
    return Recorded(found, requested)


def _asked_by(waiting: dict[int, tuple[int, set[int]]], cpu: int) -> int:
    """The shootdown that a CPU answers, or -1."""
    for sender, (row, answered) in waiting.items():
        if sender != cpu and cpu not in answered:
            answered.add(cpu)
            return row
    return -1


def reason_of(flags: int) -> int:
    """What a recorded shootdown is for, as a number of `machine.events.REASONS`."""
    if flags & (Flag.FOR_UNMAP | Flag.BATCH):
        return MOVED if flags & Flag.MIGRATE else RECLAIMED
    if flags & Flag.PENDING:
        return _PENDING
    if flags & Flag.COPY:
        return _COPIED
    if flags & Flag.CLEAN:
        return CLEANED
    return _FORK if flags & Flag.WHOLE else _MUNMAP
