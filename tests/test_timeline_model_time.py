"""When things happen under the cost model, and that time adds up as the bill says."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import pytest

from luf_tui import library
from luf_tui.errors import LufError
from luf_tui.machine import events as ev
from luf_tui.script.parse import load, parse
from luf_tui.timeline.ask.costs import bill
from luf_tui.timeline.ask.model_time import model_time
from luf_tui.timeline.ask.prices import INTERRUPT, WAIT, WORK, Prices
from luf_tui.timeline.recorder import record
from luf_tui.timeline.timeline import Timeline
from tests.shipped import PLAYED

POLICIES = ("eager", "luf")
SCENARIOS = [entry.name for entry in PLAYED]


@cache
def run(name: str, policy: str | None = None) -> Timeline | None:
    """A shipped scenario; nothing where the machine refuses it under a policy."""
    try:
        return record(load(str(library.locate(name))), policy)
    except LufError:
        return None


def runs(name):
    return [found for policy in POLICIES if (found := run(name, policy)) is not None]


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_bars_add_up_to_the_bill(name):
    for timeline in runs(name):
        owed = bill(timeline, timeline.steps).cpus
        time = model_time(timeline)

        assert [share.work for share in owed] == [lane.spent(WORK) for lane in time.lanes]
        assert [share.waiting for share in owed] == [lane.spent(WAIT) for lane in time.lanes]
        assert [one.interrupted for one in owed] == [lane.spent(INTERRUPT) for lane in time.lanes]
        waited = (*timeline.index.by_kind[ev.SEND], *timeline.index.by_kind[ev.WAIT])
        assert set(waited) == set(time.waits)
        assert len(timeline.index.by_kind[ev.RECEIVE]) == time.interrupts


@pytest.mark.parametrize("name", SCENARIOS)
def test_time_never_goes_back_and_a_cpu_does_one_thing_at_a_time(name):
    for timeline in runs(name):
        time = model_time(timeline)
        assert timeline.steps + 1 == len(time.here)
        assert sorted(time.here) == list(time.here)
        assert time.here[-1] <= time.length
        for lane in time.lanes:
            spans = list(zip(lane.busy.starts, lane.busy.ends, strict=True))
            assert all(start < end <= time.length for start, end in spans)
            assert all(one[1] <= two[0] for one, two in pairwise(spans))
            assert list(lane.waits.starts) == sorted(lane.waits.starts)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_wait_lasts_from_the_sending_to_the_last_answer(name):
    for timeline in runs(name):
        for wait in waits(timeline):
            start, end, targets, answers, taken = wait
            least = Prices(timeline).costs.answered(targets)
            assert all(start <= moment for moment in taken)
            assert end - start >= least
            if len(answers) == targets:
                assert end == max(start + least, *answers)


def waits(timeline):
    """Of each shootdown: start, end, number of targets, when each answered and was interrupted."""
    time, events = model_time(timeline), timeline.events
    numbers = sorted(
        event for kind in (ev.SEND, ev.RECEIVE, ev.ACK) for event in timeline.index.by_kind[kind]
    )
    found, latest = [], {}
    for event in numbers:
        kind, cpu, step = events.kinds[event], events.cpus[event], timeline.step_of_event(event)
        if kind == ev.SEND:
            lane = time.lanes[cpu].waits
            at = list(lane.steps).index(step)
            targets = events.argument(event, ev.SEND.mask).bit_count()
            latest[cpu] = (lane.starts[at], lane.ends[at], targets, [], [])
            found.append(latest[cpu])
            assert time.waits[event] == lane.ends[at] - lane.starts[at]
            continue
        spans = [span for span in handlers(time.lanes[cpu]) if span[2] <= step]
        sender = events.argument(event, ev.RECEIVE.sender)
        if kind == ev.RECEIVE:
            latest[sender][4].append(next(s[0] for s in spans if s[2] == step))
        else:
            latest[sender][3].append(spans[-1][1])
    return found


def handlers(lane):
    spans = zip(lane.busy.starts, lane.busy.ends, lane.busy.steps, lane.busy.uses, strict=True)
    return [(start, end, step) for start, end, step, use in spans if use == INTERRUPT]


PAIR = """
title Pair
machine cpus 3, dram 8, cxl 8, pcp-batch 1
policy eager

process app
file lib, 2 pages
app mmap lib read-only as text
cpu1 run app
cpu2 run app
cpu1 read text.0
cpu2 read text.0
kswapd reclaim text.0
"""


def test_interrupts_of_one_shootdown_run_side_by_side_within_the_wait():
    timeline = record(parse(PAIR, "pair.luf"))
    time = model_time(timeline)
    sender = next(lane for lane in time.lanes if lane.waits.starts)
    start, end = sender.waits.starts[0], sender.waits.ends[0]
    first, second = (lane for lane in time.lanes if lane.interrupts)
    costs = timeline.config.costs

    assert end - start == costs.ipi + 2 * costs.ipi_per_target + costs.handler
    one, two = handlers(first), handlers(second)
    assert start <= one[0][0] < two[0][0] < one[-1][1] < two[-1][1] == end


def test_who_waits_for_the_flush_of_another_waits_until_that_is_over():
    timeline = run("races/two-takers")
    time, by_kind = model_time(timeline), timeline.index.by_kind
    (asleep,) = by_kind[ev.WAIT]
    sent = next(event for event in by_kind[ev.SEND] if event > asleep)
    lane = time.lanes[timeline.events.cpus[asleep]]
    at = list(lane.waits.steps).index(timeline.step_of_event(asleep))
    payer = time.lanes[timeline.events.cpus[sent]].waits
    paid = list(payer.steps).index(timeline.step_of_event(sent))

    assert lane.waits.starts[at] <= payer.starts[paid]
    assert lane.waits.ends[at] >= payer.ends[paid]
    assert time.waits[asleep] == lane.waits.ends[at] - lane.waits.starts[at] > 0
    assert bill(timeline, timeline.steps).actors["thief"].waiting >= time.waits[asleep]


def test_a_line_begins_when_all_before_it_is_over():
    timeline = record(parse(PAIR, "pair.luf"))
    time = model_time(timeline)
    for item in range(len(timeline.program.items)):
        steps = timeline.item_steps(item)
        if steps:
            before = time.here[steps.start - 1]
            begun = [
                start
                for lane in time.lanes
                for stretches in (lane.busy, lane.waits)
                for start, step in zip(stretches.starts, stretches.steps, strict=True)
                if step in steps
            ]
            assert all(before <= start for start in begun)


def test_a_target_that_is_held_up_holds_up_its_sender():
    """In a race a CPU takes the interrupt only after what it does first: the wait is longer."""
    timeline = run("races/late-number", None)
    prices = Prices(timeline)
    late = [
        spent
        for event, spent in model_time(timeline).waits.items()
        if spent > prices.of(event, interrupt=False)[1]
    ]

    assert late


def test_moments_are_marked_on_the_lane_of_their_cpu():
    timeline = run("tour/who-pays", "luf")
    time = model_time(timeline)
    marked = {(kind, cpu) for cpu, lane in enumerate(time.lanes) for _, kind, _ in lane.marks}
    pays = timeline.index.by_kind[ev.PAY]

    assert (ev.PAY, timeline.events.cpu_of(pays[0])) in marked
    for lane in time.lanes:
        for moment, kind, step in lane.marks:
            assert moment <= time.here[step]
            assert any(timeline.events.kinds[n] == kind for n in timeline.events_of(step))


def test_the_run_that_defers_waits_less_where_memory_moves_between_tiers():
    eager, luf = (model_time(run("tiering/model-weights", policy)) for policy in POLICIES)

    assert luf.spent(WAIT) < eager.spent(WAIT) / 2
    assert luf.interrupts < eager.interrupts / 2
    assert luf.length < eager.length
