"""Where a move leads: pure functions from a position to a position.

At either end a move returns the position it was given. Nothing here moves the cursor.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Collection

from luf_tui.machine.events import KINDS, VIOLATION
from luf_tui.timeline.ask.failing import troubles
from luf_tui.timeline.caches import per_run
from luf_tui.timeline.timeline import Timeline


def start(timeline: Timeline, position: int) -> int:
    """The power-on state."""
    return 0


def end(timeline: Timeline, position: int) -> int:
    """The last position."""
    return timeline.steps


def next_step(timeline: Timeline, position: int, count: int = 1) -> int:
    """`count` micro-steps on, or the end."""
    return timeline.clamp(position + count)


def previous_step(timeline: Timeline, position: int, count: int = 1) -> int:
    """`count` micro-steps back, or the start."""
    return timeline.clamp(position - count)


def next_event(timeline: Timeline, position: int, kinds: Collection[int] = ()) -> int:
    """The next position with an event, of one of `kinds` when any are given."""
    events = timeline.event_index_at(position)
    if not kinds:
        found = events if events < len(timeline.events) else -1
    else:
        found = min(
            (i for i in (_after(timeline.index.by_kind[k], events) for k in kinds) if i >= 0),
            default=-1,
        )
    return timeline.step_of_event(found) if found >= 0 else position


def previous_event(timeline: Timeline, position: int, kinds: Collection[int] = ()) -> int:
    """The previous position with an event, of one of `kinds` when any are given."""
    first = timeline.events_of(position).start
    if not kinds:
        found = first - 1
    else:
        found = max(_before(timeline.index.by_kind[k], first) for k in kinds)
    return timeline.step_of_event(found) if found >= 0 else position


def next_item(timeline: Timeline, position: int) -> int:
    """The end of the operation under way, or of the next one."""
    ends = item_ends(timeline)
    at = bisect_left(ends, position + 1)
    return ends[at] if at < len(ends) else position


def previous_item(timeline: Timeline, position: int) -> int:
    """The end of the operation before, or the start."""
    ends = item_ends(timeline)
    at = bisect_left(ends, position)
    return ends[at - 1] if at else position


@per_run
def item_ends(timeline: Timeline) -> array[int]:
    """Positions at which one item is done and the next has not begun, the start among them."""
    items = timeline.items
    ends = array("I", (p for p in range(timeline.steps) if items[p] != items[p + 1] or not p))
    if timeline.steps:
        ends.append(timeline.steps)
    return ends


def next_finding(timeline: Timeline, position: int) -> int:
    """The next position at which the oracle found something, or an expectation fails."""
    found = troubles(timeline)
    at = bisect_left(found, position + 1)
    return found[at] if at < len(found) else position


def previous_finding(timeline: Timeline, position: int) -> int:
    """The previous position at which the oracle found something, or an expectation fails."""
    found = troubles(timeline)
    at = bisect_left(found, position)
    return found[at - 1] if at else position


def first_failure(timeline: Timeline, position: int) -> int:
    """The first violation or failed expectation of a run; where there is none, the position."""
    found = [timeline.step_of_event(event) for event in timeline.index.by_kind[VIOLATION]]
    found += [one.position for one in timeline.outcomes if not one.held]
    return min(found, default=position)


def kind_numbers(names: Collection[str]) -> tuple[int, ...]:
    """Kind numbers of event kinds given by name; unknown names are left out."""
    return tuple(kind for kind in KINDS if kind.name in names)


def _after(events: array[int], first: int) -> int:
    at = bisect_left(events, first)
    return events[at] if at < len(events) else -1


def _before(events: array[int], end: int) -> int:
    at = bisect_left(events, end)
    return events[at - 1] if at else -1
