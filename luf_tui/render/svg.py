"""A screen as an SVG picture: the same bytes for the same rows, anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from luf_tui.render.screen_sequence import runs
from luf_tui.render.strokes import CHAR, LINE, Strokes, without
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.columns import cells
from luf_tui.view.compose import screen
from luf_tui.view.marks import Row, clean
from luf_tui.view.palette import PALETTES, Ink, Palette
from luf_tui.view.state import OPENED, ViewState

FONT = "'DejaVu Sans Mono', 'Cascadia Mono', Menlo, Consolas, monospace"
"""Fonts, for pictures and pages, that have the glyphs of the screen in one width."""
MARGIN = 12.0
"""Pixels around the screen."""
PIECE = re.compile(r"[^ ]+(?: [^ ]+)*")
"""Words of a run with single spaces between them."""
STYLES = {
    "bold": ' font-weight="bold"',
    "italic": ' font-style="italic"',
    "underline": ' text-decoration="underline"',
}
"""Attributes in SVG; what is dim has a colour of its own, and reverse is a box behind the text."""


def svg(
    timeline: Timeline, width: int, height: int, theme: str = "dark", state: ViewState = OPENED
) -> str:
    """The screen at the timeline's position as SVG text."""
    rows = screen(timeline, width, height, state)
    return picture(timeline, rows, width, PALETTES[theme])


def picture(timeline: Timeline, rows: Sequence[Row], width: int, palette: Palette) -> str:
    """Rows of a screen, `width` cells each, as SVG text; called after the run and its position."""
    inks = palette.inks()
    body: list[str] = []
    strokes = Strokes()
    for number, row in enumerate(rows):
        left, above = MARGIN, MARGIN + number * LINE
        for text, role in runs(row):
            ink = inks.get(role, inks["text"])
            if ink.reverse:
                body += _run(text, ink, left, above)
            else:
                strokes.add(text, left, above, ink.colour)
                body += _run(without(text), ink, left, above)
            left += cells(text) * CHAR
    wide, high = width * CHAR + 2 * MARGIN, len(rows) * LINE + 2 * MARGIN
    title = clean(timeline.program.title) or "luf-tui"
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.1f} {high:.1f}">',
            f"<title>{escape(title)}, step {timeline.position} of {timeline.steps}</title>",
            f'<rect width="100%" height="100%" rx="8" fill="{palette.background}"/>',
            *strokes.elements(),
            f'<g font-family="{FONT}" font-size="14" xml:space="preserve">',
            *body,
            "</g></svg>",
            "",
        )
    )


def _run(text: str, ink: Ink, left: float, above: float) -> Iterator[str]:
    """A run as elements, without the spaces around it. Each stretch of more than one space parts
    it, for not every reader keeps those; a ground of its own is one piece.
    """
    colour = ink.colour
    if ink.reverse and (shown := text.strip(" ")):
        start = left + (len(text) - len(text.lstrip(" "))) * CHAR
        box = f'x="{start:.1f}" y="{above:.1f}" width="{cells(shown) * CHAR:.1f}" height="{LINE}"'
        yield f'<rect {box} fill="{colour}"/>'
        colour = ink.ground
    for piece in PIECE.finditer(text):
        yield _piece(piece[0], ink, colour, left + cells(text[: piece.start()]) * CHAR, above)


def _piece(text: str, ink: Ink, colour: str, left: float, above: float) -> str:
    """A text; `textLength` holds it to the cells whatever font there is, and squeezes signs that
    come from another font.
    """
    style = "".join(STYLES.get(name, "") for name in ink.attributes)
    wide = cells(text) * CHAR
    place = f'x="{left:.1f}" y="{above + LINE * 0.75:.1f}" textLength="{wide:.1f}"'
    if not text.isascii():
        place += ' lengthAdjust="spacingAndGlyphs"'
    return f'<text {place} fill="{colour}"{style}>{escape(text)}</text>'
