"""Replay of recordings: who defers, who pays, and that eager does what was recorded."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from luf_tui.ftrace.replay.layout import lay_out
from luf_tui.ftrace.replay.outcome import Payer, PolicyOutcome, play
from luf_tui.ftrace.replay.replay import Replay
from luf_tui.ftrace.trace import Trace, read_trace
from luf_tui.policy.registry import make_policy
from tests.invariants import check
from tests.trace_lines import RW_VMA, WRITABLE, Lines

ROOT = Path(__file__).parent.parent
Run = Callable[..., "subprocess.CompletedProcess[str]"]
LLM = ROOT / "scenarios" / "traces" / "llm-excerpt.trace.xz"
FORK = ROOT / "tests" / "data" / "fork-excerpt.trace.xz"
ADDRESS = 0x7F5F3A207000
USER, OTHER, KSWAPD = "work-156", "cat-153", "kswapd0-35"
OLD, NEW = 0x243, 0x118031


def started() -> Lines:
    """A user task that is known to have its address space loaded on CPU 1."""
    lines = Lines()
    lines.switch("swapper/1-0", 1, USER).flush(USER, 1, -1, 0, "d....")
    return lines.fault(USER, 1, ADDRESS)


def moved(lines: Lines, old: int = OLD, new: int = NEW, address: int = ADDRESS) -> Lines:
    """kswapd demotes one read-only page from CPU 2; the user's CPU answers."""
    lines.add(KSWAPD, 2, "mm_migrate_pages_start: mode=MIGRATE_ASYNC reason=demotion")
    lines.alloc(KSWAPD, 2, new).probe(KSWAPD, 2, old, address)
    lines.flush(KSWAPD, 2, 1, 4, "...2.").flush(USER, 1, 1, 1, "d.h1.")
    lines.entry(KSWAPD, 2, old, address).back(KSWAPD, 2, new, address).free(KSWAPD, 2, old)
    return lines.add(
        KSWAPD,
        2,
        "mm_migrate_pages: nr_succeeded=1 nr_failed=0 nr_thp_succeeded=0 nr_thp_failed=0 "
        "nr_thp_split=0 mode=MIGRATE_ASYNC reason=demotion",
    )


def outcome(trace: Trace, name: str = "luf", *, lazy_drops: bool = False) -> PolicyOutcome:
    """What a policy would have done with a recording."""
    return play(trace, lay_out(trace), make_policy(name), lazy_drops=lazy_drops)


def test_eager_sends_the_recorded_shootdown(tmp_path: Path) -> None:
    found = outcome(moved(started()).read(tmp_path), "eager")
    assert (1, 1, 0) == (found.shootdowns, found.interrupted_cpus, found.deferred)


def test_luf_defers_a_read_only_page_and_owes_it_until_the_end(tmp_path: Path) -> None:
    found = outcome(moved(started()).read(tmp_path))
    assert (0, 1, 1) == (found.shootdowns, found.deferred, found.pending_at_end)


def test_the_allocation_of_an_owing_page_pays(tmp_path: Path) -> None:
    found = outcome(moved(started()).alloc(OTHER, 0, OLD).read(tmp_path))
    assert (1, 1, 0) == (found.shootdowns, found.paid_at_takeoff, found.pending_at_end)
    gfp = "GFP_HIGHUSER_MOVABLE|__GFP_COMP"
    assert {Payer(OTHER, 0, gfp): 1} == found.payers


def test_the_allocation_of_another_page_pays_nothing(tmp_path: Path) -> None:
    found = outcome(moved(started()).alloc(OTHER, 0, 0x999).read(tmp_path))
    assert (0, 1) == (found.paid_at_takeoff, found.pending_at_end)


def test_a_block_pays_for_an_owing_page_inside_it(tmp_path: Path) -> None:
    found = outcome(moved(started()).alloc(OTHER, 0, OLD & ~7, order=3).read(tmp_path))
    assert (1, 0) == (found.paid_at_takeoff, found.pending_at_end)
    assert [3] == [who.order for who in found.payers]


def test_one_takeoff_pays_for_every_page_that_the_same_cpus_owe(tmp_path: Path) -> None:
    lines = moved(moved(started()), OLD + 1, NEW + 1, ADDRESS + 4096)
    found = outcome(lines.alloc(OTHER, 0, OLD).alloc(OTHER, 0, OLD + 1).read(tmp_path))
    assert (1, 2, 0) == (found.paid_at_takeoff, found.deferred, found.pending_at_end)
    assert {"taken off the free lists": 2} == found.debts.settled()


def test_a_debt_lives_from_the_end_of_its_batch_to_the_flush(tmp_path: Path) -> None:
    lines = moved(started()).fault(USER, 1, ADDRESS).fault(USER, 1, ADDRESS)
    trace = lines.alloc(OTHER, 0, OLD).read(tmp_path)
    ((began, ended),) = outcome(trace).debts.lives()
    assert 3e-6 == pytest.approx(trace.facts.time[ended] - trace.facts.time[began], abs=1e-7)


def test_a_writable_page_is_flushed_before_it_is_copied(tmp_path: Path) -> None:
    lines = started().alloc(KSWAPD, 2, NEW).probe(KSWAPD, 2, OLD, ADDRESS, vma=RW_VMA)
    lines.flush(KSWAPD, 2, 1, 4, "...2.").flush(USER, 1, 1, 1, "d.h1.")
    lines.entry(KSWAPD, 2, OLD, ADDRESS, WRITABLE).back(KSWAPD, 2, NEW, ADDRESS, writable=True)
    found = outcome(lines.free(KSWAPD, 2, OLD).read(tmp_path))
    assert (1, 0) == (found.for_unmaps, found.deferred)
    assert {"a mapping is writable": 1} == found.refused


def test_a_write_fault_pays_what_its_address_space_owes(tmp_path: Path) -> None:
    found = outcome(moved(started()).fault(USER, 1, ADDRESS + 8192, error=6).read(tmp_path))
    assert {"write fault": 1} == found.debts.settled()
    assert 0 == found.pending_at_end


def test_an_undone_migration_pays_for_the_page_that_is_kept(tmp_path: Path) -> None:
    lines = started().probe(KSWAPD, 2, OLD, ADDRESS).flush(KSWAPD, 2, 1, 4, "...2.")
    lines.flush(USER, 1, 1, 1, "d.h1.").entry(KSWAPD, 2, OLD, ADDRESS)
    found = outcome(lines.back(KSWAPD, 2, OLD, ADDRESS).read(tmp_path))
    assert {"kept after all": 1} == found.paid_for_others


def test_a_page_mapped_twice_is_one_walk_and_one_debt(tmp_path: Path) -> None:
    lines = started().alloc(KSWAPD, 2, NEW)
    for address in (ADDRESS, ADDRESS + 4096):
        lines.probe(KSWAPD, 2, OLD, address).flush(KSWAPD, 2, 1, 4, "...2.")
        lines.flush(USER, 1, 1, 1, "d.h1.").entry(KSWAPD, 2, OLD, address)
    for address in (ADDRESS, ADDRESS + 4096):
        lines.back(KSWAPD, 2, NEW, address)
    trace = lines.free(KSWAPD, 2, OLD).read(tmp_path)
    assert 2 == outcome(trace, "eager").shootdowns
    assert 1 == outcome(trace).deferred


@pytest.mark.parametrize("name", ["eager", "batched", "luf", "luf-v10", "luf-v12"])
def test_reclaim_needs_no_swap_slot(tmp_path: Path, name: str) -> None:
    """A page that reclaim unmaps and flushes by itself; where it is written to is not recorded."""
    lines = started().probe(USER, 1, OLD, ADDRESS, name="unmap", vma=RW_VMA)
    found = outcome(lines.flush(USER, 1, 1, 3).read(tmp_path), name)
    assert (0, 0) == (found.shootdowns, found.deferred)


def test_cpus_that_switch_during_a_walk_count_for_the_mappings_that_come_then(
    tmp_path: Path,
) -> None:
    """The second mapping is unmapped after the other CPU went on to another address space."""
    lines = started().alloc(KSWAPD, 2, NEW)
    lines.probe(KSWAPD, 2, OLD, ADDRESS).flush(KSWAPD, 2, 1, 4, "...2.")
    lines.flush(USER, 1, 1, 1, "d.h1.").entry(KSWAPD, 2, OLD, ADDRESS)
    lines.switch(USER, 1, OTHER).flush(OTHER, 1, -1, 0).fault(OTHER, 1, 0x601000)
    for address in (ADDRESS + 4096, ADDRESS + 8192):
        lines.probe(KSWAPD, 2, OLD, address).entry(KSWAPD, 2, OLD, address)
    for address in (ADDRESS, ADDRESS + 4096, ADDRESS + 8192):
        lines.back(KSWAPD, 2, NEW, address)
    trace = lines.free(KSWAPD, 2, OLD).read(tmp_path)
    assert 1 == outcome(trace, "eager").shootdowns
    assert 1 == outcome(trace).deferred


def test_a_kernel_thread_handing_an_address_space_back_pays_only_when_asked(
    tmp_path: Path,
) -> None:
    lines = started().switch(USER, 1, "kworker-9")
    lines = moved(lines).switch("kworker-9", 1, USER)
    trace = lines.read(tmp_path)
    assert {} == outcome(trace).paid_for_others
    assert 0 == outcome(trace, lazy_drops=True).pending_at_end


def test_eager_reproduces_the_excerpts() -> None:
    for path, recorded in ((LLM, 140), (FORK, 10)):
        trace = read_trace(str(path))
        assert recorded == trace.survey.recorded.shootdowns
        assert recorded == pytest.approx(outcome(trace, "eager").shootdowns, rel=0.01)


def test_luf_sends_fewer_than_a_kernel_that_batches_and_that_fewer_than_eager() -> None:
    trace = read_trace(str(LLM))
    eager, batched, luf = (outcome(trace, name).shootdowns for name in ("eager", "batched", "luf"))
    assert luf < batched < eager


@pytest.mark.parametrize("path", [LLM, FORK], ids=["llm", "fork"])
@pytest.mark.parametrize("name", ["eager", "batched", "luf", "luf-v10", "luf-v12"])
def test_the_machine_keeps_its_invariants_over_a_replay(path: Path, name: str) -> None:
    trace = read_trace(str(path))
    replay = Replay(trace, lay_out(trace), make_policy(name))
    for at in replay.play():
        if not at % 100:
            check(replay.machine, recorded=True)
    check(replay.machine, recorded=True)


@pytest.mark.parametrize("path", [LLM, FORK], ids=["llm", "fork"])
def test_the_debts_counted_are_those_the_ledger_has(path: Path) -> None:
    trace = read_trace(str(path))
    policy = make_policy("luf")
    layout = lay_out(trace)
    replay = Replay(trace, layout, policy)
    for _ in replay.play():
        pass
    m = replay.machine
    owing = [frame for frame in m.frame[: m.config.frames] if policy.owed(m, frame)]
    assert len(owing) == outcome(trace).pending_at_end


def test_two_tiers_are_found_where_demotions_cross_the_hole() -> None:
    nodes = lay_out(read_trace(str(LLM))).config.nodes
    assert [("dram", 0), ("cxl", 1)] == [(node.name, node.tier) for node in nodes]


def test_a_recording_without_probes_still_replays(tmp_path: Path) -> None:
    lines = started().alloc(USER, 1, OLD).flush(USER, 1, 8, 4).free(USER, 1, OLD)
    found = outcome(lines.read(tmp_path))
    assert (1, 0) == (found.shootdowns, found.deferred)


def test_lost_events_settle_what_was_under_way(tmp_path: Path) -> None:
    lines = started()
    lines.add(KSWAPD, 2, "mm_migrate_pages_start: mode=MIGRATE_ASYNC reason=demotion")
    lines.alloc(KSWAPD, 2, NEW).probe(KSWAPD, 2, OLD, ADDRESS)
    lines.flush(KSWAPD, 2, 1, 4, "...2.").flush(USER, 1, 1, 1, "d.h1.")
    lines.entry(KSWAPD, 2, OLD, ADDRESS)
    lines.rows.append("CPU:2 [LOST 12 EVENTS]")
    found = outcome(lines.alloc(OTHER, 0, 0x777).read(tmp_path), "batched")
    assert 1 == found.for_unmaps


def test_a_large_folio_is_not_deferred(tmp_path: Path) -> None:
    lines = moved(started())
    lines.rows = [
        row.replace("order=0", "order=9") if "set_migration_pte" in row else row
        for row in lines.rows
    ]
    found = outcome(lines.read(tmp_path))
    assert (0, {"a large folio": 1}) == (found.deferred, found.refused)


def test_a_task_that_hands_its_cpu_back_keeps_its_batch(tmp_path: Path) -> None:
    """A migration is interrupted: another task runs on its CPU, then it goes on."""
    lines = started()
    lines.add(KSWAPD, 2, "mm_migrate_pages_start: mode=MIGRATE_ASYNC reason=demotion")
    lines.alloc(KSWAPD, 2, NEW).probe(KSWAPD, 2, OLD, ADDRESS)
    lines.flush(KSWAPD, 2, 1, 4, "...2.").flush(USER, 1, 1, 1, "d.h1.")
    lines.entry(KSWAPD, 2, OLD, ADDRESS).switch(KSWAPD, 2, "kworker-9")
    lines.alloc("kworker-9", 2, 0x999).switch("kworker-9", 2, KSWAPD)
    lines.back(KSWAPD, 2, NEW, ADDRESS).free(KSWAPD, 2, OLD)
    found = outcome(lines.read(tmp_path))
    assert (1, 1, 0) == (found.deferred, found.pending_at_end, found.odd.early)


def test_the_command_pays_for_handing_back_only_when_asked(luf_tui: Run, tmp_path: Path) -> None:
    path = tmp_path / "t.trace"
    lines = moved(started().switch(USER, 1, "kworker-9")).switch("kworker-9", 1, USER)
    path.write_text(lines.text(), encoding="utf-8")
    pending = []
    for more in ((), ("--lazy-drops",)):
        told = luf_tui("replay", path, "--policies", "luf", "--json", *more).stdout
        pending.append(json.loads(told)["policies"]["luf"]["pending_at_end"])

    assert [1, 0] == pending
