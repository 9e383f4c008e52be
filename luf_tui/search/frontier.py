"""Which state a breadth-first search takes its turns from next: the order they were found in."""

from __future__ import annotations

from array import array

from luf_tui.engine.transitions import Turn
from luf_tui.search.keys import Key


class Frontier:
    """The states found so far, and those of them that wait for their turns to be taken.

    A state has a number, in the order in which they were found. `level` are the numbers and keys
    of the states as many turns from the start as it is `depth`.
    """

    def __init__(self) -> None:
        self.level: list[tuple[int, Key]] = []
        self.depth = 0
        self._following: list[tuple[int, Key]] = []
        self._parent: array[int] = array("I")
        self._turn: array[int] = array("H")

    def __len__(self) -> int:
        return len(self._turn)

    @property
    def waiting(self) -> int:
        """States of the next level so far."""
        return len(self._following)

    def begin(self, key: Key) -> None:
        """The start of the race is state 0, and the first level."""
        self._enter(0, 0)
        self.level = [(0, key)]

    def add(self, parent: int, turn: Turn, key: Key) -> None:
        """A new state, one turn from `parent`."""
        self._following.append((self._enter(parent, turn), key))

    def advance(self) -> None:
        """Go on to the next level, which is empty when nothing new was found."""
        self.level, self._following = self._following, []
        self.depth += bool(self.level)

    def path(self, number: int) -> list[Turn]:
        """The turns that lead from the start to a state."""
        turns: list[Turn] = []
        while number:
            turns.append(self._turn[number])
            number = self._parent[number]
        return turns[::-1]

    def _enter(self, parent: int, turn: Turn) -> int:
        self._parent.append(parent)
        self._turn.append(turn)
        return len(self._turn) - 1
