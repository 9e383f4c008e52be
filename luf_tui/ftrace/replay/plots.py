"""Plots of a report for a terminal: both time lines, how long debts live, and who pays."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from luf_tui.ftrace.replay.figures import Figures, Under
from luf_tui.ftrace.replay.plot_data import Bar, life_bars, payer_bars, spoken, time_line_of

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
    room = min(max(width, NARROW), WIDE) - _MARGIN
    line = time_line_of(figures, room * _DOTS)
    if not line.most:
        return []
    said = [f"shootdowns each {line.each} of the recording"]
    for name, values in line.counts:
        said.append(f"{name}: {sum(values):,}")
        said += _panel(values, line.most, room, _colour(name, colours=colours))
    if line.owing:
        said.append(f"pages that owe a flush under {line.counts[-1][0]}")
        said += _panel(line.owing, max(line.owing), room, _colour("owing", colours=colours))
    said.append(_axis(spoken(figures, line.end), room))
    return said


def debt_lives(figures: Figures, one: Under, width: int, *, colours: bool = False) -> list[str]:
    """How long the debts of a policy lived that are paid, by powers of ten of time."""
    return _bars(life_bars(figures, one), width, _colour("", colours=colours))


def who_pays(figures: Figures, one: Under, width: int, *, colours: bool = False) -> list[str]:
    """Who waits at allocations under a policy, and how long, by the cost model."""
    return _bars(payer_bars(figures, one), width, _colour("", colours=colours))


_MARGIN = 9
"""Columns left of a time line, for its scale."""


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


def _bars(bars: Sequence[Bar], width: int, colour: str | None) -> list[str]:
    """A bar a row: its label, its value in words, and its length."""
    from plotille import Canvas  # noqa: PLC0415

    most = max((bar.value for bar in bars), default=0)
    if not most:
        return []
    names, texts = max(len(bar.label) for bar in bars), max(len(bar.text) for bar in bars)
    room = max(8, min(max(width, NARROW), WIDE) - names - texts - 4)
    drawn: list[str] = []
    for bar in bars:
        canvas = Canvas(room, 1, xmax=room * _DOTS, ymax=_HIGH)
        length = ceil(bar.value / most * room * _DOTS)
        for row in range(_HIGH - 1) if length else ():
            canvas.line(0, row, length - 1, row, color=colour)
        head = f"{bar.label:<{names}}  {bar.text:>{texts}}  "
        drawn.append(Drawn((head + canvas.plot()).rstrip("⠀ ")))
    return drawn
