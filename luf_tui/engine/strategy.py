"""Which turn of a race is taken next: one interface, whatever decides it.

A strategy is asked before every turn, and may put the machine back first. Breadth-first search
takes every turn from one state after the other (`EveryTurn`, over the search's frontier), a
schedule one turn after the other as it is written down, and a random walk draws them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from luf_tui.engine.transitions import Outcome, Transitions, Turn


class Strategy(Protocol):
    """Decides the order of a race."""

    def next(self, transitions: Transitions) -> Turn | None:
        """The turn to take now, one that can be taken; None to stop."""


class Schedule:
    """The turns of one given order. One that cannot be taken when it is due is passed over."""

    def __init__(self, turns: Iterable[Turn]) -> None:
        self._turns = iter(turns)
        self.passed_over = 0
        """Turns that could not be taken so far."""
        self.beyond: dict[Turn, int] = {}
        """How many of these are of one who had nothing left to do."""

    def next(self, transitions: Transitions) -> Turn | None:
        """The next of its turns that can be taken."""
        for turn in self._turns:
            if transitions.can_take(turn):
                return turn
            self.passed_over += 1
            if transitions.is_over(turn):
                self.beyond[turn] = self.beyond.get(turn, 0) + 1
        return None


class EveryTurn:
    """Every turn from the state the machine is in, which it is put back to before each, and
    after the last.
    """

    def __init__(self, transitions: Transitions) -> None:
        self._state = transitions.mark()
        self._turns = iter(transitions.enabled())

    def next(self, transitions: Transitions) -> Turn | None:
        """The next turn from that state, with the one before taken back."""
        transitions.undo(self._state)
        return next(self._turns, None)


def walk(transitions: Transitions, strategy: Strategy) -> Iterator[tuple[Turn, Outcome]]:
    """Make the turns of a strategy until it stops; each with what came of it."""
    while (turn := strategy.next(transitions)) is not None:
        yield turn, transitions.make(turn)
