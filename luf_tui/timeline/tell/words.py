"""Small things in words, the same wherever they are told."""

from __future__ import annotations

MINUTE = 60
"""Seconds, and minutes of an hour."""


def cpus(mask: int) -> str:
    """A CPU mask as a person reads it: `cpu1 cpu2`, or `no cpu`."""
    names = [f"cpu{n}" for n in range(mask.bit_length()) if mask >> n & 1]
    return " ".join(names) or "no cpu"


def flags_text(flags: int) -> str:
    """Permission bits of a translation in words."""
    return ("writable" if flags & 1 else "read-only") + (" and dirty" if flags & 2 else "")


def counted(number: int, noun: str) -> str:
    """A number of things in words: `no page`, `1 page`, `2 pages`."""
    return f"{number or 'no'} {noun}" + ("s" if number > 1 else "")


def in_words(seconds: float) -> str:
    """A time that is estimated, as roughly as it is known."""
    if seconds < MINUTE:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / MINUTE)
    return f"{minutes} min" if minutes < MINUTE else f"{minutes // 60} h {minutes % 60} min"
