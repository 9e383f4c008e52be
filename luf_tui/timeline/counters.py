"""Totals at any position, from events indexed once by kind: O(log n) a question."""

from __future__ import annotations

from array import array
from bisect import bisect_left

from luf_tui.machine import events as ev
from luf_tui.timeline.facts import Counters
from luf_tui.timeline.packed import PackedEvents


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
        kinds = (ev.DEFER, ev.PAY, ev.SAVED, ev.ALLOC)
        for index in sorted(index for kind in kinds for index in found[kind]):
            pfn, kind = events.argument(index, 0), events.kind_of(index)
            if kind == ev.DEFER:
                frames.add(pfn)
            elif kind == ev.ALLOC:
                frames.difference_update(range(pfn, pfn + (1 << events.argument(index, 1))))
            else:
                frames.discard(pfn)
            self.debt_events.append(index)
            self.debt_after.append(len(frames))

    def count(self, kind: int, before: int) -> int:
        """How many events of a kind have a number below `before`."""
        return bisect_left(self.by_kind[kind], before)

    def counters(self, steps: int, before: int) -> Counters:
        """The totals over the first `before` events."""
        sends = self.count(ev.SEND, before)
        debts = bisect_left(self.debt_events, before)
        return Counters(
            steps=steps,
            ipis=self.ipis_before[sends],
            sends=sends,
            interrupted=self.count(ev.RECEIVE, before),
            flushes=self.count(ev.FLUSH, before),
            owed=self.debt_after[debts - 1] if debts else 0,
            deferred=self.count(ev.DEFER, before),
            paid=self.count(ev.PAY, before),
            saved=self.count(ev.SAVED, before),
            stale_hits=self.count(ev.STALE, before),
            deviations=self.count(ev.DEVIATION, before),
            violations=self.count(ev.VIOLATION, before),
        )
