"""What two sides counted, in a row: where they differ, both and by how much."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from luf_tui.timeline.ask.model_time import model_time
from luf_tui.timeline.ask.prices import WAIT
from luf_tui.timeline.navigate.alignment import Sides
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.columns import fit, length
from luf_tui.view.marks import DIFFERS, ROLES, Mark, Row, differing_role
from luf_tui.view.time_axis import duration

HERE, IN_ALL = "here", "in all"
LABEL = len(IN_ALL) + 3
GAP = 3
APART = f" {ROLES[DIFFERS].glyph} "


@frozen
class Counted:
    """One thing that is counted."""

    name: str
    role: str
    of: Callable[[Timeline, int], int]
    """How much there is of it at a position of a run."""
    weight: int
    """Where there is no room for all, those with the least are left out first."""
    always: bool = False
    """Shown where neither side has any."""
    told: Callable[[int], str] = str


def _waited(run: Timeline, position: int) -> int:
    time = model_time(run)
    return time.spent(WAIT, time.length if position == run.steps else time.here[position])


COUNTERS = (
    Counted("owed", "pending", lambda run, at: run.owed(at), 6, always=True),
    Counted("paid", "flushed", lambda run, at: run.counters(at).paid, 5, always=True),
    Counted("saved", "saved", lambda run, at: run.counters(at).saved, 1),
    Counted("IPIs", "ipi", lambda run, at: run.counters(at).ipis, 3),
    Counted("interrupted", "ipi", lambda run, at: run.counters(at).interrupted, 2),
    Counted("waits", "accent", _waited, 4, told=duration),
    Counted(ROLES["deviation"].glyph, "deviation", lambda run, at: run.counters(at).deviations, 0),
    Counted(ROLES["violation"].glyph, "violation", lambda run, at: run.counters(at).violations, 9),
)


def rows(sides: Sides, position: int, width: int, height: int, *, ends: bool) -> list[Row]:
    """What was counted up to here, in so many rows; with `ends` in the whole runs, in one more."""
    places = (position, sides.opposite(position))
    found = _flowing(_pieces(sides, places), HERE, width, height)
    if ends:
        found += _flowing(_pieces(sides, (sides.left.steps, sides.right.steps)), IN_ALL, width, 1)
    return found


def _pieces(sides: Sides, places: tuple[int, int]) -> list[tuple[int, Row]]:
    """Each counter with its weight."""
    found = []
    for one in COUNTERS:
        left, right = one.of(sides.left, places[0]), one.of(sides.right, places[1])
        if left or right or one.always:
            found.append((one.weight, _piece(one, left, right)))
    return found


def _piece(one: Counted, left: int, right: int) -> Row:
    name = Mark(f"{one.name} ", "dim" if one.name.isalpha() else one.role)
    if left == right:
        return (name, Mark(one.told(left), one.role if left else "dim"))
    more = f"{'+' if right > left else '-'}{one.told(abs(right - left))}"
    lit = differing_role(one.role)
    return (
        name,
        Mark(one.told(left), lit),
        Mark(APART, DIFFERS),
        Mark(one.told(right), lit),
        Mark(f" ({more})", DIFFERS),
    )


def _flowing(pieces: list[tuple[int, Row]], label: str, width: int, height: int) -> list[Row]:
    """As many of the pieces as fit, in exactly so many rows."""
    while True:
        told: list[list[Mark]] = [[Mark(f" {label:<{LABEL - 1}}", "dim")]]
        for _, piece in pieces:
            if length((*told[-1], *piece)) > width:
                told.append([Mark(" " * LABEL)])
            told[-1] += [*piece, Mark(" " * GAP)]
        if len(told) <= height or not pieces:
            rows: list[Row] = [tuple(row) for row in told]
            return [fit(row, width) for row in rows + [()] * (height - len(rows))]
        pieces.remove(min(pieces, key=lambda one: one[0]))
