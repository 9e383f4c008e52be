"""Context switches, fork and exit (OP-19)."""

from __future__ import annotations

from luf_tui.engine import folio, hardware, large, locks, pagetable, tables
from luf_tui.engine.arguments import Start, starts
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import CODE, DONE, FRAME, Local, Next, Operation, step
from luf_tui.engine.operations.flush import IN_STEPS, SWITCHING, Shootdown
from luf_tui.engine.operations.grow import PteAlloc
from luf_tui.engine.operations.mappings import EXIT, Zap
from luf_tui.engine.operations.memory import AllocPage, FreePage
from luf_tui.engine.operations.split_pmd import SplitPmd
from luf_tui.errors import Refused
from luf_tui.machine import events as ev
from luf_tui.machine.config import X86
from luf_tui.machine.regions import CpuNumber, Reference, Required
from luf_tui.machine.schema import ANON, MIGRATION, PRESENT, SWAP, Frame, Mm, Pte, Task
from luf_tui.policy import guards
from luf_tui.script.program import Op
from luf_tui.script.verbs import by_cpu, by_process

FORK = ev.REASON["fork"]
LAZY_DROPPED = ev.REASON["lazy mm dropped"]


def switch_to(k: Kernel, cpu: int, task: Task | None) -> None:
    """context_switch(): a user task loads its mm; a kernel thread or idle (none) borrows lazily."""
    state = k.m.cpu[cpu]
    hardware.switch_barrier(k, cpu)
    if state.task:
        state.task.cpu = -1
    state.task = task
    mm = None
    if task:
        old = task.cpu
        if old >= 0:
            hardware.switch_barrier(k, old)
            k.m.cpu[old].task = None
            hardware.enter_lazy(k, old)
        task.cpu = cpu
        mm = task.mm
    k.emit(ev.SWITCH, cpu, cpu, task.index if task else -1, mm.index if mm else -1)
    if mm and task and k.m.config.cut_switch:
        if not hardware.settled(k, cpu, mm):
            state.lazy, state.irqs_off = 0, 1
            k.push(k.m.task_ctx(task), SwitchMm, {"mm": mm})
    elif mm and task:
        hardware.load_mm(k, cpu, mm)
        if not mm.cpumask >> cpu & 1:
            k.push(k.m.task_ctx(task), JoinMask, {"mm": mm})
        elif k.m.config.arch == X86 and not k.policy.has(guards.FLUSH_WHILE_SWITCHING):
            k.push(k.m.task_ctx(task), ShowLoaded, {})
    else:
        hardware.enter_lazy(k, cpu)


class Switch(Operation, name="switch"):
    """The scheduler puts a task on a CPU."""

    cpu = CpuNumber()
    to = Reference[Task]("task")

    @step("switch to the task")
    def switch(self, k: Kernel) -> Next:
        """switch_mm_irqs_off() or enter_lazy_tlb()."""
        switch_to(k, self.cpu, self.to)
        if self.to and self.to.mm:
            self.to.mm.alive = 1
        return DONE


class JoinMask(Operation, name="set mm_cpumask", function="switch_mm_irqs_off"):
    """The wrong order: the CPU has read tlb_gen and loaded CR3, and is in mm_cpumask only now."""

    ASIDE = True

    mm = Required[Mm]("mm")

    @step("join the mask")
    def join(self, k: Kernel) -> Next:
        """Flushes that went by meanwhile did not come here."""
        self.mm.cpumask |= 1 << k.cpu
        return DONE


class ShowLoaded(Operation, name=SWITCHING, function="switch_mm_irqs_off"):
    """The window: the CPU has read tlb_gen and loads CR3, and others still see the old mm there."""

    ASIDE = True

    @step("show which mm is loaded")
    def show(self, k: Kernel) -> Next:
        """cpu_tlbstate.loaded_mm: flushes that went by meanwhile did not come here."""
        return DONE


class SwitchMm(Operation, name=IN_STEPS, function="switch_mm_irqs_off"):
    """A switch in its steps (`machine cut-switch`), with interrupts off: IPIs wait, and others see
    that the CPU is switching (LOADED_MM_SWITCHING).
    """

    ASIDE = True

    mm = Required[Mm]("mm")
    gen = Local("the tlb_gen that it has read", counter="tlb_gen")
    borrowed = Reference[Mm]("mm", "what the CPU had loaded lazily, if the task has to settle it")

    @step("join the mask")
    def enter(self, k: Kernel) -> Next:
        """cpumask_set_cpu(): from here on flushes of the mm are for this CPU, too."""
        hardware.join_mask(k, k.cpu, self.mm)
        return None

    @step("read tlb_gen")
    def read_gen(self, k: Kernel) -> Next:
        """What is flushed before this is made up for; what is flushed after it sends an IPI."""
        self.gen = self.mm.tlb_gen
        return None

    @step("load CR3")
    def load(self, k: Kernel) -> Next:
        """load_new_mm_cr3(); interrupts are on again, and IPIs that waited are taken."""
        mm, borrowed = self.mm, self.borrowed
        hardware.load_cr3(k, k.cpu, mm, self.gen)
        k.m.cpu[k.cpu].irqs_off = 0
        if not mm.cpumask >> k.cpu & 1:
            return self.jump(k, JoinMask, mm=mm)
        return self.jump(k, FinishSwitch, mm=borrowed) if borrowed else DONE


HALF_SWITCHED = (JoinMask, ShowLoaded, SwitchMm)
"""What a switch leaves for the task that it brought in, in steps or where a guard is missing."""


class FinishSwitch(Operation, name="finish_task_switch", function="finish_task_switch"):
    """v12: the task that just came in pays what LUF owes for the lazily borrowed mm (OP-19)."""

    ASIDE = True

    mm = Required[Mm]("mm")
    mask = Local(mask="cpu")

    @step("drop the lazy mm")
    def drop(self, k: Kernel) -> Next:
        """mmdrop_lazy_tlb_sched()."""
        self.mask = k.policy.mm_mask(k.m, k.task, self.mm, "switch")
        if not self.mask:
            return DONE
        k.emit(ev.PAY, k.cpu, -1, self.mask, LAZY_DROPPED)
        return self.jump(k, Shootdown, mask=self.mask, why=LAZY_DROPPED)


class Fork(Operation, name="fork", function="dup_mmap"):
    """dup_mmap(): write-protect the parent's private pages, flush once at the end."""

    mm = Required[Mm]("mm")
    child = Required[Mm]("mm")
    at = Local()

    def _mmap_lock(self, k: Kernel) -> bool:
        """mmap_lock for writing. A fault that needs only the lock of its VMA does not wait for it
        unless fork() has locked that, too (vma_start_write()).
        """
        if k.policy.has(guards.LOCK_FORK):
            return locks.mmap_write(self.mm, self.ctx)
        return locks.mmap_read(self.mm, self.ctx)

    def _page_table(self, k: Kernel) -> bool:
        return locks.page_table(self.mm, self.ctx)

    @step("start the child's address space", when=_mmap_lock)
    def begin(self, k: Kernel) -> Next:
        """Take the mmap_lock of parent and child, and copy the mappings."""
        m = k.m
        self.child.writer = k.ctx
        if k.policy.has(guards.LOCK_FORK):
            self.mm.writer = k.ctx
        else:
            self.mm.readers += 1
        self.child.alive = 1
        for vpn in range(m.config.pages):
            source, copy = m.vma_at(self.mm, vpn), m.vma_at(self.child, vpn)
            copy.assign(source)
            copy.uffd_wp = copy.uffd_missing = 0
            if m.pmd:
                m.pmd_at(self.child, vpn).never = m.pmd_at(self.mm, vpn).never
            if m.frame_map:
                one, other = m.pte_at(self.mm, vpn).index, m.pte_at(self.child, vpn).index
                m.frame_map[other].assign(m.frame_map[one])
        k.emit(ev.FORK, k.cpu, self.mm.index, self.child.index)
        return None

    @step("copy a PTE", when=_page_table)
    def copy(self, k: Kernel) -> Next:
        """copy_present_pte(): a private writable PTE loses RW in both, without a flush, and keeps
        D in both, since a later copy on write lets go of the page with the D of its own PTE
        (wp_page_copy()); only of shared memory the child's PTE is clean (pte_mkclean()).
        """
        m = k.m
        while self.at < m.config.pages:
            vpn = self.at
            pte, vma = m.pte_at(self.mm, vpn), m.vma_at(self.mm, vpn)
            shared = bool(vma.shared)
            if self._copies(pte, shared=shared) and tables.missing(k, self.child, vpn):
                return self.call(k, PteAlloc, Fork.grown, mm=self.child, vpn=vpn)
            if large.whole(pte):
                return self._copy_large(k)
            self.at += 1
            if self._copies(pte, shared=shared):
                large.table_below(m, self.child, vpn)
            new = m.pte_at(self.child, vpn)
            if pte.slot:
                new.kind, new.slot = SWAP, pte.slot
                pte.slot.users += 1
                return Fork.copy
            frame = pte.frame
            if not frame:
                continue
            if pte.kind == MIGRATION:
                if not self._copies(pte, shared=shared):
                    continue
                if k.policy.has(guards.SHARE_ENTRIES):
                    pte.writable &= vma.shared
                new.kind, new.frame, new.writable = MIGRATION, frame, pte.writable
                pagetable.link(new, frame)
                return Fork.copy
            pinned = not shared and folio.pinned_anon(frame) and pte.exclusive
            if pinned and k.policy.has(guards.COPY_PINNED_ON_FORK):
                return self.call(k, AllocPage, Fork.copy_pinned, use=ANON, order=0)
            if self._copies(pte, shared=shared):
                if not shared:
                    pte.exclusive = 0
                    if pte.writable:
                        pagetable.protect(k, pte, writable=0)
                dirty = 0 if shared else pte.dirty
                pagetable.install(k, new, frame, writable=pte.writable, dirty=dirty)
            return Fork.copy
        return Fork.flush

    @step("copy a pinned page", takes=FRAME)
    def copy_pinned(self, k: Kernel, frame: Frame | None) -> Next:
        """copy_present_page(): the child gets a copy at once, and the parent keeps its page. Where
        it is not there any more, the PTE is looked at again.
        """
        if not frame:
            return self._tear_down(k)
        pte, vpn = k.m.pte_at(self.mm, self.at - 1), self.at - 1
        if pte.kind != PRESENT or not pte.frame:
            self.at -= 1
            return self.call(k, FreePage, Fork.copy, frame=frame)
        folio.copy_bytes(k, pte.frame, frame)
        writable = k.m.vma_at(self.child, vpn).prot_write and pte.writable
        new = k.m.pte_at(self.child, vpn)
        pagetable.install(k, new, frame, writable=writable, dirty=1, exclusive=1)
        folio.add_lru(k, frame)
        return Fork.copy

    def _copy_large(self, k: Kernel) -> Next:
        """copy_huge_pmd(): as for a PTE, for the range as a whole. Where a page is pinned, the
        entry is split, and that page copied.
        """
        m, vpn = k.m, self.at
        ptes = large.entries(m, self.mm, vpn)
        pinned = any(pte.frame and folio.pinned_anon(pte.frame) for pte in ptes)
        if pinned and ptes[0].exclusive and k.policy.has(guards.COPY_PINNED_ON_FORK):
            return self.call(k, SplitPmd, Fork.copy, mm=self.mm, vpn=vpn)
        for pte in ptes:
            pte.exclusive = 0
            if pte.writable:
                pagetable.protect(k, pte, writable=0)
        assert ptes[0].frame
        rights = {"writable": 0, "dirty": ptes[0].dirty}
        pagetable.install_large(k, self.child, vpn, ptes[0].frame, **rights)
        for copy in large.entries(m, self.child, vpn):
            copy.exclusive = 0
        self.at += len(ptes)
        return Fork.copy

    def _copies(self, pte: Pte, *, shared: bool) -> bool:
        """Whether an entry is copied: a private mapping of a file's page is faulted in later."""
        if not pte.frame:
            return pte.kind == SWAP
        return shared or pte.frame.state == ANON

    @step("look whether there is a page-table page", takes=CODE)
    def grown(self, k: Kernel, outcome: int) -> Next:
        """ENOMEM: what was copied is torn down again, and the child has nothing."""
        return Fork.copy if outcome else self._tear_down(k)

    def _tear_down(self, k: Kernel) -> Next:
        for vpn in range(k.m.config.pages):
            k.m.vma_at(self.child, vpn).clear()
        args = {"mm": self.child, "end": k.m.config.pages, "why": EXIT}
        return self.call(k, Zap, Fork.flush, **args)

    @step("flush the parent")
    def flush(self, k: Kernel) -> Next:
        """flush_tlb_mm(oldmm) before the parent's lock is dropped."""
        if not k.policy.has(guards.FLUSH_ON_FORK):
            return Fork.unlock
        return self.call(k, Shootdown, Fork.unlock, mm=self.mm, why=FORK)

    @step("drop mmap_lock")
    def unlock(self, k: Kernel) -> Next:
        """fork() returns."""
        self.child.writer = None
        if k.policy.has(guards.LOCK_FORK):
            self.mm.writer = None
        else:
            self.mm.readers -= 1
        return DONE


class Exit(Operation, name="exit", function="exit_mmap"):
    """exit_mmap(): everything is unmapped, the CPUs let go of the mm."""

    mm = Required[Mm]("mm")
    silent = Local("devices are told of its unmaps no more")

    def _mmap_write(self, k: Kernel) -> bool:
        return locks.mmap_write(self.mm, self.ctx)

    @step("detach every mapping", when=_mmap_write)
    def detach(self, k: Kernel) -> Next:
        """The whole address space goes in one gather (full flush, tables freed)."""
        self.mm.writer = k.ctx
        if k.m.config.secondary_tlb and not k.policy.has(guards.NOTIFY_TO_THE_END):
            self.silent = 1
            return Exit.release
        return self._detach(k)

    @step("take the device's translations away")
    def release(self, k: Kernel) -> Next:
        """The wrong order: mmu_notifier_release() had taken the notifiers off the list before."""
        hardware.forget_device(k, self.mm, 0, 0)
        return self._detach(k)

    def _detach(self, k: Kernel) -> Next:
        for vpn in range(k.m.config.pages):
            k.m.vma_at(self.mm, vpn).clear()
        k.emit(ev.MUNMAP, k.cpu, self.mm.index, 0, k.m.config.pages)
        args = {"at": 0, "end": k.m.config.pages, "why": EXIT}
        return self.call(k, Zap, Exit.leave, mm=self.mm, **args)

    @step("leave the address space")
    def leave(self, k: Kernel) -> Next:
        """mmput(): the last CPU drops its translations; the tasks are gone."""
        mm = self.mm
        mm.writer = None
        for state in k.m.cpu:
            if state.loaded_mm is mm:
                if state.task and state.task.mm is mm:
                    state.task.cpu = -1
                    state.task = None
                hardware.leave_mm(k, state.index)
            if k.policy.has(guards.FLUSH_ON_EXIT):
                hardware.forget_mm(k, state.index, mm)
        mm.alive = mm.cpumask = 0
        if k.m.global_asid:
            k.m.global_asid[mm.index].clear()
        k.emit(ev.EXIT, k.cpu, mm.index)
        return DONE


@starts(by_cpu.Run)
def _run(k: Kernel, op: Op, args: by_cpu.Run) -> Start:
    return Switch, {"cpu": op.cpu, "to": k.m.task[args.task]}


@starts(by_cpu.Idle)
def _idle(k: Kernel, op: Op, args: by_cpu.Idle) -> Start:
    return Switch, {"cpu": op.cpu}


@starts(by_process.Fork)
def _fork(k: Kernel, op: Op, args: by_process.Fork) -> Start:
    if k.m.mm[args.child].alive:
        name = k.m.config.processes[args.child].name
        raise Refused(f"{op.text.strip()}: {name} lives already; it has to exit first")
    return Fork, {"mm": k.m.mm[args.mm], "child": k.m.mm[args.child]}


@starts(by_process.Exit)
def _exit(k: Kernel, op: Op, args: by_process.Exit) -> Start:
    return Exit, {"mm": k.m.mm[args.mm]}
