"""How every role looks in every theme, as plain data for whoever paints."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import evolve, frozen

from luf_tui.view.marks import FRAME, ROLES, selected_role


@frozen
class Ink:
    """Colours as `#rrggbb`, and the attributes that tell a role without them."""

    colour: str
    ground: str
    attributes: tuple[str, ...] = ()

    @property
    def reverse(self) -> bool:
        """Whether it is written in the colour of the ground, on its own."""
        return "reverse" in self.attributes

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
    text: str
    frame: str
    accent: str
    roles: Mapping[str, str]
    """Role to colour; a role that is not named has the colour of text."""

    def inks(self) -> Mapping[str, Ink]:
        """How every role looks. A role that is not among them is written like text."""
        colours = {FRAME: self.frame, **self.roles}
        plain = {
            name: Ink(colours.get(name, self.text), self.background, role.attributes)
            for name, role in ROLES.items()
        }
        return plain | {selected_role(name): one.reversed() for name, one in plain.items()}


def _roles(
    dim: str, warm: str, alarm: str, good: str, cool: str, soft: str, accent: str
) -> Mapping[str, str]:
    """Colours by meaning: `warm` is owed, `alarm` is wrong, `good` is paid, `cool` is in use."""
    return {
        "dim": dim,
        "title": accent,
        "current": accent,
        "changed": accent,
        "stale": warm,
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
    }


PALETTES: dict[str, Palette] = {
    "dark": Palette(
        "dark", "dark", "#16181d", "#cdd3de", "#3a4150", "#7fb4ff",
        _roles("#7b8494", "#ffb454", "#ff6b6b", "#7fd88f", "#6cb6d9", "#b9a5e2", "#7fb4ff"),
    ),
    "light": Palette(
        "light", "light", "#fbfaf7", "#24292f", "#c3c8cf", "#0b57c0",
        _roles("#6b7480", "#9a5b00", "#b3001e", "#1a6e35", "#0d6583", "#5e3fa8", "#0b57c0"),
    ),
    "high-contrast": Palette(
        "high-contrast", "dark", "#000000", "#ffffff", "#ffffff", "#ffff00",
        _roles("#c0c0c0", "#ffd700", "#ff5f5f", "#5fff5f", "#5fffff", "#ffffff", "#ffff00"),
    ),
    "colour-blind": Palette(
        "colour-blind", "dark", "#14171c", "#d6dae2", "#3f4654", "#56b4e9",
        _roles("#808896", "#e69f00", "#f0e442", "#56b4e9", "#0fa3a3", "#cc79a7", "#56b4e9"),
    ),
}  # fmt: skip
"""The themes. The colour-blind one keeps to hues that deuteranopes and tritanopes tell apart."""
