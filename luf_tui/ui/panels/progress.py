"""A recording that goes on: how far it is, and a way to stop it."""

from __future__ import annotations

from luf_tui.ui.background.loading import Recording
from luf_tui.ui.panels.intents import Intent, Stop
from luf_tui.ui.panels.panel import ACCENT, DIM, Panel
from luf_tui.view.marks import Mark, Pane


class ProgressPanel(Panel):
    """A recording that takes long: how far it is, and a way to stop it."""

    name = "recording"
    width = 52

    def __init__(self, recording: Recording) -> None:
        under = f" under {recording.name}" if recording.name else ""
        super().__init__(f"recording{under}")
        self.recording = recording

    def pane(self, columns: int, rows: int) -> Pane:
        """The number of micro-steps so far."""
        told = (Mark(self.recording.said, ACCENT),)
        hint = (Mark("esc stops here and shows what there is", DIM),)
        return Pane(self.name, (Mark(self.title, "title"),), (told, (), hint))

    def key(self, key: str, character: str | None) -> Intent | None:
        """Stop."""
        return Stop(self.recording) if key == "escape" else None
