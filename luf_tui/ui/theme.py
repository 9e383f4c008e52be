"""Themes: the inks of the view as the styles of the toolkit."""

from __future__ import annotations

from rich.style import Style
from textual.theme import Theme

from luf_tui.ui.drawing.paint import Styles
from luf_tui.view.palette import PALETTES, SIXTEEN, Ink, Palette

NAMES = tuple(PALETTES)
"""Themes there are; the first is the default."""


def styles_of(name: str, *, sixteen: bool = False) -> Styles:
    """The styles of a theme; `sixteen` is for a terminal that has no more colours than that."""
    palette = (SIXTEEN if sixteen else PALETTES)[name]
    return _styles(palette, _styles(palette, None, over=True), over=False)


def _styles(palette: Palette, raised: Styles | None, *, over: bool) -> Styles:
    found = {role: _style(one) for role, one in palette.inks(over=over).items()}
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
