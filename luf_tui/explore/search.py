"""Breadth-first search over every order of a race: the first violation found is a nearest one."""

from __future__ import annotations

import time
from collections.abc import Callable

from attrs import field, frozen

from luf_tui.explore.canonical import Canonical
from luf_tui.explore.keys import WIDE, Key, Keys, TooWide
from luf_tui.explore.moves import Moves
from luf_tui.oracle.oracle import VIOLATION, Finding

SAFE, UNSAFE, BOUNDED = "safe", "unsafe", "bounded"
"""Verdicts: every order holds, one does not, or the search stopped before it had seen all."""
DEADLOCK = "deadlock"
TELL_EVERY = 2000
"""States between two reports of progress."""


@frozen
class Limits:
    """When a search stops early; 0 is no limit."""

    states: int = 0
    seconds: float = 0.0


@frozen
class Broken:
    """An order that breaks an obligation, or that ends with nobody able to go on."""

    obligation: str
    rule: str
    message: str
    turns: tuple[int, ...]
    finding: Finding | None = None
    """None for a deadlock."""


@frozen
class Result:
    """What a search found."""

    verdict: str
    states: int
    transitions: int
    seconds: float
    depth: int
    """Turns of the longest order looked at."""
    broken: tuple[Broken, ...] = ()
    deviations: int = 0
    """Turns with an accepted but visible difference."""
    why: str = ""
    """What ended a bounded search."""
    keys: frozenset[Key] = field(default=frozenset(), repr=False)


@frozen
class Progress:
    """Where a search stands."""

    states: int
    waiting: int
    depth: int
    seconds: float


Tell = Callable[[Progress], None]


class Search:
    """One search of one race.

    `symmetric` counts states as one that differ only by names that nothing depends on (frames,
    generations). `all_findings` goes on after a violation, past which it never looks.
    """

    def __init__(
        self,
        moves: Moves,
        *,
        symmetric: bool = True,
        all_findings: bool = False,
        limits: Limits | None = None,
        tell: Tell | None = None,
        keep: bool = False,
    ) -> None:
        self.moves = moves
        self.limits = limits or Limits()
        self.tell = tell
        self.all_findings = all_findings
        self.canonical = Canonical(moves.machine, moves.turns.k.policy) if symmetric else None
        self.keep = keep
        self._stop = ""
        self._begin(1)

    def _begin(self, width: int) -> None:
        self.keys = Keys(self.moves.cells, width)
        self._touched = 0
        self.parents: dict[Key, tuple[Key, int]] = {}
        self.broken: list[Broken] = []
        self.deviations = 0
        self.depth = 0
        self.started = time.monotonic()

    def stop(self, why: str) -> None:
        """End the search after the state at hand; from another thread, too."""
        self._stop = why

    def run(self) -> Result:
        """Search until everything is seen, something is found, or a limit is reached.

        Ctrl-C ends it with what was found so far. The machine stands at the start afterwards.
        """
        origin = self.moves.cells.snapshot()
        why = ""
        try:
            why = self._search()
        except TooWide:
            self.moves.cells.restore(origin)
            self._begin(WIDE)
            why = self._search()
        finally:
            self.moves.cells.restore(origin)
            self.moves.cells.forget()
        verdict = UNSAFE if self.broken else BOUNDED if why else SAFE
        return Result(
            verdict,
            len(self.parents),
            self.moves.transitions,
            time.monotonic() - self.started,
            self.depth,
            tuple(self.broken),
            self.deviations,
            why,
            frozenset(self.parents) if self.keep else frozenset(),
        )

    def _search(self) -> str:
        start = self._key()
        self.parents[start] = (start, -1)
        level = [start]
        try:
            while level:
                following: list[Key] = []
                for key in level:
                    why = self._limit()
                    if why:
                        return why
                    self._expand(key, following)
                    if self.broken and not self.all_findings:
                        return ""
                    if self.tell and len(self.parents) % TELL_EVERY < len(level) & 1:
                        self._report(len(following))
                level = following
                self.depth += bool(level)
                self._report(len(level))
        except KeyboardInterrupt:
            self.moves.abandon()
            return "interrupted"
        return ""

    def _report(self, waiting: int) -> None:
        if self.tell:
            spent = time.monotonic() - self.started
            self.tell(Progress(len(self.parents), waiting, self.depth, spent))

    def _limit(self) -> str:
        limits = self.limits
        if self._stop:
            return self._stop
        if limits.states and len(self.parents) >= limits.states:
            return f"stopped at {limits.states} states"
        if limits.seconds and time.monotonic() - self.started > limits.seconds:
            return f"stopped after {limits.seconds:g} seconds"
        return ""

    def _key(self) -> Key:
        values = self.moves.cells.values
        canonical = self.canonical
        if canonical is None:
            return self.keys.of(values)
        renamed = canonical.of(values)
        if len(canonical.touched) != self._touched:
            self.keys.learn(sorted(canonical.touched))
            self._touched = len(canonical.touched)
        return self.keys.of(renamed)

    def _expand(self, key: Key, following: list[Key]) -> None:
        """Try every turn from one state."""
        moves, keys, parents = self.moves, self.keys, self.parents
        keys.restore(key)
        log = moves.cells.log_cell
        moved = False
        for turn in moves.choices():
            found = moves.make(turn)
            if found is None:
                moves.undo()
                continue
            moved = True
            keys.learn(log)
            for one in found:
                if one.weight == VIOLATION:
                    turns = (*self.path(key), turn)
                    self.broken.append(
                        Broken(one.obligation or one.rule, one.rule, one.message, turns, one)
                    )
                else:
                    self.deviations += 1
            if found and any(one.weight == VIOLATION for one in found):
                moves.undo()
                if not self.all_findings:
                    return
                continue
            new = self._key()
            if new not in parents:
                parents[new] = (key, turn)
                following.append(new)
            moves.undo()
        if not moved and moves.turns.unfinished():
            self._deadlock(key)

    def _deadlock(self, key: Key) -> None:
        machine = self.moves.machine
        names = [machine.ctx_name(ctx) for ctx in self.moves.turns.unfinished()]
        message = f"nobody can go on, and {' and '.join(names)} did not finish"
        self.broken.append(Broken(DEADLOCK, "W", message, tuple(self.path(key))))

    def path(self, key: Key) -> list[int]:
        """The turns that lead from the start to a state."""
        turns: list[int] = []
        while True:
            parent, turn = self.parents[key]
            if turn < 0:
                return turns[::-1]
            turns.append(turn)
            key = parent
