"""Themes: the inks of the view as the styles of the toolkit."""

from __future__ import annotations

from attrs import evolve
from rich.style import Style
from textual.color import Color
from textual.theme import Theme

from luf_tui.ui.drawing.paint import Styles
from luf_tui.view.palette import PALETTES, Ink, Palette

NAMES = tuple(PALETTES)
"""Themes there are; the first is the default."""
RAISED = 0.07
"""How far the ground of panels leans towards the text's colour."""


def styles_of(name: str) -> Styles:
    """The styles of a theme."""
    palette = PALETTES[name]
    raised = Color.parse(palette.background).blend(Color.parse(palette.text), RAISED).hex
    return _styles(palette, _styles(evolve(palette, background=raised), None))


def _styles(palette: Palette, raised: Styles | None) -> Styles:
    found = {role: _style(one) for role, one in palette.inks().items()}
    return Styles(palette.name, found, found["text"], raised)


def _style(ink: Ink) -> Style:
    return Style.parse(" ".join((*ink.attributes, ink.colour, "on", ink.ground)))


def textual_name(name: str) -> str:
    """What a theme is called among Textual's."""
    return f"luf-{name}"


def textual_themes() -> list[Theme]:
    """The same themes for what Textual draws itself: the command palette."""
    return [
        Theme(
            textual_name(name),
            primary=palette.accent,
            foreground=palette.text,
            background=palette.background,
            surface=palette.background,
            panel=palette.background,
            error=palette.roles.get("violation"),
            warning=palette.roles.get("pending"),
            success=palette.roles.get("ok"),
            dark=palette.ground == "dark",
        )
        for name, palette in PALETTES.items()
    ]
