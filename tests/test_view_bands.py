"""Panes get the room that they fill: bands, what a run wants, and that nothing moves."""

from __future__ import annotations

from functools import cache

import pytest

from luf_tui import library
from luf_tui.policy.registry import POLICIES
from luf_tui.runs.opening import play_file
from luf_tui.script.parse import load
from luf_tui.timeline.recorder import record
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.bands import Band, bands, shared
from luf_tui.view.columns import flowing, length, side_by_side, stacked
from luf_tui.view.compose import placed, screen
from luf_tui.view.marks import Mark
from luf_tui.view.panes import frames, microsteps
from luf_tui.view.screen import GROUPS, MAP, PANES, TITLES, WATCHES, arranged
from luf_tui.view.state import SMALLEST, ViewState
from luf_tui.view.wants import of_run
from tests.shipped import PLAYED
from tests.view_runs import NAMES, run, text

SCENARIOS = [entry.name for entry in PLAYED]
SIZES = ((160, 49), (140, 44), (120, 39), (110, 34), (100, 29), (80, 23), (60, 19), (220, 59))
STATE = ViewState()


@cache
def recording() -> Timeline:
    return play_file(library.recordings()[0].path, None, ())


def names(timeline, width, height):
    return [place.pane for place in arranged(timeline, STATE, width, height)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", [*NAMES, ""])
def test_the_panes_of_a_run_cover_the_screen_once(name, size):
    width, height = size
    timeline = run(name) if name else recording()
    covered = [[0] * width for _ in range(height)]
    for place in arranged(timeline, STATE, width, height):
        for y in range(place.y, place.y + place.height):
            for x in range(place.x, place.x + place.width):
                covered[y][x] += 1

    assert all(count == 1 for row in covered for count in row)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", NAMES)
def test_no_pane_moves_while_one_walks(name, size):
    timeline = run(name)
    found = set()
    for position in range(0, timeline.steps + 1, 7):
        timeline.seek(position)
        timeline.kept.forget()
        found.add(arranged(timeline, STATE, *size))

    assert 1 == len(found)


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_micro_step_is_cut_at_160_columns(name):
    timeline = record(load(str(library.locate(name))))
    place = next(p for p in arranged(timeline, STATE, 160, 49) if p.pane == "script")
    items = range(len(timeline.program.items))
    longest = max((timeline.item_steps(item) for item in items), key=len)

    assert microsteps.columns_wanted(timeline) <= place.width - 4
    timeline.seek(longest[0])
    for row in placed(timeline, STATE, place).pane.rows:
        if "├" in text(row):
            assert length(row) <= place.width - 4


@pytest.mark.parametrize("name", SCENARIOS)
def test_lanes_and_events_are_on_a_screen_of_120_by_40(name):
    timeline = record(load(str(library.locate(name))))
    places = {place.pane: place for place in arranged(timeline, STATE, 120, 39)}

    assert set(PANES) - {"too-small", MAP, WATCHES} <= set(places)
    assert places["events"].height >= 6
    rows = placed(timeline, STATE, places["lanes"]).pane.rows
    assert len(rows) <= places["lanes"].height - 2
    assert "you are here" in " ".join(text(row) for row in rows)


@pytest.mark.parametrize("name", NAMES)
def test_no_tlb_is_cut_at_160_by_50(name):
    timeline = run(name)
    place = next(p for p in arranged(timeline, STATE, 160, 49) if p.pane == "tlbs")
    for position in range(timeline.steps + 1):
        timeline.seek(position)
        assert len(placed(timeline, STATE, place).pane.rows) <= place.height - 2


def test_a_recording_hides_what_it_cannot_know():
    for size in SIZES:
        assert "tlbs" not in names(recording(), *size)
    shown = [place.pane for place in arranged(recording(), ViewState(group="tlbs"), 80, 23)]
    assert "tlbs" in shown
    told = " ".join(text(row) for row in screen(recording(), 80, 23, ViewState(group="tlbs")))
    assert "a recording does not tell what CPUs cache" in told


def test_the_smallest_screen_has_all_its_parts():
    width, height = SMALLEST
    shown = names(run(NAMES[0]), width, height - 1)

    assert ["header", "strip", "narration", "script", "tlbs"] == shown


@pytest.mark.parametrize("width", range(34, 120, 3))
def test_the_legend_of_the_frames_is_whole_at_every_width(width):
    timeline = run(NAMES[0])
    for height in (5, 8, 14):
        said = " ".join(text(row) for row in PANES["frames"](timeline, STATE, width, height).rows)
        for glyph, _, words in frames.LEGEND:
            assert f"{glyph} {words}" in said


@pytest.mark.parametrize("width", [60, 80, 100, 120, 160, 220])
@pytest.mark.parametrize("name", NAMES)
def test_the_strip_tells_all_its_glyphs_or_none(name, width):
    timeline = run(name)
    timeline.seek(timeline.steps)
    row = PANES["strip"](timeline, STATE, width, 1).rows[0]

    assert length(row) <= width
    assert "…" not in text(row)
    assert width < 160 or "deferred" in text(row)


@pytest.mark.parametrize("pane", TITLES)
def test_a_pane_has_one_name(pane):
    shown = PANES[pane](run(NAMES[0]), STATE, 100, 12)

    assert TITLES[pane] == shown.title[0].text
    assert set(GROUPS) < set(TITLES)


def rows_of(**rows):
    return lambda pane, columns: rows[pane]


def test_rows_go_where_they_are_wanted_and_what_is_left_to_all():
    wants = rows_of(a=3, b=8)
    choice = ((("a",), ("b",)),)

    assert [5, 10] == [height for _, height in bands(choice, wants, 80, 15)]
    assert [6, 11] == [height for _, height in bands(choice, wants, 80, 17)]
    assert [4, 6] == [height for _, height in bands(choice, wants, 80, 10)]


def test_the_way_that_cuts_least_is_taken_and_of_equals_the_first():
    wants = rows_of(a=4, b=4, c=0)
    alone, together = (("a",), ("b",), ("c",)), (("a", "b"), ("c",))

    assert ("a",) == bands((alone, together), wants, 80, 12)[0][0].panes
    low = bands((alone, together), wants, 80, 8)
    assert [("a", "b")] == [band.panes for band, _ in low]
    assert 80 == sum(low[0][0].widths)


@pytest.mark.parametrize("height", range(1, 40))
def test_bands_always_fill_the_height(height):
    found = [Band(("a",), (80,), (5,)), Band(("b",), (80,), (9,)), Band(("c",), (80,), (3,))]

    assert height == sum(shared(found, height)) or height < len(found)


@pytest.mark.parametrize("width", [30, 60, 90, 200])
@pytest.mark.parametrize("heights", [(3,), (3, 5), (1, 2, 3, 4, 5)])
def test_blocks_take_as_many_rows_as_is_said(heights, width):
    blocks = [[(Mark("x"),)] * height for height in heights]

    assert len(side_by_side(blocks, width, 30, 24)) == stacked(heights, width, 30, 24)


def test_what_flows_is_never_cut_in_two():
    pieces = [(Mark("◆ "), Mark("owes")), (Mark("~ "), Mark("stale")), (Mark("□ "), Mark("taken"))]

    assert ["◆ owes  ~ stale", "□ taken"] == [text(row) for row in flowing(pieces, 17)]
    assert [] == flowing([], 17)


@pytest.mark.parametrize("policy", POLICIES)
def test_what_a_run_wants_is_known_under_every_policy(policy):
    timeline = record(load(str(library.locate("tour/who-pays"))), policy)
    wants = of_run(timeline)

    assert all(wants.rows(pane, 60) > 0 for pane in GROUPS)
