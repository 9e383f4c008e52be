"""States that differ by names only, as one: frames, and CPUs and pages where all may do the same.

A renaming is a permutation of CPUs, one of pages and one of frames. It moves every record that
belongs to one of them, and changes every cell that names one: which those are is declared, but for
a few numbers. Any renaming gives a state that behaves as the one before; which one is taken decides
how many are merged. It is the one whose description of the state, in the model's variables, is
least: so all that can be renamed into each other become the same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import permutations
from math import factorial
from typing import Any

from attrs import frozen

from luf_tui.engine.operations.fault import Fault
from luf_tui.engine.operations.flush import Shootdown
from luf_tui.engine.operations.memory import AllocPage, Refill
from luf_tui.engine.operations.reclaim import Reclaim
from luf_tui.machine.machine import Machine
from luf_tui.machine.regions import Field
from luf_tui.machine.schema import STACK_DEPTH, Frame, TlbEntry
from tests.promela.client import Action, Client
from tests.promela.described import Model, looked_up
from tests.promela.machine import FIRST_CONTENT
from tests.promela.normal import LATEST, NEW, Values, version

WAITING = (Fault, AllocPage, Refill, Shootdown, Reclaim)
"""The operations that are in flight while somebody waits."""
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
    table: Sequence[int] | None
    """What each value becomes; None leaves it as it is."""
    by_kind: Mapping[int, Sequence[int]]
    """The same where that depends on another cell, by what that one holds."""
    kind: int
    """That cell."""


class Renaming:
    """New names, as what becomes of the cells of a machine."""

    def __init__(self, m: Machine, names: Names) -> None:
        self.m = m
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
        self.index: dict[str, Sequence[int]] = {
            **dict.fromkeys(("cpu", "shootdown", "asid", "task", "taker"), cpus),
            **dict.fromkeys(("pte", "vma", "file_page"), pages),
            **dict.fromkeys(("frame", "zone", "frame_debt"), frames),
            "lists": lists,
            "ctx": ctx,
            "tlb": [cpu * slots + page for cpu in cpus for page in pages],
            "stack": [at * STACK_DEPTH + level for at in ctx for level in range(STACK_DEPTH)],
        }
        """The new number of each record, by region."""
        self._locals = [self._of_local(offset) for offset in range(m.stack.size)]

    def moves(self, cells: Iterable[int]) -> list[Move]:
        """What becomes of some cells."""
        return [self._move(cell) for cell in cells]

    def _move(self, cell: int) -> Move:
        place = self.m.locate(cell)
        region = self.m.regions[place.region]
        record = region[place.index]
        index = self.index.get(place.region)
        to = region[index[place.index]] if index else record
        target = to.base + place.field.offset
        if place.region == "stack":
            by_op = dict(self._locals[place.field.offset])
            if place.index % STACK_DEPTH and place.field.offset == Shootdown.start.offset:
                del by_op[Shootdown.NUMBER]  # only who upgrades flushes a page
            return Move(cell, target, None, by_op, record.base + Fault.op.offset)
        if place.region == "tlb" and place.field is TlbEntry.vpn:
            used = {1: self.pages}
            return Move(cell, target, None, used, record.base + TlbEntry.mm.offset)
        return Move(cell, target, self._table(place.field), {}, 0)

    def _table(self, declared: Field) -> Sequence[int] | None:
        if declared.mask == "cpu":
            return self._masks()
        if declared.ref:
            index = self.index.get(declared.ref)
            return [0, *(new + 1 for new in index)] if index else None
        return self._contents() if declared is Frame.content else None

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
        found: dict[int, Sequence[int]] = {}
        for kind in WAITING:
            for declared in kind.FIELDS:
                if declared.offset != offset:
                    continue
                if declared in (Fault.vpn, Shootdown.start):
                    found[kind.NUMBER] = self.pages
                elif declared is AllocPage.tried:
                    found[kind.NUMBER] = self.frames
                else:
                    table = self._table(declared) if declared.ref or declared.mask else None
                    if table is not None:
                        found[kind.NUMBER] = table
        return found


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
        self.renamings = [
            Renaming(m, Names(*outer, frames)) for outer in self.outer for frames in inner
        ]
        self.inner = _numbers(inner)
        self.cells: set[int] = set()
        """Every cell that any of them moves."""
        self.dependent = _dependent(self.renamings[-1])
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
            moves += self.renamings[number].moves(sorted(self.cells - known))
        return moves

    def _grow(self) -> None:
        """A cell that changes makes all change that it can be renamed to."""
        self._known = len(self.places)
        left = set(self.places) - self.cells
        while left:
            self.cells |= left
            moved = {m.target for one in self.renamings for m in one.moves(left)}
            moved.update(*(self.dependent.get(cell, ()) for cell in left))
            left = moved - self.cells


def _dependent(renaming: Renaming) -> dict[int, list[int]]:
    """For each cell that decides what others mean, those others: also where they have never changed
    they are given new values, for the start is the same under every renaming only as a whole.
    """
    found: dict[int, list[int]] = {}
    m = renaming.m
    for region in (m.tlb, m.stack):
        cells = range(region.base, region.base + len(region) * region.size)
        for move in renaming.moves(cells):
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
