"""Random walks through a race, for where there are more orders than a search can see."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from random import Random

from attrs import evolve

from luf_tui.engine.strategy import EveryTurn, walk
from luf_tui.engine.transitions import BLOCKED, REFUSED, Transitions, Turn
from luf_tui.oracle.oracle import VIOLATION
from luf_tui.search.judged import JudgedTransitions
from luf_tui.search.result import (
    BOUNDED,
    FAILED,
    INTERRUPTED,
    UNSAFE,
    Broken,
    Limits,
    Result,
    deadlock,
    failures,
    violation,
)

MOST_TURNS = 1000
"""Turns of a walk: where the machine has choices of its own, some order goes on for ever."""


class RandomWalk:
    """A strategy: any turn that can be taken, the same ones for the same seed, up to `most`."""

    def __init__(self, seed: int, most: int = MOST_TURNS) -> None:
        self._random = Random(seed)  # noqa: S311  # repeatable, not secret
        self._left = most

    def next(self, transitions: Transitions) -> Turn | None:
        """One of the turns that can be taken; None when there is none, or after `most`."""
        enabled = transitions.enabled() if self._left else []
        self._left -= 1
        return self._random.choice(enabled) if enabled else None


class RandomWalks:
    """Some walks through one race, with seeds from 0, up to the first violation.

    Nothing found is no proof: the verdict is BOUNDED then. States are counted under the names they
    are reached by.
    """

    def __init__(
        self, transitions: JudgedTransitions, walks: int, *, limits: Limits | None = None
    ) -> None:
        self.transitions = transitions
        self.walks = walks
        self.limits = limits or Limits()
        self.turns_tried = 0
        self.depth = 0
        """Turns of the longest walk so far."""
        self.seen = {hash(transitions.cells.snapshot())}
        """States met so far, by their hashes."""
        self._deviations = 0
        self.verdicts: Counter[int] = Counter()
        """How often expectations came out in which way."""
        self._stop = ""

    @property
    def states(self) -> int:
        """How many states were met so far; may be read from another thread, as may `turns_tried`
        and `depth`.
        """
        return len(self.seen)

    def stop(self, why: str) -> None:
        """End it after the turn at hand; from another thread, too."""
        self._stop = why

    def run(self) -> Result:
        """Walk until something is found, or a limit is reached, or Ctrl-C. The machine stands at
        the start afterwards.
        """
        started = time.monotonic()
        broken: Broken | None = None
        why = f"{self.walks} random walks"
        try:
            for seed in range(self.walks):
                broken = self._walk(seed)
                self.transitions.abandon()
                stop = self._stop or self.limits.reached(self.states, time.monotonic() - started)
                if broken or stop:
                    why = stop
                    break
        except KeyboardInterrupt:
            self.transitions.abandon()
            why = INTERRUPTED
        failed = broken is not None and broken.verdict >= 0
        return Result(
            FAILED if failed else UNSAFE if broken else BOUNDED,
            self.states,
            self.turns_tried,
            time.monotonic() - started,
            self.depth,
            (broken,) if broken else (),
            self._deviations,
            "" if broken else why,
            verdicts=dict(self.verdicts),
        )

    def _walk(self, seed: int) -> Broken | None:
        """What breaks in the walk of one seed. A turn that has to wait is not part of it."""
        transitions = self.transitions
        turns: list[Turn] = []
        state = transitions.mark()
        if failed := self._hear(turns):
            return failed
        for turn, outcome in walk(transitions, RandomWalk(seed)):
            self.turns_tried += 1
            if outcome is BLOCKED:
                transitions.undo(state)
                continue
            turns.append(turn)
            for one in transitions.findings():
                if one.weight == VIOLATION:
                    return violation(one, turns)
                self._deviations += 1
            if failed := self._hear(turns):
                return failed
            self.seen.add(hash(transitions.cells.snapshot()))
            self.depth = max(self.depth, len(turns))
            if self._stop:
                return None
            state = transitions.mark()
        # A refused line of a forever block comes again and again, and is no way on.
        none = (BLOCKED, REFUSED) if transitions.race.forever else (BLOCKED,)
        if all(outcome in none for _, outcome in walk(transitions, EveryTurn(transitions))):
            waiting = tuple(transitions.unfinished())
            return deadlock(transitions, turns, waiting) if waiting else self._go_on(turns)
        return None

    def _hear(self, turns: Sequence[Turn]) -> Broken | None:
        """What fails in the state that these turns lead to."""
        asked = self.transitions.asked
        if asked is None:
            return None
        codes = (*self.transitions.said, *asked.states(self.transitions.item))
        self.verdicts.update(codes)
        return next(iter(failures(asked.questions, codes, turns)), None)

    def _go_on(self, turns: Sequence[Turn]) -> Broken | None:
        """What breaks or fails behind the race."""
        asked, item = self.transitions.asked, self.transitions.item
        if asked is None or self.transitions.race.forever or not asked.goes_on(item):
            return None
        went = self.transitions.go_on()
        self.verdicts.update(went.codes)
        for one in went.findings:
            if one.weight == VIOLATION:
                return evolve(violation(one, turns), behind=True)
            self._deviations += 1
        found = failures(asked.questions, went.codes, turns, behind=True)
        return next(iter(found), None)
