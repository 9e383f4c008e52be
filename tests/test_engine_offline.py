"""Memory offlining (OP-20): a node's memory goes only when nobody can read it any more."""

from __future__ import annotations

import pytest

from luf_tui.machine.events import REASONS
from luf_tui.machine.schema import TAKEN
from tests.engine_runs import Run

ON_CXL = """cpu1 read text.0
kernel move text.0 to cxl
cpu1 read text.0
cpu2 read text.0
"""
"""text.0 is on the CXL node (f8), and two CPUs have it there."""
FREE = ON_CXL + "kswapd reclaim text.0\n"
"""f8 is free and owes a flush to both."""


@pytest.mark.parametrize("policy", ["eager", "batched", "luf"])
def test_used_pages_are_moved_and_the_node_is_empty(policy: str) -> None:
    run = Run(ON_CXL + "kernel offline cxl\ncpu1 read text.0\n", policy)

    assert {(TAKEN, 1)} == {(frame.state, frame.refs) for frame in run.m.frame[8:16]}
    assert 0 == run.m.zone[1].free
    assert [] == run.violations()


def test_free_pages_are_paid_for_before_their_memory_goes() -> None:
    run = Run(FREE + "kernel offline cxl\ncpu1 read text.0\n")
    names = [event.name for event in run.m.events]

    assert [0b110] == [event.args["mask"] for event in run.events("pay")]
    assert names.index("pay") < names.index("flushed", names.index("pay")) < names.index("bytes")
    assert [] == run.violations()


def test_without_the_guard_a_stale_read_finds_nothing_there() -> None:
    script = FREE + "kernel offline cxl\ncpu1 read text.0\n"
    run = Run(script, without=("flush-before-offline",))

    assert [("A", "O36")] == run.violations()


def test_a_pinned_page_keeps_its_node() -> None:
    run = Run(ON_CXL + "app pin text.0\nkernel offline cxl\ncpu1 read text.0\n")

    assert 7 == run.m.zone[1].free
    assert ["pinned", "busy"] == [REASONS[event.args["reason"]] for event in run.events("keep")]
    assert [] == run.violations()


def test_memory_that_comes_back_is_free_and_owes_nothing() -> None:
    run = Run(FREE + "kernel offline cxl\nkernel online cxl\nkernel move text.0 to cxl\n")

    assert 8 == run.m.zone[1].free
    assert not any(frame.mark for frame in run.m.frame[8:16])
