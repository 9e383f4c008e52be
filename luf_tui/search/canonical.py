"""One name for states that differ only in names: which frame, which generation, which TLB slot.

- **Frames**: buddy merges and splits go by address, so what may be exchanged are whole blocks of
  the largest order within a zone (single frames with `max-order 0`). Every place that names a frame
  is declared (`ref="frame"`) and follows, lists and operations in flight included.
- **Generations** (`counter=`): only their order matters, and for tlb_gen whether two are next to
  each other, which decides between a ranged and a full flush. Where a counter is narrow enough to
  wrap it keeps its value; zone generations, whose low bits pages carry, always do.
- **TLB slots**: with room for every page, where an entry stands means nothing.

Whatever cannot be told apart for certain is left alone: fewer states are merged, never too many.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter

from luf_tui.engine.operation import OPERATIONS
from luf_tui.machine.machine import Machine
from luf_tui.machine.regions import Field
from luf_tui.machine.schema import STACK_DEPTH, Activation, Context, Frame, TlbEntry

RANKED = {"tlb_gen": 2, "ugen": 1, "batched": 1}
"""Families renamed by rank, and the largest distance between neighbours that means something."""
WRAP_BITS = 16
"""Counters narrower than this may wrap within a race; they keep their values."""

RESULT = Context.FIELDS.index(Context.result)
NEXT = Frame.FIELDS.index(Frame.next)


class Canonical:
    """Renames the cells of one machine."""

    def __init__(self, machine: Machine) -> None:
        self.m = machine
        self.touched: set[int] = set()
        """Cells that renaming has changed so far, beyond what turns write."""
        config = machine.config
        named = list(self._declared())
        self.refs = [cell for cell, declared in named if declared.ref == "frame"]
        self.families = {
            family: [cell for cell, declared in named if declared.counter == family]
            for family in RANKED
            if config.gen_bits >= WRAP_BITS
        }
        self.blocks = self._blocks()
        self.roomy = config.tlb_entries >= config.pages * len(config.processes)
        own = [
            declared.offset
            for declared in machine.frame.kind.FIELDS
            if declared.ref != "frame" and not declared.counter
        ]
        frames = machine.frame
        self._own = [
            itemgetter(*(frames[pfn].base + offset for pfn in block for offset in own))
            for block in self.blocks
        ]
        self._outside = [
            cell
            for cell in self.refs
            if not frames.base <= cell < frames.base + len(frames) * frames.size
        ]
        self._named = itemgetter(*self._outside)
        self._heads = itemgetter(*(record.base for record in machine.lists), 0)
        self._counts = {
            family: itemgetter(*cells, cells[0]) for family, cells in self.families.items() if cells
        }
        self._tlbs = [
            itemgetter(*(entry.base for entry in machine.tlb_of(cpu)), machine.tlb_of(cpu)[0].base)
            for cpu in range(config.cpus)
        ]
        self._reads = {
            (kind.NUMBER, declared.number): declared.takes.ref or "code"
            for kind in OPERATIONS
            for declared in kind.STEPS
            if declared.takes is not None
        }
        """The steps that take what the operation they called has given, and what they take it for.
        At any other step a result is left over and means nothing.
        """
        self._aside = {kind.NUMBER for kind in OPERATIONS if kind.ASIDE}
        self._tables: dict[int, tuple[tuple[int, str], ...]] = {
            kind.NUMBER: tuple(
                (declared.offset, "frame" if declared.ref == "frame" else declared.counter)
                for declared in kind.FIELDS
                if declared.ref == "frame" or declared.counter in self.families
            )
            for kind in OPERATIONS
        }

    def _declared(self) -> Iterable[tuple[int, Field]]:
        for region in self.m.regions.values():
            if region.kind is Activation:
                continue
            for record in region:
                for declared in region.kind.FIELDS:
                    yield record.base + declared.offset, declared

    def _blocks(self) -> list[range]:
        """Runs of frames that may change places as wholes, zone by zone."""
        config, size = self.m.config, 1 << self.m.config.max_order
        found: list[range] = []
        for number, node in enumerate(config.nodes):
            first = config.first_frame(number)
            starts = range(first, first + node.frames - size + 1, size)
            found += [range(start, start + size) for start in starts]
        return found

    # -- renaming -------------------------------------------------------------------------------

    def of(self, values: Sequence[int]) -> list[int]:
        """The cells of a state under its canonical names."""
        cells = list(values)
        frames, counters = self._in_flight(cells)
        self._rename_frames(cells, frames)
        self._rank(cells, counters)
        if self.roomy:
            self._sort_tlbs(cells)
        return cells

    def _in_flight(self, cells: list[int]) -> tuple[list[int], dict[str, list[int]]]:
        """The locals of operations in flight that name frames, or count."""
        frames: list[int] = []
        counters: dict[str, list[int]] = {family: [] for family in self.families}
        m = self.m
        stack, size = m.stack.base, m.stack.size
        for ctx in range(m.contexts):
            context = m.ctx.base + ctx * m.ctx.size
            depth, result = cells[context], context + RESULT
            if cells[result]:
                first = stack + ctx * STACK_DEPTH * size
                read = self._taken_as(cells, range(first, first + depth * size, size))
                if read == "frame":
                    frames.append(result)
                elif not read:
                    cells[result] = 0
            for level in range(depth):
                base = stack + (ctx * STACK_DEPTH + level) * size
                for offset, what in self._tables[cells[base]]:
                    if what == "frame":
                        frames.append(base + offset)
                    else:
                        counters[what].append(base + offset)
        return frames, counters

    def _taken_as(self, cells: list[int], bases: range) -> str:
        """What the operation that a context is at will take its result for, past what the scheduler
        has put on top; empty when it takes none.
        """
        for base in reversed(bases):
            if cells[base] not in self._aside:
                return self._reads.get((cells[base], cells[base + 1]), "")
        return ""

    # -- frames -----------------------------------------------------------------------------------

    def _rename_frames(self, cells: list[int], in_flight: list[int]) -> None:
        order = self._order(cells, in_flight)
        if order is None:
            return
        new = list(range(self.m.config.frames + 1))
        for old, place in order:
            for source, target in zip(self.blocks[old], self.blocks[place], strict=True):
                new[source] = target
        before = cells[:]
        base, size = self.m.frame.base, self.m.frame.size
        for source, target in enumerate(new):
            if source != target:
                start, end = base + source * size, base + (source + 1) * size
                cells[base + target * size : base + (target + 1) * size] = before[start:end]
                self.touched.update(range(base + target * size, base + (target + 1) * size))
        for cell in (*self.refs, *in_flight):
            if cells[cell] and new[cells[cell] - 1] + 1 != cells[cell]:
                cells[cell] = new[cells[cell] - 1] + 1
                self.touched.add(cell)

    def _order(self, cells: list[int], in_flight: list[int]) -> list[tuple[int, int]] | None:
        """(block, its new place) for every block; None when all stay."""
        signatures = self._signatures(cells, in_flight)
        places: dict[int, list[int]] = {}
        for number, block in enumerate(self.blocks):
            places.setdefault(self.m.zone_of(self.m.frame[block[0]]).index, []).append(number)
        order: list[tuple[int, int]] = []
        moved = False
        for free in places.values():
            ranked = sorted(free, key=lambda number: signatures[number])
            order += zip(ranked, free, strict=True)
            moved = moved or ranked != free
        return order if moved else None

    def _signatures(self, cells: list[int], in_flight: list[int]) -> list[tuple[object, ...]]:
        """What each block is and who names it, without the name of any frame."""
        m = self.m
        count = m.config.frames + 1
        named: list[list[int]] = [[] for _ in range(count)]
        for cell, pfn in zip(self._outside, self._named(cells), strict=True):
            if pfn:
                named[pfn - 1].append(cell)
        for cell in in_flight:
            if cells[cell]:
                named[cells[cell] - 1].append(cell)
        following, size = m.frame.base + NEXT, m.frame.size
        place = [0] * count
        for head in self._heads(cells)[:-1]:
            at, number = head, 0
            while at:
                number += 1
                place[at - 1] = number
                at = cells[following + (at - 1) * size]
        return [
            (place[block.start : block.stop], named[block.start : block.stop], own(cells))
            for block, own in zip(self.blocks, self._own, strict=True)
        ]

    # -- generations ------------------------------------------------------------------------------

    def _rank(self, cells: list[int], in_flight: dict[str, list[int]]) -> None:
        for family, fixed in self.families.items():
            moving = in_flight[family]
            values = set(self._counts[family](cells)) if fixed else set()
            values.update([cells[cell] for cell in moving])
            widest, last, rank = RANKED[family], 0, 0
            ranks = {}
            for value in sorted(values):
                rank += min(value - last, widest)
                ranks[value], last = rank, value
            if rank != last:
                for cell in (*fixed, *moving):
                    cells[cell] = ranks[cells[cell]]
                self.touched.update(fixed)

    # -- TLB slots --------------------------------------------------------------------------------

    def _sort_tlbs(self, cells: list[int]) -> None:
        m = self.m
        size, count = TlbEntry.SIZE, m.config.tlb_entries
        for cpu in range(m.config.cpus):
            base = m.tlb.base + cpu * count * size
            filled = self._tlbs[cpu](cells)[:-1]
            if not any(filled[1:]):
                continue
            entries = [
                tuple(cells[at : at + size]) for at in range(base, base + count * size, size)
            ]
            ordered = sorted(entries, key=lambda entry: (not entry[0], entry))
            if ordered != entries:
                flat = [value for entry in ordered for value in entry]
                cells[base : base + count * size] = flat
                self.touched.update(range(base, base + count * size))
