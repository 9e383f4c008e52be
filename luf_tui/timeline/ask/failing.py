"""Where a run does other than its script says it should, and what is left undone at its end."""

from __future__ import annotations

from bisect import bisect_left

from luf_tui.oracle.oracle import VIOLATION, Finding
from luf_tui.script.program import Condition, Expect, Program
from luf_tui.timeline.answers import Outcome
from luf_tui.timeline.open_debts import OpenDebt, debts_of
from luf_tui.timeline.tell.words import cpus
from luf_tui.timeline.timeline import Timeline

NAMED = 4
"""Frames of one debt that are named."""


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


def findings_at(timeline: Timeline, position: int) -> tuple[Finding, ...]:
    """What the oracle found in one micro-step, violations first."""
    events = timeline.events_of(position)
    first = bisect_left(timeline.finding_events, events.start)
    end = bisect_left(timeline.finding_events, events.stop)
    return tuple(sorted(timeline.findings[first:end], key=lambda one: one.weight != VIOLATION))


def failed_at(timeline: Timeline, position: int) -> tuple[Outcome, ...]:
    """Expectations that look at a position and fail."""
    return tuple(one for one in timeline.outcomes if not one.held and one.position == position)


def failed_up_to(timeline: Timeline, position: int) -> int:
    """How many expectations have failed so far."""
    return sum(not one.held and one.position <= position for one in timeline.outcomes)


def troubles(timeline: Timeline) -> list[int]:
    """Positions with a deviation, a violation or a failed expectation, in order."""
    found = {timeline.step_of_event(event) for event in timeline.finding_events}
    return sorted(found | {one.position for one in timeline.outcomes if not one.held})


def lasting(timeline: Timeline) -> tuple[str, ...]:
    """What is left at the end of a run: flushes that nobody pays, operations that never end."""
    with timeline.visit(timeline.steps):
        m = timeline.machine
        told = [
            f"{_owing(debt)}: {cpus(debt.left)} still to flush"
            for debt in debts_of(timeline.policy, m)
            if debt.open and debt.deferred and debt.left
        ]
        told += [f"{m.ctx_name(ctx)} is still in an operation" for ctx in m.ctx if ctx.depth]
    return tuple(told)


def _owing(debt: OpenDebt) -> str:
    """The frames that wait for a debt, or where it stands."""
    frames = debt.all_frames
    if not frames:
        return debt.where
    few = " ".join(f"f{pfn}" for pfn in frames[:NAMED])
    return few if len(frames) <= NAMED else f"{few} and {len(frames) - NAMED} more"


def awaits_violation(program: Program) -> bool:
    """Whether a scenario shows a violation on purpose: an expectation of its names one."""
    if program.recorded is not None:
        return False
    return any(isinstance(item, Expect) and _names_one(item.condition) for item in program.items)


def _names_one(condition: Condition) -> bool:
    none = condition.relation in ("=", "==") and condition.value == 0
    return condition.predicate == "violation" and not condition.negated and not none
