"""The machine's memory: an array of cells and the one logged write that changes it.

Everything a stepper needs follows from the log: stepping back, seeking, what changed, who wrote
this, and the explorer's make / look / undo.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import ClassVar

TYPECODES = (("B", 8), ("H", 16), ("I", 32), ("Q", 64))


def typecode_for(bits: int) -> str:
    """The smallest array type whose items hold `bits` bits."""
    for code, width in TYPECODES:
        if bits <= width:
            return code
    raise ValueError(f"no cell holds {bits} bits")


class Cells:
    """A flat array of unsigned cells with a log of every change.

    `log_cell`, `log_old` and `log_new` are parallel: write n changed cell `log_cell[n]` from
    `log_old[n]` to `log_new[n]`. Writing the value a cell already holds logs nothing.
    """

    __slots__ = ("_raw", "log_cell", "log_new", "log_old", "typecode", "values")

    MEMORY: ClassVar[type[array[int]]] = array
    """What the values stand in."""

    def __init__(self, count: int, bits: int) -> None:
        self.typecode = typecode_for(bits)
        empty = bytes(count * array(self.typecode).itemsize)
        self.values: array[int] = self.MEMORY(self.typecode, empty)
        self._raw = memoryview(self.values).cast("B")
        self.log_cell: array[int] = array("I")
        self.log_old: array[int] = array(self.typecode)
        self.log_new: array[int] = array(self.typecode)

    def write(self, cell: int, value: int) -> None:
        """Change one cell; the only way to do it."""
        old = self.values[cell]
        if old != value:
            self.values[cell] = value
            self.log_cell.append(cell)
            self.log_old.append(old)
            self.log_new.append(value)

    def mark(self) -> int:
        """The current end of the log, to come back to with `undo`."""
        return len(self.log_cell)

    def undo(self, mark: int) -> None:
        """Take back every write since `mark` and forget it."""
        values, cells, olds = self.values, self.log_cell, self.log_old
        for n in range(len(cells) - 1, mark - 1, -1):
            values[cells[n]] = olds[n]
        del cells[mark:], olds[mark:], self.log_new[mark:]

    def forget(self) -> None:
        """Drop the log and keep the state: used once, after the initial state is laid out."""
        del self.log_cell[:], self.log_old[:], self.log_new[:]

    def snapshot(self) -> bytes:
        """Every cell's bytes: a checkpoint, or a key of the explorer's visited set."""
        return self.values.tobytes()

    def restore(self, snapshot: bytes) -> None:
        """Set every cell from a snapshot of the same layout. The log is not touched."""
        self._raw[:] = snapshot

    def apply(self, writes: Iterable[tuple[int, int]]) -> None:
        """Put values into cells while a cursor moves over a recorded log."""
        values = self.values
        for cell, value in writes:
            values[cell] = value
