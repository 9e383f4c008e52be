"""Which panes there are, and where they go on a screen of a given size."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from attrs import evolve

from luf_tui.timeline.caches import per_run
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.bands import FRAME_COLUMNS, FRAME_ROWS, bands, placed
from luf_tui.view.map import picture
from luf_tui.view.marks import Mark, Pane
from luf_tui.view.panes import (
    bars,
    events,
    frames,
    free_lists,
    lanes,
    ledger,
    pagetables,
    script,
    tlbs,
    watches,
)
from luf_tui.view.state import SMALLEST, Placement, ViewState
from luf_tui.view.wants import USUALLY, Wants, of_run

Builder: TypeAlias = "Callable[[Timeline, ViewState, int, int], Pane]"

NARRATION = "narration"
LOW = 23
"""Rows, the hint line apart, below which the narration gets no more than two."""

HIGH = 34
"""Rows from which on everything is shown at once, where it is wide enough."""
MOST_SPOKEN = 4
"""Rows of the narration at most."""
HINTS = 1
"""Rows of a terminal that the app keeps for its hints."""
WATCHES = "watches"
LEAST_SHARED = 18
"""Rows of the script from which on watches stand under it."""
GROUPS = ("tlbs", "pagetables", "lists", "frames", "ledger", "lanes", "events", WATCHES)
"""Panes that take turns where there is room for one of them beside the script."""
LANES = "lanes"
"""The pane that has the time of a run, and of one beside it."""
MAP = "map"
"""The pane that has the whole screen, and is on it when it is asked for."""
TITLES = {
    "script": "script", "tlbs": "TLBs", "pagetables": "page tables", "lists": "free lists",
    "frames": "frames", "ledger": "owed", "lanes": "lanes", "events": "events",
    WATCHES: "watch",
}  # fmt: skip
"""What a pane is called, in its title and wherever else it is named."""


def _too_small(timeline: Timeline, state: ViewState, width: int, height: int) -> Pane:
    need = f"{SMALLEST[0]}x{SMALLEST[1]}"
    rows = ((Mark(f"This terminal is too small: luf-tui needs {need}."),), (Mark("q quits."),))
    return Pane("too-small", (), rows)


PANES: dict[str, Builder] = {
    "header": bars.header,
    "script": script.build,
    "tlbs": tlbs.build,
    "pagetables": pagetables.build,
    "lists": free_lists.build,
    "frames": frames.build,
    "ledger": ledger.build,
    "lanes": lanes.build,
    "events": events.build,
    MAP: picture.build,
    WATCHES: watches.build,
    "strip": bars.strip,
    "narration": bars.narration,
    "too-small": _too_small,
}
"""Every pane's builder, by name."""


def arrange(
    width: int, height: int, group: str = "", wants: Wants = USUALLY
) -> tuple[Placement, ...]:
    """Where the panes go. `group` is the one shown where only one of GROUPS fits; without one, the
    first that has something to show.
    """
    if width < SMALLEST[0] or height < SMALLEST[1] - HINTS:
        return (Placement("too-small", 0, 0, width, height),)
    spoken = _spoken(width, height, wants)
    bottom = height - 1 - spoken
    places = [
        Placement("header", 0, 0, width, 1),
        Placement("strip", 0, bottom, width, 1),
        Placement(NARRATION, 0, bottom + 1, width, spoken),
    ]
    body = bottom - 1
    if group == MAP:
        return (*places, Placement(MAP, 0, 1, width, body))
    if width >= 110 and height >= HIGH:
        return (*places, *_all(width, body, wants))
    known = [name for name in GROUPS if wants.rows(name, width)]
    shown = group if group in GROUPS else (known or GROUPS)[0]
    if width >= 100:
        return (*places, *_flat(width, body, shown))
    return (*places, *_narrow(width, body, shown))


def _spoken(width: int, height: int, wants: Wants) -> int:
    """Rows for a sentence or two and a note: more where they are short, or long ones come."""
    if height < LOW:
        return 2
    usual = 2 if width >= 140 else 3 if width >= 110 else MOST_SPOKEN
    return usual if height < HIGH else max(usual, min(MOST_SPOKEN, wants.spoken(width)))


def arranged(
    timeline: Timeline, state: ViewState, width: int, height: int
) -> tuple[Placement, ...]:
    """Where the panes of a run go: by what they hold in all of it."""
    return _arranged(timeline, width, height, state.group, state.beside)


@per_run(most=32)
def _arranged(
    timeline: Timeline, width: int, height: int, group: str, beside: Timeline | None
) -> tuple[Placement, ...]:
    return arrange(width, height, group, of_run(timeline, beside))


CHOICES: tuple[tuple[tuple[str, ...], ...], ...] = (
    (("tlbs",), ("pagetables",), ("lists",), ("frames",), ("ledger",)),
    (("tlbs", "pagetables"), ("lists",), ("frames",), ("ledger",)),
    (("tlbs",), ("pagetables",), ("lists",), ("frames", "ledger")),
    (("tlbs", "pagetables"), ("lists",), ("frames", "ledger")),
    (("tlbs",), ("pagetables",), ("lists", "ledger"), ("frames",)),
    (("tlbs", "pagetables"), ("lists", "ledger"), ("frames",)),
    (("tlbs",), ("pagetables", "ledger"), ("lists", "frames")),
    (("tlbs", "pagetables"), ("lists", "frames"), ("ledger",)),
)
"""How panes on the right may stand, one to a row or two."""


def _all(width: int, body: int, wants: Wants) -> list[Placement]:
    """Everything at once: script and events on the left, the machine on the right, lanes below."""
    wide = width >= 140
    most = width * (50 if wide else 40) // 100
    left = min(most, max(wants.script + FRAME_COLUMNS, width * (32 if wide else 40) // 100))
    lanes_high = min(wants.rows("lanes", width - FRAME_COLUMNS) + FRAME_ROWS, body * 9 // 20)
    upper = body - lanes_high
    told = max(6, upper * 3 // 10)
    found = bands(CHOICES, wants.rows, width - left, upper)
    return [
        Placement("script", 0, 1, left, upper - told),
        Placement("events", 0, 1 + upper - told, left, told),
        *placed(found, left, 1),
        Placement("lanes", 0, 1 + upper, width, lanes_high),
    ]


def _flat(width: int, body: int, shown: str) -> list[Placement]:
    """Wide but low: the script on the left, and one pane of the group on the right."""
    left = width * 45 // 100
    return [
        Placement("script", 0, 1, left, body),
        Placement(shown, left, 1, width - left, body),
    ]


def _narrow(width: int, body: int, shown: str) -> list[Placement]:
    """The script above, and one pane of the group below."""
    above = max(6, body * 45 // 100)
    return [
        Placement("script", 0, 1, width, above),
        Placement(shown, 0, 1 + above, width, body - above),
    ]


def with_watches(places: tuple[Placement, ...], rows: int) -> tuple[Placement, ...]:
    """The same with the watches under the script, where they have no place yet and there is room:
    as many rows as they fill, up to a third.
    """
    script = next((place for place in places if place.pane == "script"), None)
    shown = any(place.pane == WATCHES for place in places)
    if not rows or shown or script is None or script.height < LEAST_SHARED:
        return places
    tall = min(rows + 2, script.height // 3)
    above = evolve(script, height=script.height - tall)
    below = Placement(WATCHES, script.x, script.y + above.height, script.width, tall)
    return (*(above if place is script else place for place in places), below)
