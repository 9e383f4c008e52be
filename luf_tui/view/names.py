"""Short names of things, and the roles they are shown in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from luf_tui.machine.events import FILL
from luf_tui.machine.machine import Machine
from luf_tui.machine.schema import (
    ANON,
    BUDDY_TAIL,
    FILE,
    FREE_BUDDY,
    FREE_PCP,
    KERNEL,
    TABLE,
    TAKEN,
    Pte,
    TlbEntry,
)
from luf_tui.policy.base import OWED, PAYING, SAVED
from luf_tui.timeline.ask.debt_states import in_debt
from luf_tui.timeline.ask.diff import changed_records
from luf_tui.timeline.caches import per_position, per_run
from luf_tui.timeline.open_debts import PAID, OpenDebt
from luf_tui.view.changes import stale_at
from luf_tui.view.columns import cells
from luf_tui.view.marks import Row, clean

if TYPE_CHECKING:
    from luf_tui.timeline.timeline import Timeline


FEW_CPUS = 6
"""Up to so many CPUs, also those that do nothing have a place of their own."""


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


def cpus(mask: int, *, short: bool = False) -> str:
    """`cpu1 cpu2` for a mask, or `cpu1,2`; their number when there are many."""
    numbers = [n for n in range(mask.bit_length()) if mask >> n & 1]
    if len(numbers) > 4:
        return f"{len(numbers)} cpus"
    if short and numbers:
        return "cpu" + ",".join(str(n) for n in numbers)
    return " ".join(f"cpu{n}" for n in numbers) or "nobody"


SIGNS = {
    OWED: ("◆", "pending"),
    PAYING: ("▲", "flushed"),
    SAVED: ("△", "saved"),
    PAID: ("▲", "flushed"),
}
"""The glyph and the role of a debt, by its state."""


def debt_sign(debt: OpenDebt) -> tuple[str, str]:
    """The glyph and the role of a debt now."""
    return SIGNS[debt.state]


def debt_tag(debt: OpenDebt) -> str:
    """`◆1`, `◆g2`: the sign of a debt and its key or its zone's generation, which ties its places
    together.
    """
    named = f"g{debt.generation}" if debt.generation and not debt.key else debt.key or ""
    return f"{SIGNS[debt.state][0]}{named}"


FRAME_GLYPHS = {
    ANON: ("█", "used"),
    FILE: ("▓", "file"),
    KERNEL: ("▒", "kernel"),
    TABLE: ("▤", "kernel"),
    TAKEN: ("□", "text"),
    FREE_PCP: ("░", "free"),
    FREE_BUDDY: ("░", "free"),
    BUDDY_TAIL: ("░", "free"),
}


def frame(timeline: Timeline, pfn: int) -> tuple[str, str]:
    """The glyph and the role of a frame now."""
    debt = in_debt(timeline).get(pfn)
    if debt is not None:
        return debt_sign(debt)
    return FRAME_GLYPHS.get(timeline.machine.frame[pfn].state, ("·", "dim"))


@per_position
def touched(timeline: Timeline) -> frozenset[tuple[str, int]]:
    """The records, as (region, index), that the last micro-step changed."""
    return changed_records(timeline, timeline.position) if timeline.position else frozenset()


def stale_entries(timeline: Timeline) -> frozenset[int]:
    """The TLB entries, by index, that the page tables disagree with and that can be used now."""
    found = stale_at(timeline, timeline.position)
    return frozenset(index for index, usable in found.items() if usable)


@per_position
def stale_frames(timeline: Timeline) -> frozenset[int]:
    """The frames that usable stale entries lead to now."""
    tlb = timeline.machine.tlb
    frames = (tlb[index].frame for index in stale_entries(timeline))
    return frozenset(frame.pfn for frame in frames if frame)


LIT = ("violation", "changed", "danger", "stale", "flushed", "pending")
"""Roles that a pane too long for its place scrolls to, the most urgent first."""


def first_lit(rows: Sequence[Row]) -> int | None:
    """The first row with something to look at, None where all is as it was."""
    found: dict[str, int] = {}
    for number, row in enumerate(rows):
        for mark in row:
            found.setdefault("changed" if mark.changed else mark.role, number)
    return next((found[role] for role in LIT if role in found), None)


def in_sight(rows: Sequence[Row], height: int) -> tuple[int | None, int | None]:
    """The row that a pane of so many rows keeps in sight, and one above that it keeps, too: the
    first that is lit and, as far as there is room, all that changed; none if the top does.
    """
    first = first_lit(rows)
    if first is None or len(rows) <= height:
        return None, None
    lit = [n for n, row in enumerate(rows) if any(mark.changed for mark in row)]
    last = max((n for n in lit if 0 <= n - first < height), default=first)
    return (last, first) if last >= height else (None, None)


WIDEST_PAGE, WIDEST_CONTENT = 12, 14
"""Cells that names of pages and of contents get at most when columns are laid out."""


@per_run
def page_width(timeline: Timeline) -> int:
    """Cells that names of virtual pages take in this run, so that columns stay where they are."""
    said = [cells(clean(name)) for p in timeline.config.processes for name in p.pages]
    return min(WIDEST_PAGE, max((4, *said)))


@per_run
def cached_width(timeline: Timeline) -> int:
    """The same for the pages that some TLB caches at some time of the run."""
    events, fills = timeline.events, timeline.index.by_kind[FILL]
    pages = {(events.argument(n, FILL.mm), events.argument(n, FILL.vpn)) for n in fills}
    said = [cells(page(timeline.machine, mm, vpn)) for mm, vpn in pages]
    return min(WIDEST_PAGE, max((4, *said)))


@per_run
def content_width(timeline: Timeline) -> int:
    """The same for names of contents."""
    said = [cells(clean(name)) for name in timeline.config.contents]
    return min(WIDEST_CONTENT, max((4, *said)))
