"""Recordings in the app: opened, walked, searched, and what is wrong with a file."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from luf_tui.ui.app import LufApp
from luf_tui.ui.background import traces
from luf_tui.ui.screens.gallery import Gallery
from luf_tui.ui.screens.stepper import Stepper
from tests.ui_driver import driven, text

LLM = Path(__file__).parent.parent / "scenarios" / "traces" / "llm-excerpt.trace.xz"


async def until(pilot, seen):
    """Wait for what a thread is about to make."""
    for _ in range(600):
        await pilot.pause()
        if seen():
            return
        await asyncio.sleep(0.05)
    raise AssertionError(text(pilot.app))


def stands(app):
    return isinstance(app.screen, Stepper) and app.screen.session.timeline.program.recorded


@pytest.mark.parametrize("size", [(160, 50), (80, 24)])
@driven
async def test_a_recording_is_walked_like_a_scenario(size, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    async with LufApp(LLM).run_test(size=size) as pilot:
        await until(pilot, lambda: stands(pilot.app))
        session = pilot.app.screen.session

        assert "llm-excerpt.trace.xz" in text(pilot.app)
        await pilot.press("end")
        await pilot.pause()
        assert session.timeline.steps == session.position
        await pilot.press("home", "n")
        await pilot.pause()
        assert 0 < session.position < session.timeline.steps
        assert session.path == LLM


@driven
async def test_what_opened_soon_gives_way_to_the_whole(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(traces, "SOON", 0.0)
    async with LufApp(LLM).run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: stands(pilot.app))
        session = pilot.app.screen.session
        await until(pilot, lambda: not session.timeline.incomplete)
        await until(pilot, lambda: "the whole recording is here" in text(pilot.app))


@driven
async def test_a_recording_takes_no_other_lines(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    async with LufApp(LLM).run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: stands(pilot.app))
        pilot.app.screen.act_what_if()
        await pilot.pause()
        assert "a recording takes no other lines" in text(pilot.app)


@pytest.mark.parametrize(
    ("data", "why"),
    [(b"", "the file is empty"), (b"\0\1" * 9, "binary"), (b"hello\n", "none of its 1 lines")],
)
@driven
async def test_a_file_that_is_no_recording_says_why(data, why, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = tmp_path / "bad.trace"
    made.write_bytes(data)
    async with LufApp(made).run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: why in text(pilot.app))
        assert isinstance(pilot.app.screen, Gallery)


@driven
async def test_the_gallery_offers_the_excerpt(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    async with LufApp().run_test(size=(160, 50)) as pilot:
        await pilot.pause()
        await pilot.press("slash", *"llm-excerpt", "enter")
        await until(pilot, lambda: "kswapd0-56" in text(pilot.app))
        await pilot.press("enter")
        await until(pilot, lambda: stands(pilot.app))
