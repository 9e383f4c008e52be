"""The app, driven by keys and clicks."""

from __future__ import annotations

import asyncio
import functools
import os
from pathlib import Path

import pytest
from textual import events
from textual.geometry import Offset

from luf_tui import library
from luf_tui.machine.refs import Ref
from luf_tui.ui import actions
from luf_tui.ui.app import LufApp
from luf_tui.ui.gallery import Gallery
from luf_tui.ui.loading import Recording
from luf_tui.ui.messages import OpenScenario
from luf_tui.ui.stepper import Stepper

SCENARIO = """\
title    Flush before reuse
about    A stale entry is harmless until its frame gets a new owner.
machine  cpus 3, dram 8, cxl 8, pcp-batch 1
policy   luf

process  app
file     lib, 2 pages
app      mmap lib read-only as text
cpu1     run app
cpu2     run app

cpu1     read text.0
cpu2     read text.0
kswapd   reclaim text.0
expect   stale cpu1 text.0
cpu1     read text.0
process  thief
cpu0     run thief
cpu0     write thief.heap.0 secret
expect   flushed cpu1 cpu2
cpu1     read text.0
expect   no violation
"""


@pytest.fixture
def path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = tmp_path / "reuse.luf"
    made.write_text(SCENARIO, "utf-8")
    return made


def driven(test):
    """Runs an async test without a plugin."""

    @functools.wraps(test)
    def run(*args, **kwargs):
        asyncio.run(test(*args, **kwargs))

    return run


def lines(app):
    grid = app.screen.grid
    return [grid.render_line(y).text for y in range(grid.size.height)]


def text(app):
    return "\n".join(lines(app))


def do(app, *names):
    """Do actions as their keys would, and paint."""
    for name in names:
        app.screen.action_do(name)
    app.screen.paint_now()


@pytest.mark.parametrize("size", [(160, 50), (120, 40), (80, 24)])
@driven
async def test_a_scenario_fills_the_screen_at(path, size):
    async with LufApp(path).run_test(size=size) as pilot:
        await pilot.pause()
        shown = lines(pilot.app)

        assert size[1] == len(shown)
        assert {size[0]} == {len(line) for line in shown}
        assert "Flush before reuse · luf" in shown[0]
        assert "? help" in shown[-1]


@driven
async def test_a_small_terminal_gets_a_message(path):
    async with LufApp(path).run_test(size=(59, 19)) as pilot:
        await pilot.pause()

        assert "This terminal is too small" in text(pilot.app)
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert "? help" in text(pilot.app)


@driven
async def test_every_key_can_be_pressed_anywhere(path):
    """Each key of the registry once, at the start, with whatever it opens closed again."""
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        for action in actions.of(actions.STEPPER):
            for key in action.keys:
                if not isinstance(pilot.app.screen, Stepper):
                    pilot.app.pop_screen()
                await pilot.press(key)
                await pilot.press("escape")
        assert pilot.app.is_running


@driven
async def test_a_wrong_key_changes_nothing(path):
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        before = lines(pilot.app)
        await pilot.press("Z", "Q", "percent_sign", "f9", "ctrl+g", "insert", "delete")
        await pilot.pause()

        assert before == lines(pilot.app)


@driven
async def test_forward_and_back_show_the_same_screens(path):
    async with LufApp(path).run_test(size=(160, 50)) as pilot:
        app = pilot.app
        steps = app.screen.session.timeline.steps
        seen = []
        for _ in range(steps):
            app.screen.paint_now()
            seen.append(lines(app))
            do(app, "forward")
        for there in reversed(seen):
            do(app, "back")
            assert there == lines(app)


@driven
async def test_a_seek_shows_what_walking_there_shows(path):
    async with LufApp(path).run_test(size=(160, 50)) as pilot:
        app = pilot.app
        do(app, *["forward"] * 30)
        walked = lines(app)
        do(app, "end", "start")
        app.screen.session.go(30)
        do(app, "unselect")

        assert walked == lines(app)


@driven
async def test_at_an_end_a_step_is_a_visible_no_op(path):
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        do(pilot.app, "back")

        assert "this is the power-on state" in lines(pilot.app)[-1]


@driven
async def test_keys_typed_ahead_are_taken_in_order(path):
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        for key, character in (("colon", ":"), ("1", "1"), ("2", "2"), ("enter", "\r")):
            pilot.app.post_message(events.Key(key, character))
        await pilot.pause()

        assert 12 == pilot.app.screen.session.position


@driven
async def test_a_step_key_pauses_play(path):
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        await pilot.press("space")
        assert pilot.app.screen.player.playing
        await pilot.press("right")

        assert not pilot.app.screen.player.playing


@driven
async def test_play_stops_at_a_breakpoint(path):
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        screen = pilot.app.screen
        screen.session.toggle_line(14)
        screen.player.at = 10
        do(pilot.app, "play")
        await asyncio.sleep(0.3)
        await pilot.pause()

        assert not screen.player.playing
        assert 14 == screen.session.line
        assert "line 14 is reached" in lines(pilot.app)[-1]


@driven
async def test_a_guard_switched_off_keeps_the_place_and_shows_the_violation(path):
    async with LufApp(path, policy="luf").run_test(size=(160, 50)) as pilot:
        app = pilot.app
        session = app.screen.session
        session.goto("L14")
        line = session.line
        do(app, "guards")
        panel = app.screen.panels[-1]
        panel.cursor = next(n for n, i in enumerate(panel.items) if i.value == "flush-before-reuse")
        await pilot.press("space")
        await pilot.pause()

        assert ("flush-before-reuse",) == session.timeline.policy.without
        assert line == session.line
        assert session.timeline.findings
        assert "violation" in text(app)


@driven
async def test_another_policy_keeps_the_place(path):
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        app = pilot.app
        app.screen.session.goto("L14")
        do(app, "policy")
        await pilot.press("home", "enter")
        await pilot.pause()

        assert "eager" == app.screen.session.timeline.policy.name
        assert 14 == app.screen.session.line


@driven
async def test_a_broken_file_is_shown_and_can_be_mended(path):
    path.write_text(SCENARIO.replace("reclaim", "reclam"), "utf-8")
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert isinstance(pilot.app.screen, Gallery)
        assert "reclam" in text(pilot.app)
        assert "^" in text(pilot.app)

        path.write_text(SCENARIO, "utf-8")
        await pilot.press("r")
        await pilot.pause()
        assert isinstance(pilot.app.screen, Stepper)


@driven
async def test_a_file_that_breaks_while_open_leaves_the_run_as_it_was(path):
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        app = pilot.app
        app.screen.session.goto("20")
        path.write_text("xyzzy\n" + SCENARIO, "utf-8")
        do(app, "reload")
        assert "xyzzy" in text(app)
        await pilot.press("escape")
        assert 20 == app.screen.session.position

        path.write_text("# a line more\n" + SCENARIO, "utf-8")
        line = app.screen.session.line
        do(app, "reload")
        assert line + 1 == app.screen.session.line


@pytest.mark.parametrize("step", [0, 7, 10_000])
@driven
async def test_the_app_opens_at_a_step(path, step):
    async with LufApp(path, step=step).run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        session = pilot.app.screen.session

        assert min(step, session.timeline.steps) == session.position


@driven
async def test_without_a_path_the_gallery_opens_and_a_scenario_from_it(path):
    async with LufApp().run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert "Flush before reuse" in text(pilot.app)
        await pilot.press("enter")
        await pilot.pause()
        assert isinstance(pilot.app.screen, Stepper)

        await pilot.press("o")
        await pilot.pause()
        assert isinstance(pilot.app.screen, Gallery)
        await pilot.press("escape")
        await pilot.pause()
        assert isinstance(pilot.app.screen, Stepper)


@driven
async def test_every_key_of_the_gallery_can_be_pressed(path):
    async with LufApp().run_test(size=(80, 24)) as pilot:
        for action in actions.of(actions.GALLERY):
            for key in action.keys:
                if action.id != "quit" and isinstance(pilot.app.screen, Gallery):
                    await pilot.press(key)
                    await pilot.press("escape")
        assert pilot.app.is_running


@driven
async def test_text_that_looks_like_markup_is_shown_as_it_is(path):
    hostile = "[luf] tlb[cpu0][/] [bold]"
    path.write_text(SCENARIO.replace("Flush before reuse", hostile), "utf-8")
    async with LufApp().run_test(size=(160, 50)) as pilot:
        await pilot.pause()
        assert hostile in text(pilot.app)
        await pilot.press("enter")
        await pilot.pause()
        assert hostile in text(pilot.app)
        pilot.app.screen.tell(hostile)
        pilot.app.screen.paint_now()
        assert hostile in lines(pilot.app)[-1]
        do(pilot.app, "help", "unselect", "why")


@driven
async def test_a_click_on_a_script_line_goes_there(path):
    async with LufApp(path).run_test(size=(160, 50)) as pilot:
        await pilot.pause()
        y, line = next((y, t) for y, t in enumerate(lines(pilot.app)) if "reclaim text.0" in t)
        await pilot.click(pilot.app.screen.grid.__class__, offset=(line.index("reclaim"), y))
        await pilot.pause()

        assert 14 == pilot.app.screen.session.line


@driven
async def test_a_click_on_a_hint_does_what_it_says(path):
    async with LufApp(path).run_test(size=(160, 50)) as pilot:
        await pilot.pause()
        at = lines(pilot.app)[-1].index("? help")
        await pilot.click(offset=Offset(at, 49))
        await pilot.pause()

        assert "help" == pilot.app.screen.panels[-1].title


@driven
async def test_a_click_selects_a_thing_and_why_tells_of_it(path):
    async with LufApp(path, step=30).run_test(size=(160, 50)) as pilot:
        await pilot.pause()
        grid = pilot.app.screen.grid
        x, y = next(
            (x, y)
            for y in range(50)
            for x in range(160)
            if (hit := grid.hit(x, y)) and hit.mark and hit.mark.ref == Ref("frame", 1)
        )
        await pilot.click(offset=Offset(x, y))
        await pilot.pause()
        assert Ref("frame", 1) == pilot.app.screen.session.selected
        do(pilot.app, "why")

        assert "why f1" in text(pilot.app)


@driven
async def test_every_theme_draws_and_themes_go_round(path):
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        first = pilot.app.desk.theme
        for _ in pilot.app.desk.names:
            await pilot.press("t")
            await pilot.pause()

        assert first == pilot.app.desk.theme


@driven
async def test_the_screen_is_saved_as_a_picture(path, tmp_path):
    async with LufApp(path).run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        do(pilot.app, "export")

        assert "script" in (tmp_path / "reuse-0.svg").read_text("utf-8").replace("&#160;", " ")


@driven
async def test_a_folder_that_cannot_be_written_is_told(path, tmp_path):
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
async def test_what_is_copied_is_the_pane(path):
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        do(pilot.app, "copy")

        assert "reclaim text.0" in pilot.app.clipboard


@driven
async def test_no_color_is_readable(path, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    async with LufApp(path, step=40).run_test(size=(120, 40)) as pilot:
        await pilot.pause()

        assert "reclaim text.0" in text(pilot.app)


def test_an_unknown_file_is_told_in_the_app(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    async def run():
        async with LufApp(Path("nowhere.luf")).run_test(size=(120, 40)) as pilot:
            await pilot.pause()
            assert "nowhere.luf" in text(pilot.app)

    asyncio.run(run())


@driven
async def test_what_if_puts_a_line_in_and_leaves_the_file_alone(path):
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        app = pilot.app
        session = app.screen.session
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
async def test_a_what_if_that_makes_no_sense_is_told_in_the_prompt(path):
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        app = pilot.app
        app.screen.session.goto("L14")
        await pilot.press("a", *"cpu2", "space", *"raed", "enter")
        await pilot.pause()

        assert "✖" in text(app)
        assert app.screen.panels


@driven
async def test_a_saved_file_is_read_again_by_itself(path):
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        screen = pilot.app.screen
        screen.session.goto("L14")
        path.write_text("# a line more\n" + SCENARIO, "utf-8")
        screen._look_at_file()

        assert 15 == screen.session.line


@driven
async def test_a_refused_operation_is_told_and_the_run_kept(path):
    path.write_text(SCENARIO + "cpu1     read text.0 stop before xyzzy\n", "utf-8")
    async with LufApp(path).run_test(size=(160, 50)) as pilot:
        await pilot.pause()
        assert "the machine refuses line 23" in text(pilot.app)
        do(pilot.app, "end", "forward")

        assert "this is the end: the machine refuses line 23" in text(pilot.app)


@driven
async def test_a_long_recording_is_shown_going_on(path, monkeypatch):
    looks = []
    monkeypatch.setattr(
        Recording, "done", lambda self, seconds=0: looks.append(1) or len(looks) > 3
    )
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert "recording under luf" in text(pilot.app)
        for _ in range(100):
            await pilot.pause(0.05)
            if isinstance(pilot.app.screen, Stepper):
                break

        await pilot.pause()
        assert "? help" in text(pilot.app)


@driven
async def test_a_broken_scenario_is_marked_in_the_gallery(path):
    path.write_text("xyzzy\n" + SCENARIO, "utf-8")
    async with LufApp().run_test(size=(120, 40)) as pilot:
        for _ in range(60):
            await pilot.pause(0.05)
            if "✖ Flush before reuse" in text(pilot.app):
                break

        assert "✖ Flush before reuse" in text(pilot.app)
        assert "xyzzy" in text(pilot.app)


@driven
async def test_every_shipped_scenario_opens(path):
    async with LufApp(path).run_test(size=(160, 50)) as pilot:
        for entry in library.shipped():
            pilot.app.post_message(OpenScenario(entry.path, step=10_000))
            await pilot.pause()

            assert isinstance(pilot.app.screen, Stepper), entry.name
            assert entry.path == pilot.app.screen.session.path
