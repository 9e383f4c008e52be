"""Conditions of a script, judged against the machine and the run up to one position."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from attrs import frozen

from luf_tui.errors import LufError
from luf_tui.machine import events as ev
from luf_tui.machine.events import ARGS, ROW
from luf_tui.machine.machine import Machine
from luf_tui.oracle.oracle import Finding
from luf_tui.script.program import Condition, Program, Value

if TYPE_CHECKING:
    from luf_tui.policy.base import Policy
    from luf_tui.timeline.timeline import Timeline

FIRST_ARG = ROW - ARGS


@frozen
class Moment:
    """What a condition may look at: the machine as it stands, and what happened so far."""

    program: Program
    policy: Policy
    machine: Machine
    events: int
    """Events before this number have happened."""
    position: int
    findings: Sequence[Finding]


@frozen
class Verdict:
    """How a condition came out, and what was seen."""

    held: bool
    detail: str


Predicate = Callable[[Moment, Mapping[str, Value]], "int | bool"]


def judge(condition: Condition, moment: Moment) -> Verdict:
    """Whether a condition holds now. Raises LufError for a predicate nobody knows."""
    predicate = PREDICATES.get(condition.predicate)
    if predicate is None:
        raise LufError(f"nobody knows the condition '{condition.predicate}'")
    seen = predicate(moment, condition.args)
    if condition.relation:
        held = RELATIONS[condition.relation](int(seen), condition.value)
    else:
        held = bool(seen)
    if condition.negated:
        held = not held
    return Verdict(held, f"{condition.predicate} is {int(seen)}")


def holds_at(timeline: Timeline, condition: Condition, position: int) -> bool:
    """Whether a condition held at a position of a recorded run. The cursor stays."""
    before = timeline.position
    timeline.seek(position)
    try:
        return judge(condition, moment_at(timeline)).held
    finally:
        timeline.seek(before)


def moment_at(timeline: Timeline) -> Moment:
    """The moment the cursor stands at."""
    events = timeline.event_index_at(timeline.position)
    found = [
        finding
        for finding, event in zip(timeline.findings, timeline.finding_events, strict=True)
        if event < events
    ]
    return Moment(
        timeline.program, timeline.policy, timeline.machine, events, timeline.position, found
    )


RELATIONS: Mapping[str, Callable[[int, int], bool]] = {
    "=": lambda a, b: a == b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def _ipis(moment: Moment, args: Mapping[str, Value]) -> int:
    rows = moment.machine.events.rows
    return sum(
        rows[n * ROW + FIRST_ARG].bit_count()
        for n in range(moment.events)
        if rows[n * ROW + 1] == ev.SEND
    )


def _violations(moment: Moment, args: Mapping[str, Value]) -> int:
    return sum(found.weight == "violation" for found in moment.findings)


PREDICATES: dict[str, Predicate] = {
    "ipis": _ipis,
    "violation": _violations,
}
"""Every predicate by the name that scripts use."""
