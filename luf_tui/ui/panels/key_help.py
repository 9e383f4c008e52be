"""The help screen: what the keys do and what the glyphs mean, from their tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from luf_tui.machine.refs import Ref
from luf_tui.ui.panels.panel import ACTION, DIM, HEADING, KEY, TextPanel
from luf_tui.view.legend import legend
from luf_tui.view.marks import Mark, Row

Group: TypeAlias = "tuple[str, Sequence[tuple[str, str, str]]]"
"""A heading, and actions under it: their keys, what they do, and their names."""

ABOUT = (
    "A recorded run is walked in both directions: ← and → make a micro-step,",
    "with shift they go to the next event, ↑ and ↓ go by script lines.",
    "The mouse does it all too: click the strip, a script line, its gutter,",
    "a glyph, a hint or a line of this help; the wheel scrolls, or steps.",
)


class HelpPanel(TextPanel):
    """All keys, and what the glyphs mean."""

    name = "help"
    width = 80

    def __init__(self, groups: Sequence[Group]) -> None:
        """`groups` are the actions of the screen."""
        super().__init__("help", help_rows(groups))


def help_rows(groups: Sequence[Group]) -> list[Row]:
    """The rows of the help screen for a screen of the app."""
    rows: list[Row] = [(Mark(line, DIM),) for line in ABOUT]
    wide = max(len(keys) for _, lines in groups for keys, _, _ in lines) + 2
    for heading, lines in groups:
        rows += [(), (Mark(heading, HEADING),)]
        rows += [
            (
                Mark(f"  {keys:<{wide}}", KEY, Ref(ACTION, 0, name)),
                Mark(description, "text", Ref(ACTION, 0, name)),
            )
            for keys, description, name in lines
        ]
    rows += [(), (Mark("Glyphs", HEADING),)]
    rows += [(Mark("  "), *row) for row in legend()]
    rows += [
        (),
        (Mark("ctrl+p opens the palette: every action by name.", DIM),),
        (Mark("Costs in nanoseconds are parameters of the model, never measurements.", DIM),),
    ]
    return rows
