"""Where panes go, and what holds for every pane at every place of a run."""

from __future__ import annotations

import pytest

from luf_tui.machine.refs import Ref
from luf_tui.ui import actions
from luf_tui.view.columns import length
from luf_tui.view.legend import legend
from luf_tui.view.marks import ACTION, ROLES
from luf_tui.view.screen import GROUPS, HINTS, MAP, PANES, arrange
from luf_tui.view.state import SMALLEST, ViewState
from tests.view_runs import NAMES, SIZES, panes, run

ROLES_LIT = {name for name, role in ROLES.items() if role.glyph}
EXACT = ("header", "tlbs", "lists", "pagetables")
"""Panes whose rows never exceed their width; the others are cut by whoever draws."""


@pytest.mark.parametrize("height", range(20, 90, 3))
@pytest.mark.parametrize("width", range(60, 260, 17))
def test_panes_cover_the_screen_once(width, height):
    covered = [[0] * width for _ in range(height)]
    for place in arrange(width, height):
        for y in range(place.y, place.y + place.height):
            for x in range(place.x, place.x + place.width):
                covered[y][x] += 1

    assert all(count == 1 for row in covered for count in row)


@pytest.mark.parametrize("size", [(59, 20), (60, 20 - HINTS - 1), (1, 1)])
def test_a_screen_too_small_says_so(size):
    places = arrange(*size)

    assert ["too-small"] == [place.pane for place in places]
    assert SMALLEST == (60, 20)


@pytest.mark.parametrize("group", GROUPS)
def test_a_small_screen_shows_the_script_and_any_one_group(group):
    shown = [place.pane for place in arrange(80, 24, group)]

    assert {"header", "script", group, "strip", "narration"} == set(shown)


def test_a_large_screen_shows_everything():
    assert set(PANES) - {"too-small", "watches", MAP} == {place.pane for place in arrange(160, 49)}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", NAMES)
def test_every_row_is_printable_and_its_roles_and_refs_exist(name, size):
    timeline = run(name)
    for position in range(timeline.steps + 1):
        timeline.seek(position)
        for pane in panes(timeline, *size):
            assert pane.current is None or 0 <= pane.current < len(pane.rows)
            for mark in (*pane.title, *(mark for row in pane.rows for mark in row)):
                assert mark.text.isprintable()
                assert mark.role in ROLES
                assert mark.ref is None or exists(timeline, mark.ref)


def exists(timeline, ref):
    if ref.region == "line":
        return 1 <= ref.index <= len(timeline.program.source)
    if ref.region == "step":
        return 0 <= ref.index <= timeline.steps
    if ref.region == ACTION:
        return ref.field in actions.BY_ID
    return 0 <= ref.index < len(timeline.machine.regions[ref.region])


@pytest.mark.parametrize("width", [60, 77, 80, 120, 160])
@pytest.mark.parametrize("name", NAMES)
def test_rows_of_tables_fit_their_pane(name, width):
    timeline = run(name)
    for position in range(0, timeline.steps + 1, 3):
        timeline.seek(position)
        for pane in EXACT:
            shown = PANES[pane](timeline, ViewState(), width, 12)
            assert all(length(row) <= width for row in shown.rows)


@pytest.mark.parametrize("name", NAMES)
def test_a_place_looks_the_same_however_it_was_reached(name):
    timeline = run(name)
    timeline.seek(0)
    onward = [look(timeline, position) for position in range(timeline.steps + 1)]

    back = [look(timeline, position) for position in reversed(range(timeline.steps + 1))]
    timeline.kept.forget()
    anew = [look(timeline, position) for position in range(timeline.steps + 1)]

    assert onward == back[::-1]
    assert onward == anew


def look(timeline, position):
    timeline.seek(position)
    return panes(timeline, 160, 50)


@pytest.mark.parametrize("name", NAMES)
def test_looking_changes_nothing(name):
    timeline = run(name)
    for position in range(0, timeline.steps + 1, 5):
        timeline.seek(position)
        before = timeline.machine.cells.snapshot()
        for level in ("student", "kernel"):
            panes(timeline, 160, 50, ViewState(True, Ref("frame", 0), frozenset({3}), level))

        assert before == timeline.machine.cells.snapshot()
        assert position == timeline.position


def test_the_legend_of_the_strip_lights_a_glyph_and_no_space_beside_it():
    shown = panes(run("hazards/flush-before-reuse-off"), 160, 50, ViewState())
    row = next(pane for pane in shown if pane.name == "strip").rows[0]
    told = [mark for mark in row if mark.ref is None and mark.role in ROLES_LIT]

    assert "✖" in {mark.text for mark in told}
    assert {1} == {len(mark.text) for mark in told}


def test_telling_roles_differ_without_colour():
    looks = [(role.attributes, role.glyph) for role in ROLES.values() if role.glyph]

    assert len(looks) == len(set(looks))
    assert {role.glyph for role in ROLES.values()} - {""} <= {
        row[0].text.strip() for row in legend()
    }
