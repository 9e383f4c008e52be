"""One name for the states of a machine that differ only in names."""

from __future__ import annotations

from collections.abc import Iterable

from luf_tui.engine.operations.compaction import Compact
from luf_tui.engine.operations.offline import Offline, Online
from luf_tui.machine.machine import Machine
from luf_tui.policy.base import Policy
from luf_tui.script.program import Op
from luf_tui.script.verbs import by_kernel
from luf_tui.search.rows.cell_columns import CellColumns
from luf_tui.search.rows.names.contents import Contents
from luf_tui.search.rows.names.frame_blocks import Frames, Named
from luf_tui.search.rows.names.generations import FURTHEST, Generations
from luf_tui.search.rows.names.local_names import InFlight
from luf_tui.search.rows.names.tlb_slots import TlbSlots

BEGUN_BY_ADDRESS = by_kernel.Compact, by_kernel.OfflineNode, by_kernel.OnlineNode
"""Verbs of operations that go through frames by their numbers: then these keep them."""
BY_ADDRESS = Compact, Offline, Online


class MachineNames:
    """Renames whatever one machine under one policy leaves without meaning."""

    def __init__(self, machine: Machine, policy: Policy, lines: Iterable[Op] = ()) -> None:
        """`lines` are those that may begin."""
        self.in_flight = InFlight(machine)
        self.tlb_slots = TlbSlots(machine)
        self.frames = Frames(machine)
        self.frames.renames &= not _by_address(machine, lines)
        self.contents = Contents(machine, self.in_flight)
        families = [Generations(machine, self.in_flight, policy, one) for one in FURTHEST]
        self.generations = [family for family in families if family.renames]
        self._frame_locals = self.in_flight.tables(lambda declared: declared.ref == "frame")

    def rename(self, columns: CellColumns) -> None:
        """Put each state under its name."""
        if self.tlb_slots.renames:
            self.tlb_slots.rename(columns)
        for family in self.generations:
            family.rename(columns)
        named = self.naming_frames(columns)
        if self.frames.renames:
            kinds = self.contents.kinds(columns) if self.contents.renames else None
            self.frames.rename(columns, named, kinds)
        if self.contents.renames:
            self.contents.rename(columns)

    def naming_frames(self, columns: CellColumns) -> Named:
        """What names a frame in which states, beside the cells that always do. A result that nobody
        will take is set to 0.
        """
        found = [*self.in_flight.results(columns)]
        held = self.in_flight.locals(columns, self._frame_locals)
        return found + [(cell, here) for cell, _, here in held]


def _by_address(machine: Machine, lines: Iterable[Op]) -> bool:
    """Whether an operation that looks at the numbers of frames may begin, or is in flight."""
    begins = any(isinstance(op.args, BEGUN_BY_ADDRESS) for op in lines)
    numbers = {kind.NUMBER for kind in BY_ADDRESS}
    return begins or any(record.op in numbers for record in machine.stack)
