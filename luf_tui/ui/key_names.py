"""Keys in what the app says: a message names the action, and the person reads the key it has."""

from __future__ import annotations

import re

SHOWN: dict[str, str] = {}
"""What to call the key of an action, by the action's id; the registry of actions fills it."""
NAMED = re.compile(r"\{([a-z][a-z0-9-]*)\}")
"""How a text names an action: `{why} says why`."""


def with_keys(text: str) -> str:
    """A text with the key of each action that it names; words in braces that name none stay."""
    return NAMED.sub(lambda found: SHOWN.get(found[1], found[0]), text)
