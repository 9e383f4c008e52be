"""The quiz, by keys and by the mouse, on a small screen and on a large one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.app import App
from textual.geometry import Offset

from luf_tui import library
from luf_tui.machine.refs import Ref
from luf_tui.timeline.navigate.spots import spot
from luf_tui.ui.app import LufApp
from luf_tui.ui.features import quiz
from luf_tui.ui.features.quiz import QuizPanel
from luf_tui.view import guesses
from luf_tui.view.guesses import steps
from tests.ui_driver import driven, lines, path, shown_run, text

__all__ = ["path"]

TOUR = library.tours()[0]
REUSE = TOUR.stops[1].path
SIZES = [(80, 24), (120, 40), (160, 50)]


def panel(app: App[Any]) -> QuizPanel:
    found = shown_run(app).panels[-1]
    assert isinstance(found, QuizPanel)
    return found


def place_of(app: App[Any], ref: Ref) -> Offset:
    """A cell of a mark of a thing, not under the panel."""
    screen = shown_run(app)
    screen.paint_now()
    for y in range(screen.size.height):
        for x in range(screen.size.width):
            hit = screen.grid.hit(x, y)
            if (
                hit
                and hit.mark
                and hit.pane in guesses.ASKED
                and guesses.thing(hit.mark.ref) == ref
            ):
                return Offset(x, y)
    raise AssertionError(ref)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_one_marks_what_one_expects_and_is_told(size: tuple[int, int]) -> None:
    @driven
    async def marks() -> None:
        app = LufApp(REUSE, spot("L25+8"))
        async with app.run_test(size=size) as pilot:
            before = shown_run(app).session.position
            await pilot.press("Q")
            assert "What will change?" in text(app)
            assert "irq cpu1: flush" in text(app)
            await pilot.press("s")
            while panel(app).cursor != Ref("tlb", 8):
                await pilot.press("s")
            await pilot.press("space")
            assert "expected to change: cpu1 text.0" in text(app)
            assert "?" in text(app)
            assert before == shown_run(app).session.position

            await pilot.press("enter")
            assert before + 1 == shown_run(app).session.position
            assert "✓ cpu1 text.0 is dropped" in text(app)
            assert "text.0 → f0 is gone" in text(app)
            assert "1 of 1 points" in text(app)

    marks()


@driven
async def test_nothing_is_an_answer_too_and_the_score_is_in_the_header() -> None:
    app = LufApp(REUSE, spot("L18+8"))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("Q", "n")
        assert "• f0" in text(app)
        assert "state file → pcp" in text(app)
        assert "quiz: 0 of 1" in lines(app)[0]
        await pilot.press("enter", "enter")
        assert "✓ nothing that is shown changes" in text(app)
        assert "quiz: 1 of 2" in lines(app)[0]


@driven
async def test_the_mouse_alone_will_do() -> None:
    app = LufApp(REUSE, spot("L25+8"))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("Q")
        await pilot.click(offset=place_of(app, Ref("tlb", 8)))
        assert {Ref("tlb", 8)} == panel(app).guess
        await pilot.click(offset=place_of(app, Ref("frame", 3)))
        await pilot.click(offset=place_of(app, Ref("frame", 3)))
        assert {Ref("tlb", 8)} == panel(app).guess
        block = shown_run(app).grid.blocks[-1]
        await pilot.click(offset=(block.x + 5, block.y + 1))
        assert "1 of 1 points" in text(app)


@driven
async def test_a_whole_stop_answered_from_the_timeline_has_every_point_and_nothing_hard() -> None:
    app = LufApp(REUSE)
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("Q")
        asked = 0
        while isinstance(shown_run(app).panels[-1], QuizPanel):
            panel(app).guess.update(panel(app).question.things)
            await pilot.press("enter", "enter")
            asked += 1
        timeline = shown_run(app).session.timeline

        assert len(list(steps(timeline))) == asked
        assert "not a single one was wrong" in text(app)
        score = shown_run(app).preferences.scores[shown_run(app).session.path]
        assert score.points == score.asked


@driven
async def test_the_hardest_steps_of_a_tour_are_listed_and_led_to() -> None:
    app = LufApp(REUSE, spot("L18+8"))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("Q", "n", "escape")
        assert f"0 of 1 points · {TOUR.title}" in text(app)
        assert "f0" in text(app)
        await pilot.press("escape", "G")
        await pilot.pause()
        await pilot.press("Q", "n", "enter", "n", "enter", "n", "enter", "n", "escape")
        shown = text(app)
        assert "put it on a free list · Flush before reuse" in shown
        hard = shown_run(app).panels[-1]
        while "Flush before reuse" not in hard.item.text:  # type: ignore[attr-defined]
            await pilot.press("down")
        await pilot.press("enter")
        await pilot.pause()
        assert REUSE == shown_run(app).session.path


@driven
async def test_at_the_end_of_a_run_there_is_nothing_to_guess(path: Path) -> None:
    app = LufApp(path)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("end", "Q")
        assert quiz.NO_MORE in text(app)
        assert not shown_run(app).panels


@driven
async def test_wrong_keys_do_nothing_and_escape_without_an_answer_leaves_all_as_it_was(
    path: Path,
) -> None:
    app = LufApp(path, spot("12"))
    async with app.run_test(size=(80, 24)) as pilot:
        before = lines(app)
        await pilot.press("Q", "x", "W", "f9", "tab", "tab", "tab", "shift+tab", "S", "s")
        assert isinstance(shown_run(app).panels[-1], QuizPanel)
        await pilot.press("space", "space", "escape")

        assert not shown_run(app).panels
        assert before[0] == lines(app)[0]
        assert 12 <= shown_run(app).session.position
