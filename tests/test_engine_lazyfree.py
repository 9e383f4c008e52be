"""MADV_FREE: a page whose bytes the process gave up, until it stores to it again."""

from __future__ import annotations

import pytest

from tests.engine_runs import Run

GIVEN_UP = "cpu1 write heap.0 draft\ncpu1 madvise heap.0 free\n"
RECLAIM = "kswapd reclaim app.heap.0\n"
POLICIES = ("eager", "batched", "luf")


def read(run: Run) -> list[str]:
    return [run.m.config.content_name(event.args["content"]) for event in run.events("read")]


@pytest.mark.parametrize("policy", POLICIES)
def test_a_page_given_up_is_dropped_and_not_written(policy: str) -> None:
    run = Run(GIVEN_UP + RECLAIM + "cpu2 read heap.0\n", policy)

    assert ["zero"] == read(run)
    assert [] == run.events("writeout")
    assert not any(slot.users or slot.frame for slot in run.m.swap)
    assert [] == run.violations()


@pytest.mark.parametrize("policy", POLICIES)
def test_a_store_keeps_it_and_the_next_reclaim_swaps_it(policy: str) -> None:
    again = GIVEN_UP + "cpu2 write heap.0 final\n" + RECLAIM
    once, twice = Run(again, policy), Run(again + RECLAIM + "cpu1 read heap.0\n", policy)

    assert once.m.pte_at(once.m.mm[0], 0).frame
    assert [] == once.events("writeout")
    assert ["final"] == read(twice)
    assert 1 == len(twice.events("writeout"))


def test_a_pin_keeps_it() -> None:
    run = Run(GIVEN_UP + "cpu1 pin heap.0\n" + RECLAIM + "cpu2 read heap.0\n")

    assert ["draft"] == read(run)


def test_it_stays_given_up_when_it_moves() -> None:
    run = Run(GIVEN_UP + "kswapd demote app.heap.0\n" + RECLAIM + "cpu2 read heap.0\n")

    assert ["zero"] == read(run)


def test_a_new_owner_of_the_frame_has_given_up_nothing() -> None:
    run = Run(GIVEN_UP + RECLAIM + "kernel alloc slab\nkernel alloc buffer\n")

    assert not any(frame.lazyfree for frame in run.m.frame)


QUIET = GIVEN_UP + "cpu1 mprotect heap.0 read-only\ncpu2 read heap.0\n" + RECLAIM


def test_its_old_bytes_may_be_read_until_somebody_faults() -> None:
    run = Run(QUIET + "cpu2 read heap.0\ncpu1 read heap.0\ncpu2 read heap.0\n")

    assert ["draft", "draft", "zero", "zero"] == read(run)
    assert [("deviation", "O12")] == [(one.weight, one.obligation) for one in run.found]


def test_nobody_reads_its_old_bytes_after_zeros() -> None:
    run = Run(QUIET + "cpu1 read heap.0\ncpu2 read heap.0\n", without=("flush-on-write-fault",))

    assert [("A", "O6")] == run.violations()


@pytest.mark.parametrize("policy", POLICIES)
def test_a_page_that_reclaim_is_writing_out_is_not_given_up(policy: str) -> None:
    taken = "cpu1 write heap.0 final\nkswapd reclaim app.heap.0 stop before one\n"
    run = Run(taken + "cpu1 madvise heap.0 free\nkswapd resume\ncpu2 read heap.0\n", policy)

    assert ["final"] == read(run)


def test_a_page_in_the_swap_cache_leaves_it_when_it_is_given_up() -> None:
    kept = "cpu1 write heap.0 draft\ncpu1 pin heap.0\n" + RECLAIM + "cpu1 read heap.0\n"
    run = Run(kept + "cpu1 madvise heap.0 free\n")

    assert not any(slot.users or slot.frame for slot in run.m.swap)
