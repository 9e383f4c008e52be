"""The order of a run as a diagram of a commit message: CPUs in columns, plain ASCII."""

from __future__ import annotations

from luf_tui.errors import LufError
from luf_tui.timeline.tell.interleaving import interleaving
from luf_tui.timeline.tell.story import Story, story
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.race_columns import text
from luf_tui.view.state import OPENED, ViewState

MOST = 20_000
"""Micro-steps that are gone through for one diagram."""


def diagram(
    timeline: Timeline, width: int = 0, height: int = 0, theme: str = "", state: ViewState = OPENED
) -> str:
    """What leads to the timeline's position: of a run in which something is broken by then, only
    the turns that matter. Size, theme and pane do not matter here.

    Raises LufError for more micro-steps than a diagram is made of.
    """
    return text(interleaving(timeline, _checked(story(timeline, timeline.position))))


def diagram_of(timeline: Timeline, first: int, last: int) -> str:
    """Everything that the micro-steps from `first` to `last` do, where it is of a kind that a
    diagram shows. Raises LufError for more micro-steps than a diagram is made of.
    """
    return text(interleaving(timeline, _checked(Story(range(max(1, first), last + 1)))))


def _checked(told: Story) -> Story:
    if len(told.steps) > MOST:
        more = f"{len(told.steps):,} micro-steps are more than a diagram shows"
        raise LufError(f"{more}: say a stretch of at most {MOST:,}, as FILE@A..B")
    return told
