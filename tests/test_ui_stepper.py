"""The stepper, driven by keys and clicks."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest
from textual import events
from textual.geometry import Offset

from luf_tui.machine.refs import Ref
from luf_tui.timeline.navigate.moves import first_failure
from luf_tui.timeline.navigate.spots import spot
from luf_tui.ui import actions
from luf_tui.ui.app import LufApp
from luf_tui.ui.panels.panel import ListPanel
from luf_tui.ui.screens import run_screen
from luf_tui.ui.screens.run_screen import RunScreen
from tests.ui_driver import SCENARIO, do, driven, lines, path, shown_run, text

__all__ = ["path"]


@driven
async def test_every_key_can_be_pressed_anywhere(path: Path) -> None:
    """Each key of the registry once, at the start, with whatever it opens closed again."""
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        for action in actions.of(actions.STEPPER):
            for key in action.keys:
                if not isinstance(pilot.app.screen, RunScreen):
                    pilot.app.pop_screen()
                await pilot.press(key)
                await pilot.press("escape")
        assert pilot.app.is_running


@driven
async def test_a_wrong_key_changes_nothing(path: Path) -> None:
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        before = lines(pilot.app)
        await pilot.press("Z", "percent_sign", "f9", "ctrl+g", "insert", "delete")
        await pilot.pause()

        assert before == lines(pilot.app)


@driven
async def test_forward_and_back_show_the_same_screens(path: Path) -> None:
    async with LufApp(path).run_test(size=(160, 50)) as pilot:
        app = pilot.app
        steps = shown_run(app).session.timeline.steps
        seen = []
        for _ in range(steps):
            shown_run(app).paint_now()
            seen.append(lines(app))
            do(app, "forward")
        for there in reversed(seen):
            do(app, "back")
            assert there == lines(app)


@driven
async def test_a_seek_shows_what_walking_there_shows(path: Path) -> None:
    async with LufApp(path).run_test(size=(160, 50)) as pilot:
        app = pilot.app
        do(app, *["forward"] * 30)
        walked = lines(app)
        do(app, "end", "start")
        shown_run(app).session.go(30)
        do(app, "unselect")

        assert walked == lines(app)


@driven
async def test_at_an_end_a_step_is_a_visible_no_op(path: Path) -> None:
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        do(pilot.app, "back")

        assert "this is the power-on state" in lines(pilot.app)[-1]


@driven
async def test_keys_typed_ahead_are_taken_in_order(path: Path) -> None:
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        for key, character in (("colon", ":"), ("1", "1"), ("2", "2"), ("enter", "\r")):
            pilot.app.post_message(events.Key(key, character))
        await pilot.pause()

        assert 12 == shown_run(pilot.app).session.position


@driven
async def test_a_step_key_pauses_play(path: Path) -> None:
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        await pilot.press("space")
        assert shown_run(pilot.app).navigation.player.playing
        await pilot.press("right")

        assert not shown_run(pilot.app).navigation.player.playing


@driven
async def test_play_stops_at_a_breakpoint(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        screen = shown_run(pilot.app)
        screen.session.toggle_line(14)
        seconds = count()
        monkeypatch.setattr(run_screen, "monotonic", lambda: next(seconds))
        do(pilot.app, "play")
        for _ in range(screen.session.timeline.steps):
            screen.tick()

        assert not screen.navigation.player.playing
        assert 14 == screen.session.line
        assert "line 14 is reached" in lines(pilot.app)[-1]


@driven
async def test_one_key_leads_from_a_guard_switched_off_to_what_it_held_up(path: Path) -> None:
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        await pilot.press("g", *"flush-before-reuse", "enter")
        await pilot.pause()
        assert "! goes to the first" in text(pilot.app)
        await pilot.press("!")
        await pilot.pause()
        session = shown_run(pilot.app).session

        assert session.position == first_failure(session.timeline, -1)
        assert "✖ f0 has a new owner" in text(pilot.app)
        await pilot.press("home", "!")
        assert session.position == first_failure(session.timeline, -1)
        await pilot.press("!")
        assert "this is the first thing broken" in lines(pilot.app)[-1]
        await pilot.press("u", "!")
        assert "nothing is broken in this run" in lines(pilot.app)[-1]


@driven
async def test_a_guard_switched_off_keeps_the_place_and_shows_the_violation(path: Path) -> None:
    async with LufApp(path, policy="luf").run_test(size=(160, 50)) as pilot:
        app = pilot.app
        session = shown_run(app).session
        session.goto("L14")
        line = session.line
        do(app, "guards")
        panel = shown_run(app).panels[-1]
        assert isinstance(panel, ListPanel)
        panel.cursor = next(n for n, i in enumerate(panel.items) if i.value == "flush-before-reuse")
        await pilot.press("space")
        await pilot.pause()

        assert ("flush-before-reuse",) == session.timeline.policy.without
        assert line == session.line
        assert session.timeline.findings
        assert "violation" in text(app)


@pytest.mark.parametrize(("keys", "followed"), [(("home", "space"), 4), (("home", "enter"), 1)])
@driven
async def test_kinds_chosen_are_the_ones_that_n_follows(
    keys: tuple[str, ...], followed: int, path: Path
) -> None:
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        await pilot.press("f", *keys)
        await pilot.pause()

        assert followed == len(shown_run(pilot.app).session.kinds)


@driven
async def test_another_policy_keeps_the_place(path: Path) -> None:
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        app = pilot.app
        shown_run(app).session.goto("L14")
        do(app, "policy")
        await pilot.press("home", "enter")
        await pilot.pause()

        assert "eager" == shown_run(app).session.timeline.policy.name
        assert 14 == shown_run(app).session.line


@driven
async def test_a_file_that_breaks_while_open_leaves_the_run_as_it_was(path: Path) -> None:
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        app = pilot.app
        shown_run(app).session.goto("20")
        path.write_text("xyzzy\n" + SCENARIO, "utf-8")
        do(app, "reload")
        assert "xyzzy" in text(app)
        await pilot.press("escape")
        assert 20 == shown_run(app).session.position

        path.write_text("# a line more\n" + SCENARIO, "utf-8")
        line = shown_run(app).session.line
        do(app, "reload")
        assert line + 1 == shown_run(app).session.line


@driven
async def test_a_click_on_a_script_line_goes_there(path: Path) -> None:
    async with LufApp(path).run_test(size=(160, 50)) as pilot:
        await pilot.pause()
        y, line = next((y, t) for y, t in enumerate(lines(pilot.app)) if "reclaim text.0" in t)
        await pilot.click(shown_run(pilot.app).grid.__class__, offset=(line.index("reclaim"), y))
        await pilot.pause()

        assert 14 == shown_run(pilot.app).session.line


@driven
async def test_a_click_selects_a_thing_and_why_tells_of_it(path: Path) -> None:
    async with LufApp(path, spot("30")).run_test(size=(160, 50)) as pilot:
        await pilot.pause()
        grid = shown_run(pilot.app).grid
        x, y = next(
            (x, y)
            for y in range(50)
            for x in range(160)
            if (hit := grid.hit(x, y)) and hit.mark and hit.mark.ref == Ref("frame", 1)
        )
        await pilot.click(offset=Offset(x, y))
        await pilot.pause()
        assert Ref("frame", 1) == shown_run(pilot.app).session.selected
        do(pilot.app, "why")

        assert "why f1" in text(pilot.app)


@driven
async def test_what_is_copied_is_the_pane(path: Path) -> None:
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        do(pilot.app, "copy")

        assert "reclaim text.0" in pilot.app.clipboard


@driven
async def test_what_if_puts_a_line_in_and_leaves_the_file_alone(path: Path) -> None:
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        app = pilot.app
        session = shown_run(app).session
        session.goto("L14")
        steps = session.timeline.steps
        await pilot.press("a", *"cpu2", "space", *"read", "space", *"text.0", "enter")
        await pilot.pause()

        assert "cpu2 read text.0" == session.timeline.program.source[14]
        assert 15 == session.line
        assert session.timeline.steps > steps
        assert SCENARIO == path.read_text("utf-8")
        await pilot.press("u")
        await pilot.pause()
        assert steps == session.timeline.steps
        assert 14 == session.line


@driven
async def test_a_what_if_that_makes_no_sense_is_told_in_the_prompt(path: Path) -> None:
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        app = pilot.app
        shown_run(app).session.goto("L14")
        await pilot.press("a", *"cpu2", "space", *"raed", "enter")
        await pilot.pause()

        assert "✖" in text(app)
        assert shown_run(app).panels


@driven
async def test_a_saved_file_is_read_again_by_itself(path: Path) -> None:
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        screen = shown_run(pilot.app)
        screen.session.goto("L14")
        path.write_text("# a line more\n" + SCENARIO, "utf-8")
        screen.look_at_file()

        assert 15 == screen.session.line


@driven
async def test_a_refused_operation_is_told_and_the_run_kept(path: Path) -> None:
    path.write_text(SCENARIO + "cpu1     read text.0 stop before xyzzy\n", "utf-8")
    async with LufApp(path).run_test(size=(160, 50)) as pilot:
        await pilot.pause()
        assert "the machine refuses line 23" in text(pilot.app)
        do(pilot.app, "end", "forward")

        assert "this is the end: the machine refuses line 23" in text(pilot.app)


@pytest.mark.parametrize("key", ["question_mark", "g", "p", "f", "B", "apostrophe", "x"])
@driven
async def test_the_key_that_opens_a_panel_closes_it(path: Path, key: str) -> None:
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        await pilot.press(key)
        await pilot.pause()
        assert shown_run(pilot.app).panels
        await pilot.press(key)

        assert not shown_run(pilot.app).panels


@driven
async def test_a_click_on_a_line_number_sets_a_breakpoint(path: Path) -> None:
    async with LufApp(path).run_test(size=(160, 50)) as pilot:
        await pilot.pause()
        y, line = next((y, t) for y, t in enumerate(lines(pilot.app)) if "reclaim text.0" in t)
        await pilot.click(offset=Offset(line.index("14"), y))
        await pilot.pause()

        assert {14} == shown_run(pilot.app).session.lines_stopped_at
        assert "●" in lines(pilot.app)[y]


@driven
async def test_at_small_sizes_panes_take_turns_by_key_and_by_click(path: Path) -> None:
    async with LufApp(path).run_test(size=(80, 24)) as pilot:
        await pilot.press("5")
        await pilot.pause()
        assert "dram" in text(pilot.app)
        y, tabs = next((y, t) for y, t in enumerate(lines(pilot.app)) if "3 page tables" in t)
        await pilot.click(offset=Offset(tabs.index("3 page tables"), y))
        await pilot.pause()

        assert "pagetables" == shown_run(pilot.app).panes.focus


@driven
async def test_a_zoomed_pane_has_the_screen_and_gives_it_back(path: Path) -> None:
    async with LufApp(path).run_test(size=(160, 50)) as pilot:
        do(pilot.app, "pane-5", "zoom")
        names = {block.pane.name for block in shown_run(pilot.app).grid.blocks}
        assert {"header", "strip", "narration", "hints", "frames"} == names
        do(pilot.app, "zoom")

        assert "script" in {block.pane.name for block in shown_run(pilot.app).grid.blocks}


@driven
async def test_a_breakpoint_on_a_condition_outlives_the_app(path: Path) -> None:
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        await pilot.press("B", "a", *"when", "space", *"owed", "enter")
        await pilot.pause()
        assert shown_run(pilot.app).session.points
        do(pilot.app, "continue")
        assert "stopped because" in lines(pilot.app)[-1]
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        assert ["when owed"] == [point.text for point in shown_run(pilot.app).session.points]


@driven
async def test_the_comparison_tells_who_pays_and_can_be_walked_to_its_top(path: Path) -> None:
    async with LufApp(path).run_test(size=(80, 24)) as pilot:
        await pilot.press("x")
        await pilot.pause()
        assert "the runs part at step" in text(pilot.app)
        await pilot.press(*["up"] * 5)
        assert "model ns lost" in text(pilot.app)
        assert "eager: kswapd waits" in text(pilot.app)
        await pilot.press(*["up"] * 9)
        await pilot.pause()
        shown = lines(pilot.app)

        assert any("IPIs deferred" in line for line in shown)
        assert any("LUF as intended" in line for line in shown)
