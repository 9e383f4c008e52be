"""A user access: through the TLB where it can, through a walk or a fault where it must."""

from __future__ import annotations

from luf_tui.engine import hardware
from luf_tui.engine.arguments import Start, starts
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import CODE, DONE, Local, Next, Operation, step
from luf_tui.engine.operations.fault import SERVED, Fault
from luf_tui.machine import events as ev
from luf_tui.machine.regions import Required
from luf_tui.machine.schema import Mm, TlbEntry
from luf_tui.script.program import Op
from luf_tui.script.verbs import by_cpu

REFAULTS = 8
"""An access that still faults after so many served faults is given up; no kernel path needs it. A
search that renames states does not count them, and gives none up.
"""


class Access(Operation, name="access"):
    """One load or store by the task on its CPU (rules H1 to H5)."""

    vpn = Local(of="page")
    store = Local()
    content = Local()
    tries = Local(counter="tries")

    @step("look in the TLB")
    def translate(self, k: Kernel) -> Next:
        """H2 to H5: what the CPU does with the entry it has, or with none."""
        return self._translate(k)

    def _translate(self, k: Kernel) -> Next:
        mm = k.mm_of(self.ctx)
        entry = hardware.find(k, k.cpu, self.vpn)
        if entry is None:
            if hardware.fill(k, k.cpu, mm, self.vpn, store=bool(self.store)):
                return Access.translate
            return Access.fault
        if not self.store:
            frame = entry.frame
            assert frame
            k.emit(ev.READ, k.cpu, mm.index, self.vpn, frame.pfn, frame.content)
            return DONE
        if entry.writable and (entry.dirty or self._set_dirty(k, mm, entry)):
            return self._land(k, mm, entry)
        if k.m.pmd:
            hardware.forget(k, k.cpu, mm, self.vpn, self.vpn + 1)
        else:
            entry.clear()
        return Access.fault

    def _set_dirty(self, k: Kernel, mm: Mm, entry: TlbEntry) -> bool:
        """H2: a store through a clean entry re-checks the PTE in memory and sets D there."""
        pte = k.m.pte_at(mm, self.vpn)
        if not hardware.accessible(pte) or not pte.writable or pte.frame is not entry.frame:
            return False
        pte.dirty = entry.dirty = 1
        if k.m.pmd:
            hardware.set_dirty(k, k.cpu, mm, self.vpn)
        return True

    def _land(self, k: Kernel, mm: Mm, entry: TlbEntry) -> Next:
        """H3: the store goes straight to the frame."""
        frame = entry.frame
        assert frame
        frame.content, frame.writer = self.content, k.cpu
        k.emit(ev.STORE, k.cpu, mm.index, self.vpn, frame.pfn, self.content)
        return DONE

    @step("page fault")
    def fault(self, k: Kernel) -> Next:
        """The CPU raises #PF; the handler runs on this task's kernel stack."""
        k.emit(ev.FAULT, k.cpu, k.mm_of(self.ctx).index, self.vpn, self.store)
        self.tries += 1
        return self.call(k, Fault, Access.back, vpn=self.vpn, store=self.store)

    @step("retry the access", takes=CODE)
    def back(self, k: Kernel, outcome: int) -> Next:
        """Back at the instruction, unless a signal or a monitor ended it."""
        return self._translate(k) if outcome == SERVED and self.tries < REFAULTS else DONE


class Evict(Operation, name="evict"):
    """The hardware drops an entry of its own accord."""

    cpu = Local(of="cpu")
    mm = Required[Mm]("mm")
    vpn = Local(of="page")

    @step("drop an entry")
    def drop(self, k: Kernel) -> Next:
        """Capacity, speculation, a hypervisor: software cannot tell."""
        if hardware.forget(k, self.cpu, self.mm, self.vpn, self.vpn + 1):
            frame = k.m.pte_at(self.mm, self.vpn).frame
            pfn = frame.pfn if frame else -1
            k.emit(ev.EVICT, self.cpu, self.mm.index, self.vpn, pfn)
        return DONE


class Prefetch(Operation, name="prefetch"):
    """The hardware walks speculatively (H1: a fill can happen at any time)."""

    cpu = Local(of="cpu")
    mm = Required[Mm]("mm")
    vpn = Local(of="page")

    @step("walk speculatively")
    def walk(self, k: Kernel) -> Next:
        """Only the loaded mm can be walked."""
        state = k.m.cpu[self.cpu]
        if state.loaded_mm is self.mm:
            hardware.forget(k, self.cpu, self.mm, self.vpn, self.vpn + 1)
            hardware.fill(k, self.cpu, self.mm, self.vpn)
        return DONE


@starts(by_cpu.Read)
def _read(k: Kernel, op: Op, args: by_cpu.Read) -> Start:
    return Access, {"vpn": args.where.vpn}


@starts(by_cpu.Write)
def _write(k: Kernel, op: Op, args: by_cpu.Write) -> Start:
    return Access, {"vpn": args.where.vpn, "store": 1, "content": args.content}


@starts(by_cpu.Evict)
def _evict(k: Kernel, op: Op, args: by_cpu.Evict) -> Start:
    return Evict, {"cpu": op.cpu, "mm": k.m.mm[args.where.mm], "vpn": args.where.vpn}


@starts(by_cpu.Prefetch)
def _prefetch(k: Kernel, op: Op, args: by_cpu.Prefetch) -> Start:
    return Prefetch, {"cpu": op.cpu, "mm": k.m.mm[args.where.mm], "vpn": args.where.vpn}
