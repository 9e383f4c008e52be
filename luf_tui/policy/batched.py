"""Today's kernel: one flush per reclaim or migration batch (mm/rmap.c)."""

from __future__ import annotations

from luf_tui.machine.config import X86, MachineConfig
from luf_tui.machine.machine import Machine, RegionSpec
from luf_tui.machine.regions import Number, Record, Region
from luf_tui.machine.schema import Mm, Pte, Task
from luf_tui.policy import guards
from luf_tui.policy.base import NOW, ORDINARY, Debt, Policy

GATES = {"free": guards.FLUSH_BEFORE_FREE, "copy": guards.FLUSH_BEFORE_COPY}
"""The guard that settles a batch, by what comes next; what has none settles nothing."""


class UnmapBatch(Record):
    """tlbflush_unmap_batch of a task: task.tlb_ubc."""

    mask = Number("CPUs to flush", mask="cpu")
    required = Number("flush_required", bits=1)
    writable = Number("a dirty PTE is among the notes", bits=1)

    def add(self, mask: int, dirty: int) -> None:
        """Note one unmap."""
        self.mask |= mask
        self.required = 1
        self.writable |= dirty

    def fold(self, other: UnmapBatch) -> None:
        """fold_batch(): take another batch over, if it has anything."""
        if other.required:
            self.add(other.mask, other.writable)
            other.clear()

    def drop(self, mask: int) -> None:
        """Strike CPUs off; an empty batch needs no flush."""
        self.mask &= ~mask
        if not self.mask:
            self.clear()


def place(task: Task | None) -> int:
    """The place of a task in a ledger that has one for each; what no task does has the last."""
    return task.index if task else -1


def name_of(m: Machine, index: int) -> str:
    """What a person calls a place in such a ledger."""
    return m.config.tasks[index].name if index < len(m.config.tasks) else "boot"


class Batched(Policy):
    """One batch per task, flushed before free, copy and I/O."""

    NAME = "batched"
    SUMMARY = "today's kernel: one flush per batch, before free and before copy"
    GUARDS = guards.BATCH_GUARDS

    def regions(self, config: MachineConfig) -> list[RegionSpec]:
        """One tlb_ubc per task, and one for what no task does."""
        return [RegionSpec("tlb_ubc", UnmapBatch, len(config.tasks) + 1, "task", 1)]

    def ubc(self, m: Machine) -> Region[UnmapBatch]:
        """The tasks' ordinary batches."""
        return m.regions["tlb_ubc"]

    def ledger(self, m: Machine) -> list[Debt]:
        """The ordinary batches that still need their flush, and what pages carry."""
        return self.batches(m, self.ubc(m), "batch") + super().ledger(m)

    def batches(self, m: Machine, region: Region[UnmapBatch], what: str) -> list[Debt]:
        """What the batches of a region owe; `what` they are called."""
        return [
            Debt(0, batch.mask, (), f"{what} of {name_of(m, batch.index)}", 0, owner=batch.index)
            for batch in region
            if batch.required and batch.mask
        ]

    def pays(self, m: Machine, task: Task | None, cpu: int, pte: Pte, batch: bool) -> int:
        """should_defer_flush(): batching helps only if another CPU may cache this mm; x86 alone
        looks (arch_tlbbatch_should_defer()).
        """
        others = m.config.arch != X86 or m.place_of(pte)[0].cpumask & ~(1 << cpu)
        return ORDINARY if batch and others else NOW

    def note(self, m: Machine, task: Task | None, pte: Pte, how: int) -> int:
        """set_tlb_ubc_flush_pending(): every deferred unmap moves tlb_gen. What a policy
        defers beyond the batch does not join it.
        """
        space, _ = m.place_of(pte)
        if how == ORDINARY:
            self.ubc(m)[place(task)].add(space.cpumask, pte.dirty)
        self.count(m, space, how)
        return space.cpumask

    def count(self, m: Machine, space: Mm, how: int) -> None:
        """Move the generation of an mm, where there is one, and its pending count."""
        if m.config.arch == X86:
            space.tlb_gen += 1
        space.batched_pending += 1

    def take_batch(self, m: Machine, task: Task | None, gate: str) -> int:
        """try_to_unmap_flush()."""
        return self.drain(m, task) if self.has(GATES[gate]) else 0

    def drain(self, m: Machine, task: Task | None) -> int:
        """Hand over everything the task has noted."""
        batch = self.ubc(m)[place(task)]
        mask = batch.mask
        batch.clear()
        return mask

    def take_dirty(self, m: Machine, task: Task | None) -> int:
        """try_to_unmap_flush_dirty()."""
        if not self.has(guards.FLUSH_DIRTY_BEFORE_IO) or not self.ubc(m)[place(task)].writable:
            return 0
        return self.drain(m, task)

    def pending_flush(self, m: Machine, mm: Mm) -> bool:
        """flush_tlb_batched_pending(): the two halves of tlb_flush_batched differ."""
        return self.has(guards.FLUSH_BATCHED_PENDING) and mm.batched_pending != mm.batched_flushed

    def pending_done(self, m: Machine, mm: Mm, pending: int) -> None:
        """Up to the count read before the flush; a racing new unmap stays pending. As a flag that
        is cleared it would be taken for flushed.
        """
        mm.batched_flushed = pending if self.has(guards.COUNT_PENDING) else mm.batched_pending
