"""A set of states by fingerprints of 128 bits, in sixteen bytes each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Words: TypeAlias = NDArray[np.uint64]
Flags: TypeAlias = NDArray[np.bool_]
Prints: TypeAlias = tuple[Words, Words]
"""Both halves of the fingerprints of some states."""

BITS = 128
RATIO = 4
"""A run of fingerprints is merged into the one before when that is less than so many times it."""
PARTS = 16
PART_SHIFT = np.uint64(60)
"""The first bits of a fingerprint are what is left after this shift; they have so many values."""
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


def fingerprints(columns: Words) -> Prints:
    """Both halves of the fingerprints of states that are given as columns, a row a word."""
    halves = np.zeros((2, columns.shape[1]), np.uint64)
    for place, words in enumerate(columns):
        for half in (0, 1):
            halves[half] += mixed(words, place, half)
    return halves[0], halves[1]


def chance(states: int) -> float:
    """How likely it is that any two of so many different states have the same fingerprint."""
    return states * (states - 1) / 2.0 ** (BITS + 1)


class Run:
    """Fingerprints in ascending order of their first halves."""

    def __init__(self, first: Words, second: Words) -> None:
        self.first = first
        self.second = second

    def drop(self, missing: Flags, first: Words, second: Words) -> None:
        """Note of each of these that is here that it is not missing."""
        at = np.searchsorted(self.first, first)
        left = np.flatnonzero(at < len(self.first))
        while len(left):
            left = left[self.first[at[left]] == first[left]]
            same = self.second[at[left]] == second[left]
            missing[left[same]] = False
            left = left[~same]
            at[left] += 1
            left = left[at[left] < len(self.first)]

    def take_in(self, other: Run) -> None:
        """Enter those of another run."""
        at = np.searchsorted(self.first, other.first)
        self.first = np.insert(self.first, at, other.first)
        self.second = np.insert(self.second, at, other.second)


class Fingerprints:
    """A growing set: for each value of the first bits a few sorted runs, the large ones first.

    Runs are merged one value at a time, so that merging takes little memory beside the set.
    """

    def __init__(self) -> None:
        self._parts: list[list[Run]] = [[] for _ in range(PARTS)]

    def absent(self, first: Words, second: Words) -> Flags:
        """Which of these are not in the set, `first` ascending."""
        missing = np.ones(len(first), np.bool_)
        for runs, part in zip(self._parts, _parted(first), strict=True):
            for run in runs:
                run.drop(missing[part], first[part], second[part])
        return missing

    def add(self, first: Words, second: Words) -> None:
        """Enter some that are not in the set, `first` ascending."""
        for runs, part in zip(self._parts, _parted(first), strict=True):
            if part.stop > part.start:
                runs.append(Run(first[part].copy(), second[part].copy()))
            while len(runs) > 1 and len(runs[-2].first) < RATIO * len(runs[-1].first):
                runs[-2].take_in(runs.pop())

    def __len__(self) -> int:
        return sum(len(run.first) for runs in self._parts for run in runs)

    def runs(self) -> Iterator[tuple[int, Run]]:
        """Every run, with the number of the part that it is in."""
        for number, runs in enumerate(self._parts):
            yield from ((number, run) for run in runs)

    def keep_parts(self, parts: Iterable[int]) -> None:
        """Forget all that is in other parts."""
        wanted = {*parts}
        for part, runs in enumerate(self._parts):
            if part not in wanted:
                runs.clear()

    def taken(self, part: int) -> Run:
        """All of a part as one run; they are no longer here."""
        runs = self._parts[part]
        nothing = np.zeros(0, np.uint64)
        whole = runs.pop(0) if runs else Run(nothing, nothing)
        while runs:
            whole.take_in(runs.pop(0))
        return whole

    def put(self, part: int, run: Run) -> None:
        """Enter a run as `runs` gave it."""
        self._parts[part].append(run)


def _parted(first: Words) -> list[slice]:
    """Where the fingerprints with each value of the first bits stand among ascending ones."""
    bounds = np.searchsorted(first >> PART_SHIFT, np.arange(PARTS + 1)).tolist()
    return [slice(begin, end) for begin, end in pairwise(bounds)]
