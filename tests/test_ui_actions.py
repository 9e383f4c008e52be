"""The registry of actions feeds keys, hints, help and the palette."""

from __future__ import annotations

from collections import Counter

import pytest
from textual.binding import Binding

from luf_tui.ui import actions

SCREENS = (actions.STEPPER, actions.GALLERY)
UNIVERSAL = {
    "left", "right", "up", "down", "home", "end", "pageup", "pagedown", "space", "enter", "tab",
    "escape", "backspace", "f1",
}  # fmt: skip
EATEN_BY_MULTIPLEXERS = {"ctrl+a", "ctrl+b", "ctrl+j", "ctrl+o", "ctrl+s"}


def test_every_action_is_done_on_some_screen() -> None:
    assert [] == [action.id for action in actions.ACTIONS if not action.where]


@pytest.mark.parametrize("where", SCREENS)
def test_no_key_means_two_things_on_one_screen(where: str) -> None:
    keys = Counter(key for action in actions.of(where) for key in action.keys)

    assert [] == [key for key, count in keys.items() if count > 1]


def test_ids_are_unique() -> None:
    assert len(actions.ACTIONS) == len(actions.BY_ID)


def test_keys_are_ones_every_terminal_sends() -> None:
    plain = {key.removeprefix("shift+") for a in actions.ACTIONS for key in a.keys}
    unknown = {key for key in plain if len(key) > 1} - UNIVERSAL - set(actions.KEY_SIGNS)

    assert set() == unknown
    assert set() == plain & EATEN_BY_MULTIPLEXERS


def test_every_action_is_in_a_group_of_the_help_screen() -> None:
    assert {a.group for a in actions.ACTIONS} <= set(actions.GROUPS)


def test_every_binding_has_an_id_for_keymaps() -> None:
    ids = [
        binding.id for binding in actions.bindings(actions.STEPPER) if isinstance(binding, Binding)
    ]
    assert [action.id for action in actions.of(actions.STEPPER)] == ids


def test_hints_name_known_actions() -> None:
    assert all(name in actions.BY_ID for _, _, name in actions.hints())


def test_a_person_may_choose_other_keys() -> None:
    table, wrong = actions.rebound(actions.ACTIONS, "forward=L right; search=f3")
    keys = {action.id: action.keys for action in table}

    assert "" == wrong
    assert (("L", "right"), ("f3",)) == (keys["forward"], keys["search"])


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        ("frobnicate=x", "names no action"),
        ("forward", "names no action"),
        ("forward=left", "back has that key"),
    ],
)
def test_a_wrong_wish_for_keys_is_told_and_changes_nothing(wish: str, told: str) -> None:
    table, wrong = actions.rebound(actions.ACTIONS, wish)

    assert told in wrong
    assert actions.ACTIONS == table
