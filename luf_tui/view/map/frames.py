"""The middle of the map: frames by node, those that something leads to or that owe among them."""

from __future__ import annotations

from collections.abc import Collection
from itertools import chain

from attrs import frozen

from luf_tui.machine.events import KINDS
from luf_tui.machine.refs import Ref
from luf_tui.machine.schema import (
    ANON,
    BUDDY_TAIL,
    FILE,
    FREE_BUDDY,
    FREE_PCP,
    FREE_STATES,
    KERNEL,
    TABLE,
    TAKEN,
)
from luf_tui.policy.base import SAVED
from luf_tui.timeline.ask.debt_states import debts, in_debt
from luf_tui.timeline.caches import per_run
from luf_tui.timeline.timeline import Timeline
from luf_tui.view import names
from luf_tui.view.changes import changed, debt_moved, gutter, lit
from luf_tui.view.columns import length, pad
from luf_tui.view.framemap import frame_map
from luf_tui.view.marks import Mark, Row, clean
from luf_tui.view.panes.frames import SHOWN

WORDS = {
    FREE_PCP: "free, pcp list", FREE_BUDDY: "free", BUDDY_TAIL: "free", TAKEN: "taken",
    ANON: "anonymous", FILE: "of a file", KERNEL: "of the kernel", TABLE: "a page table",
}  # fmt: skip
"""Who has a frame."""


@frozen
class Box:
    """The frames of one node that are shown, and how many are not."""

    name: str
    shown: tuple[int, ...]
    rest: str

    @property
    def height(self) -> int:
        """Rows it takes, its frame included."""
        return len(self.shown) + 2 + bool(self.rest)


def boxes(timeline: Timeline, led_to: Collection[int], rows: int) -> list[Box]:
    """A box a node, in so many rows: frames that are led to, owe or changed; and in a small machine
    those of which that is true at some time of the run, so that they stay where they are.
    """
    config = timeline.config
    nodes = len(config.nodes)
    room = rows - 3 * nodes
    urgent = _urgent(timeline, led_to)
    chosen = set(urgent[: max(0, room)])
    ever = _of_interest(timeline)
    if len(chosen | ever) <= room:
        chosen |= ever
    found = []
    for number, node in enumerate(config.nodes):
        first = config.first_frame(number)
        own = range(first, first + node.frames)
        shown = tuple(pfn for pfn in sorted(chosen) if pfn in own)
        found.append(Box(clean(node.name), shown, _rest(timeline, own, shown)))
    if config.frames in chosen:
        found.append(Box("zero page", (config.frames,), ""))
    return found


def _urgent(timeline: Timeline, led_to: Collection[int]) -> list[int]:
    """Frames to show now, what owes or changed before what is only led to."""
    moved = sorted(index for region, index in names.touched(timeline) if region == "frame")
    stale = sorted(names.stale_frames(timeline))
    owed = sorted(in_debt(timeline))
    return list(dict.fromkeys(chain(moved, owed, stale, sorted(led_to))))


@per_run
def _of_interest(timeline: Timeline) -> frozenset[int]:
    """Frames that some event of the run is about."""
    events = timeline.events
    return frozenset(
        events.argument(number, kind.pfn)
        for kind in KINDS
        if "pfn" in kind.args
        for number in timeline.index.by_kind[kind]
    )


def _rest(timeline: Timeline, own: range, shown: Collection[int]) -> str:
    """What the frames of a node are that are not shown: `4 free, 1 in use`."""
    used = frame_map(timeline).used(own.start, own.stop)
    known = sum(timeline.machine.frame[pfn].state not in FREE_STATES for pfn in shown)
    in_use = used - known
    free = len(own) - len(shown) - in_use
    told = [f"{count} {word}" for count, word in ((free, "free"), (in_use, "in use")) if count]
    return f"{', '.join(told)}{' more' if shown else ''}" if told else ""


def row(timeline: Timeline, pfn: int) -> Row:
    """A frame: who has it, its bytes, and what it owes."""
    m = timeline.machine
    frame, ref = m.frame[pfn], Ref("frame", pfn)
    glyph, role = names.frame(timeline, pfn)
    moved = changed(timeline, "frame", pfn, SHOWN) or pfn in debt_moved(timeline)
    untouched = frame.state in FREE_STATES and not frame.content
    what = "" if untouched else names.content(m, frame.content)
    name = f"f{pfn}" if pfn < m.config.frames else "zero"
    wide = names.content_width(timeline)
    told = (
        Mark(f"{glyph} ", role, ref),
        Mark(pad(name, _name_width(timeline)), role if glyph in "◆▲" else "text", ref),
        Mark(f"{pad(what, wide)} ", "text" if what else "dim", ref),
        _owed(timeline, pfn, ref) or Mark(WORDS.get(frame.state, ""), "dim", ref),
    )
    return gutter(lit(told, when=moved))


NOTE = 14
"""Columns for who has a frame, or what it owes."""


def width(timeline: Timeline) -> int:
    """Columns that frames take in this run, so that they stay where they are."""
    return len("▐◆ ") + _name_width(timeline) + names.content_width(timeline) + 1 + NOTE


def _name_width(timeline: Timeline) -> int:
    """Columns of the name of a frame, and a space."""
    return max(len("zero"), len(f"f{timeline.config.frames}")) + 1


def _owed(timeline: Timeline, pfn: int, ref: Ref) -> Mark | None:
    """The debt of a frame."""
    debt = in_debt(timeline).get(pfn)
    if debt is not None:
        told = f"{names.debt_tag(debt)} {names.cpus(debt.left, short=True)}"
        return Mark(told, names.debt_sign(debt)[1], ref)
    saved = (one for one in debts(timeline) if one.state == SAVED and pfn in one.frames)
    done = next(saved, None)
    return Mark(f"{names.debt_tag(done)} all flushed", "dim", ref) if done else None


def heading(box: Box, width: int) -> Row:
    """The upper edge of a box."""
    name = (Mark("╭ ", "frame"), Mark(box.name, "title"))
    return (*name, Mark(f" {'─' * (width - length(name) - 2)}╮", "frame"))
