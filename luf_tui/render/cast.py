"""A recording for asciinema: asciicast v2, a JSON header and one JSON array a line.

The format is described at docs.asciinema.org/manual/asciicast/v2. Nothing in the file depends on
a clock: a screen stays for as long as there is to read on it.
"""

from __future__ import annotations

import json

from luf_tui.render.screen_sequence import Run, before, screens, telling
from luf_tui.timeline.tell.narrate import narrate
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.columns import cells
from luf_tui.view.marks import clean
from luf_tui.view.palette import PALETTES, Ink
from luf_tui.view.state import OPENED, ViewState

QUIET, TOLD, ENDS = 600, 2000, 3000
"""Milliseconds that a screen stays: of an ordinary step, of a telling one, the first and last."""
ATTRIBUTES = {"bold": ";1", "italic": ";3", "underline": ";4", "reverse": ";7"}
"""SGR parameters (ECMA-48); what is dim has a colour of its own, which 2 would dim again."""
START, FINISH = "\x1b[?25l\x1b[2J", "\x1b[0m\x1b[?25h"
"""Hide the cursor and clear; show it again."""


def cast(
    timeline: Timeline, width: int, height: int, theme: str = "dark", state: ViewState = OPENED
) -> str:
    """The run from power-on to the timeline's position, or its last part when it is very long.

    Telling steps are markers, so that a player can jump between them.
    """
    codes = {role: _code(one) for role, one in PALETTES[theme].inks().items()}
    steps = before(timeline)
    told = set(telling(timeline, steps))
    title = clean(timeline.program.title) or "luf-tui"
    lines = [_line({"version": 2, "width": width, "height": height, "title": title})]
    painted: list[list[Run]] = [[]] * height
    now, output = 0, START
    shown = screens(timeline, steps, width, height, state)
    for step, rows in zip(steps, shown, strict=True):
        for number, row in enumerate(rows):
            output += _change(painted[number], row, number, codes)
        painted = rows
        lines.append(_line([now / 1000, "o", output]))
        if step in told:
            lines.append(_line([now / 1000, "m", clean(narrate(timeline, step))]))
        at_end = step in (steps[0], steps[-1])
        now += ENDS if at_end else TOLD if step in told else QUIET
        output = ""
    lines.append(_line([now / 1000, "o", FINISH]))
    return "\n".join(lines) + "\n"


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _change(old: list[Run], new: list[Run], number: int, codes: dict[str, str]) -> str:
    """What turns one row into another: all between the runs at either end that stay."""
    if old == new:
        return ""
    least = min(len(old), len(new))
    first = next((at for at in range(least) if old[at] != new[at]), least)
    same = next((at for at in range(least - first) if old[~at] != new[~at]), least - first)
    column = sum(cells(text) for text, _ in new[:first])
    shown = new[first : len(new) - same]
    text = "".join(codes.get(role, codes["text"]) + text for text, role in shown)
    return f"\x1b[{number + 1};{column + 1}H{text}"


def _code(one: Ink) -> str:
    """The escape sequence that starts a run: nothing is left over from the run before it."""
    attributes = "".join(ATTRIBUTES.get(name, "") for name in one.attributes)
    front, back = _channels(one.colour), _channels(one.ground)
    return f"\x1b[0{attributes};38;2;{front};48;2;{back}m"


def _channels(colour: str) -> str:
    """Red, green and blue, 0 to 255, of `#rrggbb`."""
    return ";".join(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5))
