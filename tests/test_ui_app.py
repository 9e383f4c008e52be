"""The app: files opened, sizes, themes, pictures, the gallery."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from textual.geometry import Offset

from luf_tui import library
from luf_tui.errors import LufError
from luf_tui.library import Entry
from luf_tui.policy import own
from luf_tui.policy.registry import POLICIES
from luf_tui.render.strokes import without
from luf_tui.timeline.navigate.spots import spot
from luf_tui.ui import actions
from luf_tui.ui.app import LufApp
from luf_tui.ui.messages import OpenScenario
from luf_tui.ui.screens.gallery import Gallery, everything
from luf_tui.ui.screens.run_screen import RunScreen
from tests.shipped import PLAYED
from tests.ui_driver import SCENARIO, Hold, do, driven, hold, lines, luf_app, path, shown_run, text

__all__ = ["hold", "path"]

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("size", [(160, 50), (120, 40), (80, 24)])
@driven
async def test_a_scenario_fills_the_screen_at(path: Path, size: tuple[int, int]) -> None:
    async with LufApp(path).run_test(size=size) as pilot:
        await pilot.pause()
        shown = lines(pilot.app)

        assert size[1] == len(shown)
        assert {size[0]} == {len(line) for line in shown}
        assert "Flush before reuse · luf" in shown[0]
        assert "? help" in shown[-1]


@driven
async def test_a_small_terminal_gets_a_message(path: Path) -> None:
    async with LufApp(path).run_test(size=(59, 19)) as pilot:
        await pilot.pause()

        assert "luf-tui needs 60x20 cells. This terminal has 59x19." in text(pilot.app)
        await pilot.resize_terminal(20, 5)
        await pilot.pause()
        assert "…" not in text(pilot.app)
        assert "This terminal has 20x5." in " ".join(text(pilot.app).split())
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert "? help" in text(pilot.app)


@driven
async def test_a_broken_file_is_shown_and_can_be_mended(path: Path) -> None:
    path.write_text(SCENARIO.replace("reclaim", "reclam"), "utf-8")
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert isinstance(pilot.app.screen, Gallery)
        assert "reclam" in text(pilot.app)
        assert "^" in text(pilot.app)

        path.write_text(SCENARIO, "utf-8")
        await pilot.press("r")
        await pilot.pause()
        assert isinstance(pilot.app.screen, RunScreen)


@pytest.mark.parametrize("word", ["0", "7", "end", "L14+3"])
@driven
async def test_the_app_opens_at_a_place(path: Path, word: str) -> None:
    async with LufApp(path, spot(word)).run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        session = shown_run(pilot.app).session

        assert spot(word).position(session.timeline) == session.position


@pytest.mark.parametrize("opened", [True, False])
@driven
async def test_a_place_past_the_end_is_told_in_the_app(path: Path, opened: list[object]) -> None:
    asked = (path, spot("10000"))
    async with (LufApp(*asked) if opened else LufApp()).run_test(size=(120, 40)) as pilot:
        if not opened:
            pilot.app.post_message(OpenScenario(*asked))
        await pilot.pause()

        assert "step 10000 is past the end" in text(pilot.app)


@driven
async def test_without_a_path_the_gallery_opens_and_a_scenario_from_it(path: Path) -> None:
    async with LufApp().run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert "Flush before reuse" in text(pilot.app)
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(pilot.app.screen, RunScreen)

        await pilot.press("o")
        await pilot.pause()
        assert isinstance(pilot.app.screen, Gallery)
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(pilot.app.screen, RunScreen)


@driven
async def test_every_key_of_the_gallery_can_be_pressed(path: Path) -> None:
    async with LufApp().run_test(size=(80, 24)) as pilot:
        for action in actions.of(actions.GALLERY):
            for key in action.keys:
                if action.id != "quit" and isinstance(pilot.app.screen, Gallery):
                    await pilot.press(key)
                    await pilot.press("escape")
        assert pilot.app.is_running


@driven
async def test_text_that_looks_like_markup_is_shown_as_it_is(path: Path) -> None:
    hostile = "[luf] tlb[cpu0][/] [bold]"
    path.write_text(SCENARIO.replace("Flush before reuse", hostile), "utf-8")
    async with LufApp().run_test(size=(160, 50)) as pilot:
        await pilot.pause()
        assert hostile in text(pilot.app)
        await pilot.press("enter")
        await pilot.pause()
        assert hostile in text(pilot.app)
        shown_run(pilot.app).tell(hostile)
        shown_run(pilot.app).paint_now()
        assert hostile in lines(pilot.app)[-1]
        do(pilot.app, "help", "unselect", "why")


@driven
async def test_a_click_on_a_hint_does_what_it_says(path: Path) -> None:
    async with LufApp(path).run_test(size=(160, 50)) as pilot:
        await pilot.pause()
        at = lines(pilot.app)[-1].index("? help")
        await pilot.click(offset=Offset(at, 49))
        await pilot.pause()

        assert "help" == shown_run(pilot.app).panels[-1].title


@driven
async def test_every_theme_draws_and_themes_go_round(path: Path) -> None:
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        first = luf_app(pilot.app).preferences.theme
        for _ in luf_app(pilot.app).preferences.names:
            await pilot.press("t")
            await pilot.pause()

        assert first == luf_app(pilot.app).preferences.theme


@driven
async def test_the_screen_is_saved_as_a_picture(path: Path, tmp_path: Path) -> None:
    async with LufApp(path).run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        do(pilot.app, "forward", "select")
        shown = text(pilot.app)
        do(pilot.app, "export")
        picture = ET.fromstring((tmp_path / "reuse-1.svg").read_text("utf-8"))
        words = [element.text or "" for element in picture.iter(f"{SVG}text")]

        assert "".join(without(shown).split()) == "".join(" ".join(words).split())
        assert "Flush before reuse, step 1 of " in (picture.findtext(f"{SVG}title") or "")


@driven
async def test_a_picture_of_the_app_fetches_nothing(path: Path, tmp_path: Path) -> None:
    async with LufApp(path).run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        do(pilot.app, "export")
        written = (tmp_path / "reuse-0.svg").read_text("utf-8")

        assert ["http://www.w3.org/2000/svg"] == re.findall(r"https?://[^\"' )]+", written)
        assert "url(" not in written


@driven
async def test_a_folder_that_cannot_be_written_is_told(path: Path, tmp_path: Path) -> None:
    async with LufApp(path).run_test(size=(120, 24)) as pilot:
        await pilot.pause()
        gone = tmp_path / "gone"
        gone.mkdir()
        os.chdir(gone)
        gone.rmdir()
        try:
            do(pilot.app, "export")
        finally:
            os.chdir(tmp_path)

        assert "not saved" in lines(pilot.app)[-1]


@driven
async def test_no_color_is_readable(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with LufApp(path, spot("40")).run_test(size=(120, 40)) as pilot:
        await pilot.pause()

        assert "reclaim text.0" in text(pilot.app)


def test_an_unknown_file_is_told_in_the_app(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    async def run() -> None:
        async with LufApp(Path("nowhere.luf")).run_test(size=(120, 40)) as pilot:
            await pilot.pause()
            assert "nowhere.luf" in text(pilot.app)

    asyncio.run(run())


@driven
async def test_a_long_recording_is_shown_going_on(path: Path, hold: Hold) -> None:
    held = hold()
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert "recording under luf" in text(pilot.app)
        await held.let_go(pilot, held.jobs[0])
        assert isinstance(pilot.app.screen, RunScreen)
        await pilot.pause()
        assert "? help" in text(pilot.app)


@driven
async def test_a_recording_whose_panel_is_clicked_away_still_opens(path: Path, hold: Hold) -> None:
    held = hold()
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert "recording under luf" in text(pilot.app)
        await pilot.click(offset=Offset(1, 1))
        assert "recording under luf" not in text(pilot.app)
        await held.let_go(pilot, held.jobs[0])
        assert isinstance(pilot.app.screen, RunScreen)


@driven
async def test_a_broken_scenario_is_marked_in_the_gallery(path: Path) -> None:
    path.write_text("xyzzy\n" + SCENARIO, "utf-8")
    async with LufApp().run_test(size=(120, 40)) as pilot:
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()

        assert "✖ Flush before reuse" in text(pilot.app)
        assert "xyzzy" in text(pilot.app)


@driven
async def test_every_shipped_scenario_opens(path: Path) -> None:
    async with LufApp(path).run_test(size=(160, 50)) as pilot:
        for entry in PLAYED:
            pilot.app.post_message(OpenScenario(entry.path, spot("end")))
            await pilot.pause()

            assert isinstance(pilot.app.screen, RunScreen), entry.name
            assert entry.path == shown_run(pilot.app).session.path


def test_an_unknown_theme_is_told_before_the_app_starts() -> None:
    with pytest.raises(LufError, match="did you mean 'light'"):
        LufApp(theme_name="lihgt")


FAILING = """
from luf_tui.policy.batched import Batched

class Hook(Batched):
    NAME = "hook that fails"
    API = 2

    def begin_walk(self, m, task, pfn):
        raise ValueError("not now")

class Pane(Batched):
    NAME = "pane that fails"
    API = 2

    def ledger(self, m):
        raise ValueError("not here")
"""


@pytest.fixture
def registry() -> Iterator[None]:
    """The policies that are known, and no more of them afterwards."""
    known, files = dict(POLICIES), dict(own.OWN)
    yield
    POLICIES.clear()
    POLICIES.update(known)
    own.OWN.clear()
    own.OWN.update(files)


@driven
async def test_a_failing_policy_of_ones_own_is_told_in_the_app(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, registry: None
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("failing.py").write_text(FAILING, encoding="utf-8")
    async with LufApp(path, policy=own.known("failing.py:Hook")).run_test() as pilot:
        await pilot.pause()

        assert "failing.py:9: this policy failed: ValueError: not now" in text(pilot.app)


@driven
async def test_an_app_that_fails_leaves_its_failure_and_no_traceback(
    path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    registry: None,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("failing.py").write_text(FAILING, encoding="utf-8")
    app = LufApp(path, policy=own.known("failing.py:Pane"))

    async def look() -> None:
        async with app.run_test() as pilot:
            await pilot.press("6")
            await pilot.pause()

    with pytest.raises(ValueError, match="not here"):
        await look()
    assert app.failure is not None
    assert "failing.py:16: this policy failed: ValueError: not here" == own.blame(app.failure)
    assert "Traceback" not in capsys.readouterr().out


def test_a_pipe_is_not_opened_for_the_gallery(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(tmp_path / "pipe.luf")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(library, "entry", lambda path: Entry(path, "", "", ""))
    read = [entry.path.name for entry in everything()]

    assert "pipe.luf" not in read
    assert "drain-all.luf" in read
