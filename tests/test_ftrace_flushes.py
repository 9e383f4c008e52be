"""Shootdowns as rows: who asked, for what, how many CPUs were interrupted and what they dropped."""

from __future__ import annotations

from pathlib import Path

from luf_tui.ftrace.meaning.facts import FactKind, Flag
from luf_tui.ftrace.replay.flushes import (
    MOVED,
    RECLAIMED,
    TAKEOFF,
    Flush,
    follow,
    interrupts,
    reason_of,
)
from luf_tui.machine import events as ev
from tests.test_ftrace_replay import ADDRESS, KSWAPD, NEW, OLD, OTHER, USER, moved, outcome, started
from tests.trace_lines import Lines

MUNMAP, COPIED = ev.REASON["munmap"], ev.REASON["copy on write"]


def rows(lines: Lines, tmp_path: Path) -> list[tuple[int, int, int, int]]:
    found = follow(lines.read(tmp_path)).flushes
    return [(one.targets, one.everything, one.pages, one.own) for one in found]


def test_a_recorded_shootdown_has_the_interrupts_that_come_before_its_sender_goes_on(
    tmp_path: Path,
) -> None:
    lines = started().flush(KSWAPD, 2, 3, 4).flush(KSWAPD, 2, 3, 3)
    lines.flush(USER, 1, 3, 1, "d.h1.").flush(OTHER, 0, -1, 1, "d.h1.")
    lines.alloc(KSWAPD, 2, NEW).flush(OTHER, 0, 1, 4).alloc(OTHER, 0, 0x999)
    assert [(2, 1, 3, 3), (0, 0, 0, 0)] == rows(lines, tmp_path)


def test_an_interrupt_that_comes_late_is_of_the_latest_shootdown_of_another_cpu(
    tmp_path: Path,
) -> None:
    lines = started().flush(KSWAPD, 2, 1, 4).alloc(KSWAPD, 2, NEW).flush(USER, 1, 1, 4)
    lines.fault(USER, 1, ADDRESS).flush(USER, 1, 1, 1, "d.h1.")
    assert [(1, 0, 1, 0), (0, 0, 0, 0)] == rows(lines, tmp_path)


def test_of_two_senders_the_first_gets_the_first_answer_of_a_cpu(tmp_path: Path) -> None:
    lines = started().flush(KSWAPD, 2, 1, 4).flush(OTHER, 0, -1, 4)
    lines.flush(USER, 1, 1, 1, "d.h1.").flush(USER, 1, -1, 1, "d.h1.")
    assert [(1, 0, 1, 0), (1, 1, 0, 0)] == rows(lines, tmp_path)


def test_a_shootdown_that_nobody_answers_interrupts_nobody(tmp_path: Path) -> None:
    assert [(0, 0, 0, 0)] == rows(started().flush(USER, 1, -1, 4), tmp_path)


def test_what_a_shootdown_is_for_is_read_off_its_fact() -> None:
    assert MOVED == reason_of(Flag.FOR_UNMAP | Flag.MIGRATE)
    assert RECLAIMED == reason_of(Flag.BATCH)
    assert COPIED == reason_of(Flag.COPY)
    assert (ev.REASON["fork"], MUNMAP) == (reason_of(Flag.WHOLE), reason_of(0))


def test_a_policy_s_shootdown_has_the_same_columns(tmp_path: Path) -> None:
    trace = moved(started()).alloc(OTHER, 0, OLD).read(tmp_path)
    (unmap,), (alloc,) = trace.facts.where(FactKind.UNMAP), trace.facts.where(FactKind.ALLOC)[1:]
    eager, luf = (list(outcome(trace, name).flushes) for name in ("eager", "luf"))
    assert [Flush(unmap, MOVED, 1, 0, 1, 0)] == eager
    assert [Flush(alloc, TAKEOFF, 1, 1, 0, 0)] == luf


def test_a_request_whose_address_space_is_not_known_interrupts_whom_it_did(
    tmp_path: Path,
) -> None:
    lines = moved(started()).switch("swapper/3-0", 3, "app-7").flush("app-7", 3, 8, 4)
    trace = lines.flush(USER, 1, 8, 1, "d.h1.").read(tmp_path)
    assert 1 == outcome(trace).odd.not_placed
    (arrived,) = follow(trace).requested
    assert 1 == trace.facts.cpu[arrived]
    asked = [one for one in outcome(trace).flushes if one.why == MUNMAP]
    assert [(1, 0, 8)] == [(one.targets, one.everything, one.pages) for one in asked]
    assert (0, 1, 0, 0) == outcome(trace).interrupted


def test_a_request_that_interrupts_nobody_under_a_policy_is_one_all_the_same(
    tmp_path: Path,
) -> None:
    lines = moved(started()).switch(USER, 1, "swapper/1-0").switch("swapper/0-0", 0, USER)
    lines.flush(USER, 0, -1, 0, "d....").flush(USER, 0, 8, 4)
    found = outcome(lines.read(tmp_path))
    assert (1, 0) == (found.requested, found.interrupted_cpus)
    asked = [one for one in found.flushes if one.why == MUNMAP]
    assert [0] == [one.targets for one in asked]


def test_a_request_interrupts_whom_it_did_under_every_policy(tmp_path: Path) -> None:
    lines = (
        started().flush(USER, 1, 8, 4).flush(OTHER, 3, 8, 1, "d.h1.").flush(OTHER, 0, 8, 1, "d.h1.")
    )
    trace = lines.fault(USER, 1, ADDRESS).read(tmp_path)
    for name in ("eager", "luf"):
        found = outcome(trace, name)
        assert [(2, 16)] == [(one.targets, one.pages) for one in found.flushes]
        assert (1, 0, 0, 1) == found.interrupted


def test_a_cpu_that_leaves_an_address_space_by_itself_is_not_interrupted(tmp_path: Path) -> None:
    """A task that execs or exits leaves; an IPI in idle does the same, and is one."""
    lines = started().flush(KSWAPD, 2, 1, 4)
    lines.flush("<idle>-0", 3, -1, 0, "d.h1.")
    lines.alloc(OTHER, 0, OLD).alloc(OTHER, 0, NEW).flush(OTHER, 0, -1, 0, "d..1.")
    facts = lines.read(tmp_path).facts
    assert 2 == len(facts.where(FactKind.LEFT_LAZY))
    assert [3] == [facts.cpu[at] for at in interrupts(facts)]


def test_the_most_that_was_owed_at_once_is_kept(tmp_path: Path) -> None:
    lines = moved(moved(started()), OLD + 1, NEW + 1, ADDRESS + 4096).alloc(OTHER, 0, OLD)
    found = outcome(lines.read(tmp_path))
    assert (2, 0, ()) == (found.debts.most, found.pending_at_end, found.debts.owing)


def test_what_is_still_owed_names_its_cpus(tmp_path: Path) -> None:
    assert (1,) == outcome(moved(started()).read(tmp_path)).debts.owing
