"""CPUs that go offline and come back (O38), and the second that lets mm_cpumask be trimmed."""

from __future__ import annotations

from luf_tui.engine import allocator, hardware
from luf_tui.engine.arguments import Start, starts
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import DONE, Next, Operation, step
from luf_tui.errors import Refused
from luf_tui.machine import events as ev
from luf_tui.machine.regions import CpuNumber
from luf_tui.policy import guards
from luf_tui.script.program import Op
from luf_tui.script.verbs import by_cpu, by_kernel


class CpuDown(Operation, name="cpu_down", function="cpu_down"):
    """cpu_down(): nobody interrupts the CPU any more, and nobody waits for it. Its bits in masks
    stay where they are, and so may what its TLB holds: INIT leaves it unchanged.
    """

    cpu = CpuNumber()

    def _quiet(self, k: Kernel) -> bool:
        """The CPU has no IPI to take and waits for none: stop_machine() gets it only then."""
        ipis, handling = k.m.cpu[self.cpu].ipis, k.m.ctx[self.cpu].depth
        return not (ipis or handling or k.m.shootdown[self.cpu].waiting)

    @step("stop the CPU", when=_quiet)
    def stop(self, k: Kernel) -> Next:
        """take_cpu_down(), idle_task_exit(): the task waits for another CPU, init_mm is loaded."""
        m = k.m
        state = m.cpu[self.cpu]
        if state.task:
            state.task.cpu = -1
        state.task = state.loaded_mm = None
        state.lazy = 0
        state.offline = 1
        k.emit(ev.CPU_DOWN, self.cpu)
        return None

    @step("drain its pcp lists")
    def drain(self, k: Kernel) -> Next:
        """page_alloc_cpu_dead(): what is owed for a page goes with it to buddy."""
        drained = any(allocator.drain_one(k, self.cpu, zone) for zone in k.m.zone)
        return CpuDown.drain if drained else DONE


class CpuUp(Operation, name="cpu_up", function="cpu_up"):
    """cpu_up(): the CPU is back, idle."""

    cpu = CpuNumber()

    @step("start the CPU")
    def start(self, k: Kernel) -> Next:
        """Its TLB is emptied before it loads any mm: initialize_tlbstate_and_flush() on x86,
        local_flush_tlb_all() elsewhere.
        """
        if k.policy.has(guards.FLUSH_ON_ONLINE):
            hardware.flush_all(k, self.cpu)
        k.m.cpu[self.cpu].offline = 0
        k.emit(ev.CPU_UP, self.cpu)
        return DONE


class Tick(Operation, name="tick"):
    """HZ jiffies go by: the next flush of each mm may look for CPUs that only seem to run it."""

    @step("let a second pass")
    def tick(self, k: Kernel) -> Next:
        """should_trim_cpumask(): next_trim_cpumask is over."""
        for space in k.m.mm:
            space.trim = space.alive
        k.emit(ev.TICK, -1)
        return DONE


@starts(by_cpu.CpuDown)
def _cpu_down(k: Kernel, op: Op, args: by_cpu.CpuDown) -> Start:
    if sum(not cpu.offline for cpu in k.m.cpu) == 1:
        raise Refused(f"{op.text.strip()}: it is the last CPU that is online")
    return CpuDown, {"cpu": op.cpu}


@starts(by_cpu.CpuUp)
def _cpu_up(k: Kernel, op: Op, args: by_cpu.CpuUp) -> Start:
    if not k.m.cpu[op.cpu].offline:
        raise Refused(f"{op.text.strip()}: cpu{op.cpu} is online already")
    return CpuUp, {"cpu": op.cpu}


@starts(by_kernel.Tick)
def _tick(k: Kernel, op: Op, args: by_kernel.Tick) -> Start:
    return Tick, {}
