"""A device with translations of its own (O29): told when a PTE goes, never later."""

from __future__ import annotations

import pytest

from luf_tui.errors import InputError
from luf_tui.machine import events as ev
from luf_tui.oracle.oracle import VIOLATION
from luf_tui.script.parse import parse
from luf_tui.timeline.recorder import record
from tests.test_engine_hardware import count, last, played

SETUP = (
    "machine cpus 3, dram 8, cxl 4, secondary-tlb\nprocess app\nfile lib, 2 pages\n"
    "app mmap lib read-only as text\ncpu1 run app\ncpu2 run app\n"
    "cpu1 read text.0\ncpu2 read text.0\ncpu1 write heap.0 mine\n"
)
USED = SETUP + "device dma-read app.text.0\ndevice dma-write app.heap.0 theirs\n"


def mapped(text: str, policy: str = "luf") -> set[int]:
    """The virtual pages that the device has translations of."""
    return {entry.vpn for entry in played(text, policy).device_tlb if entry.mm}


def found(text: str, policy: str = "luf") -> set[tuple[str, str]]:
    return {(one.weight, one.obligation) for one in record(parse(text), policy).findings}


def test_it_walks_the_page_table_and_sets_accessed_and_dirty() -> None:
    m = played(USED)

    assert {0, 2} == {entry.vpn for entry in m.device_tlb if entry.mm}
    assert 1 == m.pte_at(m.mm[0], 0).dirty
    assert "theirs" == m.config.content_name(m.pte_at(m.mm[0], 0).frame.content)


def test_what_it_stored_a_cpu_reads() -> None:
    m = played(USED + "cpu1 read heap.0\n")

    assert "theirs" == m.config.content_name(last(m, ev.READ).args["content"])


@pytest.mark.parametrize(
    "line",
    ["device dma-read app.text.1", "device dma-write app.text.0", "device dma-read app.heap.1"],
)
def test_what_is_not_mapped_so_it_does_not_get(line: str) -> None:
    m = played(f"{SETUP}{line}\n")

    assert 1 == count(m, ev.DMA_FAULT)
    assert not any(entry.mm for entry in m.device_tlb)


@pytest.mark.parametrize("policy", ["eager", "batched", "luf"])
@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("kswapd reclaim text.0", {0}),
        ("kswapd reclaim app.heap.0", {2}),
        ("kswapd demote text.0", {0}),
        ("app munmap text", {0}),
        ("app mprotect heap none", {2}),
        ("app madvise heap.0 dontneed", {2}),
        ("app fork app as kid", set()),
        ("app exit", set()),
        ("kernel truncate lib to 0", {0}),
    ],
)
def test_it_has_dropped_what_the_kernel_took_away(line: str, left: set[int], policy: str) -> None:
    assert left == mapped(f"{USED}{line}\n", policy)


def test_it_drops_its_translation_before_the_deferred_flush() -> None:
    m = played(USED + "kswapd reclaim text.0\n")

    assert any(entry.mm and entry.vpn == 2 for entry in m.tlb_of(1))
    assert not any(entry.mm and entry.vpn == 2 for entry in m.device_tlb)


def test_in_the_middle_of_an_operation_it_may_still_read_and_store() -> None:
    """Between the PTE and the notifier every kernel has a window; it is no violation."""
    half = USED + "app munmap heap stop before send\ndevice dma-read app.heap.0\n"

    assert (VIOLATION, "O29") not in found(half)


def test_without_being_told_its_stores_are_lost_and_its_reads_are_someone_elses() -> None:
    off = ("notify-secondary", "refuse-writable")
    stored = USED + "kswapd demote app.heap.0\n"
    stored += "device dma-write app.heap.0 late\n"
    read = USED + "kswapd reclaim text.0\nkernel truncate lib to 0\ndevice dma-read app.text.0\n"

    assert not record(parse(stored), "luf").findings
    assert {"O29"} == {one.obligation for one in record(parse(stored), "luf", off).findings}
    off = ("notify-secondary", "flush-on-truncate", "flush-batched-pending")
    assert {"O29"} == {one.obligation for one in record(parse(read), "luf", off).findings}


def test_only_the_device_does_dma_and_only_where_there_is_one() -> None:
    for text in (SETUP + "kswapd dma-read app.text.0\n", USED.replace(", secondary-tlb", "")):
        with pytest.raises(InputError):
            parse(text)
