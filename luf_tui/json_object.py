"""The JSON objects that luf-tui prints: each says first which version of its keys it has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

VERSION = 1
"""It grows when a key is taken away or changes its meaning; new keys leave it as it is."""


def versioned(value: Mapping[str, Any]) -> dict[str, Any]:
    """The object with its version as the first key, the others in the order given."""
    return {"version": VERSION, **value}
