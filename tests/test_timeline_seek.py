"""The cursor: wherever it came from, a position is one state."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from luf_tui.engine.director import StepInfo
from luf_tui.machine.config import Node
from luf_tui.machine.machine import Machine
from luf_tui.timeline import recorder
from luf_tui.timeline.store import checkpoints
from luf_tui.timeline.store.column import Column
from luf_tui.timeline.store.deltas import Deltas
from luf_tui.timeline.timeline import Timeline
from tests.timeline_runs import CONFIG, made_up, program, record, states

STEPS = 400
STATES = states(STEPS)


@pytest.fixture(scope="module")
def run() -> Timeline:
    return made_up(STEPS)


def close_checkpoints(patch: pytest.MonkeyPatch) -> None:
    """Make the recorder keep checkpoints of a small run, and seeks use them."""
    patch.setattr(checkpoints, "LEAST", 16)
    patch.setattr(checkpoints, "PAGE", 256)
    patch.setattr(checkpoints.Checkpoints, "copy_cost", lambda self: 0)
    patch.setattr(recorder, "SPOOL", 8)


def test_a_seek_equals_a_fresh_run_to_that_step(run: Timeline) -> None:
    for position in range(STEPS + 1):
        run.seek(position)
        assert STATES[position] == run.machine.cells.snapshot()


@given(st.lists(st.integers(0, STEPS), min_size=1, max_size=30))
def test_any_order_of_seeks_gives_the_same_bytes(order: list[int]) -> None:
    run = made_up(STEPS)
    for position in order:
        run.seek(position)
        assert STATES[position] == run.machine.cells.snapshot()


@settings(max_examples=20)
@given(order=st.lists(st.integers(0, STEPS), min_size=1, max_size=30))
def test_any_order_of_seeks_over_checkpoints_gives_the_same_bytes(order: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        close_checkpoints(patch)
        run = made_up(STEPS)
        assert len(run._checkpoints.marks) > 2
        for position in order:
            run.seek(position)
            assert STATES[position] == run.machine.cells.snapshot()


@given(st.integers(0, STEPS), st.integers(0, STEPS))
def test_n_forward_and_n_back_is_the_identity(position: int, count: int) -> None:
    run = made_up(STEPS)
    run.seek(position)
    before = run.machine.cells.snapshot()
    there = run.clamp(position + count)
    for at in [*range(position + 1, there + 1), *range(there - 1, position - 1, -1)]:
        run.seek(at)
    assert before == run.machine.cells.snapshot()


def test_the_start_is_the_power_on_state(run: Timeline) -> None:
    run.seek(0)
    assert Machine(CONFIG).cells.snapshot() == run.machine.cells.snapshot()


def test_a_seek_logs_nothing(run: Timeline) -> None:
    run.seek(0)
    run.seek(STEPS)
    assert 0 == run.machine.cells.mark()


@pytest.mark.parametrize("position", [-1, STEPS + 1])
def test_a_position_that_does_not_exist_is_refused(run: Timeline, position: int) -> None:
    run.seek(5)
    with pytest.raises(IndexError):
        run.seek(position)
    assert 5 == run.position


def test_checkpoints_take_no_more_than_the_log_and_one_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    close_checkpoints(monkeypatch)
    machine = Machine(evolve(CONFIG, nodes=(Node("dram", 3000),)))
    run = record(all_over(machine, 3000), machine, program(1))
    size = len(machine.cells.values) * machine.cells.values.itemsize
    assert len(run._checkpoints.marks) > 2
    assert run._checkpoints.nbytes <= run._deltas.nbytes + 2 * size


def all_over(machine: Machine, steps: int) -> Iterator[StepInfo]:
    """Writes to frames far from each other."""
    for number in range(steps):
        machine.frame[number * 7 % 3000].refs += 1
        machine.frame[number * 13 % 3000].content = number
        yield StepInfo(0, 0, 0, 0)


def test_values_of_any_width_are_kept() -> None:
    machine = Machine(CONFIG)
    deltas = Deltas(machine.cells)
    for value in (1, 255, 256, 65_535, 65_536, 4_000_000_000, 0):
        machine.frame[0].content = value
        deltas.take(machine.cells)
    assert [1, 255, 256, 65_535, 65_536, 4_000_000_000, 0] == list(deltas.new.part(0, 7))
    assert [0, 1, 255, 256, 65_535, 65_536, 4_000_000_000] == list(deltas.old.part(0, 7))


@given(st.lists(st.lists(st.one_of(st.integers(0, 9), st.integers(0, 1 << 32)), max_size=30)))
def test_a_column_gives_back_what_was_put_in(pieces: list[list[int]]) -> None:
    column = Column()
    for piece in pieces:
        column.extend(array("Q", piece))
    numbers = [number for piece in pieces for number in piece]
    assert numbers == list(column.part(0, len(numbers)))
    assert numbers == [column[place] for place in range(len(column))]
    for first in range(len(numbers)):
        assert numbers[first : first + 3] == list(column.part(first, first + 3))
