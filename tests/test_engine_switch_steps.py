"""A context switch in its steps (`machine cut-switch`)."""

from __future__ import annotations

import pytest

from luf_tui.errors import Refused
from luf_tui.policy.registry import make_policy
from luf_tui.script.parse import load
from luf_tui.search.exploration import Exploration
from luf_tui.search.result import UNSAFE
from tests.conftest import ROOT
from tests.engine_runs import MACHINE, Run

CUT = MACHINE.strip() + ", cut-switch\n"
CLIENT = ROOT / "scenarios" / "clients" / "switching.luf"
SCRIPT = "cpu1 write app.heap.0 a\ncpu2 read app.heap.0\ncpu2 run thief\ncpu2 run app{}\n"


def test_it_joins_the_mask_then_reads_tlb_gen_then_loads() -> None:
    stops = ("enter", "read gen", "load")
    runs = [Run(SCRIPT.format(f" stop before {stop}"), machine=CUT) for stop in stops]

    loaded = [run.m.config.processes[run.m.cpu[2].loaded_mm.index].name for run in runs]  # type: ignore[union-attr]
    assert ["thief", "thief", "thief"] == loaded
    assert [1, 1, 1] == [run.m.cpu[2].irqs_off for run in runs]
    first = Run("cpu0 run thief stop before {}\n".format("enter"), machine=CUT)
    second = Run("cpu0 run thief stop before {}\n".format("read gen"), machine=CUT)
    assert (0, 1) == (first.m.mm[1].cpumask, second.m.mm[1].cpumask)


@pytest.mark.parametrize("stop", ["enter", "read gen", "load"])
@pytest.mark.parametrize("policy", ["eager", "batched", "luf"])
def test_what_is_flushed_meanwhile_is_not_missed(policy: str, stop: str) -> None:
    script = SCRIPT.format(f" stop before {stop}") + "cpu1 munmap heap stop before wait\n"
    run = Run(
        script + "cpu2 resume\ncpu2 deliver\ncpu1 resume\ncpu2 read heap.0\n", policy, machine=CUT
    )

    assert 1 == len(run.events("sigsegv"))
    assert [] == run.violations()


def test_a_cpu_that_is_switching_takes_no_interrupt_and_no_other_task() -> None:
    waits = Run(SCRIPT.format(" stop before load") + "cpu1 munmap heap\n", "eager", machine=CUT)

    assert 1 == len(waits.events("blocked"))
    assert 0b100 == waits.m.shootdown[1].waiting
    with pytest.raises(Refused, match="interrupts off"):
        Run(SCRIPT.format(" stop before load") + "cpu2 run thief\n", machine=CUT)


def test_it_comes_to_the_same_as_a_switch_in_one_step() -> None:
    script = SCRIPT.format("") + "cpu2 idle\ncpu1 madvise heap dontneed\ncpu2 run app\n"
    steps, whole = Run(script, machine=CUT), Run(script)

    assert state(steps) == state(whole)


def state(run: Run) -> list[object]:
    """What CPUs have loaded, and which flushes they know of."""
    m = run.m
    cpus = [(cpu.loaded_mm and cpu.loaded_mm.index, cpu.lazy, cpu.asid) for cpu in m.cpu]
    slots = [(slot.mm and slot.mm.index, slot.gen) for slot in m.asid]
    return [*cpus, *slots, *(mm.cpumask for mm in m.mm)]


@pytest.mark.parametrize("guard", ["check-on-switch-in", "flush-while-switching"])
def test_without_a_rule_of_the_switch_a_program_breaks_it(guard: str) -> None:
    report = Exploration(load(str(CLIENT)), make_policy("luf", [guard])).run()

    assert UNSAFE == report.verdict
