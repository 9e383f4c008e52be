"""How much room the panes of a run fill: of the whole run, so that nothing moves as one walks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeAlias

from attrs import frozen

from luf_tui.timeline.caches import per_run
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.bands import Rows
from luf_tui.view.panes import (
    bars,
    frames,
    free_lists,
    lanes,
    ledger,
    microsteps,
    pagetables,
    script,
    tlbs,
)

Asked: TypeAlias = "Callable[[Timeline, int], int]"

FILLS: dict[str, Asked] = {
    "tlbs": tlbs.rows_wanted,
    "pagetables": pagetables.rows_wanted,
    "lists": free_lists.rows_wanted,
    "frames": frames.rows_wanted,
    "ledger": ledger.rows_wanted,
}
"""Rows that a pane fills in a number of columns at most, by its name."""
RECORDED_COLUMNS = 60
"""Columns for the lines of a recording, which are of one kind."""
USUAL = {"tlbs": 6, "pagetables": 7, "lists": 6, "frames": 5, "ledger": 6, "lanes": 7}
"""The same of a small scenario, where no run is known."""


def _short(columns: int) -> int:
    return 1


@frozen
class Wants:
    """What the panes of a screen want."""

    rows: Rows
    """Rows of a pane in a number of columns; 0 for one that has nothing to show."""
    script: int
    """Columns in which no line or micro-step of the script is cut."""
    spoken: Callable[[int], int] = _short
    """Rows in which no narration of a note is cut, in a number of columns."""


USUALLY = Wants(lambda pane, columns: USUAL.get(pane, 6), 56)
"""Where no run is known."""


def of_run(timeline: Timeline, beside: Timeline | None = None) -> Wants:
    """What the panes of a run want; `beside` is one whose lanes are shown too."""

    def rows(pane: str, columns: int) -> int:
        if pane == "lanes":
            return lanes.rows_wanted(timeline, beside, columns)
        return _rows(timeline, pane, columns) if pane in FILLS else USUALLY.rows(pane, columns)

    return Wants(rows, _script(timeline), partial(bars.rows_wanted, timeline))


@per_run
def _rows(timeline: Timeline, pane: str, columns: int) -> int:
    return FILLS[pane](timeline, columns)


@per_run
def _script(timeline: Timeline) -> int:
    if timeline.program.recorded is not None:
        return RECORDED_COLUMNS
    return max(script.columns_wanted(timeline), microsteps.columns_wanted(timeline))
