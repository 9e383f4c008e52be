"""Rows that states take over from those before them.

Most turns do not touch what most others depend on. What a turn does in a state is then what it does
in the state before, and nothing need be looked up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from luf_tui.search.rows.fingerprints import Words
from luf_tui.search.rows.index import Index, Numbers, RowTable

Rows: TypeAlias = NDArray[np.int32]
"""A question in each row, a state in each column: the number of a row, or -1 where that is not
known.
"""
TOGETHER = 8192
"""States that are looked at together: their rows stay in the processor's cache."""


def inherited(
    table: RowTable, questions: Sequence[Index], rows: Rows, before: Words, after: Words
) -> Rows:
    """Which of the rows that states `before` have are those of the states `after` them, too."""
    for question in questions:
        question.sync()
    found = rows.copy()
    for begin in range(0, rows.shape[1], TOGETHER):
        here = slice(begin, begin + TOGETHER)
        changes = after[:, here] ^ before[:, here]
        changed = {word: bits for word, bits in enumerate(changes) if bits.any()}
        for number, question in enumerate(questions):
            taken: Numbers = found[number, here].astype(np.intp)
            touched = np.zeros(len(taken), np.uint64)
            for word in question.looked:
                if word in changed:
                    touched |= table.looks[word].take(taken) & changed[word]
            found[number, here][touched != 0] = -1
    return found
