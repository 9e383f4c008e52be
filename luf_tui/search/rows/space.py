"""The states that one system can be in: what is asked of it, what was found, and the ways back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from attrs import frozen

from luf_tui.engine.transitions import Turn
from luf_tui.search.rows.images import Image
from luf_tui.search.rows.known import Known
from luf_tui.search.rows.learner import MADE, Ask, Learner, Row, System
from luf_tui.search.rows.packing import State
from luf_tui.search.ways_back import WaysBack

if TYPE_CHECKING:
    from luf_tui.search.rows.names.alike import Group

OFTEN, SELDOM = 64, 16_384
"""One state in so many is checked: among the first ones, and later on."""
FIRST_ONES = 2048
ENOUGH = 100_000
"""States after which a search in which an expectation fails goes on no further."""

EVERYWHERE, BEHIND = -2, -1
"""In the place of a turn: what is asked of a state itself, and what comes of a state in which
everybody is done.
"""

Made: TypeAlias = tuple[int, int, State]
"""A turn: from which state, to which, and the bits that it changes, before any renaming."""


@frozen
class Elsewhere:
    """What rows have told that this process does not have: those of a search before it was left
    off, and those of other processes that share it.
    """

    facts: frozenset[tuple[str, int | str]] = frozenset()
    learnt: int = 0
    checked: int = 0


class Space:
    """A search's questions and its findings. States are numbered in the order of discovery, from
    the start, which is 0. With a `group`, every question is asked under each of its permutations,
    too.
    """

    def __init__(
        self,
        system: System,
        wider: dict[int, int],
        *,
        all_findings: bool = False,
        expected: Ask | None = None,
        behind: Ask | None = None,
        fails: Collection[int] = (),
        group: Group | None = None,
    ) -> None:
        """`expected` and `behind` tell how expectations come out in a state, and behind it;
        `fails` are the verdicts after which something has gone wrong.
        """
        self.learner = learner = Learner(system, wider)
        others = group.elements[1:] if group else []
        contexts = [dict(enumerate(one.contexts)) for one in others]
        self.alone = Known(
            learner,
            "the turn that need not wait",
            system.alone,
            [
                Image(one.moved, one.parts, system.alone, one.turns, lambda: self.alone)
                for one in others
            ],
        )
        self.turns = tuple(
            (
                turn,
                Known(
                    learner,
                    system.word(turn),
                    partial(system.take, turn),
                    [
                        Image(
                            one.moved,
                            one.parts,
                            partial(system.take, one.turns[turn]),
                            {},
                            partial(self._turn_known, one.turns[turn]),
                        )
                        for one in others
                    ],
                ),
            )
            for turn in system.turns
        )
        self.turn = dict(self.turns)
        self.unfinished = Known(
            learner,
            "what is left to do",
            system.unfinished,
            [
                Image(one.moved, one.parts, system.unfinished, named, lambda: self.unfinished)
                for one, named in zip(others, contexts, strict=True)
            ],
        )
        self.expected = expected and Known(
            learner,
            "what is expected",
            expected,
            [Image(one.moved, one.parts, expected, {}, self._expecting) for one in others],
        )
        self.behind = behind and Known(learner, "what stands behind the race", behind)
        self.fails = fails
        asked = [known for known in (self.expected, self.behind) if known]
        self.questions = (self.alone, *self.turn.values(), self.unfinished, *asked)
        self._rows_checked = 0
        self.all_findings = all_findings
        """Whether to go on after something was found, past which nothing is looked at."""
        self.begin()

    def _turn_known(self, turn: Turn) -> Known:
        return self.turn[turn]

    def _expecting(self) -> Known:
        assert self.expected
        return self.expected

    def begin(self, starts: int = 1) -> None:
        """Forget what was found, and keep what was learnt. So many states are starts."""
        self.ways = WaysBack(starts)
        self.level = range(starts)
        """The states that are looked at, as many turns from the start as this is deep."""
        self.depth = 0
        self.turns_tried = 0
        self.deviations = 0
        self.finals = 0
        """States in which everybody is done."""
        self.breaks: list[tuple[int, Turn]] = []
        """States and the turns from them that break an obligation."""
        self.stuck: list[tuple[int, tuple[int, ...]]] = []
        """States in which nobody can go on, and the contexts that are not done."""
        self.elsewhere = Elsewhere()
        self.verdicts: Counter[int] = Counter()
        """How often expectations came out in which way, each in another state."""
        self.failed: dict[int, tuple[int, Turn]] = {}
        """For each verdict after which something has gone wrong, the first state and the turn from
        it, or EVERYWHERE or BEHIND.
        """
        self.led: list[tuple[int, State]] = []
        """States in which everybody is done, and what comes behind them."""

    def hear(self, row: Row, number: int, turn: Turn) -> None:
        """Note the verdicts of a row that a state takes."""
        for code in row.answer.verdicts:
            self.verdicts[code] += 1
            if code in self.fails:
                self._note_first(code, number, turn)

    def hear_all(self, verdicts: Mapping[int, int], failed: Mapping[int, tuple[int, Turn]]) -> None:
        """Note many verdicts, and where those come first after which something has gone wrong."""
        self.verdicts.update(verdicts)
        for code, (number, turn) in failed.items():
            self._note_first(code, number, turn)

    def _note_first(self, code: int, number: int, turn: Turn) -> None:
        if code not in self.failed or number < self.failed[code][0]:
            self.failed[code] = number, turn

    def go_on(self, number: int, state: State) -> Row | None:
        """What comes behind a state in which everybody is done, if anything is asked there."""
        if self.behind is None:
            return None
        row = self.behind.of(state)
        if row.what == MADE:
            self.hear(row, number, BEHIND)
            self.deviations += row.answer.deviations
            self.led.append((number, (state | row.clear) ^ row.flip))
        return row

    @property
    def asks(self) -> bool:
        """Whether there are expectations."""
        return bool(self.expected or self.behind or self.fails)

    @property
    def heard_enough(self) -> str:
        """Why no further level is looked at, if it is known how often an expectation fails among
        many states.
        """
        if not self.failed or len(self.ways) < ENOUGH:
            return ""
        return f"an expectation fails, and the search ended at {len(self.ways):,} states"

    @property
    def facts(self) -> frozenset[tuple[str, int | str]]:
        """What came to pass in some order."""
        return self.elsewhere.facts.union(*(row.answer.facts for row in self.learner.rows))

    @property
    def learnt(self) -> int:
        """Times that the engine was asked."""
        return len(self.learner.rows) + self.elsewhere.learnt

    @property
    def checked(self) -> int:
        """Answers that were asked for again, and were the same."""
        return self.learner.checked + self.elsewhere.checked

    @property
    def found(self) -> bool:
        """Whether anything was found that ends the search."""
        return bool(self.breaks or self.stuck) and not self.all_findings

    @staticmethod
    def checked_among(first: int, count: int = 1) -> range:
        """Which of the states from number `first` on are checked against the engine."""
        step = OFTEN if first < FIRST_ONES else SELDOM
        return range(first + -first % step, first + count, step)

    def check_rows(self, number: int = 0, of: int = 1, alike: int = 0) -> None:
        """Ask the engine again about every row, where it was learnt, that was not asked about in
        this way before. Raises HiddenState.

        This is process `number` of so many; the first rows, which are `alike` in all of them, they
        share.
        """
        for known in self.questions:
            for row in (*known.rows, *known.alike):
                own = row.number >= alike or row.number % of == number
                if own and row.number >= self._rows_checked:
                    known.check_learnt(row)
        self._rows_checked = len(self.learner.rows)

    def check(self, state: State) -> None:
        """Ask the engine again about everything in a state. Raises HiddenState."""
        alone = self.alone.of(state)
        self.alone.check(state, alone)
        for turn in alone.answer.given or self.turn:
            known = self.turn[turn]
            known.check(state, known.of(state))
        if self.expected:
            self.expected.check(state, self.expected.of(state))
