"""States as short byte strings, exactly: what differs from the start of the race, and nothing else.

A machine has thousands of cells and a race changes a hundred or two. A key holds one byte for each
cell that any state of the search has changed so far, exclusive-or'ed with the start's value, and
ends at the last byte that is not 0. So a cell that joins later lengthens no earlier key.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from luf_tui.machine.cells import Cells

Key = bytes
WIDE = 4
"""Bytes of a cell in a key from the moment one does not fit into one byte."""


class TooWide(Exception):
    """A cell no longer fits into the bytes that keys give it: the search starts over, wider."""


class Keys:
    """Turns the machine's state into a key, and a key into the state again."""

    def __init__(self, cells: Cells, width: int = 1) -> None:
        self.cells = cells
        self.width = width
        self.start = cells.snapshot()
        self.first: list[int] = cells.values.tolist()
        self.active: list[int] = []
        self._known = bytearray(len(self.first))
        self._take: Callable[[Any], tuple[int, ...]] = itemgetter(0, 0)
        self._origin = 0

    def learn(self, changed: Iterable[int]) -> None:
        """Let cells that were written take part in keys from now on."""
        known = self._known
        new = [cell for cell in dict.fromkeys(changed) if not known[cell]]
        if not new:
            return
        for cell in new:
            known[cell] = 1
        self.active += new
        self._take = itemgetter(*self.active, 0)
        self._origin = int.from_bytes(self._packed(tuple(self.first[c] for c in self.active)))

    def _packed(self, values: tuple[int, ...]) -> bytes:
        """Little end first, so that the last cell is the highest; reversed for a cheap strip."""
        try:
            if self.width == 1:
                return bytes(reversed(values))
            return b"".join(value.to_bytes(self.width) for value in reversed(values))
        except (ValueError, OverflowError):
            raise TooWide from None

    def of(self, values: Any) -> Key:
        """The key of a state given as a sequence of all cells."""
        if not self.active:
            return b""
        try:
            number = int.from_bytes(self._packed(self._take(values)[:-1])) ^ self._origin
        except OverflowError:
            raise TooWide from None
        return number.to_bytes((number.bit_length() + 7) // 8)

    def translated(self, key: Key, layout: Sequence[int]) -> Key:
        """A key whose cells stand in the order of another layout, all of them known here."""
        width = self.width
        place = {cell: number * width for number, cell in enumerate(self.active)}
        little, own = key[::-1], bytearray(len(self.active) * width)
        for number, at in enumerate(range(0, len(little), width)):
            change = little[at : at + width]
            if any(change):
                to = place[layout[number]]
                own[to : to + len(change)] = change
        return bytes(own).rstrip(b"\0")[::-1]

    def restore(self, key: Key) -> None:
        """Put the machine into the state of a key. The log is not touched."""
        self.cells.restore(self.start)
        values, first, width = self.cells.values, self.first, self.width
        if width == 1:
            for cell, change in zip(self.active, reversed(key), strict=False):
                if change:
                    values[cell] = first[cell] ^ change
            return
        padded = key.rjust(-(-len(key) // width) * width, b"\0")
        for number, cell in zip(range(len(padded), 0, -width), self.active, strict=False):
            change = int.from_bytes(padded[number - width : number])
            if change:
                values[cell] = first[cell] ^ change
