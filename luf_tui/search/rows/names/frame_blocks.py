"""Frames: blocks of the largest order may change places within their zone.

Buddy merges and splits go by address, so what may be exchanged are whole blocks (single frames with
`max-order 0`). Every place that names a frame is declared (`ref="frame"`) and follows, lists and
operations in flight included.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from luf_tui.machine.machine import Machine
from luf_tui.machine.schema import Activation, Frame
from luf_tui.search.rows.cell_columns import CellColumns
from luf_tui.search.rows.fingerprints import Flags, Words, mixed
from luf_tui.search.rows.index import Numbers

Named = Sequence[tuple[int, Flags]]
"""Cells, and the states in which they name a frame."""
PLACE = Frame.SIZE
"""What a frame's place on its list is hashed as, beside its own fields."""
SEED = 2410


class Frames:
    """Puts the blocks of each zone in the order of what they are and of who names them."""

    def __init__(self, machine: Machine) -> None:
        self.m = machine
        config = machine.config
        self.size = 1 << config.max_order
        self.zones = []
        """The first frames of the blocks of each zone that may change places."""
        for number, node in enumerate(config.nodes):
            first = config.first_frame(number)
            starts = range(first, first + node.frames - self.size + 1, self.size)
            if len(starts) > 1:
                self.zones.append(starts)
        self._own = [
            declared.offset
            for declared in Frame.FIELDS
            if declared.ref != "frame" and not declared.counter
        ]
        self._links = [declared.offset for declared in Frame.FIELDS if declared.ref == "frame"]
        self._outside = [
            record.base + declared.offset
            for region in machine.regions.values()
            if region.kind not in (Activation, Frame)
            for record in region
            for declared in region.kind.FIELDS
            if declared.ref == "frame"
        ]
        drawn = np.random.Generator(np.random.PCG64(SEED))
        self._salts = drawn.integers(0, 2**64, len(machine.cells.values), dtype=np.uint64)
        """What each cell adds to the frame that it names."""
        self.renames = bool(self.zones)

    def rename(self, columns: CellColumns, in_flight: Named, kinds: Words | None = None) -> None:
        """Give the blocks of each state their places. `kinds` are what is known of each frame's
        bytes, where these have no name of their own: not 0.
        """
        signatures = self._signatures(columns, in_flight, kinds)
        old = np.tile(np.arange(len(self.m.frame))[:, None], columns.count)
        """Which frame comes to each place."""
        for starts in self.zones:
            blocks = np.stack([self._signature(signatures, start) for start in starts])
            order = np.argsort(blocks, axis=0, kind="stable")
            for place, start in enumerate(starts):
                for within in range(self.size):
                    old[start + within] = starts[0] + order[place] * self.size + within
        self.move(columns, old, in_flight)

    def move(self, columns: CellColumns, old: Numbers, in_flight: Named) -> None:
        """Let each frame be the one that `old` has for its place, a row a place, and let everything
        that names one follow.
        """
        moved = np.flatnonzero((old != np.arange(len(old))[:, None]).any(axis=0))
        if not len(moved):
            return
        some, old = columns.some(moved), np.ascontiguousarray(old[:, moved])
        states = np.arange(len(moved))
        new = np.zeros((len(old) + 1, len(moved)), np.int64)
        """What a cell that names a frame holds afterwards, by what it held."""
        np.put_along_axis(new, old + 1, np.arange(1, len(old) + 1)[:, None], 0)
        for offset in range(Frame.SIZE):
            cells = [frame.base + offset for frame in self.m.frame]
            if not some.differ(cells):
                continue
            values = np.take_along_axis(np.stack([some.get(cell) for cell in cells]), old, 0)
            for cell, one in zip(cells, values, strict=True):
                some.put(cell, new[one, states] if offset in self._links else one)
        for cell in self._outside:
            if some.varies(cell):
                some.put(cell, new[some.get(cell), states])
        for cell, here in in_flight:
            values, named = some.get(cell), here[moved]
            some.put(cell, np.where(named, new[np.where(named, values, 0), states], values))
        columns.replace(moved, some)

    # -- what a frame is, without the name of any -------------------------------------------------

    def _signature(self, signatures: Words, start: int) -> Words:
        """A block's, from those of its frames."""
        if self.size == 1:
            of_the_frame: Words = signatures[start]
            return of_the_frame
        total = np.zeros(signatures.shape[1], np.uint64)
        for within in range(self.size):
            total += mixed(signatures[start + within], within, 0)
        return total

    def _signatures(self, columns: CellColumns, in_flight: Named, kinds: Words | None) -> Words:
        frames = self.m.frame
        found = np.zeros((len(frames) + 1, columns.count), np.uint64)
        """By what a cell holds that names the frame; what names none adds to the first row."""
        for offset in self._own:
            cells = [frame.base + offset for frame in frames]
            if columns.differ(cells):
                for number, cell in enumerate(cells, start=1):
                    own = columns.get(cell).view(np.uint64)
                    if offset == Frame.content.offset and kinds is not None:
                        own = np.where(kinds[number - 1] > 0, kinds[number - 1], own)
                    found[number] += mixed(own, offset, 0)
        places = self._places(columns)
        if places is not None:
            found[1:] += mixed(places[1:].view(np.uint64), PLACE, 0)
        states = np.arange(columns.count)
        for cell in self._outside:
            if columns.varies(cell):
                found[columns.get(cell), states] += self._salts[cell]
        for cell, here in in_flight:
            named = np.where(here, columns.get(cell), 0)
            found[named, states] += self._salts[cell]
        self._follow(columns, found, states)
        return found[1:]

    def _places(self, columns: CellColumns) -> Numbers | None:
        """How many frames stand before each on its list."""
        cells = [frame.base + Frame.prev.offset for frame in self.m.frame]
        if not columns.differ(cells):
            return None
        before = np.zeros((len(cells) + 1, columns.count), np.int64)
        for number, cell in enumerate(cells, start=1):
            before[number] = columns.get(cell)
        count = (before > 0).astype(np.int64)
        for _ in range(len(cells).bit_length()):
            count += np.take_along_axis(count, before, 0)
            before = np.take_along_axis(before, before, 0)
        return count

    def _follow(self, columns: CellColumns, found: Words, states: Numbers) -> None:
        """Let what a frame is copied to add to both of them."""
        plain = found.copy()
        for number, frame in enumerate(self.m.frame, start=1):
            cell = frame.base + Frame.target.offset
            if columns.varies(cell):
                to = columns.get(cell)
                here = to > 0
                found[number] += np.where(here, mixed(plain[to, states], 0, 1), np.uint64(0))
                found[to, states] += np.where(here, mixed(plain[number], 1, 1), np.uint64(0))
