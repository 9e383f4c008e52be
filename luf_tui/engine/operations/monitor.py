"""Write-protection from outside: what a userfaultfd monitor registers and protects."""

from __future__ import annotations

from luf_tui.engine import locks, pagetable
from luf_tui.engine.arguments import Start, range_of, starts
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import DONE, Local, Next, Operation, step
from luf_tui.engine.operations.flush import Shootdown
from luf_tui.engine.operations.gather import begin_gather, end_gather, nested
from luf_tui.errors import Refused
from luf_tui.machine import events as ev
from luf_tui.machine.regions import Required
from luf_tui.machine.schema import MIGRATION, PRESENT, SWAP, Mm
from luf_tui.script.program import Op
from luf_tui.script.values import Pages
from luf_tui.script.verbs import by_kernel

UFFD = ev.REASON["userfaultfd write-protect"]


class UffdRegister(Operation, name="uffd register", function="userfaultfd_register"):
    """UFFDIO_REGISTER: faults of the range go to the monitor."""

    mm = Required[Mm]("mm")
    vpn = Local(of="page", over="pages")
    pages = Local()
    missing = Local()

    def _mmap_write(self, k: Kernel) -> bool:
        return locks.mmap_write(self.mm, self.ctx)

    @step("register the range", when=_mmap_write)
    def register(self, k: Kernel) -> Next:
        """VM_UFFD_WP or VM_UFFD_MISSING, with mmap_lock for writing."""
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

    def _mmap_read(self, k: Kernel) -> bool:
        return locks.mmap_read(self.mm, self.ctx)

    def _page_table(self, k: Kernel) -> bool:
        return locks.page_table(self.mm, self.ctx)

    @step("begin the gather", when=_mmap_read)
    def begin(self, k: Kernel) -> Next:
        """Take mmap_lock for reading; tlb_flush_pending tells others that a flush is in flight. It
        ends at the first page that is not registered by then (ENOENT).
        """
        self.pages = registered(k, self.mm, self.vpn, self.pages)
        if not self.pages:
            return DONE
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


def registered(k: Kernel, mm: Mm, vpn: int, pages: int) -> int:
    """How many pages from `vpn` on are registered for write-protection, one after another."""
    run = range(pages)
    return next((n for n in run if not k.m.vma_at(mm, vpn + n).uffd_wp), pages)


def _protect(k: Kernel, op: Op, where: Pages, on: int) -> Start:
    """Raises Refused unless the range is registered; the kernel says ENOENT."""
    mm = k.m.mm[where.mm]
    vpn = where.vpn + registered(k, mm, where.vpn, where.pages)
    if vpn < where.vpn + where.pages:
        what = f"{k.m.config.processes[where.mm].name}.{k.m.config.page_name(where.mm, vpn)}"
        told = f"{what} is not registered for write-protection; `register` it with `wp` first"
        raise Refused(f"{op.text.strip()}: {told}")
    return UffdProtect, {**range_of(k, where), "at": where.vpn, "on": on}


@starts(by_kernel.WriteProtect)
def _write_protect(k: Kernel, op: Op, args: by_kernel.WriteProtect) -> Start:
    return _protect(k, op, args.where, 1)


@starts(by_kernel.Unprotect)
def _unprotect(k: Kernel, op: Op, args: by_kernel.Unprotect) -> Start:
    return _protect(k, op, args.where, 0)
