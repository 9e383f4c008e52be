"""A stretch of the run, screen by screen, for the formats that move."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import TypeAlias

from luf_tui.timeline.timeline import Timeline
from luf_tui.view.compose import screen
from luf_tui.view.glyphs import SHOWN
from luf_tui.view.marks import Row
from luf_tui.view.state import OPENED, ViewState

MOST = 2000
"""Screens in one file: a browser and a player stay quick with so many."""

Run: TypeAlias = "tuple[str, str]"
"""Text and its role."""


def runs(row: Row) -> list[Run]:
    """A row with neighbours of one role in one piece."""
    found: list[Run] = []
    for mark in row:
        if found and found[-1][1] == mark.role:
            found[-1] = (found[-1][0] + mark.text, mark.role)
        elif mark.text:
            found.append((mark.text, mark.role))
    return found


def marked(
    timeline: Timeline, steps: range, width: int, height: int, state: ViewState = OPENED
) -> Iterator[list[Row]]:
    """The screen at each of these positions. The cursor is back where it was afterwards."""
    with timeline.visit(timeline.position):
        for step in steps:
            timeline.seek(step)
            yield screen(timeline, width, height, state)


def screens(
    timeline: Timeline, steps: range, width: int, height: int, state: ViewState = OPENED
) -> Iterator[list[list[Run]]]:
    """The same with neighbours of one role in one piece."""
    for shown in marked(timeline, steps, width, height, state):
        yield [runs(row) for row in shown]


def around(timeline: Timeline, most: int = MOST) -> range:
    """All positions, or as many as are allowed with the cursor in the middle."""
    first = max(0, min(timeline.position - most // 2, timeline.steps + 1 - most))
    return range(first, min(timeline.steps + 1, first + most))


def before(timeline: Timeline, most: int = MOST) -> range:
    """The positions up to the cursor's, as far back as is allowed."""
    end = timeline.position + 1
    return range(max(0, end - most), end)


def telling(timeline: Timeline, steps: range) -> list[int]:
    """The positions among these with an event that the strip shows, in order."""
    first = timeline.events_of(steps.start).start
    end = timeline.event_index_at(steps.stop - 1)
    found: set[int] = set()
    for kind in SHOWN:
        events = timeline.index.by_kind[kind]
        for event in events[bisect_left(events, first) : bisect_left(events, end)]:
            found.add(timeline.step_of_event(event))
    return sorted(found)
