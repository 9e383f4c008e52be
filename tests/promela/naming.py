"""The normal form of states, under the least of the names that they can have."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tests.promela.client import Client
from tests.promela.normal import OneState, Ranks
from tests.promela.renaming import Names, Symmetry

PLAIN, FRAMES, ALL = RENAMED = ("plain", "frames", "all")
"""What is renamed: nothing, frames, or frames, CPUs and pages."""


class Naming:
    """Puts states into normal form, and renames what may be renamed.

    `places` has every cell that differs from the start in some state, and may grow.
    """

    def __init__(self, client: Client, places: Collection[int], renamed: str) -> None:
        self.ranks = Ranks(client)
        self.symmetry = (
            None if renamed == PLAIN else Symmetry(client, places, everybody=renamed == ALL)
        )

    @property
    def touched(self) -> set[int]:
        """Every cell that it may change."""
        moved = self.symmetry.cells if self.symmetry else set()
        return self.ranks.cells | moved

    def of(self, values: Sequence[int]) -> list[int]:
        """The cells of one state."""
        return self.named(values)[0]

    def named(self, values: Sequence[int]) -> tuple[list[int], Names | None]:
        """The cells of one state, and its new names, where it has any."""
        state, symmetry = OneState(values), self.symmetry
        self.ranks.rename(state)
        if not symmetry:
            return state.cells, None
        number = symmetry.best(state)[0]
        return symmetry.renamed(state.cells, number), symmetry.renamings[number].names

    def weight(self, values: Sequence[int]) -> int:
        """How many states a named one stands for."""
        weight: int = self.symmetry.best(OneState(values))[1] if self.symmetry else 1
        return weight
