"""The time axis of the lanes: how many nanoseconds a column is, and what each column shows."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from itertools import count, takewhile

from attrs import frozen

from luf_tui.machine import events as ev
from luf_tui.timeline.ask.model_time import MARKED, Lane, Stretches, model_time
from luf_tui.timeline.ask.prices import INTERRUPT, WAIT, WORK
from luf_tui.timeline.caches import per_run
from luf_tui.timeline.timeline import Timeline

FINEST = 10
"""Nanoseconds a column is at least."""
FITTING, ZOOMED = (1, 2, 3, 4, 5, 6, 8), (1, 2, 5)
"""What a column may be where it is to fit, and the steps in which one zooms."""
GLYPHS = {WORK: ("━", "text"), INTERRUPT: ("▼", "ipi"), WAIT: ("⋯", "accent")}
"""What a CPU does, as a glyph and its role."""
IDLE = ("·", "dim")
TELLING = (INTERRUPT, WAIT, WORK)
"""What is shown of uses that take equally much of a column, first."""
SIGNS = {
    ev.VIOLATION: ("✖", "violation"), ev.DEVIATION: ("◇", "deviation"), ev.PAY: ("▲", "flushed"),
    ev.DEFER: ("◆", "pending"), ev.STALE: ("○", "benign"),
}  # fmt: skip
"""What happens at a moment, as a glyph and its role."""


@frozen
class Axis:
    """The part of the time axis that is shown."""

    per: int
    """Nanoseconds a column is."""
    first: int
    """The number of the first column shown."""
    columns: int
    """How many are shown."""

    def column(self, moment: int) -> int:
        """The column shown of a moment; outside 0 to `columns` - 1 where it is not shown."""
        return moment // self.per - self.first

    def label(self, column: int) -> str:
        """The moment at which a column begins."""
        return duration((self.first + column) * self.per)


@frozen
class Cell:
    """What one column of one CPU shows, before anybody looks from a place in the run."""

    glyph: str
    role: str
    step: int
    """The micro-step that brought it; 0 for idle."""
    marks: tuple[tuple[int, int], ...] = ()
    """What happens in it: rank and micro-step, the most telling first."""
    at: int = 0
    """The first position that it begins before."""


def duration(nanoseconds: int) -> str:
    """`800 ns`, `1.5 µs`, `12 ms`."""
    for unit, size in (("ms", 1_000_000), ("µs", 1_000)):
        if nanoseconds >= size:
            number = f"{nanoseconds / size:.1f}".removesuffix(".0")
            return f"{number} {unit}"
    return f"{nanoseconds} ns"


def _multiples(parts: tuple[int, ...]) -> Iterator[int]:
    """The finest column times these, times 10 of these, and so on."""
    for power in count():
        yield from (FINEST * 10**power * part for part in parts)


def scales(length: int, columns: int) -> list[int]:
    """Nanoseconds a column can be: the whole of so long a run in so many columns first, the finest
    last.
    """
    whole = next(per for per in _multiples(FITTING) if per * columns > length)
    finer = takewhile(lambda per: per < whole, _multiples(ZOOMED))
    return [whole, *list(finer)[::-1]]


def axis(length: int, here: int, columns: int, zoom: int) -> Axis:
    """The part of a run of so many nanoseconds that is shown, with the cursor in sight.

    It depends on the place alone and moves by half a width at a time.
    """
    found = scales(length, columns)
    return of_scale(found[min(zoom, len(found) - 1)], length, here, columns)


def of_scale(per: int, length: int, here: int, columns: int) -> Axis:
    """The part that is shown where a column is so many nanoseconds."""
    total, at = length // per + 1, here // per
    if total <= columns:
        return Axis(per, 0, columns)
    half = max(1, columns // 2)
    first = max(0, min((at - columns // 4) // half * half, total - columns))
    return Axis(per, first, columns)


@per_run(most=512)
def cells(timeline: Timeline, cpu: int, shown: Axis) -> tuple[Cell, ...]:
    """The columns of a CPU: what it does longest in each, idle only where it does nothing."""
    lane = model_time(timeline).lanes[cpu]
    spent: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    steps: dict[tuple[int, int], int] = {}
    for stretches in (lane.busy, lane.waits):
        _share_out(stretches, shown, spent, steps)
    marks = _marks(lane, shown)
    found = []
    here = model_time(timeline).here
    for column in range(shown.columns):
        uses = spent.get(column)
        glyph, role, step = *IDLE, 0
        if uses:
            use = max(TELLING, key=lambda one: uses.get(one, 0))
            (glyph, role), step = GLYPHS[use], steps[column, use]
        at = min(bisect_left(here, (shown.first + column) * shown.per), timeline.steps)
        found.append(Cell(glyph, role, step, tuple(sorted(marks.get(column, ()))), at))
    return tuple(found)


def _share_out(
    stretches: Stretches,
    shown: Axis,
    spent: dict[int, dict[int, int]],
    steps: dict[tuple[int, int], int],
) -> None:
    """Share the nanoseconds of stretches out to the columns that they lie in."""
    per, begin = shown.per, shown.first * shown.per
    end = begin + shown.columns * per
    spans = zip(stretches.starts, stretches.ends, stretches.uses, stretches.steps, strict=True)
    for start, until, use, step in spans:
        if until <= begin:
            continue
        if start >= end:
            break
        for column in range(max(start, begin) // per, (min(until, end) - 1) // per + 1):
            inside = min(until, (column + 1) * per) - max(start, column * per)
            spent[column - shown.first][use] += inside
            steps.setdefault((column - shown.first, use), step)


def _marks(lane: Lane, shown: Axis) -> dict[int, list[tuple[int, int]]]:
    """What happens in each column shown."""
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for moment, kind, step in lane.marks:
        column = shown.column(moment)
        if 0 <= column < shown.columns:
            found[column].append((_RANKS[kind], step))
    return found


_RANKS = {int(kind): rank for rank, kind in enumerate(MARKED)}


def sign(cell: Cell, position: int) -> tuple[str, str] | None:
    """The mark of a column seen from a place in the run: of this step, else of what was, else of
    what comes, which is of little weight.
    """
    if not cell.marks:
        return None
    rank, step = min(cell.marks, key=lambda one: (one[1] != position, one[1] > position, one))
    glyph, role = SIGNS[MARKED[rank]]
    return glyph, role if step <= position else "dim"
