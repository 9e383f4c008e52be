"""What happened to things before the position: looked up in tables made once a run."""

from __future__ import annotations

from bisect import bisect_left
from typing import TypeAlias

from luf_tui.machine.events import DEFER, UNMAP
from luf_tui.timeline.caches import per_run
from luf_tui.timeline.timeline import Timeline

Table: TypeAlias = "dict[tuple[int, ...], list[int]]"


@per_run
def _table(timeline: Timeline, kind: int, arguments: tuple[int, ...]) -> Table:
    """Events of a kind by some of their arguments, in the order they came."""
    table: Table = {}
    columns = [timeline.events.args[n] for n in arguments]
    for event in timeline.index.by_kind[kind]:
        table.setdefault(tuple(column[event] for column in columns), []).append(event)
    return table


def _last(
    timeline: Timeline, kind: int, arguments: tuple[int, ...], values: tuple[int, ...]
) -> int:
    """The last event of a kind with these arguments up to the position, or -1."""
    found = _table(timeline, kind, arguments).get(values, ())
    at = bisect_left(found, timeline.event_index_at(timeline.position))
    return found[at - 1] if at else -1


def frame_of_page(timeline: Timeline, mm: int, vpn: int) -> int:
    """The frame that the last clearing of a page's PTE took away, -1 if it never had one."""
    event = _last(timeline, UNMAP, (UNMAP.mm, UNMAP.vpn), (mm, vpn))
    return timeline.events.argument(event, UNMAP.pfn) if event >= 0 else -1


def page_of_frame(timeline: Timeline, pfn: int) -> tuple[int, int] | None:
    """The address space and page that a frame was last unmapped from."""
    event = _last(timeline, UNMAP, (UNMAP.pfn,), (pfn,))
    if event < 0:
        return None
    argument = timeline.events.argument
    return argument(event, UNMAP.mm), argument(event, UNMAP.vpn)


def deferred(timeline: Timeline, pfn: int) -> int:
    """The micro-step in which a frame's flush was last put off, -1 if it never was."""
    event = _last(timeline, DEFER, (DEFER.pfn,), (pfn,))
    return timeline.step_of_event(event) if event >= 0 else -1
