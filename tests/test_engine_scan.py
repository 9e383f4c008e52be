"""NUMA scans and soft-dirty: what a scan takes from PTEs, and whose flush it saves (2.2)."""

from __future__ import annotations

import pytest

from tests.engine_runs import Run

POLICIES = pytest.mark.parametrize("policy", ["eager", "batched", "luf"])
READ = "cpu1 read text.0\ncpu2 read text.0\nnuma scan text\n"
WROTE = "cpu1 write app.heap.0 a\ncpu2 write app.heap.0 b\n"


@POLICIES
def test_a_hidden_page_is_cached_by_nobody(policy: str) -> None:
    run = Run(READ, policy)

    assert not any(entry.mm for entry in run.m.tlb.records)


@POLICIES
def test_promoting_a_hidden_page_interrupts_nobody(policy: str) -> None:
    before = len(Run(READ, policy).events("send"))
    run = Run(READ + "kswapd demote text.0\ncpu1 read text.0\n", policy)

    assert before == len(run.events("send"))
    assert [] == run.violations()


@POLICIES
def test_a_page_whose_hiding_is_not_flushed_yet_still_needs_its_flush(policy: str) -> None:
    script = READ.replace("numa scan text", "numa scan text stop before flush")
    script += "kswapd reclaim text.0\nkernel alloc slab holding secret\ncpu1 read text.0\n"
    run = Run(script + "numa resume\n", policy)

    assert [] == run.violations()


@POLICIES
def test_the_next_access_shows_the_page_again(policy: str) -> None:
    run = Run(READ + "cpu1 read text.0\n", policy)

    assert 2 == len(run.events("fault"))
    assert not run.m.pte_at(run.m.mm[0], run.events("read")[-1].args["vpn"]).prot_none


def test_a_scan_that_hides_nothing_does_not_flush() -> None:
    assert len(Run(READ).events("flushed")) == len(Run(READ + "numa scan text\n").events("flushed"))


@POLICIES
def test_after_clear_soft_dirty_the_next_store_faults(policy: str) -> None:
    run = Run(WROTE + "cpu1 clear-soft-dirty\n" + WROTE, policy)

    assert 2 == len(run.events("fault"))
    assert [] == run.violations()


@POLICIES
def test_a_page_reclaimed_before_the_soft_dirty_flush_loses_no_store(policy: str) -> None:
    script = WROTE + "cpu1 clear-soft-dirty stop before flush\nkswapd reclaim app.heap.0\n"
    script += "cpu2 write app.heap.0 c\nkernel alloc slab holding secret\ncpu1 resume\n"
    run = Run(script + "cpu2 read app.heap.0\n", policy)

    assert [] == run.violations()
