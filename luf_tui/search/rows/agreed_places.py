"""One order in which processes give places to cells, so that a state is the same in each."""

from __future__ import annotations

import numpy as np

from luf_tui.search.rows.packing import Layout
from luf_tui.search.rows.shared_memory import SharedMemory


class AgreedPlaces:
    """A list of cells that all have; who needs a place for one puts it at the end, and gives
    places to all before.
    """

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.memory = SharedMemory("luf-tui places")
        self.memory.grow(8 * (1 + len(layout.widths)))
        self._cells = self.memory.array(np.int64, 1 + len(layout.widths))
        """How many cells the list has, and the cells."""
        self._taken = 0
        layout.agree = self._agree

    def catch_up(self) -> None:
        """Give places to all cells that have one elsewhere."""
        while self._taken < self._cells[0]:
            self._taken += 1
            self.layout.put(int(self._cells[self._taken]))

    def close(self) -> None:
        """Give places alone from here on."""
        self.layout.agree = self.layout.put
        self.memory.close()

    def _agree(self, cell: int) -> None:
        with self.memory.locked():
            self.catch_up()
            if cell not in self.layout.places:
                self._cells[self._cells[0] + 1] = cell
                self._cells[0] += 1
                self.catch_up()
