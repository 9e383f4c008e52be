"""What comes in late from a thread belongs to the run it was asked for, or is dropped."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from textual.app import App
from textual.geometry import Offset
from textual.pilot import Pilot

from luf_tui.search.exploration import Report
from luf_tui.search.shrink import Shrinker
from luf_tui.ui.app import LufApp
from luf_tui.ui.background.race_search import SHRINKING, STOPPED
from luf_tui.ui.background.traces import Whole
from luf_tui.ui.messages import OpenGallery, OpenScenario
from luf_tui.ui.panels.guard_switches import GuardsPanel
from luf_tui.ui.panels.panel import ListPanel
from luf_tui.ui.screens import run_screen
from tests.races import FOLDER
from tests.test_ui_race_search import LONG
from tests.test_ui_traces import LLM, first_part
from tests.ui_driver import (
    SCENARIO,
    Hold,
    do,
    driven,
    hold,
    lines,
    luf_app,
    made,
    path,
    report_of,
    shown_run,
    text,
)

__all__ = ["first_part", "hold", "path"]

SIZE = (120, 40)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def policy_of(app: App[Any]) -> str:
    return shown_run(app).session.timeline.policy.name


async def choose(pilot: Pilot[Any], policy: str) -> None:
    """Another policy, as a person chooses it."""
    do(pilot.app, "policy")
    panel = shown_run(pilot.app).panels[-1]
    assert isinstance(panel, ListPanel)
    panel.cursor = next(n for n, item in enumerate(panel.items) if item.value == policy)
    await pilot.press("enter")


async def click_away(pilot: Pilot[Any]) -> None:
    await pilot.click(offset=Offset(1, 1))


async def what_if(pilot: Pilot[Any]) -> None:
    """A line put in after the current one."""
    await pilot.press("a", *"cpu2", "space", *"read", "space", *"text.0", "enter")


@driven
async def test_a_recording_asked_of_a_run_that_was_left_is_dropped(path: Path, hold: Hold) -> None:
    async with LufApp(path).run_test(size=SIZE) as pilot:
        screen = shown_run(pilot.app)
        screen.session.goto("L14")
        before = screen.session.timeline
        await what_if(pilot)
        held = hold()
        await choose(pilot, "eager")
        await click_away(pilot)
        await pilot.press("u")
        assert before is screen.session.timeline

        await held.let_go(pilot, held.jobs[0])
        assert before is screen.session.timeline
        assert "of reuse.luf" in lines(pilot.app)[-1]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@driven
async def test_of_two_policies_chosen_the_later_is_shown_whichever_is_recorded_first(
    order: tuple[int, int], path: Path, hold: Hold
) -> None:
    async with LufApp(path, policy="luf").run_test(size=SIZE) as pilot:
        held = hold()
        await choose(pilot, "eager")
        await click_away(pilot)
        await choose(pilot, "batched")
        for number in order:
            await held.let_go(pilot, held.jobs[number])

        assert "batched" == policy_of(pilot.app)
        assert "recorded again under batched" in lines(pilot.app)[-1]
        assert not shown_run(pilot.app).panels


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@driven
async def test_of_two_files_opened_the_later_is_shown_whichever_is_recorded_first(
    order: tuple[int, int], path: Path, hold: Hold
) -> None:
    other = path.with_name("other.luf")
    other.write_text(SCENARIO, "utf-8")
    async with LufApp().run_test(size=SIZE) as pilot:
        held = hold()
        for opened in (path, other):
            pilot.app.post_message(OpenScenario(opened))
            await pilot.pause()
            await click_away(pilot)
        for number in order:
            await held.let_go(pilot, held.jobs[number])

        assert other == shown_run(pilot.app).session.path


@driven
async def test_a_file_that_comes_in_after_its_gallery_was_covered_is_not_opened(
    path: Path, hold: Hold
) -> None:
    async with LufApp().run_test(size=SIZE) as pilot:
        held = hold()
        pilot.app.post_message(OpenScenario(path))
        await pilot.pause()
        await click_away(pilot)
        gallery = pilot.app.screen
        luf_app(pilot.app).on_open_gallery(OpenGallery())
        await pilot.pause()
        covering = pilot.app.screen
        assert gallery is not covering

        await held.let_go(pilot, held.jobs[0])
        await pilot.pause()
        assert covering is pilot.app.screen


@driven
async def test_a_panel_opened_over_a_run_goes_with_it(path: Path, hold: Hold) -> None:
    async with LufApp(path, policy="luf").run_test(size=SIZE) as pilot:
        held = hold()
        await choose(pilot, "eager")
        await click_away(pilot)
        do(pilot.app, "guards")
        await held.let_go(pilot, held.jobs[0])

        assert "eager" == policy_of(pilot.app)
        assert not shown_run(pilot.app).panels


@driven
async def test_a_guard_switched_off_late_is_shown_by_the_panel_that_asked(
    path: Path, hold: Hold
) -> None:
    async with LufApp(path, policy="luf").run_test(size=SIZE) as pilot:
        held = hold()
        do(pilot.app, "guards")
        panel = shown_run(pilot.app).panels[-1]
        assert isinstance(panel, GuardsPanel)
        await pilot.press("a", "space")
        await held.let_go(pilot, held.jobs[0])

        assert [panel] == list(shown_run(pilot.app).panels)
        assert panel.session.timeline is shown_run(pilot.app).session.timeline
        assert 1 == len(panel.session.timeline.policy.without)
        assert [False] == [item.on for item in panel.items if item.on is False]


@driven
async def test_a_line_put_in_that_takes_long_to_play_leaves_no_prompt_behind(
    path: Path, hold: Hold
) -> None:
    async with LufApp(path).run_test(size=SIZE) as pilot:
        screen = shown_run(pilot.app)
        screen.session.goto("L14")
        held = hold()
        await what_if(pilot)
        assert ["recording"] == [panel.name for panel in screen.panels]

        await held.let_go(pilot, held.jobs[0])
        assert not screen.panels
        assert 15 == screen.session.line


@driven
async def test_a_comparison_of_a_run_that_was_left_is_dropped(path: Path, hold: Hold) -> None:
    async with LufApp(path, policy="luf").run_test(size=SIZE) as pilot:
        held = hold()
        do(pilot.app, "compare")
        await click_away(pilot)
        await choose(pilot, "eager")
        compared, chosen = held.jobs
        await held.let_go(pilot, chosen)
        await held.let_go(pilot, compared)

        assert [compared, chosen] == held.jobs
        assert not shown_run(pilot.app).panels


@driven
async def test_a_file_read_again_for_a_run_that_was_left_is_read_for_the_run_that_is_shown(
    path: Path, hold: Hold
) -> None:
    async with LufApp(path).run_test(size=SIZE) as pilot:
        screen = shown_run(pilot.app)
        screen.session.goto("L14")
        await what_if(pilot)
        held = hold()
        path.write_text("# a line more\n" + SCENARIO, "utf-8")
        screen.look_at_file()
        await click_away(pilot)
        await pilot.press("u")
        screen.look_at_file()
        assert 2 == len(held.jobs)

        await held.let_go(pilot, held.jobs[0])
        assert 14 == screen.session.line
        await held.let_go(pilot, held.jobs[1])
        assert 15 == screen.session.line


@driven
async def test_leaving_ends_what_is_being_recorded(path: Path, hold: Hold) -> None:
    async with LufApp(path).run_test(size=SIZE) as pilot:
        held = hold()
        await choose(pilot, "eager")
    held.let_all_go()

    assert "stopped by hand" in held.jobs[0].future.result().incomplete


@driven
async def test_leaving_ends_what_is_being_opened(path: Path, hold: Hold) -> None:
    held = hold()
    async with LufApp(path).run_test(size=SIZE) as pilot:
        await pilot.pause()
    held.let_all_go()

    assert "stopped by hand" in held.jobs[0].future.result().incomplete


@driven
async def test_the_rest_of_a_recording_does_not_take_the_place_of_another_policy(
    first_part: None, hold: Hold
) -> None:
    held = hold(Whole)
    async with LufApp(LLM).run_test(size=SIZE) as pilot:
        await pilot.pause()
        assert "luf" == policy_of(pilot.app)
        await choose(pilot, "eager")
        await pilot.pause()
        await held.let_go(pilot, held.jobs[0])

        assert "eager" == policy_of(pilot.app)
        assert "recorded again under eager" in lines(pilot.app)[-1]


@driven
async def test_a_policy_chosen_while_the_rest_comes_in_is_shown(
    first_part: None, hold: Hold
) -> None:
    held = hold(Whole)
    async with LufApp(LLM).run_test(size=SIZE) as pilot:
        await pilot.pause()
        hold()
        await choose(pilot, "eager")
        rest, chosen = held.jobs
        await held.let_go(pilot, rest)
        assert not shown_run(pilot.app).session.timeline.incomplete

        await held.let_go(pilot, chosen)
        assert "eager" == policy_of(pilot.app)


@driven
async def test_play_goes_on_into_the_rest(
    first_part: None, hold: Hold, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_screen, "monotonic", lambda: 0.0)
    held = hold(Whole)
    async with LufApp(LLM).run_test(size=SIZE) as pilot:
        await pilot.pause()
        screen = shown_run(pilot.app)
        do(pilot.app, "play")
        await held.let_go(pilot, held.jobs[0])

        assert screen.session.timeline.steps == screen.navigation.target


@pytest.fixture
def long(folder: Path) -> Path:
    made = folder / "long.luf"
    made.write_text(LONG, "utf-8")
    return made


@driven
async def test_a_search_is_told_of_only_over_its_own_run_and_kept_for_it(long: Path) -> None:
    async with LufApp(long).run_test(size=SIZE) as pilot:
        screen = shown_run(pilot.app)
        await pilot.press("E", "q")
        search = screen.searches[-1]
        await choose(pilot, "eager")
        search.stop()
        await made(pilot, search)
        assert "recorded again under eager" in lines(pilot.app)[-1]

        await choose(pilot, "luf")
        await pilot.press("E")
        assert [search] == list(screen.searches)
        assert "not decided: stopped by hand" in text(pilot.app)


@driven
async def test_a_counterexample_looked_at_is_not_told_again_over_the_way_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun, gate = threading.Event(), threading.Event()

    def run(shrinker: Shrinker) -> Report:
        begun.set()
        gate.wait()
        return shrinker.best

    monkeypatch.setattr(Shrinker, "run", run)
    app = LufApp(FOLDER / "flush-before-reuse.luf", policy="luf", without=["flush-before-reuse"])
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("E")
        search = shown_run(app).searches[-1]
        await asyncio.to_thread(begun.wait)
        assert SHRINKING == search.stage
        await pilot.press("home", "enter")
        assert shown_run(app).branches.current.parent
        await pilot.press("u")
        gate.set()
        await made(pilot, search)

        assert "back at step" in lines(app)[-1]


@driven
async def test_a_search_that_another_one_follows_is_ended(long: Path) -> None:
    async with LufApp(long).run_test(size=SIZE) as pilot:
        screen = shown_run(pilot.app)
        await pilot.press("E", "q")
        first = screen.searches[-1]
        await choose(pilot, "eager")
        await pilot.press("E", "q")
        assert first._stopped
        await made(pilot, first)

        assert STOPPED in report_of(first).why
        assert "race on line" not in lines(pilot.app)[-1]
