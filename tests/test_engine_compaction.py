"""Compaction: where pages are moved to, what is captured, and when debts are paid (OP-20)."""

from __future__ import annotations

import pytest

from luf_tui.errors import InputError
from luf_tui.script.parse import parse
from tests.engine_runs import HEAD, Run

MAPPED = "cpu1 read text.0\ncpu2 read text.0\n"
"""f0 holds lib.0; the other frames of DRAM are free, f1 to f7."""
CROWDED = "".join(f"kernel alloc o{n}\n" for n in range(7)) + MAPPED
"""f0 to f6 are the kernel's, and f7 holds lib.0."""


def test_a_page_moves_to_the_end_of_its_zone() -> None:
    run = Run(MAPPED + "kcompactd compact app.text.0\ncpu1 read text.0\n")

    assert run.m.frame[7] is run.m.pte_at(run.m.mm[0], 2).frame
    assert [] == run.violations()


def test_targets_that_are_not_needed_go_back() -> None:
    run = Run(MAPPED + "kcompactd compact app.text.0\nkernel drain\n")

    assert 15 == sum(zone.free for zone in run.m.zone)


def test_there_is_no_target_below_the_page_itself() -> None:
    run = Run(CROWDED + "kernel free o0\nkcompactd compact app.text.0\n")

    assert run.m.frame[7] is run.m.pte_at(run.m.mm[0], 2).frame
    assert [] == run.events("copy")


@pytest.mark.parametrize("policy", ["eager", "batched"])
def test_a_block_without_debt_is_captured_before_it_joins_a_list(policy: str) -> None:
    run = Run(MAPPED + "kernel compact app.text.0 order 2 as ring holding secret\n", policy)

    assert [(0, 2)] == [(e.args["pfn"], e.args["order"]) for e in run.events("capture")]
    assert run.m.frame[0] is run.m.kobject[0].frame
    assert [] == run.violations()


def test_a_block_that_owes_is_not_captured() -> None:
    run = Run(MAPPED + "kernel compact app.text.0 order 2 as ring holding secret\n")

    assert [] == run.events("capture")
    assert [] == run.violations()


def test_a_captured_block_that_owes_leaks() -> None:
    script = MAPPED + "kernel compact app.text.0 order 1 as ring holding secret\ncpu1 read text.0\n"
    run = Run(script, without=("capture-without-debt",))

    assert ("A", "O2") in run.violations()


def test_nothing_is_captured_once_compaction_is_over() -> None:
    script = MAPPED + "kernel compact app.text.0 order 2 as ring\nkernel free ring\n"
    run = Run(script, "batched")

    assert 1 == len(run.events("capture"))
    assert 15 == sum(zone.free for zone in run.m.zone)


def test_targets_that_owe_are_paid_for_before_the_copy() -> None:
    owed = "kernel free o0\ncpu2 read text.1\nkswapd reclaim text.0\n"
    run = Run(CROWDED + owed + "kcompactd compact app.text.1\ncpu2 read text.1\n")
    names = [event.name for event in run.m.events]

    assert [7] == [event.args["pfn"] for event in run.events("pay")]
    assert names.index("pay") < names.index("copy")
    assert run.m.frame[7] is run.m.pte_at(run.m.mm[0], 3).frame
    assert [] == run.violations()


def test_a_block_larger_than_the_zone_s_blocks_is_refused_when_read() -> None:
    with pytest.raises(InputError, match="max-order"):
        parse(HEAD + "kernel compact app.text.0 order 9 as ring\n", "test.luf")
