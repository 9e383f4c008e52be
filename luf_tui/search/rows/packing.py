"""A state as one number: what differs from the start, each cell at a place and a width of its own.

A machine has thousands of cells and a race changes a hundred or two. A cell gets a place when it
first changes, behind all others, and holds its value exclusive-or'ed with the start's: so it is 0
in every state met before, and those keep their numbers. No cell straddles two words of 64 bits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from luf_tui.machine.cells import Cells
    from luf_tui.machine.machine import Machine

State = int
WORD = 64
"""Bits of a word."""
WHOLE = (1 << WORD) - 1
"""A word of ones."""
USUAL = 8
"""Bits that a number gets for a start: few count far within a race."""


class StartOver(Exception):
    """What a search was begun on does not hold: it starts over without."""


class TooWide(StartOver):
    """A value needs more bits than its cell has: the search starts over with `cells` wider."""

    def __init__(self, cell: int, value: int) -> None:
        super().__init__(cell, value)
        self.cell = cell
        self.bits = value.bit_length()


def declared_widths(machine: Machine) -> list[int]:
    """Bits of each cell as declared: enough for a reference, a mask, or a short number."""
    counts = {name: len(region) for name, region in machine.regions.items()}
    widths = [USUAL] * len(machine.cells.values)
    for region in machine.regions.values():
        for declared in region.kind.FIELDS:
            if declared.ref:
                width = max(1, counts[declared.ref].bit_length())
            elif declared.mask:
                width = max(1, counts[declared.mask])
            else:
                width = min(declared.bits or USUAL, USUAL)
            first = region.base + declared.offset
            for cell in range(first, first + len(region) * region.size, region.size):
                widths[cell] = width
    return widths


class Layout:
    """Where the changing cells of one machine stand in a state.

    Whoever keeps masks of cells is told through `on_place` when one gets its place.
    """

    def __init__(self, cells: Cells, widths: Sequence[int]) -> None:
        self.cells = cells
        self.widths = widths
        self.first: list[int] = cells.values.tolist()
        self.start = cells.snapshot()
        self.places: dict[int, int] = {}
        """The lowest bit of each cell that has a place, in the order they got it."""
        self.bits = 0
        """Bits of a state so far."""
        self._ones: dict[int, int] = {}
        """The bits of each cell that has a place."""
        self._in_word: list[list[tuple[int, int, int]]] = []
        """The cells in each word, where each stands in it, and as many ones as it has bits."""
        self.agree = self.put
        """What gives a cell its place: where processes share states, in one order for all."""
        self._watchers: dict[int, list[Callable[[int], None]]] = {}

    @property
    def words(self) -> int:
        """Words of a state so far, at least one."""
        return max(1, -(-self.bits // WORD))

    def place(self, cell: int) -> int:
        """The lowest bit of a cell, which gets its place now if it has none."""
        if cell not in self.places:
            self.agree(cell)
        return self.places[cell]

    def put(self, cell: int) -> None:
        """Give a cell the next place."""
        width = self.widths[cell]
        if self.bits % WORD + width > WORD:
            self.bits += WORD - self.bits % WORD
        ones = (1 << width) - 1
        self.places[cell] = self.bits
        self._ones[cell] = mask = ones << self.bits
        while len(self._in_word) <= self.bits // WORD:
            self._in_word.append([])
        self._in_word[-1].append((cell, self.bits % WORD, ones))
        self.bits += width
        for told in self._watchers.pop(cell, ()):
            told(mask)

    def ones(self, cell: int) -> int:
        """The bits of a cell that has a place."""
        return self._ones[cell]

    def mask(self, cells: Iterable[int], grown: Callable[[int], None]) -> int:
        """The bits of some cells; `grown` is called with the bits of each that gets its place
        later on.
        """
        mask, known = 0, self._ones
        for cell in cells:
            if cell in known:
                mask |= known[cell]
            else:
                self._watchers.setdefault(cell, []).append(grown)
        return mask

    def packed(self, values: Mapping[int, int]) -> State:
        """The bits of some cells with these values; the others' are 0. Raises TooWide."""
        state = 0
        for cell, value in values.items():
            change = value ^ self.first[cell]
            if change:
                if change >> self.widths[cell]:
                    raise TooWide(cell, value | self.first[cell])
                state |= change << self.place(cell)
        return state

    def state(self, values: Sequence[int], beside: Iterable[int] = ()) -> State:
        """The state of a machine whose cells have these values, where only those with a place and
        those `beside` them may differ from the start. Raises TooWide.
        """
        return self.packed({cell: values[cell] for cell in (*self.places, *beside)})

    def changes(self, state: State) -> Iterable[tuple[int, int]]:
        """Cells that differ from the start in a state, and their values."""
        first = self.first
        for cells in self._in_word:
            word = state & WHOLE
            state >>= WORD
            if word:
                for cell, at, ones in cells:
                    change = word >> at & ones
                    if change:
                        yield cell, first[cell] ^ change

    def unpacked(self, state: State) -> list[int]:
        """The cells of the machine in a state."""
        cells = self.first[:]
        for cell, value in self.changes(state):
            cells[cell] = value
        return cells

    def restore(self, state: State) -> None:
        """Put the machine into a state. The log is not touched."""
        self.cells.restore(self.start)
        self.cells.apply(self.changes(state))
