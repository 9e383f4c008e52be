"""Page-table pages and what CPUs remember of them (O32)."""

from __future__ import annotations

import pytest

from luf_tui.machine.event_log import Event
from luf_tui.machine.schema import TABLE
from tests.engine_runs import MACHINE, Run

SPAN = MACHINE.replace("\n", ", table-span 2\n")
NO_SWAP = SPAN.replace("\n", ", swap 0\n", 1)
"""heap.0 and heap.1 in one page table, text.0 and text.1 in the next."""
BOTH_READ = "cpu1 read text.0\ncpu2 read text.0\n"


def tables(run: Run) -> list[Event]:
    return run.events("tablein")


def run_with_tables(script: str, policy: str = "luf", without: tuple[str, ...] = ()) -> Run:
    return Run(script, policy, without, machine=SPAN)


def test_the_first_page_of_a_range_brings_its_page_table_page() -> None:
    run = run_with_tables("cpu1 read text.0\ncpu1 read text.1\ncpu1 read heap.0\n")

    assert [2, 0] == [event.args["vpn"] for event in tables(run)]
    assert 2 == sum(frame.state == TABLE for frame in run.m.frame)


def test_a_machine_without_a_table_span_has_none() -> None:
    run = Run(BOTH_READ + "cpu1 munmap text\n")

    assert (0, 0) == (len(run.m.table), len(run.m.walk))
    assert [] == tables(run)


@pytest.mark.parametrize("policy", ["eager", "batched", "luf"])
def test_munmap_of_all_that_a_page_table_page_maps_frees_it_after_the_flush(policy: str) -> None:
    run = run_with_tables(BOTH_READ + "cpu1 munmap text\n", policy)
    names = [event.name for event in run.m.events]
    last_free = len(names) - names[::-1].index("free")

    assert names.index("tableout") < names.index("flushed") < last_free
    assert 0 == sum(frame.state == TABLE for frame in run.m.frame)
    assert not any(walk.table for walk in run.m.walk)


def test_munmap_of_a_part_keeps_it() -> None:
    run = run_with_tables(BOTH_READ + "cpu1 munmap text.0\n")

    assert [] == run.events("tableout")
    assert 1 == sum(frame.state == TABLE for frame in run.m.frame)


def test_madvise_dontneed_keeps_it() -> None:
    run = run_with_tables(BOTH_READ + "cpu1 madvise text dontneed\n")

    assert [] == run.events("tableout")


def test_exit_frees_them_all() -> None:
    run = run_with_tables(BOTH_READ + "cpu1 write heap.0 mine\ncpu1 exit\nkernel drain\n")

    assert 2 == len(run.events("tableout"))
    assert 0 == sum(frame.state == TABLE for frame in run.m.frame)


def test_a_lazy_cpu_is_interrupted_when_page_tables_are_freed_and_only_then() -> None:
    lazy = BOTH_READ + "cpu2 idle\n"
    whole = run_with_tables(lazy + "cpu1 munmap text\n")
    part = run_with_tables(lazy + "cpu1 munmap text.0\n")

    assert [0b100] == [event.args["mask"] for event in whole.events("send")]
    assert [] == part.events("send")


def test_pages_that_luf_unmapped_do_not_spare_the_flush_for_their_page_table() -> None:
    run = run_with_tables(BOTH_READ + "cpu2 idle\nkswapd reclaim text.0\ncpu1 munmap text\n")

    assert 0b100 == run.events("send")[-1].args["mask"]
    assert [] == run.violations()


def test_a_page_that_a_lazy_cpu_may_walk_must_not_be_reused() -> None:
    script = BOTH_READ + "cpu2 idle\ncpu1 munmap text\ncpu1 write heap.0 mine\n"
    run = run_with_tables(script, without=("flush-before-table-free",))

    assert ("C", "O32") in run.violations()
    assert [] == run_with_tables(script).violations()


def test_a_walk_through_a_page_that_was_reused_is_told() -> None:
    early = BOTH_READ + "cpu1 munmap text stop before local\n"
    script = early + "kernel alloc slab holding secret\ncpu2 read text.1\n"
    run = run_with_tables(script, without=("flush-before-table-free",))

    assert 1 == len(run.events("freedwalk"))
    assert [("O32", 1), ("O32", 2), ("O32", 2)] == [(one.obligation, one.cpu) for one in run.found]


def test_invlpg_drops_what_a_cpu_remembers_and_an_eviction_does_not() -> None:
    evicted = run_with_tables("cpu1 read text.0\ncpu1 evict text.0\n")
    flushed = run_with_tables("cpu1 read text.0\ncpu1 mprotect text none\n")

    assert 1 == sum(bool(walk.table) for walk in evicted.m.walk)
    assert not any(walk.table for walk in flushed.m.walk)


def test_a_fault_that_gets_no_page_table_page_fails() -> None:
    crowd = "".join(f"kernel alloc o{n}\n" for n in range(16))
    run = run_with_tables(crowd + "cpu1 read text.0\n")

    assert 1 == len(run.events("oom"))
    assert 0 == run.m.mm[0].readers


def test_a_forked_child_has_page_tables_of_its_own() -> None:
    script = "cpu1 write heap.0 mine\ncpu1 read text.0\ncpu1 fork app as kid\n"
    run = run_with_tables(script + "cpu0 run kid\ncpu0 read heap.0\n")

    assert [(0, 0), (0, 2), (2, 0)] == [(e.args["mm"], e.args["vpn"]) for e in tables(run)]
    assert "mine" == run.m.config.content_name(run.events("read")[-1].args["content"])


def test_a_fork_without_memory_for_page_tables_leaves_nothing_behind() -> None:
    crowd = "".join(f"kernel alloc o{n}\n" for n in range(14))
    run = Run("cpu1 write heap.0 mine\n" + crowd + "cpu1 fork app as kid\n", machine=NO_SWAP)

    assert 1 == len(run.events("oom"))
    assert not any(run.m.vma_at(run.m.mm[2], vpn).mapped for vpn in range(run.m.config.pages))
    assert (None, 0) == (run.m.mm[0].writer, run.m.mm[2].flush_pending)


def test_mremap_brings_page_tables_for_the_new_range_and_frees_those_of_the_old() -> None:
    run = run_with_tables(BOTH_READ + "cpu2 idle\ncpu1 mremap text as moved\ncpu1 read moved.0\n")

    assert [2, 4] == [event.args["vpn"] for event in tables(run)]
    assert [2] == [event.args["vpn"] for event in run.events("tableout")]
    assert 0b100 == run.events("send")[-1].args["mask"]
    assert "lib.0 v1" == run.m.config.content_name(run.events("read")[-1].args["content"])


def test_mremap_without_memory_for_page_tables_moves_nothing() -> None:
    crowd = "".join(f"kernel alloc o{n}\n" for n in range(14))
    pinned = "cpu1 read text.0\napp pin text.0\n"
    run = run_with_tables(pinned + crowd + "cpu1 mremap text as moved\n")

    assert 1 == len(run.events("oom"))
    assert run.m.vma_at(run.m.mm[0], 2).mapped
    assert not run.m.vma_at(run.m.mm[0], 4).mapped
    assert (None, 0) == (run.m.mm[0].writer, run.m.mm[0].flush_pending)


def test_a_fork_during_a_migration_gives_the_child_the_page() -> None:
    script = (
        "cpu1 write heap.0 mine\nkswapd demote app.heap.0 stop before copy\n"
        "cpu1 fork app as kid\nkswapd resume\ncpu0 run kid\ncpu0 read heap.0\n"
    )
    run = Run(script)

    assert "mine" == run.m.config.content_name(run.events("read")[-1].args["content"])
    pte = run.m.pte_at(run.m.mm[0], 0)
    assert pte.frame
    assert (2, 0) == (pte.frame.mapcount, pte.writable)
