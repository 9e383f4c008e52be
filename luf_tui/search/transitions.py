"""Make, look, undo: what can happen next in a race, on the very machine the stepper plays on."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from luf_tui.engine.director import Director
from luf_tui.engine.turns import Turns
from luf_tui.errors import Refused
from luf_tui.oracle.judge import judged
from luf_tui.oracle.oracle import DEVIATION, VIOLATION, Finding, Oracle
from luf_tui.policy.base import Policy
from luf_tui.script.program import Program, Race

Turn = int


@frozen
class Start:
    """A race about to begin: its turns, and what went wrong on the way there."""

    item: int
    """The race's number among the program's items."""
    transitions: Transitions
    before: tuple[Finding, ...]
    """Violations of what stands before the race."""


class Transitions:
    """The turns of one race, made and taken back.

    Between two calls the machine is in the state of the last `make` that was not undone.
    """

    def __init__(self, turns: Turns, *, eager_acks: bool = True) -> None:
        self.turns = turns
        self.eager_acks = eager_acks
        self.machine = turns.k.m
        self.cells = self.machine.cells
        self.oracle = Oracle(self.machine)
        self._marks: list[tuple[int, int, int]] = []

    def choices(self) -> list[Turn]:
        """The turns that can be taken now; with `eager_acks`, one that need not wait is alone."""
        return (self.eager_acks and self.turns.forced()) or self.turns.enabled()

    def make(self, turn: Turn) -> list[Finding] | None:
        """Take a turn; returns what the oracle says of it, violations and deviations only.

        None when the turn changes nothing worth a state of its own: an operation that cannot
        move yet is not begun. One that the machine refuses in this order counts as begun, and did
        nothing.
        """
        machine = self.machine
        first = len(machine.events)
        self._marks.append((self.cells.mark(), first, machine.events.step))
        try:
            made = self.turns.take(turn)
        except Refused:
            return []
        if made is None:
            return None
        found = self.oracle.judge(first, self.turns.item)
        return [one for one in found if one.weight in (VIOLATION, DEVIATION)] if found else []

    def undo(self) -> None:
        """Take the last turn back."""
        mark, first, step = self._marks.pop()
        self.cells.undo(mark)
        self.machine.events.truncate(first)
        self.machine.events.step = step

    def replay(self, turns: Sequence[Turn]) -> Finding | None:
        """The violation that the last of these turns makes; None when it makes none, or when they
        cannot be taken one after the other. The machine is left as it was.
        """
        found: Finding | None = None
        made = 0
        for turn in turns:
            if found is not None or not self.turns.can_take(turn):
                found = None
                break
            judged = self.make(turn)
            made += 1
            if judged is None:
                break
            found = next((one for one in judged if one.weight == VIOLATION), None)
        for _ in range(made):
            self.undo()
        return found

    def abandon(self) -> None:
        """Take back everything made so far, also a turn cut in two by Ctrl-C."""
        if self._marks:
            del self._marks[1:]
            self.undo()


def at_race(
    program: Program, policy: Policy, number: int = 0, *, reduced: bool = True
) -> Start | None:
    """Play everything before race `number` of a program and stand at its start.

    `reduced` leaves out turns that lead nowhere else: evictions that nothing notices, and waiting
    before an acknowledgement. None when the program has no such race. Raises Refused when the way
    there is refused.
    """
    races = [n for n, item in enumerate(program.items) if isinstance(item, Race)]
    if number >= len(races):
        return None
    item = races[number]
    director = Director(program, policy)
    machine = director.machine
    before: list[Finding] = []
    for _, findings in judged(machine, director.play_until(item)):
        before += findings
    machine.cells.forget()
    race = program.items[item]
    assert isinstance(race, Race)
    turns = Turns(director.k, race, item, lazy_evictions=reduced)
    transitions = Transitions(turns, eager_acks=reduced)
    return Start(item, transitions, tuple(one for one in before if one.weight == VIOLATION))
