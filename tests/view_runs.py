"""Recorded scenarios to look at, and places in them worth a look."""

from __future__ import annotations

from functools import cache

from luf_tui import library
from luf_tui.machine import events as ev
from luf_tui.script.parse import load
from luf_tui.timeline.recorder import record
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.columns import length
from luf_tui.view.marks import Pane, Row, clean
from luf_tui.view.screen import PANES, arranged
from luf_tui.view.state import ViewState

SIZES = ((160, 50), (120, 40), (120, 30), (80, 24), (60, 20), (59, 19))
NAMES = (
    "tour/flush-before-reuse",
    "hazards/flush-before-reuse-off",
    "allocator/merge-keeps-the-debt",
    "races/two-takers",
    "tiering/model-weights",
)


@cache
def run(name: str) -> Timeline:
    """A shipped scenario, played once for all tests."""
    return record(load(str(library.locate(name))))


def first(timeline: Timeline, kind: int) -> int:
    """The position of the first event of a kind."""
    return timeline.step_of_event(timeline.index.by_kind[kind][0])


def places(timeline: Timeline) -> dict[str, int]:
    """Positions by what happens there: the start, the end, and the first of each telling event."""
    kinds = {"deferred": ev.DEFER, "paid": ev.PAY, "stale": ev.STALE, "violation": ev.VIOLATION}
    found = {word: first(timeline, k) for word, k in kinds.items() if timeline.index.by_kind[k]}
    return {"start": 0, **found, "end": timeline.steps}


def panes(
    timeline: Timeline, width: int, height: int, state: ViewState | None = None
) -> list[Pane]:
    """Every pane of a screen at the timeline's position."""
    chosen = state or ViewState()
    return [
        PANES[place.pane](timeline, chosen, place.width - 4, place.height - 2)
        if place.height >= 3
        else PANES[place.pane](timeline, chosen, place.width, place.height)
        for place in arranged(timeline, chosen, width, height)
    ]


def text(row: Row) -> str:
    """A row without its roles."""
    return "".join(mark.text for mark in row)


def pane_text(pane: Pane) -> str:
    """A pane as text; marks of a telling role are followed by it in braces."""
    rows = ["".join(mark.text for mark in pane.title)]
    for number, row in enumerate(pane.rows):
        said = "".join(
            clean(mark.text) + ("" if mark.ink in ("text", "dim") else f"{{{mark.ink}}}")
            for mark in row
        )
        rows.append(("> " if number == pane.current else "  ") + said if length(row) else "")
    return "\n".join(row.rstrip() for row in rows) + "\n"
