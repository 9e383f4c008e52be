"""The normal form of a machine state: all that the model does not see is as at the start.

A machine knows more than the model: which slot of a TLB an entry is in, how many flushes there have
been, whom a flush that is under way was for. None of it decides what the model sees of any later
state. What concerns one action is put right at its end, in the machine, so that a learnt row has
it; numbers that mean something only beside others are renamed, for many states at once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from luf_tui.engine.operations.fault import Fault
from luf_tui.engine.operations.flush import Shootdown
from luf_tui.engine.operations.memory import AllocPage, Refill
from luf_tui.engine.operations.reclaim import Reclaim
from luf_tui.machine.cells import Cells
from luf_tui.machine.machine import BYTES
from luf_tui.machine.schema import AsidSlot, FileBytes, Frame
from tests.promela.client import Action, Client, Program
from tests.promela.machine import FIRST_CONTENT, Sizes, power_on
from tests.promela.policy import ByTheModel, FrameDebt

MASKED = (Shootdown, AllocPage, Refill, Reclaim, Fault)
"""Operations that keep whom they flush, and only to tell of it."""
LATEST, OLDER, NEW = range(3)
"""Versions of a page: that of a fresh walk, any other, and that of a store just made."""


class SettledClient(Client):
    """A client after whose actions nothing is left that no later action depends on."""

    def make(self, action: Action) -> None:
        """Make an action, and put right what it leaves."""
        super().make(action)
        m = self.m
        what, cpu, vpn, _ = action
        for frame in m.frame:
            frame.writer = -1
        m.mm[0].tlb_gen = self.cpus
        if what in ("load", "store"):
            self._settle_entry(cpu, vpn)
        self._settle_flush(cpu)

    def _settle_entry(self, cpu: int, vpn: int) -> None:
        """A page's entry is in the slot of its number, and is writable only where it is dirty."""
        entries = self.m.tlb_of(cpu)
        for entry in entries:
            if entry.mm and entry.vpn == vpn:
                if entry is not entries[vpn]:
                    entries[vpn].assign(entry)
                    entry.clear()
                entries[vpn].writable = entries[vpn].dirty
                return

    def _settle_flush(self, cpu: int) -> None:
        """Who waits knows who has yet to answer; whom and what it flushes was sent."""
        m = self.m
        ctx = m.task_ctx(m.task[cpu])
        m.shootdown[cpu].start = m.shootdown[cpu].end = 0
        for level in range(ctx.depth):
            act = self.k.view(ctx, level)
            if isinstance(act, MASKED):
                act.mask = 0
            if isinstance(act, Shootdown):
                act.end = 0

    def _new_version(self, vpn: int) -> int:
        return version(vpn, NEW, self.pages)


def version(vpn: int, number: int, pages: int) -> int:
    """The code of a version of a page, of so many pages."""
    return FIRST_CONTENT + vpn + pages * number


def settled(
    sizes: Sizes, without: str = "", programs: Sequence[Program] = (), cells: type[Cells] = Cells
) -> SettledClient:
    """A client at the start, which is in normal form."""
    k = power_on(sizes, ByTheModel([without] if without else []), cells)
    k.m.mm[0].tlb_gen = sizes.cpus
    k.m.cells.forget()
    return SettledClient(k, programs)


class Values(Protocol):
    """Cells of one state, or of many at once; a value is a number, or an array of numbers."""

    def get(self, cell: int) -> Any:
        """What a cell holds."""

    def put(self, cell: int, value: Any) -> None:
        """Put something else there."""


class OneState:
    """The cells of one state, as values."""

    def __init__(self, values: Sequence[int]) -> None:
        self.cells = list(values)
        self.get: Callable[[int], int] = self.cells.__getitem__
        self.put: Callable[[int, int], None] = self.cells.__setitem__


class Ranks:
    """Names numbers that mean something only beside others: how far each CPU has flushed and what
    each frame owes, and versions of pages.

    Flushes have an order: who owes a frame's flush owes all that any frame owes with fewer CPUs.
    So a debt is named by how many CPUs owe it, and how far a CPU is by the largest debt that it
    does not owe.
    """

    def __init__(self, client: Client) -> None:
        m = client.m
        frames = range(m.config.frames)
        debts = client.policy.debts(m)
        self.pages = client.pages
        self.flushed = [m.asids_of(cpu)[0].base + AsidSlot.gen.offset for cpu in range(client.cpus)]
        self.debts = [debts[pfn].base + FrameDebt.gen.offset for pfn in frames]
        self.unmapped = [debts[pfn].base + FrameDebt.page.offset for pfn in frames]
        self.contents = [m.frame[pfn].base + Frame.content.offset for pfn in frames]
        self.promised = [
            held.base + declared.offset
            for held in m.regions["file_bytes"]
            for declared in FileBytes.FIELDS
            if declared in BYTES
        ]
        """What the oracle keeps in mind of the file: its latest version, if nothing is broken."""

    @property
    def cells(self) -> set[int]:
        """Every cell whose value it may change."""
        return {*self.flushed, *self.debts, *self.unmapped, *self.contents, *self.promised}

    def rename(self, values: Values) -> None:
        """Name them anew."""
        flushed = [values.get(cell) for cell in self.flushed]
        ranks: list[Any] = [0] * len(flushed)
        for cell, page in zip(self.debts, self.unmapped, strict=True):
            debt = values.get(cell)
            owes = [1 * (gen < debt) for gen in flushed]
            many = sum(owes)
            values.put(cell, many)
            values.put(page, values.get(page) * (many > 0))
            for cpu, owed in enumerate(owes):
                more = (1 - owed) * many
                ranks[cpu] += (more - ranks[cpu]) * (more > ranks[cpu])
        for cell, rank in zip(self.flushed, ranks, strict=True):
            values.put(cell, rank)
        self._versions(values)

    def _versions(self, values: Values) -> None:
        contents = [values.get(cell) for cell in self.contents]
        promised = [values.get(cell) for cell in self.promised]
        for vpn in range(self.pages):
            latest, older, new = (
                version(vpn, number, self.pages) for number in (LATEST, OLDER, NEW)
            )
            stored = sum(1 * (content == new) for content in contents)
            contents = [
                content
                + (older - latest) * (content == latest) * stored
                + (latest - new) * (content == new)
                for content in contents
            ]
            promised = [content + (latest - new) * (content == new) for content in promised]
        cells = (*self.contents, *self.promised)
        for cell, content in zip(cells, (*contents, *promised), strict=True):
            values.put(cell, content)
