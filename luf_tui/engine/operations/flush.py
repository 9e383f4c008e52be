"""Sending shootdowns and answering them (arch/x86/mm/tlb.c)."""

from __future__ import annotations

from luf_tui.engine import global_asids, hardware
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import DONE, OPERATIONS, Local, Next, Operation, step
from luf_tui.machine import events as ev
from luf_tui.machine.config import ARM64, X86
from luf_tui.machine.machine import Machine
from luf_tui.machine.regions import Reference
from luf_tui.machine.schema import STACK_DEPTH, Context, Cpu, Mm
from luf_tui.policy import guards
from luf_tui.policy.base import Policy

SWITCHING, IN_STEPS = "show the loaded mm", "switch mm"
"""The operation of a CPU that has loaded an mm and tells others only now."""
TAKEOFF = ev.REASON["taken off the free lists"]


def initiator(m: Machine, ctx: Context) -> int:
    """The CPU that flushes for a context: its own, and cpu0 for a process that runs nowhere."""
    return max(m.cpu_of(ctx), 0)


def interrupted(m: Machine, policy: Policy, flush: Shootdown, mask: int) -> int:
    """should_flush_tlb(): who of a mask is interrupted. Lazy CPUs catch up by tlb_gen;
    where there is none every CPU of the mask is interrupted, whatever it runs.
    """
    others = mask & ~(1 << initiator(m, flush.ctx))
    if policy.has(guards.SKIP_OFFLINE):
        others &= ~sum(1 << cpu.index for cpu in m.cpu if cpu.offline)
    if flush.tables or m.config.arch != X86:
        return others
    trim = flush.mm and flush.mm.trim
    for cpu in m.cpu:
        loaded = cpu.loaded_mm is flush.mm and not _seen_late(m, policy, cpu)
        if m.config.cut_switch and policy.has(guards.FLUSH_WHILE_SWITCHING):
            loaded |= _runs(m, cpu, IN_STEPS)
        wanted = not flush.mm or loaded or trim
        if cpu.lazy or not wanted:
            others &= ~(1 << cpu.index)
    return others


def _seen_late(m: Machine, policy: Policy, cpu: Cpu) -> bool:
    """Whether a CPU has loaded an mm that others do not see loaded there yet."""
    return not policy.has(guards.FLUSH_WHILE_SWITCHING) and _runs(m, cpu, SWITCHING)


def _runs(m: Machine, cpu: Cpu, name: str) -> bool:
    """Whether the task of a CPU is in an operation of that name."""
    ctx = m.task_ctx(cpu.task) if cpu.task else None
    top = m.stack[ctx.index * STACK_DEPTH + ctx.depth - 1] if ctx and ctx.depth else None
    return top is not None and name == OPERATIONS[top.op].NAME


def settle_devices(k: Kernel, flush: Shootdown) -> None:
    """A flush of an mm tells devices too. For a batch they were told when its PTEs were cleared,
    unless that was put off until the pages are taken.
    """
    late = flush.why == TAKEOFF and not k.policy.has(guards.NOTIFY_SECONDARY)
    told = flush.mm and k.policy.has(guards.NOTIFY_WITH_FLUSH)
    if told or late:
        hardware.notify(k, flush.mm, flush.start, flush.end)


class Shootdown(Operation, name="shootdown"):
    """flush_tlb_mm_range() and arch_tlbbatch_flush(): flush CPUs and wait for all of them.

    With `mm` given, its mask and a new generation are used, and [start, end) is the range (empty
    is everything). Without, `mask` names the CPUs of a batch whose generations moved already.
    """

    mm = Reference[Mm]("mm")
    mask = Local(mask="cpu")
    start = Local(of="page", upto="end")
    end = Local()
    tables = Local()
    why = Local()
    number = Local(counter="ugen")
    gen = Local(counter="tlb_gen")

    @property
    def sent(self) -> bool:
        """Whether others have been told: IPIs are on their way, or invalidates are issued."""
        return self.pos == Shootdown.wait.number

    def named(self) -> int:
        """The CPUs that it is for."""
        return self.mm.cpumask if self.mm else self.mask

    def left(self, m: Machine, policy: Policy) -> int:
        """CPUs that have yet to flush before it is over: once they are told, those that are waited
        for; before, those that will be.
        """
        me = initiator(m, self.ctx)
        if self.sent:
            return m.shootdown[me].waiting
        others = interrupted(m, policy, self, self.named())
        begun = self.pos != Shootdown.local.number
        own = not begun and self.named() >> me & 1 and self._flushes_itself(m)
        return others | (1 << me if own else 0)

    @step("start the flush")
    def local(self, k: Kernel) -> Next:
        """The initiator takes the flush's number first and drops its own entries (O18)."""
        if global_asids.by_broadcast(k.m, self.mm):
            where = {"start": self.start, "end": self.end}
            what = {"tables": self.tables, "why": self.why, "mask": self.mask}
            return self.jump(k, k.broadcast, mm=self.mm, **where, **what)
        self.number = k.policy.flush_number(k.m)
        if self.mm:
            if k.m.config.arch == X86:
                self.mm.tlb_gen += 1
                self.gen = self.mm.tlb_gen
            self.mask = self.mm.cpumask
            if self.end - self.start > k.m.config.ceiling:
                self.start = self.end = 0
        me = initiator(k.m, self.ctx)
        if self.mask >> me & 1 and self._flushes_itself(k.m):
            args = (self.mm, self.start, self.end, self.gen)
            hardware.flush_tlb_func(k, me, *args, hardware.LOCAL)
        return None if self._targets(k) else self._complete(k)

    def _flushes_itself(self, m: Machine) -> bool:
        """native_flush_tlb_multi() skips lazy CPUs, the initiator's own among them; a request
        that has no other CPU does not go through it. Only x86 has a lazy mode.
        """
        if m.config.arch != X86:
            return True
        me = initiator(m, self.ctx)
        others = self.named() & ~(1 << me)
        return bool(not m.cpu[me].lazy or self.tables or not others)

    def _targets(self, k: Kernel) -> int:
        return interrupted(k.m, k.policy, self, self.mask)

    @step("send IPIs")
    def send(self, k: Kernel) -> Next:
        """Interrupt every target at once."""
        me = initiator(k.m, self.ctx)
        request = k.m.shootdown[me]
        targets = self._targets(k)
        if self.mm:
            self.mm.trim = 0
        request.waiting, request.mm, request.gen = targets, self.mm, self.gen
        request.start, request.end, request.tables = self.start, self.end, self.tables
        for cpu in range(k.m.config.cpus):
            if targets >> cpu & 1:
                k.m.cpu[cpu].ipis |= 1 << me
        pages = self.end - self.start if self.mm and self.end > self.start else -1
        k.emit(ev.SEND, me, targets, pages, self.why)
        return None

    def _acknowledged(self, k: Kernel) -> bool:
        """Every CPU that was interrupted has flushed."""
        return not k.m.shootdown[initiator(k.m, self.ctx)].waiting

    @step("wait for acknowledgements", when=_acknowledged)
    def wait(self, k: Kernel) -> Next:
        """The initiator spins with preemption off until every target has flushed."""
        k.m.shootdown[initiator(k.m, self.ctx)].clear()
        if self.mm:
            global_asids.consider(k, self.mm)
        return self._complete(k)

    def _complete(self, k: Kernel) -> Next:
        """Tell devices, and the policy's ledger what is paid now."""
        settle_devices(k, self)
        k.policy.flushed(k.m, self.mask, self.number, self.mm)
        if self.mask:
            k.emit(ev.FLUSHED, k.cpu, self.mask, self.why)
        return DONE


class Broadcast(Shootdown, name="tlbi"):
    """On arm64, __flush_tlb_range() and arch_tlbbatch_flush(): the hardware tells the other CPUs,
    and nobody is interrupted. A batch was issued as its PTEs were cleared, so that only the wait is
    left.
    """

    @property
    def sent(self) -> bool:
        """Once the invalidates are issued, or were with the PTEs."""
        return self.pos == Broadcast.complete.number or not self.mm

    def left(self, m: Machine, policy: Policy) -> int:
        """Every CPU of the mask may use what it has until the barrier is over."""
        return self.named()

    @step("see that all is issued")
    def issue(self, k: Kernel) -> Next:
        """TLBI by address, or by ASID above MAX_DVM_OPS."""
        self.number = k.policy.flush_number(k.m)
        if self.mm:
            if self.end - self.start > k.m.config.ceiling:
                self.start = self.end = 0
            self.mask = self.mm.cpumask
            upper = bool(self.tables)
            cpu = initiator(k.m, self.ctx)
            hardware.issue(k, cpu, self.mm, self.start, self.end, upper=upper)
        return None

    @step("wait until every CPU has done it")
    def complete(self, k: Kernel) -> Next:
        """DSB ISH: it waits for what this CPU has issued, now or before."""
        hardware.barrier(k, initiator(k.m, self.ctx))
        return self._complete(k)


Shootdown.ON = {ARM64: Broadcast}


class FlushTlbFunc(Operation, name="flush_tlb_func", function="flush_tlb_func"):
    """The IPI handler on a target CPU: take it, flush, acknowledge."""

    sender = Local(of="cpu")

    @step("take the IPI")
    def receive(self, k: Kernel) -> Next:
        """The CPU enters its handler; the task it interrupted does not move meanwhile."""
        k.emit(ev.RECEIVE, k.cpu, self.sender)
        return None

    @step("flush")
    def flush(self, k: Kernel) -> Next:
        """Drop what the request names, if this CPU is behind."""
        r = k.m.shootdown[self.sender]
        hardware.flush_tlb_func(k, k.cpu, r.mm, r.start, r.end, r.gen, hardware.REMOTE)
        return None

    @step("acknowledge")
    def ack(self, k: Kernel) -> Next:
        """Only now may the sender go on."""
        k.m.shootdown[self.sender].waiting &= ~(1 << k.cpu)
        k.m.cpu[k.cpu].handling = -1
        k.emit(ev.ACK, k.cpu, self.sender)
        return DONE
