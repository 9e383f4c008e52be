"""Panes that take turns: all of them stand in the title of the one shown, by one name each."""

from __future__ import annotations

from pathlib import Path

import pytest

from luf_tui.ui.app import LufApp
from luf_tui.ui.screens.visible_panes import _tabs
from luf_tui.view.columns import length
from luf_tui.view.screen import GROUPS, TITLES
from luf_tui.view.state import SMALLEST
from tests.ui_driver import driven, lines, path, shown_run

__all__ = ["path"]


@pytest.mark.parametrize("room", [30, 49, 54, 60, 74, 94])
@pytest.mark.parametrize("shown", GROUPS)
def test_all_tabs_are_there_at_every_width(shown: str, room: int) -> None:
    row = _tabs(shown, room)
    said = [mark.text.strip() for mark in row]

    assert length(row) <= room
    assert all(str(number) in said for number in range(2, 2 + len(GROUPS)))
    assert TITLES[shown] in said
    if room >= 74:
        assert all(TITLES[name] in said for name in GROUPS)


@driven
async def test_the_smallest_terminal_shows_all_that_is_documented(path: Path) -> None:
    async with LufApp(path).run_test(size=SMALLEST) as pilot:
        await pilot.press("right")
        shown = {block.pane.name for block in shown_run(pilot.app).grid.blocks}
        assert {"header", "script", "tlbs", "strip", "narration", "hints"} == shown
        assert SMALLEST[1] == len(lines(pilot.app))
        assert "step" in lines(pilot.app)[0]
