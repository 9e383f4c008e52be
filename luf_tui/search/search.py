"""Breadth-first search over every order of a race: the first violation found is a nearest one."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence

from attrs import field, frozen

from luf_tui.engine.transitions import Transitions, Turn
from luf_tui.oracle.oracle import Finding
from luf_tui.search.canonical import Canonical
from luf_tui.search.expand import Expander, Successors
from luf_tui.search.frontier import Frontier
from luf_tui.search.judged import JudgedTransitions
from luf_tui.search.keys import WIDE, Key, Keys, TooWide
from luf_tui.search.shared_search import Helpers, Share, SharedSearch, Shares

SAFE, UNSAFE, BOUNDED = "safe", "unsafe", "bounded"
"""Verdicts: every order holds, one does not, or the search stopped before it had seen all."""
DEADLOCK = "deadlock"
INTERRUPTED = "interrupted"
"""Why a search ended that Ctrl-C stopped."""
JUDGE_AT = 1000
"""States after which renaming is judged by what it has merged."""
WORTHWHILE = 0.8
"""Renaming costs more than it saves when more than this share of the states remains."""
SHARE_AT = 3000
"""States after which helpers are called: starting them takes as long as a few thousand states."""
TELL_EVERY = 2000
"""States between two reports of progress."""


class NotWorthwhile(Exception):
    """Renaming merges too little to pay for itself: the search starts over without it."""


@frozen
class Limits:
    """When a search stops early; 0 is no limit."""

    states: int = 0
    seconds: float = 0.0

    def reached(self, states: int, seconds: float) -> str:
        """Which limit so many states or seconds are, in words; empty for none."""
        if self.states and states >= self.states:
            return f"stopped at {self.states} states"
        if self.seconds and seconds > self.seconds:
            return f"stopped after {self.seconds:g} seconds"
        return ""


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


def violation(finding: Finding, turns: Sequence[Turn]) -> Broken:
    """An order whose last turn breaks an obligation, or only a rule."""
    kind = finding.obligation or finding.rule
    return Broken(kind, finding.rule, finding.message, tuple(turns), finding)


def deadlock(transitions: Transitions, turns: Sequence[Turn], waiting: tuple[int, ...]) -> Broken:
    """An order after which nobody can go on, and some contexts have not finished."""
    m = transitions.machine
    names = " and ".join(m.ctx_name(m.ctx[ctx]) for ctx in waiting)
    message = f"nobody can go on, and {names} did not finish"
    return Broken(DEADLOCK, "W", message, tuple(turns), waiting=waiting)


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
    shares: tuple[Share, ...] = ()
    """What each process expanded, this one first, then the helpers."""
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
    `helpers` starts processes that look at states of this race; what is found, and in which
    order, does not depend on them.
    """

    def __init__(
        self,
        transitions: JudgedTransitions,
        *,
        symmetric: bool = True,
        all_findings: bool = False,
        limits: Limits | None = None,
        tell: Tell | None = None,
        keep: bool = False,
        helpers: Helpers | None = None,
    ) -> None:
        self.transitions = transitions
        self.limits = limits or Limits()
        self.tell = tell
        self.all_findings = all_findings
        self.canonical = Canonical(transitions.machine) if symmetric else None
        self.keep = keep
        self.helpers = helpers
        self._shared: SharedSearch | None = None
        self.started = time.monotonic()
        self._stop = ""
        self._begin(1)

    def _begin(self, width: int) -> None:
        self.keys = Keys(self.transitions.cells, width)
        self.seen: set[Key] = set()
        self.seen_raw: set[Key] = set() if self.canonical else self.seen
        """States under the names they were reached by, so that each is renamed only once."""
        self.expander = Expander(
            self.transitions,
            self.keys,
            self.canonical,
            known=self.seen_raw,
            remember=bool(self.canonical),
            all_findings=self.all_findings,
        )
        self.frontier = Frontier()
        self.broken: list[Broken] = []
        self.turns_tried = 0
        """Turns tried so far."""
        self.deviations = 0
        self.shares = Shares()
        self._judged = self.keep or not self.canonical

    @property
    def states(self) -> int:
        """States found so far; may be read from another thread, as may `turns_tried` and `depth`.

        A search that starts over, with wider keys or without renaming, counts from 0 again.
        """
        return len(self.frontier)

    @property
    def depth(self) -> int:
        """Turns of the longest order looked at so far."""
        return self.frontier.depth

    def stop(self, why: str) -> None:
        """End the search after the state at hand; from another thread, too."""
        self._stop = why

    def run(self) -> Result:
        """Search until everything is seen, something is found, or a limit is reached.

        Ctrl-C ends it with what was found so far. The machine stands at the start afterwards.
        """
        origin = self.transitions.cells.snapshot()
        self.started = time.monotonic()
        try:
            why = self._until_it_fits(origin)
        except KeyboardInterrupt:
            self.transitions.abandon()
            why = INTERRUPTED
        finally:
            self._dismiss()
            self.transitions.cells.restore(origin)
            self.transitions.cells.forget()
        verdict = UNSAFE if self.broken else BOUNDED if why else SAFE
        return Result(
            verdict,
            self.states,
            self.turns_tried,
            self._spent(),
            self.depth,
            tuple(self.broken),
            self.deviations,
            why,
            self.shares.all(),
            frozenset(self.seen) if self.keep else frozenset(),
        )

    def _until_it_fits(self, origin: bytes) -> str:
        """Search, and begin again where keys are too narrow or renaming is not worth its while."""
        width = self.keys.width
        while True:
            try:
                return self._search()
            except TooWide:
                width = WIDE
            except NotWorthwhile:
                self.canonical = None
            self._dismiss()
            self.transitions.abandon()
            self.transitions.cells.restore(origin)
            self._begin(width)

    def _search(self) -> str:
        start = self.expander.name(self.transitions.cells.values)
        self.seen.add(start)
        self.frontier.begin(start)
        told = 0
        while level := self.frontier.level:
            for (number, _), (process, successors) in zip(
                level, self._successors(level), strict=False
            ):
                why = self._stop or self.limits.reached(self.states, self._spent())
                if why:
                    return why
                self.shares.count(process, successors)
                self._merge(number, successors)
                if self.broken and not self.all_findings:
                    return ""
                if self.states >= told + TELL_EVERY:
                    told = self.states
                    self._report()
            self.frontier.advance()
        return ""

    def _successors(self, level: Sequence[tuple[int, Key]]) -> Iterator[tuple[int, Successors]]:
        """What each state of a level leads to, and which process found it: helpers, once large."""
        if self.helpers and self.states >= SHARE_AT:
            self._shared = self._shared or SharedSearch(self.helpers())
            yield from self._shared.successors(self.keys, self.canonical is not None, level)
            return
        process = os.getpid()
        for _, key in level:
            yield process, self.expander.expand(key)

    def _merge(self, number: int, successors: Successors) -> None:
        """Enter what one state leads to."""
        self.turns_tried += successors.made
        self.deviations += successors.deviations
        for turn, one in successors.bad:
            self.broken.append(violation(one, (*self.frontier.path(number), turn)))
        for turn, key in successors.new:
            if key not in self.seen:
                self.seen.add(key)
                self.frontier.add(number, turn, key)
        if successors.waiting:
            path = self.frontier.path(number)
            self.broken.append(deadlock(self.transitions, path, successors.waiting))
        if not self._judged and len(self.seen_raw) >= JUDGE_AT:
            self._judged = True
            if len(self.seen) > WORTHWHILE * len(self.seen_raw):
                raise NotWorthwhile

    def _dismiss(self) -> None:
        if self._shared:
            self._shared.pool.close()
            self._shared = None

    def _report(self) -> None:
        if self.tell:
            self.tell(Progress(self.states, self.frontier.waiting, self.depth, self._spent()))

    def _spent(self) -> float:
        return time.monotonic() - self.started
