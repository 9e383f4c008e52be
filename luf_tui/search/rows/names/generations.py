"""Numbers of which only the order matters: they become as small as that order allows.

`tlb_gen` and `tlb_flush_batched` are compared within one address space, zone generations within
one zone. A number that may wrap keeps its value, or its low bits.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from luf_tui.engine.operation import OPERATIONS
from luf_tui.machine.machine import Machine
from luf_tui.machine.regions import Record
from luf_tui.machine.schema import BUDDY_TAIL, FREE_BUDDY, Activation, Frame, Mm
from luf_tui.policy import guards
from luf_tui.policy.base import Policy
from luf_tui.search.rows.cell_columns import CellColumns
from luf_tui.search.rows.fingerprints import Flags
from luf_tui.search.rows.index import Numbers
from luf_tui.search.rows.names.local_names import InFlight

FURTHEST = {"tlb_gen": 2, "ugen": 1, "batched": 1, "zone_ugen": 2, "tries": 0}
"""The largest distance of two neighbours that means something: whether a CPU is one generation of
its address space behind decides between a ranged and a full flush, and a zone's generation before
the open one is looked for by subtraction. Tries only end what would go on for ever.
"""
WITHIN_A_SPACE = ("tlb_gen", "batched")
"""Families whose numbers are compared within one address space only."""
WRAP_BITS = 16
"""Numbers narrower than this may wrap within a search."""
GROUP = 40
"""Bits below which a number stands in a sort key, and above which its group."""


class Counter:
    """One place that holds a number of a family, in the states where it does."""

    def __init__(self, cell: int, values: Numbers, group: Numbers, here: Flags | None) -> None:
        self.cell = cell
        self.values = values
        self.group = group
        """Among which numbers it is compared: those of the same address space, or zone."""
        self.here = here


class Generations:
    """Renames the numbers of one family."""

    def __init__(self, machine: Machine, in_flight: InFlight, policy: Policy, family: str) -> None:
        self.m = machine
        self.family = family
        self.furthest = FURTHEST[family]
        self._in_flight = in_flight
        self._locals = in_flight.tables(lambda declared: declared.counter == family)
        self._spaces = np.array([_space_offset(kind) for kind in OPERATIONS])
        self._fixed = [
            (record, declared)
            for region in machine.regions.values()
            if region.kind is not Activation
            for record in region
            for declared in region.kind.FIELDS
            if declared.counter == family
        ]
        self._zones = {
            record: number * len(machine.zone) // len(region) + 1
            for region in machine.regions.values()
            if region.per == "zone"
            for number, record in enumerate(region)
        }
        """The number of the zone, from 1, that records of the policy belong to."""
        marks = type(policy).MARKS
        self._open = {
            zone: record.base + marks.offset
            for record, zone in self._zones.items()
            if marks is not None and marks.counter == family and marks in type(record).FIELDS
        }
        """The cell of each zone's number whose low bits pages carry."""
        self._carried = 1 << machine.config.zone_gen_bits
        """How many generations the marks of pages tell apart."""
        places = len(self._fixed) + machine.config.frames
        self._wraps = bool(self._open) and self.furthest * (places + 1) >= self._carried
        self.renames = bool(self._fixed or self._locals) and (
            family != "ugen"
            or machine.config.gen_bits >= WRAP_BITS
            or guards.WIDE_GENERATIONS in policy.guards
        )

    def rename(self, columns: CellColumns) -> None:
        """Give the family's numbers in each state as small values as what is asked of them allows:
        their order, or their low bits, too, where these may wrap.
        """
        if self._wraps:
            for zone in self._open:
                self._turn_back(columns, zone)
        else:
            self._rank(columns)

    def _turn_back(self, columns: CellColumns, zone: int) -> None:
        """Take a multiple of what marks can tell off a zone's numbers. What is older than all that
        the zone itself counts is as old as that. Where a task holds a number of one of several
        zones, all is left.
        """
        alone = len(self._open) == 1
        here = np.ones(columns.count, np.bool_) if alone else self._apart(columns)
        own: list[tuple[int, Numbers]] = []
        others: list[tuple[int, Numbers]] = []
        for record, declared in self._fixed:
            cell, of_zone = record.base + declared.offset, self._zones.get(record)
            if of_zone == zone or (alone and of_zone is None):
                counts = of_zone and self._open[zone] in range(
                    record.base, record.base + record.SIZE
                )
                (own if counts else others).append((cell, columns.get(cell)))
        oldest = np.min(np.stack([values for _, values in own]), axis=0)
        less = np.maximum(oldest - 1, 0) // self._carried * self._carried
        for cell, values in (*own, *others):
            told = np.where(values > 0, np.maximum(values, oldest) - less, 0)
            if (here & (told != values)).any():
                columns.put(cell, np.where(here, told, values))

    def _rank(self, columns: CellColumns) -> None:
        counters = [*self._counters(columns)]
        if not counters:
            return
        values = np.stack([one.values for one in counters], axis=1)
        groups = np.stack([one.group for one in counters], axis=1)
        ranks = ranked(values, groups, self.furthest)
        for number, one in enumerate(counters):
            rank = np.ascontiguousarray(ranks[:, number])
            if one.here is not None:
                rank = np.where(one.here, rank, columns.get(one.cell))
            if (rank != columns.get(one.cell)).any():
                columns.put(one.cell, rank)

    # -- where they stand -------------------------------------------------------------------------

    def _counters(self, columns: CellColumns) -> Iterator[Counter]:
        apart = self._apart(columns)
        for record, declared in self._fixed:
            cell = record.base + declared.offset
            if columns.varies(cell):
                yield Counter(cell, columns.get(cell), self._group(columns, record, apart), None)
        for frame in self.m.frame[: self.m.config.frames] if self._open else ():
            yield from self._mark(columns, frame, apart)
        for cell, operations, here in self._in_flight.locals(columns, self._locals):
            values = np.where(here, columns.get(cell), 0)
            yield Counter(cell, values, self._group_of_local(columns, cell, operations), here)

    def _apart(self, columns: CellColumns) -> Flags:
        """Where each zone's numbers are ranked by themselves: no task holds one of whatever zone it
        takes pages from.
        """
        found = np.ones(columns.count, np.bool_)
        for record, declared in self._fixed if self._zones else ():
            cell = record.base + declared.offset
            if record not in self._zones and columns.varies(cell):
                found &= columns.get(cell) == 0
        return found

    def _group(self, columns: CellColumns, record: Record, apart: Flags) -> Numbers:
        if record in self._zones:
            return np.where(apart, self._zones[record], 0)
        if self.family in WITHIN_A_SPACE:
            if isinstance(record, Mm):
                return np.full(columns.count, record.index + 1, np.int64)
            space = _space_offset(type(record))
            if space:
                return columns.get(record.base + space - 1)
        return np.zeros(columns.count, np.int64)

    def _group_of_local(self, columns: CellColumns, cell: int, operations: Numbers) -> Numbers:
        group = np.zeros(columns.count, np.int64)
        if self.family not in WITHIN_A_SPACE:
            return group
        stack = self.m.stack
        base = cell - (cell - stack.base) % stack.size
        spaces = self._spaces[operations]
        for space in np.unique(spaces[spaces > 0]).tolist():
            group = np.where(spaces == space, columns.get(base + space - 1), group)
        return group

    def _mark(self, columns: CellColumns, frame: Frame, apart: Flags) -> Iterator[Counter]:
        """The generation whose low bits a free page carries (`expand`)."""
        cell, zone = frame.base + Frame.mark.offset, self.m.zone_of(frame).index + 1
        if not columns.varies(cell):
            return
        low, state = columns.get(cell), columns.get(frame.base + Frame.state.offset)
        here = (low > 0) & ((state == FREE_BUDDY) | (state == BUDDY_TAIL))
        if here.any():
            newest = columns.get(self._open[zone])
            whole = newest - (newest - low) % self._carried
            yield Counter(cell, np.where(here, whole, 0), np.where(apart, zone, 0), here)


def ranked(values: Numbers, groups: Numbers, furthest: int) -> Numbers:
    """For each row the numbers as small as they may become, group by group: 0 stays 0, and the
    distance of two neighbours is kept up to `furthest`.
    """
    keys = values + (groups << GROUP)
    order = np.argsort(keys, axis=1)
    keys = np.take_along_axis(keys, order, 1)
    ranks = np.empty_like(values)
    below = keys[:, 0] >> GROUP << GROUP
    rank = np.zeros(len(keys), np.int64)
    for number in range(keys.shape[1]):
        key = keys[:, number]
        new = key >> GROUP != below >> GROUP
        below = np.where(new, key >> GROUP << GROUP, below)
        rank = np.where(new, 0, rank) + np.minimum(key - below, furthest)
        ranks[:, number] = rank
        below = key
    found = np.empty_like(values)
    np.put_along_axis(found, order, ranks, 1)
    return found


def _space_offset(kind: type[Record]) -> int:
    """One more than the place of the field that names an address space; 0 where there is none."""
    return next((one.offset + 1 for one in kind.FIELDS if one.ref == "mm"), 0)
