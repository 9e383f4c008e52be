"""What was tried stays: in a tree, with its place, and where one stood in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot

from luf_tui.policy.registry import make_policy
from luf_tui.timeline.navigate.spots import spot
from luf_tui.ui import branches as module
from luf_tui.ui.app import LufApp
from luf_tui.ui.branches import Branches
from luf_tui.ui.features import branching
from tests.races import FOLDER
from tests.ui_driver import SCENARIO, do, driven, lines, made, path, shown_run, text

__all__ = ["path"]

SIZE = (120, 40)
GUARD = "flush-before-reuse"


def tree(app: App[Any]) -> Branches:
    return shown_run(app).branches


def names(app: App[Any]) -> list[tuple[int, str]]:
    return [(depth, branch.name) for depth, branch in tree(app)]


async def what_if(pilot: Pilot[Any], line: str) -> None:
    await pilot.press("a", *("space" if char == " " else char for char in line), "enter")


async def without(pilot: Pilot[Any], *guards: str) -> None:
    screen = shown_run(pilot.app)
    branching.under(screen, make_policy("luf", guards))
    await pilot.pause()


@driven
async def test_every_line_put_in_stays_under_the_run_it_was_put_into(path: Path) -> None:
    async with LufApp(path, spot("L14")).run_test(size=SIZE) as pilot:
        await what_if(pilot, "cpu2 read text.0")
        await what_if(pilot, "cpu1 evict text.0")
        await pilot.press("u", "u")
        await what_if(pilot, "cpu1 evict text.0")

        assert [
            (0, "reuse.luf"),
            (1, "what if cpu2 read text.0"),
            (2, "what if cpu1 evict text.0"),
            (1, "what if cpu1 evict text.0"),
        ] == names(pilot.app)
        assert 14 == tree(pilot.app).current.line


@driven
async def test_one_goes_back_to_where_one_stood_and_to_a_branch_that_was_left(path: Path) -> None:
    async with LufApp(path, spot("L14")).run_test(size=SIZE) as pilot:
        screen = shown_run(pilot.app)
        base, left = screen.session.timeline, screen.session.position
        await what_if(pilot, "cpu2 read text.0")
        await pilot.press("right", "right", "right")
        there, stood = screen.session.timeline, screen.session.position
        await pilot.press("u", "end")
        assert base is screen.session.timeline
        await pilot.press("U", "down", "enter")
        assert there is screen.session.timeline
        assert stood == screen.session.position

        await pilot.press("u")
        assert base.steps == screen.session.position != left


@driven
async def test_a_guard_switched_off_is_a_branch_and_on_again_the_run_there_was(path: Path) -> None:
    async with LufApp(path, spot("L14"), policy="luf").run_test(size=SIZE) as pilot:
        screen = shown_run(pilot.app)
        base = screen.session.timeline
        await without(pilot, GUARD)
        assert [(0, "reuse.luf"), (1, f"without {GUARD}")] == names(pilot.app)
        do(pilot.app, "end")
        await without(pilot)

        assert base is screen.session.timeline
        assert base.steps == screen.session.position
        assert 2 == len(names(pilot.app))


@driven
async def test_the_tree_says_where_each_branched_off_and_how_it_came_out(path: Path) -> None:
    async with LufApp(path, spot("L14"), policy="luf").run_test(size=SIZE) as pilot:
        await without(pilot, GUARD)
        await pilot.press("U")
        shown = text(pilot.app)

        assert f"▶ └ without {GUARD}" in shown
        assert "✖ 3 violations" in shown
        assert "✓ holds" in shown
        assert "from line 14, step 23 of reuse.luf; policy luf without" in shown


@driven
async def test_a_counterexample_is_a_branch_that_one_can_return_to() -> None:
    app = LufApp(FOLDER / "flush-before-reuse.luf", policy="luf", without=[GUARD])
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("E")
        await made(pilot, shown_run(app).searches[-1])
        await pilot.press("home", "enter")
        await pilot.pause()
        found, stood = shown_run(app).session, shown_run(app).session.position
        await pilot.press("u")
        assert found is not shown_run(app).session
        await pilot.press("U", "down", "enter")

        assert found is shown_run(app).session
        assert stood == found.position
        assert "counterexample, race on line" in names(app)[1][1]


@driven
async def test_a_branch_removed_can_be_put_back_with_all_that_branched_off(path: Path) -> None:
    async with LufApp(path, spot("L14")).run_test(size=SIZE) as pilot:
        await what_if(pilot, "cpu2 read text.0")
        await what_if(pilot, "cpu1 evict text.0")
        await pilot.press("u", "u")
        before = names(pilot.app)
        await pilot.press("U", "down", "x")
        assert 1 == len(names(pilot.app))
        assert "and 1 that branched off; z puts it back" in lines(pilot.app)[-1]

        await pilot.press("z")
        assert before == names(pilot.app)


@driven
async def test_the_branch_one_stands_in_is_not_removed(path: Path) -> None:
    async with LufApp(path, spot("L14")).run_test(size=SIZE) as pilot:
        await what_if(pilot, "cpu2 read text.0")
        await pilot.press("U", "x")
        assert 2 == len(names(pilot.app))
        assert "you stand in it" in lines(pilot.app)[-1]


@driven
async def test_runs_that_there_is_no_room_for_are_recorded_again(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with LufApp(path, spot("L14")).run_test(size=SIZE) as pilot:
        screen = shown_run(pilot.app)
        await what_if(pilot, "cpu2 read text.0")
        await pilot.press("right")
        there, stood = screen.session.timeline, screen.session.position
        monkeypatch.setattr(module, "MOST_HELD", there.nbytes - 1)
        await pilot.press("u")
        await pilot.press("U", "down")
        assert "recorded again when you go there" in text(pilot.app)

        await pilot.press("enter")
        await pilot.pause()
        assert there is not screen.session.timeline
        assert there.digest() == screen.session.timeline.digest()
        assert stood == screen.session.position


@driven
async def test_an_edited_file_leaves_its_branches_and_their_places_by_line(path: Path) -> None:
    async with LufApp(path, spot("L14"), policy="luf").run_test(size=SIZE) as pilot:
        screen = shown_run(pilot.app)
        await what_if(pilot, "cpu2 read text.0")
        await pilot.press("u")
        await without(pilot, GUARD)
        await pilot.press("u")
        path.write_text("# a line more\n" + SCENARIO, "utf-8")
        do(pilot.app, "reload")
        assert 15 == screen.session.line
        assert 3 == len(names(pilot.app))
        assert [15, 15] == [branch.line for _, branch in tree(pilot.app) if branch.parent]

        await pilot.press("U", "end", "enter")
        await pilot.pause()
        assert (GUARD,) == screen.session.timeline.policy.without
        assert "# a line more" == screen.session.timeline.program.source[0]
        assert 15 == screen.session.line


@driven
async def test_an_edited_file_is_shown_in_the_place_of_a_line_put_in_which_stays(
    path: Path,
) -> None:
    async with LufApp(path, spot("L14")).run_test(size=SIZE) as pilot:
        await what_if(pilot, "cpu2 read text.0")
        path.write_text("# a line more\n" + SCENARIO, "utf-8")
        do(pilot.app, "reload")

        assert tree(pilot.app).root is tree(pilot.app).current
        assert 15 == shown_run(pilot.app).session.line
        assert (1, "what if cpu2 read text.0") in names(pilot.app)


@driven
async def test_a_line_put_in_is_put_into_the_edited_file_behind_the_same_line(path: Path) -> None:
    async with LufApp(path, spot("L14"), policy="luf").run_test(size=SIZE) as pilot:
        screen = shown_run(pilot.app)
        await what_if(pilot, "cpu2 read text.0")
        await without(pilot, GUARD)
        await pilot.press("u", "u")
        path.write_text("# a line more\n" + SCENARIO, "utf-8")
        do(pilot.app, "reload")
        await pilot.press("U", "down")
        assert "not played since the file changed" in text(pilot.app)

        await pilot.press("enter")
        await pilot.pause()
        source = screen.session.timeline.program.source
        assert "# a line more" == source[0]
        assert ("kswapd   reclaim text.0", "cpu2 read text.0") == source[14:16]
        await pilot.press("U", "end", "enter")
        await pilot.pause()
        assert source == screen.session.timeline.program.source
        assert (GUARD,) == screen.session.timeline.policy.without


@driven
async def test_a_line_that_makes_no_sense_in_the_edited_file_stays_in_the_old_one(
    path: Path,
) -> None:
    async with LufApp(path, spot("L14")).run_test(size=SIZE) as pilot:
        await what_if(pilot, "cpu2 read text.1")
        before = shown_run(pilot.app).session.timeline
        await pilot.press("u")
        path.write_text(SCENARIO.replace("as text", "as code").replace("text.", "code."), "utf-8")
        do(pilot.app, "reload")
        await pilot.press("U", "down", "enter")

        assert before is shown_run(pilot.app).session.timeline


@driven
async def test_a_breakpoint_set_in_a_branch_is_there_when_one_is_back(path: Path) -> None:
    async with LufApp(path, spot("L14")).run_test(size=SIZE) as pilot:
        await what_if(pilot, "cpu2 read text.0")
        shown_run(pilot.app).session.toggle_line(12)
        await pilot.press("u")

        assert frozenset({12}) == shown_run(pilot.app).session.lines_stopped_at
