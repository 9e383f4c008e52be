"""CPUs that go offline and come back (O38), and the second that lets mm_cpumask be trimmed."""

from __future__ import annotations

from luf_tui.engine import allocator, hardware
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import DONE, Local, Next, Operation, step
from luf_tui.machine import events as ev
from luf_tui.policy import guards


def quiet(act: Operation, k: Kernel) -> bool:
    """The CPU has no IPI to take and waits for none: stop_machine() gets it only then."""
    down: CpuDown = act  # type: ignore[assignment]
    cpu = down.cpu - 1
    return not (k.m.cpu[cpu].ipis or k.m.ctx[cpu].depth or k.m.shootdown[cpu].waiting)


class CpuDown(Operation, name="cpu_down"):
    """cpu_down(): nobody interrupts the CPU any more, and nobody waits for it. Its bits in masks
    stay where they are, and so may what its TLB holds: INIT leaves it unchanged.
    """

    cpu = Local(ref="cpu")

    @step("stop the CPU", when=quiet)
    def stop(self, k: Kernel) -> Next:
        """take_cpu_down(), idle_task_exit(): the task waits for another CPU, init_mm is loaded."""
        m = k.m
        state = m.cpu[self.cpu - 1]
        if state.task:
            m.task[state.task - 1].cpu = 0
        state.task = state.loaded_mm = state.lazy = 0
        state.offline = 1
        k.emit(ev.CPU_DOWN, self.cpu - 1)
        return None

    @step("drain its pcp lists")
    def drain(self, k: Kernel) -> Next:
        """page_alloc_cpu_dead(): what is owed for a page goes with it to buddy."""
        for node in range(len(k.m.config.nodes)):
            if allocator.drain_one(k, self.cpu - 1, node) >= 0:
                return CpuDown.drain
        return DONE


class CpuUp(Operation, name="cpu_up"):
    """cpu_up(): the CPU is back, idle."""

    cpu = Local(ref="cpu")

    @step("start the CPU")
    def start(self, k: Kernel) -> Next:
        """Its TLB is emptied before it loads any mm: initialize_tlbstate_and_flush() on x86,
        local_flush_tlb_all() elsewhere.
        """
        if k.policy.has(guards.FLUSH_ON_ONLINE):
            hardware.flush_all(k, self.cpu - 1)
        k.m.cpu[self.cpu - 1].offline = 0
        k.emit(ev.CPU_UP, self.cpu - 1)
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
