"""Context switches, fork and exit (baseline 1.3, 2.5, 4.3; OP-19)."""

from __future__ import annotations

from luf_tui.engine import hardware, locks, pagetable, tables
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import DONE, Local, Next, Operation, step
from luf_tui.engine.operations.flush import Shootdown
from luf_tui.engine.operations.grow import PteAlloc
from luf_tui.engine.operations.mappings import EXIT, Zap
from luf_tui.machine import events as ev
from luf_tui.machine.schema import ANON, MIGRATION, NONE, PRESENT, SWAP, Pte
from luf_tui.policy import guards

FORK = ev.REASON["fork"]
LAZY_DROPPED = ev.REASON["lazy mm dropped"]


def switch_to(k: Kernel, cpu: int, task: int) -> None:
    """context_switch(): a user task loads its mm; a kernel thread or idle (-1) borrows lazily."""
    m = k.m
    state = m.cpu[cpu]
    hardware.switch_barrier(k, cpu)
    if state.task:
        m.task[state.task - 1].cpu = 0
    state.task = task + 1
    mm = 0
    if task >= 0:
        old = m.task[task].cpu - 1
        if old >= 0:
            hardware.switch_barrier(k, old)
            m.cpu[old].task = 0
            hardware.enter_lazy(k, old)
        m.task[task].cpu = cpu + 1
        mm = m.task[task].mm
    k.emit(ev.SWITCH, cpu, cpu, task, mm - 1)
    if mm:
        hardware.load_mm(k, cpu, mm - 1)
        if not m.mm[mm - 1].cpumask >> cpu & 1:
            k.push(m.task_ctx(task), JoinMask, {"mm": mm})
    else:
        hardware.enter_lazy(k, cpu)


class Switch(Operation, name="switch"):
    """The scheduler puts a task on a CPU."""

    cpu = Local(ref="cpu")
    to = Local(ref="task")

    @step("switch to the task")
    def switch(self, k: Kernel) -> Next:
        """switch_mm_irqs_off() or enter_lazy_tlb()."""
        switch_to(k, self.cpu - 1, self.to - 1)
        if self.to:
            k.m.mm[max(k.m.task[self.to - 1].mm - 1, 0)].alive |= int(
                bool(k.m.task[self.to - 1].mm)
            )
        return DONE


class JoinMask(Operation, name="set mm_cpumask"):
    """The wrong order: the CPU has read tlb_gen and loaded CR3, and is in mm_cpumask only now."""

    mm = Local(ref="mm")

    @step("join the mask")
    def join(self, k: Kernel) -> Next:
        """Flushes that went by meanwhile did not come here."""
        k.m.mm[self.mm - 1].cpumask |= 1 << k.cpu
        return DONE


class FinishSwitch(Operation, name="finish_task_switch"):
    """v12: the task that just came in pays what LUF owes for the lazily borrowed mm (OP-19)."""

    mm = Local(ref="mm")
    mask = Local(mask="cpu")

    @step("drop the lazy mm")
    def drop(self, k: Kernel) -> Next:
        """mmdrop_lazy_tlb_sched()."""
        self.mask = k.policy.mm_mask(k.m, k.task, self.mm - 1, "switch")
        if not self.mask:
            return DONE
        k.emit(ev.PAY, k.cpu, -1, self.mask, LAZY_DROPPED)
        return self.jump(k, Shootdown, mask=self.mask, why=LAZY_DROPPED)


class Fork(Operation, name="fork"):
    """dup_mmap(): write-protect the parent's private pages, flush once at the end."""

    mm = Local(ref="mm")
    child = Local(ref="mm")
    at = Local()

    @step("start the child's address space", when=locks.mmap_write)
    def begin(self, k: Kernel) -> Next:
        """Take the parent's mmap_lock and copy its mappings."""
        m = k.m
        m.mm[self.mm - 1].writer = k.ctx + 1
        m.mm[self.child - 1].alive = 1
        for vpn in range(m.config.pages):
            source, copy = m.vma_at(self.mm - 1, vpn), m.vma_at(self.child - 1, vpn)
            for declared in source.FIELDS:
                setattr(copy, declared.name, getattr(source, declared.name))
            copy.uffd_wp = copy.uffd_missing = 0
        k.emit(ev.FORK, k.cpu, self.mm - 1, self.child - 1)
        return None

    @step("copy a PTE", when=locks.table)
    def copy(self, k: Kernel) -> Next:
        """copy_present_pte(): a private writable PTE loses RW in both, without a flush."""
        m = k.m
        while self.at < m.config.pages:
            vpn = self.at
            pte, vma = m.pte_at(self.mm - 1, vpn), m.vma_at(self.mm - 1, vpn)
            shared = bool(vma.shared)
            if self._copies(k, pte, shared=shared) and tables.missing(k, self.child - 1, vpn):
                return self.call(k, PteAlloc, Fork.grown, mm=self.child, vpn=vpn)
            self.at += 1
            new = m.pte_at(self.child - 1, vpn)
            if pte.kind == SWAP:
                new.kind, new.slot = SWAP, pte.slot
                m.swap[pte.slot - 1].users += 1
                return Fork.copy
            if pte.kind == MIGRATION and self._copies(k, pte, shared=shared):
                pte.writable &= vma.shared
                new.kind, new.pfn, new.writable = MIGRATION, pte.pfn, pte.writable
                pagetable.link(k, new, pte.pfn - 1)
                return Fork.copy
            if pte.kind != PRESENT:
                continue
            if self._copies(k, pte, shared=shared):
                if not shared:
                    pte.exclusive = 0
                    if pte.writable:
                        pagetable.protect(k, pte, writable=0)
                pagetable.install(
                    k, new, pte.pfn - 1, writable=pte.writable, dirty=pte.dirty & pte.writable
                )
            return Fork.copy
        return Fork.flush

    def _copies(self, k: Kernel, pte: Pte, *, shared: bool) -> bool:
        """Whether an entry is copied: a private mapping of a file's page is faulted in later."""
        if pte.kind in (NONE, SWAP):
            return pte.kind == SWAP
        return shared or k.m.frame[pte.pfn - 1].state == ANON

    @step("look whether there is a page-table page")
    def grown(self, k: Kernel) -> Next:
        """ENOMEM: what was copied is torn down again, and the child has nothing."""
        if k.result:
            return Fork.copy
        for vpn in range(k.m.config.pages):
            k.m.vma_at(self.child - 1, vpn).clear()
        args = {"mm": self.child, "end": k.m.config.pages, "why": EXIT}
        return self.call(k, Zap, Fork.flush, **args)

    @step("flush the parent")
    def flush(self, k: Kernel) -> Next:
        """flush_tlb_mm(oldmm) before the parent's lock is dropped."""
        return self.call(k, Shootdown, Fork.unlock, mm=self.mm, why=FORK)

    @step("drop mmap_lock")
    def unlock(self, k: Kernel) -> Next:
        """fork() returns."""
        k.m.mm[self.mm - 1].writer = 0
        return DONE


class Exit(Operation, name="exit"):
    """exit_mmap(): everything is unmapped, the CPUs let go of the mm."""

    mm = Local(ref="mm")

    @step("detach every mapping", when=locks.mmap_write)
    def detach(self, k: Kernel) -> Next:
        """The whole address space goes in one gather (full flush, tables freed)."""
        k.m.mm[self.mm - 1].writer = k.ctx + 1
        for vpn in range(k.m.config.pages):
            pagetable.adopt(k, self.mm - 1, vpn)
            k.m.vma_at(self.mm - 1, vpn).clear()
        args = {"at": 0, "end": k.m.config.pages, "why": EXIT}
        return self.call(k, Zap, Exit.leave, mm=self.mm, **args)

    @step("leave the address space")
    def leave(self, k: Kernel) -> Next:
        """mmput(): the last CPU drops its translations; the tasks are gone."""
        m = k.m
        mm = self.mm
        m.mm[mm - 1].writer = 0
        for cpu in range(m.config.cpus):
            state = m.cpu[cpu]
            if state.loaded_mm == mm:
                if state.task and m.task[state.task - 1].mm == mm:
                    m.task[state.task - 1].cpu = 0
                    state.task = 0
                hardware.leave_mm(k, cpu)
            if k.policy.has(guards.FLUSH_ON_EXIT):
                hardware.forget_mm(k, cpu, mm - 1)
        m.mm[mm - 1].alive = m.mm[mm - 1].cpumask = 0
        k.emit(ev.EXIT, k.cpu, mm - 1)
        return DONE
