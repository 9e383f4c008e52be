"""The rows of one question, as a decision tree over the cells that they depend on.

A question reads the same cell first in every state, then, depending on its value, one more, and so
on: cells that all rows below a node have read make that node. A row that would have to cut a node
in two stands beside the tree; when there are many such, the tree is built anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from luf_tui.search.rows.learner import REMEMBER, Ask, HiddenState, Learner, Row
from luf_tui.search.rows.packing import State

if TYPE_CHECKING:
    from luf_tui.search.rows.images import Image, ToldBeside

SLACK = 4
"""One in so many rows may stand beside the tree before it is built anew."""


class Node:
    """Cells that are looked at together, after those `above` it were."""

    __slots__ = ("above", "cells", "mask", "next")

    def __init__(self, above: frozenset[int], cells: frozenset[int]) -> None:
        self.above = above
        self.cells = cells
        self.mask = 0
        self.next: dict[int, Node | Row] = {}


class Known:
    """Answers one question, by a row where there is one."""

    def __init__(self, learner: Learner, name: str, ask: Ask, images: Sequence[Image] = ()) -> None:
        self.learner = learner
        self.name = name
        self.ask = ask
        self.images = images
        """The same question under other names."""
        self.rows: list[Row] = []
        self.alike: list[Row] = []
        """Those that others told and that were known here; they are the same but for the number."""
        self.root: Node | Row | None = None
        self.beside: dict[frozenset[int], Node] = {}
        self.built = 0
        """How often the tree was built anew."""
        self.entered: list[tuple[Node, int, Node | Row]] = []
        """What was entered since then: where, for which values of its cells, and what."""
        self._odd = self._due = 0

    def of(self, state: State) -> Row:
        """The row for a state. Raises StartOver, HiddenState."""
        return self.known(state) or self._learn(state)

    def known(self, state: State) -> Row | None:
        """The row for a state, if there is one."""
        at = self.root
        while isinstance(at, Node):
            at = at.next.get(state & at.mask)
        if at is not None:
            return at
        for node in self.beside.values():
            found = node.next.get(state & node.mask)
            if isinstance(found, Row):
                return found
        return None

    def check(self, state: State, row: Row) -> None:
        """Ask the engine again where a row was used. Raises HiddenState."""
        self.learner.check(self.ask, self.name, state, row, self.images)

    def check_learnt(self, row: Row) -> None:
        """Ask the engine again where a row was learnt, under no other names. Raises HiddenState."""
        self.learner.check(self.ask, self.name, row.seen, row)

    def _learn(self, state: State) -> Row:
        row = self.learner.ask(self.ask, state, self.images)
        self._take(row)
        for one in self.learner.beside if self.images else ():
            one.image.known().take_beside(one)
        return row

    def take_beside(self, told: ToldBeside) -> None:
        """Take in what this question came to as an image of another one, if it is news."""
        if self.known(told.state) is None:
            value = self.learner.layout.packed(told.written)
            written = frozenset(told.written)
            args = told.answer, told.reads, told.state, written, value
            self._take(self.learner.told(*args))

    def take(self, row: Row) -> None:
        """Take in a row that another process has learnt. Raises HiddenState."""
        if self.known(row.seen) is None:
            self._take(row)
        else:
            self.alike.append(row)

    def _take(self, row: Row) -> None:
        self.rows.append(row)
        if not self._enter(row):
            self._odd += 1
            node = self.beside.get(row.reads)
            if node is None:
                node = self.beside[row.reads] = self._node(frozenset(), row.reads)
            self._put(node, row)
        if self._odd > self._due:
            self._due = len(self.rows) // SLACK
            self._build()

    def _node(self, above: frozenset[int], cells: frozenset[int]) -> Node:
        node = Node(above, cells)

        def grow(mask: int) -> None:
            node.mask |= mask

        node.mask = self.learner.layout.mask(cells, grow)
        return node

    def _put(self, node: Node, row: Row) -> None:
        values = row.seen & node.mask
        node.next[values] = row
        self.entered.append((node, values, row))

    def _enter(self, row: Row) -> bool:
        """Put a row where the way down the tree ended, if it has read all that stands there."""
        at, above = self.root, frozenset[int]()
        if at is None:
            self.root = self._chain(above, row)
            return True
        while isinstance(at, Node) and at.cells <= row.reads:
            above = at.above | at.cells
            values = row.seen & at.mask
            following = at.next.get(values)
            if following is None:
                child = at.next[values] = self._chain(above, row)
                self.entered.append((at, values, child))
                return True
            at = following
        return False

    def _chain(self, above: frozenset[int], row: Row) -> Node | Row:
        """A row, below a node of the cells that it has read beside those above."""
        rest = row.reads - above
        if not rest:
            return row
        node = self._node(above, rest)
        node.next[row.seen & node.mask] = row
        return node

    def _build(self) -> None:
        self.root = self._built(self.rows, frozenset())
        self.beside.clear()
        self.entered.clear()
        self.built += 1
        self._odd = 0

    def _built(self, rows: list[Row], above: frozenset[int]) -> Node | Row:
        common = frozenset.intersection(*(row.reads for row in rows)) - above
        if not common:
            if len(rows) > 1:
                raise HiddenState(
                    f"{self.name} looks at one thing and then at another in the same state: "
                    f"{REMEMBER}"
                )
            return rows[0]
        node = self._node(above, common)
        groups: dict[int, list[Row]] = {}
        for row in rows:
            groups.setdefault(row.seen & node.mask, []).append(row)
        for value, group in groups.items():
            node.next[value] = self._built(group, above | common)
        return node
