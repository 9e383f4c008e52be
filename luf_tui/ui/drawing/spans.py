"""What differs between two lines of a screen, and a way to send no more than that to a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from attrs import frozen
from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS, Console
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
SHOWN_ON_BLANKS = {"4", "5", "7", "9"}
"""Attributes to be seen on a blank."""
TRUE = "truecolor"
"""The colours of a terminal that does not say."""
DEFAULT_COLOUR, DEFAULT_GROUND = ("39",), ("49",)
NEAR = 4
"""Equal cells between two differences that are sent too: a new start costs as much."""


def differing(old: Strip, new: Strip) -> list[tuple[int, int]]:
    """Stretches of cells, as (first, end), in which two lines look different; wide characters are
    never split.
    """
    if list(old) == list(new):
        return []
    (before, was), (after, now) = _cells(old), _cells(new)
    if len(before) != len(after):
        return [(0, max(len(before), len(after)))]
    found: list[tuple[int, int]] = []
    both = enumerate(zip(before, after, was, now, strict=True))
    for at in [
        at
        for at, (one, two, style_was, style) in both
        if one != two or (style_was is not style and not _alike(one, style_was, style))
    ]:
        if found and at - found[-1][1] <= NEAR:
            found[-1] = (found[-1][0], at + 1)
        else:
            found.append((at, at + 1))
    return [_whole(before, after, *span) for span in found]


def _alike(char: str, one: Style | None, two: Style | None) -> bool:
    """Whether a character looks the same in two styles."""
    return one == two or (char == " " and _blank(one) == _blank(two) != VISIBLE)


def _cells(strip: Strip) -> tuple[list[str], list[Style | None]]:
    """Each cell of a line: its character, empty for the second half of a wide one; and styles."""
    chars: list[str] = []
    styles: list[Style | None] = []
    for text, style, _ in strip:
        chars += text if text.isascii() else _by_cell(text)
        styles += [style] * (len(chars) - len(styles))
    return chars, styles


@lru_cache(maxsize=4096)
def _by_cell(text: str) -> tuple[str, ...]:
    return tuple(part for char in text for part in (char, *[""] * (cells(char) - 1)))


VISIBLE = ("",)
"""What `_blank` says of a style that shows on a blank."""


@lru_cache(maxsize=1024)
def _blank(style: Style | None) -> tuple[str, ...]:
    """What a blank in that style looks like: its ground is all there is to see."""
    codes = _codes(style, ColorSystem.TRUECOLOR)
    return VISIBLE if SHOWN_ON_BLANKS & set(codes.attributes) else codes.ground


def _whole(before: Sequence[str], after: Sequence[str], first: int, end: int) -> tuple[int, int]:
    """A stretch that begins and ends between characters."""
    while first > 0 and not (before[first] and after[first]):
        first -= 1
    while end < len(after) and not (before[end] and after[end]):
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
        """The refreshed cells as what a terminal takes.

        Style by style, not line by line: to go to another place takes a terminal fewer bytes than
        to change a colour. Places are absolute, so that a terminal that has another idea of how
        wide a character is goes wrong in a word, not in a line.
        """
        system = COLOR_SYSTEMS[console.color_system or TRUE]
        by_style: dict[_Codes, list[tuple[int, int, str]]] = {}
        for y, x, text, codes in self._pieces(system):
            by_style.setdefault(codes, []).append((y, x, text))
        before: _Codes | None = None
        written: list[str] = []
        for codes, pieces in by_style.items():
            written.append(codes.after(before))
            before, line = codes, -1
            for y, x, text in pieces:
                written += (f"\x1b[{x + 1}G" if y == line else f"\x1b[{y + 1};{x + 1}H", text)
                line = y
        return "".join((*written, "\x1b[0m"))

    def _pieces(self, system: ColorSystem) -> Iterator[tuple[int, int, str, _Codes]]:
        """The refreshed cells as (line, column, text, style); a blank, which has no colour but its
        ground's, goes with what stands before it or else after it.
        """
        for y, first, last in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                start, stop = max(x, first), min(end, last)
                if strip is not None and start < stop:
                    yield from _joined(y, start, _cut(strip, start - x, stop - x), system)


def _cut(strip: Strip, start: int, stop: int) -> Iterator[tuple[str, Style | None]]:
    """The cells of a line from `start` up to `stop`, as (text, style). A stretch that is cut out
    once is no strip of its own: those come with caches.
    """
    at = 0
    for text, style, _ in strip:
        if at >= stop:
            return
        wide = len(text) if text.isascii() else cells(text)
        if at + wide > start:
            if wide != len(text) and (at < start or at + wide > stop):
                cropped = strip.crop(max(at, start), min(at + wide, stop))
                yield from ((part, style) for part, _, _ in cropped)
            else:
                yield text[max(0, start - at) : stop - at], style
        at += wide


def _joined(
    y: int, x: int, parts: Iterable[tuple[str, Style | None]], system: ColorSystem
) -> Iterator[tuple[int, int, str, _Codes]]:
    """Cells of one line as pieces of one style, as long as they can be."""
    said, style = "", None
    blank = False
    """Whether what was said is blank, and so may be of any style with its ground."""
    for text, wanted in parts:
        codes = _codes(wanted, system)
        empty = not text.strip(" ") and not SHOWN_ON_BLANKS & set(codes.attributes)
        if style is None:
            said, style, blank = text, codes, empty
        elif codes == style or (
            codes.ground == style.ground
            and not SHOWN_ON_BLANKS & set(codes.attributes + style.attributes)
            and (empty or blank)
        ):
            said += text
            if blank:
                style, blank = codes, empty
        else:
            yield y, x, said, style
            x += cells(said)
            said, style, blank = text, codes, empty
    if style is not None and said:
        yield y, x, said, style
