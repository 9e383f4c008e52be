"""Help scrolls, filters and runs; words are explained where they stand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from textual import events
from textual.app import App
from textual.pilot import Pilot

from luf_tui import knowledge, library
from luf_tui.errors import InputError, Problem, Span
from luf_tui.knowledge import words_of
from luf_tui.ui import actions
from luf_tui.ui.app import LufApp
from luf_tui.ui.panels.glossary import EntryPanel, GlossaryPanel, Saying
from luf_tui.ui.panels.intents import Close, DoAction, Explain
from luf_tui.ui.panels.key_help import HelpPanel
from luf_tui.ui.panels.panel import Panel, TextPanel
from luf_tui.ui.panels.problems import ProblemsPanel
from luf_tui.ui.panels.questions import WhyPanel
from luf_tui.ui.screens.run_screen import RunScreen
from luf_tui.view.marks import Mark
from tests.ui_driver import do, driven, lines, path, shown_run

__all__ = ["path"]

OBLIGATIONS = " ".join(f"O{n}" for n in range(1, 40))
SIZES = ((160, 50), (80, 24), (60, 20))


def help_panel() -> HelpPanel:
    return HelpPanel(actions.help_lines(actions.STEPPER), actions.label_of)


def problems() -> ProblemsPanel:
    said = "nothing is called that, and it is a long story why nothing could be called so, the end"
    wrong = tuple(Problem(said, Span(n + 1), f"did you mean number {n}") for n in range(40))
    return ProblemsPanel(InputError("x.luf", wrong, ("cpu1 runn app",) * 40))


PANELS: dict[str, tuple[Callable[[RunScreen], Panel], str]] = {
    "help": (lambda _: help_panel(), f"▸ {knowledge.entries()[-1].word}"),
    "problems": (lambda _: problems(), "esc goes on without"),
    "text": (lambda _: TextPanel("text", [(Mark(f"row {n}."),) for n in range(99)]), "row 98."),
    "entry": (lambda _: EntryPanel("life of a debt"), "takeoff  "),
    "glossary": (lambda _: GlossaryPanel([Saying("said", OBLIGATIONS)]), "▸ O39"),
}
"""Panels that are longer than a screen, and what their last row has."""


def wheel(app: App[None]) -> None:
    grid = shown_run(app).grid
    panel = grid.blocks[-1]
    grid.on_mouse_scroll_down(
        events.MouseScrollDown(
            grid, panel.x + 3, panel.y + 3, 0, 1, 0, shift=False, meta=False, ctrl=False
        )
    )


async def by_wheel(pilot: Pilot[None], times: int) -> None:
    for _ in range(times):
        wheel(pilot.app)
    await pilot.pause()


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("name", PANELS)
@driven
async def test_every_long_panel_can_be_read_to_its_last_row_in_every_way(
    name: str, size: tuple[int, int], path: Path
) -> None:
    make, last = PANELS[name]
    async with LufApp(path).run_test(size=size) as pilot:
        screen = shown_run(pilot.app)
        panel = make(screen)
        screen.open(panel)
        await pilot.pause()
        fits = "more below" not in "\n".join(lines(pilot.app))
        assert not fits or name == "entry"

        for keys, key, times in (
            (["home"], "end", 1),
            (["home"], "pagedown", 130),
            (["end", *["pageup"] * 3], "j", 80),
            (["end", *["pageup"] * 3], "wheel", 80),
        ):
            await pilot.press(*keys)
            assert last not in "\n".join(lines(pilot.app)) or fits
            if key == "wheel":
                await by_wheel(pilot, times)
            else:
                for _ in range(times):
                    panel.key(key, key)
                    if key == "pagedown":
                        screen.paint_now()
                screen.paint_now()
            assert last in "\n".join(lines(pilot.app)), key
            assert "more below" not in "\n".join(lines(pilot.app))


@pytest.mark.parametrize("size", SIZES, ids=str)
@driven
async def test_a_long_chain_of_causes_can_be_read_to_its_end(
    size: tuple[int, int], path: Path
) -> None:
    async with LufApp(path).run_test(size=size) as pilot:
        do(pilot.app, "end", "why")
        panel = shown_run(pilot.app).panels[-1]
        assert isinstance(panel, WhyPanel)
        last = panel.items[-1].text.split()[-1]
        await pilot.press("end")
        do(pilot.app)

        assert last in "\n".join(lines(pilot.app))


def shown(panel: Panel) -> str:
    rows = panel.pane(86, 40).rows
    return "\n".join("".join(mark.text for mark in row).rstrip() for row in rows)


def typed(panel: Panel, text: str) -> None:
    for letter in text:
        panel.key("space" if letter == " " else letter, letter)


def test_the_help_narrows_to_what_is_typed() -> None:
    panel = help_panel()
    typed(panel, "bookmark")

    assert "Bookmark this place" in shown(panel)
    assert "One micro-step on" not in shown(panel)


def test_escape_takes_the_filter_away_before_it_closes_the_help() -> None:
    panel = help_panel()
    typed(panel, "zzz")
    assert "One micro-step on" not in shown(panel)

    panel.key("escape", None)
    assert "One micro-step on" in shown(panel)
    assert Close() == panel.key("escape", None)


def test_letters_that_move_in_a_list_are_for_the_filter_once_it_has_begun() -> None:
    panel = help_panel()
    panel.key("slash", "/")
    typed(panel, "jkq")

    assert "jkq" == panel.filter


@pytest.mark.parametrize("action", [*actions.of(actions.STEPPER)], ids=lambda action: action.id)
def test_enter_does_what_the_line_of_help_says_found_by_name(action: actions.Action) -> None:
    if action.id.startswith("pane-") and action.id != "pane-1":
        return
    panel = help_panel()
    panel.key("slash", "/")
    typed(panel, action.id)

    assert DoAction(action.id) == panel.key("enter", None)


@driven
async def test_help_closes_and_the_action_under_its_cursor_is_done(path: Path) -> None:
    async with LufApp(path).run_test(size=(80, 24)) as pilot:
        await pilot.press("question_mark", *"end", "enter")
        await pilot.pause()
        run = shown_run(pilot.app)

        assert run.session.timeline.steps == run.session.position
        assert not run.panels


def test_the_help_has_every_glyph_of_the_legend_and_every_word_of_the_book() -> None:
    panel = help_panel()
    words = [item.value for item in panel.items]

    assert {entry.word for entry in knowledge.entries()} <= set(words)
    assert {"◆", "~", "✖", "□", "f3◆2"} <= set(words)


def test_a_filter_that_nothing_matches_leads_to_the_nearest_word() -> None:
    panel = help_panel()
    typed(panel, "shotdown")

    assert "did you mean 'shootdown'?" in shown(panel)


# -- words ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("flushes of two stale entries are deferred", ["flush", "stale entry", "defer"]),
        ("cpu1 obeys O2; prep_new_page() unmapped it", ["CPU", "O2", "alloc", "unmap"]),
        ("n and N follow ◆ △", ["◆", "△"]),
        ("A frame, on the whole", ["frame"]),
        ("nothing to see here", []),
        ("is it fired? no! it is ! and ?", ["▲", "!", "?"]),
    ],
)
def test_the_words_of_a_sentence_are_found_in_the_forms_it_has_them(
    said: str, words: list[str]
) -> None:
    assert words == list(words_of(said))


@driven
async def test_one_key_leads_from_the_narration_to_an_entry_and_on_and_back(path: Path) -> None:
    async with LufApp(path).run_test(size=(80, 24)) as pilot:
        await pilot.press("n", "h")
        await pilot.pause()
        words = lines(pilot.app)
        assert any("narration" in line for line in words)
        assert any("flush" in line for line in words)

        await pilot.press("enter")
        run = shown_run(pilot.app)
        entry = run.panels[-1]
        assert isinstance(entry, EntryPanel)
        first, links = entry.word, knowledge.find(entry.word)[0].see
        await pilot.press("down", "down", "enter")
        assert entry.word in links
        await pilot.press("backspace")
        assert first == entry.word
        await pilot.press("left", "escape")
        assert not run.panels


@driven
async def test_the_words_of_a_message_come_first(path: Path) -> None:
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        shown_run(pilot.app).tell("the shootdown failed", badly=True)
        await pilot.press("h")
        await pilot.pause()
        panel = shown_run(pilot.app).panels[-1]
        assert isinstance(panel, GlossaryPanel)

        assert panel.item and "shootdown" == panel.item.value


@driven
async def test_the_words_of_the_selected_thing_can_be_asked(path: Path) -> None:
    async with LufApp(path).run_test(size=(160, 50)) as pilot:
        await pilot.press("n", "5", "s", "h")
        await pilot.pause()
        panel = shown_run(pilot.app).panels[-1]
        assert isinstance(panel, GlossaryPanel)

        assert "frame" in [item.value for item in panel.items]


@driven
async def test_the_words_of_a_finding_and_of_its_rule_can_be_asked(path: Path) -> None:
    broken = library.locate("races/flush-before-reuse")
    app = LufApp(broken, without=["flush-before-reuse"])
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("h")
        await pilot.pause()
        panel = shown_run(pilot.app).panels[-1]
        assert isinstance(panel, GlossaryPanel)
        words = [item.value for item in panel.items]

        assert {"O2", "obligation", "reuse"} <= set(words)


@driven
async def test_the_words_of_a_panel_can_be_asked_over_it(path: Path) -> None:
    async with LufApp(path).run_test(size=(120, 40)) as pilot:
        await pilot.press("n", "w", "h")
        await pilot.pause()
        below, panel = shown_run(pilot.app).panels[-2:]
        assert isinstance(below, WhyPanel)
        assert isinstance(panel, GlossaryPanel)

        assert "flush" in [item.value for item in panel.items]


def test_any_word_can_be_typed_and_the_best_match_is_chosen() -> None:
    panel = GlossaryPanel([])
    typed(panel, "pcp list")

    assert Explain("pcp list") == panel.key("enter", None)


def test_a_word_that_is_in_no_book_leads_to_those_near_it() -> None:
    panel = GlossaryPanel([])
    typed(panel, "shotdown")

    assert "nothing is called 'shotdown'" in shown(panel)
    assert Explain("shootdown") == panel.key("enter", None)


def test_an_entry_says_what_explain_says() -> None:
    panel = EntryPanel("flush-before-reuse")
    entry = knowledge.find("flush-before-reuse")[0]
    said = " ".join(shown(panel).split())

    assert entry.text.split("\n\n")[0] in said
    assert "luf_takeoff_end()" in said
    assert all(word in said for word in entry.see)
