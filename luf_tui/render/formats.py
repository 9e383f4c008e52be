"""The formats of a run in a file, by the ending of its name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from luf_tui.render.cast import cast
from luf_tui.render.diagram import diagram
from luf_tui.render.html import html
from luf_tui.render.jsonl import jsonl
from luf_tui.render.svg import svg
from luf_tui.render.text import lines
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.state import OPENED, ViewState

Renderer: TypeAlias = "Callable[[Timeline, int, int, str, ViewState], str]"
"""(run, width, height, theme, choices) to the text of the file."""


def _text(timeline: Timeline, width: int, height: int, theme: str, state: ViewState) -> str:
    """The screen as plain lines; they have no colours, so the theme does not matter."""
    return "\n".join(lines(timeline, width, height, state)) + "\n"


FORMATS: Mapping[str, Renderer] = {
    "svg": svg,
    "html": html,
    "cast": cast,
    "txt": _text,
    "jsonl": jsonl,
    "diagram": diagram,
}
"""svg and txt are the screen at the timeline's position, cast, jsonl and diagram the run up to it,
and html every step, opening there."""

PICTURES = frozenset({"svg", "txt"})
"""Formats of one screen: of a stretch there is one each."""

WALKED = frozenset({"html"})
"""Formats that a person walks through: they open at the start unless another step is said."""


def export(
    timeline: Timeline,
    step: int,
    name: str,
    width: int,
    height: int,
    theme: str = "dark",
    state: ViewState = OPENED,
) -> str:
    """A run at a step in one of FORMATS; `state` is what a person would have chosen.

    The cursor is back where it was afterwards. Raises KeyError for a format or theme that does not
    exist, IndexError for such a step.
    """
    with timeline.visit(step):
        return FORMATS[name](timeline, width, height, theme, state)
