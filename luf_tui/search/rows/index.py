"""The rows of one question, looked up for many states at once.

The decision tree of `known`, with all nodes in one table that look at the same cells after the same
cells: so a block of states is sorted out with a few calls for each of these shapes. A look-up goes
by hashes of 64 bits, and what it finds is compared with the cells of the row: it is exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from luf_tui.search.rows.fingerprints import Words, mixed
from luf_tui.search.rows.known import Known, Node
from luf_tui.search.rows.learner import Learner, Row
from luf_tui.search.rows.packing import WORD, Layout, State

Numbers: TypeAlias = NDArray[np.int64]

Entry: TypeAlias = tuple[Node, int, Node | Row]
"""A node, values of its cells, and what follows from them."""
Top: TypeAlias = tuple[Node, np.uint64]
"""A node, and the hash of what is looked at above it."""
Looked: TypeAlias = list[tuple[int, np.uint64]]
Place: TypeAlias = tuple["Shape", np.uint64]
"""Where a node is in the table: its shape, and the hash of what was looked at above it."""

FEW = 8
"""States up to which each is looked up by itself."""
MORE = 2
"""A table of rows that grows gets room for so many times the rows that there are."""
STEP = np.uint64(0x9E3779B97F4A7C15)


def columns_of(states: Iterable[State], words: int) -> Words:
    """States as columns of so many words, the lowest in the first row."""
    size = words * WORD // 8
    packed = b"".join([state.to_bytes(size, "little") for state in states])
    rows = np.frombuffer(packed, "<u8").astype(np.uint64).reshape(-1, words)
    return np.ascontiguousarray(rows.T)


def states_of(columns: Words) -> list[State]:
    """What `columns_of` was given."""
    size = len(columns) * WORD // 8
    packed = np.ascontiguousarray(columns.T).astype("<u8").tobytes()
    return [int.from_bytes(packed[at : at + size], "little") for at in range(0, len(packed), size)]


def state_of(column: Words) -> State:
    """A column of words as a state."""
    return int.from_bytes(column.astype("<u8").tobytes(), "little")


def words_at(columns: Words, place: int, at: Numbers) -> Words:
    """One word of some of these states, which may have fewer words: then it is 0."""
    return columns[place].take(at) if place < len(columns) else np.zeros(len(at), np.uint64)


def words_of(columns: Words, place: int, at: Numbers) -> Words:
    """The same of states in ascending order: all of them are copied faster than picked out."""
    if len(at) == columns.shape[1] and place < len(columns):
        all_of_them: Words = columns[place].copy()
        return all_of_them
    return words_at(columns, place, at)


def wide(columns: Words, words: int) -> Words:
    """The same states with so many words."""
    if len(columns) == words:
        return columns
    return np.pad(columns, ((0, words - len(columns)), (0, 0)))


class RowTable:
    """All rows of a search as arrays, by their numbers."""

    def __init__(self, learner: Learner) -> None:
        self.learner = learner
        self.what = np.zeros(0, np.uint8)
        self.deviations = np.zeros(0, np.int64)
        self.speaks = np.zeros(0, np.bool_)
        """Whether it has verdicts on expectations."""
        self.given = np.zeros(0, np.int64)
        """The first of what a row names, or -1."""
        self.clear = self.flip = self.seen = self.looks = np.zeros((1, 0), np.uint64)
        """What `Row` has by these names, a column a row."""
        self.version = 0
        """Goes up with every change."""

    def forget(self, first: int) -> None:
        """Forget the rows from that number on, which are numbered otherwise now."""
        self.what, self.deviations = self.what[:first], self.deviations[:first]
        self.given, self.speaks = self.given[:first], self.speaks[:first]
        self.clear, self.flip = self.clear[:, :first], self.flip[:, :first]
        self.seen, self.looks = self.seen[:, :first], self.looks[:, :first]
        self.version += 1

    @property
    def words(self) -> int:
        """Words of a state, as far as this table knows."""
        return len(self.clear)

    def sync(self) -> None:
        """Take in rows that were learnt, or changed, since."""
        learner, words = self.learner, self.learner.layout.words
        changed, new = learner.grown, learner.rows[len(self.what) :]
        if not (changed or new or words > self.words):
            return
        self.version += 1
        learner.grown = []
        known = len(self.what)
        what = np.array([row.what for row in new], np.uint8)
        deviations = np.array([row.answer.deviations for row in new], np.int64)
        given = np.array([(*row.answer.given, -1)[0] for row in new], np.int64)
        speaks = np.array([bool(row.answer.verdicts) for row in new], np.bool_)
        self.what = np.append(self.what, what)
        self.speaks = np.append(self.speaks, speaks)
        self.deviations = np.append(self.deviations, deviations)
        self.given = np.append(self.given, given)
        self.clear = self._with(self.clear, [row.clear for row in new], words)
        self.flip = self._with(self.flip, [row.flip for row in new], words)
        self.seen = self._with(self.seen, [row.seen for row in new], words)
        self.looks = self._with(self.looks, [row.looks for row in new], words)
        grown = [row for row in dict.fromkeys(changed) if row.number < known]
        if grown:
            at = [row.number for row in grown]
            self.clear[:, at] = columns_of([row.clear for row in grown], words)
            self.flip[:, at] = columns_of([row.flip for row in grown], words)
            self.looks[:, at] = columns_of([row.looks for row in grown], words)

    @staticmethod
    def _with(table: Words, more: Sequence[State], words: int) -> Words:
        """A table and more rows, in the room behind it if there is some."""
        known = table.shape[1]
        total, room = known + len(more), table.base
        if room is None or room.shape[0] != words or room.shape[1] < total:
            room = np.zeros((words, MORE * total), np.uint64)
            room[: len(table), :known] = table
        room[:, known:total] = columns_of(more, words)
        grown: Words = room[:, :total]
        return grown


class Shape:
    """Cells that are looked at together, after the same cells were: where they stand in words."""

    def __init__(self, number: int, node: Node) -> None:
        self.number = number
        self.cells = node.cells
        self.all = node.above | node.cells
        self.looked: Looked = []
        """Places of words, and the bits looked at."""
        self.all_looked: Looked = []
        """The same with what was looked at above."""

    def fit(self, layout: Layout) -> None:
        """Take in cells that have got a place since."""
        self.looked = self._fitted(layout, self.cells)
        self.all_looked = self._fitted(layout, self.all)

    @staticmethod
    def _fitted(layout: Layout, cells: Iterable[int]) -> Looked:
        masks: dict[int, int] = {}
        for cell in cells:
            at = layout.places.get(cell)
            if at is not None:
                ones = (1 << layout.widths[cell]) - 1 << at % WORD
                masks[at // WORD] = masks.get(at // WORD, 0) | ones
        return [(place, np.uint64(masks[place])) for place in sorted(masks)]

    def keys(self, columns: Words, at: Numbers, above: Words) -> Words:
        """The hash of what is looked at in some of these states, given that of what was above. It
        stays what it is when more cells get a place, where the states are as they were.
        """
        keys = (above + np.uint64(self.number + 1)) * STEP
        for place, mask in self.looked:
            words = words_of(columns, place, at)
            words &= mask
            keys += mixed(words, place, 0)
        return keys


class Index:
    """Finds the rows of one question for blocks of states; asks for those that there are not."""

    def __init__(self, known: Known, table: RowTable) -> None:
        self.known = known
        self.table = table
        self.touched: list[int] = []
        """The words that any of the rows writes to."""
        self.looked: list[int] = []
        """The words that any of the rows depends on."""
        self._version = (-1, 0, 0, 0)
        self._shapes: list[Shape] = []
        self._named: dict[tuple[frozenset[int], frozenset[int]], Shape] = {}
        self._places: dict[Node, Place] = {}
        self._clear()

    def _clear(self) -> None:
        self._places.clear()
        self._keys = np.zeros(0, np.uint64)
        self._codes = np.zeros(0, np.int64)
        """For each key the number of a row, or -1 less the number of the next shape."""

    def renumber(self, first: int, by: int) -> None:
        """Rows from that number on have other numbers."""
        self._codes[self._codes >= first] += by

    def rows(self, block: Words, at: Numbers) -> Numbers:
        """The number of the row for each of these states of a block.

        Raises TooWide, HiddenState.
        """
        found = np.full(block.shape[1], -1, np.int64)
        left = at
        self.sync()
        while len(left):
            for one in self._walk(block, left, found):
                found[one] = self.known.of(state_of(block[:, one])).number
            self.sync()
            left = left[found[left] < 0]
        return found[at]

    # -- looking up -------------------------------------------------------------------------------

    def _walk(self, block: Words, left: Numbers, found: Numbers) -> list[int]:
        """Fill in rows; returns one of each group of states that has none."""
        root = self.known.root
        if root is None:
            return [int(left[0])]
        if isinstance(root, Row):
            found[left] = root.number
            return []
        ended = np.zeros(block.shape[1], np.uint64)
        strays = self._descend(root, block, left, found, ended)
        for node in self.known.beside.values():
            if not len(strays):
                break
            strays = self._descend(node, block, np.sort(strays), found, None)
        if not len(strays):
            return []
        groups: list[int] = strays[np.unique(ended[strays], return_index=True)[1]].tolist()
        return groups

    def _descend(
        self, top: Node, block: Words, left: Numbers, found: Numbers, ended: Words | None
    ) -> Numbers:
        """Down from one node; returns those for which something was not known, `ended` where."""
        strays: list[Numbers] = []
        shape, key = self._places[top]
        stack = [(shape, left, np.full(len(left), key))]
        while stack:
            shape, here, keys = stack.pop()
            if len(here) <= FEW:
                strays.append(self._each(block, here, found, ended))
                continue
            keys = shape.keys(block, here, keys)
            place = np.searchsorted(self._keys, keys)
            place[place == len(self._keys)] = 0
            codes = self._codes.take(place)
            unknown = self._keys.take(place) != keys
            if unknown.any():
                strays.append(here[unknown])
                if ended is not None:
                    ended[here[unknown]] = keys[unknown]
                here, keys, codes = here[~unknown], keys[~unknown], codes[~unknown]
            inner = codes < 0
            if not inner.any():
                strays.append(self._settled(shape, block, here, codes, found))
                continue
            leaf = ~inner
            if leaf.any():
                strays.append(self._settled(shape, block, here[leaf], codes[leaf], found))
                here, keys, codes = here[inner], keys[inner], codes[inner]
            low = codes.min()
            if low == codes.max():
                stack.append((self._shapes[-1 - int(low)], here, keys))
                continue
            for number in np.flatnonzero(np.bincount(-1 - codes))[::-1].tolist():
                below = np.flatnonzero(codes == -1 - number)
                stack.append((self._shapes[number], here.take(below), keys.take(below)))
        return np.concatenate(strays) if strays else left[:0]

    def _each(self, block: Words, here: Numbers, found: Numbers, ended: Words | None) -> Numbers:
        """Look up a few states one by one; returns those that have no row, each a group."""
        strays = []
        for one in here.tolist():
            row = self.known.known(state_of(block[:, one]))
            if row is not None:
                found[one] = row.number
                continue
            strays.append(one)
            if ended is not None:
                ended[one] = np.uint64(one)
        return np.array(strays, np.int64)

    def _settled(
        self, shape: Shape, block: Words, here: Numbers, codes: Numbers, found: Numbers
    ) -> Numbers:
        """Enter rows where every cell that they depend on is as it was when they were learnt;
        returns the others, whose hash was a coincidence.
        """
        found[here] = codes
        differ, seen = np.zeros(len(here), np.uint64), self.table.seen
        for place, mask in shape.all_looked:
            words = words_of(block, place, here)
            words ^= words_at(seen, place, codes)
            words &= mask
            differ |= words
        if not differ.any():
            return here[:0]
        found[here[differ != 0]] = -1
        coincided: Numbers = here[differ != 0]
        return coincided

    # -- keeping up with what is learnt -----------------------------------------------------------

    def sync(self) -> None:
        """Take in what was learnt since, by this question or by others."""
        known, root = self.known, self.known.root
        self.table.sync()
        layout = known.learner.layout
        version = (self.table.version, known.built, len(known.entered), layout.bits)
        if version == self._version:
            return
        numbers = [row.number for row in (*known.rows, *known.alike)]
        self.touched = np.flatnonzero(self.table.clear[:, numbers].any(axis=1)).tolist()
        self.looked = np.flatnonzero(self.table.looks[:, numbers].any(axis=1)).tolist()
        if self._version[3] != layout.bits:
            for shape in self._shapes:
                shape.fit(layout)
        if self._version[1] != known.built or (isinstance(root, Node) and root not in self._places):
            self._clear()
            nodes = (root, *known.beside.values())
            self._place([(node, np.uint64(0)) for node in nodes if isinstance(node, Node)])
        else:
            self._take_in(known.entered[self._version[2] :])
        self._version = version

    def _place(self, tops: Sequence[Top]) -> None:
        """Enter nodes, each with the hash of what is looked at above it, and all below them."""
        level = tops
        while level:
            entries: list[Entry] = []
            for node, above in level:
                self._places[node] = self._shape(node), above
                entries += [(node, values, child) for values, child in node.next.items()]
            level = self._put(entries)

    def _take_in(self, entries: Sequence[Entry]) -> None:
        """Enter what was put into the tree, or beside it."""
        self._place(self._put([entry for entry in entries if entry[0] in self._places]))
        nodes = dict.fromkeys(node for node, _, _ in entries)
        self._place([(node, np.uint64(0)) for node in nodes if node not in self._places])

    def _put(self, entries: Sequence[Entry]) -> list[Top]:
        """Enter what follows from values of nodes; returns the nodes among it and their hashes."""
        below: list[Top] = []
        by_shape: dict[Shape, list[Entry]] = {}
        for entry in entries:
            by_shape.setdefault(self._places[entry[0]][0], []).append(entry)
        for shape, of_shape in by_shape.items():
            columns = columns_of([values for _, values, _ in of_shape], self.table.words)
            above = np.array([self._places[node][1] for node, _, _ in of_shape], np.uint64)
            keys = shape.keys(columns, np.arange(len(of_shape)), above)
            codes = []
            for key, (_, _, child) in zip(keys, of_shape, strict=True):
                if isinstance(child, Row):
                    codes.append(child.number)
                else:
                    codes.append(-1 - self._shape(child).number)
                    below.append((child, key))
            order = np.argsort(keys)
            at = np.searchsorted(self._keys, keys[order])
            self._keys = np.insert(self._keys, at, keys[order])
            self._codes = np.insert(self._codes, at, np.array(codes, np.int64)[order])
        return below

    def _shape(self, node: Node) -> Shape:
        looked = node.above, node.cells
        if looked not in self._named:
            shape = self._named[looked] = Shape(len(self._shapes), node)
            shape.fit(self.known.learner.layout)
            self._shapes.append(shape)
        return self._named[looked]
