"""The events around the position, those of the last micro-step marked."""

from __future__ import annotations

from luf_tui.machine.events import KINDS
from luf_tui.machine.kind import QUIET
from luf_tui.machine.refs import Ref
from luf_tui.timeline.caches import per_run
from luf_tui.timeline.tell.narrate import sentence
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.columns import wrap
from luf_tui.view.glyphs import of_kind
from luf_tui.view.marks import Mark, Pane, Row, clean
from luf_tui.view.state import ViewState

INDENT = 8
"""Cells before the text of an event."""


def build(timeline: Timeline, state: ViewState, width: int, height: int) -> Pane:
    """What happened lately, what happens now in full, and a little of what comes."""
    until = timeline.event_index_at(timeline.position)
    log = timeline.events
    now = timeline.events_of(timeline.position)
    rows: list[Row] = []
    current, from_step = 0, -1
    for number in range(max(0, until - 4 * height), min(len(log), until + 2 * height)):
        if KINDS[log.kind_of(number)].rank >= QUIET:  # the script pane tells those
            continue
        step = timeline.step_of_event(number)
        role = "title" if number in now else "text" if number < until else "dim"
        rows += _event(timeline, state.level, width, number, role, first=step != from_step)
        from_step = step
        if number < until:
            current = len(rows) - 1
    return Pane("events", (Mark("events", "title"),), tuple(rows), current if rows else None)


@per_run
def _event(
    timeline: Timeline, level: str, width: int, number: int, role: str, *, first: bool
) -> tuple[Row, ...]:
    """One event, its step where it is the first of it."""
    step = timeline.step_of_event(number)
    kind = KINDS[timeline.events.kind_of(number)]
    ref = Ref("step", step)
    text = clean(sentence(timeline, timeline.events[number], level))
    lines = wrap(text, max(8, width - INDENT)) if role == "title" else [text]
    rows: list[Row] = [
        (
            Mark("▶" if role == "title" else " ", role, ref),
            Mark(f"{step if first else '':>4} ", "dim", ref),
            Mark(f"{of_kind(kind)} ", "dim" if role == "dim" else kind.role or "dim", ref),
            Mark(lines[0], role, ref),
        )
    ]
    rows += [(Mark(" " * INDENT), Mark(line, role, ref)) for line in lines[1:]]
    return tuple(rows)
