"""Jump mode: letters over panes and things."""

from __future__ import annotations

from pathlib import Path

import pytest

from luf_tui.machine.refs import Ref
from luf_tui.ui.app import LufApp
from luf_tui.ui.features import jumping
from luf_tui.ui.features.jumping import JumpPanel, Target
from luf_tui.ui.screens.gallery import Gallery
from luf_tui.ui.screens.run_screen import RunScreen
from tests.ui_driver import do, driven, lines, path, screen_of, shown_run, text

__all__ = ["path"]

SIZES = ((160, 50), (120, 40), (80, 24), (60, 20))


def jump_panel(screen: RunScreen) -> JumpPanel:
    panel = screen.panels[-1]
    assert isinstance(panel, JumpPanel)
    return panel


@pytest.mark.parametrize("count", [1, 7, 26, 27, 60, 300])
def test_labels_are_unlike_and_none_is_the_beginning_of_another(count: int) -> None:
    found = [Target(0, n, "pane") for n in range(min(count, 7))]
    found += [Target(0, n, "pane", Ref("frame", n)) for n in range(count - len(found))]
    made = jumping.labels(found)

    assert count == len(set(made)) == len(made)
    assert [] == [(a, b) for a in made for b in made if a != b and b.startswith(a)]


@pytest.mark.parametrize("size", SIZES, ids=str)
@driven
async def test_every_label_stands_over_what_it_leads_to(size: tuple[int, int], path: Path) -> None:
    async with LufApp(path).run_test(size=size) as pilot:
        await pilot.press("n", "J")
        await pilot.pause()
        screen = shown_run(pilot.app)
        shown = lines(pilot.app)
        labelled = jump_panel(screen).labelled

        assert len(labelled) > (5 if size > (60, 20) else 0)
        for label, target in labelled.items():
            assert label == shown[target.y][target.x : target.x + len(label)]
        await pilot.press("escape")
        await pilot.pause()
        for target in labelled.values():
            hit = screen.grid.hit(target.x, target.y)
            assert hit
            assert target.pane == hit.pane
            assert target.ref is None or (hit.mark and target.ref == hit.mark.ref)


@driven
async def test_a_pane_gets_the_keys_by_its_letter(path: Path) -> None:
    async with LufApp(path).run_test(size=(160, 50)) as pilot:
        await pilot.press("J")
        screen = shown_run(pilot.app)
        labelled = jump_panel(screen).labelled
        letter = next(a for a, one in labelled.items() if one.pane == "frames" and not one.ref)
        await pilot.press(letter)

        assert "frames" == screen.panes.focus
        assert not screen.panels


@driven
async def test_a_thing_is_selected_by_its_letters_and_its_pane_has_the_keys(path: Path) -> None:
    async with LufApp(path).run_test(size=(160, 50)) as pilot:
        await pilot.press("n", "J")
        screen = shown_run(pilot.app)
        wanted = next(
            (label, one)
            for label, one in jump_panel(screen).labelled.items()
            if one.ref is not None and one.ref.region == "frame"
        )
        await pilot.press(*wanted[0])

        assert wanted[1].ref == screen.session.selected
        assert wanted[1].pane == screen.panes.focus


@driven
async def test_a_pane_that_takes_turns_comes_by_the_letter_on_its_name(path: Path) -> None:
    async with LufApp(path).run_test(size=(80, 24)) as pilot:
        await pilot.press("J")
        screen = shown_run(pilot.app)
        letter = next(
            label
            for label, one in jump_panel(screen).labelled.items()
            if one.ref is not None and one.ref.field == "pane-4"
        )
        await pilot.press(letter)

        assert "lists" == screen.panes.focus


@driven
async def test_escape_leaves_everything_as_it_was(path: Path) -> None:
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        before = lines(pilot.app)
        await pilot.press("J")
        await pilot.pause()
        assert before != lines(pilot.app)
        await pilot.press("escape")
        await pilot.pause()

        assert before == lines(pilot.app)


@driven
async def test_letters_that_nothing_has_are_told_and_the_next_ones_count(path: Path) -> None:
    async with LufApp(path).run_test(size=(160, 50)) as pilot:
        await pilot.press("n", "J")
        screen = shown_run(pilot.app)
        panel = jump_panel(screen)
        two = next(label for label in panel.labelled if len(label) == 2)
        await pilot.press(two[0])
        assert {two[0]} == {label[0] for label in panel.labelled}
        await pilot.press("backspace", "m", "m")
        await pilot.pause()

        assert "nothing has mm" in text(pilot.app) or "nothing has m" in text(pilot.app)
        await pilot.press(*two)
        assert not screen.panels


@driven
async def test_letters_follow_the_panes_when_the_screen_gets_another_size(path: Path) -> None:
    async with LufApp(path).run_test(size=(160, 50)) as pilot:
        await pilot.press("n", "J")
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        screen = shown_run(pilot.app)
        do(pilot.app)
        shown = lines(pilot.app)

        for label, target in jump_panel(screen).labelled.items():
            assert label == shown[target.y][target.x : target.x + len(label)]


@driven
async def test_a_scenario_of_the_gallery_opens_by_its_letters(path: Path) -> None:
    async with LufApp().run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        before = lines(pilot.app)
        await pilot.press("J")
        await pilot.pause()
        gallery = screen_of(pilot.app)
        assert isinstance(gallery, Gallery)
        panel = gallery.panels[-1]
        assert isinstance(panel, JumpPanel)
        shown, labelled = lines(pilot.app), panel.labelled
        assert len(labelled) > 10
        for label, target in labelled.items():
            assert label == shown[target.y][target.x : target.x + len(label)]

        label, target = list(labelled.items())[3]
        await pilot.press(*label)
        await pilot.pause()
        title = shown_run(pilot.app).session.timeline.program.title
        assert title[:20] in before[target.y]
