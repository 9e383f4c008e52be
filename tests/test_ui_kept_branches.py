"""What was tried is there again the next time the file is opened."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot

from luf_tui.policy.registry import make_policy
from luf_tui.timeline.navigate.spots import spot
from luf_tui.ui.app import LufApp
from luf_tui.ui.features import branching
from tests.races import FOLDER
from tests.ui_driver import SCENARIO, driven, made, path, shown_run, text

__all__ = ["path"]

SIZE = (120, 40)
GUARD = "flush-before-reuse"
LINE = "cpu2 read text.0"


def names(app: App[Any]) -> list[tuple[int, str]]:
    return [(depth, branch.name) for depth, branch in shown_run(app).branches]


async def what_if(pilot: Pilot[Any], line: str) -> None:
    await pilot.press("a", *("space" if char == " " else char for char in line), "enter")


async def tried(path: Path) -> list[tuple[int, str]]:
    """A line put in, and in that a guard switched off."""
    async with LufApp(path, spot("L14"), policy="luf").run_test(size=SIZE) as pilot:
        await what_if(pilot, LINE)
        branching.under(shown_run(pilot.app), make_policy("luf", [GUARD]))
        await pilot.pause()
        return names(pilot.app)


def kept(state_home: Path) -> list[Path]:
    return sorted((state_home / "luf-tui" / "branches").glob("*.json"))


@driven
async def test_branches_are_there_again_and_can_be_gone_to(path: Path) -> None:
    before = await tried(path)
    async with LufApp(path, policy="luf").run_test(size=SIZE) as pilot:
        assert "2 branches of before: U" in text(pilot.app)
        assert before == names(pilot.app)
        await pilot.press("U", "down", "down")
        assert "from line 15" in text(pilot.app)
        assert "recorded again when you go there" in text(pilot.app)
        assert "✖ 3 violations" in text(pilot.app)
        await pilot.press("enter")
        await pilot.pause()
        run = shown_run(pilot.app).session.timeline
        assert (GUARD,) == run.policy.without
        assert LINE in run.program.source

        await pilot.press("u", "u")
        assert SCENARIO == "\n".join(shown_run(pilot.app).session.timeline.program.source)


@driven
async def test_they_follow_a_script_that_was_edited_meanwhile(path: Path) -> None:
    await tried(path)
    path.write_text(SCENARIO.replace("cpu1     run app", "# more\ncpu1     run app"), "utf-8")
    async with LufApp(path, policy="luf").run_test(size=SIZE) as pilot:
        branch = shown_run(pilot.app).branches.root.children[0]

        assert "# more" in branch.program.source
        assert 15 == branch.line
        assert LINE == branch.program.source[15]
        assert branch.verdict is None


@driven
async def test_a_counterexample_is_there_again_with_a_session_of_its_own() -> None:
    race = FOLDER / "flush-before-reuse.luf"
    async with LufApp(race, policy="luf", without=[GUARD]).run_test(size=SIZE) as pilot:
        await pilot.press("E")
        await made(pilot, shown_run(pilot.app).searches[-1])
        await pilot.press("home", "enter")
        await pilot.pause()
        await pilot.press("left")
        stood = shown_run(pilot.app).session.position
        found = shown_run(pilot.app).session.timeline.program.source
    async with LufApp(race, policy="luf", without=[GUARD]).run_test(size=SIZE) as pilot:
        base = shown_run(pilot.app).session
        await pilot.press("U", "down", "enter")
        await pilot.pause()
        session = shown_run(pilot.app).session

        assert found == session.timeline.program.source
        assert stood == session.position > 0
        assert session is not base
        assert not session.filed
        await pilot.press("u")
        assert base is shown_run(pilot.app).session


@driven
async def test_what_is_removed_stays_removed_and_of_nothing_no_file_is_kept(
    path: Path, state_home: Path
) -> None:
    await tried(path)
    assert 1 == len(kept(state_home))
    async with LufApp(path, policy="luf").run_test(size=SIZE) as pilot:
        await pilot.press("U", "down", "x")
        assert [(0, path.name)] == names(pilot.app)
        assert [] == kept(state_home)
        await pilot.press("z")

        assert 1 == len(kept(state_home))


@driven
async def test_another_policy_to_begin_with_has_a_tree_of_its_own(path: Path) -> None:
    await tried(path)
    async with LufApp(path, policy="eager").run_test(size=SIZE) as pilot:
        assert [(0, path.name)] == names(pilot.app)


def broken(text: str, how: str) -> str:
    data = json.loads(text)
    match how:
        case "cut":
            return text[: len(text) // 2]
        case "foreign":
            return '{"luf-tui": 99}'
        case "list":
            return "[]"
        case "parent":
            data["branches"][0]["parent"] = 7
        case "script":
            data["branches"][0]["script"] = "cpu9 runn\n"
        case "type":
            data["branches"][1]["line"] = "5"
        case "gone":
            del data["branches"][1]["origin"]
    return json.dumps(data)


@driven
@pytest.mark.parametrize("how", ["cut", "foreign", "list", "parent", "script", "type", "gone"])
async def test_a_file_that_is_damaged_is_told_and_put_aside_and_does_no_harm(
    path: Path, state_home: Path, how: str
) -> None:
    await tried(path)
    (home,) = kept(state_home)
    damaged = broken(home.read_text("utf-8"), how)
    home.write_text(damaged, "utf-8")
    async with LufApp(path, policy="luf").run_test(size=SIZE):
        pass
    async with LufApp(path, spot("L14"), policy="luf").run_test(size=SIZE) as pilot:
        assert "branches of before cannot be read" in text(pilot.app)
        assert [(0, path.name)] == names(pilot.app)
        assert damaged == home.read_text("utf-8")
        await what_if(pilot, LINE)
        await pilot.pause()

        assert damaged == home.with_name(f"{home.name}.before").read_text("utf-8")
        assert 1 == len(json.loads(home.read_text("utf-8"))["branches"])


@driven
async def test_a_policy_that_is_not_known_costs_only_its_branches(
    path: Path, state_home: Path
) -> None:
    await tried(path)
    (home,) = kept(state_home)
    data = json.loads(home.read_text("utf-8"))
    data["branches"][1]["policy"] = "mine.py:Mine"
    home.write_text(json.dumps(data), "utf-8")
    async with LufApp(path, policy="luf").run_test(size=SIZE) as pilot:
        assert [(0, path.name), (1, f"what if {LINE}")] == names(pilot.app)
        assert "1 under a policy that there is not" in text(pilot.app)


@driven
async def test_a_state_folder_that_cannot_be_written_is_told_in_the_list(
    path: Path, state_home: Path
) -> None:
    state_home.mkdir()
    (state_home / "luf-tui").write_text("in the way", "utf-8")
    async with LufApp(path, spot("L14"), policy="luf").run_test(size=SIZE) as pilot:
        await what_if(pilot, LINE)
        await pilot.press("U")

        assert "not kept for another time" in text(pilot.app)


@driven
async def test_a_branch_at_the_start_is_said_to_be_from_there(path: Path) -> None:
    async with LufApp(path, spot("start"), policy="luf").run_test(size=SIZE) as pilot:
        branching.under(shown_run(pilot.app), make_policy("luf", [GUARD]))
        await pilot.pause()
        await pilot.press("U")

        assert "the start" in text(pilot.app)
        assert "line 0" not in text(pilot.app)
