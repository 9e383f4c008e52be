"""One step as an SVG picture: the same bytes for the same run, anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape

from luf_tui.render.compose import screen
from luf_tui.render.ink import FONT, Ink, inks
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.columns import cells
from luf_tui.view.palette import PALETTES

CHAR, LINE, MARGIN = 8.4, 18.0, 12.0
"""Pixels of a character cell and of the border around the screen."""
STYLES = {
    "bold": ' font-weight="bold"',
    "italic": ' font-style="italic"',
    "underline": ' text-decoration="underline"',
}
"""Attributes in SVG; what is dim has a colour of its own, and reverse is a box behind the text."""


def svg(timeline: Timeline, width: int, height: int, theme: str = "dark") -> str:
    """The screen at the timeline's position as SVG text."""
    palette = PALETTES[theme]
    known = inks(palette)
    body: list[str] = []
    for number, row in enumerate(screen(timeline, width, height)):
        x = 0
        for text, role in row:
            body += _run(text, known.get(role, known["text"]), x, number, palette.background)
            x += cells(text)
    wide, high = width * CHAR + 2 * MARGIN, height * LINE + 2 * MARGIN
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.1f} {high:.1f}">',
            f'<rect width="100%" height="100%" rx="8" fill="{palette.background}"/>',
            f'<g font-family="{FONT}" font-size="14" xml:space="preserve">',
            *body,
            "</g></svg>",
            "",
        )
    )


def _run(text: str, ink: Ink, x: int, y: int, background: str) -> Iterator[str]:
    """A run as elements; `textLength` holds it to the cells whatever font there is."""
    shown = text.strip(" ")
    if not shown:
        return
    lead = len(text) - len(text.lstrip(" "))
    left, above = MARGIN + (x + lead) * CHAR, MARGIN + y * LINE
    wide = cells(shown) * CHAR
    colour = ink.colour
    if "reverse" in ink.attributes:
        box = f'x="{left:.1f}" y="{above:.1f}" width="{wide:.1f}" height="{LINE}"'
        yield f'<rect {box} fill="{colour}"/>'
        colour = background
    style = "".join(STYLES.get(name, "") for name in ink.attributes)
    place = f'x="{left:.1f}" y="{above + LINE * 0.75:.1f}" textLength="{wide:.1f}"'
    yield f'<text {place} fill="{colour}"{style}>{escape(shown)}</text>'
