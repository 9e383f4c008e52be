"""Free page reporting (OP-20): what the host may drop, and when."""

from __future__ import annotations

import pytest

from tests.engine_runs import Run

OWED = "cpu1 read text.0\ncpu2 read text.0\nkswapd reclaim text.0\n"
"""f0 is in buddy, and two CPUs still have it."""


def test_a_page_that_owes_a_flush_is_paid_for_before_the_host_drops_it() -> None:
    run = Run(OWED + "kernel report\n")
    names = [event.name for event in run.m.events]

    assert [0b110] == [event.args["mask"] for event in run.events("pay")]
    assert names.index("pay") < names.index("flushed") < names.index("bytes")


def test_a_reported_page_goes_back_zeroed_and_without_a_mark() -> None:
    run = Run(OWED + "kernel report\n")

    assert (0, 0) == (run.m.frame[0].content, run.m.frame[0].mark)
    assert 16 == sum(zone.free for zone in run.m.zone)


def test_without_the_guard_a_stale_read_gives_zeros() -> None:
    run = Run(OWED + "kernel report\ncpu1 read text.0\n", without=("flush-before-report",))

    assert [("A", "O1")] == run.violations()


@pytest.mark.parametrize("policy", ["eager", "batched", "luf"])
def test_reporting_pages_without_debt_interrupts_nobody(policy: str) -> None:
    run = Run("kernel report\n", policy)

    assert [] == run.events("send")
    assert [] == run.violations()


def test_a_page_in_use_is_not_reported() -> None:
    run = Run("cpu1 read text.0\nkernel report\ncpu1 read text.0\n")

    assert 0 not in [event.args["pfn"] for event in run.events("bytes")]
