"""Totals at any position, from events indexed once by kind: O(log n) a question."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence

from luf_tui.machine import events as ev
from luf_tui.machine.event_log import EventLog
from luf_tui.timeline.answers import Counters
from luf_tui.timeline.store.packed_events import PackedEvents

COUNTED = {kind.counts: kind for kind in ev.KINDS if kind.counts}
"""Counters that count events of one kind."""
DEBT_KINDS = (ev.DEFER, ev.PAY, ev.SAVED, ev.ALLOC)
"""Kinds that bring free frames into debt and out of it."""


def change_debt(frames: set[int], events: EventLog, index: int) -> None:
    """Bring the set of free frames in debt up to date with an event of DEBT_KINDS.

    A frame is out of debt when its flush fires or has become needless, or when the block it is
    in gets a new owner.
    """
    kind = events.kind_of(index)
    if kind == ev.DEFER:
        frames.add(events.argument(index, ev.DEFER.pfn))
    elif kind == ev.ALLOC:
        first = events.argument(index, ev.ALLOC.pfn)
        frames.difference_update(
            range(first, first + (1 << events.argument(index, ev.ALLOC.order)))
        )
    else:
        frames.discard(events.argument(index, ev.PAY.pfn if kind == ev.PAY else ev.SAVED.pfn))


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
        events = self._events
        for index in range(self._seen, len(events)):
            kind = events.kind_of(index)
            self._counts[kind] += 1
            if kind == ev.SEND:
                self._ipis += events.argument(index, ev.SEND.mask).bit_count()
            elif kind in DEBT_KINDS:
                change_debt(self._owing, events, index)
        self._seen = len(events)
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
            ipis = events.argument(index, ev.SEND.mask).bit_count()
            self.ipis_before.append(self.ipis_before[-1] + ipis)
        self.debt_events = array("I")
        self.debt_after = array("I")
        """Free frames in debt after debt event number n."""
        frames: set[int] = set()
        for index in sorted(index for kind in DEBT_KINDS for index in found[kind]):
            change_debt(frames, events, index)
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
