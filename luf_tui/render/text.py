"""Plain lines: `--plain`."""

from __future__ import annotations

from luf_tui.timeline.timeline import Timeline
from luf_tui.view.compose import screen
from luf_tui.view.state import OPENED, ViewState


def lines(timeline: Timeline, width: int, height: int, state: ViewState = OPENED) -> list[str]:
    """The screen at the timeline's position, without colour."""
    rows = screen(timeline, width, height, state)
    return ["".join(mark.text for mark in row).rstrip() for row in rows]
