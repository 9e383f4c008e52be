"""Plain lines: `--plain`."""

from __future__ import annotations

from luf_tui.timeline.timeline import Timeline
from luf_tui.view.compose import screen


def lines(timeline: Timeline, width: int, height: int) -> list[str]:
    """The screen at the timeline's position, without colour."""
    rows = screen(timeline, width, height)
    return ["".join(mark.text for mark in row).rstrip() for row in rows]
