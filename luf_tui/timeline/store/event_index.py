"""Totals at any position, from events indexed once by kind: O(log n) a question."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence

from luf_tui.machine import events as ev
from luf_tui.machine.events import ROW, EventLog
from luf_tui.timeline.answers import Counters
from luf_tui.timeline.store.packed_events import PackedEvents

DEBT_KINDS = (ev.DEFER, ev.PAY, ev.SAVED, ev.ALLOC)
COUNTED = {
    "sends": ev.SEND,
    "interrupted": ev.RECEIVE,
    "flushes": ev.FLUSH,
    "deferred": ev.DEFER,
    "paid": ev.PAY,
    "saved": ev.SAVED,
    "stale_hits": ev.STALE,
    "deviations": ev.DEVIATION,
    "violations": ev.VIOLATION,
}
"""Counters that count events of one kind."""


def change_debt(frames: set[int], kind: int, first: int, second: int) -> None:
    """Bring the set of free frames in debt up to date with one event's first two arguments.

    A frame is out of debt when its flush fires or has become needless, or when the block it is
    in gets a new owner.
    """
    if kind == ev.DEFER:
        frames.add(first)
    elif kind == ev.ALLOC:
        frames.difference_update(range(first, first + (1 << second)))
    else:
        frames.discard(first)


class Tally:
    """The totals of a run still being recorded, brought up to date when asked."""

    def __init__(self, events: EventLog) -> None:
        self._events = events
        self._seen = 0
        self._ipis = 0
        self._counts = [0] * len(ev.KINDS)
        self._owing: set[int] = set()

    def counters(self, steps: int) -> Counters:
        """The totals over everything that happened so far."""
        rows = self._events.rows
        for index in range(self._seen, len(self._events)):
            kind, _, first, second = rows[index * ROW + 1 : index * ROW + 5]
            self._counts[kind] += 1
            if kind == ev.SEND:
                self._ipis += first.bit_count()
            elif kind in DEBT_KINDS:
                change_debt(self._owing, kind, first, second)
        self._seen = len(self._events)
        return Counters(
            steps=steps,
            ipis=self._ipis,
            owed=len(self._owing),
            **{name: self._counts[kind] for name, kind in COUNTED.items()},
        )


class EventIndex:
    """Event numbers by kind, in order, and the running totals that the counters need."""

    def __init__(self, events: PackedEvents) -> None:
        found: list[array[int]] = [array("I") for _ in ev.KINDS]
        for index, kind in enumerate(events.kinds):
            found[kind].append(index)
        self.by_kind = found
        self.ipis_before = array("I", [0])
        """IPIs sent before send number n."""
        for index in found[ev.SEND]:
            ipis = events.argument(index, 0).bit_count()
            self.ipis_before.append(self.ipis_before[-1] + ipis)
        self.debt_events = array("I")
        self.debt_after = array("I")
        """Free frames in debt after debt event number n."""
        frames: set[int] = set()
        for index in sorted(index for kind in DEBT_KINDS for index in found[kind]):
            first, second = events.argument(index, 0), events.argument(index, 1)
            change_debt(frames, events.kind_of(index), first, second)
            self.debt_events.append(index)
            self.debt_after.append(len(frames))

    def count(self, kind: int, before: int) -> int:
        """How many events of a kind have a number below `before`."""
        return bisect_left(self.by_kind[kind], before)

    def between(self, kind: int, first: int, end: int) -> Sequence[int]:
        """The events of a kind from number `first` on and below `end`, in order."""
        numbers = self.by_kind[kind]
        return numbers[bisect_left(numbers, first) : bisect_left(numbers, end)]

    def counters(self, steps: int, before: int) -> Counters:
        """The totals over the first `before` events."""
        sends = self.count(ev.SEND, before)
        debts = bisect_left(self.debt_events, before)
        return Counters(
            steps=steps,
            ipis=self.ipis_before[sends],
            owed=self.debt_after[debts - 1] if debts else 0,
            **{name: self.count(kind, before) for name, kind in COUNTED.items()},
        )
