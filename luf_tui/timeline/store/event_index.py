"""Totals at any position, from events indexed once by kind: O(log n) a question."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from heapq import merge

from luf_tui.machine import events as ev
from luf_tui.machine.event_log import EventLog
from luf_tui.timeline.answers import Counters
from luf_tui.timeline.store.packed_events import PackedEvents

COUNTED = {kind.counts: kind for kind in ev.KINDS if kind.counts and kind != ev.PAY}
"""Counters that count events of one kind."""


class Payments:
    """Deferred flushes from when they fire until everybody has flushed: only then are they paid."""

    def __init__(self) -> None:
        self._firing: Counter[tuple[int, int, int]] = Counter()
        self.paid = 0
        """How many are over."""

    def follow(self, events: EventLog, index: int) -> int:
        """Take notice of an event, a PAY or a FLUSHED. Returns how many payments it ends."""
        end = events.kind_of(index) == ev.FLUSHED
        mask, why = (ev.FLUSHED.mask, ev.FLUSHED.why) if end else (ev.PAY.mask, ev.PAY.why)
        named = events.argument(index, mask), events.argument(index, why)
        flush = (events.cpu_of(index), *named)
        if not end:
            self._firing[flush] += 1
            return 0
        over = self._firing.pop(flush, 0)
        self.paid += over
        return over


class Tally:
    """The totals of a run still being recorded, brought up to date when asked."""

    def __init__(self, events: EventLog) -> None:
        self._events = events
        self._seen = 0
        self._ipis = 0
        self._counts = [0] * len(ev.KINDS)
        self._payments = Payments()

    def counters(self, steps: int) -> Counters:
        """The totals over everything that happened so far."""
        events = self._events
        for index in range(self._seen, len(events)):
            kind = events.kind_of(index)
            self._counts[kind] += 1
            if kind == ev.SEND:
                self._ipis += events.argument(index, ev.SEND.mask).bit_count()
            elif kind in (ev.PAY, ev.FLUSHED):
                self._payments.follow(events, index)
        self._seen = len(events)
        return Counters(
            steps=steps,
            ipis=self._ipis,
            paid=self._payments.paid,
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
            ipis = events.argument(index, ev.SEND.mask).bit_count()
            self.ipis_before.append(self.ipis_before[-1] + ipis)
        self.over = array("I")
        """For each payment that is over, the event that ended it, in order."""
        payments = Payments()
        for index in merge(found[ev.PAY], found[ev.FLUSHED]):
            for _ in range(payments.follow(events, index)):
                self.over.append(index)

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
        return Counters(
            steps=steps,
            ipis=self.ipis_before[sends],
            paid=bisect_left(self.over, before),
            **{name: self.count(kind, before) for name, kind in COUNTED.items()},
        )
