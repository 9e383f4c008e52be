"""Plots of a report for a terminal: both time lines, how long debts live, and who pays."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from luf_tui.ftrace.replay.clock import counts_seconds
from luf_tui.ftrace.replay.debt_tables import lives, waits
from luf_tui.ftrace.replay.figures import Figures, Under
from luf_tui.ftrace.replay.text_table import TOP, span
from luf_tui.ftrace.replay.window_tables import equal_windows, in_windows, owing_at

NARROW, WIDE = 40, 160
"""Columns that a plot takes at least and at most."""
ROWS = 5
"""Of each time line."""
_DOTS, _HIGH = 2, 4
"""Dots of a character, across and high."""
_COLOURS = {"recorded": "red", "owing": "yellow", "": "green"}


class Drawn(str):
    """A line of a plot, in which colours are meant."""

    __slots__ = ()


def time_line(figures: Figures, width: int, *, colours: bool = False) -> list[str]:
    """Shootdowns over the time of the recording, recorded and under the policy that the decision is
    about, to one scale; and the pages that owe a flush meanwhile.
    """
    decides = figures.decides if figures.can_tell else None
    columns = (figures.recorded, *([decides] if decides else figures.policies[:1]))
    room = min(max(width, NARROW), WIDE) - _MARGIN
    edges = equal_windows(figures.trace, room * _DOTS)
    counts = [[bill.shootdowns for bill in in_windows(figures, one, edges)] for one in columns]
    most = max((max(values) for values in counts), default=0)
    if not most:
        return []
    each = _time(figures, edges[1] - edges[0])
    said = [f"shootdowns each {each} of the recording"]
    for one, values in zip(columns, counts, strict=True):
        total = f"{one.name}: {sum(values):,}"
        said += [total, *_panel(values, most, room, _colour(one.name, colours=colours))]
    owing = owing_at(figures, decides, edges) if decides else []
    if any(owing):
        said.append(f"pages that owe a flush under {columns[1].name}")
        said += _panel(owing, max(owing), room, _colour("owing", colours=colours))
    said.append(_axis(_time(figures, edges[-1]), room))
    return said


def debt_lives(figures: Figures, one: Under, width: int, *, colours: bool = False) -> list[str]:
    """How long the debts of a policy lived that are paid, by powers of ten of time."""
    rows = [row for row in lives(figures).rows if row[0] == one.name and row[1] != "events"]
    labels = [
        f"{_time(figures, float(low or 0))} to {_time(figures, float(high or 0))}"
        if high
        else _time(figures, 0.0)
        for _, _, low, high, _ in rows
    ]
    values = [int(row[4] or 0) for row in rows]
    texts = [f"{value:,}" for value in values]
    return _bars(labels, texts, values, width, "right", _colour("", colours=colours))


def who_pays(figures: Figures, one: Under, width: int, *, colours: bool = False) -> list[str]:
    """Who waits at allocations under a policy, and how long, by the cost model."""
    spent: dict[str, float] = {}
    for row in waits(figures).rows:
        if row[0] == one.name:
            spent[str(row[1])] = spent.get(str(row[1]), 0.0) + float(row[7] or 0)
    rows = sorted(spent.items(), key=lambda item: (-item[1], item[0]))
    shown, rest = rows[:TOP], rows[TOP:]
    if rest:
        shown.append((f"{len(rest)} others", sum(value for _, value in rest)))
    labels = [name for name, _ in shown]
    values = [value for _, value in shown]
    texts = [f"{value:,.3f} ms" for value in values]
    return _bars(labels, texts, values, width, "left", _colour("", colours=colours))


_MARGIN = 9
"""Columns left of a time line, for its scale."""


def _time(figures: Figures, ticks: float) -> str:
    return span(ticks) if counts_seconds(figures.trace) else f"{ticks:,.0f} ticks"


def _colour(name: str, *, colours: bool) -> str | None:
    return _COLOURS.get(name, _COLOURS[""]) if colours else None


def _panel(values: Sequence[int], most: int, room: int, colour: str | None) -> list[str]:
    """Values as columns of dots over a scale from 0 to `most`."""
    from plotille import Canvas  # noqa: PLC0415 - only where something is drawn

    canvas = Canvas(room, ROWS, xmax=room * _DOTS, ymax=ROWS * _HIGH)
    for at, value in enumerate(values):
        if value:
            canvas.line(at, 0, at, ceil(value / most * ROWS * _HIGH) - 1, color=colour)
    rows = canvas.plot().split("\n")
    scale = [f"{most:,}", *("" for _ in rows[2:]), "0"]
    return [
        Drawn(f"{text:>{_MARGIN - 2}} ┤{row}".rstrip("⠀ "))
        for text, row in zip(scale, rows, strict=True)
    ]


def _axis(end: str, room: int) -> str:
    """The time under the panels."""
    return " " * (_MARGIN - 1) + "0" + end.rjust(room - 1)


def _bars(
    labels: Sequence[str],
    texts: Sequence[str],
    values: Sequence[float],
    width: int,
    side: str,
    colour: str | None,
) -> list[str]:
    """A bar a row: its label, its value in words, and its length."""
    from plotille import Canvas  # noqa: PLC0415

    most = max(values, default=0)
    if not most:
        return []
    names = [label.rjust(_longest(labels)) if side == "right" else label for label in labels]
    heads = [
        f"{name:<{_longest(labels)}}  {text:>{_longest(texts)}}  "
        for name, text in zip(names, texts, strict=True)
    ]
    room = max(8, min(max(width, NARROW), WIDE) - len(heads[0]))
    drawn: list[str] = []
    for head, value in zip(heads, values, strict=True):
        canvas = Canvas(room, 1, xmax=room * _DOTS, ymax=_HIGH)
        length = ceil(value / most * room * _DOTS)
        for row in range(_HIGH - 1) if length else ():
            canvas.line(0, row, length - 1, row, color=colour)
        drawn.append(Drawn((head + canvas.plot()).rstrip("⠀ ")))
    return drawn


def _longest(texts: Sequence[str]) -> int:
    return max(map(len, texts), default=0)
