"""The history of writes, kept as small as its numbers allow.

The machine's log is moved here in pieces while a run is recorded. A cell number fits 16 bits on
a toy machine and most values fit 8, so a write costs 4 bytes there instead of 12; an array that
meets a number it cannot hold is widened once (performance.md, section 4).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from luf_tui.machine.cells import TYPECODES, Cells, typecode_for

CODES = tuple(code for code, _ in TYPECODES)


def narrow(numbers: array[int], code: str) -> array[int]:
    """The same numbers in the narrowest array type at least as wide as `code`."""
    for wider in CODES[CODES.index(code) :]:
        try:
            return array(wider, numbers)
        except OverflowError:
            continue
    return numbers


def joined(store: array[int], more: array[int]) -> array[int]:
    """`store` with `more` at its end; a wider array when `more` needs one."""
    piece = narrow(more, store.typecode)
    if piece.typecode != store.typecode:
        store = array(piece.typecode, store)
    store.extend(piece)
    return store


class Deltas:
    """Every write of a run: write n changed cell `cell[n]` from `old[n]` to `new[n]`."""

    __slots__ = ("cell", "new", "old")

    def __init__(self, cells: int) -> None:
        """`cells` is how many cells the machine has."""
        self.cell: array[int] = array(typecode_for(max(1, (cells - 1).bit_length())))
        self.old: array[int] = array("B")
        self.new: array[int] = array("B")

    def __len__(self) -> int:
        return len(self.cell)

    @property
    def nbytes(self) -> int:
        """Bytes the history takes."""
        return sum(len(a) * a.itemsize for a in (self.cell, self.old, self.new))

    def take(self, cells: Cells) -> None:
        """Move the machine's log here, leaving it empty."""
        self.cell = joined(self.cell, cells.log_cell)
        self.old = joined(self.old, cells.log_old)
        self.new = joined(self.new, cells.log_new)
        cells.forget()

    def forward(self, first: int, end: int) -> Iterator[tuple[int, int]]:
        """Cells and values that carry the state from write `first` to write `end`."""
        return zip(self.cell[first:end], self.new[first:end], strict=True)

    def backward(self, first: int, end: int) -> Iterator[tuple[int, int]]:
        """Cells and values that carry the state from write `end` back to write `first`."""
        return zip(reversed(self.cell[first:end]), reversed(self.old[first:end]), strict=True)

    def net(self, first: int, end: int) -> dict[int, tuple[int, int]]:
        """What writes `first` to `end` did altogether: cell -> (before, after), changes only."""
        olds: dict[int, int] = {}
        news: dict[int, int] = {}
        for cell, old, new in zip(
            self.cell[first:end], self.old[first:end], self.new[first:end], strict=True
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
