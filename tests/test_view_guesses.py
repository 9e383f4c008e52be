"""Questions of the quiz are answerable from the panes, and answers are scored fairly."""

from __future__ import annotations

from functools import cache

import pytest

from luf_tui import library
from luf_tui.machine import events as ev
from luf_tui.machine.refs import Ref
from luf_tui.script.parse import load
from luf_tui.timeline.recorder import record
from luf_tui.timeline.tell.narrate import telling
from luf_tui.timeline.timeline import Timeline
from luf_tui.view import guesses
from luf_tui.view.compose import Block
from luf_tui.view.guesses import Answer, Score, question, steps, thing
from luf_tui.view.marks import Mark, Pane
from luf_tui.view.screen import PANES
from luf_tui.view.state import ViewState

TOURS = library.tours()
SCRIPTS = [one for tour in TOURS for one in tour.stops if one.path.suffix == library.SUFFIX]
STOPS = [stop.name for stop in SCRIPTS]


@cache
def run(name: str) -> Timeline:
    return record(load(str(library.locate(name))))


def pointed_at(timeline: Timeline, position: int) -> set[Ref]:
    """Every thing that some mark of a pane stands for."""
    timeline.seek(position)
    panes = [PANES[name](timeline, ViewState(), 160, 200) for name in guesses.ASKED]
    marks = [mark for pane in panes for row in pane.rows for mark in row]
    return {ref for ref in (thing(mark.ref) for mark in marks) if ref}


def step_with(timeline: Timeline, kind: ev.Kind) -> int:
    of_kind = timeline.events.kind_of
    return next(n for n in steps(timeline) if of_kind(telling(timeline, n)) == kind)


@pytest.mark.parametrize("name", STOPS)
def test_all_that_changes_can_be_pointed_at_before_it_does(name: str) -> None:
    timeline = run(name)
    for step in steps(timeline):
        asked = question(timeline, step).things.keys()
        assert set() == asked - pointed_at(timeline, step - 1)


@pytest.mark.parametrize("name", STOPS)
def test_every_change_has_a_name_and_a_sentence(name: str) -> None:
    timeline = run(name)
    told = [one for step in steps(timeline) for one in question(timeline, step).things.values()]

    assert len(told) > 10
    assert all(called and how for called, how in told)


def test_at_an_unmap_the_entries_that_go_stale_are_asked_for() -> None:
    timeline = run("tour/flush-before-reuse")
    asked = question(timeline, step_with(timeline, ev.UNMAP))
    told = dict(asked.things.values())

    assert guesses.STALE == told["cpu1 text.0"]
    assert guesses.STALE == told["cpu2 text.0"]
    assert "present → none" in told["app's text.0"]


def test_a_frame_owes_from_its_unmap_on_then_is_paid_for_and_waits_no_more() -> None:
    timeline = run("tour/flush-before-reuse")
    told = [question(timeline, step).things.get(Ref("frame", 0)) for step in steps(timeline)]
    said = [how for one in told if one for how in one[1].split("; ")]
    states = [*guesses.DEBTS.values(), guesses.OWES_NOT]

    assert states == [how for how in said if how in states]


def test_a_fill_is_asked_of_the_cpu_that_caches() -> None:
    timeline = run("tour/flush-before-reuse")
    filled = question(timeline, step_with(timeline, ev.FILL)).things

    assert ("cpu1", "caches text.0") == filled[Ref("cpu", 1)]


def test_a_step_that_brings_only_new_things_is_not_asked() -> None:
    timeline = run("tour/flush-before-reuse")
    kinds = {timeline.events.kind_of(telling(timeline, step)) for step in steps(timeline)}

    assert ev.MMAP not in kinds
    assert ev.SWITCH in kinds


def test_asking_moves_the_run_nowhere() -> None:
    timeline = run("tour/who-pays")
    timeline.seek(5)
    timeline.kept.forget()
    assert len(list(steps(timeline))) > 50
    assert 5 == timeline.position


@pytest.mark.parametrize("tour", TOURS, ids=lambda tour: tour.title)
def test_over_a_whole_tour_who_knows_all_has_every_point(tour: library.Tour) -> None:
    for stop in (one for one in tour.stops if one in SCRIPTS):
        timeline, score = run(stop.name), Score()
        for step in steps(timeline):
            asked = question(timeline, step)
            score = score.with_answer(Answer(asked, frozenset(asked.things)))
        assert score.points == score.asked > 20
        assert [] == score.hardest(8)


@pytest.mark.parametrize("tour", TOURS, ids=lambda tour: tour.title)
def test_over_a_whole_tour_who_marks_nothing_is_right_where_nothing_changes(
    tour: library.Tour,
) -> None:
    for stop in (one for one in tour.stops if one in SCRIPTS):
        timeline, score = run(stop.name), Score()
        still = 0
        for step in steps(timeline):
            asked = question(timeline, step)
            still += not asked.things
            score = score.with_answer(Answer(asked, frozenset()))
        changes = sum(len(question(timeline, step).things) for step in steps(timeline))
        assert (still, still + changes) == (score.points, score.asked)
        hardest = score.hardest(3)
        assert 3 == len(hardest)
        assert sorted(one.points - one.asked for one in hardest) == [
            one.points - one.asked for one in hardest
        ]


def test_what_is_marked_and_stays_costs_a_point() -> None:
    timeline = run("tour/flush-before-reuse")
    asked = question(timeline, step_with(timeline, ev.DEFER))
    frame, other = Ref("frame", 0), Ref("frame", 5)
    answer = Answer(asked, frozenset({frame, other}))

    assert {frame} == answer.right
    assert {other} == answer.wrong
    assert (1, len(asked.things) + 1) == (answer.points, answer.asked)
    assert ("✓", "✗", "") == (answer.sign(frame), answer.sign(other), answer.sign(Ref("cpu", 0)))


def test_a_second_answer_to_a_step_takes_the_place_of_the_first() -> None:
    timeline = run("tour/flush-before-reuse")
    asked = question(timeline, step_with(timeline, ev.DEFER))
    score = Score().with_answer(Answer(asked, frozenset()))
    better = score.with_answer(Answer(asked, frozenset(asked.things)))

    assert 0 == score.points
    assert better.points == better.asked == score.asked


def test_signs_stand_before_what_is_marked_and_the_score_in_the_header() -> None:
    frame = Ref("frame", 3)
    row = (
        Mark("░", "free", frame),
        Mark("f3 ", "text", frame),
        Mark("f4", "text", Ref("frame", 4)),
    )
    panes = [
        Block(Pane("frames", (), (row,)), 0, 0, 40, 3),
        Block(Pane("lists", (), (row[1:],)), 0, 3, 40, 3),
        Block(Pane("header", (), ((Mark(" a long title", "title"),),)), 0, 6, 40, 1),
        Block(Pane("script", (), (row,)), 0, 7, 40, 3),
    ]
    shown = guesses.signed(panes, {frame: "?"}, "quiz: 3 of 4")
    texts = ["".join(mark.text for mark in block.pane.rows[0]) for block in shown]

    assert ["?f3 f4", "?f3 f4", " quiz: 3 of 4", "░f3 f4"] == texts


def test_a_sign_before_a_name_moves_nothing_behind_the_next_blank() -> None:
    cpu = Ref("cpu", 0)
    row = (Mark("cpu0 ", "title", cpu), Mark("app", "text", cpu), Mark("   "), Mark("cpu1"))
    block = Block(Pane("tlbs", (), (row,)), 0, 0, 40, 3)
    shown = guesses.signed([block], {cpu: "?"}, "")[0].pane.rows[0]

    assert "?cpu0 app  cpu1" == "".join(mark.text for mark in shown)


def test_what_comes_is_hidden_and_what_was_is_not() -> None:
    timeline = run("tour/flush-before-reuse")
    step = step_with(timeline, ev.PAY)
    timeline.seek(step - 1)
    panes = [PANES[name](timeline, ViewState(), 120, 30) for name in ("events", "strip", "lanes")]
    blocks = [Block(pane, 0, 0, 124, 32) for pane in panes]
    before = text_of(blocks)
    hidden = text_of(guesses.without_what_comes(blocks, step - 1))

    assert "fires now" in before
    assert "fires now" not in hidden
    assert "nobody was interrupted" in hidden
    assert "▲" not in hidden.splitlines()[-2].split("  ")[0]
    assert "waits" not in hidden


def text_of(blocks: list[Block]) -> str:
    rows = [row for block in blocks for row in block.pane.rows]
    return "\n".join("".join(mark.text for mark in row) for row in rows)
