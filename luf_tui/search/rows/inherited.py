"""Rows that states take over from those before them.

Most turns do not touch what most others depend on. What a turn does in a state is then what it does
in the state before, and nothing need be looked up.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from luf_tui.search.rows.apart import Apart
from luf_tui.search.rows.fingerprints import Words
from luf_tui.search.rows.index import Index, Numbers, RowTable

Rows: TypeAlias = NDArray[np.int32]
"""A question in each row, a state in each column: the number of a row, or -1 where that is not
known.
"""
TOGETHER = 8192
"""States that are looked at together: their rows stay in the processor's cache."""


def inherited(apart: Apart, asked: Rows, sources: Numbers, rows: Numbers) -> Rows:
    """Which of the rows that states `asked` for are those of the states after them, too, each of
    which one of the `rows` leads to from one of the states: those that depend on no cell which that
    row writes.
    """
    apart.sync()
    found = np.empty((len(asked), len(sources)), np.int32)
    for begin in range(0, len(sources), TOGETHER):
        here = slice(begin, begin + TOGETHER)
        source, after = sources[here], apart.after(rows[here])
        for number, of_states in enumerate(asked):
            taken = of_states.take(source).astype(np.intp)
            found[number, here] = np.where(apart.of(after, taken), taken, -1)
    return found


def inherited_renamed(
    table: RowTable, questions: Sequence[Index], asked: Rows, sources: Numbers, changes: Words
) -> Rows:
    """The same where more may have changed than a row writes: those that depend on none of the
    `changes`, which are words of bits.
    """
    for question in questions:
        question.sync()
    found = asked.take(sources, axis=1)
    for begin in range(0, found.shape[1], TOGETHER):
        here = slice(begin, begin + TOGETHER)
        changed = {word: bits for word, bits in enumerate(changes[:, here]) if bits.any()}
        for number, question in enumerate(questions):
            taken: Numbers = found[number, here].astype(np.intp)
            touched = np.zeros(len(taken), np.uint64)
            for word in question.looked:
                if word in changed:
                    touched |= table.looks[word].take(taken) & changed[word]
            found[number, here][touched != 0] = -1
    return found
