"""Which panes there are, and where they go on a screen of a given size."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from luf_tui.timeline.timeline import Timeline
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
)
from luf_tui.view.state import Placement, ViewState

Builder: TypeAlias = "Callable[[Timeline, ViewState, int, int], Pane]"

SMALLEST = (60, 20)
"""Below this, only a message."""
GROUPS = ("tlbs", "pagetables", "lists", "frames", "ledger", "lanes", "events")
"""Panes that take turns where there is room for one of them beside the script."""
FIRST = GROUPS[0]
"""The one that is shown before another is chosen."""

MAP = "map"
"""The pane that has the whole screen, and is on it when it is asked for."""


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
    "strip": bars.strip,
    "narration": bars.narration,
    "too-small": _too_small,
}
"""Every pane's builder, by name."""


def arrange(width: int, height: int, group: str = FIRST) -> tuple[Placement, ...]:
    """Where the panes go. `group` is the one shown where only one of GROUPS fits."""
    if width < SMALLEST[0] or height < SMALLEST[1]:
        return (Placement("too-small", 0, 0, width, height),)
    spoken = 2
    bottom = height - 1 - spoken
    places = [
        Placement("header", 0, 0, width, 1),
        Placement("strip", 0, bottom, width, 1),
        Placement("narration", 0, bottom + 1, width, spoken),
    ]
    body = bottom - 1
    if group == MAP:
        return (*places, Placement(MAP, 0, 1, width, body))
    if width >= 140 and height >= 44:
        return (*places, *_wide(width, body))
    if width >= 110 and height >= 34:
        return (*places, *_normal(width, body))
    if width >= 100:
        return (*places, *_flat(width, body, group))
    return (*places, *_narrow(width, body, group))


def _wide(width: int, body: int) -> list[Placement]:
    """Everything at once, the lanes over the whole width."""
    left = max(52, width * 32 // 100)
    right = width - left
    low = max(14, body // 4)
    body -= low
    told = max(9, body // 4)
    first, second, third = body * 25 // 100, body * 27 // 100, body * 24 // 100
    half = right // 2
    fourth = body - first - second - third
    y = 1
    return [
        Placement("script", 0, y, left, body - told),
        Placement("events", 0, y + body - told, left, told),
        Placement("tlbs", left, y, right, first),
        Placement("pagetables", left, y + first, right, second),
        Placement("lists", left, y + first + second, right, third),
        Placement("frames", left, y + body - fourth, right - half, fourth),
        Placement("ledger", left + right - half, y + body - fourth, half, fourth),
        Placement("lanes", 0, y + body, width, low),
    ]


def _normal(width: int, body: int) -> list[Placement]:
    """Script on the left; TLBs, page tables, lists and the ledger on the right; lanes below."""
    left = width * 40 // 100
    right = width - left
    low = 10
    body -= low
    first, second, third = body * 26 // 100, body * 28 // 100, body * 22 // 100
    fourth = body - first - second - third
    half = right // 2
    y = 1
    return [
        Placement("script", 0, y, left, body),
        Placement("tlbs", left, y, right, first),
        Placement("pagetables", left, y + first, right, second),
        Placement("lists", left, y + first + second, right, third),
        Placement("frames", left, y + body - fourth, right - half, fourth),
        Placement("ledger", left + right - half, y + body - fourth, half, fourth),
        Placement("lanes", 0, y + body, width, low),
    ]


def _flat(width: int, body: int, group: str) -> list[Placement]:
    """Wide but low: the script on the left, and one pane of the group on the right."""
    left = width * 45 // 100
    shown = group if group in GROUPS else FIRST
    return [
        Placement("script", 0, 1, left, body),
        Placement(shown, left, 1, width - left, body),
    ]


def _narrow(width: int, body: int, group: str) -> list[Placement]:
    """The script above, and one pane of the group below."""
    above = max(6, body * 45 // 100)
    shown = group if group in GROUPS else FIRST
    return [
        Placement("script", 0, 1, width, above),
        Placement(shown, 0, 1 + above, width, body - above),
    ]
