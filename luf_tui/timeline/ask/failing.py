"""Where a run does other than its script says it should."""

from __future__ import annotations

from luf_tui.oracle.oracle import VIOLATION
from luf_tui.script.program import Condition, Expect, Program
from luf_tui.timeline.timeline import Timeline


def first_failure(timeline: Timeline) -> int:
    """The position of the first violation that the script does not await, or of the first
    expectation that fails, whichever comes first; -1 where neither is.
    """
    found = [outcome.position for outcome in timeline.outcomes if not outcome.held]
    if not awaits_violation(timeline.program):
        found += [
            timeline.step_of_event(event)
            for finding, event in zip(timeline.findings, timeline.finding_events, strict=True)
            if finding.weight == VIOLATION
        ]
    return min(found, default=-1)


def awaits_violation(program: Program) -> bool:
    """Whether a scenario shows a violation on purpose: an expectation of its names one."""
    if program.recorded is not None:
        return False
    return any(isinstance(item, Expect) and _names_one(item.condition) for item in program.items)


def _names_one(condition: Condition) -> bool:
    none = condition.relation in ("=", "==") and condition.value == 0
    return condition.predicate == "violation" and not condition.negated and not none
