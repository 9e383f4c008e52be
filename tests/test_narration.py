"""What is told of a run: what each step and line did, and the script's notes beside it."""

from __future__ import annotations

import json
import re
from functools import cache

import pytest

import luf_tui
from luf_tui import library
from luf_tui.commands.run import items
from luf_tui.engine.operation import OPERATIONS, op_name
from luf_tui.machine import events as ev
from luf_tui.render.cast import cast
from luf_tui.render.html import html
from luf_tui.script.parse import load
from luf_tui.script.program import Note
from luf_tui.timeline.ask.failing import failed_at, findings_at, lasting
from luf_tui.timeline.recorder import record
from luf_tui.timeline.tell.micro_steps import SENTENCES, predicate
from luf_tui.timeline.tell.narrate import LEVELS, narrate, notes, telling
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.columns import length
from luf_tui.view.panes.bars import LEFT, NOTE, narration
from luf_tui.view.screen import arrange
from luf_tui.view.state import ViewState
from tests.shipped import PLAYED

SHIPPED = PLAYED
WIDE = 2000
"""Cells in which every sentence fits."""

each = pytest.mark.parametrize("one", SHIPPED, ids=lambda one: one.name)


@cache
def run(name: str) -> Timeline:
    return record(load(str(library.locate(name))))


def told(timeline: Timeline, step: int) -> list[str]:
    """The rows of the narration pane."""
    timeline.seek(step)
    rows = narration(timeline, ViewState(), WIDE, 2).rows
    return ["".join(mark.text for mark in row) for row in rows]


def banner(timeline: Timeline, step: int) -> bool:
    """Whether something was broken there, which is told in the place of the narration."""
    return bool(findings_at(timeline, step) or failed_at(timeline, step))


@each
def test_a_note_stands_beside_what_the_step_did_and_never_instead(one: library.Entry) -> None:
    timeline = run(one.name)
    seen = 0
    for step in range(timeline.steps + 1):
        first, *rest = told(timeline, step)
        said = notes(timeline, step)
        seen += len(said)
        if banner(timeline, step):
            continue
        assert f" {narrate(timeline, step)}" == first
        assert first.strip() not in said
        if said or step < timeline.steps:
            assert [f" {NOTE}{' '.join(said)}"] * bool(said) == rest

    assert seen == sum(isinstance(item, Note) for item in timeline.program.items)


@each
def test_a_line_of_the_report_never_has_a_note_for_its_result(one: library.Entry) -> None:
    timeline = run(one.name)
    said = {item.text for item in timeline.program.items if isinstance(item, Note)}
    results = [result for _, _, result in items(timeline, timeline.steps)]

    assert [] == [result for result in results for note in said if result.endswith(f"  {note}")]


def test_a_note_has_its_rows_under_what_was_broken_too() -> None:
    timeline = run("hazards/madvise-free")
    step = next(n for n in range(timeline.steps) if banner(timeline, n) and notes(timeline, n))
    timeline.seek(step)
    first, _, note, *_ = narration(timeline, ViewState(), 200, 4).rows

    assert "deviation" == first[1].role
    assert f" {NOTE}{notes(timeline, step)[0]}" == "".join(mark.text for mark in note)


def test_what_is_broken_is_told_whole_where_rows_are_free() -> None:
    """The step since when it was possible stands at the end of what is told."""
    timeline = run("tour-doubt/counterexample")
    timeline.seek(next(n for n in range(timeline.steps) if findings_at(timeline, n)))
    rows = narration(timeline, ViewState(), 80, 4).rows
    said = " ".join("".join(mark.text for mark in row) for row in rows)

    assert said.split()[-5:] == ["Possible", "since", "step", "25.", "why"]
    assert all(length(row) <= 80 for row in rows)


def test_a_rule_that_is_broken_twice_at_once_is_told_once() -> None:
    timeline = record(load(str(library.locate("hazards/flush-before-reuse-off"))))
    timeline.seek(next(n for n in range(timeline.steps) if findings_at(timeline, n)))
    rows = narration(timeline, ViewState(), 80, 4).rows
    said = "\n".join("".join(mark.text for mark in row) for row in rows)

    assert ["cpu1 still maps", "cpu2 still maps"] == re.findall(r"cpu\d still maps", said)
    assert 1 == said.count("O2: ")
    assert "Possible since step" in " ".join(said.split())


def test_a_step_with_no_frame_has_a_sentence_of_its_own() -> None:
    for name in ("tour-doubt/every-order", "hazards/server-change-read-anew"):
        timeline = run(name)
        said = [narrate(timeline, step) for step in range(timeline.steps + 1)]
        assert [] == [one for one in said if "no frame stays" in one or "of no frame" in one]


def test_a_note_is_told_as_one_in_every_picture_of_the_step() -> None:
    timeline = run("tour/flush-before-reuse")
    step = next(n for n in range(timeline.steps) if notes(timeline, n) and n > 30)
    said, did = notes(timeline, step)[0], narrate(timeline, step)
    timeline.seek(step)
    shown = luf_tui.open(f"tour/flush-before-reuse@{step}").screen(300, 50)
    page = html(timeline, 300, 50)
    film = "".join(json.loads(line)[2] for line in cast(timeline, 300, 50).splitlines()[1:])

    assert f"{NOTE}{said}" in shown
    assert did in shown
    for picture in (page, film):
        assert said in picture
        assert did.split("  ")[0] in picture


def test_the_report_says_what_an_allocation_got() -> None:
    timeline = run("tour/who-pays")
    results = {text: result for _, text, result in items(timeline, timeline.steps)}

    assert "f2 has a new owner" in results["kernel   alloc a"]


# -- who owes, pays, is interrupted and waits -------------------------------------------------


def said_at(timeline: Timeline, kind: ev.Kind, level: str = "student") -> list[str]:
    """What is told at the steps whose most telling event is of a kind."""
    steps = [n for n in range(timeline.steps + 1) if telling(timeline, n) >= 0]
    of_kind = timeline.events.kind_of
    return [narrate(timeline, n, level) for n in steps if of_kind(telling(timeline, n)) == kind]


@pytest.mark.parametrize("level", LEVELS)
def test_at_a_firing_one_reads_who_pays_who_is_interrupted_and_for_how_long(level: str) -> None:
    timeline = run("tour/flush-before-reuse")
    costs = timeline.config.costs
    wait = f"{costs.ipi + 2 * costs.ipi_per_target + costs.handler:,} ns in the model"

    assert "f0 may go to nobody" in said_at(timeline, ev.DEFER, level)[0]
    assert (
        "thief on cpu0 pays, and gets f0 only when cpu1 cpu2 have flushed"
        in (said_at(timeline, ev.PAY, level)[0])
    )
    assert (
        f"thief on cpu0 stands still until all have answered: at least {wait}"
        in (said_at(timeline, ev.SEND, level)[0])
    )
    first, second = said_at(timeline, ev.RECEIVE, level)
    assert "app/1 stands still; cpu0 waits for cpu1 cpu2" in first
    assert "app/2 stands still; cpu0 waits for cpu2" in second
    assert "text.0 → f0 is gone; cpu0 waits for cpu1 cpu2" in said_at(timeline, ev.FLUSH, level)[0]
    first, second = said_at(timeline, ev.ACK, level)
    assert "cpu0 waits for cpu2" in first
    assert "cpu0 can go on" in second
    assert (
        f"thief on cpu0 goes on, having waited at least {wait}"
        in said_at(timeline, ev.FLUSHED, level)[0]
    )


def test_telling_moves_the_run_nowhere() -> None:
    timeline = run("tour/who-pays")
    timeline.seek(7)
    for step in range(timeline.steps + 1):
        narrate(timeline, step)

    assert 7 == timeline.position


@each
def test_every_step_is_told_in_plain_text_at_both_levels(one: library.Entry) -> None:
    timeline = run(one.name)
    for level in LEVELS:
        for step in range(timeline.steps + 1):
            said = narrate(timeline, step, level)
            assert said
            assert "\n" not in said
            assert "{" not in said
            assert ".." not in said


STOPS = [stop for tour in library.tours() for stop in tour.stops]
TOUR_STOPS = [stop.name for stop in STOPS if stop.path.suffix == library.SUFFIX]
"""Those that are scripts: a recording has no notes."""


@pytest.mark.parametrize("size", [(80, 23), (100, 29), (120, 39), (160, 49)], ids=str)
@pytest.mark.parametrize("name", TOUR_STOPS)
def test_in_a_tour_nothing_that_is_told_is_cut(name: str, size: tuple[int, int]) -> None:
    timeline = run(name)
    place = next(one for one in arrange(*size) if one.pane == "narration")
    for step in range(1, timeline.steps + 1):
        if banner(timeline, step):
            continue
        timeline.seek(step)
        rows = narration(timeline, ViewState(), place.width, place.height).rows
        shown = " ".join(" ".join("".join(mark.text for mark in row).split()) for row in rows)
        said = notes(timeline, step)
        note = [f"{NOTE.strip()} {' '.join(said)}"] if said else []
        if not said and step == timeline.steps and lasting(timeline):
            note = [f"{LEFT.strip()} {'; '.join(lasting(timeline))}"]
        assert " ".join([narrate(timeline, step), *note]) == shown


@pytest.mark.parametrize("number", range(len(OPERATIONS)))
def test_every_micro_step_has_a_sentence_for_who_does_not_know_the_kernel(number: int) -> None:
    """And no sentence is left of one that there is no more."""
    name = op_name(number)
    steps = OPERATIONS[number].STEPS

    assert [one.name for one in steps] == list(SENTENCES[name])
    for place in range(len(steps)):
        said = predicate(number, place)
        assert said.endswith("."), said
        assert said[0].islower(), said


def test_no_sentence_is_left_of_an_operation_that_there_is_no_more() -> None:
    assert set(map(op_name, range(len(OPERATIONS)))) == set(SENTENCES)


def test_a_micro_step_without_an_event_is_told_in_words() -> None:
    timeline = run("tour/flush-before-reuse")
    steps = [n for n in range(1, timeline.steps + 1) if telling(timeline, n) < 0]

    assert "cpu1 looks in its CPU's TLB" in narrate(timeline, steps[0]).replace("app/1", "cpu1")
    for step in steps:
        assert narrate(timeline, step).endswith(".")
        assert " · " in narrate(timeline, step, "kernel")


def test_what_a_device_forgets_is_told_as_the_devices() -> None:
    timeline = run("hazards/secondary-tlb")
    dropped = timeline.index.by_kind[ev.NOTIFY]
    said = [narrate(timeline, timeline.step_of_event(one)) for one in dropped]

    assert any("the device's text.0 → f0 is gone" in one for one in said), said
