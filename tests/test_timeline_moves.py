"""Moves: a position to a position, both ways, and nothing at the ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luf_tui.engine.director import StepInfo
from luf_tui.machine import events as ev
from luf_tui.machine.machine import Machine
from luf_tui.oracle.oracle import Finding
from luf_tui.timeline.ask.failing import troubles
from luf_tui.timeline.navigate import moves
from luf_tui.timeline.script_lines import to_line
from luf_tui.timeline.timeline import Timeline
from tests.timeline_runs import a_finding, made_up, play, program, record

STEPS = 120
RUN = made_up(STEPS, seed=2)
POSITIONS = st.integers(0, STEPS)
Move = Callable[[Timeline, int], int]


def steps_with(kind: int | None) -> list[int]:
    return [
        p
        for p in range(STEPS + 1)
        if any(kind in (None, RUN.events.kind_of(e)) for e in RUN.events_of(p))
    ]


@given(POSITIONS)
def test_next_and_previous_event_of_a_kind_are_the_nearest_ones(position: int) -> None:
    for kind in (None, ev.DEFER, ev.SEND, ev.STALE):
        kinds = () if kind is None else (kind,)
        after = [p for p in steps_with(kind) if p > position]
        before = [p for p in steps_with(kind) if p < position]
        assert min(after, default=position) == moves.next_event(RUN, position, kinds)
        assert max(before, default=position) == moves.previous_event(RUN, position, kinds)


@given(POSITIONS)
def test_several_kinds_lead_to_the_nearest_of_any(position: int) -> None:
    each = [moves.next_event(RUN, position, (kind,)) for kind in (ev.DEFER, ev.PAY)]
    ahead = [p for p in each if p > position]
    both = moves.next_event(RUN, position, (ev.DEFER, ev.PAY))
    assert min(ahead, default=position) == both


@pytest.mark.parametrize(
    "move", [moves.next_step, moves.next_event, moves.next_item, moves.next_finding]
)
def test_at_the_end_a_move_forward_stays(move: Move) -> None:
    assert STEPS == move(RUN, STEPS)


@pytest.mark.parametrize(
    "move",
    [moves.previous_step, moves.previous_event, moves.previous_item, moves.previous_finding],
)
def test_at_the_start_a_move_back_stays(move: Move) -> None:
    assert 0 == move(RUN, 0)


@given(POSITIONS, st.integers(0, 20))
def test_steps_back_undo_steps_forward(position: int, count: int) -> None:
    there = moves.next_step(RUN, position, count)
    assert position == moves.previous_step(RUN, there, there - position)


def test_operations_end_where_the_next_begins() -> None:
    position, ends = 0, [0]
    while (after := moves.next_item(RUN, position)) != position:
        position = after
        ends.append(position)
    assert [0, *range(3, STEPS + 1, 3)] == ends


def test_operations_backwards_are_the_same_places() -> None:
    position, ends = STEPS, [STEPS]
    while (before := moves.previous_item(RUN, position)) != position:
        position = before
        ends.append(position)
    assert [*range(STEPS, 0, -3), 0] == ends


def test_from_within_an_operation_back_is_its_start() -> None:
    assert 3 == moves.previous_item(RUN, 5)


def test_a_line_leads_to_its_first_micro_step() -> None:
    assert 7 == to_line(RUN, 12)
    assert -1 == to_line(RUN, 999)


def test_findings_are_reached_both_ways() -> None:
    machine = Machine(RUN.config)
    made = iter(range(1, 100))

    def find(first: int, item: int) -> list[Finding]:
        return [a_finding("violation")] if next(made) in (4, 9) else []

    run = record(play(machine, 12), machine, program(5), find)
    assert [4, 9] == troubles(run)
    assert (4, 9, 9) == tuple(moves.next_finding(run, p) for p in (0, 4, 9))
    assert (4, 4, 9) == tuple(moves.previous_finding(run, p) for p in (4, 9, 12))


def test_an_empty_run_has_one_position_and_every_move_stays() -> None:
    machine = Machine(RUN.config)
    nothing: list[StepInfo] = []
    run = record(nothing, machine, program(1))
    assert 0 == run.steps
    for move in (moves.next_step, moves.previous_step, moves.next_event, moves.previous_event,
                 moves.next_item, moves.previous_item, moves.next_finding):  # fmt: skip
        assert 0 == move(run, 0)
