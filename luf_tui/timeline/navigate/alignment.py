"""Two runs of one script, or two places of one run, side by side: one cursor for both.

The cursor is a position of the left one; where the right one stands follows from it, by the line
of the script and the micro-step in it.
"""

from __future__ import annotations

from bisect import bisect_left

from attrs import frozen

from luf_tui.timeline.ask.compare import Divergence, differences
from luf_tui.timeline.ask.diff import named
from luf_tui.timeline.caches import per_run
from luf_tui.timeline.navigate import moves
from luf_tui.timeline.navigate.places import same_place
from luf_tui.timeline.timeline import Timeline


@frozen(eq=False)
class Sides:
    """What is held against what."""

    left: Timeline
    right: Timeline
    place: int = -1
    """Where the right one stands whatever the left one does: two places of one run; -1 where it
    follows."""

    def opposite(self, position: int) -> int:
        """Where the right one stands when the left one is at a position."""
        return self.place if self.place >= 0 else same_place(self.left, self.right, position)

    def swapped(self, position: int) -> tuple[Sides, int]:
        """The same with the right one on the left, and the cursor there."""
        there = self.opposite(position)
        kept = position if self.place >= 0 else -1
        return Sides(self.right, self.left, kept), there


def parting(sides: Sides) -> Divergence | None:
    """The first event in which the two runs differ; None when there is none, and for two places of
    one run.
    """
    found = _differences(sides)
    return found[0] if found else None


def differing_lines(sides: Sides) -> frozenset[int]:
    """The script lines, of the left one, in which the runs do different things."""
    return frozenset(found.line for found in _differences(sides))


def next_difference(sides: Sides, position: int) -> int:
    """The next position at which the two differ in another way; the same one when there is none.

    For two runs, the first difference of the next line that has one; for two places of a run, the
    end of the next line that changes something in which they differ.
    """
    stops = differences_at(sides)
    at = bisect_left(stops, position + 1)
    return stops[at] if at < len(stops) else position


def previous_difference(sides: Sides, position: int) -> int:
    """The same backwards."""
    stops = differences_at(sides)
    at = bisect_left(stops, position)
    return stops[at - 1] if at else position


def held_up(sides: Sides, before: int, after: int) -> int:
    """Where a move from one position to another ends: it does not go past the parting."""
    found = parting(sides)
    return found.step if found is not None and before < found.step < after else after


def differences_at(sides: Sides) -> list[int]:
    """The positions, in order, at which the two begin to differ in another way."""
    if sides.place < 0:
        return sorted({found.step for found in _differences(sides)})
    return _places_that_differ(sides.left, sides.place)


def _differences(sides: Sides) -> tuple[Divergence, ...]:
    """The first difference of every line that has one."""
    return () if sides.place >= 0 else _between(sides.left, sides.right)


@per_run
def _between(left: Timeline, right: Timeline) -> tuple[Divergence, ...]:
    return tuple(differences(left, right))


@per_run(most=16)
def _places_that_differ(run: Timeline, place: int) -> list[int]:
    """Ends of lines where what differs from a place is not what differed at the end before."""
    found, before = [], frozenset[object]()
    for position in moves.item_ends(run):
        low, high = min(position, place), max(position, place)
        now = frozenset(change.ref for change in named(run.machine, run.net_changes(low, high)))
        if now != before:
            found.append(position)
        before = now
    return found
