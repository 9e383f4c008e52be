"""What one of several processes does of each batch of a level, at the same time as the others.

Each looks up the turns of its share of the states, and knows those met before whose fingerprints
begin as its own do: so it says of everybody's successors which of those are new. What the others
need stands in memory that all share; between the stages each waits for the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from attrs import frozen

from luf_tui.search.rows.agreed_places import AgreedPlaces
from luf_tui.search.rows.agreed_rows import AgreedRows, Told
from luf_tui.search.rows.fingerprints import (
    PART_SHIFT,
    PARTS,
    Flags,
    Prints,
    Words,
    fingerprints,
)
from luf_tui.search.rows.index import Numbers
from luf_tui.search.rows.inherited import Rows
from luf_tui.search.rows.levels import BLOCK, Levels, Tried, together
from luf_tui.search.rows.shared_memory import SharedMemory

Chunk = tuple[int, int, int]
"""States of the next level: the byte where they begin, their words, and how many they are. Their
fingerprints follow them, and what is known of their rows.
"""
PLACE = np.uint16


@frozen
class Looked:
    """What one share came to, for whoever puts them together."""

    successors: int
    breaks: list[tuple[int, int]]
    stuck: list[tuple[int, tuple[int, ...]]]
    ends: list[int]
    """As `Tried` has them."""
    learnt: list[Told]
    """Rows that the others may not have."""


@frozen
class Counted:
    """The figures of one share, up to where the search ends."""

    turns: int
    deviations: int
    checked: int
    """Since the processes parted."""
    looked_up: int
    """States."""
    verdicts: dict[int, int]
    """Of expectations, how often they came out in which way."""
    failed: dict[int, tuple[int, int]]
    """Where those came out first after which something has gone wrong."""


class Box:
    """What one process tells the others of its successors, in their order: fingerprints, which of
    them are new, and from which state of the level by which turn they come.
    """

    def __init__(self) -> None:
        self.memory = SharedMemory("luf-tui successors")

    def columns(self, count: int) -> tuple[Words, Words, Flags, Numbers, Numbers]:
        """Each for so many successors."""
        kinds = (np.uint64, np.uint64, np.uint32, PLACE, np.bool_)
        found, at = [], 0
        for kind in kinds:
            found.append(self.memory.array(kind, count, at))
            at += -(-count * np.dtype(kind).itemsize // 8) * 8
        first, second, sources, places, new = found
        return first, second, new, sources, places

    def make_room(self, count: int) -> None:
        """See that so many have room."""
        self.memory.grow(24 * count + 64)


class Share:
    """The part of process `number`, which is 0 where the search was begun."""

    def __init__(self, levels: Levels, number: int, boxes: Sequence[Box]) -> None:
        self.levels = levels
        self.number = number
        self.boxes = boxes
        self.places = AgreedPlaces(levels.space.learner.layout)
        self.rows = AgreedRows(levels.space)
        self.level = SharedMemory("luf-tui level")
        self.made = SharedMemory("luf-tui next level")
        self.ways = SharedMemory("luf-tui ways back")
        """Where the states of a batch come from."""
        self._tried: Tried | None = None
        self._states: Words | None = None
        """Those that the successors have become, where they have names."""
        self._named = np.zeros(0, np.int64)
        """Which of the successors those are."""
        self._where: list[Numbers] = []
        """For each box the successors that are for this process to judge."""
        self._new = np.zeros(0, np.int64)
        nothing = np.zeros(0, np.uint64)
        self._judged: Prints = nothing, nothing
        self._looked_up = 0
        self._checked = 0

    def begin(self, number: int) -> None:
        """Be that process, and forget the fingerprints that are for others to know."""
        self.number = number
        self.levels.seen.keep_parts(part for part in range(PARTS) if self._owner(part) == number)
        self._checked = self.levels.space.learner.checked

    def close(self) -> None:
        """Let go of what is shared; the level stays for whoever has it."""
        self.places.close()
        for memory in (self.level, self.made, self.ways, *(box.memory for box in self.boxes)):
            memory.close()

    # -- the stages -------------------------------------------------------------------------------

    def stand_at(self, first: int, words: int, count: int) -> None:
        """A level begins."""
        levels = self.levels
        levels.first = first
        levels.states, levels.prints, levels.rows = self.standing(self.level, (0, words, count))

    def look(self, begin: int, end: int) -> Looked:
        """Look up the turns of some states, and show what they lead to."""
        self.places.catch_up()
        levels = self.levels
        assert levels.prints is not None
        parts = [
            levels.tried(at, levels.prints, min(BLOCK, end - at)) for at in range(begin, end, BLOCK)
        ]
        self._looked_up += end - begin
        tried = self._tried = together(parts, begin)
        self._states = None
        count = len(tried.sources)
        box = self.boxes[self.number]
        box.make_room(count)
        first, second, _, sources, places = box.columns(count)
        first[:], second[:] = tried.prints
        sources[:], places[:] = tried.sources, tried.places
        return Looked(count, tried.breaks, tried.stuck, tried.ends, self.rows.own)

    def agree(self, learnt: Sequence[Sequence[Told]]) -> None:
        """Number the rows that everybody learnt as the others do."""
        self.places.catch_up()
        levels, tried, first = self.levels, self._tried, self.rows.count
        assert tried is not None
        by = self.rows.agree(learnt, self.number)
        levels.renumber(first, by)
        for rows in (tried.rows, tried.said[2]):
            rows[rows >= first] += by
        if tried.asked is not None:
            tried.asked[tried.asked >= first] += by

    def judge(self, counts: Sequence[int], learnt: Sequence[Sequence[Told]]) -> list[int]:
        """Say of successors, as many as are in each box, which are new; those that are for this
        process to judge. Before that take in what everybody learnt. How many are new in each box.
        """
        if any(learnt):
            self.agree(learnt)
        shown = [box.columns(count) for box, count in zip(self.boxes, counts, strict=True)]
        self._where = [
            np.flatnonzero(self._owner(one[0] >> PART_SHIFT) == self.number) for one in shown
        ]
        both = list(zip(shown, self._where, strict=True))
        first = np.concatenate([one[0][at] for one, at in both])
        second = np.concatenate([one[1][at] for one, at in both])
        self._new = self.levels.new((first, second))
        self._judged = first[self._new], second[self._new]
        flags = np.zeros(len(first), np.bool_)
        flags[self._new] = True
        begin, found = 0, []
        for one, at in both:
            one[2][at] = some = flags[begin : begin + len(at)]
            found.append(int(np.count_nonzero(some)))
            begin += len(at)
        return found

    def name(self, count: int) -> int:
        """Make those of the own successors that are new so far, and show them under their names;
        how many they are.
        """
        tried, levels = self._tried, self.levels
        assert tried is not None
        self.places.catch_up()
        box = self.boxes[self.number]
        new = np.flatnonzero(box.columns(count)[2])
        self._named = new
        self._states = states = levels.named(levels.made_by(tried.sources[new], tried.rows[new]))
        first, second, _, sources, places = box.columns(len(new))
        first[:], second[:] = fingerprints(states)
        sources[:], places[:] = tried.sources[new], tried.places[new]
        return len(new)

    def enter(
        self,
        counts: Sequence[int],
        end: tuple[int, int] | None,
        chunk: Chunk,
        column: int,
    ) -> Counted:
        """Keep what is new up to where the search ends, or all: the fingerprints that are for this
        process, and the states that its own share led to, from that column of a chunk on.
        """
        self.places.catch_up()
        shown = [box.columns(count) for box, count in zip(self.boxes, counts, strict=True)]
        judged = self._judged
        first, second, new, sources, places = shown[self.number]
        if end:
            both = zip(shown, self._where, strict=True)
            wanted = np.concatenate([before(one[3][at], one[4][at], end) for one, at in both])
            wanted = wanted[self._new]
            judged = judged[0][wanted], judged[1][wanted]
            new = new & before(sources, places, end)
        self.levels.enter(*judged)
        at = np.flatnonzero(new)
        states, prints, rows = self.standing(self.made, chunk)
        there = slice(column, column + len(at))
        made = states[:, there]
        self._put_states(at, made)
        prints[0][there], prints[1][there] = first.take(at), second.take(at)
        parents, turns = self.ways_back(chunk[2])
        parents[there] = self.levels.first + sources[at]
        turns[there] = self.levels.turn_numbers.take(places[at])
        assert self._tried is not None
        at = at if self._states is None else self._named[at]
        known = self.levels.taken_over(self._tried, at, made)
        rows[:, there] = -1 if known is None else known
        return self._counted(end)

    def settle(self, first: int, words: int, chunks: Sequence[Chunk]) -> None:
        """Put chunks together as the next level, each process its part of each; and stand there."""
        if len(chunks) == 1 and chunks[0][1] == words:
            self.level, self.made = self.made, self.level
            self.stand_at(first, words, chunks[0][2])
            return
        total, column = sum(count for _, _, count in chunks), 0
        self.stand_at(first, words, total)
        states, (one, other), rows = self.standing(self.level, (0, words, total))
        for chunk in chunks:
            made, prints, known = self.standing(self.made, chunk)
            few, count = made.shape
            some = self.part_of(count)
            there = slice(column + some.start, column + some.stop)
            states[:few, there] = made[:, some]
            states[few:, there] = 0
            one[there], other[there] = prints[0][some], prints[1][some]
            rows[:, there] = known[:, some]
            column += count

    def standing(self, memory: SharedMemory, chunk: Chunk) -> tuple[Words, Prints, Rows]:
        """States in some memory, their fingerprints, and what is known of their rows."""
        byte, words, count = chunk
        states = memory.array(np.uint64, words * count, byte).reshape(words, count)
        byte += 8 * words * count
        prints = [memory.array(np.uint64, count, at) for at in (byte, byte + 8 * count)]
        of = len(self.levels.questions)
        rows = memory.array(np.int32, of * count, byte + 16 * count).reshape(of, count)
        return states, (prints[0], prints[1]), rows

    def ways_back(self, count: int) -> tuple[Numbers, Numbers]:
        """The numbers of the states before, and the turns between, of so many."""
        parents = self.ways.array(np.uintc, count)
        return parents, self.ways.array(np.ushort, count, 4 * count)

    def size(self, words: int, count: int) -> int:
        """Bytes that so many states take there."""
        return (8 * words + 16) * count + -(-4 * len(self.levels.questions) * count // 8) * 8

    def put(self, memory: SharedMemory, chunk: Chunk, states: Words, known: Rows | None) -> None:
        """Let states stand there."""
        there, prints, rows = self.standing(memory, chunk)
        there[:] = states
        prints[0][:], prints[1][:] = fingerprints(states)
        rows[:] = -1 if known is None else known

    def part_of(self, count: int, number: int | None = None) -> slice:
        """What of so many is for a process."""
        number, of = self.number if number is None else number, len(self.boxes)
        return slice(count * number // of, count * (number + 1) // of)

    def give(self, part: int) -> int:
        """Show the fingerprints of a part as one run; how many they are."""
        run = self.levels.seen.taken(part)
        box = self.boxes[self.number]
        box.make_room(len(run.first))
        first, second, *_ = box.columns(len(run.first))
        first[:], second[:] = run.first, run.second
        return len(run.first)

    def check_rows(self) -> int:
        """Ask the engine again about the rows that this process has learnt, and about its share of
        those of before; how often it was asked since the processes parted.
        """
        self.levels.space.check_rows(self.number, len(self.boxes), self.rows.count)
        return self.levels.space.learner.checked - self._checked

    # -- of these ---------------------------------------------------------------------------------

    def _owner(self, part: Any) -> Any:
        return part % len(self.boxes)

    def _put_states(self, at: Numbers, there: Words) -> None:
        """Let the states that successors of this share have become stand there."""
        if self._states is not None:
            there[: len(self._states)] = self._states[:, at]
            there[len(self._states) :] = 0
            return
        assert self._tried is not None
        table = self.levels.table
        table.sync()
        self.levels.made_by(self._tried.sources[at], self._tried.rows[at], there[: table.words])
        there[table.words :] = 0

    def _counted(self, end: tuple[int, int] | None) -> Counted:
        tried, learner = self._tried, self.levels.space.learner
        assert tried is not None
        upto = end or (tried.first + len(tried.tried), 0)
        whole = slice(0, max(0, upto[0] - tried.first))
        return Counted(
            int(tried.tried[whole].sum()),
            int(tried.deviations[whole].sum()),
            learner.checked - self._checked,
            self._looked_up,
            *(self.levels.heard(tried, (upto[0], 0)) if self.levels.space.asks else ({}, {})),
        )


def before(sources: Numbers, places: Numbers, end: tuple[int, int]) -> Flags:
    """Which turns come before where a search ends."""
    found: Flags = (sources < end[0]) | ((sources == end[0]) & (places < end[1]))
    return found
