"""The events around the position, those of the last micro-step marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import evolve

from luf_tui.machine.events import KINDS
from luf_tui.machine.kind import QUIET
from luf_tui.machine.refs import Ref
from luf_tui.timeline.caches import per_run
from luf_tui.timeline.tell.narrate import most_telling, sentence
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.columns import wrap
from luf_tui.view.glyphs import of_kind
from luf_tui.view.marks import Mark, Pane, Row, clean
from luf_tui.view.state import ViewState

INDENT = 8
"""Cells before the text of an event."""


def build(timeline: Timeline, state: ViewState, width: int, height: int) -> Pane:
    """What happened lately, what happens now, which stays in sight, and a little of what comes."""
    until = timeline.event_index_at(timeline.position)
    log = timeline.events
    shown = [
        number
        for number in range(max(0, until - 4 * height), min(len(log), until + 2 * height))
        if KINDS[log.kind_of(number)].rank < QUIET  # the script pane tells the others
    ]
    now = [number for number in shown if number in timeline.events_of(timeline.position)]
    told = {number: _event(timeline, state.level, width, number) for number in shown}
    telling = most_telling(timeline, now)
    crowded = sum(len(told[number]) for number in now) > height
    if crowded:
        told |= {number: told[number][:1] for number in now if number != telling}
    rows: list[Row] = []
    places: dict[int, range] = {}
    from_step = -1
    for number in shown:
        step = timeline.step_of_event(number)
        role = "title" if number in now else "text" if number < until else "dim"
        head, *more = told[number]
        sign = Mark("▶" if number in now else " ", role, head[0].ref)
        kind = head[2] if role != "dim" else evolve(head[2], role=role)
        at = Mark(
            f"{step if step != from_step or (crowded and number == telling) else '':>4} ",
            "dim",
            sign.ref,
        )
        places[number] = range(len(rows), len(rows) + len(told[number]))
        rows.append((sign, at, kind, *_written(head[3:], role)))
        rows += [_written(row, role) for row in more]
        from_step = step
    lead, current = _kept(places, now or [n for n in shown if n < until][-1:], telling, height)
    return Pane("events", (Mark("events", "title"),), tuple(rows), current, lead)


def _kept(
    places: Mapping[int, range], now: Sequence[int], telling: int, height: int
) -> tuple[int | None, int | None]:
    """The first and the last row to keep in sight: of all that happens now, or where that is too
    much of the most telling of it.
    """
    if not now:
        return (0, 0) if places else (None, None)
    first, last = places[now[0]].start, places[now[-1]].stop - 1
    if last - first >= height and telling in places:
        first, last = places[telling].start, places[telling].stop - 1
    return first, min(last, first + height - 1)


def _written(row: Row, role: str) -> Row:
    return tuple(evolve(mark, role=role) if mark.ref else mark for mark in row)


@per_run
def _event(timeline: Timeline, level: str, width: int, number: int) -> tuple[Row, ...]:
    """One event, wrapped, with room for what stands before it."""
    kind = KINDS[timeline.events.kind_of(number)]
    ref = Ref("step", timeline.step_of_event(number))
    text = clean(sentence(timeline, timeline.events[number], level))
    first, *more = wrap(text, max(8, width - INDENT))
    sign = Mark(f"{of_kind(kind)} ", kind.role or "dim", ref)
    head: Row = (Mark(" ", "text", ref), Mark(" " * 5, "dim", ref), sign, Mark(first, "text", ref))
    return (head, *((Mark(" " * INDENT), Mark(line, "text", ref)) for line in more))
