"""Side by side in the app: asked for in words, walked by line, left where one stands."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from luf_tui.ui.app import LufApp
from luf_tui.ui.features import side_by_side
from luf_tui.ui.panels.two_sides import TwoSidesPanel
from tests.ui_driver import driven, lines, path, shown_run, text

__all__ = ["path"]


async def typed(pilot: Pilot[None], words: str) -> None:
    await pilot.press("X")
    for char in words:
        await pilot.press({" ": "space", "@": "at", "-": "minus"}.get(char, char))
    await pilot.press("enter")
    await pilot.pause()


def panel(pilot: Pilot[None]) -> TwoSidesPanel:
    top = shown_run(pilot.app).panels[-1]
    assert isinstance(top, TwoSidesPanel)
    return top


@driven
@pytest.mark.parametrize(
    ("words", "right"),
    [
        ("eager", "eager"),
        ("without flush-before-reuse", "luf - flush-before-reuse"),
        ("dram 4", "luf · dram 4"),
        ("@end", "@end"),
    ],
)
async def test_the_run_stands_beside_what_was_asked_for(path: Path, words: str, right: str) -> None:
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        await typed(pilot, words)
        head = lines(pilot.app)[0]

        assert head.startswith(" luf  ")
        assert right in head


@driven
async def test_it_opens_where_the_two_part_and_goes_on_to_the_next_difference(path: Path) -> None:
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        await typed(pilot, "eager")
        assert "here the two part" in text(pilot.app)
        before = panel(pilot).position
        await pilot.press("n")
        await pilot.pause()
        assert panel(pilot).position > before

        await pilot.press("N")
        await pilot.pause()
        assert before == panel(pilot).position


@driven
async def test_a_move_stops_where_the_two_part_and_then_goes_on(path: Path) -> None:
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        await typed(pilot, "eager")
        stop = panel(pilot).position
        await pilot.press("home", "end")
        assert stop == panel(pilot).position
        assert "here the two part" in lines(pilot.app)[-1]

        await pilot.press("end")
        assert panel(pilot).position == panel(pilot).sides.left.steps


@driven
async def test_arrows_step_by_line_and_by_micro_step(path: Path) -> None:
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        await typed(pilot, "eager")
        at = panel(pilot).position
        await pilot.press("left")
        assert at - 1 == panel(pilot).position
        await pilot.press("up")
        line = panel(pilot).sides.left.line_at(panel(pilot).position)

        assert line < panel(pilot).sides.left.line_at(at)


@driven
async def test_the_sides_are_swapped(path: Path) -> None:
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        await typed(pilot, "eager")
        await pilot.press("s")
        await pilot.pause()

        assert lines(pilot.app)[0].startswith(" eager  ")


@driven
@pytest.mark.parametrize("key", ["escape", "equals_sign", "q"])
async def test_it_is_left_as_one_came(path: Path, key: str) -> None:
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        at = shown_run(pilot.app).session.position
        await typed(pilot, "eager")
        await pilot.press("n", key)
        await pilot.pause()

        assert not shown_run(pilot.app).panels
        assert at == shown_run(pilot.app).session.position


@driven
async def test_enter_goes_to_the_place_in_the_run_that_is_shown(path: Path) -> None:
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        await typed(pilot, "eager")
        place = panel(pilot).position
        await pilot.press("s", "s", "enter")
        await pilot.pause()

        assert place == shown_run(pilot.app).session.position


@driven
@pytest.mark.parametrize(
    ("words", "told"), [("eagr", "did you mean 'eager'"), ("luf", "the run that is shown")]
)
async def test_words_that_mean_nothing_are_told_and_can_be_corrected(
    path: Path, words: str, told: str
) -> None:
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        await typed(pilot, words)

        assert told in text(pilot.app)
        assert shown_run(pilot.app).panels


@driven
async def test_in_a_small_terminal_one_pane_of_both_is_shown_and_tab_shows_the_next(
    path: Path,
) -> None:
    async with LufApp(path).run_test(size=(80, 24)) as pilot:
        await typed(pilot, "eager")
        first = titles(pilot)
        await pilot.press("tab")
        await pilot.pause()
        second = titles(pilot)
        await pilot.press("shift+tab")
        await pilot.pause()

        assert ["luf", "eager"] == [name for name, _ in first]
        assert first != second
        assert first == titles(pilot)
        assert "= leave" in lines(pilot.app)[-1]


def titles(pilot: Pilot[None]) -> list[tuple[str, str]]:
    """The side and the pane of each frame."""
    found = [line[2:].split(" ─")[0] for line in lines(pilot.app) if line.startswith("╭ ")]
    return [(side, pane) for side, _, pane in (one.partition(" · ") for one in found)]


def test_what_can_be_asked_for_is_told_whole_in_the_smallest_usual_terminal() -> None:
    assert all(len(row) <= 80 - 4 for row in side_by_side.HELP)
