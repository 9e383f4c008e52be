"""CPUs, tasks and pages that change places: what becomes of the cells of a state.

Records that belong to one of them move, and whatever names one says its new name. Which records
those are follows from the machine's layout and from what a policy says of its regions (`per`);
which cells name one is declared with each field. A search does not take that on trust: it asks the
engine about every such state beside its own (module rows.images).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TypeAlias

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from luf_tui.engine.operation import OPERATIONS, Operation
from luf_tui.machine.machine import BYTES, TASK_LISTS, Machine
from luf_tui.machine.regions import Field, MaybeNumber
from luf_tui.machine.schema import STACK_DEPTH, Activation, TlbEntry
from luf_tui.search.rows.cell_columns import CellColumns
from luf_tui.search.rows.fingerprints import Flags
from luf_tui.search.rows.index import Numbers
from luf_tui.search.rows.packing import Layout

Get: TypeAlias = Callable[[int], Numbers]
"""What a cell holds in each of some states."""
Order: TypeAlias = tuple[int, ...]
"""A permutation: the new number of each old one."""
SAME, PAGE = 0, 1
"""Numbers of tables: what is no name, and what is the number of a virtual page."""
CPU, VIRTUAL = "cpu", "page"
"""What a plain number can be declared to count."""
FIRST = len(Operation.FIELDS)
"""The place of the first local of an operation."""


def unchanged(count: int) -> Order:
    """The permutation that leaves so many as they are."""
    return tuple(range(count))


@frozen
class Permutation:
    """New numbers for CPUs, tasks, virtual pages (of every address space), pages of files, and
    codes of contents.
    """

    cpus: Order
    tasks: Order
    pages: Order
    file_pages: Order
    contents: Order

    @property
    def orders(self) -> tuple[Order, ...]:
        """All of it."""
        return self.cpus, self.tasks, self.pages, self.file_pages, self.contents

    @property
    def idle(self) -> bool:
        """Whether it leaves everything as it is."""
        return all(order == unchanged(len(order)) for order in self.orders)

    def then(self, other: Permutation) -> Permutation:
        """This one, and another after it."""
        both = zip(self.orders, other.orders, strict=True)
        return Permutation(*(tuple(second[new] for new in first) for first, second in both))

    def back(self) -> Permutation:
        """What takes this one back."""
        return Permutation(*(tuple(map(order.index, range(len(order)))) for order in self.orders))


def contexts_of(m: Machine, permutation: Permutation) -> Order:
    """What becomes of contexts: interrupt levels, tasks, whoever else acts, and the machine itself.
    Where a CPU that acts by itself has no counterpart it stays, and its lines will not fit.
    """
    cpus, actors = len(permutation.cpus), m.config.actors
    news = {f"cpu{old}": f"cpu{new}" for old, new in enumerate(permutation.cpus)}
    fits = all(news.get(actor, actor) in actors for actor in actors)
    others = [actors.index(news.get(actor, actor) if fits else actor) for actor in actors]
    tasks = [cpus + task for task in permutation.tasks]
    return (*permutation.cpus, *tasks, *(m.actors + at for at in others), m.boot_ctx.index)


def _each(order: Order, size: int, beside: int = 0) -> list[int]:
    """What becomes of records of which each has so many, and of some that belong to none."""
    found = [new * size + at for new in order for at in range(size)]
    return [*found, *range(len(found), len(found) + beside)]


class Moved:
    """What becomes of the cells of one machine under a permutation."""

    def __init__(self, m: Machine, permutation: Permutation) -> None:
        self.m = m
        self.permutation = permutation
        self.index = {name: self._index(name) for name in m.regions}
        """The new number of each record, by region."""
        self._tables: list[Sequence[int]] = [(), permutation.pages]
        self._numbers: dict[tuple[int, ...], int] = {(): SAME, permutation.pages: PAGE}
        count = len(m.cells.values)
        self.target: NDArray[np.intp] = np.arange(count)
        """Where the value of each cell goes."""
        self.table = np.zeros(count, np.int64)
        """Which table says what becomes of it, but for what depends on other cells."""
        self.ranges: dict[int, int] = {}
        """Cells of first pages, and those of the page after the last: they move where the range is
        of one page.
        """
        for name, region in m.regions.items():
            where = np.array(self.index[name], np.intp)
            numbers = np.arange(len(region))
            for declared in region.kind.FIELDS:
                first = region.base + declared.offset
                cells = first + numbers * region.size
                self.target[cells] = first + where * region.size
                if region.kind is not Activation:
                    self.table[cells] = self._number(declared)
                    self._note_range(cells, region.kind.FIELDS, declared)
        self._declare_locals()
        size = max(map(len, self._tables))
        self._values = np.tile(np.arange(size), (len(self._tables), 1))
        for number, table in enumerate(self._tables):
            self._values[number, : len(table)] = table
        self._page = np.array(permutation.pages, np.int64)
        entries = np.arange(len(m.tlb)) * m.tlb.size + m.tlb.base
        self._vpns = entries + TlbEntry.vpn.offset
        self._spaces = entries + TlbEntry.mm.offset
        self.table[self._vpns] = SAME
        self._space_of = dict(zip(self._vpns.tolist(), self._spaces.tolist(), strict=True))
        self._ends = {end: start for start, end in self.ranges.items()}
        self._meant: dict[int, list[int]] = {}
        self._known: tuple[int, list[int]] = -1, []
        """The cells that have to be looked at, and how many had a place then."""

    # -- what is declared -------------------------------------------------------------------------

    def _index(self, name: str) -> list[int]:
        m, p = self.m, self.permutation
        region, contexts = m.regions[name], contexts_of(self.m, p)
        spaces, nodes = len(m.mm), len(m.config.nodes)
        walks = max(1, len(m.walk) // max(1, len(p.cpus)))
        lists = _each(p.cpus, nodes)
        first = m.task_list(m.task[0], TASK_LISTS[0]).index if m.task else len(m.lists)
        own = {
            "cpu": p.cpus,
            "shootdown": p.cpus,
            "asid": _each(p.cpus, m.config.asids),
            "ctx": contexts,
            "stack": _each(contexts, STACK_DEPTH),
            "task": p.tasks,
            "file_page": p.file_pages,
            "walk": _each(p.cpus, walks) if m.walk else [],
            "lists": [
                *lists,
                *range(len(lists), first),
                *(first + at for at in _each(p.tasks, len(TASK_LISTS))),
            ],
        }
        if "pte" in (name, region.per) or name == "vma":
            places = [mm * len(p.pages) + new for mm in range(spaces) for new in p.pages]
            return _each(tuple(places), len(region) // len(places))
        if name == "tlb":
            device = m.config.tlb_entries if m.config.secondary_tlb else 0
            return _each(p.cpus, m.config.tlb_entries, device)
        if name in own:
            return list(own[name])
        orders = {"cpu": p.cpus, "task": p.tasks, "file_page": p.file_pages, "ctx": contexts}
        if orders.get(region.per):
            order = orders[region.per]
            return _each(order, (len(region) - region.beside) // len(order), region.beside)
        return list(range(len(region)))

    def _number(self, declared: Field) -> int:
        """The number of the table that says what becomes of a field's values."""
        return self._entered(self._table(declared))

    def _entered(self, table: Sequence[int]) -> int:
        found = tuple(table)
        if found == unchanged(len(found)):
            return SAME
        if found not in self._numbers:
            self._numbers[found] = len(self._tables)
            self._tables.append(found)
        return self._numbers[found]

    def _table(self, declared: Field) -> Sequence[int]:
        p = self.permutation
        if declared.mask == CPU:
            return [
                sum(1 << new for old, new in enumerate(p.cpus) if mask >> old & 1)
                for mask in range(1 << len(p.cpus))
            ]
        if declared.ref:
            return [0, *(new + 1 for new in self.index[declared.ref])]
        if declared in BYTES or declared.name == "content":
            more = isinstance(declared, MaybeNumber)
            return [0, *(new + 1 for new in p.contents)] if more else p.contents
        if declared.of == VIRTUAL:
            return p.pages
        return p.cpus if declared.of == CPU else ()

    def _note_range(
        self, cells: NDArray[np.intp], fields: Sequence[Field], declared: Field
    ) -> None:
        if declared.upto:
            self.table[cells] = SAME
            end = _called(fields, declared.upto).offset - declared.offset
            self.ranges.update((cell, cell + end) for cell in cells.tolist())

    def _declare_locals(self) -> None:
        """What becomes of the locals of operations in flight, by the operation."""
        size = self.m.stack.size
        self._local = np.zeros((len(OPERATIONS), size), np.int64)
        """The number of a table, by operation and place."""
        self._over: list[tuple[int, int, int]] = []
        """Operation, and places of a first page and of the count of pages: it moves where that is
        1.
        """
        self._upto: list[tuple[int, int, int]] = []
        """Operation, and places of a range's first page and of the one after its last."""
        self._within: list[tuple[int, int, int, int, bool]] = []
        """Operation, and places of a page that goes through a range, of its first page, and of what
        tells where it ends: the page after its last, or how many it has.
        """
        for kind in OPERATIONS:
            for declared in kind.FIELDS[FIRST:]:
                self._local[kind.NUMBER, declared.offset] = self._number(declared)
                if declared.over:
                    count = _called(kind.FIELDS, declared.over).offset
                    self._over.append((kind.NUMBER, declared.offset, count))
                if declared.upto:
                    end = _called(kind.FIELDS, declared.upto).offset
                    self._upto.append((kind.NUMBER, declared.offset, end))
                    self._local[kind.NUMBER, declared.offset] = SAME
                if declared.within:
                    first = _called(kind.FIELDS, declared.within)
                    last = _called(kind.FIELDS, first.upto or first.over)
                    places = declared.offset, first.offset, last.offset
                    self._within.append((kind.NUMBER, *places, bool(first.upto)))
                    self._local[kind.NUMBER, declared.offset] = SAME

    # -- one state --------------------------------------------------------------------------------

    def cells(self, values: Numbers) -> Numbers:
        """A state, cell by cell, under the new names."""
        stack = self.m.stack
        table = self.table.copy()
        block = slice(stack.base, stack.base + len(stack) * stack.size)
        records = values[block].reshape(-1, stack.size)
        ops = records[:, 0]
        tables = self._local[ops]
        for kind, page, count in self._over if self._moves_pages else ():
            tables[(ops == kind) & (records[:, count] != 1), page] = SAME
        table[block] = tables.ravel()
        table[self._vpns] = np.where(values[self._spaces] > 0, PAGE, SAME)
        size = self._values.shape[1]
        known = self._values[table, np.minimum(values, size - 1)]
        new = np.where(values < size, known, values)
        if self._moves_pages:
            self._move_ranges(values, new, ops)
        found = np.empty_like(values)
        found[self.target] = new
        return found

    def _move_ranges(self, values: Numbers, new: Numbers, ops: Numbers) -> None:
        """Put in what becomes of ranges of one page, and of what goes through them."""
        stack = self.m.stack
        ranges = [*self.ranges.items()]
        for kind, start, end in self._upto:
            bases = [stack[at].base for at in np.flatnonzero(ops == kind).tolist()]
            ranges += [(base + start, base + end) for base in bases]
        for begin, end in ranges:
            first = int(values[begin])
            if values[end] == first + 1 and first < len(self._page):
                new[begin], new[end] = self._page[first], self._page[first] + 1
        for kind, page, first_at, last_at, upto in self._within:
            for at in np.flatnonzero(ops == kind).tolist():
                base = stack[at].base
                known = values[base + page], values[base + first_at], values[base + last_at]
                new[base + page] = self._going_through(*map(np.atleast_1d, known), upto=upto)[0]

    @property
    def _moves_pages(self) -> bool:
        return self.permutation.pages != unchanged(len(self.permutation.pages))

    @cached_property
    def source(self) -> list[int]:
        """The cell from which each cell's value comes."""
        found = np.empty_like(self.target)
        found[self.target] = np.arange(len(found))
        sources: list[int] = found.tolist()
        return sources

    # -- many states ------------------------------------------------------------------------------

    def columns(self, columns: CellColumns) -> CellColumns:
        """A copy of some states, under the new names. Raises TooWide."""
        found = CellColumns(columns.layout, columns.words.copy())
        for cell in self._changing(columns.layout):
            found.put(int(self.target[cell]), self._renamed(cell, columns.get))
        return found

    def _renamed(self, cell: int, get: Get) -> Numbers:
        """What the value of a cell becomes in some states."""
        values = get(cell)
        record, offset = self._local_of(cell)
        if offset < FIRST:
            if cell in self._space_of:
                return self._looked_up(PAGE, values, get(self._space_of[cell]) > 0)
            if cell in self.ranges:
                return self._in_range(values, values, get(self.ranges[cell]), 0)
            if cell in self._ends:
                return self._in_range(values, get(self._ends[cell]), values, 1)
            return self._looked_up(int(self.table[cell]), values)
        ops = get(record)
        tables = self._local[:, offset].take(ops)
        found = self._looked_up(tables, values) if tables.any() else values
        for kind, page, count in self._over:
            if page == offset and (ops == kind).any():
                found = np.where((ops == kind) & (get(record + count) != 1), values, found)
        for kind, start, end in self._upto:
            if offset in (start, end) and (ops == kind).any():
                first, last = get(record + start), get(record + end)
                here = self._in_range(values, first, last, int(offset == end))
                found = np.where(ops == kind, here, found)
        for kind, page, begin, end, upto in self._within:
            if page == offset and (ops == kind).any():
                first, last = get(record + begin), get(record + end)
                here = self._going_through(values, first, last, upto=upto)
                found = np.where(ops == kind, here, found)
        return found

    def _going_through(
        self, values: Numbers, first: Numbers, last: Numbers, *, upto: bool
    ) -> Numbers:
        """What becomes of pages that go through ranges, each from its first page to the one after
        its last: those of one page move.
        """
        gone = values - first
        alone = (last == first + 1 if upto else last == 1) & (first < len(self._page))
        alone &= (gone == 0) | (gone == 1)
        return np.where(alone, self._page[np.where(alone, first, 0)] + gone, values)

    def _looked_up(
        self, table: int | Numbers, values: Numbers, here: Flags | None = None
    ) -> Numbers:
        if isinstance(table, int) and table == SAME:
            return values
        size = self._values.shape[1]
        found = np.where(values < size, self._values[table, np.minimum(values, size - 1)], values)
        return found if here is None else np.where(here, found, values)

    def _in_range(self, values: Numbers, first: Numbers, last: Numbers, more: int) -> Numbers:
        """What becomes of the beginning, or of the end, of ranges: those of one page move."""
        alone = (last == first + 1) & (first < len(self._page))
        return np.where(alone, self._page[np.where(alone, first, 0)] + more, values)

    def _local_of(self, cell: int) -> tuple[int, int]:
        """The first cell of the operation on a stack that a cell belongs to, and its place there;
        0 for both where it belongs to none.
        """
        stack = self.m.stack
        number, offset = divmod(cell - stack.base, stack.size)
        return (cell - offset, offset) if 0 <= number < len(stack) else (0, 0)

    def meant_by(self, cell: int) -> list[int]:
        """The cells that decide what the value of a cell means."""
        found = self._meant.get(cell)
        if found is None:
            found = self._meant[cell] = self._meaning(cell)
        return found

    def _meaning(self, cell: int) -> list[int]:
        record, offset = self._local_of(cell)
        if offset < FIRST:
            others = (self._space_of, self.ranges, self._ends)
            return [other[cell] for other in others if cell in other]
        found = [record]
        found += [record + count for _, page, count in self._over if page == offset]
        found += [record + end for _, start, end in self._upto if start == offset]
        for _, page, first, last, _ in self._within:
            found += [record + first, record + last] if page == offset else []
        return [*found, *(record + start for _, start, end in self._upto if end == offset)]

    def decided_by(self, cell: int) -> list[int]:
        """The cells whose values mean something else when a cell changes."""
        return self._decided.get(cell, [])

    @cached_property
    def _decided(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        stack = self.m.stack
        locals_ = range(stack.base, stack.base + len(stack) * stack.size)
        for cell in (*locals_, *self._space_of, *self.ranges, *self._ends):
            for other in self.meant_by(cell):
                found.setdefault(other, []).append(cell)
        return found

    def _changing(self, layout: Layout) -> list[int]:
        """The cells that have to be looked at: whatever may differ from the start in some state or
        under the new names, and does not stay what and where it is.
        """
        known, places = len(layout.places), layout.places
        if self._known[0] != known:
            first = np.array(layout.first, np.int64)
            renamed = self.cells(first)[self.target]
            found = [
                cell
                for cell in self._touched
                if cell in places
                or int(self.target[cell]) in places
                or int(renamed[cell]) != layout.first[int(self.target[cell])]
                or any(other in places for other in self.meant_by(cell))
            ]
            self._known = known, found
        return self._known[1]

    @cached_property
    def _touched(self) -> list[int]:
        """The cells that do not in every state stay what and where they are."""
        moves = self.target != np.arange(len(self.target))
        moves |= self.table != SAME
        found = {*np.flatnonzero(moves).tolist()}
        if self._moves_pages:
            found.update(self._space_of, self.ranges, self._ends)
        named = {*np.flatnonzero(self._local.any(axis=0)).tolist()}
        if self._moves_pages:
            named.update(at for _, *both in self._upto for at in both)
            named.update(page for _, page, *_ in self._within)
        found.update(record.base + at for record in self.m.stack for at in named)
        return sorted(found)


def _called(fields: Sequence[Field], name: str) -> Field:
    return next(one for one in fields if one.name == name)
