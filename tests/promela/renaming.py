"""States that differ by names only, as one: frames, and CPUs and pages where all may do the same.

A renaming is a permutation of CPUs, one of pages and one of frames. It moves every record that
belongs to one of them, and changes every cell that names one: which those are is declared, but for
a few numbers. Any renaming gives a state that behaves as the one before; which one is taken decides
how many are merged. It is the one whose description of the state, in the model's variables, is
least: so all that can be renamed into each other become the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import permutations
from math import factorial
from typing import Any

from attrs import frozen

from luf_tui.engine.operations.fault import Fault
from luf_tui.engine.operations.flush import Shootdown
from luf_tui.engine.operations.memory import AllocPage, Refill
from luf_tui.engine.operations.reclaim import Reclaim
from luf_tui.machine.machine import BYTES, Machine
from luf_tui.machine.regions import Field, Record
from luf_tui.machine.schema import LAYERS, STACK_DEPTH, TlbEntry
from tests.promela.client import Action, Client
from tests.promela.described import Model, looked_up
from tests.promela.machine import FIRST_CONTENT
from tests.promela.normal import LATEST, NEW, Values, version

WAITING = (Fault, AllocPage, Refill, Shootdown, Reclaim)
"""The operations that are in flight while somebody waits."""
Table = Sequence[int] | None
"""What each number becomes; None leaves all as they are."""
Order = tuple[int, ...]
"""A permutation: the new number of each old one."""


def orders(count: int) -> list[Order]:
    """Every permutation of so many, the one that changes nothing first."""
    return list(permutations(range(count)))


@frozen
class Names:
    """New names: for each CPU, page and frame its new number."""

    cpus: Order
    pages: Order
    frames: Order

    def then(self, other: Names) -> Names:
        """Other names in place of these."""
        return Names(
            tuple(other.cpus[cpu] for cpu in self.cpus),
            tuple(other.pages[vpn] for vpn in self.pages),
            tuple(other.frames[pfn] for pfn in self.frames),
        )

    def before(self, action: Action) -> Action:
        """What an action was called under the old names."""
        what, cpu, vpn, pfn = action
        return (
            what,
            self.cpus.index(cpu),
            self.pages.index(vpn) if vpn >= 0 else vpn,
            self.frames.index(pfn) if pfn >= 0 else pfn,
        )


@frozen
class Move:
    """Where the value of a cell goes, and what becomes of it."""

    source: int
    target: int
    table: Table
    """What each value becomes; None leaves it as it is."""
    by_kind: Mapping[int, Sequence[int]]
    """The same where that depends on another cell, by what that one holds."""
    kind: int
    """That cell."""

    @property
    def idle(self) -> bool:
        """Whether it leaves everything as it is."""
        return self.source == self.target and self.table is None and not self.by_kind


Placed = tuple[str, int, Record, Field]
"""Where a cell is: its region, the number of its record, that record, and its field."""


def placed(m: Machine) -> list[Placed]:
    """Where each cell of a machine is."""
    return [
        (name, number, record, declared)
        for name, region in m.regions.items()
        for number, record in enumerate(region)
        for declared in region.kind.FIELDS
    ]


class Renaming:
    """New names, as what becomes of the cells of a machine, of which is known where they are."""

    def __init__(self, m: Machine, cells: Sequence[Placed], names: Names) -> None:
        self.m = m
        self.cells = cells
        self.names = names
        cpus, pages = names.cpus, names.pages
        self.pages = pages
        self.frames = frames = (*names.frames, len(names.frames))  # the zero page keeps its name
        nodes, first = len(m.config.nodes), m.task_list(m.task[0], "isolated").index
        each = (len(m.lists) - first) // len(m.task)
        lists = [
            *(cpu * nodes + node for cpu in cpus for node in frames[:-1]),
            *(at + node for at in range(nodes * len(cpus), first, nodes) for node in frames[:-1]),
            *(first + cpu * each + kind for cpu in cpus for kind in range(each)),
        ]
        ctx = (*cpus, *(len(cpus) + cpu for cpu in cpus), 2 * len(cpus))
        slots = len(m.tlb) // len(cpus)
        layers = [page * LAYERS + layer for page in pages for layer in range(LAYERS)]
        self.index: dict[str, Sequence[int]] = {
            **dict.fromkeys(("cpu", "shootdown", "asid", "task", "taker"), cpus),
            **dict.fromkeys(("pte", "vma", "file_page", "promise", "file_bytes"), pages),
            **dict.fromkeys(("before", "file_before"), layers),
            "window": ctx,
            **dict.fromkeys(("frame", "zone", "frame_debt"), frames),
            "lists": lists,
            "ctx": ctx,
            "tlb": [cpu * slots + page for cpu in cpus for page in pages],
            "stack": [at * STACK_DEPTH + level for at in ctx for level in range(STACK_DEPTH)],
        }
        """The new number of each record, by region."""
        self._moves: dict[int, Move] = {}
        self._tables: dict[Field, Table] = {}
        self._locals: dict[int, dict[int, Sequence[int]]] = {}

    def move(self, cell: int) -> Move:
        """What becomes of a cell."""
        found = self._moves.get(cell)
        if found is None:
            found = self._moves[cell] = self._move(cell)
        return found

    def _move(self, cell: int) -> Move:
        name, number, record, declared = self.cells[cell]
        index = self.index.get(name)
        to: Record = self.m.regions[name][index[number]] if index else record
        target = to.base + declared.offset
        if name == "stack":
            by_op = self._of_local(declared.offset)
            if number % STACK_DEPTH and declared.offset == Shootdown.start.offset:
                by_op = {op: table for op, table in by_op.items() if op != Shootdown.NUMBER}
            return Move(cell, target, None, by_op, record.base + Fault.op.offset)
        if declared is TlbEntry.vpn:
            used = _changing({1: self.pages})
            return Move(cell, target, None, used, record.base + TlbEntry.mm.offset)
        return Move(cell, target, self._table(declared), {}, 0)

    def _table(self, declared: Field) -> Table:
        if declared not in self._tables:
            table = self._of(declared)
            self._tables[declared] = None if table == list(range(len(table))) else table
        return self._tables[declared]

    def _of(self, declared: Field) -> list[int]:
        """What becomes of a number in a field; nothing where it is no name."""
        if declared.mask == "cpu":
            return self._masks()
        if declared.ref:
            index = self.index.get(declared.ref)
            return [0, *(new + 1 for new in index)] if index else []
        return self._contents() if declared in BYTES else []

    def _masks(self) -> list[int]:
        cpus = self.names.cpus
        return [
            sum(1 << new for old, new in enumerate(cpus) if mask >> old & 1)
            for mask in range(1 << len(cpus))
        ]

    def _contents(self) -> list[int]:
        pages = len(self.pages)
        versions = range(LATEST, NEW + 1)
        named = [version(page, number, pages) for number in versions for page in self.pages]
        return [*range(FIRST_CONTENT), *named]

    def _of_local(self, offset: int) -> dict[int, Sequence[int]]:
        """What becomes of a local, by the operation that it is one of."""
        if offset not in self._locals:
            found = {}
            for kind in WAITING:
                for declared in kind.FIELDS:
                    if declared.offset == offset:
                        found[kind.NUMBER] = self._local(declared)
            self._locals[offset] = _changing(found)
        return self._locals[offset]

    def _local(self, declared: Field) -> Table:
        if declared in (Fault.vpn, Shootdown.start):
            return self.pages  # numbers without a declared reference, as are zones that were tried
        return self.frames if declared is AllocPage.tried else self._table(declared)


def _changing(tables: Mapping[int, Table]) -> dict[int, Sequence[int]]:
    """The tables that change something."""
    return {
        kind: table
        for kind, table in tables.items()
        if table is not None and list(table) != list(range(len(table)))
    }


class Symmetry:
    """Renames the frames of states, and CPUs and pages where `everybody` may do the same.

    `places` has every cell that differs from the start in some state, and may grow.
    """

    def __init__(self, client: Client, places: Collection[int], *, everybody: bool) -> None:
        self.m = m = client.m
        self.places = places
        self.frames = m.config.frames
        cpus = orders(client.cpus) if everybody else orders(client.cpus)[:1]
        pages = orders(client.pages) if everybody else orders(client.pages)[:1]
        self.model = Model(client)
        self.outer = [(of_cpus, of_pages) for of_cpus in cpus for of_pages in pages]
        inner = orders(self.frames)
        cells = placed(m)
        self.renamings = [
            Renaming(m, cells, Names(*outer, frames)) for outer in self.outer for frames in inner
        ]
        self.inner = _numbers(inner)
        self.cells: set[int] = set()
        """Every cell that any of them moves."""
        self.dependent = dependent(client, cells)
        self._moves: list[list[Move]] = [[] for _ in self.renamings]
        self._known = 0

    def best(self, values: Values) -> tuple[Any, Any]:
        """The number of the renaming to be taken, and how many states can be renamed into it."""
        described = self.model.described(values)
        best, ties, which = described.under(*self.outer[0]), 1, 0
        for number, outer in enumerate(self.outer[1:], 1):
            other = described.under(*outer)
            same = 1 * (other.whole == best.whole) * (other.frames == best.frames)
            less = 1 * (other.whole < best.whole)
            less = less + (other.whole == best.whole) * (other.frames < best.frames)
            ties = ties * (1 - less) + less + same
            which = which + (number - which) * less
            best = best.or_else(other, less)
        place: Any = 0
        alike: Any = 1
        for pfn, key in enumerate(best.keys):
            before = [1 * (other == key) for other in best.keys[:pfn]]
            alike = alike * (1 + sum(before))
            lower = [1 * (other < key) for other in best.keys]
            place = place + (sum(lower) + sum(before)) * self.frames**pfn
        number = which * factorial(self.frames) + looked_up(self.inner, place)
        return number, len(self.renamings) // (ties * alike)

    def renamed(self, cells: Sequence[int], number: int) -> list[int]:
        """The cells of one state under a renaming."""
        found = list(cells)
        for move in self.moves(number):
            value = cells[move.source]
            table = move.by_kind.get(cells[move.kind]) if move.by_kind else move.table
            found[move.target] = value if table is None else table[value]
        return found

    def moves(self, number: int) -> list[Move]:
        """What a renaming does to every cell that may differ from the start."""
        if len(self.places) != self._known:
            self._grow()
        moves = self._moves[number]
        if len(moves) < len(self.cells):
            known = {move.source for move in moves}
            moves += map(self.renamings[number].move, sorted(self.cells - known))
        return moves

    def _grow(self) -> None:
        """A cell that changes makes all change that it can be renamed to."""
        self._known = len(self.places)
        left = set(self.places) - self.cells
        while left:
            self.cells |= left
            moved = {one.move(cell).target for one in self.renamings for cell in left}
            moved.update(*(self.dependent.get(cell, ()) for cell in left))
            left = moved - self.cells


def dependent(client: Client, cells: Sequence[Placed]) -> dict[int, list[int]]:
    """For each cell that decides what others mean, those others: also where they have never changed
    they are given new values, for the start is the same under every renaming only as a whole.
    """
    counts = client.cpus, client.pages, client.m.config.frames
    turned = (tuple(range(count))[::-1] for count in counts)
    renaming = Renaming(client.m, cells, Names(*turned))
    found: dict[int, list[int]] = {}
    m = renaming.m
    for region in (m.tlb, m.stack):
        for cell in range(region.base, region.base + len(region) * region.size):
            move = renaming.move(cell)
            if move.by_kind:
                found.setdefault(move.kind, []).append(move.source)
    return found


def _numbers(inner: Sequence[Order]) -> list[int]:
    """The number of each permutation, by its places as digits, the first one lowest."""
    count = len(inner[0])
    found = [0] * count**count
    for number, order in enumerate(inner):
        found[sum(new * count**old for old, new in enumerate(order))] = number
    return found
