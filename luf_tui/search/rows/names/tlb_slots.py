"""TLB slots: with room for every page, where an entry stands means nothing."""

from __future__ import annotations

import numpy as np

from luf_tui.machine.machine import Machine
from luf_tui.machine.schema import TlbEntry
from luf_tui.search.rows.cell_columns import CellColumns

PAGE_BITS = 20
EMPTY = 1 << 62


class TlbSlots:
    """Puts a CPU's entries in the order of their pages, empty ones last."""

    def __init__(self, machine: Machine) -> None:
        self.m = machine
        config = machine.config
        self.renames = config.tlb_entries >= config.pages * len(config.processes)

    def rename(self, columns: CellColumns) -> None:
        """Sort each CPU's entries in each state."""
        for cpu in range(self.m.config.cpus):
            bases = [entry.base for entry in self.m.tlb_of(cpu)]
            if any(columns.varies(base) for base in bases):
                self._sort(columns, bases)

    def _sort(self, columns: CellColumns, bases: list[int]) -> None:
        space, page = TlbEntry.mm.offset, TlbEntry.vpn.offset
        spaces = [columns.get(base + space) for base in bases]
        pages = [columns.get(base + page) for base in bases]
        keys = np.stack(
            [
                np.where(one > 0, (one << PAGE_BITS) + other, EMPTY)
                for one, other in zip(spaces, pages, strict=True)
            ]
        )
        wrong = np.flatnonzero((keys[1:] < keys[:-1]).any(axis=0))
        if not len(wrong):
            return
        order = np.argsort(keys[:, wrong], axis=0, kind="stable")
        some = columns.some(wrong)
        for offset in range(TlbEntry.SIZE):
            cells = [base + offset for base in bases]
            if some.differ(cells):
                values = np.take_along_axis(np.stack([some.get(cell) for cell in cells]), order, 0)
                for cell, one in zip(cells, values, strict=True):
                    some.put(cell, one)
        columns.replace(wrong, some)
