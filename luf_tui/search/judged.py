"""The turns of a race, and what the oracle says of each."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import field, frozen

from luf_tui.engine.director import Director, StepInfo
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.strategy import EveryTurn, Schedule, walk
from luf_tui.engine.transitions import BLOCKED, REFUSED, NoStep, Outcome, Transitions, Turn
from luf_tui.oracle.oracle import DEVIATION, VIOLATION, Finding, Oracle
from luf_tui.oracle.play_and_judge import judged_moves
from luf_tui.script.program import Race
from luf_tui.search.expectations import Asked, Codes


@frozen
class WentOn:
    """What came of playing on from the end of a race."""

    codes: Codes = ()
    """How expectations came out, in the order in which they were reached."""
    findings: list[Finding] = field(factory=list)
    refused: tuple[int, ...] = ()
    """Lines that were refused."""
    begun: tuple[int, ...] = ()
    """Lines that began."""


class JudgedTransitions(Transitions):
    """The turns of one race, with a judgement of each, and how expectations come out."""

    def __init__(
        self,
        k: Kernel,
        race: Race,
        item: int,
        *,
        reduced: bool = True,
        asked: Asked | None = None,
    ) -> None:
        super().__init__(k, race, item, reduced=reduced)
        self._oracle = Oracle(k.m)
        self.asked = asked
        """The expectations that are judged, too, if any are."""
        self.said: Codes = ()
        """How those of a line came out that ended with the last turn made."""
        if asked is not None and asked.at_tlb(item):
            self.lazy_evictions = False
        self._judged: list[Finding] = []

    def make(self, turn: Turn) -> Outcome:
        """Take a turn that can be taken, and judge it: what the oracle keeps in mind is part of the
        machine.
        """
        asked = self.asked
        begins = self.begins(turn) if asked is not None else None
        outcome = super().make(turn)
        self.said, self._judged = (), []
        if isinstance(outcome, NoStep):
            if asked is not None and outcome is REFUSED and begins is not None:
                asked.refused(self.item, begins)
            return outcome
        self._judged = self._oracle.judge(self.first, self.item)
        if asked is not None:
            findings = self._judged if asked.judges else ()
            self.said = asked.moved(self.item, outcome[0], self.first, findings)
        return outcome

    def findings(self) -> list[Finding]:
        """What the oracle says of the last turn made, violations and deviations only."""
        return [one for one in self._judged if one.weight in (VIOLATION, DEVIATION)]

    def judged(self) -> list[Finding]:
        """All that the oracle says of the last turn made."""
        return self._judged

    def go_on(self) -> WentOn:
        """Play what stands behind the race, up to the next one; up to a violation, if there is one.
        Everybody is done.
        """
        asked = self.asked
        assert asked is not None
        program, first = asked.program, len(self.machine.events)
        end = asked.end_of(self.item)
        director = Director(program, self.k.policy, self.k)
        asked.ended(self.item)
        codes: list[int] = []
        found: list[Finding] = []
        begun: dict[int, None] = {}
        for moved, findings in judged_moves(self.machine, director.go_on(self.item, end)):
            if isinstance(moved, StepInfo):
                begun[program.items[moved.item].span.line] = None
                asked.went_on(moved, first, findings)
            else:
                codes += asked.reached(moved.item)
            first = len(self.machine.events)
            found += findings
            if any(one.weight == VIOLATION for one in findings):
                break
        asked.arm(end)
        return WentOn(tuple(codes), found, tuple(director.refused), tuple(begun))

    def comes_to(self, turns: Sequence[Turn], *, behind: bool = False) -> WentOn | None:
        """How expectations come out after the last of these turns, and what the oracle finds then;
        or what comes `behind` them, where everybody is done. None when they cannot be taken one
        after the other. The machine is left as it was.
        """
        start = self.mark()
        schedule = Schedule(turns)
        findings: list[Finding] = []
        self.said, broken = (), False
        for _, outcome in walk(self, schedule):
            broken = bool(findings) or outcome is BLOCKED
            if broken or schedule.passed_over:
                break
            findings = [one for one in self.findings() if one.weight == VIOLATION]
        came: WentOn | None = None
        if not broken and not schedule.passed_over:
            states = self.asked.states(self.item) if self.asked else ()
            if not behind:
                came = WentOn((*self.said, *states), findings)
            elif not findings and self._over():
                came = self.go_on()
        self.undo(start)
        return came

    def play(self, turns: Sequence[Turn]) -> None:
        """Take these turns and go on behind the race, for good."""
        for _ in walk(self, Schedule(turns)):
            pass
        self.go_on()
        self.cells.forget()

    def replay(self, turns: Sequence[Turn]) -> Finding | None:
        """The violation that the last of these turns makes; None when it makes none, or when they
        cannot be taken one after the other. The machine is left as it was.
        """
        came = self.comes_to(turns)
        return next(iter(came.findings), None) if came else None

    def _over(self) -> bool:
        """Whether everybody is done, and nobody can go on."""
        if self.unfinished():
            return False
        return all(outcome is BLOCKED for _, outcome in walk(self, EveryTurn(self)))
