"""Lists, text and prompts answer keys without a screen."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luf_tui.ui.panels.intents import AddBreakpoint, Choose, Close, Go, Purpose, Stay, Type
from luf_tui.ui.panels.panel import Item, ListPanel, Panel, TextPanel, first_shown
from luf_tui.ui.panels.prompt import Prompt
from luf_tui.ui.panels.stack import PanelStack
from luf_tui.view.marks import Mark, Pane


def text(pane: Pane) -> list[str]:
    return ["".join(mark.text for mark in row).rstrip() for row in pane.rows]


def listed(*names: str) -> ListPanel:
    items = [Item((Mark(name),), choose=Go(n)) for n, name in enumerate(names)]
    return ListPanel("list", items)


def test_a_list_starts_past_its_heading() -> None:
    items = [Item((Mark("head"),), heading=True), Item((Mark("one"),)), Item((Mark("two"),))]
    panel = ListPanel("list", items)
    panel.key("up", None)

    assert 1 == panel.cursor


def test_a_list_skips_headings_both_ways() -> None:
    items = [Item((Mark("one"),)), Item((Mark("head"),), heading=True), Item((Mark("two"),))]
    panel = ListPanel("list", items)

    panel.key("down", None)
    assert 2 == panel.cursor
    panel.key("up", None)
    assert 0 == panel.cursor


def test_enter_chooses_the_item_under_the_cursor() -> None:
    panel = listed("one", "two")

    assert [Stay(), Go(1)] == [panel.key(key, None) for key in ("down", "enter")]


def test_a_list_longer_than_its_room_follows_the_cursor() -> None:
    panel = listed(*(f"item {n}" for n in range(30)))
    panel.key("end", None)

    assert "▸ item 29" == text(panel.pane(20, 5))[-1]


def headed(*before: str, item: str, after: Sequence[str]) -> ListPanel:
    return ListPanel(
        "list",
        [
            *(Item((Mark(name),), heading=True) for name in before),
            Item((Mark(item),)),
            *(Item((Mark(name),), heading=True) for name in after),
        ],
    )


@pytest.mark.parametrize(("key", "times"), [("down", 40), ("pagedown", 4), ("end", 1)])
def test_what_cannot_be_chosen_is_read_past_the_last_item(key: str, times: int) -> None:
    panel = headed(
        *(f"above {n}" for n in range(20)), item="it", after=[f"b {n}" for n in range(20)]
    )
    for _ in range(times):
        panel.pane(20, 5)
        panel.key(key, None)

    assert "b 19" == text(panel.pane(20, 5))[-1]
    panel.key("home", None)
    assert "above 0" == text(panel.pane(20, 5))[0]


def test_a_click_on_the_current_item_chooses_it() -> None:
    panel = listed("one", "two")
    panel.pane(20, 5)

    assert [Stay(), Go(1)] == [panel.press(1, twice=False) for _ in range(2)]


def test_an_item_answers_keys_with_what_it_holds() -> None:
    item = Item((Mark("one"),), on=True, choose=Go(1), toggle=Choose("luf"), remove=Go(2))
    panel = ListPanel("list", [item], more={"a": AddBreakpoint()})
    keys = ("enter", "space", "delete", "a", "escape", "f7")
    wanted = [Go(1), Choose("luf"), Go(2), AddBreakpoint(), Close(), None]

    assert wanted == [panel.key(key, None) for key in keys]


def test_an_item_with_nothing_to_choose_is_switched() -> None:
    panel = ListPanel("list", [Item((Mark("one"),), on=True, toggle=Choose("luf"))])

    assert Choose("luf") == panel.key("enter", None)


def test_long_text_is_wrapped_under_its_head() -> None:
    items = [Item((Mark("7 "),), text="a flush is owed for this page")]
    panel = ListPanel("list", items)

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
    panel = TextPanel("text", [(Mark(str(n)),) for n in range(20)])
    panel.pane(20, 5)
    panel.key("end", None)

    assert ["15", "16", "17", "18", "19"] == text(panel.pane(20, 5))


def test_a_text_over_a_screen_scrolls_to_its_last_row() -> None:
    stack = PanelStack()
    stack.open(TextPanel("text", [(Mark(str(n)),) for n in range(100)]))
    stack.block(80, 24)
    stack[-1].key("end", None)

    assert "99" == text(stack.block(80, 24).pane)[-1]


def typed(prompt: Prompt, words: str) -> None:
    for letter in words:
        prompt.key(letter if letter != " " else "space", letter)


def test_a_prompt_hands_over_what_was_typed() -> None:
    prompt = Prompt("go to", Purpose.GOTO)
    typed(prompt, "1 22")
    for key in ("left", "backspace", "end", "ctrl+w"):
        prompt.key(key, None)
    typed(prompt, "7")

    assert Type(Purpose.GOTO, "1 7") == prompt.key("enter", "\r")


def test_a_mistake_is_told_and_the_line_kept_until_it_is_changed() -> None:
    prompt = Prompt("go to", Purpose.GOTO)
    typed(prompt, "xx")
    prompt.key("enter", "\r")
    prompt.refuse("'xx' is no step")
    assert ["› xx", "✖ 'xx' is no step"] == text(prompt.pane(40, 5))

    typed(prompt, "x")
    assert ["› xxx"] == text(prompt.pane(40, 5))


def test_a_prompt_remembers_earlier_lines() -> None:
    prompt = Prompt("go to", Purpose.GOTO, recent=["3", "5"])
    prompt.key("up", None)
    prompt.key("up", None)

    assert "3" == prompt.text


def test_pasted_line_ends_become_spaces() -> None:
    prompt = Prompt("go to", Purpose.GOTO)
    prompt.paste("a\nb\x1b[31m\n")

    assert "a b [31m" == prompt.text


def test_an_empty_line_closes_a_prompt_unless_it_means_something() -> None:
    for blank, answer in ((False, Close()), (True, Type(Purpose.SEARCH, ""))):
        assert answer == Prompt("search", Purpose.SEARCH, blank=blank).key("enter", None)


class Reading(Panel):
    """A panel with nothing in it."""

    def pane(self, columns: int, rows: int) -> Pane:
        return Pane(self.title, (), ())


def test_of_several_panels_any_may_be_closed_and_the_others_stay() -> None:
    stack = PanelStack()
    panels = [Reading(name) for name in ("one", "two", "three")]
    for panel in panels:
        stack.open(panel)
    stack.close(panels[1])
    stack.close(panels[1])
    assert [panels[0], panels[2]] == list(stack)

    stack.keep(panels[:2])
    assert [panels[0]] == list(stack)


def test_the_key_pressed_before_opens_the_next_panel_and_no_other() -> None:
    stack = PanelStack()
    stack.pressed = "g"
    for name in ("guards", "over it"):
        stack.open(Reading(name))

    assert ["g", ""] == [panel.opener for panel in stack]


@given(st.integers(1, 300), st.integers(1, 60), st.integers(1, 5), st.data())
def test_what_a_list_stands_at_is_in_sight(
    count: int, room: int, tall: int, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, count - 1))
    tall = min(tall, count - at)
    first = first_shown(at, tall, room, count)
    assert 0 <= first <= max(0, count - room)
    assert first <= at < first + room
    assert at + tall <= first + room or first == at


def test_a_list_that_is_walked_moves_by_half_a_page() -> None:
    tops = [first_shown(at, 1, 40, 200) for at in range(200)]
    assert [0, 20, 40, 60, 80, 100, 120, 140, 160] == sorted(set(tops))
    assert tops == sorted(tops)
