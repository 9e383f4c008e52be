"""The diagram of a commit message in the app: seen, walked and copied with a key each."""

from __future__ import annotations

from pathlib import Path

import pytest

import luf_tui
from luf_tui.ui.app import LufApp
from luf_tui.ui.features import race_diagram
from tests.ui_driver import driven, lines, path, shown_run, text

__all__ = ["path"]

WITHOUT = ("flush-before-reuse",)


@driven
async def test_one_key_shows_the_diagram_and_enter_goes_to_a_line_of_it(path: Path) -> None:
    async with LufApp(path, policy="luf", without=WITHOUT).run_test(size=(80, 24)) as pilot:
        session = shown_run(pilot.app).session
        finding = session.timeline.findings[-1]
        session.go(finding.step)
        await pilot.press("D")
        assert any("▸" in row and '*** reads "secret" ***' in row for row in lines(pilot.app))
        await pilot.press("up", "up", "up", "enter")

        assert session.position < finding.step
        assert not shown_run(pilot.app).panels


@driven
async def test_y_copies_the_diagram_that_the_command_line_prints(path: Path) -> None:
    async with LufApp(path, policy="luf", without=WITHOUT).run_test(size=(120, 40)) as pilot:
        await pilot.press("D", "y")
        assert "copied the diagram" in text(pilot.app)

        printed = luf_tui.open(path, policy="luf", without=WITHOUT).seek("end").diagram()
        assert printed == pilot.app.clipboard
        await pilot.press("D")
        assert not shown_run(pilot.app).panels


@driven
async def test_it_opens_at_the_line_that_one_stands_at(path: Path) -> None:
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        session = shown_run(pilot.app).session
        session.go(session.timeline.steps // 2)
        await pilot.press("D", "enter")

        assert 0 <= session.timeline.steps // 2 - session.position <= 5


def test_of_a_long_run_what_is_behind_the_place_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(race_diagram, "MOST", 100)
    run = luf_tui.open("llm-excerpt")

    assert range(900, 1_001) == race_diagram.told_at(run.timeline, 1_000).steps
