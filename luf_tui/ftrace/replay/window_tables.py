"""Tables over the time of a recording: in windows of it, and the worst second."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate, pairwise

from luf_tui.ftrace.replay.clock import counts_seconds
from luf_tui.ftrace.replay.debts import OPEN
from luf_tui.ftrace.replay.figures import Figures, Under, once
from luf_tui.ftrace.replay.flush_bill import FlushBill
from luf_tui.ftrace.replay.table import Cell, Table, billed
from luf_tui.ftrace.trace import Trace


def window_edges(trace: Trace, most: int) -> list[float]:
    """Edges of windows of a round length, at most so many of them, from 0 at the first event."""
    time = trace.facts.time
    whole = max(time) - time[0] if len(time) else 0.0
    if whole <= 0:
        return [0.0, 1.0]
    least = whole / most
    power = 10.0 ** math.floor(math.log10(least))
    step = next(power * by for by in (1, 2, 5, 10, 20) if power * by >= least)
    return [number * step for number in range(math.ceil(whole / step) + 1)]


def equal_windows(trace: Trace, count: int) -> list[float]:
    """Edges of so many windows of one length."""
    time = trace.facts.time
    whole = max(time) - time[0] if len(time) else 0.0
    return [(whole or 1.0) * number / count for number in range(count + 1)]


def in_windows(figures: Figures, one: Under, edges: Sequence[float]) -> list[FlushBill]:
    """The bill of one column in each window."""
    time = figures.trace.facts.time
    found = [FlushBill() for _ in edges[1:]]
    for row, at in enumerate(one.flushes.at):
        found[_window(edges, time[at] - time[0])].add(one.flushes, row, figures.costs)
    return found


def owing_at(figures: Figures, one: Under, edges: Sequence[float]) -> list[int]:
    """Pages that carry a debt at the end of each window."""
    if one.outcome is None:
        return [0] * (len(edges) - 1)
    time, debts = figures.trace.facts.time, one.outcome.debts
    change = [0] * (len(edges) - 1)
    for began, ended, how in zip(debts.began, debts.ended, debts.how, strict=True):
        first = _window(edges, time[began] - time[0])
        change[first] += 1
        if how != OPEN:
            # Times may go back, where clocks of CPUs disagree; a debt ends after it began.
            change[max(first, _window(edges, time[ended] - time[0]))] -= 1
    return list(accumulate(change))


def _window(edges: Sequence[float], time: float) -> int:
    """The window a time is in; the last one has its end."""
    return min(max(bisect_right(edges, time) - 1, 0), len(edges) - 2)


def by_window(figures: Figures, most: int) -> Table:
    """Shootdowns, and pages that owe one, over the time of the recording."""
    edges = window_edges(figures.trace, most)
    rows: list[tuple[Cell, ...]] = []
    for one in figures.columns:
        bills, owing = in_windows(figures, one, edges), owing_at(figures, one, edges)
        for (start, end), bill, pages in zip(pairwise(edges), bills, owing, strict=True):
            rows.append((_clean(start), _clean(end), one.name, *billed(bill), pages))
    return Table("windows", "over time", tuple(rows))


def _clean(number: float) -> float:
    """A number without the dust of binary fractions."""
    return float(f"{number:.9g}")


@once
def worst_seconds(figures: Figures) -> Table:
    """The second in which shootdowns took most, of each column."""
    told = counts_seconds(figures.trace)
    rows: list[tuple[Cell, ...]] = []
    for one in figures.columns:
        if told and len(one.flushes):
            start, bill = _worst(figures, one)
            rows.append((one.name, _clean(start), *billed(bill)))
    return Table("worst", "the worst second", tuple(rows))


def _worst(figures: Figures, one: Under) -> tuple[float, FlushBill]:
    """Where the dearest second begins, and its bill."""
    time, flushes = figures.trace.facts.time, one.flushes
    spent = []
    for row in range(len(flushes)):
        bill = FlushBill()
        bill.add(flushes, row, figures.costs)
        spent.append(bill.total)
    when = [time[at] for at in flushes.at]
    first, total, most, best = 0, 0, -1, (0, 0)
    for last, cost in enumerate(spent):
        total += cost
        while when[last] - when[first] >= 1:
            total -= spent[first]
            first += 1
        if total > most:
            most, best = total, (first, last)
    found = FlushBill()
    for row in range(best[0], best[1] + 1):
        found.add(flushes, row, figures.costs)
    return when[best[0]] - time[0], found
