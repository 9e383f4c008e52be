"""Memory failure (O36): a page that failed is read by nobody once it is retired."""

from __future__ import annotations

import pytest

from tests.engine_runs import Run

BOTH_READ = "cpu1 read text.0\ncpu2 read text.0\n"


@pytest.mark.parametrize("policy", ["eager", "batched", "luf"])
def test_nobody_caches_a_retired_page(policy: str) -> None:
    run = Run(BOTH_READ + "kernel poison text.0\ncpu1 read text.0\n", policy)

    assert not any(entry.mm and entry.frame is run.m.frame[0] for entry in run.m.tlb.records)
    assert [] == run.violations()


def test_without_the_guard_a_cpu_reads_the_bad_page() -> None:
    script = BOTH_READ + "kernel poison text.0\ncpu1 read text.0\n"

    assert [("A", "O36")] == Run(script, without=("flush-before-poison",)).violations()


def test_a_retired_page_never_comes_back() -> None:
    run = Run(BOTH_READ + "kernel poison text.0\n" + "cpu0 run thief\nkernel drain\n")

    assert run.m.frame[0].where is None
    assert 0 not in [event.args["pfn"] for event in run.events("free")]
