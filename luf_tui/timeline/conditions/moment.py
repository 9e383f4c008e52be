"""What a condition may look at: the machine as it stands, and what happened so far."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from attrs import frozen

from luf_tui.machine.event_log import Event, EventLog
from luf_tui.machine.machine import Machine
from luf_tui.oracle.oracle import Finding
from luf_tui.script.program import Program
from luf_tui.timeline.answers import Counters
from luf_tui.timeline.store.event_index import EventIndex

if TYPE_CHECKING:
    from luf_tui.policy.base import Policy
    from luf_tui.timeline.timeline import Timeline


@frozen
class Moment:
    """One position of a run, recorded or being recorded."""

    program: Program
    policy: Policy
    machine: Machine
    log: EventLog
    end: int
    """Events before this number have happened."""
    recent: int
    """The first event of the operation under way, or of the last one."""
    counters: Counters
    findings: Sequence[Finding]
    index: EventIndex | None = None
    """Of a run that is recorded: spares looking through all of its events at every position."""
    own: Sequence[int] | None = None
    """The events of the last operation, where others happened in between: of a line of a race."""

    def happened(self, kinds: Sequence[int], *, recent: bool = True) -> Iterator[Event]:
        """Events of some kinds, of the last operation or of the whole run so far."""
        if recent and self.own is not None:
            return (self.log[n] for n in self.own if self.log.kind_of(n) in kinds)
        return (self.log[number] for number in self._numbers(kinds, self.recent if recent else 0))

    def count(self, kind: int) -> int:
        """How many events of a kind happened in the whole run so far."""
        return self.index.count(kind, self.end) if self.index else len(self._numbers((kind,), 0))

    def last(self, kinds: Sequence[int], **args: int) -> Event | None:
        """The last event of some kinds so far with these arguments."""
        events = (self.log[number] for number in reversed(self._numbers(kinds, 0)))
        return next((event for event in events if args.items() <= event.args.items()), None)

    def _numbers(self, kinds: Sequence[int], first: int) -> Sequence[int]:
        """Events of some kinds from number `first` on, in order."""
        if self.index is None:
            return [n for n in range(first, self.end) if self.log.kind_of(n) in kinds]
        found = [self.index.between(kind, first, self.end) for kind in kinds]
        return found[0] if len(found) == 1 else sorted(chain.from_iterable(found))


def moment_at(timeline: Timeline) -> Moment:
    """The moment a timeline's cursor stands at."""
    position = timeline.position
    end = timeline.event_index_at(position)
    known = bisect_left(timeline.finding_events, end)
    return Moment(
        timeline.program,
        timeline.policy,
        timeline.machine,
        timeline.events,
        end,
        recent_start(timeline, position),
        timeline.counters(position),
        timeline.findings[:known],
        timeline.index,
    )


def recent_start(timeline: Timeline, position: int) -> int:
    """The first event of the operation that a position belongs to."""
    item = timeline.item_at(position)
    steps = timeline.item_steps(item)
    return timeline.events_of(steps.start).start if steps else 0
