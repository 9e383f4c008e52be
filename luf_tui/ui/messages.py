"""What screens ask of the app."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from textual.message import Message

from luf_tui.timeline.navigate.spots import Spot


class OpenScenario(Message):
    """Open a scenario at a place; without one, where its run fails, or at the start."""

    def __init__(
        self,
        path: Path,
        spot: Spot | None = None,
        policy: str | None = None,
        without: Iterable[str] = (),
    ) -> None:
        super().__init__()
        self.path = path
        self.spot = spot
        self.policy = policy
        self.without = tuple(without)


class OpenGallery(Message):
    """Show the gallery of scenarios."""


class ThemeChanged(Message):
    """Every screen is to be drawn in the theme in use."""
