"""Which guards random programs miss: each one removed in turn, the same programs played again.

A program is played as it stands, one line after the other; nothing is searched. A guard that the
policy was not asked for with every guard on changes nothing, so its program is not played again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from attrs import frozen

from luf_tui.errors import LufError
from luf_tui.oracle.play_and_judge import violations
from luf_tui.policy.registry import POLICIES
from luf_tui.search.all_guards import asking
from luf_tui.search.pool import mapped
from luf_tui.search.random_programs.random_program import random_program

CHUNK = 25
"""Programs a process plays at a time with every guard on."""


@frozen
class Played:
    """What one random program came to."""

    seed: int
    obligation: str
    """The first obligation broken; empty when none is."""
    asked: frozenset[str]


@frozen
class RandomVerdict:
    """The first seed whose program shows that a guard is missing; -1 when none does."""

    guard: str
    seed: int
    obligation: str = ""


def play(policy: str, seed: int, *without: str) -> Played:
    """Play the random program of a seed up to its first violation."""
    asked: set[str] = set()
    broken = violations(random_program(seed), asking(POLICIES[policy], asked)(without))
    first = next(broken, None)
    return Played(seed, (first.obligation or first.rule) if first else "", frozenset(asked))


def _worker(policy: str) -> Callable[[tuple[str, tuple[int, ...]]], list[Played]]:
    return partial(_done, policy)


def _done(policy: str, work: tuple[str, tuple[int, ...]]) -> list[Played]:
    """Play some programs without a guard up to the first that shows it, or all of them whole."""
    guard, seeds = work
    played = []
    for seed in seeds:
        played.append(play(policy, seed, *([guard] if guard else [])))
        if guard and played[-1].obligation:
            break
    return played


def by_random(
    policy: str, guards: Sequence[str], programs: int, *, jobs: int = 1
) -> Iterator[RandomVerdict]:
    """For each guard in turn, the first of the programs with seeds from 0 that shows it missing.

    Raises LufError when one of the programs breaks an obligation with every guard on.
    """
    make = partial(_worker, policy)
    starts = range(0, programs, CHUNK)
    chunks = [("", tuple(range(at, min(at + CHUNK, programs)))) for at in starts]
    whole = [one for chunk in mapped(jobs, make, chunks) for one in chunk]
    for one in whole:
        if one.obligation:
            raise LufError(
                f"the random program of seed {one.seed} breaks {one.obligation} under {policy} "
                "with every guard on, and tells nothing of a guard"
            )
    works = [(guard, tuple(one.seed for one in whole if guard in one.asked)) for guard in guards]
    for (guard, _), played in zip(works, mapped(jobs, make, works), strict=True):
        shown = next((one for one in played if one.obligation), None)
        yield (
            RandomVerdict(guard, shown.seed, shown.obligation)
            if shown
            else RandomVerdict(guard, -1)
        )
