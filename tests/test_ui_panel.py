"""Lists, text and prompts answer keys without a screen."""

from __future__ import annotations

from luf_tui.errors import LufError
from luf_tui.ui.panels.panel import Item, ListPanel, TextPanel, Use
from luf_tui.ui.panels.prompt import Prompt
from luf_tui.view.marks import Mark, Pane


def text(pane: Pane) -> list[str]:
    return ["".join(mark.text for mark in row).rstrip() for row in pane.rows]


def listed(*names: str, choose: Use | None = None) -> ListPanel:
    items = [Item((Mark(name),), value=name) for name in names]
    return ListPanel("list", items, lambda: None, choose=choose)


def test_a_list_starts_past_its_heading() -> None:
    items = [Item((Mark("head"),), heading=True), Item((Mark("one"),)), Item((Mark("two"),))]
    panel = ListPanel("list", items, lambda: None)
    panel.key("up", None)

    assert 1 == panel.cursor


def test_a_list_skips_headings_both_ways() -> None:
    items = [Item((Mark("one"),)), Item((Mark("head"),), heading=True), Item((Mark("two"),))]
    panel = ListPanel("list", items, lambda: None)

    panel.key("down", None)
    assert 2 == panel.cursor
    panel.key("up", None)
    assert 0 == panel.cursor


def test_enter_chooses_the_item_under_the_cursor() -> None:
    chosen: list[object] = []
    panel = listed("one", "two", choose=lambda item: chosen.append(item.value))
    panel.key("down", None)
    panel.key("enter", None)

    assert ["two"] == chosen


def test_a_list_longer_than_its_room_follows_the_cursor() -> None:
    panel = listed(*(f"item {n}" for n in range(30)))
    panel.key("end", None)

    assert "▸ item 29" == text(panel.pane(20, 5))[-1]


def test_a_click_on_the_current_item_chooses_it() -> None:
    chosen: list[object] = []
    panel = listed("one", "two", choose=lambda item: chosen.append(item.value))
    panel.pane(20, 5)
    panel.press(1, twice=False)
    assert [] == chosen
    panel.press(1, twice=False)

    assert ["two"] == chosen


def test_long_text_is_wrapped_under_its_head() -> None:
    items = [Item((Mark("7 "),), text="a flush is owed for this page")]
    panel = ListPanel("list", items, lambda: None)

    assert ["▸ 7 a flush is", "    owed for", "    this page"] == text(panel.pane(16, 5))


def test_an_unknown_key_does_nothing() -> None:
    panel = listed("one", "two")

    assert not panel.key("f7", None)
    assert 0 == panel.cursor


def test_an_empty_list_takes_every_key() -> None:
    panel = listed()
    for key in ("up", "down", "home", "end", "pageup", "pagedown", "enter", "space", "delete"):
        panel.key(key, None)

    assert ["  nothing here"] == text(panel.pane(20, 5))


def test_text_scrolls_to_its_last_row_and_no_further() -> None:
    panel = TextPanel("text", [(Mark(str(n)),) for n in range(20)], lambda: None)
    panel.pane(20, 5)
    panel.key("end", None)

    assert ["15", "16", "17", "18", "19"] == text(panel.pane(20, 5))


def typed(prompt: Prompt, words: str) -> None:
    for letter in words:
        prompt.key(letter if letter != " " else "space", letter)


def test_a_prompt_hands_over_what_was_typed() -> None:
    used: list[str] = []
    prompt = Prompt("go to", lambda: None, used.append)
    typed(prompt, "1 22")
    for key in ("left", "backspace", "end", "ctrl+w"):
        prompt.key(key, None)
    typed(prompt, "7")
    prompt.key("enter", "\r")

    assert ["1 7"] == used


def test_a_mistake_is_told_and_the_line_kept() -> None:
    def refuse(text: str) -> None:
        raise LufError(f"'{text}' is no step")

    closed: list[int] = []
    prompt = Prompt("go to", lambda: closed.append(1), refuse)
    typed(prompt, "xx")
    prompt.key("enter", "\r")

    assert [] == closed
    assert ["› xx", "✖ 'xx' is no step"] == text(prompt.pane(40, 5))


def test_a_prompt_remembers_earlier_lines() -> None:
    prompt = Prompt("go to", lambda: None, lambda _: None, recent=["3", "5"])
    prompt.key("up", None)
    prompt.key("up", None)

    assert "3" == prompt.text


def test_pasted_line_ends_become_spaces() -> None:
    prompt = Prompt("go to", lambda: None, lambda _: None)
    prompt.paste("a\nb\x1b[31m\n")

    assert "a b [31m" == prompt.text
