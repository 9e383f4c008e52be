"""What a condition may look at: the machine as it stands, and what happened so far."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from attrs import frozen

from luf_tui.machine.event_log import Event, EventLog
from luf_tui.machine.machine import Machine
from luf_tui.oracle.oracle import Finding
from luf_tui.script.program import Program
from luf_tui.timeline.answers import Counters

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

    def happened(self, kinds: Sequence[int], *, recent: bool = True) -> Iterator[Event]:
        """Events of some kinds, of the last operation or of the whole run so far."""
        for number in range(self.recent if recent else 0, self.end):
            if self.log.kind_of(number) in kinds:
                yield self.log[number]

    def last(self, kinds: Sequence[int], **args: int) -> Event | None:
        """The last event of some kinds so far with these arguments."""
        for number in range(self.end - 1, -1, -1):
            if self.log.kind_of(number) in kinds:
                event = self.log[number]
                if args.items() <= event.args.items():
                    return event
        return None


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
    )


def recent_start(timeline: Timeline, position: int) -> int:
    """The first event of the operation that a position belongs to."""
    item = timeline.item_at(position)
    steps = timeline.item_steps(item)
    return timeline.events_of(steps.start).start if steps else 0
