"""The registry of actions feeds keys, hints, help and the palette."""

from __future__ import annotations

from collections import Counter

import pytest

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


@pytest.mark.parametrize("where", SCREENS)
def test_every_key_does_its_action(where: str) -> None:
    wrong = [
        (action.id, key)
        for action in actions.of(where)
        for key in action.keys
        if actions.bound(where, key) != action.id
    ]

    assert [] == wrong


def test_hints_name_known_actions() -> None:
    assert all(name in actions.BY_ID for _, _, name in actions.hints())
