"""Strategies: the same transitions of a race, in the order that each decides on."""

from __future__ import annotations

import pytest

from luf_tui.engine.strategy import EveryTurn, Schedule, Strategy, walk
from luf_tui.engine.transitions import BLOCKED, REFUSED, Transitions
from luf_tui.machine import events as ev
from luf_tui.search.random_walks import RandomWalk
from luf_tui.search.search import Search
from luf_tui.timeline.recorder import record
from tests.races import GUARDED, race, start, tiny


def words(transitions: Transitions, strategy: Strategy) -> list[str]:
    return [transitions.word(turn) for turn, _ in walk(transitions, strategy)]


def turns_of(transitions: Transitions, text: str) -> list[int]:
    return [transitions.turn(word) for word in text.split()]


def test_every_turn_is_taken_once_from_the_same_state() -> None:
    transitions = start(race("munmap")).transitions
    before, events = transitions.cells.snapshot(), len(transitions.machine.events)
    reached = [
        (turn, transitions.cells.snapshot())
        for turn, _ in walk(transitions, EveryTurn(transitions))
    ]
    assert transitions.enabled() == [turn for turn, _ in reached]
    assert len(reached) == len({state for _, state in reached} - {before}) > 1
    assert (before, events) == (transitions.cells.snapshot(), len(transitions.machine.events))


def test_a_turn_of_every_turn_is_the_one_a_schedule_takes() -> None:
    transitions = start(race("munmap")).transitions
    start_of_race = transitions.mark()
    for turn, outcome in walk(transitions, EveryTurn(transitions)):
        state = transitions.cells.snapshot()
        transitions.undo(start_of_race)
        assert [(turn, outcome)] == list(walk(transitions, Schedule([turn])))
        assert state == transitions.cells.snapshot()


@pytest.mark.parametrize("name", ["munmap", "flush-before-pte", "write-syscall"])
def test_a_schedule_reproduces_the_turns_of_a_counterexample(name: str) -> None:
    transitions = start(race(name), GUARDED[name][0]).transitions
    (broken,) = Search(transitions).run().broken
    schedule = Schedule(broken.turns)
    made = list(walk(transitions, schedule))
    assert list(broken.turns) == [turn for turn, _ in made]
    assert 0 == schedule.passed_over
    found = [(one.obligation, one.message) for one in transitions.findings()]
    assert (broken.obligation, broken.message) in found


def test_a_turn_that_cannot_be_taken_when_it_is_due_is_passed_over() -> None:
    transitions = start(tiny()).transitions
    schedule = Schedule(turns_of(transitions, "irq/cpu2 app/1 irq/cpu1 app/2"))
    assert ["app/1", "app/2"] == words(transitions, schedule)
    assert 2 == schedule.passed_over


def test_a_run_passes_over_the_words_that_its_schedule_passes_over() -> None:
    with_one, without = (
        record(tiny(f"schedule {text}"))
        for text in ("irq/cpu2 app/1 irq/cpu1 app/2", "app/1 app/2")
    )
    assert without.steps == with_one.steps
    assert not with_one.refusals
    for position in (without.steps // 2, without.steps):
        with_one.seek(position)
        without.seek(position)
        assert without.machine.cells.snapshot() == with_one.machine.cells.snapshot()


def test_a_refused_turn_counts_as_begun_and_did_nothing() -> None:
    transitions = start(tiny("kswapd   pin app.heap.0")).transitions
    transitions.make(turn := transitions.turn("kswapd"))
    ctx, events = transitions.machine.ctx[turn], len(transitions.machine.events)
    assert [(turn, REFUSED)] == list(walk(transitions, Schedule([turn, turn])))
    assert ((), 0, events) == (transitions.left(ctx), ctx.depth, len(transitions.machine.events))


def test_a_turn_is_blocked_that_begins_what_has_to_wait() -> None:
    """munmap() holds the mmap_lock for write; mprotect() begins and waits for it."""
    transitions = start(tiny("cpu2     mprotect text read-only")).transitions
    turns = turns_of(transitions, "app/1 app/2 app/2 app/2 app/2")
    begun = len(transitions.machine.events)
    outcomes = [outcome for _, outcome in walk(transitions, Schedule(turns))]
    assert BLOCKED == outcomes[-1]
    kinds = [transitions.machine.events.kind_of(n) for n in range(begun, transitions.first + 1)]
    assert ev.BEGIN in kinds


def test_abandon_takes_back_all_turns() -> None:
    transitions = start(race("munmap")).transitions
    before, moment = transitions.cells.snapshot(), transitions.mark()
    assert words(transitions, RandomWalk(3))
    assert before != transitions.cells.snapshot()
    transitions.abandon()
    assert (before, moment) == (transitions.cells.snapshot(), transitions.mark())
