"""The palette finds what there is by every name it has."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.command import CommandInput, CommandPalette, Hit

from luf_tui import knowledge, library
from luf_tui.ui import actions
from luf_tui.ui.app import LufApp
from luf_tui.ui.command_palette import (
    ActionsProvider,
    Palette,
    ScenariosProvider,
    WordsProvider,
    _Provider,
)
from luf_tui.ui.panels.glossary import EntryPanel
from tests.ui_driver import driven, lines, path, screen_of, shown_run, text

__all__ = ["path"]

PROVIDERS = (ActionsProvider, ScenariosProvider, WordsProvider)


async def best(app: LufApp, query: str) -> list[str]:
    """What is offered first, and whatever matches as well as that."""
    hits: list[Hit] = []
    for provider in PROVIDERS:
        async for hit in provider(screen_of(app)).search(query):
            assert isinstance(hit, Hit)
            hits.append(hit)
    most = max((hit.score for hit in hits), default=0)
    return [str(hit.text) for hit in hits if hit.score == most]


@pytest.mark.parametrize("where", [actions.STEPPER, actions.GALLERY])
@driven
async def test_every_action_is_found_first_by_label_by_id_and_by_every_key(
    where: str, path: Path
) -> None:
    async with LufApp(path if where == actions.STEPPER else None).run_test() as pilot:
        assert isinstance(pilot.app, LufApp)
        missed = []
        for action in actions.of(where):
            signs = map(actions.key_sign, action.keys)
            for query in (action.label, action.id, *signs, *action.keys):
                found = await best(pilot.app, query)
                text = f"{action.group}: {action.label} · {action.description}"
                if text not in found:
                    missed.append((action.id, query, found))

        assert [] == missed


@driven
async def test_a_letter_is_the_key_as_it_is_written(path: Path) -> None:
    async with LufApp(path).run_test() as pilot:
        assert isinstance(pilot.app, LufApp)
        small, capital = await best(pilot.app, "n"), await best(pilot.app, "N")

        assert 1 == len(small) == len(capital)
        assert small != capital


@driven
async def test_letters_in_their_order_find_an_action(path: Path) -> None:
    async with LufApp(path).run_test() as pilot:
        assert isinstance(pilot.app, LufApp)

        assert any("breakpoint" in text for text in await best(pilot.app, "brkpnt"))


@driven
async def test_every_scenario_and_every_word_is_found_by_its_name(path: Path) -> None:
    async with LufApp(path).run_test() as pilot:
        screen = screen_of(pilot.app)
        for provider, names in (
            (ScenariosProvider, [one.name for one in library.shipped()][::9]),
            (WordsProvider, [entry.names[-1] for entry in knowledge.entries()][::40]),
        ):
            for name in names:
                made: _Provider = provider(screen)
                assert [hit async for hit in made.search(name)], name


@driven
async def test_a_word_is_explained_and_a_scenario_opened_from_the_palette(path: Path) -> None:
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        for query in ("pcp list", "tour/flush-before-reuse"):
            await pilot.press("ctrl+p")
            await pilot.pause()
            assert isinstance(pilot.app.screen, CommandPalette)
            pilot.app.screen.query_one(CommandInput).value = query
            for _ in range(40):
                await pilot.pause(0.05)
                if pilot.app.screen._list_visible:
                    break
            await pilot.press("enter")
            await pilot.pause(0.2)
            if isinstance(pilot.app.screen, CommandPalette):
                await pilot.press("enter")
                await pilot.pause(0.2)
            run = shown_run(pilot.app)
            if query == "pcp list":
                panel = run.panels[-1]
                assert isinstance(panel, EntryPanel)
                assert "pcp list" == panel.word
                assert any("pcp list" in line for line in lines(pilot.app))
        assert "flush-before-reuse" in shown_run(pilot.app).session.path.name


@driven
async def test_two_keys_that_both_close_the_palette_close_it_once(path: Path) -> None:
    async with LufApp(path).run_test(size=(80, 24)) as pilot:
        await pilot.press("ctrl+p", *"next step")
        await pilot.pause()
        palette = pilot.app.screen
        assert isinstance(palette, Palette)
        palette.dismiss()
        palette.dismiss()
        await pilot.pause()

        assert pilot.app.screen is not palette
        assert "Flush before reuse" in text(pilot.app)


@driven
async def test_what_two_enters_choose_is_done_once(path: Path) -> None:
    async with LufApp(path).run_test(size=(80, 24)) as pilot:
        await pilot.press("ctrl+p")
        await pilot.pause()
        palette = pilot.app.screen
        assert isinstance(palette, Palette)
        done: list[str] = []
        palette._list_visible = False
        palette._selected_command = Hit(1, "once", lambda: done.append("once"))
        for _ in range(2):
            palette._select_or_command()
        await pilot.pause()

        assert ["once"] == done
        assert pilot.app.screen is not palette
