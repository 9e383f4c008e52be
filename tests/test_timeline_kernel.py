"""The timeline over the real engine: the laws again, and the story of a deferred flush."""

from __future__ import annotations

import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luf_tui.engine.director import Director, StepInfo
from luf_tui.errors import LufError
from luf_tui.machine import events as ev
from luf_tui.machine.refs import Ref
from luf_tui.machine.schema import FREE_STATES
from luf_tui.oracle.play_and_judge import judged_moves
from luf_tui.policy.registry import make_policy
from luf_tui.script.program import Program
from luf_tui.script.verbs.by_cpu import CpuUp
from luf_tui.script.verbs.by_kernel import Drain
from luf_tui.timeline.ask.compare import compare
from luf_tui.timeline.ask.summary import summary
from luf_tui.timeline.ask.why import why, why_event, why_finding
from luf_tui.timeline.navigate.breakpoints import Breakpoint, run_backward, run_forward
from luf_tui.timeline.navigate.places import same_place
from luf_tui.timeline.recorder import record
from luf_tui.timeline.script_lines import to_line
from luf_tui.timeline.tell.narrate import LEVELS, narrate
from tests.strategies import programs
from tests.timeline_kernel import APP, KSWAPD, op, program, reuse, step_with
from tests.timeline_runs import played_on

POLICIES = ("eager", "batched", "luf")
LAZY = reuse("luf")
BROKEN = reuse("luf", "flush-before-reuse")


@cache
def fresh_states() -> tuple[bytes, ...]:
    """The machine's bytes after every micro-step of an unrecorded run."""
    director = Director(program(), make_policy("luf"))
    states = [director.machine.cells.snapshot()]
    for moved, _ in judged_moves(director.machine, director.play()):
        if isinstance(moved, StepInfo):
            states.append(director.machine.cells.snapshot())
        else:
            states[-1] = director.machine.cells.snapshot()
    return tuple(states)


@given(st.lists(st.integers(0, LAZY.steps), min_size=1, max_size=20))
def test_any_order_of_seeks_gives_the_states_of_a_fresh_run(order: list[int]) -> None:
    for position in order:
        LAZY.seek(position)
        assert fresh_states()[position] == LAZY.machine.cells.snapshot()


def test_a_new_recording_stands_at_the_start() -> None:
    assert 0 == record(program()).position


@pytest.mark.parametrize("policy", POLICIES)
def test_two_recordings_have_one_digest(policy: str) -> None:
    assert record(program(), policy).digest() == record(program(), policy).digest()


def test_the_digest_does_not_depend_on_the_hash_seed() -> None:
    root = Path(__file__).resolve().parent.parent
    said = "from tests.timeline_kernel import reuse; print(reuse().digest())"
    digests = {
        subprocess.run(
            [sys.executable, "-c", said],
            cwd=root,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(root)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("0", "1")
    }
    assert {LAZY.digest()} == digests


def test_the_deferred_flush_is_owed_from_its_deferral_to_the_takeoff() -> None:
    deferred, paid = step_with(LAZY, ev.DEFER), step_with(LAZY, ev.PAY)
    over = next(
        LAZY.step_of_event(n)
        for n in LAZY.index.by_kind[ev.FLUSHED]
        if LAZY.step_of_event(n) > paid
    )
    owed = [LAZY.owed(p) for p in (deferred - 1, deferred, paid, over - 1, over + 1)]
    assert [1, 1, 1, 1, 0] == owed


def test_the_policies_differ_where_the_flush_is_sent() -> None:
    runs = [reuse(policy) for policy in POLICIES]
    found = compare(runs)
    assert [0, 0, 1] == [c.paid for c in found.counters]
    assert [1, 1, 1] == [c.sends for c in found.counters]
    assert found.divergence is not None
    assert 4 == found.divergence.line
    assert found.outside is None


def test_a_missing_guard_shows_on_the_outside() -> None:
    found = compare([LAZY, BROKEN])
    assert found.outside is not None
    assert 8 == found.outside.line
    assert "secret" in found.outside.other_text


def test_the_summary_lists_the_violation_with_its_line_and_bytes() -> None:
    last = summary(BROKEN)["violations"][-1]
    assert ("O2", 8, 1, "secret", "lib.0 v1") == tuple(
        last[key] for key in ("obligation", "line", "cpu", "read", "expected")
    )


def test_why_of_the_stale_entry_tells_unmap_operation_deferral_and_payment() -> None:
    between = step_with(LAZY, ev.DEFER)
    links = why(LAZY, Ref("tlb", LAZY.config.tlb_entries), between)
    kinds = [LAZY.events[link.event].kind for link in links if link.event >= 0]
    assert [ev.UNMAP, ev.DEFER, ev.PAY, ev.FILL] == kinds
    assert "line 4: kswapd reclaim text.0" in [link.text for link in links]


def test_a_key_leads_to_the_frames_it_stands_for_and_to_what_pays_it() -> None:
    deferred = step_with(LAZY, ev.DEFER)
    key = LAZY.events[LAZY.index.by_kind[ev.DEFER][0]].args["key"]
    links = why(LAZY, Ref("luf_batch", key), LAZY.item_steps(3)[-1])
    assert f"key {key}: cpu1 cpu2 owe a flush for f0" == links[0].text
    kinds = [LAZY.events[link.event].kind for link in links if link.event >= 0]
    assert [ev.DEFER, ev.UNMAP, ev.PAY] == kinds
    assert deferred == links[1].step


def test_an_event_leads_to_its_operation_and_to_its_thing() -> None:
    event = LAZY.index.by_kind[ev.STALE][0]
    links = why_event(LAZY, event)
    assert event == links[0].event
    assert "line 5: cpu1 read text.0" == links[1].text
    assert ev.UNMAP in [LAZY.events[n.event].kind for n in links if n.event >= 0]


def test_a_finding_leads_to_the_store_the_reuse_and_the_unmap() -> None:
    links = why_finding(BROKEN, len(BROKEN.findings) - 1)
    kinds = {BROKEN.events[link.event].kind for link in links if link.event >= 0}
    assert {ev.READ, ev.STORE, ev.ALLOC, ev.DEFER, ev.UNMAP, ev.FILL} <= kinds


@pytest.mark.parametrize("level", LEVELS)
def test_every_micro_step_has_a_sentence(level: str) -> None:
    for run in (LAZY, BROKEN):
        for position in range(run.steps + 1):
            said = narrate(run, position, level)
            assert said
            assert "{" not in said


def test_breakpoints_on_an_event_stop_at_it_from_both_sides() -> None:
    point = [Breakpoint(event="pay")]
    there = step_with(LAZY, ev.PAY)
    assert there == run_forward(LAZY, 0, point).position
    assert there == run_backward(LAZY, LAZY.steps, point).position


def test_a_sibling_run_under_another_policy_keeps_the_place_by_line() -> None:
    other = reuse("eager")
    for position in range(LAZY.steps + 1):
        there = same_place(LAZY, other, position)
        assert LAZY.line_at(position) == other.line_at(there)


def test_every_line_is_reached_in_order() -> None:
    reached = [to_line(LAZY, line) for line in range(1, 9)]
    assert sorted(reached) == reached
    assert -1 not in reached


def test_a_refusal_names_its_line_and_keeps_what_came_before() -> None:
    items = (*program().items[:2], op(3, "x", APP, CpuUp()), op(4, "y", KSWAPD, Drain()))
    run = record(program(items))
    (refusal,) = run.refusals
    assert (2, run.steps) == (refusal.item, refusal.position)
    assert "cpu1 is online already" in refusal.reason
    whole = record(program(items[:2]))
    assert whole.steps == run.steps


def test_an_unknown_guard_is_an_error_with_a_hint() -> None:
    with pytest.raises(LufError, match="did you mean 'flush-before-reuse'"):
        record(program(), "luf", ["flush-before-use"])


@settings(max_examples=25)
@given(programs(), st.sampled_from(POLICIES), st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_seeks_in_random_programs_give_the_states_passed_through(
    said: Program, policy: str, places: list[float]
) -> None:
    run = played_on(said, policy)
    passed = []
    for position in range(run.steps + 1):
        run.seek(position)
        passed.append(run.machine.cells.snapshot())
    for place in places:
        position = round(place * run.steps)
        run.seek(position)
        assert passed[position] == run.machine.cells.snapshot()


@settings(max_examples=25)
@given(programs(), st.sampled_from(POLICIES))
def test_everything_in_random_programs_can_be_told_and_explained(
    said: Program, policy: str
) -> None:
    run = played_on(said, policy)
    for position in range(0, run.steps + 1, 7):
        for level in LEVELS:
            assert narrate(run, position, level)
    middle = run.steps // 2
    for region, things in run.machine.regions.items():
        for index in range(len(things)):
            assert why(run, Ref(region, index), middle)
    for number in range(len(run.findings)):
        assert why_finding(run, number)


@settings(max_examples=25)
@given(programs())
def test_frames_counted_as_owed_are_free(said: Program) -> None:
    run = played_on(said)
    run.seek(run.steps)
    free = sum(frame.state in FREE_STATES for frame in run.machine.frame)
    owing = sum(
        frame.state in FREE_STATES and bool(run.policy.owed(run.machine, frame))
        for frame in run.machine.frame
    )
    assert owing <= run.owed(run.steps) <= free
