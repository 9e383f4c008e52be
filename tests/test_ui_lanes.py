"""The lanes in the app: their time, and the same script under another policy beside."""

from __future__ import annotations

from pathlib import Path

from luf_tui.policy.registry import make_policy
from luf_tui.ui.app import LufApp
from tests.ui_driver import Hold, do, driven, hold, lines, path, shown_run, text

__all__ = ["hold", "path"]
SIZE = (160, 50)


@driven
async def test_t_shows_the_same_script_under_eager_above_luf(path: Path) -> None:
    async with LufApp(path, policy="luf").run_test(size=SIZE) as pilot:
        await pilot.press("end", "T")
        await pilot.pause()
        shown = text(pilot.app)
        assert shown.index("eager cpu0") < shown.index("luf   cpu0")
        assert "waiting in the cost model: eager" in lines(pilot.app)[-1]

        await pilot.press("T")
        assert "eager cpu0" not in text(pilot.app)
        assert "luf" == shown_run(pilot.app).session.timeline.policy.name


@driven
async def test_beside_eager_stands_luf(path: Path) -> None:
    async with LufApp(path, policy="eager").run_test(size=SIZE) as pilot:
        await pilot.press("T")
        await pilot.pause()
        shown = text(pilot.app)
        assert shown.index("eager cpu0") < shown.index("luf   cpu0")


@driven
async def test_the_pair_follows_a_line_put_in(path: Path) -> None:
    async with LufApp(path, policy="luf").run_test(size=SIZE) as pilot:
        await pilot.press("T", "end", "a", *"kernel", "space", *"drain", "enter")
        await pilot.pause()
        screen = shown_run(pilot.app)
        beside = screen.panes.lanes.beside(screen.session.timeline)
        assert beside is not None
        assert beside.program is screen.session.timeline.program
        assert "eager cpu0" in text(pilot.app)


@driven
async def test_the_run_beside_is_dropped_when_another_is_shown_meanwhile(
    path: Path, hold: Hold
) -> None:
    async with LufApp(path, policy="luf").run_test(size=SIZE) as pilot:
        screen = shown_run(pilot.app)
        held = hold()
        do(pilot.app, "lanes-pair")
        late = held.jobs[0]
        await pilot.press("escape")
        screen.record(screen.session.timeline.program, make_policy("eager"), screen.replace_run)
        shown, *_ = held.jobs[1:]
        await held.let_go(pilot, shown)
        await held.let_go(pilot, late)
        assert screen.panes.lanes.beside(screen.session.timeline) is None

        await held.let_go(pilot, held.jobs[2])
        beside = screen.panes.lanes.beside(screen.session.timeline)
        assert beside is not None
        assert "luf" == beside.policy.name


@driven
async def test_brackets_change_how_long_a_column_is_and_say_so(path: Path) -> None:
    async with LufApp(path).run_test(size=SIZE) as pilot:
        before = text(pilot.app)
        await pilot.press("right_parenthesis")
        assert "one column is" in lines(pilot.app)[-1]
        finer = text(pilot.app)
        assert finer != before
        await pilot.press("left_parenthesis")
        await pilot.press("left_parenthesis")
        assert "this is the whole run" in lines(pilot.app)[-1]
        for _ in range(12):
            await pilot.press("right_parenthesis")
        assert "it gets no finer: one column is 10 ns" in lines(pilot.app)[-1]


@driven
async def test_where_the_lanes_are_not_shown_the_way_to_them_is_told(path: Path) -> None:
    async with LufApp(path).run_test(size=(80, 24)) as pilot:
        await pilot.press("right_parenthesis")
        assert "the lanes are not on the screen" in lines(pilot.app)[-1]
        await pilot.press("T")
        await pilot.pause()
        assert "eager cpu0" in text(pilot.app)


@driven
async def test_a_click_on_a_lane_goes_to_that_time(path: Path) -> None:
    async with LufApp(path).run_test(size=SIZE) as pilot:
        await pilot.press("end")
        before = shown_run(pilot.app).session.position
        y = next(y for y, line in enumerate(lines(pilot.app)) if line.startswith("│ cpu1 "))
        await pilot.click(offset=(30, y))
        await pilot.pause()
        assert 0 < shown_run(pilot.app).session.position < before
