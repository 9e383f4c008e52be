"""Normal forms, names and weights of many states at once, with numpy."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np

from luf_tui.search.rows.cell_columns import CellColumns
from luf_tui.search.rows.fingerprints import Words
from luf_tui.search.rows.index import Numbers
from luf_tui.search.rows.levels import Levels, Tried
from luf_tui.search.rows.packing import State
from luf_tui.search.rows.space import Space
from tests.promela.naming import Naming
from tests.promela.renaming import Move, Symmetry


class ColumnNaming:
    """A naming, as whole levels are given it."""

    def __init__(self, naming: Naming) -> None:
        self.naming = naming

    def rename(self, columns: CellColumns) -> None:
        """Put states into normal form, under the least of their names."""
        self.naming.ranks.rename(columns)
        symmetry = self.naming.symmetry
        if symmetry and columns.count:
            numbers = symmetry.best(columns)[0]
            moved = np.flatnonzero(numbers)
            if len(moved):
                _move(columns, symmetry, moved[np.argsort(numbers[moved], kind="stable")], numbers)


def _move(columns: CellColumns, symmetry: Symmetry, states: Numbers, numbers: Numbers) -> None:
    """Rename some states, those of one renaming after the other."""
    numbers = numbers[states]
    moved = columns.some(states)
    starts = np.flatnonzero(np.diff(numbers, prepend=-1)).tolist()
    moves = {int(numbers[start]): symmetry.moves(int(numbers[start])) for start in starts}
    old = {cell: moved.get(cell) for cell in symmetry.cells}
    new = {cell: values.copy() for cell, values in old.items()}
    for start, end in pairwise((*starts, len(numbers))):
        here = slice(start, end)
        for move in moves[int(numbers[start])]:
            if not move.idle:
                new[move.target][here] = _moved(move, old, here)
    for cell, values in new.items():
        moved.put(cell, values)
    columns.replace(states, moved)


def _moved(move: Move, old: dict[int, Numbers], here: slice) -> Numbers:
    values = old[move.source][here]
    if move.table is not None:
        return np.take(move.table, values)
    if move.by_kind:
        kinds, found = old[move.kind][here], values.copy()
        for kind, table in move.by_kind.items():
            among = kinds == kind
            found[among] = np.take(table, values[among])
        return found
    return values


class WeighedLevels(Levels):
    """Whole levels, each state counted as often as there are states that it stands for."""

    def __init__(self, space: Space, naming: Naming, seen: Iterable[State]) -> None:
        self.weighing = naming.symmetry
        self.stood_for = self.transitions = 0
        super().__init__(space, seen, naming=ColumnNaming(naming))

    def _entered(self, tried: Tried) -> Words:
        count = len(tried.tried)
        weights: Numbers = np.ones(count, np.int64)
        if self.weighing:
            states = self.states[:, tried.first : tried.first + count]
            weights *= self.weighing.best(CellColumns(self.space.learner.layout, states))[1]
        self.stood_for += int(weights.sum())
        self.transitions += int((weights * tried.tried).sum())
        return super()._entered(tried)
