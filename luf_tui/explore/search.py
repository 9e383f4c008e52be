"""Breadth-first search over every order of a race: the first violation found is a nearest one."""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Sequence

from attrs import field, frozen

from luf_tui.explore.canonical import Canonical
from luf_tui.explore.keys import WIDE, Key, Keys, TooWide
from luf_tui.explore.moves import Moves
from luf_tui.oracle.oracle import VIOLATION, Finding

SAFE, UNSAFE, BOUNDED = "safe", "unsafe", "bounded"
"""Verdicts: every order holds, one does not, or the search stopped before it had seen all."""
DEADLOCK = "deadlock"
INTERRUPTED = "interrupted"
"""Why a search ended that Ctrl-C stopped."""
JUDGE_AT = 1000
"""States after which renaming is judged by what it has merged."""
WORTHWHILE = 0.8
"""Renaming costs more than it saves when more than this share of the states remains."""
TELL_EVERY = 2000
"""States between two reports of progress."""


class NotWorthwhile(Exception):
    """Renaming merges too little to pay for itself: the search starts over without it."""


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
    waiting: tuple[int, ...] = ()
    """The contexts that cannot go on, in a deadlock."""


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
    generations), for as long as that merges enough of them. `keep` keeps every state's key, and
    then renames to the end. `all_findings` goes on after a violation, past which it never looks.
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
        self.canonical = Canonical(moves.machine) if symmetric else None
        self.keep = keep
        self.started = time.monotonic()
        self._stop = ""
        self._begin(1)

    def _begin(self, width: int) -> None:
        self.keys = Keys(self.moves.cells, width)
        self._touched = 0
        self.seen: set[Key] = set()
        self.seen_raw: set[Key] = set()
        """States under the names they were reached by, so that each is renamed only once."""
        self.parent: array[int] = array("I")
        self.turn: array[int] = array("H")
        """By number of a state: the state it was first reached from, and by which turn."""
        self.broken: list[Broken] = []
        self.deviations = 0
        self.depth = 0
        """Turns of the longest order looked at so far."""
        self._before = self.moves.transitions

    @property
    def states(self) -> int:
        """States found so far; may be read from another thread, as may `transitions` and `depth`.

        A search that starts over, with wider keys or without renaming, counts from 0 again.
        """
        return len(self.turn)

    @property
    def transitions(self) -> int:
        """Turns tried so far."""
        return self.moves.transitions - self._before

    def stop(self, why: str) -> None:
        """End the search after the state at hand; from another thread, too."""
        self._stop = why

    def run(self) -> Result:
        """Search until everything is seen, something is found, or a limit is reached.

        Ctrl-C ends it with what was found so far. The machine stands at the start afterwards.
        """
        origin = self.moves.cells.snapshot()
        self.started = time.monotonic()
        width, why = self.keys.width, ""
        try:
            while True:
                try:
                    why = self._search()
                    break
                except TooWide:
                    width = WIDE
                except NotWorthwhile:
                    self.canonical = None
                self.moves.abandon()
                self.moves.cells.restore(origin)
                self._begin(width)
        finally:
            self.moves.cells.restore(origin)
            self.moves.cells.forget()
        verdict = UNSAFE if self.broken else BOUNDED if why else SAFE
        return Result(
            verdict,
            self.states,
            self.transitions,
            time.monotonic() - self.started,
            self.depth,
            tuple(self.broken),
            self.deviations,
            why,
            frozenset(self.seen) if self.keep else frozenset(),
        )

    def _search(self) -> str:
        values = self.moves.cells.values
        start = self._renamed(values) if self.canonical else self.keys.of(values)
        self.seen.add(start)
        level = [(self._number(0, 0), start)]
        told = 0
        try:
            while level:
                following: list[tuple[int, Key]] = []
                for number, key in level:
                    why = self._limit()
                    if why:
                        return why
                    self._expand(number, key, following)
                    if self.broken and not self.all_findings:
                        return ""
                    if len(self.turn) >= told + TELL_EVERY:
                        told = len(self.turn)
                        self._report(len(following))
                level = following
                self.depth += bool(level)
        except KeyboardInterrupt:
            self.moves.abandon()
            return INTERRUPTED
        return ""

    def _number(self, parent: int, turn: int) -> int:
        self.parent.append(parent)
        self.turn.append(turn)
        return len(self.turn) - 1

    def _report(self, waiting: int) -> None:
        if self.tell:
            spent = time.monotonic() - self.started
            self.tell(Progress(len(self.turn), waiting, self.depth, spent))

    def _limit(self) -> str:
        limits = self.limits
        if self._stop:
            return self._stop
        if limits.states and len(self.turn) >= limits.states:
            return f"stopped at {limits.states} states"
        if limits.seconds and time.monotonic() - self.started > limits.seconds:
            return f"stopped after {limits.seconds:g} seconds"
        return ""

    def _new_key(self) -> Key | None:
        """The key of the state at hand, or None when it was seen before."""
        values = self.moves.cells.values
        raw = self.keys.of(values)
        if self.canonical is None:
            key = raw
        else:
            if raw in self.seen_raw:
                return None
            self.seen_raw.add(raw)
            key = self._renamed(values)
        new = key not in self.seen
        self.seen.add(key)
        judged = len(self.seen_raw) == JUDGE_AT and not self.keep
        if judged and len(self.seen) > WORTHWHILE * JUDGE_AT:
            raise NotWorthwhile
        return key if new else None

    def _renamed(self, values: Sequence[int]) -> Key:
        canonical = self.canonical
        assert canonical is not None
        renamed = canonical.of(values)
        if len(canonical.touched) != self._touched:
            self.keys.learn(sorted(canonical.touched))
            self._touched = len(canonical.touched)
        return self.keys.of(renamed)

    def _expand(self, number: int, key: Key, following: list[tuple[int, Key]]) -> None:
        """Try every turn from one state."""
        moves, keys = self.moves, self.keys
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
                    turns = (*self.path(number), turn)
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
            new = self._new_key()
            if new is not None:
                following.append((self._number(number, turn), new))
            moves.undo()
        if not moved and moves.turns.unfinished():
            self._deadlock(number)

    def _deadlock(self, number: int) -> None:
        machine = self.moves.machine
        waiting = tuple(self.moves.turns.unfinished())
        names = " and ".join(machine.ctx_name(ctx) for ctx in waiting)
        message = f"nobody can go on, and {names} did not finish"
        turns = tuple(self.path(number))
        self.broken.append(Broken(DEADLOCK, "W", message, turns, waiting=waiting))

    def path(self, number: int) -> list[int]:
        """The turns that lead from the start to a state, given by its number."""
        turns: list[int] = []
        while number:
            turns.append(self.turn[number])
            number = self.parent[number]
        return turns[::-1]
