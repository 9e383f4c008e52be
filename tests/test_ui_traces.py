"""Recordings in the app: opened, walked, searched, and what is wrong with a file."""

from __future__ import annotations

from pathlib import Path
from threading import Timer
from typing import Any

import pytest
from textual.app import App

from luf_tui.ui.app import LufApp
from luf_tui.ui.background import traces
from luf_tui.ui.background.traces import Whole
from luf_tui.ui.screens.gallery import Gallery
from luf_tui.ui.screens.run_screen import RunScreen
from tests.ui_driver import UNHURRIED, Hold, do, driven, hold, shown_run, text

__all__ = ["hold"]

LLM = Path(__file__).parent.parent / "scenarios" / "traces" / "llm-excerpt.trace.xz"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Recordings are opened when all of them is replayed."""
    monkeypatch.setattr(traces, "SOON", UNHURRIED)


@pytest.fixture
def first_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Recordings are opened when their first move is replayed."""

    class Over(Timer):
        def start(self) -> None:
            self.function(*self.args)

    monkeypatch.setattr("threading.Timer", Over)


def stands(app: App[Any]) -> bool:
    """Whether a recording is walked."""
    screen = app.screen
    return isinstance(screen, RunScreen) and bool(screen.session.timeline.program.recorded)


@pytest.mark.parametrize("size", [(160, 50), (80, 24)])
@driven
async def test_a_recording_is_walked_like_a_scenario(size: tuple[int, int], whole: None) -> None:
    async with LufApp(LLM).run_test(size=size) as pilot:
        assert stands(pilot.app)
        session = shown_run(pilot.app).session

        assert "llm-excerpt.trace.xz" in text(pilot.app)
        await pilot.press("end")
        assert session.timeline.steps == session.position
        await pilot.press("home", "n")
        assert 0 < session.position < session.timeline.steps
        assert session.path == LLM


@driven
async def test_what_opened_soon_gives_way_to_the_whole(first_part: None, hold: Hold) -> None:
    held = hold(Whole)
    async with LufApp(LLM).run_test(size=(120, 40)) as pilot:
        assert stands(pilot.app)
        await pilot.pause()
        assert "the rest is on its way" in text(pilot.app)
        assert shown_run(pilot.app).session.timeline.incomplete

        await held.let_go(pilot, held.jobs[0])
        assert not shown_run(pilot.app).session.timeline.incomplete
        assert "the whole recording is here" in text(pilot.app)


@driven
async def test_a_recording_takes_no_other_lines(whole: None) -> None:
    async with LufApp(LLM).run_test(size=(120, 40)) as pilot:
        do(pilot.app, "what-if")
        assert "a recording takes no other lines" in text(pilot.app)


@pytest.mark.parametrize(
    ("data", "why"),
    [(b"", "the file is empty"), (b"\0\1" * 9, "binary"), (b"hello\n", "none of its 1 lines")],
)
@driven
async def test_a_file_that_is_no_recording_says_why(data: bytes, why: str, tmp_path: Path) -> None:
    made = tmp_path / "bad.trace"
    made.write_bytes(data)
    async with LufApp(made).run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert why in text(pilot.app)
        assert isinstance(pilot.app.screen, Gallery)


@driven
async def test_the_gallery_offers_the_excerpt(whole: None) -> None:
    async with LufApp().run_test(size=(160, 50)) as pilot:
        await pilot.pause()
        await pilot.press("slash", *"llm-excerpt")
        assert "kswapd0-56" in text(pilot.app)
        await pilot.press("enter")
        await pilot.pause()
        assert stands(pilot.app)


@driven
async def test_a_recording_has_no_script_to_save(tmp_path: Path, whole: None) -> None:
    async with LufApp(LLM).run_test() as pilot:
        assert stands(pilot.app)
        await pilot.press("W")

        assert "a recording has no script to save" in text(pilot.app)
        assert [] == list(tmp_path.iterdir())
