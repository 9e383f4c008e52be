"""Watches in the app: added, shown, gone to, stopped at, and kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot

from luf_tui.policy.registry import make_policy
from luf_tui.timeline.navigate.spots import spot
from luf_tui.ui.app import LufApp
from luf_tui.ui.features import branching
from tests.ui_driver import SCENARIO, do, driven, lines, path, shown_run, text

__all__ = ["path"]

WIDE, NARROW = (160, 50), (80, 24)


async def add(pilot: Pilot[Any], words: str) -> None:
    await pilot.press("A", *("space" if char == " " else char for char in words), "enter")
    await pilot.pause()


def line_of(app: App[Any], words: str) -> str:
    """The row of a watch, in its pane."""
    found = [line for line in lines(app) if f" {words} " in line and ("was" in line or "•" in line)]
    return found[-1] if found else ""


@driven
async def test_a_watch_shows_its_value_the_one_before_and_where_it_changes(path: Path) -> None:
    async with LufApp(path, spot("33")).run_test(size=WIDE) as pilot:
        await add(pilot, "cpu1 text.0")
        shown = text(pilot.app)

        assert "cpu1 text.0  f0 r" in shown
        assert "was –, until 19" in shown
        assert "19:f0 r  44:–" in shown


@driven
async def test_the_step_that_changes_a_watch_marks_it(path: Path) -> None:
    async with LufApp(path, spot("25")).run_test(size=NARROW) as pilot:
        await add(pilot, "text.0")
        await pilot.press("9")
        assert "•" not in text(pilot.app)
        await pilot.press("right")
        assert "• text.0  –" in text(pilot.app)


@driven
async def test_a_number_has_a_bar_for_each_change(path: Path) -> None:
    async with LufApp(path, spot("33")).run_test(size=NARROW) as pilot:
        await add(pilot, "owed")
        await pilot.press("9")

        assert "▁█▁" in text(pilot.app)


@driven
async def test_a_click_on_a_change_goes_there(path: Path) -> None:
    async with LufApp(path, spot("33")).run_test(size=NARROW) as pilot:
        await add(pilot, "cpu1 text.0")
        await pilot.press("9")
        y, line = next((y, t) for y, t in enumerate(lines(pilot.app)) if "44:–" in t)
        await pilot.click(offset=(line.index("44:–"), y))

        assert 44 == shown_run(pilot.app).session.position


@driven
async def test_enter_in_the_list_of_changes_goes_there(path: Path) -> None:
    async with LufApp(path, spot("33")).run_test(size=NARROW) as pilot:
        await add(pilot, "cpu1 text.0")
        await pilot.press("A", "enter", "end", "enter")

        assert 70 == shown_run(pilot.app).session.position


@driven
async def test_the_run_stops_where_a_watch_changes_both_ways(path: Path) -> None:
    async with LufApp(path, spot("33")).run_test(size=NARROW) as pilot:
        await add(pilot, "cpu1 text.0")
        await pilot.press("A", "b", "escape", "c")
        assert 44 == shown_run(pilot.app).session.position
        assert "cpu1 text.0 changed: f0 r → –" in lines(pilot.app)[-1]
        await pilot.press("C")
        assert 19 == shown_run(pilot.app).session.position

        await pilot.press("A", "b", "escape", "c")
        assert shown_run(pilot.app).session.timeline.steps == shown_run(pilot.app).session.position


@driven
async def test_watches_outlive_the_app_another_policy_and_an_edited_file(path: Path) -> None:
    async with LufApp(path, spot("33")).run_test(size=NARROW) as pilot:
        await add(pilot, "text.0")
        await pilot.press("A")
        await add(pilot, "key 1")
        assert ("text.0", "key 1") == shown_run(pilot.app).session.watches
    path.write_text("# a line more\n" + SCENARIO, "utf-8")
    async with LufApp(path, spot("33")).run_test(size=NARROW) as pilot:
        session = shown_run(pilot.app).session
        assert ("text.0", "key 1") == session.watches
        branching.under(shown_run(pilot.app), make_policy("eager"))
        await pilot.press("9")
        assert "not in this run" in text(pilot.app)
        branching.under(shown_run(pilot.app), make_policy("luf"))
        assert ["", ""] == [one.problem for one in session.watched]


@driven
async def test_a_watch_is_removed(path: Path) -> None:
    async with LufApp(path, spot("33")).run_test(size=NARROW) as pilot:
        await add(pilot, "text.0")
        await pilot.press("A", "x", "escape")
        assert () == shown_run(pilot.app).session.watches
        await pilot.press("9")
        assert "nothing is watched yet" in text(pilot.app)


@driven
async def test_what_cannot_be_watched_is_told_in_the_prompt(path: Path) -> None:
    async with LufApp(path, spot("33")).run_test(size=NARROW) as pilot:
        await add(pilot, "nosuch")
        assert shown_run(pilot.app).panels
        assert "✖" in text(pilot.app)


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (100, 30), (120, 40), (160, 50)])
@driven
async def test_a_watch_is_seen_at_any_size(size: tuple[int, int], path: Path) -> None:
    async with LufApp(path, spot("33")).run_test(size=size) as pilot:
        await add(pilot, "text.0")
        if size[0] < 110:
            await pilot.press("9")
        assert "text.0  –" in text(pilot.app)


@driven
async def test_a_breakpoint_stays_on_its_line_when_the_file_is_edited(path: Path) -> None:
    async with LufApp(path, spot("L14")).run_test(size=NARROW) as pilot:
        session = shown_run(pilot.app).session
        session.toggle_line(19)
        path.write_text("# a line more\n" + SCENARIO, "utf-8")
        do(pilot.app, "reload")
        assert frozenset({20}) == session.lines_stopped_at


@driven
async def test_a_breakpoint_set_beside_a_line_put_in_is_kept_by_the_line_of_the_file(
    path: Path,
) -> None:
    async with LufApp(path, spot("L14")).run_test(size=NARROW) as pilot:
        session = shown_run(pilot.app).session
        await pilot.press("a", *"cpu2", "space", *"read", "space", *"text.0", "enter")
        session.toggle_line(20)
        await pilot.press("u")
        assert frozenset({19}) == session.lines_stopped_at
    async with LufApp(path).run_test(size=NARROW) as pilot:
        assert frozenset({19}) == shown_run(pilot.app).session.lines_stopped_at
