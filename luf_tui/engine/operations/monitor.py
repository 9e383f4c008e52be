"""Write-protection from outside: what a userfaultfd monitor registers and protects."""

from __future__ import annotations

from luf_tui.engine import locks, pagetable
from luf_tui.engine.arguments import Start, range_of, starts
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import DONE, Local, Next, Operation, step
from luf_tui.engine.operations.flush import Shootdown
from luf_tui.engine.operations.gather import begin_gather, end_gather, nested
from luf_tui.machine import events as ev
from luf_tui.machine.regions import Required
from luf_tui.machine.schema import MIGRATION, PRESENT, SWAP, Mm
from luf_tui.script.program import Op
from luf_tui.script.verbs import by_kernel

UFFD = ev.REASON["userfaultfd write-protect"]


class UffdRegister(Operation, name="uffd register", function="userfaultfd_register"):
    """UFFDIO_REGISTER: faults of the range go to the monitor."""

    mm = Required[Mm]("mm")
    vpn = Local(of="page", over="pages")
    pages = Local()
    missing = Local()

    @step("register the range")
    def register(self, k: Kernel) -> Next:
        """VM_UFFD_WP or VM_UFFD_MISSING."""
        for vpn in range(self.vpn, self.vpn + self.pages):
            vma = k.m.vma_at(self.mm, vpn)
            if self.missing:
                vma.uffd_missing = 1
            else:
                vma.uffd_wp = 1
        return DONE


class UffdProtect(Operation, name="uffd write-protect", function="mwriteprotect_range"):
    """mwriteprotect_range(): under mmap_lock for reading, the flush after the PTEs."""

    mm = Required[Mm]("mm")
    vpn = Local(of="page", over="pages")
    pages = Local()
    on = Local("protect, or take the protection away")
    at = Local(of="page", within="vpn")

    def _page_table(self, k: Kernel) -> bool:
        return locks.page_table(self.mm, self.ctx)

    @step("begin the gather")
    def begin(self, k: Kernel) -> Next:
        """tlb_flush_pending tells others that a flush is in flight."""
        begin_gather(k, self.mm)
        self.mm.readers += 1
        self.at = self.vpn
        if self.on:
            k.emit(ev.GUARD, k.cpu, self.mm.index, self.vpn, self.pages)
        return None

    @step("write-protect a PTE", when=_page_table)
    def protect(self, k: Kernel) -> Next:
        """The PTE loses RW; a CPU may still have it cached writable and dirty. Where the protection
        is taken away, stores may go through from here on, and not before.
        """
        while self.at < self.vpn + self.pages:
            pte = k.m.pte_at(self.mm, self.at)
            if not self.on:
                k.emit(ev.UNGUARD, k.cpu, self.mm.index, self.at, 1)
            self.at += 1
            if pte.kind in (PRESENT, MIGRATION, SWAP) and pte.uffd_wp != self.on:
                pte.uffd_wp = self.on
                if self.on and pte.kind == PRESENT:
                    pagetable.protect(k, pte, writable=0)
                elif self.on:
                    pte.writable = 0
                return UffdProtect.protect
        return None

    @step("flush the range")
    def flush(self, k: Kernel) -> Next:
        """tlb_finish_mmu(), after the page-table lock was dropped."""
        if nested(k, self.mm):
            return self.call(k, Shootdown, UffdProtect.finish, mm=self.mm, tables=1, why=UFFD)
        if not self.on:
            return UffdProtect.finish
        args = {"start": self.vpn, "end": self.vpn + self.pages, "why": UFFD}
        return self.call(k, Shootdown, UffdProtect.finish, mm=self.mm, **args)

    @step("end the gather")
    def finish(self, k: Kernel) -> Next:
        """The monitor's ioctl returns."""
        end_gather(k, self.mm)
        self.mm.readers -= 1
        return DONE


@starts(by_kernel.Register)
def _register(k: Kernel, op: Op, args: by_kernel.Register) -> Start:
    return UffdRegister, {**range_of(k, args.where), "missing": int(args.missing)}


@starts(by_kernel.WriteProtect)
def _write_protect(k: Kernel, op: Op, args: by_kernel.WriteProtect) -> Start:
    return UffdProtect, {**range_of(k, args.where), "at": args.where.vpn, "on": 1}


@starts(by_kernel.Unprotect)
def _unprotect(k: Kernel, op: Op, args: by_kernel.Unprotect) -> Start:
    return UffdProtect, {**range_of(k, args.where), "at": args.where.vpn, "on": 0}
