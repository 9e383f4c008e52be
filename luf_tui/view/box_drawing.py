"""Box-drawing characters by their arms, as Unicode names them: to draw lines that meet."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Final, TypeAlias

LIGHT, HEAVY = 1, 2
"""Weights of an arm; 0 is none."""
UP, RIGHT, DOWN, LEFT = range(4)
"""The places of the arms of a character."""
Arms: TypeAlias = "tuple[int, int, int, int]"

_WEIGHTS: Final = {"LIGHT": LIGHT, "HEAVY": HEAVY}
_SIDES: Final = {
    "UP": (UP,), "RIGHT": (RIGHT,), "DOWN": (DOWN,), "LEFT": (LEFT,),
    "HORIZONTAL": (LEFT, RIGHT), "VERTICAL": (UP, DOWN),
}  # fmt: skip
_OTHERS: Final = frozenset({"DASH", "DOUBLE", "SINGLE", "ARC", "DIAGONAL"})


def _named() -> Iterator[tuple[str, Arms]]:
    """The plain characters of the block, and their arms."""
    for code in range(0x2500, 0x2580):
        words = unicodedata.name(chr(code)).split()[2:]
        if not _OTHERS.intersection(words):
            yield chr(code), _arms(" ".join(words))


def _arms(name: str) -> Arms:
    """`LIGHT DOWN AND RIGHT`, `DOWN HEAVY AND HORIZONTAL LIGHT`: a weight stands before the arms it
    is of, and is that of further ones, or after them.
    """
    found, weight = [0, 0, 0, 0], LIGHT
    for part in name.split(" AND "):
        words = part.split()
        weight = next((_WEIGHTS[word] for word in words if word in _WEIGHTS), weight)
        for word in words:
            for side in _SIDES.get(word, ()):
                found[side] = weight
    up, right, down, left = found
    return up, right, down, left


ARMS: Final = dict(_named())
"""The arms of every plain character."""
_CHARACTERS: Final = {arms: char for char, arms in ARMS.items()}
_BROKEN: Final = {
    (0, LIGHT, 0, LIGHT): "┄", (LIGHT, 0, LIGHT, 0): "┆",
    (0, HEAVY, 0, HEAVY): "┅", (HEAVY, 0, HEAVY, 0): "┇",
}  # fmt: skip


def character(arms: Arms, *, broken: bool = False) -> str:
    """The character with these arms, a space where there is none; broken where that can be."""
    if broken and arms in _BROKEN:
        return _BROKEN[arms]
    return _CHARACTERS.get(arms, " ")
