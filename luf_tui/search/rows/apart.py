"""Which rows write no cell that others depend on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from luf_tui.search.rows.fingerprints import Flags
from luf_tui.search.rows.index import Numbers, columns_of
from luf_tui.search.rows.learner import Learner
from luf_tui.search.rows.packing import State


class Apart:
    """Tells it of any two rows, by what each writes and depends on: many do so alike."""

    def __init__(self, learner: Learner) -> None:
        self.learner = learner
        self.forget(0)
        self._bits = -1

    def forget(self, first: int) -> None:
        """Forget the rows from that number on."""
        if first == 0:
            self._written: dict[State, int] = {}
            self._looked: dict[State, int] = {}
            self._apart = np.zeros((0, 0), np.bool_)
            self._writes, self._looks = np.zeros(0, np.intp), np.zeros(0, np.intp)
        self._writes, self._looks = self._writes[:first], self._looks[:first]

    def sync(self) -> None:
        """Take in rows that were learnt, or cells that got a place, since."""
        learner = self.learner
        if self._bits != learner.layout.bits:
            self.forget(0)
            self._bits = learner.layout.bits
        rows = learner.rows[len(self._writes) :]
        writes = [self._written.setdefault(row.clear, len(self._written)) for row in rows]
        looks = [self._looked.setdefault(row.looks, len(self._looked)) for row in rows]
        self._writes = np.append(self._writes, np.array(writes, np.intp))
        self._looks = np.append(self._looks, np.array(looks, np.intp))
        known, other = self._apart.shape
        written, looked = [*self._written], [*self._looked]
        if (known, other) != (len(written), len(looked)):
            old = np.concatenate([self._apart, self._parted(written[known:], looked[:other])])
            self._apart = np.concatenate([old, self._parted(written, looked[other:])], axis=1)

    def after(self, rows: Numbers) -> Numbers:
        """What `of` wants to know of rows that lead to states."""
        return self._writes.take(rows) * self._apart.shape[1]

    def of(self, after: Numbers, rows: Numbers) -> Flags:
        """Which of these rows are as they were, after others; those numbered -1 may be."""
        return self._apart.ravel().take(after + self._looks.take(rows))

    def _parted(self, written: Sequence[State], looked: Sequence[State]) -> Flags:
        words = self.learner.layout.words
        common = np.zeros((len(written), len(looked)), np.bool_)
        for ones, others in zip(columns_of(written, words), columns_of(looked, words), strict=True):
            common |= (ones[:, None] & others) != 0
        parted: Flags = ~common
        return parted
