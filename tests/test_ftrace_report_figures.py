"""What a replay comes to: milliseconds of the cost model, bounds, who waits, by process and reason.

Every figure is worked out by hand from a few lines.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from luf_tui.ftrace.replay import clock
from luf_tui.ftrace.replay.bounds import hinges_on_rights, read_only
from luf_tui.ftrace.replay.comparison import comparison
from luf_tui.ftrace.replay.debt_tables import bins, context_name, may_sleep, waits, withheld
from luf_tui.ftrace.replay.figures import Figures
from luf_tui.ftrace.replay.flush_bill import FlushBill
from luf_tui.ftrace.replay.flush_tables import by_cpu, by_process, by_reason
from luf_tui.ftrace.replay.processes import IDLE
from luf_tui.ftrace.replay.report import lines as report
from luf_tui.ftrace.replay.report_json import as_json
from luf_tui.ftrace.replay.report_words import cost_of_deferring
from luf_tui.ftrace.replay.window_tables import by_window, window_edges, worst_seconds
from luf_tui.ftrace.trace import Trace
from luf_tui.machine.config import Costs
from tests.test_ftrace_replay import ADDRESS, KSWAPD, NEW, OLD, OTHER, USER, moved, outcome, started
from tests.trace_lines import RW_VMA, Lines

COSTS = Costs(ipi=1000, ipi_per_target=200, handler=300, invlpg=100, full_flush=250)


def figures(trace: Trace, *names: str, costs: Costs = COSTS) -> Figures:
    outcomes = [outcome(trace, name) for name in names or ("eager", "luf")]
    other = {
        one.policy: outcome(read_only(trace), one.policy)
        for one in outcomes
        if hinges_on_rights(trace, one)
    }
    return Figures(trace, outcomes, other, costs)


def paid(tmp_path: Path) -> Trace:
    """One page is moved, by a shootdown; its frame is allocated by somebody else."""
    return moved(started()).alloc(OTHER, 0, OLD).read(tmp_path)


def unsure() -> Lines:
    """One page of a mapping that may be written is reclaimed; nothing tells what its PTE was."""
    lines = started().probe(KSWAPD, 2, OLD, ADDRESS, "unmap", vma=RW_VMA)
    lines.flush(KSWAPD, 2, -1, 4, "...2.").flush(USER, 1, -1, 1, "d.h1.")
    return lines.free(KSWAPD, 2, OLD)


# -- milliseconds -------------------------------------------------------------------------------


def test_a_page_flushed_on_one_cpu_costs_its_sender_an_ipi_and_the_other_an_invlpg(
    tmp_path: Path,
) -> None:
    found = figures(paid(tmp_path))
    bill = FlushBill(1, 0, 1, waiting=1000 + 200 + 300, interrupted=300 + 100)
    assert bill == found.recorded.bill
    assert bill == found.policies[0].bill


def test_a_debt_paid_at_an_allocation_costs_a_flush_of_everything(tmp_path: Path) -> None:
    luf = figures(paid(tmp_path)).policies[1]
    assert FlushBill(1, 0, 1, waiting=1500, interrupted=300 + 250) == luf.bill


def test_who_interrupts_nobody_does_not_wait(tmp_path: Path) -> None:
    trace = started().flush(USER, 1, 33, 4).flush(USER, 1, 33, 3).read(tmp_path)
    bill = figures(trace).recorded.bill
    assert FlushBill(1, 1, 0, waiting=33 * 100, interrupted=0) == bill


@pytest.mark.parametrize(
    ("price", "under", "more"),
    [
        ("ipi", "recorded", (1, 0)),
        ("ipi_per_target", "recorded", (1, 0)),
        ("handler", "recorded", (1, 1)),
        ("invlpg", "recorded", (0, 1)),
        ("full_flush", "luf", (0, 1)),
    ],
)
def test_each_price_counts_where_it_is_paid(
    price: str, under: str, more: tuple[int, int], tmp_path: Path
) -> None:
    trace = paid(tmp_path)
    dearer = Costs(**{price: getattr(COSTS, price) + 7})
    before, after = (
        next(one.bill for one in figures(trace, costs=costs).columns if one.name == under)
        for costs in (COSTS, dearer)
    )
    found = (after.waiting - before.waiting, after.interrupted - before.interrupted)
    assert (7 * more[0], 7 * more[1]) == found


def test_the_share_is_of_the_time_of_all_cpus(tmp_path: Path) -> None:
    trace = paid(tmp_path)
    lasts, cpus = trace.facts.time[-1] - trace.facts.time[0], len(trace.survey.cpus)
    assert 100 * 1900e-9 / lasts / cpus == pytest.approx(clock.share(trace, 1900), rel=1e-3)


def test_a_clock_that_counts_events_has_no_seconds_and_no_share(tmp_path: Path) -> None:
    lines = moved(started()).alloc(OTHER, 0, OLD)
    lines.rows = [row.replace("9.114", "  9114") for row in lines.rows]
    trace = lines.read(tmp_path)
    assert clock.share(trace, 1900) is None
    assert "counts no seconds" in "\n".join(report(figures(trace)))
    assert as_json(figures(trace))["seconds"] is None
    assert () == worst_seconds(figures(trace)).rows


# -- bounds -------------------------------------------------------------------------------------


def test_a_pte_of_unknown_rights_is_counted_both_ways(tmp_path: Path) -> None:
    luf = figures(unsure().read(tmp_path), "luf").policies[0]
    assert luf.bounds is not None
    assert (1, 0, 1) == (
        luf.bill.shootdowns,
        luf.bounds.least.shootdowns,
        luf.bounds.most.shootdowns,
    )


def test_what_deferring_would_cost_is_told_for_the_other_case_as_well(tmp_path: Path) -> None:
    found = figures(unsure().alloc(OTHER, 0, OLD).read(tmp_path), "luf")
    said = cost_of_deferring(found, found.policies[0])
    assert "no allocation waits" in said
    assert (
        "with PTEs of unknown rights read-only: 1 pages are freed owing a flush, 1 at once; "
        "1 allocations wait for 1 CPUs: 0.002 ms"
    ) in said


def test_bounds_are_told_of_shootdowns_interrupts_and_milliseconds(tmp_path: Path) -> None:
    found = figures(moved(started()).read(tmp_path), "luf")
    rows = [(row[0], row[-1]) for row in comparison(found)]
    bounds = [value for name, value in rows if name in ("  at least", "  at most")]
    assert [0, 1, 0, 1, 0.0, 0.002] == bounds


def test_what_is_owed_at_the_end_is_saved_or_paid(tmp_path: Path) -> None:
    luf = figures(moved(started()).read(tmp_path), "luf").policies[0]
    assert luf.bounds is not None
    assert (0, 1) == (luf.bounds.least.shootdowns, luf.bounds.most.shootdowns)
    assert (1500, 550) == (luf.bounds.most.waiting, luf.bounds.most.interrupted)


def test_two_pages_that_the_same_cpus_owe_are_paid_by_one_flush(tmp_path: Path) -> None:
    lines = moved(moved(started()), OLD + 1, NEW + 1, ADDRESS + 4096)
    luf = figures(lines.read(tmp_path), "luf").policies[0]
    assert luf.bounds is not None
    assert 1 == luf.bounds.most.shootdowns


def test_certain_rights_are_played_once(tmp_path: Path) -> None:
    trace = paid(tmp_path)
    assert not hinges_on_rights(trace, outcome(trace))


# -- the kernel's own policy --------------------------------------------------------------------


def test_the_policy_that_the_kernel_follows_stands_beside_the_recording(tmp_path: Path) -> None:
    found = figures(paid(tmp_path), "luf", "batched", "eager")
    assert ["recorded", "eager", "luf", "batched"] == [one.name for one in found.columns]
    assert "this kernel's" == found.beside_kernel("eager")
    assert "as from 6.3" == found.beside_kernel("batched")


def test_without_unmaps_what_deferring_saves_cannot_be_told(tmp_path: Path) -> None:
    found = figures(started().flush(USER, 1, 8, 4).read(tmp_path), "eager", "luf")
    assert not found.can_tell
    rows = {row[0]: row[1:] for row in comparison(found)}
    for name in ("shootdowns", "  against recorded", "CPUs interrupted", "ms of the model"):
        assert "cannot be told" == rows[name][-1] != rows[name][-2]
    assert "  at least" not in rows
    policies = as_json(found)["policies"]
    assert isinstance(policies, dict)
    assert [0.0, None] == [policies[name]["reduction"] for name in ("eager", "luf")]


def test_the_recorder_is_set_apart(tmp_path: Path) -> None:
    """The cat that reads the trace is switched to all the time, and takes a page that owes."""
    lines = moved(started())
    for _ in range(20):
        lines.switch("swapper/0-0", 0, OTHER).switch(OTHER, 0, "swapper/0-0")
    lines.rows = [*switching(20), *lines.rows]
    found = figures(lines.alloc(OTHER, 0, OLD).read(tmp_path), "luf")
    rows = {row[0]: row[1:] for row in comparison(found)}
    assert [0, 1] == rows["  by the recorder itself"]
    assert f"{OTHER} (the recorder)" == waits(found).rows[0][1]
    assert "1 of them are of the recorder itself" in cost_of_deferring(found, found.policies[0])


def switching(times: int) -> list[str]:
    lines = Lines()
    lines.now -= 1000
    for _ in range(times):
        lines.switch("swapper/0-0", 0, OTHER).switch(OTHER, 0, "swapper/0-0")
    return lines.rows


def test_batches_are_for_what_was_unmapped_in_them(tmp_path: Path) -> None:
    lines = started().probe(KSWAPD, 2, OLD, ADDRESS).entry(KSWAPD, 2, OLD, ADDRESS)
    lines.probe(KSWAPD, 2, OLD + 1, ADDRESS + 4096).entry(KSWAPD, 2, OLD + 1, ADDRESS + 4096)
    lines.flush(KSWAPD, 2, -1, 4, "...2.").flush(USER, 1, -1, 1, "d.h1.")
    lines.back(KSWAPD, 2, NEW, ADDRESS).back(KSWAPD, 2, NEW + 1, ADDRESS + 4096)
    lines.free(KSWAPD, 2, OLD).free(KSWAPD, 2, OLD + 1)
    lines.probe(KSWAPD, 2, OLD + 2, ADDRESS + 8192, "unmap")
    lines.flush(KSWAPD, 2, -1, 4, "...2.").flush(USER, 1, -1, 1, "d.h1.")
    lines.free(KSWAPD, 2, OLD + 2)
    rows = by_reason(figures(lines.read(tmp_path), "batched")).rows
    told = {(row[1], row[0]): row[2] for row in rows}
    moved_, reclaimed = "pages moved", "pages reclaimed"
    for under in ("recorded", "batched"):
        assert (1, 1) == (told[under, moved_], told[under, reclaimed])


# -- what deferring costs -----------------------------------------------------------------------


def test_who_waits_is_told_with_its_context(tmp_path: Path) -> None:
    gfp = "GFP_HIGHUSER_MOVABLE|__GFP_COMP"
    table = waits(figures(paid(tmp_path), "luf"))
    assert (("luf", OTHER, 0, gfp, "may sleep", 1, 1, 0.002),) == table.rows


def test_a_page_is_kept_from_an_allocation_with_interrupts_off(tmp_path: Path) -> None:
    lines = moved(started())
    lines.add(OTHER, 0, f"mm_page_alloc: page=0 pfn={OLD:#x} order=0 gfp_flags=GFP_ATOMIC", "d..1.")
    found = figures(lines.read(tmp_path), "luf")
    assert 1 == withheld(found, found.policies[0])
    assert "interrupts off" == waits(found).rows[0][4]


@pytest.mark.parametrize(
    ("gfp", "sleeps"),
    [
        ("GFP_KERNEL|__GFP_COMP", True),
        ("GFP_NOWAIT|__GFP_NOWARN", False),
        ("GFP_ATOMIC", False),
        ("__GFP_DIRECT_RECLAIM|__GFP_IO", True),
    ],
)
def test_flags_say_who_may_sleep(gfp: str, sleeps: bool) -> None:
    assert sleeps is may_sleep(gfp)
    assert ("may sleep" if sleeps else "may not sleep") == context_name(0, gfp)


# -- tables -------------------------------------------------------------------------------------


def test_by_process_those_who_ask_and_those_who_are_interrupted(tmp_path: Path) -> None:
    table = by_process(figures(paid(tmp_path)))
    assert (KSWAPD, "recorded", 1, 1, 0.002, 0) in table.rows
    assert (USER, "recorded", 0, 0, 0.0, 1) in table.rows
    assert (OTHER, "luf", 1, 1, 0.002, 0) in table.rows
    assert (USER, "luf", 0, 0, 0.0, 1) in table.rows


def test_a_cpu_that_is_interrupted_while_idle_is_idle(tmp_path: Path) -> None:
    lines = started().flush(KSWAPD, 2, 1, 4).flush("<idle>-0", 3, 1, 1, "d.h1.")
    assert (IDLE, "recorded", 0, 0, 0.0, 1) in by_process(figures(lines.read(tmp_path))).rows


def test_by_reason_the_shootdowns_of_each(tmp_path: Path) -> None:
    rows = by_reason(figures(paid(tmp_path))).rows
    assert ("pages moved", "recorded", 1, 0, 1, 0.002, 0.0) in rows
    assert ("allocation of a page that owes", "luf", 1, 0, 1, 0.002, 0.001) in rows


def test_by_cpu_the_interrupts_of_each(tmp_path: Path) -> None:
    rows = by_cpu(figures(paid(tmp_path), "luf")).rows
    assert {("cpu1", "recorded", 1), ("cpu1", "luf", 1), ("cpu0", "luf", 0)} <= set(rows)


def test_windows_have_round_edges_and_hold_every_shootdown(tmp_path: Path) -> None:
    lines = paid_late()
    found = figures(lines.read(tmp_path), "luf")
    assert [0.0, 1.0, 2.0, 3.0] == window_edges(found.trace, 4)
    rows = [row for row in by_window(found, 4).rows if row[2] == "luf"]
    assert [(0.0, 0, 1), (1.0, 0, 1), (2.0, 1, 0)] == [(row[0], row[3], row[-1]) for row in rows]


def paid_late() -> Lines:
    """The allocation that pays comes two and a half seconds after the page was moved."""
    lines = moved(started())
    lines.now += 2_500_000
    return lines.alloc(OTHER, 0, OLD)


def test_times_that_go_back_leave_no_window_with_less_than_no_debt(tmp_path: Path) -> None:
    lines = moved(started())
    lines.now -= 500
    found = figures(lines.alloc(OTHER, 0, OLD).switch(OTHER, 0, USER).read(tmp_path), "luf")
    assert {0} == {row[-1] for row in by_window(found, 50).rows if row[2] == "luf"}


def test_the_worst_second_is_the_dearest_one(tmp_path: Path) -> None:
    lines = paid_late()
    lines.now += 600_000
    lines = moved(lines, OLD, NEW + 1)
    for page in (1, 2):
        lines.now += 300_000
        lines = moved(lines, OLD + page, NEW + 1 + page, ADDRESS + 4096 * page)
    rows = {row[0]: row for row in worst_seconds(figures(lines.read(tmp_path), "eager")).rows}
    assert (3, 3) == (rows["recorded"][2], rows["eager"][2])
    assert 3.1 == pytest.approx(rows["recorded"][1], abs=0.01)


def test_bins_are_powers_of_ten_and_hold_every_value() -> None:
    assert [(0.0, 0.0, 1), (1.0, 10.0, 2), (10.0, 100.0, 0), (100.0, 1000.0, 1)] == bins(
        [0, 1, 9, 100]
    )
