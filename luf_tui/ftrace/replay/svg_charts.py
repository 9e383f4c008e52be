"""Charts as SVG that stands by itself in a page: no script, no font, nothing from elsewhere.

Colours are classes, which the style of the page gives: `recorded`, `policy`, `owing`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from attrs import frozen

from luf_tui.ftrace.replay.plot_data import Bar

WIDTH, HEIGHT = 920, 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 12, 12, 28
_ROW = 24
_LETTER = 7.2
"""Room for a character of a label."""
_LONGEST = 44
"""Characters of a label that are shown."""


@frozen
class Series:
    """Values at equal steps, drawn as one colour."""

    role: str
    values: Sequence[int]


def area_chart(series: Sequence[Series], end: float, unit: str, title: str) -> str:
    """Values over time from 0 to `end`, as steps over one scale; later series stand before."""
    most = nice_top(max((max(one.values, default=0) for one in series), default=0))
    wide, high = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
    parts = [_open(HEIGHT, title)]
    for part in range(5):
        y = _TOP + high - high * part / 4
        parts.append(_line(_LEFT, y, WIDTH - _RIGHT, y))
        parts.append(_text(_LEFT - 8, y + 4, f"{most * part / 4:,.10g}", "end"))
    step = nice_step(end, 8)
    for number in range(math.floor(end / step + 1e-9) + 1):
        x = _LEFT + wide * number * step / end
        parts.append(_line(x, _TOP + high, x, _TOP + high + 5))
        parts.append(_text(x, HEIGHT - 8, f"{number * step:.10g} {unit}".strip(), "middle"))
    parts += [
        f'<path class="area {one.role}" d="{_steps(one.values, most, wide, high)}"/>'
        for one in series
    ]
    return "".join([*parts, "</svg>"])


def bar_chart(bars: Sequence[Bar], role: str, title: str) -> str:
    """A bar a row, with its name before and its value behind it."""
    most = max((bar.value for bar in bars), default=0) or 1
    names = max((min(len(bar.label), _LONGEST) for bar in bars), default=0) * _LETTER + 12
    texts = max((len(bar.text) for bar in bars), default=0) * _LETTER + 16
    room = WIDTH - names - texts
    parts = [_open(_ROW * len(bars), title)]
    for at, bar in enumerate(bars):
        y, length = at * _ROW, max(1.0, room * bar.value / most) if bar.value else 0.0
        label = bar.label if len(bar.label) <= _LONGEST else bar.label[: _LONGEST - 1] + "…"
        parts.append(_text(names - 8, y + 16, label, "end"))
        parts.append(
            f'<rect class="{role}" x="{names:.1f}" y="{y + 4}" width="{length:.1f}" height="16"/>'
        )
        parts.append(_text(names + length + 6, y + 16, bar.text, "start"))
    return "".join([*parts, "</svg>"])


def nice_step(whole: float, most: int) -> float:
    """A round length, of which at most so many are in the whole."""
    if whole <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(whole / most))
    return next(power * by for by in (1, 2, 5, 10, 20) if power * by * most >= whole)


def nice_top(most: int) -> int:
    """A round number that is not below, and can be parted in four."""
    return max(4, math.ceil(nice_step(most, 4)) * 4)


def _steps(values: Sequence[int], most: int, wide: float, high: float) -> str:
    """The outline of columns that stand side by side."""
    each = wide / max(1, len(values))
    path, last = [f"M{_LEFT} {_TOP + high}"], 0
    for at, value in enumerate(values):
        if value != last:
            x, y = _LEFT + at * each, _TOP + high - high * value / most
            path.append(f"H{x:.1f}V{y:.1f}")
            last = value
    return "".join([*path, f"H{_LEFT + wide}V{_TOP + high}Z"])


def _open(height: float, title: str) -> str:
    named = escape(title)
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{named}">'
        f"<title>{named}</title>"
    )


def _line(x: float, y: float, to_x: float, to_y: float) -> str:
    return f'<line x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
