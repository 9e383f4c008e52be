"""Script lines and positions: which line a position serves, also inside a race."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, TypeAlias

from luf_tui.engine.transitions import context_of
from luf_tui.machine import events as ev
from luf_tui.script.program import Op, Race
from luf_tui.timeline.caches import per_run

if TYPE_CHECKING:
    from luf_tui.timeline.timeline import Timeline

Begins: TypeAlias = "dict[int, list[tuple[int, Op]]]"


def line_at(timeline: Timeline, position: int) -> int:
    """The script line being executed at a position, or 0 before any.

    Inside a race it is the line of whoever moved, and the race's own line for an interrupt.
    """
    number = timeline.item_at(position)
    if number < 0:
        return 0
    if timeline.program.recorded is not None:
        return number + 1
    item = timeline.program.items[number]
    if not isinstance(item, Race):
        return item.span.line
    begun = race_begins(timeline, number).get(timeline.step_info(position).ctx, [])
    at = bisect_left(begun, timeline.event_index_at(position), key=lambda entry: entry[0])
    if not at:
        return item.span.line
    return begun[at - 1][1].span.line


def to_line(timeline: Timeline, line: int) -> int:
    """The position at which the run first reached a script line, or -1."""
    if timeline.program.recorded is not None:
        known = 1 <= line <= len(timeline.program.items)
        return timeline.item_position(line - 1) if known else -1
    found = [
        timeline.item_position(number)
        for number, item in enumerate(timeline.program.items)
        if item.span.line == line and timeline.item_position(number) >= 0
    ]
    for number, item in enumerate(timeline.program.items):
        if isinstance(item, Race) and item.span.line < line:
            found += [
                timeline.step_of_event(event)
                for begun in race_begins(timeline, number).values()
                for event, op in begun
                if op.span.line == line
            ]
    return min(found, default=-1)


@per_run
def race_begins(timeline: Timeline, number: int) -> Begins:
    """The BEGIN event of every operation of a race that began, by the context it ran in."""
    race = timeline.program.items[number]
    steps = timeline.item_steps(number)
    if not isinstance(race, Race) or not steps:
        return {}
    first, end = timeline.events_of(steps[0]).start, timeline.event_index_at(steps[-1])
    begins = timeline.index.by_kind[ev.BEGIN]
    inside = begins[bisect_left(begins, first) : bisect_left(begins, end)]
    found: Begins = {}
    for branch in race.branches:
        ctx = context_of(timeline.machine, branch).index
        ops = branch.begins
        events = [event for event in inside if timeline.events.argument(event, ev.BEGIN.ctx) == ctx]
        numbered = [(event, timeline.events.argument(event, ev.BEGIN.nth)) for event in events]
        found[ctx] = [(event, ops[nth - 1]) for event, nth in numbered if nth]
    return found
