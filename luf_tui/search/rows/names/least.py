"""The least of the names that a state can have when those who may do the same change places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np

from luf_tui.engine.transitions import Turn
from luf_tui.machine.machine import BYTES, Machine
from luf_tui.machine.regions import Field, Record
from luf_tui.machine.schema import STACK_DEPTH, Context, Frame, TlbEntry
from luf_tui.search.rows.cell_columns import CellColumns
from luf_tui.search.rows.fingerprints import Words
from luf_tui.search.rows.index import Numbers, columns_of, state_of, wide
from luf_tui.search.rows.names.alike import Group
from luf_tui.search.rows.names.local_names import InFlight
from luf_tui.search.rows.names.permuted import CPU, VIRTUAL, Order
from luf_tui.search.rows.naming import Naming
from luf_tui.search.rows.packing import State
from luf_tui.search.rows.space import Space

SEED = 2811
SALTS = 4096
CACHED = TlbEntry.mm, TlbEntry.vpn, TlbEntry.frame, TlbEntry.writable
Owned: TypeAlias = tuple[int, int, bool]
"""A cell of an owner, the number of its place, and whether what it holds is no name."""
AXES = 0, 2, 3
"""Which orders of a permutation are looked at: of CPUs, pages, and pages of files."""


class LeastNames:
    """Puts each state under the least name that it has under any permutation of a group.

    What each CPU and each page is, without any name, tells most of the permutations apart; the
    other names are given, and compared, where it does not.
    """

    def __init__(self, group: Group, others: Naming) -> None:
        self.group = group
        self.others = others
        self._looks = Looks(group)

    def rename(self, columns: CellColumns) -> None:
        """Put each state under its name."""
        self.chosen(columns)

    def chosen(self, columns: CellColumns) -> Numbers:
        """Put each state under its name; the number of the permutation that does it."""
        given = CellColumns(columns.layout, columns.words)
        keys = self._looks.keys(given)
        best: Numbers = keys.argmin(axis=0)
        alike = keys == np.take_along_axis(keys, best[None, :], 0)
        self._permute(columns, given, best)
        self.others.rename(columns)
        tied = [
            (number, np.flatnonzero(alike[number] & (best != number)))
            for number in range(1, len(self.group.elements))
        ]
        self._take_less(columns, given, best, [one for one in tied if len(one[1])])
        return best

    def _permute(self, columns: CellColumns, given: CellColumns, best: Numbers) -> None:
        columns.words = given.words.copy()
        for number, element in enumerate(self.group.elements[1:], 1):
            here = np.flatnonzero(best == number)
            if len(here):
                columns.replace(here, element.moved.columns(given.some(here)))

    def _take_less(
        self,
        columns: CellColumns,
        given: CellColumns,
        best: Numbers,
        tied: Sequence[tuple[int, Numbers]],
    ) -> None:
        """Take names under other permutations where they are less than those so far: the number of
        each permutation, and the states for which it is to be tried.
        """
        if not tied:
            return
        elements, layout = self.group.elements, columns.layout
        parts = [elements[number].moved.columns(given.some(states)) for number, states in tied]
        words = [wide(part.words, layout.words) for part in parts]
        others = CellColumns(layout, np.concatenate(words, axis=1))
        self.others.rename(others)
        columns.words = wide(columns.words, len(others.words))
        begin = 0
        for number, states in tied:
            end = begin + len(states)
            here = others.words[:, begin:end]
            less = first_is_less(here, columns.words.take(states, axis=1))
            columns.words[:, states[less]] = here[:, less]
            best[states[less]] = number
            begin = end


def real_turns(
    space: Space, names: LeastNames, start: State, path: Sequence[Turn]
) -> tuple[list[Turn], Order]:
    """A way through named states as the turns of the states themselves, and what becomes of turns
    and contexts, as far as they have numbers, at its end: the real one behind each named one.
    """
    elements = names.group.elements
    permutations = [element.moved.permutation for element in elements]
    state = start
    held, found = permutations[0], list[Turn]()
    for turn in (None, *path):
        if turn is not None:
            back = elements[permutations.index(held.back())]
            found.append(back.turns[turn])
            row = space.turn[turn].of(state)
            state = (state | row.clear) ^ row.flip
        layout = space.learner.layout
        columns = CellColumns(layout, columns_of([state], layout.words))
        (number,) = names.chosen(columns).tolist()
        held = held.then(permutations[number])
        state = state_of(columns.words[:, 0])
    back = elements[permutations.index(held.back())]
    return found, tuple(back.turns[turn] for turn in range(len(back.turns)))


def first_is_less(some: Words, others: Words) -> Numbers:
    """Which of some states come before others, word by word."""
    less = np.zeros(some.shape[1], np.bool_)
    same = np.ones(some.shape[1], np.bool_)
    for one, other in zip(some, others, strict=True):
        less |= same & (one < other)
        same &= one == other
        if not same.any():
            break
    return np.flatnonzero(less)


class Looks:
    """What a state looks like under each permutation, as one number: the same for all states that
    are one but for their names, and mostly another for others.
    """

    def __init__(self, group: Group) -> None:
        m = self.m = group.machine
        self._drawn = np.random.Generator(np.random.PCG64(SEED))
        self._salts = self._draw(SALTS)
        """What the value of a field counts."""
        self._orders = [element.moved.permutation.orders for element in group.elements]
        self._active = [
            any(one[axis] != self._orders[0][axis] for one in self._orders) for axis in AXES
        ]
        self._weights = [self._under(axis, self._draw(len(self._orders[0][axis]))) for axis in AXES]
        """What an owner counts under each permutation, by axis."""
        self._owned = [_of_cpus(m), _of_pages(m), _of_file_pages(m)]
        """The cells of each CPU, page and page of a file, by axis: place, and whether it is no
        name.
        """
        cpus, pages = self._weights[0], self._weights[1]
        both = self._draw(2)
        self._at = (cpus[:, :, None] * both[0]) ^ (pages[:, None, :] * both[1])
        """What a page counts that a CPU has to do with: permutation, CPU, page."""
        self._in_flight = InFlight(m)
        self._pages = self._in_flight.tables(lambda declared: declared.of == VIRTUAL)
        self._masks = [(cell, self._of_mask(cpu, place)) for cell, cpu, place in _masks(m)]
        self._homes = [*range(m.config.cpus), *(task.cpu for task in m.config.tasks)]
        """The CPU of each context."""

    def _draw(self, count: int) -> Words:
        drawn: Words = self._drawn.integers(0, 2**64, count, np.uint64) | np.uint64(1)
        return drawn

    def _under(self, axis: int, weights: Words) -> Words:
        """What each of some owners counts, by permutation."""
        return np.stack([weights[[*one[axis]]] for one in self._orders])

    def _of_mask(self, cpu: int, place: int) -> Words:
        """What a set of CPUs counts that belongs to a CPU, or to none: permutation, mask."""
        cpus = self._weights[0]
        own = cpus[:, cpu] if cpu >= 0 else np.zeros(len(cpus), np.uint64)
        found = np.zeros((len(cpus), 1 << cpus.shape[1]), np.uint64)
        for mask in range(found.shape[1]):
            for member in range(cpus.shape[1]):
                if mask >> member & 1:
                    found[:, mask] += (own ^ self._salts[place]) * (cpus[:, member] + own)
        return found

    def keys(self, columns: CellColumns) -> Words:
        """For each permutation a number of each state under it."""
        found = np.zeros((len(self._orders), columns.count), np.uint64)
        for weights, owned, active in zip(self._weights, self._owned, self._active, strict=True):
            for owner, cells in enumerate(owned) if active else ():
                look = self._look(columns, cells)
                for number in range(len(found)):
                    found[number] += look * weights[number, owner]
        if self._active[0]:
            for cell, tables in self._masks:
                if columns.varies(cell):
                    masks = columns.get(cell)
                    for number in range(len(found)):
                        found[number] += tables[number].take(masks)
        self._add_cached(columns, found)
        self._add_in_flight(columns, found)
        return found

    def _look(self, columns: CellColumns, cells: Sequence[Owned]) -> Words:
        look = np.zeros(columns.count, np.uint64)
        for cell, place, plain in cells:
            if columns.varies(cell):
                values = columns.get(cell)
                values = values if plain else (values > 0).astype(np.int64)
                look += values.view(np.uint64) * self._salts[place]
        return look ^ look >> np.uint64(31)

    def _add_cached(self, columns: CellColumns, found: Words) -> None:
        """Which CPU has which page in its TLB, and what the frame is that it leads to."""
        frames, states = self._frames(columns), np.arange(columns.count)
        for cpu in range(self.m.config.cpus):
            for entry in self.m.tlb_of(cpu):
                if columns.varies(entry.base + TlbEntry.mm.offset):
                    space, vpn, frame, writable = (
                        columns.get(entry.base + declared.offset) for declared in CACHED
                    )
                    what = (2 * space + writable).view(np.uint64) * self._salts[0]
                    what += frames[frame, states]
                    self._add(found, cpu, vpn, np.where(space > 0, what, np.uint64(0)))

    def _frames(self, columns: CellColumns) -> Words:
        """What each frame is without any name; the first row is none."""
        found = np.zeros((len(self.m.frame) + 1, columns.count), np.uint64)
        for number, frame in enumerate(self.m.frame, start=1):
            for place, declared in enumerate((Frame.state, Frame.mapcount, Frame.dirty)):
                cell = frame.base + declared.offset
                if columns.varies(cell):
                    found[number] += columns.get(cell).view(np.uint64) * self._salts[place + 1]
        return found

    def _add_in_flight(self, columns: CellColumns, found: Words) -> None:
        """Which CPU is at which page, and what it does."""
        stack = self.m.stack
        for cell, operations, here in self._in_flight.locals(columns, self._pages):
            record = (cell - stack.base) // stack.size
            cpu = (
                self._homes[record // STACK_DEPTH]
                if record // STACK_DEPTH < len(self._homes)
                else -1
            )
            if cpu >= 0:
                what = operations.view(np.uint64) * self._salts[1 + record % STACK_DEPTH]
                self._add(found, cpu, columns.get(cell), np.where(here, what, np.uint64(0)))

    def _add(self, found: Words, cpu: int, vpns: Numbers, what: Words) -> None:
        last = self._at.shape[2] - 1
        vpns = np.minimum(vpns, last)
        for number in range(len(found)):
            found[number] += what * self._at[number, cpu].take(vpns)


def _place(region: str, declared: Field, within: int) -> int:
    """A number of a field of one of the records of its owner, by which it is hashed."""
    return (sum(map(ord, region)) * 131 + within * 61 + declared.offset) % SALTS


def _plain(declared: Field) -> bool:
    """Whether what a field holds is no name."""
    named = declared.ref or declared.mask or declared.of or declared.upto or declared in BYTES
    return not named


def _fields(record: Record, region: str, within: int) -> Iterator[Owned]:
    """The cells of a record that say something of its owner whatever the names are."""
    for declared in record.FIELDS:
        if not declared.counter and declared is not Context.result:
            place = _place(region, declared, within)
            yield record.base + declared.offset, place, _plain(declared)


def _of_cpus(m: Machine) -> list[list[Owned]]:
    """The cells of each CPU and of its tasks."""
    found: list[list[Owned]] = [[] for _ in m.cpu]
    for name, record, cpu, within in _records_of_cpus(m):
        if name == "stack":
            cells = ((record.base + at, _place(name, record.FIELDS[at], within)) for at in (0, 1))
            found[cpu] += [(cell, place, True) for cell, place in cells]
        else:
            found[cpu] += _fields(record, name, within)
    return found


def _records_of_cpus(m: Machine) -> Iterator[tuple[str, Record, int, int]]:
    """The records that belong to a CPU, or to a task at home there, but for its TLB: the name of
    their region, the CPU, and a number among those that are alike.
    """
    homes = [task.cpu for task in m.config.tasks]
    contexts = [*range(m.config.cpus), *homes]
    of = {"cpu": [*range(m.config.cpus)], "task": homes, "ctx": contexts}
    per = {
        "asid": "cpu",
        "shootdown": "cpu",
        "stack": "ctx",
        "cpu": "cpu",
        "task": "task",
        "ctx": "ctx",
    }
    for name, region in m.regions.items():
        owners = of.get(per.get(name, region.per), [])
        size = (len(region) - region.beside - (STACK_DEPTH if name == "stack" else 0)) // max(
            1, len(owners)
        )
        for number, record in enumerate(region[: size * len(owners)]):
            cpu = owners[number // size]
            irq = name in ("ctx", "stack") and number // size < m.config.cpus
            if 0 <= cpu < m.config.cpus:
                yield name, record, cpu, number % size + (STACK_DEPTH if irq else 0)


def _of_pages(m: Machine) -> list[list[Owned]]:
    """The cells of each virtual page."""
    found: list[list[Owned]] = [[] for _ in range(m.config.pages)]
    for name, region in m.regions.items():
        if name not in ("pte", "vma") and region.per != "pte":
            continue
        each = len(region) // len(m.pte)
        for record in region:
            address, within = divmod(record.index, each)
            space, vpn = divmod(address, m.config.pages)
            found[vpn] += _fields(record, name, space * each + within)
    return found


def _of_file_pages(m: Machine) -> list[list[Owned]]:
    """The cells of each page of a file."""
    found: list[list[Owned]] = [[] for _ in m.file_page]
    for name, region in m.regions.items():
        if region and "file_page" in (name, region.per):
            each = len(region) // len(m.file_page)
            for record in region:
                number, within = divmod(record.index, each)
                found[number] += _fields(record, name, within)
    return found


def _masks(m: Machine) -> Iterator[tuple[int, int, int]]:
    """The cells that hold a set of CPUs: whose they are, -1 for nobody's, and a number of each
    place.
    """
    owned = {
        record.base: (cpu, within)
        for name, record, cpu, within in _records_of_cpus(m)
        if name != "stack"
    }
    for name, region in m.regions.items():
        for declared in region.kind.FIELDS if name not in ("tlb", "walk", "stack") else ():
            for record in region if declared.mask == CPU else ():
                cpu, within = owned.get(record.base, (-1, record.index))
                yield record.base + declared.offset, cpu, _place(name, declared, within)
