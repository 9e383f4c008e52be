"""Bytes of which it is not known which of several stores came last: at most three contents."""

from __future__ import annotations

from luf_tui.machine.schema import Held, Shadow

ZEROS = 0
"""The content code of zeros."""


def has(held: Held, content: int) -> bool:
    """Whether they may be these."""
    return content in (held.value, held.other, held.third) or bool(held.vague)


def contents(held: Held) -> list[int]:
    """What they may be."""
    return list(dict.fromkeys((held.value, held.other, held.third)))


def put(held: Held, content: int) -> None:
    """They are these for certain."""
    held.value = held.other = held.third = content
    held.vague = 0


def add(held: Held, content: int) -> None:
    """One more content is possible."""
    found = contents(held)
    if content in found:
        return
    if len(found) > 2:
        held.vague = 1
    elif len(found) > 1:
        held.third = content
    else:
        held.other = content
        held.third = held.value


def forget(address: Shadow) -> None:
    """An address has no bytes of its own any more."""
    put(address, ZEROS)
    address.own = address.lazy = address.guarded = 0
