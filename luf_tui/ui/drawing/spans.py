"""What differs between two lines of a screen, and a way to send no more than that to a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from attrs import frozen
from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS, Console
from rich.control import Control
from rich.style import Style
from textual._compositor import ChopsUpdate, Compositor
from textual.strip import Strip

from luf_tui.view.columns import cells

ATTRIBUTES = {
    "bold": "1", "dim": "2", "italic": "3", "underline": "4", "blink": "5", "reverse": "7",
    "strike": "9",
}  # fmt: skip
OFF = {"1": "22", "2": "22", "3": "23", "4": "24", "5": "25", "7": "27", "9": "29"}
"""What ends an attribute; bold and dim end together."""
TRUE = "truecolor"
"""The colours of a terminal that does not say."""
DEFAULT_COLOUR, DEFAULT_GROUND = ("39",), ("49",)
NEAR = 8
"""Equal cells between two differences that are sent too: a new start costs as much."""


def differing(old: Strip, new: Strip) -> list[tuple[int, int]]:
    """Stretches of cells, as (first, end), in which two lines look different; wide characters are
    never split.
    """
    before, after = list(_cells(old)), list(_cells(new))
    if len(before) != len(after):
        return [(0, max(len(before), len(after)))]
    found: list[tuple[int, int]] = []
    for at, (one, two) in enumerate(zip(before, after, strict=True)):
        if one == two:
            continue
        if found and at - found[-1][1] <= NEAR:
            found[-1] = (found[-1][0], at + 1)
        else:
            found.append((at, at + 1))
    return [_whole(before, after, *span) for span in found]


def _cells(strip: Strip) -> Iterator[tuple[str, Style | None]]:
    """Each cell of a line: its character, empty for the second half of a wide one, and style."""
    for segment in strip:
        for char in segment.text:
            yield char, segment.style
            for _ in range(cells(char) - 1):
                yield "", segment.style


def _whole(
    before: list[tuple[str, Style | None]],
    after: list[tuple[str, Style | None]],
    first: int,
    end: int,
) -> tuple[int, int]:
    """A stretch that begins and ends between characters."""
    while first > 0 and not (before[first][0] and after[first][0]):
        first -= 1
    while end < len(after) and not (before[end][0] and after[end][0]):
        end += 1
    return first, end


class SpanCompositor(Compositor):
    """Sends the cells that were refreshed. Textual's own sends each line from its first cell to the
    last of them: one widget that is a whole screen would be sent almost whole.
    """

    def render_partial_update(self) -> ChopsUpdate | None:
        """What was refreshed."""
        update = super().render_partial_update()
        return update and _Spans(update.chops, update.spans, update.chop_ends)


@frozen
class _Codes:
    """A style as a terminal's numbers (ECMA-48, SGR)."""

    attributes: tuple[str, ...]
    colour: tuple[str, ...]
    ground: tuple[str, ...]

    def after(self, before: _Codes | None) -> str:
        """What makes it of the style before."""
        if self == before:
            return ""
        if before is None:
            parts = ("0", *self.attributes, *self.colour, *self.ground)
            return f"\x1b[{';'.join(parts)}m"
        gone = dict.fromkeys(OFF[code] for code in before.attributes if code not in self.attributes)
        parts = (
            *gone,
            *(c for c in self.attributes if c not in before.attributes or OFF[c] in gone),
        )
        parts += self.colour if self.colour != before.colour else ()
        parts += self.ground if self.ground != before.ground else ()
        return f"\x1b[{';'.join(parts)}m"


@lru_cache(maxsize=1024)
def _codes(style: Style | None, system: ColorSystem) -> _Codes:
    if style is None:
        return _Codes((), DEFAULT_COLOUR, DEFAULT_GROUND)
    set_ones = tuple(code for name, code in ATTRIBUTES.items() if getattr(style, name))
    colour, ground = style.color, style.bgcolor
    return _Codes(
        set_ones,
        colour.downgrade(system).get_ansi_codes() if colour else DEFAULT_COLOUR,
        ground.downgrade(system).get_ansi_codes(foreground=False) if ground else DEFAULT_GROUND,
    )


class _Spans(ChopsUpdate):
    def render_segments(self, console: Console) -> str:
        """The refreshed cells as what a terminal takes; of a style, what differs from the one
        before.
        """
        system = COLOR_SYSTEMS[console.color_system or TRUE]
        before: _Codes | None = None
        written: list[str] = []
        for y, first, last in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                start, stop = max(x, first), min(end, last)
                if strip is None or start >= stop:
                    continue
                written.append(Control.move_to(start, y).segment.text)
                for text, style, _ in strip.crop(start - x, stop - x):
                    codes = _codes(style, system)
                    written += (codes.after(before), text)
                    before = codes
        return "".join((*written, "\x1b[0m"))
