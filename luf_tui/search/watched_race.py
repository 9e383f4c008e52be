"""A race on a machine of its own that notes what each turn reads and writes."""

from __future__ import annotations

from luf_tui.engine.kernel import Kernel
from luf_tui.engine.transitions import BLOCKED
from luf_tui.machine.machine import Machine
from luf_tui.machine.watched_cells import WatchedCells
from luf_tui.oracle.oracle import VIOLATION
from luf_tui.search.judged import JudgedTransitions
from luf_tui.search.rows.learner import BREAKS, CANNOT, MADE, WAITS, Answer
from luf_tui.search.watched_policy import watched


class WatchedRace:
    """The turns of a race, from the state that its machine is in, as questions of a search.

    The machine asked is a second one, with the same configuration, cells and policy. A policy that
    writes what is not its own is told by Trespass.
    """

    def __init__(self, transitions: JudgedTransitions) -> None:
        k = transitions.k
        config = k.m.config
        self.machine = Machine(config, k.policy.regions(config), WatchedCells)
        self.machine.cells.restore(k.m.cells.snapshot())
        self.machine.cells.forget()
        self.transitions = JudgedTransitions(
            Kernel(self.machine, watched(k.policy, self.machine)),
            transitions.race,
            transitions.item,
            reduced=transitions.reduced,
        )
        self.turns = self.transitions.turns
        self._start = self.transitions.mark()

    def alone(self) -> Answer:
        """The turn that need not wait for the others."""
        return Answer(given=tuple(self.transitions.forced()))

    def take(self, turn: int) -> Answer:
        """Take a turn, and hear what the oracle says of it."""
        transitions = self.transitions
        if not transitions.can_take(turn):
            return Answer(CANNOT)
        outcome = transitions.make(turn)
        if outcome is BLOCKED:
            return Answer(WAITS)
        found = transitions.findings(outcome)
        violations = sum(one.weight == VIOLATION for one in found)
        return Answer(BREAKS if violations else MADE, violations, len(found) - violations)

    def unfinished(self) -> Answer:
        """The contexts of the race that are not done."""
        return Answer(given=tuple(self.transitions.unfinished()))

    def word(self, turn: int) -> str:
        """The word of a turn in a schedule."""
        return self.transitions.word(turn)

    def undo(self) -> None:
        """Take back what was asked last."""
        self.transitions.undo(self._start)
