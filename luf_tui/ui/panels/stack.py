"""The panels over the panes: which has the keys, which key closes it, and where it is drawn."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import overload

from luf_tui.ui.panels.panel import Panel
from luf_tui.ui.panels.prompt import Prompt
from luf_tui.view.compose import Block

SIDE_WIDTH = 110
"""From this width on, panels stand at the right and leave the script in sight."""


class PanelStack(Sequence[Panel]):
    """Panels, the uppermost last: that one is drawn and has the keys."""

    def __init__(self) -> None:
        self._panels: list[Panel] = []
        self.pressed = ""
        """The key pressed while none was open: the next panel is what it opens."""

    @overload
    def __getitem__(self, index: int) -> Panel: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Panel]: ...
    def __getitem__(self, index: int | slice) -> Panel | Sequence[Panel]:
        return self._panels[index]

    def __len__(self) -> int:
        return len(self._panels)

    def open(self, panel: Panel) -> None:
        """Put a panel over the others."""
        panel.opener, self.pressed = self.pressed, ""
        self._panels.append(panel)

    def close(self, panel: Panel) -> None:
        """Take a panel away, wherever it lies."""
        if panel in self._panels:
            self._panels.remove(panel)

    def keep(self, panels: Collection[Panel]) -> None:
        """Close all but these."""
        self._panels = [panel for panel in self._panels if panel in panels]

    def blocks(self, width: int, height: int) -> list[Block]:
        """What the uppermost panel draws on a screen of so many cells."""
        return self._panels[-1].blocks(width, height) or [self.block(width, height)]

    def block(self, width: int, height: int) -> Block:
        """The uppermost panel in its place on a screen of so many cells."""
        panel = self._panels[-1]
        if isinstance(panel, Prompt):
            rows = len(panel.pane(width - 4, 1).rows)
            top = height - rows - 3
            pane = panel.pane(width - 4, rows)
            return Block(pane, 0, top, width, rows + 2, focus=True, over=True)
        if panel.whole:
            pane = panel.pane(width, height)
            return Block(pane, 0, 0, width, height, frame=False, focus=True, over=True)
        wide = min(width - 2, panel.width)
        top, tall = (1, height - 2) if height < 30 else (2, height - 4)
        if panel.snug:
            tall = min(tall, panel.height(wide - 4) + 2)
        x = width - wide if width >= SIDE_WIDTH else (width - wide) // 2
        return Block(panel.pane(wide - 4, tall - 2), x, top, wide, tall, focus=True, over=True)
