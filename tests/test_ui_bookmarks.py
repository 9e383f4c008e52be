"""Bookmarks in the app: marked, given a note, seen where they stand, and found again."""

from __future__ import annotations

from pathlib import Path

import pytest

from luf_tui import library
from luf_tui.timeline.navigate.spots import spot
from luf_tui.ui.app import LufApp
from tests.ui_driver import do, driven, lines, path, shown_run, text

__all__ = ["path"]


@driven
async def test_a_note_is_written_in_the_list_and_shown_where_the_bookmark_stands(
    path: Path,
) -> None:
    async with LufApp(path, spot("L14")).run_test(size=(160, 50)) as pilot:
        await pilot.press("m", "apostrophe", "space", *"look here", "enter")
        assert "look here" in text(pilot.app)
        await pilot.press("escape")

        assert any("a: look here" in line for line in lines(pilot.app))
        await pilot.press("left")
        assert not any("a: look here" in line for line in lines(pilot.app))


@driven
async def test_a_bookmark_stands_in_the_gutter_and_in_the_strip(path: Path) -> None:
    async with LufApp(path, spot("L14")).run_test(size=(160, 50)) as pilot:
        await pilot.press("m", "home")
        shown = lines(pilot.app)

        assert any("a  14 kswapd   reclaim text.0" in line for line in shown)
        strip = next(line for line in shown if "deferred" in line)
        session = shown_run(pilot.app).session
        assert "a" == strip[1 + session.flags[0].position]


@driven
async def test_a_note_outlives_the_app_and_goes_with_its_bookmark(path: Path) -> None:
    async with LufApp(path, spot("L14")).run_test(size=(120, 40)) as pilot:
        await pilot.press("m", "apostrophe", "space", *"look here", "enter")
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        assert ["look here"] == [mark.note for mark in shown_run(pilot.app).session.marks]
        await pilot.press("apostrophe", "delete", "escape")
        assert () == shown_run(pilot.app).session.marks


@driven
async def test_marks_of_a_shipped_scenario_leave_its_folder_alone(state_home: Path) -> None:
    scenario = library.scenarios_dir() / "tour" / "who-pays.luf"
    before = set(scenario.parent.iterdir())
    async with LufApp(scenario).run_test(size=(120, 40)) as pilot:
        do(pilot.app, "forward", "breakpoint", "bookmark")

    assert before == set(scenario.parent.iterdir())
    assert [path for path in state_home.rglob("*.json") if "who-pays" in path.name]


@driven
async def test_where_marks_go_from_a_folder_that_cannot_be_written_is_told_once(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("luf_tui.timeline.navigate.sidecar.os.access", lambda *_: False)
    async with LufApp(path, spot("L14")).run_test(size=(160, 50)) as pilot:
        await pilot.press("m")
        assert "cannot be written: kept in" in lines(pilot.app)[-1]
        await pilot.press("right", "m")
        assert "cannot be written" not in lines(pilot.app)[-1]
