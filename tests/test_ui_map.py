"""The map in the app: one key, and everything that works on panes works on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from luf_tui.ui.app import LufApp
from tests.ui_driver import do, driven, lines, path, shown_run, text

__all__ = ["path"]

BARS = {"header", "strip", "narration", "hints"}


@driven
async def test_one_key_shows_the_map_and_takes_it_away(path: Path) -> None:
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        await pilot.press("end", "M")
        await pilot.pause()
        shown = {block.pane.name for block in shown_run(pilot.app).grid.blocks}
        assert {*BARS, "map"} == shown
        assert "page tables" in text(pilot.app)

        await pilot.press("M")
        await pilot.pause()
        assert "script" in {block.pane.name for block in shown_run(pilot.app).grid.blocks}


@driven
@pytest.mark.parametrize("key", ["escape", "tab", "2"])
async def test_other_keys_of_panes_lead_out_of_the_map(path: Path, key: str) -> None:
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        await pilot.press("M", key)
        await pilot.pause()

        assert "map" not in {block.pane.name for block in shown_run(pilot.app).grid.blocks}


@driven
async def test_steps_are_made_and_things_selected_in_the_map(path: Path) -> None:
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        do(pilot.app, "map", "end")
        do(pilot.app, "select")
        screen = shown_run(pilot.app)

        assert screen.session.position == screen.session.timeline.steps
        assert screen.session.selected is not None
        assert "w asks why" in lines(pilot.app)[-1]


@driven
async def test_in_a_small_terminal_the_map_says_how_large_it_has_to_be(path: Path) -> None:
    async with LufApp(path).run_test(size=(100, 30)) as pilot:
        do(pilot.app, "map")

        assert "120x40" in text(pilot.app)
