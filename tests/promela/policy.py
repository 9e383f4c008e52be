"""The model's rules of who owes a flush, as answers to the engine's questions."""

from __future__ import annotations

from luf_tui.machine.config import MachineConfig
from luf_tui.machine.machine import Machine, RegionSpec
from luf_tui.machine.regions import Field, Record
from luf_tui.machine.schema import PRESENT, Pte
from luf_tui.policy import guards
from luf_tui.policy.base import DEFERRED, ORDINARY, Policy

OWES = 1
"""The only key there is: a frame's debt is kept with the frame."""


class FrameDebt(Record):
    """What a frame owes: the model's `pend[f]`, as the generation that a CPU must have reached."""

    page = Field("the virtual page it was unmapped from, plus one")
    gen = Field("tlb_gen of that unmap; 0 is no debt", counter="tlb_gen", bits=32)


class Taker(Record):
    """A task that unmaps, or that takes a frame."""

    how = Field("how the unmap in progress is paid")
    wanted = Field("the frame that the next allocation shall give", ref="frame")
    taken = Field("the frame it has taken and not yet paid for", ref="frame")


class ByTheModel(Policy):
    """A read-only unmap is deferred for every CPU, a writable one flushed at once; a frame's debt
    is paid before it is used, and what a page's older frames owe before the page is written.

    A CPU owes nothing once it has flushed, whatever made it. Without `flush-before-reuse`,
    `flush-on-write-fault` or `refuse-writable` it is the model's -DBUG=1, 2 or 3.
    """

    NAME = "by-the-model"
    SUMMARY = "luf.pml: deferral and reuse, and nothing else"
    GUARDS = guards.KERNEL_GUARDS | {
        guards.FLUSH_BEFORE_REUSE,
        guards.FLUSH_ON_WRITE_FAULT,
        guards.REFUSE_WRITABLE,
    }

    def regions(self, config: MachineConfig) -> list[RegionSpec]:
        return [
            RegionSpec("frame_debt", FrameDebt, config.frames),
            RegionSpec("taker", Taker, len(config.tasks)),
        ]

    def owed(self, m: Machine, pfn: int) -> int:
        """`pend[f]`: CPUs whose TLB is older than the unmap."""
        gen = m.regions["frame_debt"][pfn].gen
        if not gen:
            return 0
        return sum(1 << cpu for cpu, slot in enumerate(m.asid) if slot.gen < gen)

    def bind(self, m: Machine, task: int, pfn: int) -> None:
        """set_mempolicy(): a task gets this frame and no other; -1 is none at all."""
        m.regions["taker"][task].wanted = pfn + 1

    # -- unmapping ----------------------------------------------------------------------------

    def begin_walk(self, m: Machine, task: int, pfn: int) -> str:
        return ""

    def refusal(self, m: Machine, pte: Pte) -> str:
        refused = pte.writable and self.has(guards.REFUSE_WRITABLE)
        return "a mapping is writable" if refused else ""

    def pays(self, m: Machine, task: int, cpu: int, pte: Pte, batch: bool) -> int:
        return ORDINARY if self.refusal(m, pte) else DEFERRED

    def note(self, m: Machine, task: int, pte: Pte, how: int) -> int:
        """`pend[g] := ALL`: a generation that no CPU has reached."""
        m.regions["taker"][task].how = how
        if how == DEFERRED:
            m.mm[0].tlb_gen += 1
            debt = m.regions["frame_debt"][pte.pfn - 1]
            debt.page, debt.gen = pte.index + 1, m.mm[0].tlb_gen
        return m.mm[0].cpumask

    def end_walk(self, m: Machine, task: int) -> bool:
        return bool(m.regions["taker"][task].how == DEFERRED)

    def fold_key(self, m: Machine, task: int) -> int:
        taker = m.regions["taker"][task]
        deferred = taker.how == DEFERRED
        taker.how = 0
        return OWES if deferred else 0

    def take_dirty(self, m: Machine, task: int) -> int:
        """`wt[c] = ALL & ~(1<<c)`; the CPU itself has dropped its entry."""
        if m.regions["taker"][task].how == DEFERRED:
            return 0
        return m.mm[0].cpumask & ~(1 << (m.task[task].cpu - 1))

    # -- flushing -------------------------------------------------------------------------------

    def flush_number(self, m: Machine) -> int:
        """A request is a new generation, so that no CPU counts as up to date: the model's IPI
        always flushes everything.
        """
        m.mm[0].tlb_gen += 1
        return 0

    def flushed(self, m: Machine, mask: int, number: int, mm: int) -> None:
        """Nor may a CPU that has flushed for itself meanwhile skip an IPI on its way."""
        m.mm[0].tlb_gen += 1

    # -- taking frames ----------------------------------------------------------------------------

    def mark_for_pcp(self, m: Machine, key: int) -> int:
        return key

    def mark_for_buddy(self, m: Machine, node: int, mark: int) -> int:
        return mark

    def key_mask(self, m: Machine, key: int) -> int:
        return m.mm[0].cpumask

    def take_pcp(self, m: Machine, task: int, pfn: int) -> bool:
        return bool(m.regions["taker"][task].wanted == pfn + 1)

    def take_buddy(self, m: Machine, task: int, node: int, pfn: int) -> bool:
        taker = m.regions["taker"][task]
        if taker.wanted == pfn + 1:
            taker.taken = pfn + 1
        return bool(taker.taken)

    def takeoff_end(self, m: Machine, task: int, node: int) -> int:
        taken = m.regions["taker"][task].taken
        return self.owed(m, taken - 1) if taken and self.has(guards.FLUSH_BEFORE_REUSE) else 0

    def takeoff_done(self, m: Machine, task: int, node: int) -> None:
        """`pend[f] = 0`: the frame is paid for."""
        taker = m.regions["taker"][task]
        if taker.taken:
            m.regions["frame_debt"][taker.taken - 1].clear()
            taker.taken = 0

    # -- write faults ---------------------------------------------------------------------------

    def fault_masks(self, m: Machine, task: int, mm: int, vpn: int, write: bool, when: str) -> int:
        """`old_copies()`: CPUs that may still see a frame that this page left."""
        pte = m.pte_at(mm, vpn)
        asked = write and when == "before" and self.has(guards.FLUSH_ON_WRITE_FAULT)
        if not asked or pte.kind != PRESENT or pte.writable:
            return 0
        mask = 0
        for debt in m.regions["frame_debt"]:
            if debt.page == vpn + 1:
                mask |= self.owed(m, debt.index)
        return mask
