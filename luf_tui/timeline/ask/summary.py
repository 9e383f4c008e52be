"""The run in figures: the object that `run --json` prints."""

from __future__ import annotations

from typing import Any

from luf_tui.machine.events import KINDS
from luf_tui.oracle.oracle import DEVIATION, VIOLATION, Finding
from luf_tui.timeline.answers import Refusal
from luf_tui.timeline.ask.failing import lasting
from luf_tui.timeline.open_debts import as_json, debts_of
from luf_tui.timeline.timeline import Timeline


def summary(timeline: Timeline) -> dict[str, Any]:
    """The whole run as plain values, with the keys that the README lists, in a stable order."""
    total = timeline.counters(timeline.steps)
    by_kind = timeline.index.by_kind
    held = sum(outcome.held for outcome in timeline.outcomes)
    return {
        "scenario": timeline.program.path,
        "policy": timeline.policy.name,
        "without": list(timeline.policy.without),
        "steps": timeline.steps,
        "events": {kind.name: len(by_kind[kind]) for kind in KINDS if by_kind[kind]},
        "ipis": total.ipis,
        "interrupted_cpus": total.interrupted,
        "flushes": {
            "owed": timeline.owed(timeline.steps),
            "paid": total.paid,
            "saved": total.saved,
        },
        "debts": _debts(timeline),
        "lasting": list(lasting(timeline)),
        "refused": [_refused(timeline, one) for one in timeline.refused],
        "expectations": {"held": held, "failed": len(timeline.outcomes) - held},
        "violations": findings(timeline, VIOLATION),
        "deviations": findings(timeline, DEVIATION),
        "asked": dict(timeline.asked),
        "digest": timeline.digest(),
    }


def _refused(timeline: Timeline, one: Refusal) -> dict[str, object]:
    """A line that was refused: one of a race, or behind one, was passed over."""
    line = one.line or timeline.program.items[one.item].span.line
    return {"line": line, "step": one.position, "reason": one.reason}


def _debts(timeline: Timeline) -> list[dict[str, object]]:
    """What is owed at the end, being paid, or saved."""
    with timeline.visit(timeline.steps):
        m = timeline.machine
        return [as_json(m, debt) for debt in debts_of(timeline.policy, m)]


def findings(timeline: Timeline, weight: str) -> list[dict[str, Any]]:
    """Findings of one weight as plain values, in the order they were made."""
    return [
        _finding(timeline, found, event)
        for found, event in zip(timeline.findings, timeline.finding_events, strict=True)
        if found.weight == weight
    ]


def _finding(timeline: Timeline, found: Finding, event: int) -> dict[str, Any]:
    step = timeline.step_of_event(event)
    return {
        "obligation": found.obligation,
        "step": step,
        "line": timeline.line_at(step),
        "cpu": found.cpu,
        "read": found.read,
        "expected": found.expected,
        "rule": found.rule,
        "message": found.message,
    }
