"""The model's rules of who owes a flush, as answers to the engine's questions."""

from __future__ import annotations

from luf_tui.machine.config import MachineConfig
from luf_tui.machine.machine import Machine, RegionSpec
from luf_tui.machine.regions import Number, Record, Reference, Region
from luf_tui.machine.schema import PRESENT, Frame, Mm, Pte, Task, Zone
from luf_tui.policy import guards
from luf_tui.policy.base import DEFERRED, ORDINARY, Policy

OWES = 1
"""The only key there is: a frame's debt is kept with the frame."""


class FrameDebt(Record):
    """What a frame owes: the model's `pend[f]`, as the generation that a CPU must have reached."""

    page = Reference[Pte]("pte", "where it was unmapped from")
    gen = Number("tlb_gen of that unmap; 0 is no debt", counter="tlb_gen", bits=32)


class Taker(Record):
    """A task that unmaps, or that takes a frame."""

    how = Number("how the unmap in progress is paid")
    wanted = Reference[Frame]("frame", "the frame that the next allocation shall give")
    taken = Reference[Frame]("frame", "the frame it has taken and not yet paid for")


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

    def debts(self, m: Machine) -> Region[FrameDebt]:
        """What each frame owes."""
        return m.regions["frame_debt"]

    def taker(self, m: Machine, task: Task | None) -> Taker:
        """What a task unmaps or takes; here it is always a task that does."""
        assert task
        taker: Taker = m.regions["taker"][task.index]
        return taker

    def owed(self, m: Machine, frame: Frame) -> int:
        """`pend[f]`: CPUs whose TLB is older than the unmap."""
        gen = self.debts(m)[frame.index].gen
        if not gen:
            return 0
        return sum(1 << cpu for cpu, slot in enumerate(m.asid) if slot.gen < gen)

    def bind(self, m: Machine, task: Task, frame: Frame | None) -> None:
        """set_mempolicy(): a task gets this frame and no other; None is none at all."""
        self.taker(m, task).wanted = frame

    # -- unmapping ----------------------------------------------------------------------------

    def begin_walk(self, m: Machine, task: Task | None, frame: Frame) -> str:
        return ""

    def refusal(self, m: Machine, pte: Pte) -> str:
        refused = pte.writable and self.has(guards.REFUSE_WRITABLE)
        return "a mapping is writable" if refused else ""

    def pays(self, m: Machine, task: Task | None, cpu: int, pte: Pte, batch: bool) -> int:
        return ORDINARY if self.refusal(m, pte) else DEFERRED

    def note(self, m: Machine, task: Task | None, pte: Pte, how: int) -> int:
        """`pend[g] := ALL`: a generation that no CPU has reached."""
        self.taker(m, task).how = how
        if how == DEFERRED:
            assert pte.frame
            m.mm[0].tlb_gen += 1
            debt = self.debts(m)[pte.frame.index]
            debt.page, debt.gen = pte, m.mm[0].tlb_gen
        return m.mm[0].cpumask

    def end_walk(self, m: Machine, task: Task | None) -> bool:
        return self.taker(m, task).how == DEFERRED

    def fold_key(self, m: Machine, task: Task | None) -> int:
        taker = self.taker(m, task)
        deferred = taker.how == DEFERRED
        taker.how = 0
        return OWES if deferred else 0

    def take_dirty(self, m: Machine, task: Task | None) -> int:
        """`wt[c] = ALL & ~(1<<c)`; the CPU itself has dropped its entry."""
        if self.taker(m, task).how == DEFERRED:
            return 0
        assert task
        return m.mm[0].cpumask & ~(1 << task.cpu)

    # -- flushing -------------------------------------------------------------------------------

    def flush_number(self, m: Machine) -> int:
        """A request is a new generation, so that no CPU counts as up to date: the model's IPI
        always flushes everything.
        """
        m.mm[0].tlb_gen += 1
        return 0

    def flushed(self, m: Machine, mask: int, number: int, mm: Mm | None) -> None:
        """Nor may a CPU that has flushed for itself meanwhile skip an IPI on its way."""
        m.mm[0].tlb_gen += 1

    # -- taking frames ----------------------------------------------------------------------------

    def mark_for_pcp(self, m: Machine, key: int) -> int:
        """A frame's debt is kept with the frame, and its mark says nothing of it."""
        return 0

    def mark_for_buddy(self, m: Machine, zone: Zone, mark: int) -> int:
        return 0

    def key_mask(self, m: Machine, key: int) -> int:
        return m.mm[0].cpumask

    def take_pcp(self, m: Machine, task: Task | None, frame: Frame) -> bool:
        return self.taker(m, task).wanted is frame

    def take_buddy(self, m: Machine, task: Task | None, zone: Zone | None, frame: Frame) -> bool:
        taker = self.taker(m, task)
        if taker.wanted is frame:
            taker.taken = frame
        return bool(taker.taken)

    def takeoff_end(self, m: Machine, task: Task | None, zone: Zone | None) -> int:
        taken = self.taker(m, task).taken
        return self.owed(m, taken) if taken and self.has(guards.FLUSH_BEFORE_REUSE) else 0

    def takeoff_done(self, m: Machine, task: Task | None, zone: Zone | None) -> None:
        """`pend[f] = 0`: the frame is paid for."""
        taker = self.taker(m, task)
        if taker.taken:
            self.debts(m)[taker.taken.index].clear()
            taker.taken = None

    # -- write faults ---------------------------------------------------------------------------

    def fault_masks(
        self, m: Machine, task: Task | None, mm: Mm, vpn: int, write: bool, when: str
    ) -> int:
        """`old_copies()`: CPUs that may still see a frame that this page left."""
        pte = m.pte_at(mm, vpn)
        asked = write and when == "before" and self.has(guards.FLUSH_ON_WRITE_FAULT)
        if not asked or pte.kind != PRESENT or pte.writable:
            return 0
        mask = 0
        for debt in self.debts(m).holding(FrameDebt.page, pte):
            mask |= self.owed(m, m.frame[debt.index])
        return mask
