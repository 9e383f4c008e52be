"""How a role looks in a theme, for the renderers that draw in colour."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import frozen

from luf_tui.render.compose import FRAME
from luf_tui.view.marks import ROLES
from luf_tui.view.palette import Palette

FONT = "'DejaVu Sans Mono', 'Cascadia Mono', Menlo, Consolas, monospace"
"""Fonts, for pictures and pages, that have the glyphs of the screen in one width."""


@frozen
class Ink:
    """A colour as `#rrggbb`, and the attributes that tell the role without it."""

    colour: str
    attributes: tuple[str, ...] = ()


def ink(role: str, palette: Palette) -> Ink:
    """The ink of a role; one that nobody declared is written like plain text."""
    if role == FRAME:
        return Ink(palette.frame)
    known = ROLES.get(role)
    return Ink(palette.roles.get(role, palette.text), known.attributes if known else ())


def inks(palette: Palette) -> Mapping[str, Ink]:
    """The ink of every role, the frame's included."""
    return {role: ink(role, palette) for role in (*ROLES, FRAME)}


def channels(colour: str) -> Iterator[int]:
    """Red, green and blue, 0 to 255, of `#rrggbb`."""
    return (int(colour[at : at + 2], 16) for at in (1, 3, 5))
