"""A run as JSON lines: what it is, then one object a micro-step, for programs to read."""

from __future__ import annotations

import json
from typing import Any

from luf_tui.json_object import versioned
from luf_tui.timeline.ask.debt_states import debts_at
from luf_tui.timeline.ask.diff import step_changes
from luf_tui.timeline.ask.history import changed
from luf_tui.timeline.open_debts import as_json
from luf_tui.timeline.tell.narrate import narrate, sentence, step_text
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.state import OPENED, ViewState


def jsonl(
    timeline: Timeline, width: int, height: int, theme: str = "dark", state: ViewState = OPENED
) -> str:
    """The run from power-on to the timeline's position. Size, theme and pane do not matter here.

    The first line has the keys version, scenario, title, policy, without, steps; every other one
    step, line, text, narration, events, changes, flushes, debts, ipis, interrupted_cpus,
    stale_hits,
    deviations, violations. Totals are up to and including the step. All of it is ASCII, so that
    no name in a file can do anything to a terminal, and a program still reads the name itself.
    """
    run = {
        "scenario": timeline.program.path,
        "title": timeline.program.title,
        "policy": timeline.policy.name,
        "without": list(timeline.policy.without),
        "steps": timeline.steps,
    }
    told = (versioned(run), *(_step(timeline, step) for step in range(timeline.position + 1)))
    return "".join(json.dumps(one) + "\n" for one in told)


def _step(timeline: Timeline, step: int) -> dict[str, Any]:
    total = timeline.counters(step)
    return {
        "step": step,
        "line": timeline.line_at(step),
        "text": step_text(timeline, step),
        "narration": narrate(timeline, step),
        "events": [_event(timeline, number) for number in timeline.events_of(step)],
        "changes": [
            {
                "region": change.ref.region,
                "index": change.ref.index,
                "field": change.ref.field,
                "old": change.old,
                "new": change.new,
                "text": changed(timeline, change),
            }
            for change in step_changes(timeline, step)
        ],
        "flushes": {"owed": timeline.owed(step), "paid": total.paid, "saved": total.saved},
        "debts": [as_json(timeline.machine, debt) for debt in debts_at(timeline, step)],
        "ipis": total.ipis,
        "interrupted_cpus": total.interrupted,
        "stale_hits": total.stale_hits,
        "deviations": total.deviations,
        "violations": total.violations,
    }


def _event(timeline: Timeline, number: int) -> dict[str, Any]:
    event = timeline.events[number]
    said = sentence(timeline, event)
    return {"kind": event.name, "cpu": event.cpu, "args": event.args, "text": said}
