"""The turns of a race, and what the oracle says of each."""

from __future__ import annotations

from collections.abc import Sequence

from luf_tui.engine.kernel import Kernel
from luf_tui.engine.strategy import Schedule, walk
from luf_tui.engine.transitions import BLOCKED, NoStep, Outcome, Transitions, Turn
from luf_tui.oracle.oracle import DEVIATION, VIOLATION, Finding, Oracle
from luf_tui.script.program import Race


class JudgedTransitions(Transitions):
    """The turns of one race, with a judgement of each."""

    def __init__(self, k: Kernel, race: Race, item: int, *, reduced: bool = True) -> None:
        super().__init__(k, race, item, reduced=reduced)
        self._oracle = Oracle(k.m)

    def findings(self, outcome: Outcome) -> list[Finding]:
        """What the oracle says of the last turn made, violations and deviations only."""
        if isinstance(outcome, NoStep):
            return []
        return [one for one in self.judged() if one.weight in (VIOLATION, DEVIATION)]

    def judged(self) -> list[Finding]:
        """All that the oracle says of the last micro-step made."""
        return self._oracle.judge(self.first, self.item)

    def replay(self, turns: Sequence[Turn]) -> Finding | None:
        """The violation that the last of these turns makes; None when it makes none, or when they
        cannot be taken one after the other. The machine is left as it was.
        """
        start = self.mark()
        schedule = Schedule(turns)
        found: Finding | None = None
        for _, outcome in walk(self, schedule):
            if found is not None or schedule.passed_over or outcome is BLOCKED:
                found = None
                break
            judged = self.findings(outcome)
            found = next((one for one in judged if one.weight == VIOLATION), None)
        self.undo(start)
        return None if schedule.passed_over else found
