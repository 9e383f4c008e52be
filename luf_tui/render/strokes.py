"""Lines of frames and trees as SVG strokes: the glyphs of most fonts leave gaps between rows."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TypeAlias

from attrs import define, field

from luf_tui.view.box_drawing import ARMS, HEAVY, LIGHT, Arms

CHAR, LINE = 8.4, 18.0
"""Width and height of a character cell in pixels."""
THIN, THICK = 1.2, 3.2
"""Pixels of a light and of a heavy line."""
WEIGHTS = {LIGHT: THIN, HEAVY: THICK}
FULL = {"─": THIN, "━": THICK}
"""Lines from side to side: neighbours are drawn as one."""
_HALF, _DOWN, _REST = CHAR / 2, LINE / 2, LINE / 2 - CHAR / 2
_ARC = f"{_HALF:g}"

Stroke: TypeAlias = "tuple[float, float, float, str]"
"""Weight, where in its cell a line starts, and how it goes on from there."""


def _straight(arms: Arms) -> Iterator[Stroke]:
    """The lines of a character with these arms: through the cell where both halves are of one
    weight, else to the middle, and as far beyond as closes a corner.
    """
    up, right, down, left = arms
    over = WEIGHTS[max(arms)] / 2
    if up == down:
        yield from _line(up, _HALF, 0.0, f"v{LINE:g}")
    else:
        yield from _line(up, _HALF, 0.0, f"v{_DOWN + over:g}")
        yield from _line(down, _HALF, LINE, f"v-{_DOWN + over:g}")
    if left == right:
        yield from _line(left, 0.0, _DOWN, f"h{CHAR:g}")
    else:
        yield from _line(left, 0.0, _DOWN, f"h{_HALF + over:g}")
        yield from _line(right, CHAR, _DOWN, f"h-{_HALF + over:g}")


def _line(arm: int, right: float, down: float, path: str) -> Iterator[Stroke]:
    if arm:
        yield WEIGHTS[arm], right, down, path


_DASHES, _DROPS = "h2.8m1.4 0h2.8", "v3m0 3v3m0 3v3"
SHAPES: dict[str, tuple[Stroke, ...]] = {
    **{char: tuple(_straight(arms)) for char, arms in ARMS.items() if char not in FULL},
    "├": ((THIN, _HALF, 0.0, f"v{LINE:g}m0-{_DOWN:g}h{_ARC}"),),
    "└": ((THIN, _HALF, 0.0, f"v{_DOWN:g}h{_ARC}"),),
    "┄": ((THIN, 0.7, _DOWN, _DASHES),),
    "┅": ((THICK, 0.7, _DOWN, _DASHES),),
    "┆": ((THIN, _HALF, 1.5, _DROPS),),
    "┇": ((THICK, _HALF, 1.5, _DROPS),),
    "╭": ((THIN, _HALF, LINE, f"v-{_REST:g}q0-{_ARC} {_ARC}-{_ARC}"),),
    "╮": ((THIN, 0.0, _DOWN, f"q{_ARC} 0 {_ARC} {_ARC}v{_REST:g}"),),
    "╰": ((THIN, _HALF, 0.0, f"v{_REST:g}q0 {_ARC} {_ARC} {_ARC}"),),
    "╯": ((THIN, 0.0, _DOWN, f"q{_ARC} 0 {_ARC}-{_ARC}v-{_REST:g}"),),
}
"""The lines of every character that is drawn and not written."""
_SPACES = str.maketrans(dict.fromkeys((*FULL, *SHAPES), " "))


def without(text: str) -> str:
    """The text with spaces where it has lines."""
    return text.translate(_SPACES)


def parts(text: str) -> Iterator[tuple[bool, str]]:
    """A text cut where lines begin and end: whether a part is lines, and the part."""
    for drawn, some in groupby(text, lambda char: char in SHAPES or char in FULL):
        yield drawn, "".join(some)


@define
class Strokes:
    """The lines of a picture by colour and weight, each kind drawn as one path."""

    _paths: dict[tuple[str, float], list[str]] = field(factory=dict)

    def add(self, text: str, left: float, above: float, colour: str) -> None:
        """Take the lines of a text that stands there. What is before a line is one cell wide."""
        at = left
        for char, same in groupby(text):
            count = len(list(same))
            if char in FULL:
                self._draw(colour, FULL[char], at, above + _DOWN, f"h{count * CHAR:.1f}")
            for number in range(count):
                for weight, right, down, path in SHAPES.get(char, ()):
                    self._draw(colour, weight, at + number * CHAR + right, above + down, path)
            at += count * CHAR

    def _draw(self, colour: str, weight: float, x: float, y: float, path: str) -> None:
        self._paths.setdefault((colour, weight), []).append(f"M{x:.1f} {y:.1f}{path}")

    def elements(self) -> list[str]:
        """The paths, in the order in which their kinds were first met."""
        return [
            f'<path fill="none" stroke="{colour}" stroke-width="{weight}" d="{"".join(parts)}"/>'
            for (colour, weight), parts in self._paths.items()
        ]
