"""The history of writes, kept as small as its numbers allow.

The machine's log is moved here in pieces while a run is recorded. A cell number fits 16 bits on
a toy machine and most values fit 8, so a write costs about 4 bytes there instead of 12.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from luf_tui.machine.cells import Cells, typecode_for
from luf_tui.timeline.store.column import Column


class Deltas:
    """Every write of a run: write n changed cell `cell[n]` from `old[n]` to `new[n]`."""

    __slots__ = ("cell", "new", "old")

    def __init__(self, cells: Cells) -> None:
        """`cells` are those of the machine, for their number and width."""
        bits = (len(cells.values) - 1).bit_length()
        self.cell: array[int] = array(typecode_for(max(1, bits)))
        self.old = Column(cells.typecode)
        self.new = Column(cells.typecode)

    def __len__(self) -> int:
        return len(self.cell)

    @property
    def nbytes(self) -> int:
        """Bytes the history takes."""
        return len(self.cell) * self.cell.itemsize + self.old.nbytes + self.new.nbytes

    def take(self, cells: Cells) -> None:
        """Move the machine's log here, leaving it empty."""
        self.cell.extend(array(self.cell.typecode, cells.log_cell))
        self.old.extend(cells.log_old)
        self.new.extend(cells.log_new)
        cells.forget()

    def forward(self, first: int, end: int) -> Iterator[tuple[int, int]]:
        """Cells and values that carry the state from write `first` to write `end`."""
        return zip(self.cell[first:end], self.new.part(first, end), strict=True)

    def backward(self, first: int, end: int) -> Iterator[tuple[int, int]]:
        """Cells and values that carry the state from write `end` back to write `first`."""
        return zip(reversed(self.cell[first:end]), reversed(self.old.part(first, end)), strict=True)

    def net(self, first: int, end: int) -> dict[int, tuple[int, int]]:
        """What writes `first` to `end` did altogether: cell -> (before, after), changes only."""
        olds: dict[int, int] = {}
        news: dict[int, int] = {}
        for cell, old, new in zip(
            self.cell[first:end], self.old.part(first, end), self.new.part(first, end), strict=True
        ):
            olds.setdefault(cell, old)
            news[cell] = new
        return {cell: (old, news[cell]) for cell, old in olds.items() if old != news[cell]}

    def writes_to(self, first_cell: int, end_cell: int) -> list[int]:
        """Numbers of all writes to cells `first_cell` to `end_cell - 1`, oldest first."""
        if end_cell == first_cell + 1:
            return [n for n, cell in enumerate(self.cell) if cell == first_cell]
        return [n for n, cell in enumerate(self.cell) if first_cell <= cell < end_cell]

    def last_write(self, first_cell: int, end_cell: int, before: int) -> int:
        """The last write below number `before` to one of these cells, or -1."""
        end = before
        while end > 0:
            first = max(0, end - 4096)
            piece = self.cell[first:end]
            for back, cell in enumerate(reversed(piece), start=1):
                if first_cell <= cell < end_cell:
                    return end - back
            end = first
        return -1
