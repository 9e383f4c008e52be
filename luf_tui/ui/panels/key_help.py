"""The help screen: what the keys do and what the glyphs mean, from their tables."""

from __future__ import annotations

from collections.abc import Callable

from luf_tui.machine.refs import Ref
from luf_tui.ui import actions
from luf_tui.ui.panels.panel import ACTION, DIM, HEADING, KEY, TextPanel
from luf_tui.view.legend import legend
from luf_tui.view.marks import Mark, Row

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

    def __init__(self, where: str, close: Callable[[], None]) -> None:
        """`where` is the screen whose actions are listed."""
        super().__init__("help", help_rows(where), close)


def help_rows(where: str) -> list[Row]:
    """The rows of the help screen for a screen of the app."""
    rows: list[Row] = [(Mark(line, DIM),) for line in ABOUT]
    known = list(actions.of(where))
    wide = max(len(action.all_keys) for action in known) + 2
    for group in actions.GROUPS:
        members = [action for action in known if action.group == group]
        if members:
            rows += [(), (Mark(group, HEADING),)]
            rows += [
                (
                    Mark(f"  {action.all_keys:<{wide}}", KEY, Ref(ACTION, 0, action.id)),
                    Mark(action.description, "text", Ref(ACTION, 0, action.id)),
                )
                for action in _folded(members)
            ]
    rows += [(), (Mark("Glyphs", HEADING),)]
    rows += [(Mark("  "), *row) for row in legend()]
    rows += [
        (),
        (Mark("ctrl+p opens the palette: every action by name.", DIM),),
        (Mark("Costs in nanoseconds are parameters of the model, never measurements.", DIM),),
    ]
    return rows


def _folded(members: list[actions.Action]) -> list[actions.Action]:
    """The actions of a group, those of the nine pane keys as one."""
    panes = [action for action in members if action.id.startswith("pane-")]
    if not panes:
        return members
    first = members.index(panes[0])
    one = actions.Action(
        "pane-1", (f"{panes[0].key}–{panes[-1].key}",), "pane", "To the pane of that number",
        panes[0].group, "",
    )  # fmt: skip
    return [*members[:first], one, *members[first + len(panes) :]]
