"""What scripts may expect, asked at the positions of a real run."""

from __future__ import annotations

import pytest

from luf_tui.errors import LufError, Span
from luf_tui.machine import events as ev
from luf_tui.script import vocabulary
from luf_tui.script.program import Condition, Expect, Value
from luf_tui.timeline.conditions.moment import moment_at
from luf_tui.timeline.conditions.predicates import PREDICATES, judge, scan
from luf_tui.timeline.recorder import record
from luf_tui.timeline.script_lines import to_line
from luf_tui.timeline.store.event_index import Tally
from luf_tui.timeline.timeline import Timeline
from tests.timeline_kernel import FLUSH_BEFORE_REUSE, SECRET, program, reuse, step_with

LAZY = reuse("luf")
BROKEN = reuse("luf", "flush-before-reuse")
END = LAZY.steps
TEXT0: dict[str, Value] = {"mm": 0, "vpn": 0}
HEAP0: dict[str, Value] = {"mm": 1, "vpn": 0}


def asked(predicate: str, relation: str = "", value: int = 0, **args: Value) -> Condition:
    return Condition(Span(1), predicate, predicate, args, relation, value)


def holds_at(run: Timeline, condition: Condition, position: int) -> bool:
    with run.visit(position):
        return judge(condition, moment_at(run)).held


def end_of(line: int) -> int:
    """The position at which the operation of a line is done."""
    return LAZY.item_steps(line - 1)[-1]


RECLAIMED = end_of(4)
REUSED = end_of(7)
HELD: list[tuple[Timeline, int, Condition]] = [
    (LAZY, RECLAIMED, asked("stale", cpu=1, **TEXT0)),
    (LAZY, RECLAIMED, asked("stale", "=", 2, **TEXT0)),
    (LAZY, RECLAIMED, asked("cached", cpu=2, **TEXT0)),
    (LAZY, RECLAIMED, asked("stale", "=", 2, page=0)),
    (LAZY, RECLAIMED, asked("free", **TEXT0)),
    (LAZY, RECLAIMED, asked("free", target=(0, 0, 0))),
    (LAZY, RECLAIMED, asked("owed", mask=0b110, **TEXT0)),
    (LAZY, RECLAIMED, asked("owed", "=", 1)),
    (LAZY, RECLAIMED, asked("content", content=2, **TEXT0)),
    (LAZY, RECLAIMED, asked("deferred", "=", 1)),
    (LAZY, end_of(5), asked("stale-hits", "=", 1)),
    (LAZY, end_of(5), asked("reads", content=2)),
    (LAZY, REUSED, asked("flushed", mask=0b110)),
    (LAZY, REUSED, asked("interrupted", mask=0b110)),
    (LAZY, REUSED, asked("paid", ">=", 1)),
    (LAZY, REUSED, asked("ipis", "=", 2)),
    (LAZY, REUSED, asked("steps", "=", REUSED)),
    (LAZY, REUSED, asked("mapped", **HEAP0)),
    (LAZY, END, asked("mapped", "=", 1, page=0)),
    (LAZY, REUSED, asked("writable", **HEAP0)),
    (LAZY, REUSED, asked("on", node=0, **HEAP0)),
    (LAZY, REUSED, asked("content", content=SECRET, **HEAP0)),
    (LAZY, REUSED, asked("event", "=", 1, kind="defer", mask=0b110)),
    (LAZY, REUSED, asked("fault", cpu=0)),
    (BROKEN, BROKEN.steps, asked("violation", "=", 3)),
    (BROKEN, BROKEN.steps, asked("violation", obligation="O2")),
    (BROKEN, BROKEN.steps, asked("violation", "=", 1, rule="A", cpu=1, read="secret")),
    (BROKEN, BROKEN.steps, asked("violation", "=", 2, rule="C")),
]
NOT_HELD: list[tuple[Timeline, int, Condition]] = [
    (LAZY, RECLAIMED, asked("stale", cpu=0)),
    (LAZY, RECLAIMED, asked("mapped", **TEXT0)),
    (LAZY, RECLAIMED, asked("mapped", page=0)),
    (LAZY, END, asked("stale", page=1)),
    (LAZY, RECLAIMED, asked("owed", mask=0b001, **TEXT0)),
    (LAZY, RECLAIMED, asked("flushed", mask=0b110)),
    (LAZY, RECLAIMED, asked("content", content=SECRET, **TEXT0)),
    (LAZY, REUSED, asked("flushed", mask=0b111)),
    (LAZY, REUSED, asked("stale")),
    (LAZY, REUSED, asked("owed")),
    (LAZY, REUSED, asked("swapped", **TEXT0)),
    (LAZY, REUSED, asked("blocked", task=0)),
    (LAZY, REUSED, asked("on", node=1, **HEAP0)),
    (LAZY, END, asked("violation")),
    (LAZY, END, asked("deviation")),
    (LAZY, END, asked("sigsegv")),
    (BROKEN, BROKEN.steps, asked("violation", obligation="O5")),
    (BROKEN, BROKEN.steps, asked("violation", rule="A", cpu=2)),
    (LAZY, REUSED, asked("monitor-told")),
]


@pytest.mark.parametrize(("run", "position", "condition"), HELD)
def test_what_is_so_holds(run: Timeline, position: int, condition: Condition) -> None:
    assert holds_at(run, condition, position)


@pytest.mark.parametrize(("run", "position", "condition"), NOT_HELD)
def test_what_is_not_so_does_not_hold(run: Timeline, position: int, condition: Condition) -> None:
    assert not holds_at(run, condition, position)


def test_no_turns_a_condition_around() -> None:
    none = Condition(Span(1), "no violation", "violation", negated=True)
    assert holds_at(LAZY, none, END)
    assert not holds_at(BROKEN, none, BROKEN.steps)


def test_an_expectation_and_the_same_question_later_agree() -> None:
    conditions = [asked(name, **TEXT0) for name in ("stale", "free", "owed", "mapped", "cached")]
    items = []
    for item in FLUSH_BEFORE_REUSE:
        items += [item, *(Expect(Span(item.span.line), c.text, c) for c in conditions)]
    run = record(program(tuple(items)))
    for outcome in run.outcomes:
        item = run.program.items[outcome.item]
        assert isinstance(item, Expect)
        assert outcome.held == holds_at(run, item.condition, outcome.position)


def test_the_running_totals_are_those_of_the_recorded_run() -> None:
    for run in (LAZY, BROKEN):
        assert run.counters(run.steps) == Tally(run.events).counters(run.steps)


def test_an_unknown_condition_is_an_error_with_a_hint() -> None:
    with pytest.raises(LufError, match="did you mean 'violation'"):
        holds_at(LAZY, asked("violations"), 0)


def test_every_predicate_can_be_written_in_a_script() -> None:
    assert set(PREDICATES) == set(vocabulary.PREDICATES)


def test_every_predicate_can_be_asked_about_a_page_anywhere() -> None:
    args: dict[str, Value] = {**TEXT0, "cpu": 1, "node": 0, "content": 2, "task": 0, "kind": "pay"}
    for name in PREDICATES:
        for position in (0, to_line(LAZY, 4), step_with(LAZY, ev.PAY), END):
            holds_at(LAZY, asked(name, **args), position)


DETAILS = [
    (RECLAIMED, asked("stale", cpu=1, **TEXT0), "cpu1 has text.0 → f0, stale"),
    (RECLAIMED, asked("cached", cpu=0, **TEXT0), "cpu0 has no entry for text.0"),
    (RECLAIMED, asked("flushed", mask=0b110), "no cpu flushed in the last operation"),
    (REUSED, asked("interrupted", mask=1), "cpu1 cpu2 took an IPI in the last operation"),
    (RECLAIMED, asked("mapped", **TEXT0), "text.0 is not mapped"),
    (RECLAIMED, asked("free", **TEXT0), "f0 on dram is pcp and holds lib.0 v1"),
    (RECLAIMED, asked("free", page=0), "f0 on dram is pcp and holds lib.0 v1"),
    (RECLAIMED, asked("owed", **TEXT0), "f0 waits for cpu1 cpu2: its flush is owed"),
    (END, asked("reads", content=SECRET), "the last operation read lib.0 v1"),
    (END, asked("violation"), "no violation"),
    (REUSED, asked("blocked", task=0), "app has nothing to finish"),
    (REUSED, asked("ipis", "=", 7), "ipis is 2"),
]


@pytest.mark.parametrize(("position", "condition", "said"), DETAILS)
def test_a_verdict_says_what_was_seen(position: int, condition: Condition, said: str) -> None:
    LAZY.seek(position)
    assert said == judge(condition, moment_at(LAZY)).detail


def test_a_condition_on_events_does_not_look_through_the_run_at_every_position(monkeypatch):
    looked_at = []
    assert LAZY.index  # made once a run, from every event
    monkeypatch.setattr(type(LAZY.events), "kind_of", lambda log, number: looked_at.append(number))
    condition = asked("event", "=", 1, kind="defer")
    held = [position for position, holds in scan(LAZY, condition, range(END + 1)) if holds]

    assert [] == looked_at
    assert range(step_with(LAZY, ev.DEFER), END + 1) == range(held[0], held[-1] + 1)
