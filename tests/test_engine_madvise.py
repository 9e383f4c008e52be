"""madvise and mremap: what is gone when they return, and what has to be flushed (OP-17)."""

from __future__ import annotations

import pytest

from luf_tui.errors import InputError
from tests.engine_runs import Run

POLICIES = pytest.mark.parametrize("policy", ["eager", "batched", "luf"])
WROTE = "cpu1 write app.heap.0 a\ncpu2 read app.heap.0\n"


def last_read(run: Run) -> str:
    return run.m.config.content_name(run.events("read")[-1].args["content"])


@POLICIES
def test_dontneed_leaves_zeros_behind(policy: str) -> None:
    run = Run(WROTE + "cpu1 madvise heap dontneed\ncpu2 read heap.0\n", policy)

    assert "zero" == last_read(run)
    assert [] == run.violations()


@POLICIES
def test_a_read_before_the_flush_of_dontneed_is_no_violation(policy: str) -> None:
    script = WROTE + "cpu1 madvise heap dontneed stop before local\ncpu2 read app.heap.0\n"
    run = Run(script + "cpu1 resume\n", policy)

    assert ["deviation"] == [one.weight for one in run.found]


def test_cold_clears_the_accessed_bit_and_nothing_else() -> None:
    run = Run(WROTE + "cpu1 madvise heap cold\n")
    pte = run.m.pte_at(run.m.mm[0], 0)

    assert (0, 1, 1) == (pte.accessed, pte.dirty, pte.writable)


def test_free_makes_the_page_clean_and_no_cpu_may_think_otherwise() -> None:
    run = Run(WROTE + "cpu1 madvise heap free\n")

    assert 0 == run.m.pte_at(run.m.mm[0], 0).dirty
    assert not any(entry.mm and entry.dirty for entry in run.m.tlb.records)


def test_a_page_that_is_cold_already_costs_no_flush() -> None:
    once = Run(WROTE + "cpu1 madvise heap cold\n")
    twice = Run(WROTE + "cpu1 madvise heap cold\ncpu1 madvise heap cold\n")

    assert len(once.events("flushed")) == len(twice.events("flushed"))


@POLICIES
def test_mremap_takes_pages_along_dirty_and_writable(policy: str) -> None:
    run = Run(WROTE + "cpu1 mremap app.heap as moved\ncpu2 read moved.0\n", policy)
    pte = run.m.pte_at(run.m.mm[0], run.events("read")[-1].args["vpn"])

    assert ("a", 1, 1) == (last_read(run), pte.dirty, pte.writable)
    assert [] == run.violations()


@POLICIES
def test_mremap_takes_swapped_pages_along(policy: str) -> None:
    script = WROTE + "kswapd reclaim app.heap.0\ncpu1 mremap heap as moved\ncpu2 read moved.0\n"
    run = Run(script, policy)

    assert "a" == last_read(run)
    assert [] == run.violations()


@POLICIES
def test_the_old_range_is_gone_when_mremap_returns(policy: str) -> None:
    script = "cpu2 read text.0\nkswapd reclaim text.0\ncpu1 mremap text as moved\n"
    run = Run(script + "cpu2 read text.0\n", policy)

    assert 1 == len(run.events("sigsegv"))
    assert [] == run.violations()


def test_mremap_pays_for_what_reclaim_left_unflushed() -> None:
    script = "cpu1 read text.0\ncpu2 read text.0\nkswapd reclaim text.0\n"
    script += "cpu1 mremap text as moved\ncpu2 read text.0\n"

    assert [] == Run(script).violations()
    assert ("A", "O10") in Run(script, without=("flush-batched-pending",)).violations()


def test_an_unknown_advice_is_told() -> None:
    with pytest.raises(InputError, match="may be cold, dontneed, free"):
        Run("cpu1 madvise heap colder\n")
