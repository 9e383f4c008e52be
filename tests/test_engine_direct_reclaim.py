"""An allocation that finds no page: it reclaims one, and drains all pcp lists, before it fails."""

from __future__ import annotations

import pytest

from luf_tui.policy.registry import make_policy
from luf_tui.script.parse import parse
from luf_tui.search.exploration import Exploration
from luf_tui.search.result import SAFE
from tests.engine_runs import Run
from tests.races import race

POLICIES = pytest.mark.parametrize("policy", ["eager", "batched", "luf"])
SMALL = "machine cpus 3, dram 2, pcp-batch 1, swap {swap}\n"


def found(*names: str, run: Run) -> list[tuple[str, int]]:
    """The events of some names, in order, each with its frame."""
    return [(one.name, one.args.get("pfn", -1)) for one in run.m.events if one.name in names]


@POLICIES
def test_the_oldest_clean_page_of_a_file_goes_first(policy: str) -> None:
    script = "cpu1 read text.0\ncpu1 write heap.0 mine\ncpu2 write heap.1 more\n"
    run = Run(script, policy, machine=SMALL.format(swap=1))

    assert [("direct", 0)] == found("direct", "oom", run=run)
    assert [] == run.found
    assert not run.m.file_page[0].frame


@POLICIES
def test_without_one_an_anonymous_page_goes_to_swap(policy: str) -> None:
    script = "cpu1 write heap.0 mine\ncpu2 write heap.1 more\ncpu1 read text.0\ncpu1 read heap.1\n"
    run = Run(script, policy, machine=SMALL.format(swap=1))

    assert [("direct", 0)] == found("direct", "oom", run=run)
    assert "mine" == run.m.config.content_name(run.m.swap[0].content)
    assert [] == run.found


def test_what_was_swapped_out_so_comes_back_by_the_same_way() -> None:
    script = "cpu1 write heap.0 mine\ncpu2 write heap.1 more\ncpu1 read text.0\ncpu1 read heap.0\n"
    run = Run(script, "luf", machine=SMALL.format(swap=1))

    assert ["direct", "direct"] == [one.name for one in run.events("direct")]
    assert "mine" == run.m.config.content_name(run.events("read")[-1].args["content"])


def test_a_page_on_the_list_of_another_cpu_is_drained() -> None:
    script = "cpu1 read text.0\nkernel alloc slab\nkswapd on cpu2\nkswapd reclaim text.0\n"
    run = Run(script + "cpu1 write heap.0 mine\n", "luf", machine=SMALL.format(swap=0))

    assert [("drainall", -1)] == found("drainall", "direct", "oom", run=run)
    assert 3 == len(run.events("alloc"))


def test_with_nothing_to_reclaim_nor_to_drain_it_fails() -> None:
    script = "cpu1 write heap.0 a\ncpu1 write heap.1 b\ncpu2 read text.0\n"
    run = Run(script, "luf", machine=SMALL.format(swap=0))

    assert [("oom", -1)] == found("drainall", "direct", "oom", run=run)


@pytest.mark.parametrize("held", ["app pin text.0", "cpu1 write heap.0 x"])
def test_a_page_that_somebody_holds_stays(held: str) -> None:
    """A pinned page, and one whose place in swap nobody has."""
    script = f"cpu1 read text.0\n{held}\nkernel alloc one\nkernel alloc two\nkernel alloc three\n"
    run = Run(script, "luf", machine=SMALL.format(swap=0))

    assert "oom" in [one.name for one in run.m.events]
    assert any(frame.mapcount for frame in run.m.frame[:2])


def test_an_atomic_allocation_neither_reclaims_nor_drains() -> None:
    script = "cpu1 read text.0\ncpu1 read text.1\nkernel alloc slab atomic\n"
    run = Run(script, "luf", machine=SMALL.format(swap=1))

    assert [("oom", -1)] == found("drainall", "direct", "oom", run=run)


@pytest.mark.parametrize(
    ("moved", "events"),
    [("kswapd demote text.0", ["oom"]), ("kernel move text.0 to cxl", ["drainall"])],
)
def test_a_migration_drains_and_a_demotion_does_not(moved: str, events: list[str]) -> None:
    machine = "machine cpus 3, dram 2, cxl 1, pcp-batch 1, swap 1\n"
    fill = "cpu1 read text.0\nkernel alloc slab on cxl\nkernel on cpu2\nkernel free slab\n"
    run = Run(f"{fill}kernel on cpu0\nkswapd on cpu0\n{moved}\n", "luf", machine=machine)

    assert events == [one for one, _ in found("drainall", "direct", "oom", run=run)]


def test_a_page_that_a_fault_has_just_mapped_is_left_to_its_access() -> None:
    script = (
        "cpu2 run thief\ncpu1 read text.0 stop before back\ncpu2 write heap.0 secret\ncpu1 resume\n"
    )
    run = Run(script, "luf", machine="machine cpus 3, dram 1, pcp-batch 1, swap 1\n")

    assert [("oom", -1)] == found("drainall", "direct", "oom", run=run)
    assert 1 == len(run.events("read"))


THRASHING = """\
machine  cpus 2, dram 1, max-order 0, tlb 2, swap 1
policy   batched
process  app, heap 1 page
process  thief, heap 1 page
cpu0     run app
cpu1     run thief
race
  cpu0     write heap.0 mine
  cpu1     write heap.0 secret
end
expect   no violation
"""


def test_two_who_take_one_page_from_each_other_come_to_an_end() -> None:
    told = Exploration(parse(THRASHING), make_policy("batched")).run()
    assert SAFE == told.verdict
    assert told.states < 3_000


def test_nobody_drains_a_list_between_its_refill_and_the_page_taken_from_it() -> None:
    """pcp->lock is held all the way (rmqueue_pcplist()): memory is left, so nobody goes without."""
    told = Exploration(race("page-table-page"), make_policy("luf")).run().happened.sentences()
    assert not [sentence for sentence in told if "allocation" in sentence]
