"""mmu_gather: what it flushes before it lets go, alone and beside another one."""

from __future__ import annotations

import pytest

from luf_tui.machine import events as ev
from luf_tui.machine.machine import Machine
from tests.test_engine_hardware import count, entry, played

START = "machine cpus 3, dram 8{}\nprocess app, heap 4 pages\ncpu1 run app\ncpu2 run app\n"
FOUR = START + "".join(f"cpu2 write heap.{page} bytes\n" for page in range(4))
FILE = START.format("") + (
    "file db, 1 page\napp mmap db read-write shared as map\ncpu2 write map.0 bytes\n"
)


def shootdowns(m: Machine) -> int:
    """How often CPUs were interrupted."""
    return count(m, ev.SEND)


@pytest.mark.parametrize(("slots", "times"), [(0, 1), (1, 4), (2, 2), (3, 2), (4, 1)])
def test_a_full_gather_flushes_and_goes_on(slots: int, times: int) -> None:
    m = played(FOUR.format(f", gather {slots}") + "cpu1 munmap heap\n", "batched")

    assert times == shootdowns(m)
    assert [None] * 4 == [entry(m, 2, vpn) for vpn in range(4)]
    assert 4 == count(m, ev.FREE)


def test_a_full_gather_frees_what_it_has_flushed_before_it_goes_on() -> None:
    stopped = "cpu1 munmap heap stop before free-some\n"
    m = played(FOUR.format(", gather 1") + stopped, "batched")

    assert entry(m, 2, 0) is None
    assert entry(m, 2, 1) is not None
    assert (0, None) == (count(m, ev.FREE), m.mm[0].ptl)


def test_beside_another_gather_a_flush_is_whole_and_takes_lazy_cpus_along() -> None:
    """The second one has nothing of its own to flush."""
    script = "cpu1 madvise heap.0 dontneed stop before send\ncpu0 run app\n"
    alone = played(FOUR.format("") + "cpu0 run app\ncpu0 madvise heap.0 cold\n", "batched")
    script += "cpu0 madvise heap.0 dontneed\n"
    m = played(FOUR.format("") + script, "batched")
    without = played(FOUR.format("") + script, "batched", ("flush-nested-gather",))

    assert entry(alone, 2, 1) is not None
    assert [None] * 4 == [entry(m, 2, vpn) for vpn in range(4)]
    assert entry(without, 2, 0) is not None


def test_a_dirty_page_of_a_file_stays_in_the_reverse_map_until_its_flush() -> None:
    m = played(FILE + "cpu1 munmap map stop before remove-rmap\n", "batched")
    frame = m.file_page[0].frame
    early = played(FILE + "cpu1 munmap map stop before flush\n", "batched", ("delay-rmap",))

    assert (1, True) == (frame.mapcount, m.mm[0].ptl is not None)
    assert 0 == early.file_page[0].frame.mapcount


def test_truncate_flushes_a_dirty_mapping_before_it_lets_go_of_the_table() -> None:
    """A clean one only before it lets go of the page."""
    stopped = "cpu1 truncate db to 0 stop before send\n"
    dirty = played(FILE + stopped, "batched")
    clean = played(FILE.replace("write map.0 bytes", "read map.0") + stopped, "batched")
    done = played(FILE + "cpu1 truncate db to 0\n", "batched")

    assert [True, False, False] == [m.mm[0].ptl is not None for m in (dirty, clean, done)]


def test_gathers_in_flight_are_counted() -> None:
    script = (
        "cpu1 madvise heap.0 dontneed stop before send\ncpu0 run app\ncpu0 madvise heap.1 cold\n"
    )
    m = played(FOUR.format("") + script, "batched")
    flag = played(FOUR.format("") + script, "batched", ("count-gathers",))

    assert (1, 0) == (m.mm[0].flush_pending, flag.mm[0].flush_pending)


def test_a_switch_joins_the_mask_before_it_loads() -> None:
    m = played(START.format("") + "cpu0 run app stop before join\n", "batched")
    late = played(
        START.format("") + "cpu0 run app stop before join\n", "batched", ("mask-before-load",)
    )

    assert (1, 0) == (m.mm[0].cpumask & 1, late.mm[0].cpumask & 1)
    assert late.mm[0] is late.cpu[0].loaded_mm
