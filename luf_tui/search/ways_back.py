"""The way back from every state of a search to its start."""

from __future__ import annotations

from array import array

from luf_tui.engine.transitions import Turn


class WaysBack:
    """For each state, in the order in which they were found, the one before it and the turn
    between them. State 0 is the start. Six bytes a state.
    """

    def __init__(self, starts: int = 1) -> None:
        self.starts = starts
        """States that the search starts from, which are the first ones."""
        self._parent: array[int] = array("I", bytes(4 * starts))
        self._turn: array[int] = array("H", bytes(2 * starts))

    def __len__(self) -> int:
        return len(self._turn)

    def add(self, parent: int, turn: Turn) -> int:
        """A new state, one turn from `parent`; returns its number."""
        self._parent.append(parent)
        self._turn.append(turn)
        return len(self._turn) - 1

    def extend(self, parents: bytes | memoryview, turns: bytes | memoryview) -> None:
        """Many new states, as arrays of this machine's unsigned int and unsigned short."""
        self._parent.frombytes(parents)
        self._turn.frombytes(turns)

    @property
    def arrays(self) -> tuple[array[int], array[int]]:
        """The states before and the turns between, of all states; the start's mean nothing."""
        return self._parent, self._turn

    def path(self, number: int) -> list[Turn]:
        """The turns that lead from the start to a state."""
        turns: list[Turn] = []
        while number >= self.starts:
            turns.append(self._turn[number])
            number = self._parent[number]
        return turns[::-1]

    def start_of(self, number: int) -> int:
        """Which of the starts leads to a state."""
        while number >= self.starts:
            number = self._parent[number]
        return number
