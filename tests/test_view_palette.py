"""Themes: everything can be read, and what matters is told apart by everybody it is made for."""

from __future__ import annotations

from itertools import combinations

import pytest

from luf_tui.errors import LufError
from luf_tui.view.marks import FRAME, ROLES
from luf_tui.view.palette import PALETTES, SIXTEEN, Palette, palette_named
from tests.colours import LACKING, contrast, difference, lab

NAMES = (
    "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white",
    "bright_black", "bright_red", "bright_green", "bright_yellow", "bright_blue",
    "bright_magenta", "bright_cyan", "bright_white",
)  # fmt: skip
XTERM = (
    "#000000", "#cd0000", "#00cd00", "#cdcd00", "#0000ee", "#cd00cd", "#00cdcd", "#e5e5e5",
    "#7f7f7f", "#ff0000", "#00ff00", "#ffff00", "#5c5cff", "#ff00ff", "#00ffff", "#ffffff",
)  # fmt: skip
CONSOLE = (
    "#000000", "#aa0000", "#00aa00", "#aa5500", "#0000aa", "#aa00aa", "#00aaaa", "#aaaaaa",
    "#555555", "#ff5555", "#55ff55", "#ffff55", "#5555ff", "#ff55ff", "#55ffff", "#ffffff",
)  # fmt: skip
READ, READ_WELL, SEEN = 4.5, 7.0, 1.5
"""Contrast: of text (WCAG 2.2, AA), of much contrast (AAA), and of lines around panes, which are
decoration: every pane has a title."""
APART = 10.0
"""CIEDE2000: seen at a glance, where 2 is seen side by side."""
TOLD = ("stale", "pending", "flushed", "violation", "ok", "changed")
"""Roles that a theme for one deficiency keeps apart by colour as well."""


def contrasts(palette: Palette, colours: dict[str, str] | None = None) -> dict[str, float]:
    """Of every role as it is written: on the panes, over them, and reversed on either."""
    shown = colours or {}
    return {
        f"{role} {'over' if over else 'beneath'}": contrast(
            shown.get(ink.colour, ink.colour), shown.get(ink.ground, ink.ground)
        )
        for over in (False, True)
        for role, ink in palette.inks(over=over).items()
        if not role.startswith(FRAME)
    }


@pytest.mark.parametrize("theme", PALETTES)
def test_every_role_can_be_read_on_every_ground(theme: str) -> None:
    least = READ_WELL if theme == "high-contrast" else READ
    found = contrasts(PALETTES[theme])

    assert {} == {role: ratio for role, ratio in found.items() if ratio < least}
    assert READ_WELL <= found["text over"]


@pytest.mark.parametrize("theme", SIXTEEN)
@pytest.mark.parametrize("terminal", [XTERM, CONSOLE], ids=["xterm", "console"])
def test_every_role_can_be_read_in_sixteen_colours(theme: str, terminal: tuple[str, ...]) -> None:
    found = contrasts(SIXTEEN[theme], dict(zip(NAMES, terminal, strict=True)))

    assert {} == {role: ratio for role, ratio in found.items() if ratio < READ}


@pytest.mark.parametrize("theme", PALETTES)
def test_the_lines_around_panes_are_seen(theme: str) -> None:
    inks = PALETTES[theme].inks()

    assert SEEN <= contrast(inks[FRAME].colour, inks[FRAME].ground)


@pytest.mark.parametrize("theme", PALETTES)
def test_a_theme_colours_roles_there_are(theme: str) -> None:
    assert set(PALETTES[theme].roles) <= set(ROLES)
    assert PALETTES[theme].roles.keys() == SIXTEEN[theme].roles.keys() | {"stale", "ok"}


@pytest.mark.parametrize("lacking", LACKING)
def test_what_matters_stays_apart_without_one_kind_of_cone(lacking: str) -> None:
    roles = PALETTES[lacking].roles
    looks = {role: lab(roles[role], lacking) for role in TOLD}
    near = {
        pair: found
        for pair in combinations(TOLD, 2)
        if (found := difference(looks[pair[0]], looks[pair[1]])) < APART
    }

    assert {} == near


@pytest.mark.parametrize("theme", [name for name in PALETTES if name != "monochrome"])
def test_a_flush_that_fired_does_not_look_like_a_title(theme: str) -> None:
    roles = PALETTES[theme].roles
    lacking = theme if theme in LACKING else ""

    assert APART <= difference(lab(roles["flushed"], lacking), lab(roles["title"], lacking))


@pytest.mark.parametrize("theme", [name for name in SIXTEEN if name not in ("light", "monochrome")])
def test_sixteen_colours_are_enough_for_text_its_weight_and_what_the_eye_is_to_find(
    theme: str,
) -> None:
    palette = SIXTEEN[theme]
    roles = palette.roles

    assert 3 == len({palette.text, roles["dim"], roles["accent"]})
    assert 4 == len({roles["pending"], roles["violation"], roles["flushed"], roles["dim"]})


def test_the_difference_of_colours_is_the_published_one() -> None:
    near_blues = (50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485)
    greys = (50.0, 2.5, 0.0), (73.0, 25.0, -18.0)

    assert 2.0425 == round(difference(*near_blues), 4)
    assert 27.1492 == round(difference(*greys), 4)


def test_a_theme_that_is_none_is_told_with_the_nearest_or_those_there_are() -> None:
    with pytest.raises(LufError, match=r"'drak'; did you mean 'dark'\?$"):
        palette_named("drak")
    with pytest.raises(LufError, match=r"'nope'; known: dark, .*, tritan$"):
        palette_named("nope")
