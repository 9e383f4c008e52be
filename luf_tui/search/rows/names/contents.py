"""Bytes that were nowhere when they were stored (`fresh`): only who has the same ones matters."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from attrs import frozen

from luf_tui.machine.machine import BYTES, Machine
from luf_tui.machine.regions import MaybeNumber
from luf_tui.machine.schema import Frame
from luf_tui.search.rows.cell_columns import CellColumns
from luf_tui.search.rows.fingerprints import Flags, Words
from luf_tui.search.rows.index import Numbers
from luf_tui.search.rows.names.local_names import InFlight

SEED = 1603
HELD = np.uint64(0x9E3779B97F4A7C15)
"""What any frame adds to them."""


@frozen
class Holder:
    """A cell that holds bytes in some states."""

    cell: int
    number: Numbers
    """Which of the fresh contents it holds, from 0."""
    fresh: Flags
    """Where it holds one of them."""


class Contents:
    """Numbers fresh contents in the order in which one comes upon them."""

    def __init__(self, machine: Machine, in_flight: InFlight) -> None:
        config = machine.config
        self.m = machine
        self.count = config.fresh
        self.first = len(config.contents) - config.fresh
        self._in_flight = in_flight
        self._locals = in_flight.tables(lambda one: one.name == "content")
        self._one_more = in_flight.tables(
            lambda one: one.name == "content" and isinstance(one, MaybeNumber)
        )
        self._outside = [
            record.base + declared.offset
            for region in machine.regions.values()
            if region.kind is not Frame
            for record in region
            for declared in region.kind.FIELDS
            if declared in BYTES
        ]
        self._frames = [frame.base + Frame.content.offset for frame in machine.frame]
        drawn = np.random.Generator(np.random.PCG64(SEED))
        self._salts = drawn.integers(0, 2**64, len(machine.cells.values), dtype=np.uint64)
        """What each cell adds to the bytes that it holds."""
        self.renames = config.fresh > 0

    def rename(self, columns: CellColumns) -> None:
        """Number the fresh contents of each state anew. The frames have their places."""
        holders = [*self._holders(columns)]
        states = np.arange(columns.count)
        met_at = np.full((self.count + 1, columns.count), len(holders))
        """Where one comes upon each of them first; the last row is for whatever is not fresh."""
        for place, one in reversed([*enumerate(holders)]):
            met_at[np.where(one.fresh, one.number, self.count), states] = place
        new = np.zeros_like(met_at)
        met = np.zeros(columns.count, np.int64)
        for place, one in enumerate(holders):
            first = one.fresh & (met_at[one.number, states] == place)
            new[np.where(first, one.number, self.count), states] = met
            met += first
        for one in holders:
            number = new[one.number, states]
            if (one.fresh & (number != one.number)).any():
                held = columns.get(one.cell)
                columns.put(one.cell, np.where(one.fresh, held - one.number + number, held))

    def kinds(self, columns: CellColumns) -> Words | None:
        """For each frame what is known of its bytes without their name: who else holds them.
        None where no frame holds any that are fresh.
        """
        holders = [*self._holders(columns)]
        if not holders:
            return None
        states = np.arange(columns.count)
        by_whom = np.zeros((self.count + 1, columns.count), np.uint64)
        numbers = {cell: number for number, cell in enumerate(self._frames)}
        for one in holders:
            salt = HELD if one.cell in numbers else self._salts[one.cell]
            by_whom[np.where(one.fresh, one.number, self.count), states] += salt
        found = np.zeros((len(self._frames), columns.count), np.uint64)
        for one in holders:
            if one.cell in numbers:
                found[numbers[one.cell]] = np.where(one.fresh, by_whom[one.number, states], 0)
        return found

    def _holders(self, columns: CellColumns) -> Iterator[Holder]:
        """The cells that hold fresh contents in some of the states: those on disk and in swap
        first, then frames, then what is about to be stored.
        """
        for cell in (*self._outside, *self._frames):
            if columns.varies(cell):
                yield from self._holder(cell, columns.get(cell) - self.first, None)
        for cell, operations, here in self._in_flight.locals(columns, self._locals):
            number = columns.get(cell) - self.first
            more = self._one_more.get((cell - self.m.stack.base) % self.m.stack.size)
            if more is not None:
                number -= more[operations]
            yield from self._holder(cell, number, here)

    def _holder(self, cell: int, number: Numbers, here: Flags | None) -> Iterator[Holder]:
        fresh = (number >= 0) & (number < self.count)
        if here is not None:
            fresh &= here
        if fresh.any():
            yield Holder(cell, np.where(fresh, number, 0), fresh)
