"""Every turn from one state: what a search does with each state, here or in another process."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from luf_tui.engine.strategy import EveryTurn, walk
from luf_tui.engine.transitions import BLOCKED
from luf_tui.oracle.oracle import VIOLATION, Finding
from luf_tui.search.canonical import Canonical
from luf_tui.search.judged import JudgedTransitions
from luf_tui.search.keys import Key, Keys


@frozen
class Successors:
    """What the turns from one state led to, in the order they were tried."""

    new: tuple[tuple[int, Key], ...]
    """Turns and the states they lead to, less those that were met before for certain."""
    bad: tuple[tuple[int, Finding], ...]
    """Turns that break an obligation, and how."""
    made: int
    """Turns tried."""
    deviations: int
    waiting: tuple[int, ...]
    """Contexts that cannot go on, when nobody can."""


class Expander:
    """Tries turns on one machine and names the states they lead to.

    `known` are states that need no second look, under the names they were reached by; `remember`
    adds to it. With a canonical form, that saves renaming a state twice.
    """

    def __init__(
        self,
        transitions: JudgedTransitions,
        keys: Keys,
        canonical: Canonical | None,
        *,
        known: set[Key],
        remember: bool,
        all_findings: bool = False,
    ) -> None:
        self.transitions = transitions
        self.keys = keys
        self.canonical = canonical
        self.known = known
        self.remember = remember
        self.all_findings = all_findings
        self._touched = 0

    def name(self, values: Sequence[int]) -> Key:
        """The key of a state under its canonical names, if there are such."""
        canonical = self.canonical
        if canonical is None:
            return self.keys.of(values)
        renamed = canonical.of(values)
        if len(canonical.touched) != self._touched:
            self.keys.learn(sorted(canonical.touched))
            self._touched = len(canonical.touched)
        return self.keys.of(renamed)

    def expand(self, key: Key) -> Successors:
        """Try every turn from a state, or, unless `all_findings`, up to the first violation."""
        transitions, keys, known = self.transitions, self.keys, self.known
        keys.restore(key)
        cells = transitions.cells
        log, values = cells.log_cell, cells.values
        new: list[tuple[int, Key]] = []
        bad: list[tuple[int, Finding]] = []
        made = deviations = 0
        moved = False
        state = transitions.mark()
        for turn, outcome in walk(transitions, EveryTurn(transitions)):
            made += 1
            if outcome is BLOCKED:
                continue
            moved = True
            keys.learn(log)
            broken = False
            for one in transitions.findings(outcome):
                if one.weight == VIOLATION:
                    bad.append((turn, one))
                    broken = True
                else:
                    deviations += 1
            if not broken:
                raw = keys.of(values)
                if raw not in known:
                    if self.remember:
                        known.add(raw)
                    new.append((turn, raw if self.canonical is None else self.name(values)))
            elif not self.all_findings:
                transitions.undo(state)
                break
        waiting = () if moved else tuple(transitions.unfinished())
        return Successors(tuple(new), tuple(bad), made, deviations, waiting)
