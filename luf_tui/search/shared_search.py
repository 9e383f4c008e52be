"""One search shared by several processes: they expand states, the search numbers what they find.

States travel as keys. A key's cells stand in the order in which they were first changed, which
differs between processes, so every message says which order it means.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence

from attrs import evolve, frozen

from luf_tui.policy.registry import make_policy
from luf_tui.script.program import Program
from luf_tui.search.canonical import Canonical
from luf_tui.search.expand import Expander, Successors
from luf_tui.search.keys import Key, Keys, TooWide
from luf_tui.search.pool import Pool
from luf_tui.search.race_start import at_race

LEAST, MOST = 8, 200
"""States in a chunk."""


@frozen
class Chunk:
    """States to expand, and how their keys are to be read."""

    width: int
    symmetric: bool
    layout: tuple[int, ...]
    states: tuple[Key, ...]


@frozen
class Expanded:
    """What the states of a chunk lead to."""

    layout: tuple[int, ...]
    """The chunk's, with cells behind it that changed for the first time."""
    successors: tuple[Successors, ...]
    process: int
    """Who did it."""
    wide: bool = False
    """A cell did not fit; there are no successors then."""


@frozen
class Share:
    """What one process of a search did."""

    states: int
    """States it expanded."""
    turns: int
    """Turns it tried from them."""


Helpers = Callable[[], Pool[Chunk, Expanded]]
"""Starts the processes of one search."""


Prepare = Callable[[], object]
"""Called in a process before its work, so that a person's own policy has a name there."""


@frozen
class RaceOf:
    """A race as another process can come to its start."""

    program: Program
    policy: str
    without: tuple[str, ...]
    number: int
    prepare: Prepare | None = None

    def __call__(self) -> Helper:
        """A worker for chunks of this race."""
        if self.prepare:
            self.prepare()
        return Helper(self)


class Helper:
    """Expands chunks of one race in another process."""

    def __init__(self, race: RaceOf) -> None:
        start = at_race(race.program, make_policy(race.policy, race.without), race.number)
        assert start is not None
        self.transitions = start.transitions
        self.origin = self.transitions.cells.snapshot()
        self._known: set[Key] = set()
        self._begin(Chunk(1, symmetric=False, layout=(), states=()))

    def _begin(self, chunk: Chunk) -> None:
        self.transitions.cells.restore(self.origin)
        self.transitions.cells.forget()
        canonical = Canonical(self.transitions.machine) if chunk.symmetric else None
        self.keys = Keys(self.transitions.cells, chunk.width)
        self._known.clear()
        self.expander = Expander(
            self.transitions, self.keys, canonical, known=self._known, remember=True
        )

    def _agree(self, chunk: Chunk) -> None:
        """Read keys as the chunk does: its layout first, cells known only here behind it."""
        symmetric = self.expander.canonical is not None
        own, wanted = self.keys.active, list(chunk.layout)
        shared = min(len(own), len(wanted))
        same = own[:shared] == wanted[:shared]
        if (chunk.width, chunk.symmetric) != (self.keys.width, symmetric) or not same:
            self._begin(chunk)
        self.keys.learn(wanted)

    def __call__(self, chunk: Chunk) -> Expanded:
        """Expand a chunk's states."""
        try:
            self._agree(chunk)
            successors = tuple([self.expander.expand(key) for key in chunk.states])
        except TooWide:
            self.transitions.abandon()
            self._begin(chunk)
            return Expanded((), (), os.getpid(), wide=True)
        return Expanded(tuple(self.keys.active), successors, os.getpid())


class Shares:
    """What each process of a search expanded: `count` is told of every state."""

    def __init__(self) -> None:
        self._of: dict[int, Share] = {}

    def count(self, process: int, successors: Successors) -> None:
        """Enter what a process did with one state."""
        share = self._of.get(process, Share(0, 0))
        self._of[process] = Share(share.states + 1, share.turns + successors.made)

    def all(self) -> tuple[Share, ...]:
        """The processes' shares, that of the first one to expand a state first."""
        return tuple(self._of.values())


class SharedSearch:
    """The processes of one search, and what they need to be told."""

    def __init__(self, pool: Pool[Chunk, Expanded]) -> None:
        self.pool = pool

    def successors(
        self, keys: Keys, symmetric: bool, level: Sequence[tuple[int, Key]]
    ) -> Iterator[tuple[int, Successors]]:
        """What each state of a level leads to and which process found it, in the level's order.

        Raises TooWide.
        """
        size = min(MOST, max(LEAST, len(level) // (4 * self.pool.jobs)))

        def chunks() -> Iterator[Chunk]:
            for first in range(0, len(level), size):
                states = tuple([key for _, key in level[first : first + size]])
                yield Chunk(keys.width, symmetric, tuple(keys.active), states)

        for done in self.pool.map(chunks()):
            if done.wide:
                raise TooWide
            keys.learn(done.layout)
            if tuple(keys.active[: len(done.layout)]) == done.layout:
                yield from ((done.process, one) for one in done.successors)
                continue
            for one in done.successors:
                new = tuple([(turn, keys.translated(key, done.layout)) for turn, key in one.new])
                yield done.process, evolve(one, new=new)
