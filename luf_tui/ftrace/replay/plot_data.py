"""What the plots of a report show, in a terminal and on a page alike."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from luf_tui.ftrace.replay.clock import counts_seconds
from luf_tui.ftrace.replay.debt_tables import lives, waits
from luf_tui.ftrace.replay.figures import Figures, Under
from luf_tui.ftrace.replay.text_table import TOP, span
from luf_tui.ftrace.replay.window_tables import equal_windows, in_windows, owing_at


@frozen
class TimeLine:
    """Shootdowns over the time of a recording, in windows of one length."""

    each: str
    """The length of a window, in words."""
    end: float
    """When the last one ends, in the recording's clock, from its first event."""
    counts: tuple[tuple[str, tuple[int, ...]], ...]
    """What was recorded, and what the policy that the decision is about would have sent, by name:
    shootdowns in each window.
    """
    owing: tuple[int, ...]
    """Pages that owe a flush under that policy at the end of each window; empty if none does."""

    @property
    def most(self) -> int:
        """The most shootdowns of a window."""
        return max((max(values) for _, values in self.counts), default=0)


@frozen
class Bar:
    """A value with its name, and in words."""

    label: str
    text: str
    value: float


def time_line_of(figures: Figures, windows: int) -> TimeLine:
    """The time line, recorded and under the policy that the decision is about."""
    decides = figures.decides if figures.can_tell else None
    columns = (figures.recorded, *([decides] if decides else figures.policies[:1]))
    edges = equal_windows(figures.trace, windows)
    counts = (
        (one.name, tuple(bill.shootdowns for bill in in_windows(figures, one, edges)))
        for one in columns
    )
    owing = owing_at(figures, decides, edges) if decides else []
    return TimeLine(
        each=spoken(figures, edges[1] - edges[0]),
        end=edges[-1],
        counts=tuple(counts),
        owing=tuple(owing) if any(owing) else (),
    )


def life_bars(figures: Figures, one: Under) -> list[Bar]:
    """How many debts of a policy lived how long, by powers of ten of time."""
    found = []
    for under, unit, low, high, debts in lives(figures).rows:
        if under == one.name and unit != "events":
            start, end = spoken(figures, float(low or 0)), spoken(figures, float(high or 0))
            label = f"{start} to {end}" if high else start
            found.append(Bar(label, f"{int(debts or 0):,}", int(debts or 0)))
    return found


def payer_bars(figures: Figures, one: Under) -> list[Bar]:
    """Who waits at allocations under a policy, and how long, by the cost model."""
    spent: dict[str, float] = {}
    for row in waits(figures).rows:
        if row[0] == one.name:
            spent[str(row[1])] = spent.get(str(row[1]), 0.0) + float(row[7] or 0)
    rows = sorted(spent.items(), key=lambda item: (-item[1], item[0]))
    return [Bar(name, f"{value:,.3f} ms", value) for name, value in _first(rows)]


def _first(rows: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """The first ones, and the sum of the others."""
    rest = rows[TOP:]
    more = [(f"{len(rest)} others", sum(value for _, value in rest))] if rest else []
    return [*rows[:TOP], *more]


def spoken(figures: Figures, ticks: float) -> str:
    """A time of the recording's clock in words."""
    return span(ticks) if counts_seconds(figures.trace) else f"{ticks:,.0f} ticks"
