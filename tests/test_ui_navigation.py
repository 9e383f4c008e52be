"""Navigation and the watch on a file, without a screen."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from luf_tui.script.parse import parse
from luf_tui.timeline.recorder import record
from luf_tui.ui.file_watch import FileWatch
from luf_tui.ui.navigation import Navigation
from luf_tui.ui.session import Session
from tests.ui_driver import SCENARIO

SECONDS = 1000.0
"""Long enough for any number of steps that are due at once."""


@pytest.fixture
def navigation() -> Navigation:
    run = record(parse(SCENARIO))
    return Navigation(Session(run, filed=False))


def played_out(navigation: Navigation) -> str:
    """Plays until it stops, and what is said then."""
    navigation.play(0.0)
    now, told = 0.0, ""
    while navigation.player.playing:
        now += SECONDS
        reply = navigation.tick(now)
        told = reply.text if reply is not None else told
    return told


def test_play_goes_on_to_the_next_breakpoint_and_says_so(navigation: Navigation) -> None:
    navigation.session.toggle_line(14)

    assert "line 14 is reached" in played_out(navigation)
    assert 14 == navigation.session.line


def test_play_at_the_end_begins_at_the_start(navigation: Navigation) -> None:
    navigation.jump("end")
    navigation.play(0.0)

    assert (0, True) == (navigation.session.position, navigation.player.playing)


def test_a_move_ends_play(navigation: Navigation) -> None:
    navigation.play(0.0)
    navigation.move("next_step")

    assert (1, False) == (navigation.session.position, navigation.player.playing)


def test_play_aims_anew_in_another_recording(navigation: Navigation) -> None:
    navigation.play(0.0)
    longer = record(parse(SCENARIO + "cpu2     read text.1\n"))
    navigation.replace(longer)

    assert longer.steps == navigation.target


def test_there_is_no_breakpoint_before_the_first_line(navigation: Navigation) -> None:
    reply = navigation.toggle_here()

    assert ("nothing runs yet: step to a line first", False) == (reply.text, reply.moved)


def test_a_file_has_changed_until_it_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "some.luf"
    watch = FileWatch(path)
    assert not watch.changed()

    path.write_text("a", "utf-8")
    assert watch.changed()
    watch.read()
    assert not watch.changed()
    os.utime(path, ns=(1, 1))
    assert watch.changed()


def test_a_file_forgotten_is_read_again_and_one_that_is_gone_is_not(tmp_path: Path) -> None:
    path = tmp_path / "some.luf"
    path.write_text("a", "utf-8")
    watch = FileWatch(path)
    watch.forget()
    assert watch.changed()

    path.unlink()
    assert not watch.changed()
