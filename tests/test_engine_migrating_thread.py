"""Threads of processes that change their CPU: `cpu2 run app/1`."""

from __future__ import annotations

import pytest

from luf_tui.errors import InputError, Refused
from luf_tui.policy.registry import make_policy
from luf_tui.script.parse import parse
from luf_tui.search.exploration import Exploration
from luf_tui.search.result import SAFE
from tests.engine_runs import MACHINE, Run

POLICIES = pytest.mark.parametrize("policy", ["eager", "batched", "luf"])


def test_the_cpu_that_it_leaves_keeps_the_address_space_lazily() -> None:
    run = Run("cpu1 read app.text.0\ncpu0 run app/1\n")
    left, entered = run.m.cpu[1], run.m.cpu[0]

    assert (None, 1, run.m.mm[0]) == (left.task, left.lazy, left.loaded_mm)
    assert (0, 0b111) == (entered.lazy, run.m.mm[0].cpumask)
    assert "app/1" == run.m.config.tasks[entered.task.index].name  # type: ignore[union-attr]


@POLICIES
@pytest.mark.parametrize("stop", ["take", "copy", "dispatch", "install", "clear pte", "flush"])
def test_it_goes_on_elsewhere_with_what_it_was_in_the_middle_of(policy: str, stop: str) -> None:
    script = (
        "cpu2 read app.text.0\ncpu1 write app.heap.0 a\ncpu2 read app.heap.0\n"
        f"cpu1 madvise heap dontneed stop before {stop}\ncpu0 run app/1\ncpu0 resume\n"
        f"cpu0 write app.heap.0 b stop before {stop}\ncpu1 run app/1\ncpu1 resume\n"
    )
    run = Run(script + "cpu2 read app.heap.0\n", policy)

    assert "b" == run.m.config.content_name(run.events("read")[-1].args["content"])
    assert [] == run.violations()


@POLICIES
def test_nobody_is_taken_from_the_middle_of_a_flush(policy: str) -> None:
    for task, line in (("app/1", "cpu1 munmap heap"), ("kswapd", "kswapd reclaim app.heap.0")):
        script = f"cpu1 write app.heap.0 a\ncpu2 write app.heap.0 b\n{line} stop before send\n"
        with pytest.raises(Refused, match="has preemption off"):
            Run(f"{script}cpu2 run {task}\n", policy)


def test_a_thread_that_is_none_is_told() -> None:
    with pytest.raises(InputError) as caught:
        Run("cpu1 run app/0\n")
    (problem,) = caught.value.problems

    assert "'app' has no thread of cpu0" == problem.message
    assert "put one there first: `cpu0 run app`" == problem.hint


def test_it_acts_where_it_was_put_last() -> None:
    run = Run("cpu0 run app/2\ncpu0 read app.text.0\napp drain\n")

    assert [0] == [event.cpu for event in run.events("read")]


@POLICIES
def test_in_a_race_its_lines_are_run_on_either_cpu(policy: str) -> None:
    text = (
        f"{MACHINE}policy {policy}\nkswapd on cpu0\nprocess app, heap 1 page\nfile lib, 1 page\n"
        "app mmap lib read-only as text\ncpu1 run app\nrace\n  cpu1 read text.0\n"
        "  cpu1 read text.0\n  cpu2 run app/1\n  kswapd reclaim lib.0\n"
        "  kswapd alloc slab holding secret\nend\nexpect no violation\n"
    )
    report = Exploration(parse(text), make_policy(policy)).run()

    assert SAFE == report.verdict
    assert () == report.happened.never
