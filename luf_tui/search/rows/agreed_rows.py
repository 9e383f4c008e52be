"""One order in which processes number rows, so that what one learns all know."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from luf_tui.search.rows.learner import Answer, Row
from luf_tui.search.rows.packing import State
from luf_tui.search.rows.space import Space


@frozen
class Told:
    """A row, for processes that do not have it."""

    question: int
    answer: Answer
    reads: frozenset[int]
    seen: State
    written: frozenset[int]
    value: State


class AgreedRows:
    """The rows of a search that all processes have by the same numbers: all up to one, past which
    each numbers what it learns by itself, until that is told.
    """

    def __init__(self, space: Space) -> None:
        self.space = space
        self.count = len(space.learner.rows)
        """How many all have."""

    @property
    def own(self) -> list[Told]:
        """What this process learnt since, in order."""
        found: list[tuple[int, Told]] = []
        for question, known in enumerate(self.space.questions):
            for row in reversed(known.rows):
                if row.number < self.count:
                    break
                found.append((row.number, self._told(question, row)))
        return [told for _, told in sorted(found, key=lambda one: one[0])]

    def agree(self, told: Sequence[Sequence[Told]], number: int) -> int:
        """Take in what everybody learnt, one process after the other, of which this is that
        `number`. Returns by how much the numbers of its own rows went up. Raises HiddenState.
        """
        learner, questions = self.space.learner, self.space.questions
        mine = learner.rows[self.count :]
        del learner.rows[self.count :]
        before = len(learner.rows)
        for process, some in enumerate(told):
            if process == number:
                before = len(learner.rows) - before
                for row in mine:
                    row.number = len(learner.rows)
                    learner.rows.append(row)
                continue
            for one in some:
                row = learner.told(one.answer, one.reads, one.seen, one.written, one.value)
                questions[one.question].take(row)
        self.count = len(learner.rows)
        return before

    @staticmethod
    def _told(question: int, row: Row) -> Told:
        value = row.flip ^ row.clear
        return Told(question, row.answer, row.reads, row.seen, row.written, value)
