"""A race on a machine of its own that notes what each turn reads and writes."""

from __future__ import annotations

from collections import Counter

from luf_tui.engine.kernel import Kernel
from luf_tui.engine.transitions import BLOCKED, REFUSED
from luf_tui.machine.machine import Machine
from luf_tui.machine.watched_cells import WatchedCells
from luf_tui.oracle.oracle import BENIGN, DEVIATION, VIOLATION
from luf_tui.policy.base import OWED, PAYING
from luf_tui.search import happened
from luf_tui.search.expectations import Asked, regions_of
from luf_tui.search.happened import facts_of, ipis_of
from luf_tui.search.judged import JudgedTransitions
from luf_tui.search.rows.learner import BREAKS, CANNOT, MADE, WAITS, Answer
from luf_tui.search.watched_policy import watched


class WatchedRace:
    """The turns of a race, from the state that its machine is in, as questions of a search.

    The machine asked is a second one, with the same configuration, cells and policy. A policy that
    writes what is not its own is told by Trespass.
    """

    def __init__(self, transitions: JudgedTransitions) -> None:
        k = transitions.k
        self._asked: set[str] = set()
        """Guards that the policy was asked for since the last question began."""
        config, asked = k.m.config, transitions.asked
        beside = regions_of(asked.program, asked.questions) if asked else []
        self.machine = Machine(config, [*k.policy.regions(config), *beside], WatchedCells)
        self.machine.cells.restore(k.m.cells.snapshot())
        self.machine.cells.forget()
        own = Kernel(self.machine, watched(k.policy, self.machine, self._asked))
        self.transitions = JudgedTransitions(
            own,
            transitions.race,
            transitions.item,
            reduced=transitions.reduced,
            asked=Asked(asked.program, asked.questions, own) if asked else None,
        )
        self.turns = self.transitions.turns
        self._start = self.transitions.mark()

    def alone(self) -> Answer:
        """The turn that need not wait for the others."""
        return Answer(given=tuple(self.transitions.forced()))

    def take(self, turn: int) -> Answer:
        """Take a turn, and hear what the oracle says of it."""
        transitions = self.transitions
        self._asked.clear()
        if not transitions.can_take(turn):
            return Answer(CANNOT)
        begins = transitions.begins(turn)
        outcome = transitions.make(turn)
        if outcome is BLOCKED:
            return Answer(WAITS)
        if outcome is REFUSED and begins and transitions.race.forever:
            return Answer(CANNOT, facts=frozenset({(happened.REFUSED, begins.span.line)}))
        judged = [] if outcome is REFUSED else transitions.judged()
        weights = Counter(one.weight for one in judged)
        facts = facts_of(self.machine, transitions.first)
        facts.update((happened.ASKED, guard) for guard in self._asked)
        if any(what == happened.NO_PAGE for what, _ in facts):
            facts.update((happened.WITHOUT, op.span.line) for op in transitions.at_work(turn))
        if begins:
            what = happened.REFUSED if outcome is REFUSED else happened.BEGAN
            facts.add((what, begins.span.line))
        if weights[BENIGN] + weights[DEVIATION]:
            facts.add((happened.STALE, 0))
        return Answer(
            BREAKS if weights[VIOLATION] else MADE,
            weights[VIOLATION],
            weights[DEVIATION],
            ipis=ipis_of(self.machine, transitions.first),
            facts=frozenset(facts),
            verdicts=() if weights[VIOLATION] else transitions.said,
        )

    def expected(self) -> Answer:
        """How the expectations come out that are asked of every state."""
        asked = self.transitions.asked
        return Answer(verdicts=asked.states(self.transitions.item) if asked else ())

    def behind(self) -> Answer:
        """What comes of going on from the end of the race."""
        self._asked.clear()
        first = len(self.machine.events)
        went = self.transitions.go_on()
        weights = Counter(one.weight for one in went.findings)
        facts = facts_of(self.machine, first)
        facts.update((happened.ASKED, guard) for guard in self._asked)
        facts.update((happened.REFUSED, line) for line in went.refused)
        facts.update((happened.BEGAN, line) for line in went.begun)
        if weights[BENIGN] + weights[DEVIATION]:
            facts.add((happened.STALE, 0))
        return Answer(
            BREAKS if weights[VIOLATION] else MADE,
            weights[VIOLATION],
            weights[DEVIATION],
            facts=frozenset(facts),
            verdicts=went.codes,
        )

    def unfinished(self) -> Answer:
        """The contexts of the race that are not done."""
        return Answer(given=tuple(self.transitions.unfinished()))

    def owed(self) -> Answer:
        """Whether a flush that was put off is not paid yet."""
        ledger = self.transitions.k.policy.ledger(self.machine)
        return Answer(given=(1,) if any(debt.state in (OWED, PAYING) for debt in ledger) else ())

    def word(self, turn: int) -> str:
        """The word of a turn in a schedule."""
        return self.transitions.word(turn)

    def undo(self) -> None:
        """Take back what was asked last."""
        self.transitions.undo(self._start)
