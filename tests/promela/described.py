"""A state in the model's variables, as numbers that can be compared under any renaming."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import frozen

from luf_tui.engine.operations.fault import Fault
from luf_tui.engine.operations.flush import Shootdown
from luf_tui.engine.operations.reclaim import Reclaim
from luf_tui.machine.regions import Field, Record
from luf_tui.machine.schema import PRESENT, STACK_DEPTH, AsidSlot, FilePage, Frame, Pte, TlbEntry
from luf_tui.machine.schema import Shootdown as Request
from tests.promela.client import Client
from tests.promela.machine import FIRST_CONTENT
from tests.promela.normal import LATEST, NEW, Values
from tests.promela.policy import FrameDebt, Taker

WIDEST = 62
"""Bits of a number that numpy compares as it should."""


@frozen
class Described:
    """A state under one renaming of CPUs and pages."""

    whole: Any
    """All but frames."""
    frames: Any
    """The keys of the frames in ascending order, as one number."""
    keys: list[Any]
    """What each frame is and who names it. Frames that are alike can change places."""

    def or_else(self, other: Described, better: Any) -> Described:
        """The other one where that is `better` (1, else 0)."""
        pairs = zip(self.keys, other.keys, strict=True)
        return Described(
            self.whole + (other.whole - self.whole) * better,
            self.frames + (other.frames - self.frames) * better,
            [key + (new - key) * better for key, new in pairs],
        )


class Model:
    """Where the model's variables are in a machine in normal form."""

    def __init__(self, client: Client) -> None:
        m = client.m
        cpus, pages, frames = range(client.cpus), range(client.pages), range(m.config.frames)
        taker: list[Taker] = m.regions["taker"]
        debts = client.policy.debts(m)
        bottoms = [m.stack[m.task_ctx(m.task[cpu]).index * STACK_DEPTH] for cpu in cpus]
        self.cpus, self.pages, self.frames = client.cpus, client.pages, m.config.frames
        self.kind = [_cell(m.pte[vpn], Pte.kind) for vpn in pages]
        self.writable = [_cell(m.pte[vpn], Pte.writable) for vpn in pages]
        self.mapped = [_cell(m.pte[vpn], Pte.frame) for vpn in pages]
        self.cached = [_cell(m.file_page[vpn], FilePage.frame) for vpn in pages]
        self.entry = [[_cell(m.tlb_of(cpu)[vpn], TlbEntry.frame) for vpn in pages] for cpu in cpus]
        self.dirty = [[_cell(m.tlb_of(cpu)[vpn], TlbEntry.dirty) for vpn in pages] for cpu in cpus]
        self.content = [_cell(m.frame[pfn], Frame.content) for pfn in frames]
        self.debt = [_cell(debts[pfn], FrameDebt.gen) for pfn in frames]
        self.flushed = [_cell(m.asids_of(cpu)[0], AsidSlot.gen) for cpu in cpus]
        self.taken = [_cell(taker[cpu], Taker.taken) for cpu in cpus]
        self.waiting = [_cell(m.shootdown[cpu], Request.waiting) for cpu in cpus]
        self.op = [_cell(bottom, Fault.op) for bottom in bottoms]
        self.first = [_cell(bottom, Fault.vpn) for bottom in bottoms]
        """The page of a fault, or the frame of a reclaim."""
        self.start = [_cell(bottom, Shootdown.start) for bottom in bottoms]
        self.of_frame = self.cpus * (2 + self.pages) + self.pages + (2 * self.pages).bit_length()
        """Bits of a frame's key."""
        self.of_cpu = 2 + self.pages.bit_length() + self.pages + self.cpus
        if max(self.of_frame * self.frames, self.of_cpu * self.cpus + 2 * self.pages) > WIDEST:
            raise ValueError("too many CPUs, pages or frames to rename them")

    def described(self, values: Values) -> Describing:
        """What states are, to be looked at under any renaming."""
        return Describing(self, values)


def _cell(record: Record, declared: Field) -> int:
    return record.base + declared.offset


class Describing:
    """The parts of a description that renamings put together differently."""

    def __init__(self, model: Model, values: Values) -> None:
        self.model = model
        get = values.get
        frames = range(model.frames)
        op = [get(cell) for cell in model.op]
        fault, flush, reclaim = (
            [1 * (one == kind.NUMBER) for one in op] for kind in (Fault, Shootdown, Reclaim)
        )
        first = [get(cell) for cell in model.first]
        cpus = range(model.cpus)
        self.phase = [fault[cpu] + 2 * flush[cpu] + 3 * reclaim[cpu] for cpu in cpus]
        self.page = [
            fault[cpu] * (first[cpu] + 1) + flush[cpu] * (get(model.start[cpu]) + 1) for cpu in cpus
        ]
        frame = [get(model.taken[cpu]) + reclaim[cpu] * first[cpu] for cpu in cpus]
        self.waiting = [get(cell) for cell in model.waiting]
        self.pte = [
            (get(kind) == PRESENT) * (2 + get(writable))
            + (get(kind) != PRESENT) * (get(cached) > 0)
            for kind, writable, cached in zip(model.kind, model.writable, model.cached, strict=True)
        ]
        self.dirty = [[get(cell) for cell in of_cpu] for of_cpu in model.dirty]
        mapped = [get(cell) for cell in model.mapped]
        entry = [[get(cell) for cell in of_cpu] for of_cpu in model.entry]
        flushed = [get(cell) for cell in model.flushed]
        debt = [get(cell) for cell in model.debt]
        self.content = [get(cell) for cell in model.content]
        self.mapped = [[1 * (one == pfn + 1) for one in mapped] for pfn in frames]
        self.named = [
            [1 * (flushed[cpu] < debt[pfn]) + 2 * (frame[cpu] == pfn + 1) for cpu in cpus]
            for pfn in frames
        ]
        """By frame and CPU: whether it owes the frame's flush, and whether it is at work on it."""
        self.entry = [[[1 * (one == pfn + 1) for one in of] for of in entry] for pfn in frames]
        self._by_page: dict[
            Sequence[int], tuple[list[Any], list[Any], list[list[Any]], list[Any]]
        ] = {}

    def under(self, cpus: Sequence[int], pages: Sequence[int]) -> Described:
        """The description under one renaming."""
        model = self.model
        frames = range(model.frames)
        of_page, of_cpu, of_frame, base = self._of(pages)
        keys = []
        wide = 2 + model.pages
        for pfn in frames:
            key = base[pfn]
            for old, new in enumerate(cpus):
                key = key + (of_frame[pfn][old] << wide * new)
            keys.append(key)
        whole = of_page
        for old, new in enumerate(cpus):
            waits = self.waiting[old]
            renamed = sum(((waits >> bit & 1) << to for bit, to in enumerate(cpus)), 0)
            whole = whole + ((of_cpu[old] << model.cpus | renamed) << model.of_cpu * new)
        return Described(whole, together(ascending(keys), model.of_frame), keys)

    def _of(self, pages: Sequence[int]) -> Any:
        """What does not depend on how CPUs are renamed."""
        found = self._by_page.get(pages)
        if found is None:
            found = self._by_page[pages] = self._made(pages)
        return found

    def _made(self, pages: Sequence[int]) -> Any:
        model = self.model
        count = model.pages
        cpus, frames = range(model.cpus), range(model.frames)
        number = [0, *(page + 1 for page in pages)]
        whole = sum((self.pte[old] << 2 * new for old, new in enumerate(pages)), 0)
        whole = whole << model.of_cpu * model.cpus
        of_cpu = []
        for cpu in cpus:
            stored = sum((self.dirty[cpu][old] << new for old, new in enumerate(pages)), 0)
            page = looked_up(number, self.page[cpu])
            of_cpu.append((self.phase[cpu] << count.bit_length() | page) << count | stored)
        of_frame = []
        base = []
        codes = [0] * FIRST_CONTENT
        codes += [1 + version * count + page for version in range(LATEST, NEW) for page in pages]
        for pfn in frames:
            of_frame.append(
                [
                    self.named[pfn][cpu]
                    + sum(
                        (self.entry[pfn][cpu][old] << 2 + new for old, new in enumerate(pages)), 0
                    )
                    for cpu in cpus
                ]
            )
            content = looked_up(codes, self.content[pfn])
            key = sum((self.mapped[pfn][old] << new for old, new in enumerate(pages)), 0)
            base.append((content << count | key) << (2 + count) * model.cpus)
        return whole, of_cpu, of_frame, base


def ascending(keys: Sequence[Any]) -> list[Any]:
    """The same numbers, or arrays of them, each place in ascending order."""
    found = list(keys)
    for end in range(len(found) - 1, 0, -1):
        for at in range(end):
            low, high = found[at], found[at + 1]
            over = (low - high) * (low > high)
            found[at], found[at + 1] = low - over, high + over
    return found


def together(parts: Sequence[Any], bits: int) -> Any:
    """Numbers of so many bits as one, the first one highest."""
    found = parts[0]
    for part in parts[1:]:
        found = found << bits | part
    return found


def looked_up(table: Sequence[int], index: Any) -> Any:
    """What stands in a table, for a number or for an array of numbers."""
    if isinstance(index, int):
        return table[index]
    # numpy takes a while to load
    import numpy as np  # noqa: PLC0415

    return np.array(table, np.int64)[index]
