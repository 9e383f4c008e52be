"""What the locals of operations in flight, and the results they wait for, stand for."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from luf_tui.engine.operation import OPERATIONS, Operation
from luf_tui.machine.machine import Machine
from luf_tui.machine.regions import Field
from luf_tui.machine.schema import STACK_DEPTH, Context
from luf_tui.search.rows.cell_columns import CellColumns
from luf_tui.search.rows.fingerprints import Flags
from luf_tui.search.rows.index import Numbers

UNREAD, PLAIN, FRAME = range(3)
"""What a step takes a result for: nothing, which leaves it without meaning; a number; a frame."""
RESULT = Context.FIELDS.index(Context.result)


class InFlight:
    """The stacks of one machine."""

    def __init__(self, machine: Machine) -> None:
        self.m = machine
        kinds = len(OPERATIONS)
        self._reads = np.zeros((kinds, max(len(kind.STEPS) for kind in OPERATIONS) + 1), np.int8)
        for kind in OPERATIONS:
            for declared in kind.STEPS:
                if declared.takes is not None:
                    what = FRAME if declared.takes.ref == "frame" else PLAIN
                    self._reads[kind.NUMBER, declared.number] = what
        self._called = np.array([bool(kind.NUMBER) and not kind.ASIDE for kind in OPERATIONS])

    def tables(self, wanted: Callable[[Field], bool]) -> dict[int, Flags]:
        """For each place of a local, which operations have one there that is wanted."""
        found: dict[int, Flags] = {}
        for kind in OPERATIONS:
            for declared in kind.FIELDS[len(Operation.FIELDS) :]:
                if wanted(declared):
                    flags = found.setdefault(declared.offset, np.zeros(len(OPERATIONS), np.bool_))
                    flags[kind.NUMBER] = True
        return found

    def locals(
        self, columns: CellColumns, tables: dict[int, Flags]
    ) -> Iterator[tuple[int, Numbers, Flags]]:
        """The cells of locals, the operations they belong to, and in which states they are
        wanted; an empty place on a stack has none.
        """
        for record in self.m.stack:
            if not columns.varies(record.base):
                continue
            operations = columns.get(record.base)
            for offset, flags in tables.items():
                if columns.varies(record.base + offset):
                    here = flags[operations]
                    if here.any():
                        yield record.base + offset, operations, here

    def results(self, columns: CellColumns) -> Iterator[tuple[int, Flags]]:
        """The cells of results, and in which states they name a frame. One that nobody will take is
        set to 0.
        """
        for context in self.m.ctx:
            cell = context.base + RESULT
            if not columns.varies(cell):
                continue
            takes = np.zeros(columns.count, np.int8)
            first = context.index * STACK_DEPTH
            for record in self.m.stack[first : first + STACK_DEPTH]:
                if columns.varies(record.base):
                    operations, at = columns.get(record.base), columns.get(record.base + 1)
                    takes = np.where(self._called[operations], self._reads[operations, at], takes)
            columns.put(cell, np.where(takes == UNREAD, 0, columns.get(cell)))
            yield cell, takes == FRAME
