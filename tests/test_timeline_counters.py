"""Totals at a position equal a recount of the events up to it."""

from __future__ import annotations

import hashlib
import struct

import pytest

from luf_tui.machine import events as ev
from luf_tui.machine.event_log import Event
from luf_tui.timeline.answers import Counters
from luf_tui.timeline.ask.summary import summary
from luf_tui.timeline.timeline import Timeline
from tests.timeline_runs import made_up

STEPS = 300


@pytest.fixture(scope="module")
def run() -> Timeline:
    return made_up(STEPS, seed=4)


def recounted(run: Timeline, position: int) -> Counters:
    seen = [run.events[n] for n in range(run.event_index_at(position))]
    count = {kind: sum(e.kind == kind for e in seen) for kind in range(len(ev.KINDS))}
    return Counters(
        steps=position,
        ipis=sum(e.args["mask"].bit_count() for e in seen if e.kind == ev.SEND),
        sends=count[ev.SEND],
        interrupted=count[ev.RECEIVE],
        flushes=count[ev.FLUSH],
        deferred=count[ev.DEFER],
        paid=sum(over(one, seen) for one in seen if one.kind == ev.PAY),
        saved=count[ev.SAVED],
        stale_hits=count[ev.STALE],
        deviations=count[ev.DEVIATION],
        violations=count[ev.VIOLATION],
    )


def over(pay: Event, seen: list[Event]) -> bool:
    """Whether the flush that a payment fired has ended."""
    asked = pay.cpu, pay.args["mask"], pay.args["why"]
    ends = (e for e in seen if e.kind == ev.FLUSHED and e.index > pay.index)
    return any((e.cpu, e.args["mask"], e.args["why"]) == asked for e in ends)


def test_counters_equal_a_naive_recount_everywhere(run: Timeline) -> None:
    for position in range(STEPS + 1):
        assert recounted(run, position) == run.counters(position)


def test_every_event_belongs_to_the_step_that_lists_it(run: Timeline) -> None:
    for position in range(STEPS + 1):
        for event in run.events_of(position):
            assert position == run.step_of_event(event)


def test_the_digest_is_sha256_over_the_rows_as_little_endian_64_bit(run: Timeline) -> None:
    raw = struct.pack(f"<{len(run.events.rows)}q", *run.events.rows)
    assert hashlib.sha256(raw).hexdigest() == run.digest()


def test_the_same_run_has_the_same_digest_and_another_run_another() -> None:
    assert made_up(90, 1).digest() == made_up(90, 1).digest()
    assert made_up(90, 1).digest() != made_up(90, 2).digest()


def test_the_summary_has_exactly_the_documented_keys(run: Timeline) -> None:
    documented = (
        "scenario policy without steps events ipis interrupted_cpus flushes debts lasting"
        " refused expectations violations deviations asked digest"
    )
    assert documented.split() == list(summary(run))
