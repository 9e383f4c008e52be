"""Recording: what is kept, and what happens when a run stops early."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

from luf_tui.engine.director import ItemInfo, StepInfo
from luf_tui.errors import Refused, Span
from luf_tui.machine import events as ev
from luf_tui.machine.machine import Machine
from luf_tui.oracle.oracle import Finding
from luf_tui.policy.base import Policy
from luf_tui.script.program import Condition, Expect, Note
from luf_tui.timeline.answers import Refusal
from luf_tui.timeline.recorder import Recorder
from tests.timeline_runs import (
    CONFIG,
    a_finding,
    made_up,
    nothing_found,
    operation,
    play,
    program,
    record,
    states,
)


def test_a_limit_keeps_the_run_up_to_it_and_says_so() -> None:
    machine = Machine(CONFIG)
    run = record(play(machine, 50), machine, program(20), limit=10)
    assert 10 == run.steps
    assert "limit of 10" in run.incomplete


def test_a_whole_run_is_not_incomplete() -> None:
    assert "" == made_up(10).incomplete


def refusing(machine: Machine) -> Iterator[StepInfo]:
    yield from play(machine, 5)
    machine.frame[0].content = 77
    machine.events.emit(ev.FAULT, 0, 0, 0, 0)
    raise Refused("text.0 is not mapped")


def test_a_refused_operation_is_kept_with_its_reason_and_leaves_no_trace() -> None:
    machine = Machine(CONFIG)
    run = record(refusing(machine), machine, program(20))
    assert (Refusal(1, 5, "text.0 is not mapped"),) == run.refusals
    assert states(5)[5] == run.machine.cells.snapshot()
    assert ev.REFUSED == run.events.kind_of(len(run.events) - 1)
    assert ev.FAULT not in [run.events.kind_of(n) for n in run.events_of(5)]


def interrupted(machine: Machine) -> Iterator[StepInfo]:
    yield from play(machine, 5)
    machine.frame[0].content = 77
    raise KeyboardInterrupt


def test_an_interrupt_keeps_what_was_recorded() -> None:
    machine = Machine(CONFIG)
    run = record(interrupted(machine), machine, program(20))
    assert (5, "interrupted after micro-step 5") == (run.steps, run.incomplete)
    assert states(5)[5] == run.machine.cells.snapshot()


def test_ctrl_c_stops_after_the_micro_step_under_way() -> None:
    machine = Machine(CONFIG)

    def pressing() -> Iterator[StepInfo]:
        for move in play(machine, 50):
            if machine.events.step == 7:
                os.kill(os.getpid(), signal.SIGINT)
            yield move

    before = signal.getsignal(signal.SIGINT)
    run = record(pressing(), machine, program(20))
    assert (7, "interrupted after micro-step 7") == (run.steps, run.incomplete)
    assert before == signal.getsignal(signal.SIGINT)


def test_a_recording_stopped_from_outside_says_so() -> None:
    machine = Machine(CONFIG)
    recorder = Recorder(program(20), Policy(), machine, nothing_found, 100)

    def moves() -> Iterator[StepInfo]:
        for move in play(machine, 50):
            if machine.events.step == 4:
                recorder.stop("stopped by hand")
            yield move

    run = recorder.play(moves())
    assert (4, "stopped by hand after micro-step 4") == (run.steps, run.incomplete)


def test_findings_become_events_of_their_step() -> None:
    machine = Machine(CONFIG)
    weights = iter(["", "benign", "deviation", "violation", "", ""])

    def find(first: int, item: int) -> list[Finding]:
        weight = next(weights)
        return [a_finding(weight)] if weight else []

    run = record(play(machine, 6), machine, program(3), find)
    assert ["deviation", "violation"] == [found.weight for found in run.findings]
    for step, kind in ((2, ev.STALE), (3, ev.DEVIATION), (4, ev.VIOLATION)):
        assert kind == run.events.kind_of(run.events_of(step)[-1])
    assert [0, 1] == [run.events[n].args["finding"] for n in run.finding_events]


def test_the_oracle_sees_exactly_the_events_of_the_micro_step() -> None:
    machine = Machine(CONFIG)
    seen: list[tuple[int, int]] = []

    def find(first: int, item: int) -> list[Finding]:
        seen.append((first, len(machine.events)))
        return []

    run = record(play(machine, 30), machine, program(11), find)
    assert [(r.start, r.stop) for r in map(run.events_of, range(1, 31))] == seen


def expecting(text: str, relation: str, value: int) -> Expect:
    condition = Condition(Span(3), text, "ipis", {}, relation, value)
    return Expect(Span(3), text, condition)


def test_expectations_are_judged_where_the_run_reaches_them() -> None:
    machine = Machine(CONFIG)
    items = [expecting("ipis = 0", "=", 0), operation(4, "op"), expecting("ipis = 0", "=", 0)]

    def moves() -> Iterator[StepInfo | ItemInfo]:
        yield ItemInfo(0)
        machine.events.step = 1
        machine.events.emit(ev.SEND, 0, 0b110, -1, 5)
        yield StepInfo(1, 5, 1, 0)
        yield ItemInfo(2)

    run = record(moves(), machine, program(items))
    assert [(0, 0, True), (2, 1, False)] == [(o.item, o.position, o.held) for o in run.outcomes]
    assert "2" in run.outcomes[1].detail
    assert ev.EXPECTED == run.events.kind_of(run.events_of(1)[-1])


def test_items_without_micro_steps_have_the_position_they_were_reached_at() -> None:
    machine = Machine(CONFIG)
    items = [operation(1, "op"), Note(Span(2), "look"), operation(3, "op")]
    run = record(
        iter([StepInfo(0, 5, 1, 0), ItemInfo(1), StepInfo(2, 5, 1, 0)]), machine, program(items)
    )
    assert [1, 1, 2] == [run.item_position(n) for n in range(3)]
    assert [range(1, 2), range(0), range(2, 3)] == [run.item_steps(n) for n in range(3)]


def test_a_step_knows_its_item_context_operation_and_position() -> None:
    run = made_up(9)
    machine = Machine(CONFIG)
    assert list(play(machine, 9)) == [run.step_info(step) for step in range(1, 10)]
    assert -1 == run.item_at(0)


def test_the_history_of_a_toy_run_fits_in_100_bytes_a_step() -> None:
    run = made_up(30_000)
    assert run.nbytes / run.steps < 100
