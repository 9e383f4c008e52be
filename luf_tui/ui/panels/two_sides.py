"""Two runs side by side over the whole screen, with a cursor of their own."""

from __future__ import annotations

from luf_tui.timeline.navigate.alignment import (
    Sides,
    held_up,
    next_difference,
    parting,
    previous_difference,
)
from luf_tui.ui.panels.intents import Close, Go, Intent, Stay
from luf_tui.ui.panels.panel import ACCENT, Panel, key_row
from luf_tui.ui.session import MOVES
from luf_tui.view import sides as view
from luf_tui.view.columns import ends
from luf_tui.view.marks import Mark, Pane
from luf_tui.view.sides import Names

HINT = "↑↓ line   ←→ step   n N difference   ⇥ pane   s swap   ⏎ go   = leave"
STEPS = {
    "right": "next_step", "left": "previous_step", "down": "next_item", "j": "next_item",
    "up": "previous_item", "k": "previous_item", "home": "start", "end": "end",
}  # fmt: skip
"""The moves of keys, by the names that the session has for them."""
TURNS = {"tab": 1, "shift+tab": -1}
"""How far a key goes in the panes that take turns."""


class TwoSidesPanel(Panel):
    """What differs is lit; moves are made on the left, and stop where the two part."""

    name = "two sides"
    whole = True

    def __init__(self, sides: Sides, names: Names, position: int, level: str) -> None:
        super().__init__(f"{names.left} beside {names.right}")
        self.sides = sides
        self.names = names
        self.position = position
        self.level = level
        self.run = sides.left
        """The run that the screen shows, on whichever side it is."""
        self.told = ""
        self.chosen = ""
        """The pane that is wanted where not all have room; empty for the first that differs."""

    def pane(self, columns: int, rows: int) -> Pane:
        """Both sides, and the keys."""
        shown = view.rows(
            self.sides, self.names, self.position, columns, rows - 1, self.level, self.chosen
        )
        shown += [()] * (rows - 1 - len(shown))
        hint = ends((Mark(" "), *key_row(HINT)), (Mark(f"{self.told} ", ACCENT),), columns)
        return Pane(self.name, (), (*shown, hint))

    def key(self, key: str, character: str | None) -> Intent | None:
        """Step, go to a difference, swap, leave."""
        self.told = ""
        if key in STEPS:
            return self._moved(MOVES[STEPS[key]](self.sides.left, self.position))
        if key == "n":
            return self._to_difference(next_difference(self.sides, self.position), "ahead")
        if key == "N":
            return self._to_difference(previous_difference(self.sides, self.position), "behind")
        if key == "s":
            return self._swap()
        if key == "enter":
            return self._go_there()
        if key in TURNS:
            self.chosen = view.next_pane(self.sides, self.position, self.chosen, TURNS[key])
            return Stay()
        if key in ("equals_sign", "X"):
            return Close()
        return super().key(key, character)

    def press(self, row: int, *, twice: bool) -> Intent:
        """Clicks do nothing here."""
        return Stay()

    def _moved(self, target: int) -> Intent:
        """Make a move as far as it goes."""
        if target == self.position:
            self.told = "there the run ends" if target else "this is the power-on state"
        self.position = held_up(self.sides, self.position, target)
        found = parting(self.sides)
        if found is not None and self.position == found.step:
            self.told = "here the two part"
        return Stay()

    def _to_difference(self, target: int, where: str) -> Intent:
        if target == self.position:
            self.told = f"no difference {where}"
        self.position = target
        return Stay()

    def _swap(self) -> Intent:
        self.sides, self.position = self.sides.swapped(self.position)
        self.names = Names(self.names.right, self.names.left)
        return Stay()

    def _go_there(self) -> Intent:
        """To the place in the run that the screen shows."""
        on_left = self.sides.left is self.run
        return Go(self.position if on_left else self.sides.opposite(self.position))
