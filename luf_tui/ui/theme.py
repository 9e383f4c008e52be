"""Themes: finished styles for the roles of marks, from the palettes and attributes of the view."""

from __future__ import annotations

from collections.abc import Callable

from rich.style import Style
from textual.color import Color
from textual.theme import Theme

from luf_tui.ui.drawing.paint import Ink
from luf_tui.ui.panels import panel
from luf_tui.view.marks import ROLES
from luf_tui.view.palette import PALETTES, Palette

NAMES = tuple(PALETTES)
"""Themes there are; the first is the default."""
RAISED = 0.07
"""How far the ground of panels leans towards the text's colour."""


def ink_of(name: str) -> Ink:
    """The styles of a theme."""
    palette = PALETTES[name]
    raised = Color.parse(palette.background).blend(Color.parse(palette.text), RAISED).hex
    return _ink(palette, palette.background, _ink(palette, raised, None))


def _ink(palette: Palette, ground: str, raised: Ink | None) -> Ink:
    def plain(colour: str, *attributes: str) -> Style:
        return Style(color=colour, bgcolor=ground) + Style.parse(" ".join(attributes))

    styles = {
        role: plain(palette.roles.get(role, palette.text), *_attributes(role)) for role in ROLES
    }
    return Ink(
        name=palette.name,
        styles=styles | _furniture(palette, plain),
        text=plain(palette.text),
        frame=plain(palette.frame),
        focus=plain(palette.accent, "bold"),
        thumb=plain(palette.accent),
        raised=raised,
    )


def _attributes(role: str) -> tuple[str, ...]:
    """Attributes of a role. Dimming a colour that was chosen to be quiet, or the grey that
    NO_COLOR makes of it, would make it unreadable.
    """
    return tuple(a for a in ROLES[role].attributes if a != "dim")


def _furniture(palette: Palette, plain: Callable[..., Style]) -> dict[str, Style]:
    """The roles of the app's own panels and hints."""
    roles = palette.roles
    return {
        panel.CURSOR: Style(color=palette.background, bgcolor=palette.accent, bold=True),
        panel.DIM: plain(roles.get("dim", palette.text)),
        panel.KEY: plain(roles.get("key", palette.accent), "bold"),
        panel.GOOD: plain(roles.get("ok", palette.text)),
        panel.BAD: plain(roles.get("violation", palette.text), "bold"),
        panel.ACCENT: plain(palette.accent),
        panel.HEADING: plain(palette.text, "bold"),
        panel.TAB: plain(palette.accent, "bold", "underline"),
    }


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
