"""The formats of a run: the same every time, harmless, and true to the screen."""

from __future__ import annotations

import json
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from luf_tui.render import screen_sequence
from luf_tui.render.formats import FORMATS, export
from luf_tui.render.text import lines
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.glyphs import of_kind
from tests.render_runs import hostile, tour

WIDTH, HEIGHT = 120, 40


@pytest.fixture(scope="module")
def run() -> Timeline:
    return tour()


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_run_gives_the_same_bytes(name: str) -> None:
    one, other = tour(), tour()
    other.seek(other.steps)

    assert export(one, 20, name, WIDTH, HEIGHT) == export(other, 20, name, WIDTH, HEIGHT)


@pytest.mark.parametrize("name", FORMATS)
def test_an_export_leaves_the_cursor_where_it_was(name: str, run: Timeline) -> None:
    run.seek(7)
    export(run, 20, name, WIDTH, HEIGHT)

    assert 7 == run.position


@pytest.mark.parametrize("name", FORMATS)
def test_no_control_character_of_a_file_is_let_through(name: str) -> None:
    run = hostile()
    text = export(run, run.steps, name, WIDTH, HEIGHT)

    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "u001b[31m" not in text or name == "jsonl"


def test_jsonl_keeps_the_names_of_a_file_for_programs_to_read() -> None:
    run = hostile()
    text = export(run, 0, "jsonl", WIDTH, HEIGHT)

    assert text.isascii()
    assert run.program.title == json.loads(text.splitlines()[0])["title"]


def test_a_picture_of_any_text_is_well_formed() -> None:
    run = hostile()

    assert ET.fromstring(export(run, run.steps, "svg", 80, 24)).tag.endswith("svg")


def test_a_text_is_the_screen(run: Timeline) -> None:
    run.seek(9)

    assert lines(run, 80, 24) == export(run, 9, "txt", 80, 24).splitlines()


# -- JSON lines -----------------------------------------------------------------------------


def objects(run: Timeline, step: int) -> list[dict[str, Any]]:
    return [json.loads(line) for line in export(run, step, "jsonl", 0, 0).splitlines()]


def test_jsonl_has_the_run_and_then_every_step_up_to_the_one_asked_for(run: Timeline) -> None:
    head, *steps = objects(run, 30)

    assert ["version", "scenario", "title", "policy", "without", "steps"] == list(head)
    assert (run.steps, "luf", []) == (head["steps"], head["policy"], head["without"])
    assert list(range(31)) == [one["step"] for one in steps]


def test_the_changes_told_in_jsonl_lead_to_the_state_of_the_last_step(run: Timeline) -> None:
    run.seek(0)
    cells = list(run.machine.cells.values)
    for one in objects(run, run.steps)[1:]:
        for change in one["changes"]:
            region = run.machine.regions[change["region"]]
            names = [field.name for field in region.kind.FIELDS]
            cell = region.base + change["index"] * region.size + names.index(change["field"])
            assert change["old"] == cells[cell]
            cells[cell] = change["new"]
    run.seek(run.steps)

    assert list(run.machine.cells.values) == cells


def test_the_totals_told_in_jsonl_are_the_counters(run: Timeline) -> None:
    for one in objects(run, run.steps)[1:]:
        total = run.counters(one["step"])

        assert {"owed": run.owed(one["step"]), "paid": total.paid, "saved": total.saved} == one[
            "flushes"
        ]
        assert (total.ipis, total.interrupted) == (one["ipis"], one["interrupted_cpus"])


# -- which steps ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("position", "expected"),
    [(0, range(10)), (4, range(10)), (30, range(25, 35)), (71, range(62, 72))],
)
def test_a_page_of_a_long_run_has_the_steps_around_the_cursor(
    run: Timeline, position: int, expected: range
) -> None:
    run.seek(position)

    assert 71 == run.steps
    assert expected == screen_sequence.around(run, 10)


@pytest.mark.parametrize(
    ("position", "expected"), [(0, range(1)), (9, range(10)), (30, range(21, 31))]
)
def test_a_recording_of_a_long_run_has_the_steps_up_to_the_cursor(
    run: Timeline, position: int, expected: range
) -> None:
    run.seek(position)

    assert expected == screen_sequence.before(run, 10)


def test_telling_steps_are_those_with_something_in_the_strip(run: Timeline) -> None:
    found = screen_sequence.telling(run, range(run.steps + 1))
    shown = {step: {of_kind(run.events[n].kind) for n in run.events_of(step)} for step in found}

    assert {"◆", "○", "▲", "↯"} == {one for some in shown.values() for one in some} - {"·"}
    assert [step for step in found if 33 <= step <= 40] == screen_sequence.telling(
        run, range(33, 41)
    )
