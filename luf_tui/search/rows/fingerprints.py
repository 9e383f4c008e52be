"""A set of states by fingerprints of 128 bits, in sixteen bytes each."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Words: TypeAlias = NDArray[np.uint64]
Flags: TypeAlias = NDArray[np.bool_]

BITS = 128
RATIO = 4
"""A run of fingerprints is merged into the one before when that is less than so many times it."""
MOST_WORDS = 4096
SHIFTS = np.uint64(29), np.uint64(32)


def _multipliers() -> Words:
    """Odd numbers, two for each half of each word, from a fixed seed: the same in every process."""
    drawn = np.random.Generator(np.random.PCG64(1985))
    return drawn.integers(0, 2**64, (MOST_WORDS, 2, 2), dtype=np.uint64) | np.uint64(1)


MULTIPLIERS = _multipliers()


def mixed(words: Words, place: int, half: int) -> Words:
    """What a word of some states, the one at `place`, adds to a half of their fingerprints.

    The sum over all words is the fingerprint, so that one follows from another by the words that
    changed. A word that is 0 adds nothing.
    """
    first, second = MULTIPLIERS[place, half]
    found: Words = words * first
    found ^= found >> SHIFTS[0]
    found *= second
    found ^= found >> SHIFTS[1]
    return found


def fingerprints(columns: Words) -> tuple[Words, Words]:
    """Both halves of the fingerprints of states that are given as columns, a row a word."""
    halves = np.zeros((2, columns.shape[1]), np.uint64)
    for place, words in enumerate(columns):
        for half in (0, 1):
            halves[half] += mixed(words, place, half)
    return halves[0], halves[1]


def chance(states: int) -> float:
    """How likely it is that any two of so many different states have the same fingerprint."""
    return states * (states - 1) / 2.0 ** (BITS + 1)


class Fingerprints:
    """A growing set, as a few sorted runs, the large ones first."""

    def __init__(self) -> None:
        self._runs: list[tuple[Words, Words]] = []

    def absent(self, first: Words, second: Words) -> Flags:
        """Which of these are not in the set; quickest when `first` ascends."""
        missing = np.ones(len(first), np.bool_)
        for run, beside in self._runs:
            at = np.searchsorted(run, first)
            left = np.flatnonzero(at < len(run))
            while len(left):
                left = left[run[at[left]] == first[left]]
                same = beside[at[left]] == second[left]
                missing[left[same]] = False
                left = left[~same]
                at[left] += 1
                left = left[at[left] < len(run)]
        return missing

    def add(self, first: Words, second: Words) -> None:
        """Enter some that are not in the set, `first` ascending."""
        self._runs.append((first, second))
        while len(self._runs) > 1 and len(self._runs[-2][0]) < RATIO * len(self._runs[-1][0]):
            (low, low_beside), (high, high_beside) = self._runs[-2:]
            at = np.searchsorted(low, high)
            self._runs[-2:] = [(np.insert(low, at, high), np.insert(low_beside, at, high_beside))]

    def __len__(self) -> int:
        return sum(len(first) for first, _ in self._runs)
