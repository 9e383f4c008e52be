"""Cells that note what is read and written, for a search that learns what a turn depends on.

Engine, policies and oracle read and write them as they do any cells, and know nothing of it.
"""

from __future__ import annotations

from array import array
from typing import Any

from luf_tui.machine.cells import Cells

_PLAIN = array.__getitem__


class WatchedArray(array):  # type: ignore[type-arg]  # of int; not to be subscripted at run time
    """Values that note which of them are read before they are written."""

    read: dict[int, None]
    written: dict[int, int]

    def __getitem__(self, at: Any) -> Any:
        written = self.written
        if type(at) is slice:
            asked = range(*at.indices(len(self)))
            self.read.update((cell, None) for cell in asked if cell not in written)
        elif at not in written:
            self.read[at] = None
        return _PLAIN(self, at)


class Forbidden(Exception):
    """A cell is written by somebody who may not."""

    def __init__(self, cell: int) -> None:
        super().__init__(cell)
        self.cell = cell


class WatchedCells(Cells):
    """Cells with notes since the last `watch`.

    `read` are the cells that were read before they were written, in that order: what happened
    depends on them and on no other cell. `written` is every cell that was written and the value it
    was given last, also where it had that value before.
    """

    __slots__ = ("permitted", "read", "written")

    MEMORY = WatchedArray

    def __init__(self, count: int, bits: int) -> None:
        super().__init__(count, bits)
        self.permitted: bytearray | None = None
        """While somebody is at work who may not write everything, a 1 for each cell he may."""
        self.watch()

    def watch(self) -> None:
        """Begin new notes; those handed out before stay as they are."""
        self.read: dict[int, None] = {}
        self.written: dict[int, int] = {}
        values = self.values
        assert isinstance(values, WatchedArray)
        values.read, values.written = self.read, self.written

    def write(self, cell: int, value: int) -> None:
        """Change one cell. It is no read: what it held before decides nothing.

        Raises Forbidden for one that is not permitted now.
        """
        if self.permitted is not None and not self.permitted[cell]:
            raise Forbidden(cell)
        self.written[cell] = value  # first, so that comparing it notes nothing
        super().write(cell, value)
