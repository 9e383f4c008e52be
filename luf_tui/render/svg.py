"""One step as an SVG picture: the same bytes for the same run, anywhere."""

from __future__ import annotations

from xml.sax.saxutils import escape

from luf_tui.render.compose import screen
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.marks import ROLES, Role
from luf_tui.view.palette import PALETTES, Palette

CHAR, LINE, MARGIN = 8.4, 18.0, 12.0
"""Pixels of a character cell and of the border around the screen."""
FONT = "'DejaVu Sans Mono', 'Cascadia Mono', Menlo, Consolas, monospace"


def svg(timeline: Timeline, width: int, height: int, theme: str = "dark") -> str:
    """The screen at the timeline's position as SVG text."""
    palette = PALETTES[theme]
    body: list[str] = []
    for number, row in enumerate(screen(timeline, width, height)):
        x = 0
        for text, role in row:
            body += _run(text, role, x, number, palette)
            x += len(text)
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


def _run(text: str, role: str, x: int, y: int, palette: Palette) -> list[str]:
    if not text.strip():
        return []
    lead = len(text) - len(text.lstrip())
    shown = text.strip()
    colour = palette.frame if role == "frame" else palette.roles.get(role, palette.text)
    known = ROLES.get(role, Role(""))
    left, top = MARGIN + (x + lead) * CHAR, MARGIN + y * LINE
    found = []
    if "reverse" in known.attributes:
        box = f'x="{left:.1f}" y="{top:.1f}" width="{len(shown) * CHAR:.1f}" height="{LINE}"'
        found.append(f'<rect {box} fill="{colour}"/>')
        colour = palette.background
    style = ' font-weight="bold"' if "bold" in known.attributes else ""
    style += ' font-style="italic"' if "italic" in known.attributes else ""
    style += ' text-decoration="underline"' if "underline" in known.attributes else ""
    place = f'x="{left:.1f}" y="{top + LINE * 0.75:.1f}" textLength="{len(shown) * CHAR:.1f}"'
    found.append(f'<text {place} fill="{colour}"{style}>{escape(shown)}</text>')
    return found
