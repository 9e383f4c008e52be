"""A person's own keys: how a key may be written, and which wishes can be had."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from attrs import evolve
from textual.keys import KEY_NAME_REPLACEMENTS, Keys

if TYPE_CHECKING:
    from luf_tui.ui.actions import Action

RESERVED = ("ctrl+c", "ctrl+q", "ctrl+p", "ctrl+z")
"""Keys that are the app's, whatever is open."""
SAID = {
    "←": "left", "→": "right", "↑": "up", "↓": "down", "⌫": "backspace", "⏎": "enter",
    "esc": "escape", "return": "enter", "pgup": "pageup", "pgdn": "pagedown", "del": "delete",
}  # fmt: skip
"""How keys are said, too, and what the app's toolkit calls them."""
MODIFIERS = ("ctrl", "alt", "shift")
NAMES = frozenset({key.value for key in Keys} | set(SAID.values()) | {"space"})
"""Names of keys that are no character."""


def key_name(said: str) -> str:
    """What the toolkit calls a key: `?` is `question_mark`, `⇧→` is `shift+right`. Empty for one
    that there is not.
    """
    said = said.strip().replace("⇧", "shift+")
    *modifiers, base = said.split("+") if said.strip("+") else [said]
    if not all(one in MODIFIERS for one in modifiers):
        return ""
    name = _base_name(base)
    whole = "+".join((*modifiers, name))
    return whole if name else ""


def _base_name(base: str) -> str:
    known = SAID.get(base.casefold(), base)
    if len(known) > 1:
        by_name = known.casefold()
        return by_name if by_name in NAMES or by_name in _characters() else ""
    if not known.isprintable() or not known:
        return ""
    return known if known.isalnum() else _name_of(known)


def _name_of(character: str) -> str:
    name = unicodedata.name(character, "").casefold().replace("-", "_").replace(" ", "_")
    return KEY_NAME_REPLACEMENTS.get(name, name)


def _characters() -> frozenset[str]:
    """Names of the characters on keyboards that are no letters."""
    return frozenset(_name_of(chr(code)) for code in range(33, 127) if not chr(code).isalnum())


def known_names() -> tuple[str, ...]:
    """Names that a key may have, to find the nearest of."""
    return tuple(sorted({*NAMES, *_characters(), *SAID}))


def wishes_of(text: str) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """Wishes as an environment variable has them, `id=key key` apart by semicolons: keys by the
    action's id; and the parts that are no such thing.
    """
    wishes: dict[str, tuple[str, ...]] = {}
    wrong = []
    for wish in filter(None, (part.strip() for part in text.split(";"))):
        name, equals, keys = wish.partition("=")
        if equals and name.strip():
            wishes[name.strip()] = tuple(keys.split())
        else:
            wrong.append(wish)
    return wishes, tuple(wrong)


def rebound(
    table: Sequence[Action], wishes: Mapping[str, Sequence[str]]
) -> tuple[tuple[Action, ...], dict[str, tuple[str, str]]]:
    """The table with a person's own keys, and which wishes cannot be had: by the action's id, a key
    of it and the action that has it.

    Wishes name actions of the table, and keys by the toolkit's names. Two actions of one screen
    cannot have one key: of two wishes the earlier counts, and a wish gives way to an action that
    nobody wishes another key for.
    """
    wanted = dict(wishes)
    refused: dict[str, tuple[str, str]] = {}
    while True:
        now = tuple(
            evolve(action, keys=tuple(wanted[action.id])) if action.id in wanted else action
            for action in table
        )
        clash = next(
            (
                (one, other)
                for name in reversed(wanted)
                for one in now
                if one.id == name
                for other in now
                if _clash(one, other)
            ),
            None,
        )
        if clash is None:
            return now, refused
        one, other = clash
        key = next(key for key in one.keys if key in other.keys)
        refused[one.id] = key, other.id
        del wanted[one.id]


def _clash(one: Action, other: Action) -> bool:
    return (
        one.id != other.id
        and not set(one.where).isdisjoint(other.where)
        and not set(one.keys).isdisjoint(other.keys)
    )
