"""The run that is shown, once more for each guard that it asks for, with that guard switched."""

from __future__ import annotations

from attrs import frozen

from luf_tui.errors import LufError
from luf_tui.policy.guards import in_order
from luf_tui.policy.registry import make_policy
from luf_tui.runs import opening
from luf_tui.timeline.ask import compare
from luf_tui.timeline.tell.words import counted
from luf_tui.timeline.timeline import Timeline
from luf_tui.ui.background.requests import Job

LONGEST = 3_000
"""Micro-steps of a run that is played so often without being asked for."""


@frozen
class Trial:
    """What switching one guard makes of a run."""

    violations: int
    failed: int
    """Expectations that do not hold."""
    line: int
    """Script line of the first violation; 0 where there is none."""
    parts: int
    """Script line at which the runs part; 0 where they never do."""

    @property
    def bad(self) -> bool:
        """Whether something is wrong that is not so without the switch."""
        return bool(self.parts and (self.violations or self.failed))

    @property
    def told(self) -> str:
        """The same in a few words."""
        if not self.parts:
            return "the same run"
        if self.violations:
            return f"{counted(self.violations, 'violation')}, line {self.line}"
        if self.failed:
            return f"{counted(self.failed, 'expectation')} failed"
        return f"no violation, differs from line {self.parts}"


class GuardTrials(Job[None]):
    """Plays them one by one; what is known so far can be looked at meanwhile."""

    def __init__(self, run: Timeline) -> None:
        self.run = run
        self.known: dict[str, Trial] = {}
        """By the guard that is switched."""
        self.stopped = False
        super().__init__("guard trials")

    def stop(self) -> None:
        """Play no further one."""
        self.stopped = True

    def _make(self) -> None:
        run = self.run
        gone = frozenset(run.policy.without)
        asked = [guard.name for guard in in_order(run.policy.GUARDS) if guard.name in run.asked]
        # The one with the runs to compare is another: the cursor of the one shown is the screen's.
        shown = _played(run, gone)
        for guard in asked:
            if self.stopped or shown is None:
                return
            other = _played(run, gone ^ {guard})
            if other is not None:
                self.known[guard] = _trial(shown, other)


def wanted(run: Timeline) -> bool:
    """Whether a run is so short that it may be played a few dozen times unasked."""
    return run.program.recorded is None and run.steps <= LONGEST


def _played(run: Timeline, without: frozenset[str]) -> Timeline | None:
    try:
        return opening.play(run.program, make_policy(run.policy.name, sorted(without)))
    except LufError:
        return None


def _trial(shown: Timeline, other: Timeline) -> Trial:
    violations = other.counters(other.steps).violations
    line = 0
    for found, event in zip(other.findings, other.finding_events, strict=True):
        if found.weight == "violation":
            line = other.line_at(other.step_of_event(event))
            break
    parts = compare.compare([shown, other]).divergence
    failed = sum(not outcome.held for outcome in other.outcomes)
    return Trial(violations, failed, line, parts.line if parts else 0)
