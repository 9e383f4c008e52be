"""Lines of frames and trees as SVG strokes: the glyphs of most fonts leave gaps between rows."""

from __future__ import annotations

from itertools import groupby

from attrs import define, field

CHAR, LINE = 8.4, 18.0
"""Width and height of a character cell in pixels."""
THIN, THICK = 1.2, 3.2
"""Pixels of a light and of a heavy line."""
FULL = {"─": THIN, "━": THICK}
"""Lines from side to side: neighbours are drawn as one."""
_HALF, _DOWN, _REST = CHAR / 2, LINE / 2, LINE / 2 - CHAR / 2
_ARC = f"{_HALF:g}"
SHAPES = {
    "│": (THIN, _HALF, 0.0, f"v{LINE:g}"),
    "┃": (THICK, _HALF, 0.0, f"v{LINE:g}"),
    "┆": (THIN, _HALF, 1.5, "v3m0 3v3m0 3v3"),
    "├": (THIN, _HALF, 0.0, f"v{LINE:g}m0-{_DOWN:g}h{_ARC}"),
    "└": (THIN, _HALF, 0.0, f"v{_DOWN:g}h{_ARC}"),
    "╭": (THIN, _HALF, LINE, f"v-{_REST:g}q0-{_ARC} {_ARC}-{_ARC}"),
    "╮": (THIN, 0.0, _DOWN, f"q{_ARC} 0 {_ARC} {_ARC}v{_REST:g}"),
    "╰": (THIN, _HALF, 0.0, f"v{_REST:g}q0 {_ARC} {_ARC} {_ARC}"),
    "╯": (THIN, 0.0, _DOWN, f"q{_ARC} 0 {_ARC}-{_ARC}v-{_REST:g}"),
}
"""Weight, where in its cell a character's line starts, and how it goes on from there."""
_SPACES = str.maketrans(dict.fromkeys((*FULL, *SHAPES), " "))


def without(text: str) -> str:
    """The text with spaces where it has lines."""
    return text.translate(_SPACES)


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
            elif char in SHAPES:
                weight, right, down, path = SHAPES[char]
                for number in range(count):
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
