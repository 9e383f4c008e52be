"""Short names of things, and the roles they are shown in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from luf_tui.machine.machine import Machine
from luf_tui.machine.schema import (
    ANON,
    BUDDY_TAIL,
    FILE,
    FREE_BUDDY,
    FREE_PCP,
    FREE_STATES,
    KERNEL,
    TAKEN,
    Pte,
    TlbEntry,
)
from luf_tui.timeline.diff import changed_records
from luf_tui.view.marks import clean

if TYPE_CHECKING:
    from luf_tui.timeline.timeline import Timeline


def page(m: Machine, mm: int, vpn: int) -> str:
    """A virtual page: `text.0`."""
    return clean(m.config.page_name(mm, vpn))


def process(m: Machine, mm: int) -> str:
    """An address space."""
    return clean(m.config.processes[mm].name)


def content(m: Machine, code: int) -> str:
    """What a page holds."""
    return clean(m.config.content_name(code))


def rights(entry: Pte | TlbEntry) -> str:
    """`r` read-only, `w` writable, `W` writable and dirty."""
    if entry.writable:
        return "W" if entry.dirty else "w"
    return "r"


def cpus(mask: int) -> str:
    """`cpu1 cpu2` for a mask; ranges when there are many."""
    numbers = [n for n in range(mask.bit_length()) if mask >> n & 1]
    if len(numbers) > 4:
        return f"{len(numbers)} cpus"
    return " ".join(f"cpu{n}" for n in numbers) or "nobody"


FRAME_GLYPHS = {
    ANON: ("█", "used"),
    FILE: ("▓", "file"),
    KERNEL: ("▒", "kernel"),
    TAKEN: ("□", "changed"),
    FREE_PCP: ("░", "free"),
    FREE_BUDDY: ("░", "free"),
    BUDDY_TAIL: ("░", "free"),
}


def frame(timeline: Timeline, pfn: int) -> tuple[str, str]:
    """The glyph and the role of a frame now."""
    m = timeline.machine
    state = m.frame[pfn].state
    if state in FREE_STATES and m.frame[pfn].mark and timeline.policy.owed(m, pfn):
        return "◆", "pending"
    return FRAME_GLYPHS.get(state, ("·", "dim"))


def touched(timeline: Timeline) -> frozenset[tuple[str, int]]:
    """The records, as (region, index), that the last micro-step changed."""
    kept: tuple[int, frozenset[tuple[str, int]]] | None = timeline.memo.get("touched")
    if kept is None or kept[0] != timeline.position:
        found = changed_records(timeline, timeline.position) if timeline.position else frozenset()
        kept = timeline.memo["touched"] = (timeline.position, found)
    return kept[1]
