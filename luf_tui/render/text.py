"""Plain lines: `--plain`."""

from __future__ import annotations

from luf_tui.render.compose import screen
from luf_tui.timeline.timeline import Timeline


def lines(timeline: Timeline, width: int, height: int) -> list[str]:
    """The screen at the timeline's position, without colour."""
    rows = screen(timeline, width, height)
    return ["".join(text for text, _ in row).rstrip() for row in rows]
