"""Single cells of many states at once, as numbers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from luf_tui.search.rows.fingerprints import Words
from luf_tui.search.rows.index import Numbers, wide
from luf_tui.search.rows.packing import WORD, Layout, TooWide


class CellColumns:
    """The cells of some states, which are given as columns of words, to be read and changed."""

    def __init__(self, layout: Layout, words: Words) -> None:
        self.layout = layout
        self.words = words
        """The states as they stand; wider than before where a cell has got its place."""

    @property
    def count(self) -> int:
        """How many states there are."""
        return len(self.words[0])

    def varies(self, cell: int) -> bool:
        """Whether a cell may hold anything but 0 in any state of the search so far."""
        return cell in self.layout.places or self.layout.first[cell] != 0

    def differ(self, cells: Sequence[int]) -> bool:
        """Whether some of these cells may hold what others do not."""
        places, first = self.layout.places, self.layout.first
        return len({first[cell] for cell in cells}) > 1 or any(cell in places for cell in cells)

    def some(self, states: Numbers) -> CellColumns:
        """A copy of some of the states, by their numbers."""
        return CellColumns(self.layout, self.words.take(states, axis=1))

    def replace(self, states: Numbers, by: CellColumns) -> None:
        """Put those of a copy back."""
        self.words = wide(self.words, len(by.words))
        self.words[:, states] = by.words

    def get(self, cell: int) -> Numbers:
        """What a cell holds in each state."""
        first, at = self.layout.first[cell], self.layout.places.get(cell)
        if at is None or at // WORD >= len(self.words):
            return np.full(self.count, first, np.int64)
        found = self.words[at // WORD] >> np.uint64(at % WORD)
        found &= np.uint64((1 << self.layout.widths[cell]) - 1)
        if first:
            found ^= np.uint64(first)
        numbers: Numbers = found.view(np.int64)
        return numbers

    def put(self, cell: int, values: Numbers) -> None:
        """Let a cell hold these values. Raises TooWide."""
        layout, first = self.layout, self.layout.first[cell]
        changes = (values ^ first).view(np.uint64)
        if cell not in layout.places and not changes.any():
            return
        at, width = layout.place(cell), layout.widths[cell]
        most = int(changes.max(initial=0))
        if most >> width:
            raise TooWide(cell, most | first)
        self.words = wide(self.words, layout.words)
        word = self.words[at // WORD]
        word &= np.uint64((1 << WORD) - 1 ^ layout.ones(cell) >> at // WORD * WORD)
        word |= changes << np.uint64(at % WORD)
