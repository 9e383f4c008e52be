"""arm64 and riscv: other ways to flush, the same rules."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from luf_tui.errors import InputError
from luf_tui.machine import events as ev
from luf_tui.machine.config import ARCHES
from luf_tui.machine.machine import Machine
from luf_tui.oracle.oracle import VIOLATION
from luf_tui.script.parse import load, parse
from luf_tui.timeline.recorder import record
from tests.shipped import PLAYED
from tests.test_engine_hardware import count, last, played

SCENARIOS = Path(__file__).parent.parent / "scenarios"
FILES = [one.path for one in PLAYED if one.path.parent.name != "policies"]


def script(arch: str) -> str:
    return (
        f"machine cpus 4, dram 8, arch {arch}\nprocess app\nprocess other\nfile lib, 2 pages\n"
        "app mmap lib read-only as text\ncpu1 run app\ncpu2 run app\n"
        "cpu1 read text.0\ncpu2 read text.0\n"
    )


def issued(m: Machine) -> list[int]:
    """Per CPU, whose invalidates of its entries need not have come."""
    return [sum(entry.issued for entry in m.tlb_of(cpu)) for cpu in range(m.config.cpus)]


@pytest.mark.parametrize("arch", ARCHES[1:])
@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_no_policy_breaks_a_scenario_anywhere(path: Path, arch: str) -> None:
    program = load(str(path))
    program = evolve(program, without=(), config=evolve(program.config, arch=arch))

    for policy in ("eager", "batched", "luf"):
        found = record(program, policy).findings
        assert [] == [one.message for one in found if one.weight == VIOLATION]


def test_arm64_issues_when_a_pte_is_cleared_and_waits_at_the_end_of_the_batch() -> None:
    half = played(script("arm64") + "kswapd reclaim text.0 stop before fold\n", "batched")
    whole = played(script("arm64") + "kswapd reclaim text.0\n", "batched")

    assert [0, 1, 1, 0] == issued(half)
    assert 0 == count(half, ev.BARRIER)
    assert [0, 0, 0, 0] == issued(whole)
    assert not any(entry.mm for entry in whole.tlb)
    assert 0 == count(whole, ev.SEND)


def test_arm64_a_wait_is_for_what_the_same_cpu_has_issued() -> None:
    other = "cpu3 run other\ncpu3 write other.heap.0\nother munmap other.heap\n"
    m = played(script("arm64") + f"kswapd reclaim text.0 stop before fold\n{other}")

    assert 3 == last(m, ev.BARRIER).cpu
    assert [0, 1, 1, 0] == issued(m)


def test_arm64_a_context_switch_waits() -> None:
    m = played(script("arm64") + "kswapd reclaim text.0 stop before fold\ncpu0 idle\n")

    assert 0 == last(m, ev.BARRIER).cpu
    assert not any(entry.mm for entry in m.tlb)


def test_arm64_an_entry_may_be_used_until_it_is_waited_for() -> None:
    m = played(script("arm64") + "kswapd reclaim text.0 stop before fold\ncpu1 read text.0\n")

    assert 1 == last(m, ev.READ).cpu
    assert 1 == count(m, ev.FILL) - 1


def test_riscv_a_switch_flushes_nothing_and_the_cpu_stays_in_the_mask() -> None:
    m = played(script("riscv") + "cpu1 run other\n")

    assert 0b110 == m.mm[0].cpumask
    assert any(entry.mm is m.mm[0] for entry in m.tlb_of(1))


def test_riscv_a_cpu_is_interrupted_whatever_it_runs() -> None:
    setup = script("riscv") + "cpu1 run other\ncpu2 idle\n"
    m = played(setup + "kswapd reclaim text.0\n", "batched")

    assert 0b110 == last(m, ev.SEND).args["mask"]
    assert not any(entry.mm is m.mm[0] for entry in m.tlb)


def test_riscv_a_range_of_one_mm_leaves_the_others_alone() -> None:
    m = played(
        script("riscv") + "cpu1 run other\ncpu1 write other.heap.0\ncpu1 munmap other.heap\n"
    )

    assert {m.mm[0]} == {entry.mm for entry in m.tlb if entry.mm}


def test_x86_alone_has_generations() -> None:
    for arch in ARCHES:
        m = played(script(arch) + "kswapd reclaim text.0\n", "batched")
        assert (arch == "x86") == (m.mm[0].tlb_gen > 0)


def test_the_ceiling_is_the_architectures_unless_it_is_said() -> None:
    said = script("arm64").replace("arch arm64", "arch arm64, ceiling 7")

    assert [33, 512, 64] == [parse(script(arch)).config.ceiling for arch in ARCHES]
    assert 7 == parse(said).config.ceiling


@pytest.mark.parametrize("words", ["arch", "arch 3", "arch arm"])
def test_an_unknown_architecture_is_told(words: str) -> None:
    with pytest.raises(InputError) as told:
        parse(f"machine cpus 2, {words}\nprocess app\n")

    (problem,) = told.value.problems
    assert "arch" in problem.message
    assert "arm64" in problem.hint
