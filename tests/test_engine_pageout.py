"""MADV_PAGEOUT: reclaim in the caller's own context, under mmap_lock for reading."""

from __future__ import annotations

import pytest

from luf_tui.engine.in_flight import operations
from luf_tui.engine.operations.madvise import Madvise
from luf_tui.machine import lists
from tests.engine_runs import Run

POLICIES = pytest.mark.parametrize("policy", ["eager", "batched", "luf"])
WROTE = "cpu1 write app.heap.0 a\ncpu2 read app.heap.0\n"


@POLICIES
def test_what_is_paged_out_is_in_swap_and_comes_back(policy: str) -> None:
    run = Run(WROTE + "cpu1 madvise heap.0 pageout\ncpu2 read heap.0\n", policy)

    assert 1 == len(run.events("writeout"))
    assert "a" == run.m.config.content_name(run.events("read")[-1].args["content"])
    assert [] == run.violations()


def test_it_runs_in_the_context_of_the_caller_under_mmap_lock_for_reading() -> None:
    run = Run(WROTE + "cpu1 madvise heap.0 pageout stop before pageout\n")
    m, task = run.m, run.m.cpu[1].task
    assert task

    assert (1, 1) == (m.mm[0].readers, m.mm[0].flush_pending)
    assert 1 == len(list(lists.members(m.task_list(task, "isolated"))))
    assert [Madvise] == [type(act) for act in operations(m, m.task_ctx(task))]


def test_luf_defers_none_of_it_since_the_callers_own_gather_counts_as_a_write_protect() -> None:
    script = "cpu1 read app.text.0\ncpu2 read app.text.0\ncpu1 madvise text.0 pageout\n"
    careful, careless = Run(script), Run(script, without=("pending-wrprotect",))

    assert [1] == [sent.cpu for sent in careful.events("send")]
    assert [] == careful.events("defer")
    assert [1] == [noted.cpu for noted in careless.events("defer")]


@POLICIES
def test_a_page_that_somebody_else_maps_stays(policy: str) -> None:
    script = WROTE + "cpu1 fork app as kid\ncpu1 madvise heap.0 {}\n"
    paged = Run(script.format("pageout"), policy)
    cooled = Run(script.format("cold"), policy)

    assert [] == paged.events("writeout")
    assert 1 == cooled.m.pte_at(cooled.m.mm[0], 0).accessed


def test_the_zero_page_stays() -> None:
    run = Run("cpu1 read app.heap.0\ncpu1 madvise heap pageout\ncpu1 madvise heap cold\n")

    assert run.m.zero_page is run.m.pte_at(run.m.mm[0], 0).frame
    assert 1 == run.m.pte_at(run.m.mm[0], 0).accessed
