"""Breakpoints: the same stops from either side, and never the one stood on."""

from __future__ import annotations

from functools import partial

import pytest

from luf_tui.errors import LufError, Span
from luf_tui.machine.refs import Ref
from luf_tui.script.program import Break, Condition
from luf_tui.timeline.navigate.breakpoints import (
    Breakpoint,
    hits,
    of_program,
    parse,
    run_backward,
    run_forward,
)
from luf_tui.timeline.navigate.watches import Watch, watch
from tests.timeline_runs import made_up, operation, program

STEPS = 300
RUN = made_up(STEPS, seed=7)
MANY_IPIS = Condition(Span(1), "ipis > 20", "ipis", {}, ">", 20)
POINTS = [
    Breakpoint(line=20),
    Breakpoint(event="defer"),
    Breakpoint(event="pay", hit=2),
    Breakpoint(watch=Watch("pte[1]", Ref("pte", 1))),
    Breakpoint(watch=Watch("frame[1].content", Ref("frame", 1, "content"))),
    Breakpoint(condition=MANY_IPIS),
]


def forward_stops(points: list[Breakpoint]) -> list[int]:
    position, found = 0, []
    while (stop := run_forward(RUN, position, points)).breakpoint:
        position = stop.position
        found.append(position)
    return found


def backward_stops(points: list[Breakpoint]) -> list[int]:
    position, found = RUN.steps, []
    if any(RUN.steps in hits(RUN, p)[p.hit - 1 :] for p in points):
        found.append(position)
    while (stop := run_backward(RUN, position, points)).breakpoint:
        position = stop.position
        found.append(position)
    return found


@pytest.mark.parametrize(
    "points",
    [[p] for p in POINTS] + [POINTS],
    ids=["line", "event", "second hit", "record", "field", "condition", "all"],
)
def test_running_back_stops_exactly_where_running_forward_did(points: list[Breakpoint]) -> None:
    found = forward_stops(points)
    assert found
    assert found[::-1] == backward_stops(points)


def test_running_back_does_not_trip_over_the_breakpoint_stood_on() -> None:
    first, second = forward_stops([Breakpoint(event="defer")])[:2]
    assert first == run_backward(RUN, second, [Breakpoint(event="defer")]).position


def test_the_nth_hit_is_the_same_wherever_one_stands() -> None:
    third = hits(RUN, Breakpoint(event="defer"))[2]
    point = Breakpoint(event="defer", hit=3)
    for position in range(third):
        assert third == run_forward(RUN, position, [point]).position


def test_a_condition_trips_where_it_becomes_true() -> None:
    (stop,) = forward_stops([Breakpoint(condition=MANY_IPIS)])
    assert RUN.counters(stop - 1).ipis <= 20 < RUN.counters(stop).ipis


def test_the_cursor_stays_while_conditions_are_tried() -> None:
    RUN.seek(11)
    before = RUN.machine.cells.snapshot()
    run_forward(RUN, 0, [Breakpoint(condition=MANY_IPIS)])
    assert (11, before) == (RUN.position, RUN.machine.cells.snapshot())


def test_without_a_breakpoint_ahead_a_run_goes_to_the_end_and_says_so() -> None:
    stop = run_forward(RUN, 0, [])
    assert (STEPS, "end of the run", None) == (stop.position, stop.reason, stop.breakpoint)


def test_without_a_breakpoint_behind_a_run_goes_to_the_start_and_says_so() -> None:
    stop = run_backward(RUN, STEPS, [Breakpoint(line=20, enabled=False)])
    assert (0, "start of the run") == (stop.position, stop.reason)


def test_a_stop_says_which_breakpoint_and_why() -> None:
    stop = run_forward(RUN, 0, [Breakpoint(line=20)])
    assert stop.reason == "stopped because line 20 is reached: op 10"


def test_a_line_without_an_item_stops_at_the_next_one() -> None:
    said = program([operation(5, "a"), operation(9, "b")])
    run = made_up(6)
    assert [1] == list(hits(run, Breakpoint(line=3)))
    assert 2 == len(said.items)


def test_break_lines_of_a_scenario_become_breakpoints() -> None:
    said = program(
        [Break(Span(1), "break"), operation(2, "op"), Break(Span(3), "break when", MANY_IPIS)]
    )
    assert (Breakpoint(line=2), Breakpoint(condition=MANY_IPIS)) == of_program(said)


@pytest.mark.parametrize("point", POINTS[:-1], ids=lambda point: point.text)
def test_a_breakpoint_is_read_back_from_its_text(point: Breakpoint) -> None:
    assert point == parse(point.text, watch=partial(watch, RUN))


def test_a_condition_is_read_back_through_its_parser() -> None:
    point = Breakpoint(condition=MANY_IPIS, hit=2, enabled=False)
    assert point == parse(point.text, lambda text: MANY_IPIS)


@pytest.mark.parametrize("text", ["", "line", "line x", "event nonsense", "watch pte", "when"])
def test_nonsense_is_no_breakpoint(text: str) -> None:
    with pytest.raises(LufError):
        parse(text)


def test_an_unknown_event_kind_gets_a_hint() -> None:
    with pytest.raises(LufError, match="did you mean 'defer'"):
        parse("event deffer")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("watch pte[3].pfn", "no 'pfn' in pte"),
        ("watch pte[999]", "no pte[999]: the last one is number"),
        ("watch nosuch[1]", "no 'nosuch' here"),
    ],
)
def test_a_watch_on_what_the_machine_does_not_have_is_refused(text: str, told: str) -> None:
    with pytest.raises(LufError) as error:
        parse(text, watch=partial(watch, RUN))

    assert told in str(error.value)


def test_a_watch_on_a_field_is_taken() -> None:
    point = parse("watch pte[0].frame", watch=partial(watch, RUN))

    assert run_forward(RUN, 0, (point,)).breakpoint == point
