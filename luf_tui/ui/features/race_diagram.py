"""The diagram of a commit message for the run that is shown: looked at, walked, copied."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from luf_tui.timeline.tell.interleaving import BROKEN, interleaving
from luf_tui.timeline.tell.story import Story, story
from luf_tui.timeline.timeline import Timeline
from luf_tui.ui.panels.intents import Do, Go, Intent
from luf_tui.ui.panels.panel import Item, ListPanel
from luf_tui.ui.session import Reply
from luf_tui.view.marks import Mark
from luf_tui.view.race_columns import WIDTH, DrawnRow, diagram

if TYPE_CHECKING:
    from luf_tui.ui.screens.run_screen import RunScreen

MOST = 2_000
"""Micro-steps that are drawn at once: of a longer run those before the present place."""
FRAME = 6
"""Cells of a panel that are no text of it."""


def begin(screen: RunScreen) -> None:
    """Show the diagram."""
    screen.navigation.pause()
    session = screen.session
    screen.open(DiagramPanel(session.timeline, session.position))


def told_at(timeline: Timeline, position: int) -> Story:
    """What is drawn: the story of the whole run; of a long one, what is behind the position."""
    whole = story(timeline, timeline.steps)
    if len(whole.steps) <= MOST:
        return whole
    last = max(position, whole.steps.start)
    return Story(range(max(whole.steps.start, last - MOST), last + 1), whole.finding)


class DiagramPanel(ListPanel):
    """Who did what in which order; Enter goes to the micro-step of a line, y copies it all."""

    name = "diagram"
    width = WIDTH + FRAME

    def __init__(self, timeline: Timeline, position: int) -> None:
        told = told_at(timeline, position)
        self.rows = diagram(interleaving(timeline, told))
        broken = " · what is broken, and what led to it" if told.finding else ""
        super().__init__(
            f"diagram{broken}",
            [_item(row) for row in self.rows],
            hint="⏎ go there   y copy   esc close",
            empty="nothing of what a diagram shows has happened",
            cursor=_row_at(self.rows, position),
        )

    def key(self, key: str, character: str | None) -> Intent | None:
        """Copy; everything else is as in a list."""
        if character == "y":
            return Do(partial(_copy, rows=tuple(self.rows)))
        return super().key(key, character)


def _row_at(rows: Sequence[DrawnRow], position: int) -> int:
    """The row to open at: the last one that the position is behind, or the one of its micro-step
    that says what is broken.
    """
    behind = [number for number, row in enumerate(rows) if 0 < row.step <= position]
    last = rows[behind[-1]].step if behind else 0
    broken = [n for n in behind if rows[n].step == last and rows[n].what == BROKEN]
    return next(iter(broken or behind[-1:]), 0)


def _item(row: DrawnRow) -> Item:
    role = "violation" if row.what == BROKEN else "text" if row.step else "heading"
    lead = len(row.text) - len(row.text.lstrip())
    marks = (Mark(row.text[:lead]), Mark(row.text[lead:], role))
    return Item(marks, value=row, heading=not row.step, choose=Go(row.step))


def _copy(screen: RunScreen, rows: tuple[DrawnRow, ...]) -> Reply:
    screen.app.copy_to_clipboard("".join(f"{row.text}\n" for row in rows))
    return Reply(f"copied the diagram, {len(rows)} lines")
