"""CPUs that go offline and come back (O38), and the trimming of mm_cpumask."""

from __future__ import annotations

import pytest

from luf_tui.machine import events as ev
from luf_tui.script.parse import parse
from luf_tui.timeline.recorder import record
from tests.test_engine_hardware import count, last, played

ARCH = "machine cpus 4, dram 8, arch {}\n"
SETUP = (
    "process app\nprocess other\nfile lib, 2 pages\napp mmap lib read-only as text\n"
    "app mmap anon 1 page read-write as one\napp mmap anon 1 page read-write as two\n"
    "cpu1 run app\ncpu2 run app\ncpu1 read text.0\ncpu2 read text.0\n"
    "cpu1 write one.0\ncpu1 write two.0\n"
)
X86, RISCV, ARM64 = (ARCH.format(arch) + SETUP for arch in ("x86", "riscv", "arm64"))


def reasons(text: str, without: tuple[str, ...] = ()) -> list[str]:
    """Why the machine refused something."""
    return [one.reason for one in record(parse(text), "luf", without).refusals]


def obligations(text: str, *without: str) -> set[str]:
    return {one.obligation for one in record(parse(text), "luf", without).findings}


def test_a_cpu_that_is_down_is_not_interrupted_although_the_mask_has_it() -> None:
    m = played(X86 + "cpu2 offline\nkswapd reclaim text.0\n", "batched")

    assert 0b110 == m.mm[0].cpumask
    assert 0b10 == last(m, ev.SEND).args["mask"]


def test_its_free_pages_go_back_to_buddy_with_what_they_owe() -> None:
    text = X86 + "kswapd on cpu2\nkswapd reclaim text.0\n"
    before, after = played(text), played(text + "cpu2 offline\n")
    pfn = last(before, ev.DEFER).args["pfn"]

    assert before.pcp_list(2, before.zone[0]) is before.frame[pfn].where
    assert after.pend_list(after.zone[0], after.frame[pfn].order) is after.frame[pfn].where


def test_it_comes_back_with_an_empty_tlb_and_knows_no_mm() -> None:
    down = played(X86 + "cpu2 offline\n")
    m = played(X86 + "cpu2 offline\ncpu2 online\n")

    assert any(entry.mm for entry in down.tlb_of(2))
    assert not any(entry.mm for entry in m.tlb_of(2))
    assert not any(slot.mm for slot in m.asids_of(2))


def test_a_broadcast_does_not_reach_it() -> None:
    m = played(ARM64 + "cpu2 offline\nkswapd reclaim text.0\n")

    assert not any(entry.mm for entry in m.tlb_of(1) if entry.vpn == 2)
    assert any(entry.mm for entry in m.tlb_of(2))


def test_its_task_goes_on_elsewhere() -> None:
    m = played(X86 + "cpu2 offline\ncpu3 run app\ncpu3 read text.1\n")

    assert 3 == last(m, ev.READ).cpu


def test_it_takes_the_ipis_that_wait_for_it_before_it_goes() -> None:
    text = X86 + "kswapd reclaim text.0 stop before wait\ncpu2 offline\nkswapd resume\n"
    m = played(text, "batched")

    assert not m.shootdown[0].waiting
    assert m.cpu[2].offline


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ("cpu2 offline\ncpu2 run other\n", "cpu2 is offline; `cpu2 online` first"),
        ("cpu2 offline\ncpu2 offline\n", "cpu2 is offline; `cpu2 online` first"),
        ("cpu2 online\n", "cpu2 is online already"),
        ("cpu0 offline\nkswapd reclaim text.0\n", "cpu0 is offline; `cpu0 online` first"),
        (
            "cpu0 offline\ncpu1 offline\ncpu2 offline\ncpu3 offline\n",
            "it is the last CPU that is online",
        ),
    ],
)
def test_what_cannot_be_is_refused(lines: str, why: str) -> None:
    (reason,) = reasons(X86 + lines)

    assert reason.endswith(why)


def test_waiting_for_it_is_o38() -> None:
    text = X86 + "cpu2 offline\nkswapd move app.one.0 to dram\nkswapd reclaim app.one.0\n"

    assert not obligations(text)
    assert {"O38"} == obligations(text, "skip-offline")


def test_without_a_flush_riscv_goes_on_with_what_it_had() -> None:
    text = RISCV + ("cpu2 offline\napp munmap text\ncpu2 online\ncpu2 run app\nprocess last\n")

    assert not any(entry.mm for entry in played(text).tlb_of(2))
    assert any(entry.mm for entry in played(text, "luf", ("flush-on-online",)).tlb_of(2))


def test_a_range_flush_passes_over_a_cpu_that_runs_another_mm() -> None:
    m = played(X86 + "cpu2 run other\ncpu1 munmap one\n")

    assert 0 == count(m, ev.SEND)
    assert 0b110 == m.mm[0].cpumask


def test_once_a_second_it_is_asked_and_takes_itself_out() -> None:
    m = played(X86 + "cpu2 run other\nkernel tick\ncpu1 munmap one\n")

    assert 0b100 == last(m, ev.SEND).args["mask"]
    assert 0b10 == m.mm[0].cpumask
    assert not m.mm[0].trim


def test_what_it_had_cached_it_finds_out_of_date_when_it_is_back() -> None:
    text = X86 + "cpu2 run other\nkernel tick\ncpu1 munmap text\n"
    m = played(text + "cpu2 run app\n")

    before = played(text)
    assert any(entry.mm is before.mm[0] for entry in before.tlb_of(2))
    assert not any(entry.mm is m.mm[0] for entry in m.tlb_of(2))
    assert 0b110 == m.mm[0].cpumask


@pytest.mark.parametrize("settings", ["arch x86", "arch riscv", "arch arm64", "table-span 2"])
def test_a_process_that_runs_nowhere_has_its_flush_sent_by_cpu0(settings: str) -> None:
    """munmap() of a process whose CPUs run another one by now, and are interrupted for it."""
    text = X86.replace("arch x86", settings).replace("dram 8", "dram 14")
    m = played(text + "cpu1 run other\ncpu2 run other\nkernel tick\napp munmap text\n")

    assert not any(entry.mm is m.mm[0] and entry.vpn == 2 and entry.issued for entry in m.tlb)
    assert not any(request.waiting for request in m.shootdown)
    told = last(m, ev.BARRIER if "arm64" in settings else ev.SEND)
    assert 0 == told.cpu
