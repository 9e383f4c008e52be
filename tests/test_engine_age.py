"""Page age: accessed bits asked and cleared, and reclaim that leaves a page that was used."""

from __future__ import annotations

import pytest

from luf_tui.machine import lists
from luf_tui.machine.schema import FREE_STATES
from tests.engine_runs import MACHINE, Run

AGING = MACHINE.strip() + ", page-age\n"
READ = "cpu1 read app.text.0\ncpu2 read app.text.0\n"
POLICIES = pytest.mark.parametrize("policy", ["eager", "batched", "luf"])


@POLICIES
def test_a_page_that_was_used_is_reclaimed_at_the_second_try(policy: str) -> None:
    once = Run(READ + "kswapd reclaim text.0\n", policy, machine=AGING)
    twice = Run(READ + "kswapd reclaim text.0\n" * 2, policy, machine=AGING)

    assert (1, 0) == (len(once.events("keep")), len(once.events("unmap")))
    assert 1 == len(twice.events("unmap"))
    assert [] == twice.violations()


def test_nobody_is_asked_on_a_machine_without_ages() -> None:
    run = Run(READ + "kswapd reclaim text.0\n")

    assert ([], 1) == (run.events("age"), len(run.events("unmap")))


def test_a_cpu_that_has_the_page_cached_does_not_make_it_young_again() -> None:
    script = READ + "kswapd age text.0\n{}cpu1 read text.0\nkswapd reclaim text.0\n"
    cached = Run(script.format(""), machine=AGING)
    walked = Run(script.format("cpu1 evict app.text.0\n"), machine=AGING)

    assert 1 == len(cached.events("unmap"))
    assert [] == walked.events("unmap")


@pytest.mark.parametrize(("arch", "issued"), [("x86", 0), ("riscv", 0), ("arm64", 1)])
def test_clearing_the_accessed_bit_flushes_nobody(arch: str, issued: int) -> None:
    run = Run(READ + "kswapd age text.0\n", machine=AGING.strip() + f", arch {arch}\n")

    assert issued == len(run.events("issue"))
    assert [] == run.events("send") + run.events("flushed") + run.events("barrier")
    assert 2 == sum(entry.mm is not None for entry in run.m.tlb)


def test_every_mapping_is_asked() -> None:
    script = "cpu1 write app.heap.0 a\ncpu1 fork app as kid\ncpu0 run kid\ncpu0 read heap.0\n"
    run = Run(script + "kswapd age kid.heap.0\n", machine=AGING)

    asked = [event.args["mm"] for event in run.events("age")]
    assert sorted({run.m.mm[0].index, run.m.mm[2].index}) == sorted(asked)


def test_demotion_leaves_a_page_once_that_was_used() -> None:
    script = "cpu1 write app.heap.0 a\n" + "kswapd demote app.heap.0\nexpect on app.heap.0 {}\n"
    first = Run(script.format("dram"), machine=AGING)
    second = Run(script.format("dram") + "kswapd demote app.heap.0\n", machine=AGING)

    assert ([], 1) == (first.events("copy"), len(second.events("copy")))


def test_paging_out_asks_nobody() -> None:
    run = Run("cpu1 write app.heap.0 a\ncpu1 madvise heap.0 pageout\n", machine=AGING)

    assert ([], 1) == (run.events("age"), len(run.events("writeout")))


def test_an_allocation_takes_a_page_that_was_used_once_nothing_else_is_left() -> None:
    few = "machine cpus 3, dram 2, max-order 0, pcp-high 0, page-age\n"
    script = "cpu1 write app.heap.0 a\ncpu1 write heap.1 b\nkernel alloc slab\n"
    run = Run(script, "batched", machine=few)

    assert [] == run.events("oom")
    assert 2 == len(run.events("age"))


def test_a_page_that_is_unmapped_while_it_is_asked_is_freed_by_who_asks() -> None:
    for line in ("age", "reclaim", "demote"):
        script = (
            f"cpu1 write app.heap.0 a\nkswapd {line} app.heap.0 stop before ask\n"
            "cpu1 madvise heap.0 dontneed\nkswapd resume\n"
        )
        run = Run(script, machine=AGING)
        given = run.events("alloc")[0]
        assert run.m.frame[given.args["pfn"]].state in FREE_STATES, line


def test_cold_and_age_put_a_page_where_reclaim_looks_first() -> None:
    wrote = "cpu1 write app.heap.0 a\ncpu1 write heap.1 b\n"
    for line in ("cpu1 madvise heap.1 cold\n", "kswapd age app.heap.1\n"):
        run = Run(wrote + line, machine=AGING)
        first = list(lists.members(run.m.lru_list(run.m.zone[0])))[-1]
        assert run.m.pte_at(run.m.mm[0], 1).frame is first
