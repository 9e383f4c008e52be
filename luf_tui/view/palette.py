"""How every role looks in every theme, as plain data for whoever paints."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve, frozen

from luf_tui.errors import LufError, nearest, with_hint
from luf_tui.view.marks import FRAME, ROLES, changed_role, differing_role, selected_role


@frozen
class Ink:
    """Colours as `#rrggbb`, or by the names of the sixteen of a terminal, and the attributes that
    tell a role without them.
    """

    colour: str
    ground: str
    attributes: tuple[str, ...] = ()

    @property
    def reverse(self) -> bool:
        """Whether it is written in the colour of the ground, on its own."""
        return "reverse" in self.attributes

    def underlined(self) -> Ink:
        """The same for what has changed."""
        told = (*self.attributes, "bold", "underline")
        return evolve(self, attributes=tuple(dict.fromkeys(told)))

    def reversed(self) -> Ink:
        """The same for what is selected."""
        return self if self.reverse else evolve(self, attributes=(*self.attributes, "reverse"))


@frozen
class Palette:
    """A theme: the colours of the ground, of plain text, of frames, and of every other role."""

    name: str
    ground: str
    """dark or light."""
    background: str
    raised: str
    """The ground of what stands over the panes."""
    text: str
    frame: str
    accent: str
    roles: Mapping[str, str]
    """Role to colour; a role that is not named has the colour of text."""

    def inks(self, *, over: bool = False) -> Mapping[str, Ink]:
        """How every role looks; `over` is for what stands over the panes.

        A role that is not among them is written like text.
        """
        ground = self.raised if over else self.background
        colours = {FRAME: self.frame, **self.roles}
        plain = {
            name: Ink(colours.get(name, self.text), ground, role.attributes)
            for name, role in ROLES.items()
        }
        plain |= {differing_role(name): one.reversed() for name, one in plain.items()}
        plain |= {changed_role(name): one.underlined() for name, one in plain.items()}
        return plain | {selected_role(name): one.reversed() for name, one in plain.items()}


def _roles(
    dim: str, warm: str, alarm: str, good: str, cool: str, soft: str, accent: str, **own: str
) -> Mapping[str, str]:
    """Colours by meaning: `warm` is owed, `alarm` is wrong, `good` is paid, `cool` is in use; and
    roles that have a colour of their own.
    """
    return {
        "dim": dim,
        "title": accent,
        "current": accent,
        "changed": accent,
        "stale": warm,
        "unusable": dim,
        "danger": alarm,
        "pending": warm,
        "flushed": good,
        "saved": good,
        "benign": soft,
        "deviation": soft,
        "violation": alarm,
        "fault": alarm,
        "ipi": cool,
        "used": cool,
        "file": cool,
        "kernel": soft,
        "free": dim,
        "breakpoint": alarm,
        "ok": good,
        "failed": alarm,
        "note": soft,
        "key": accent,
        "tab": accent,
        "accent": accent,
        "cursor": accent,
        "focus": accent,
        "thumb": accent,
        **own,
    }


PALETTES: dict[str, Palette] = {
    "dark": Palette(
        "dark", "dark", "#16181d", "#22252a", "#cdd3de", "#4a5262", "#7fb4ff",
        _roles("#8c95a5", "#ffb454", "#ff7373", "#7fd88f", "#6cb6d9", "#b9a5e2", "#7fb4ff"),
    ),
    "light": Palette(
        "light", "light", "#fbfaf7", "#eeedeb", "#24292f", "#b3b9c2", "#0b57c0",
        _roles("#5f6772", "#8a5100", "#b3001e", "#1a6e35", "#0d6583", "#5e3fa8", "#0b57c0"),
    ),
    "high-contrast": Palette(
        "high-contrast", "dark", "#000000", "#121212", "#ffffff", "#ffffff", "#ffff00",
        _roles("#c0c0c0", "#ffd700", "#ff8585", "#5fff5f", "#5fffff", "#ffffff", "#ffff00"),
    ),
    "deutan": Palette(
        "deutan", "dark", "#14171c", "#22252a", "#d6dae2", "#485061", "#5c9df5",
        _roles(
            "#8f97a6", "#f6ee5a", "#e8788f", "#4fd8f0", "#8fb4d8", "#c3b6dc", "#5c9df5",
            stale="#d2a24a", ok="#a6e0b4",
        ),
    ),
    "protan": Palette(
        "protan", "dark", "#14171c", "#22252a", "#d6dae2", "#485061", "#1a9dd9",
        _roles(
            "#8f97a6", "#f4f968", "#ef653a", "#59ddfd", "#8fb4d8", "#c3b6dc", "#1a9dd9",
            stale="#c8b032", ok="#8bf9bf",
        ),
    ),
    "tritan": Palette(
        "tritan", "dark", "#14171c", "#22252a", "#d6dae2", "#485061", "#42a2c5",
        _roles(
            "#8f97a6", "#ffed90", "#ff5b6d", "#35eeca", "#8fbcc4", "#d8b4bc", "#42a2c5",
            stale="#f6b797", ok="#94ca9c",
        ),
    ),
    "monochrome": Palette(
        "monochrome", "dark", "#161616", "#242424", "#d8d8d8", "#505050", "#ffffff",
        _roles("#989898", "#ffffff", "#ffffff", "#ffffff", "#d8d8d8", "#d8d8d8", "#ffffff"),
    ),
}  # fmt: skip
"""The themes. In those for people without one kind of cone what is stale, owed, paid, broken, held
and changed stays apart in the two hues that are left: by lightness and by saturation.
"""


def _sixteen(name: str, *meanings: str) -> Palette:
    """A dark theme in the colours of a terminal that has but sixteen."""
    black, dim, text = "black", "white", "bright_white"
    roles = _roles(dim, *meanings)
    return Palette(name, "dark", black, black, text, "bright_black", roles["accent"], roles)


SIXTEEN: dict[str, Palette] = {
    "dark": _sixteen(
        "dark", "bright_yellow", "bright_red", "bright_green", "cyan", "bright_magenta",
        "bright_cyan",
    ),
    "light": Palette(
        "light", "light", "bright_white", "bright_white", "black", "white", "blue",
        _roles("black", "magenta", "red", "blue", "blue", "black", "blue"),
    ),
    "high-contrast": _sixteen(
        "high-contrast", "bright_yellow", "bright_red", "bright_green", "bright_cyan",
        "bright_white", "bright_yellow",
    ),
    "deutan": _sixteen(
        "deutan", "bright_yellow", "bright_white", "bright_cyan", "cyan", "white",
        "bright_magenta",
    ),
    "protan": _sixteen(
        "protan", "bright_yellow", "bright_white", "bright_cyan", "cyan", "white",
        "bright_magenta",
    ),
    "tritan": _sixteen(
        "tritan", "bright_yellow", "bright_red", "bright_green", "cyan", "white", "bright_cyan",
    ),
    "monochrome": _sixteen("monochrome", *["bright_white"] * 3, *["white"] * 2, "bright_white"),
}  # fmt: skip
"""The same themes for terminals of sixteen colours. Left out is what cannot be read on their
ground with the colours of xterm or of the Linux console: bright black and blue on black, green
and yellow on white.
"""


def palette_named(name: str) -> Palette:
    """A theme by its name. Raises LufError for one there is not."""
    if name not in PALETTES:
        raise LufError(with_hint(f"no theme is called '{name}'", nearest(name, PALETTES)))
    return PALETTES[name]
