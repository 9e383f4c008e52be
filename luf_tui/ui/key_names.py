"""Keys in what the app says: a message names the action, and the person reads the key it has."""

from __future__ import annotations

import re

SHOWN: dict[str, str] = {}
"""What to call the key of an action, by the action's id; the registry of actions fills it."""
NAMED = re.compile(r"\{([a-z][a-z0-9-]*)\}")
"""How a text names an action: `{why} says why`."""

MOVED: dict[str, str] = {}
"""What to call the keys now that a person has changed: by how the default key is called."""
_IN_A_TEXT = re.compile(r"(?<=\()\S(?=[,)])|(?<=\bkey `)\S(?=`)|(?<=\bkeys `)\S(?=`)")
"""How texts that ship name a default key: scenarios `(g, guard)`, the book key `g`."""


def with_keys(text: str) -> str:
    """A text with the key of each action that it names; words in braces that name none stay."""
    return NAMED.sub(lambda found: SHOWN.get(found[1], found[0]), text)


def as_bound(text: str) -> str:
    """A text that ships, with the keys that a person has for the default ones that it names."""
    if not MOVED:
        return text
    return _IN_A_TEXT.sub(lambda found: MOVED.get(found[0], found[0]), text)
