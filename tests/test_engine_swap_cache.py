"""A page that stays in the swap cache (`machine swap-cache`)."""

from __future__ import annotations

import pytest

from luf_tui.machine.schema import Frame
from tests.engine_runs import MACHINE, Run

CACHING = MACHINE.strip() + ", swap-cache\n"
SWAPPED = "cpu1 write app.heap.0 a\nkswapd reclaim app.heap.0\n"
POLICIES = pytest.mark.parametrize("policy", ["eager", "batched", "luf"])


def page(run: Run) -> Frame:
    frame = run.m.pte_at(run.m.mm[0], 0).frame
    assert frame
    return frame


def test_a_page_that_is_read_in_keeps_its_slot_and_is_clean() -> None:
    kept = Run(SWAPPED + "cpu1 read heap.0\n", machine=CACHING)
    pte, slot = kept.m.pte_at(kept.m.mm[0], 0), page(kept).slot
    assert slot

    assert (1, 0, 0) == (pte.writable, pte.dirty, slot.users)
    assert page(Run(SWAPPED + "cpu1 read heap.0\n")).slot is None


@POLICIES
def test_a_clean_one_goes_again_without_a_write_out(policy: str) -> None:
    again = "cpu1 read heap.0\nkswapd reclaim app.heap.0\n"
    run = Run(SWAPPED + again * 2 + "cpu1 read heap.0\n", policy, machine=CACHING)

    assert 1 == len(run.events("writeout"))
    assert "a" == run.m.config.content_name(run.events("read")[-1].args["content"])
    assert [] == run.violations()


@POLICIES
@pytest.mark.parametrize("between", ["", "cpu1 read heap.0\n"])
def test_a_store_is_written_out(policy: str, between: str) -> None:
    script = (
        SWAPPED + between + "cpu1 write heap.0 b\nkswapd reclaim app.heap.0\ncpu1 read heap.0\n"
    )
    run = Run(script, policy, machine=CACHING)

    assert 2 == len(run.events("writeout"))
    assert "b" == run.m.config.content_name(run.events("read")[-1].args["content"])
    assert [] == run.violations()


def test_a_store_of_who_has_it_alone_gives_the_slot_up() -> None:
    run = Run(SWAPPED + "cpu1 write heap.0 b\n", machine=CACHING)

    assert page(run).slot is None
    assert not any(slot.users or slot.frame for slot in run.m.swap)


def test_where_swap_is_short_the_slot_is_given_up_at_once() -> None:
    run = Run(SWAPPED + "cpu1 read heap.0\n", machine=CACHING.strip() + ", swap 1\n")

    assert page(run).slot is None


def test_a_page_that_only_keeps_its_slot_gives_it_up_for_another() -> None:
    two = CACHING.strip() + ", swap 2\n"
    keeps = SWAPPED + "cpu1 read heap.0\ncpu1 write heap.1 c\nkswapd reclaim app.heap.1\n"
    run = Run(keeps + "cpu0 run thief\ncpu0 write thief.heap.0 x\n", machine=two)
    short = Run(
        keeps + "cpu0 run thief\ncpu0 write thief.heap.0 x\nkswapd reclaim thief.heap.0\n"
        "kswapd reclaim app.heap.0\n",
        machine=two,
    )

    assert page(run).slot
    assert (None, 1) == (page(short).slot, page(short).dirty)
    assert [] == short.events("oom") + short.events("violation")


def test_a_copy_that_is_not_needed_gives_the_slot_up() -> None:
    """The child's reading keeps the slot; when it is alone, its store reuses the page."""
    script = (
        "cpu1 write app.heap.0 a\ncpu1 fork app as kid\nkswapd reclaim app.heap.0\n"
        "cpu1 read app.heap.0\ncpu0 run kid\ncpu0 exit\n"
    )
    run = Run(script + "cpu1 write app.heap.0 b\n", machine=CACHING)

    assert [] == run.events("copy")
    assert (None, 1) == (page(run).slot, run.m.pte_at(run.m.mm[0], 0).writable)


def test_what_nobody_maps_any_more_leaves_the_swap_cache() -> None:
    run = Run(SWAPPED + "cpu1 read heap.0\ncpu1 madvise heap dontneed\n", machine=CACHING)

    assert not any(slot.users or slot.frame for slot in run.m.swap)
