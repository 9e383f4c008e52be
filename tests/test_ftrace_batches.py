"""Recordings of kernels that batch: whose the pages are, which flush is for what, and that the
policy of the recorded kernel sends what it sent.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from luf_tui.ftrace.meaning.facts import Fact, FactKind, Flag
from luf_tui.ftrace.replay.layout import lay_out
from luf_tui.ftrace.replay.outcome import PolicyOutcome, play
from luf_tui.ftrace.trace import Trace, read_trace
from luf_tui.policy.registry import make_policy
from luf_tui.runs.replayed import replay
from tests.trace_lines import FOUR, MM, RO_VMA, RW_VMA, Lines

DATA = Path(__file__).parent / "data"
ADDRESS = 0x7FE3B807F000
PRESS, WORK, OTHER, KSWAPD, KWORKER = "press-232", "work-238", "cat-231", "kswapd0-65", "kworker-63"
HERS = MM + 0x40
"""The address space of another process."""


def outcome(trace: Trace, name: str = "batched") -> PolicyOutcome:
    """What a policy would have done with a recording."""
    return play(trace, lay_out(trace), make_policy(name))


def facts(trace: Trace, kind: FactKind) -> list[Fact]:
    """The facts of one kind."""
    return [trace.facts[at] for at in trace.facts.where(kind)]


def pids(trace: Trace) -> dict[int, set[int]]:
    """The processes that each address space was given to."""
    return {mm: set(found) for mm, _, found in trace.survey.mms}


def runs(lines: Lines, task: str, cpu: int, before: str = "swapper-0") -> Lines:
    """A CPU switches to a task, and loads its address space."""
    return lines.switch(before, cpu, task).flush(before, cpu, -1, 0)


def reclaims(
    lines: Lines,
    task: str,
    cpu: int,
    pfns: range,
    answers: str = "",
    *,
    mm: int = MM,
    vma: int = RO_VMA,
) -> Lines:
    """A task unmaps pages for reclaim, flushes them together and frees them."""
    for pfn in pfns:
        lines.probe(task, cpu, pfn, ADDRESS + pfn * 4096, "unmap", mm, vma)
    if answers:
        lines.flush(task, cpu, -1, 4, "...1.").flush(answers, 3, -1, 1, "d.h..")
    for pfn in pfns:
        lines.free(task, cpu, pfn)
    return lines


def moves(lines: Lines, task: str, cpu: int, pfns: range, answers: str = "") -> Lines:
    """A task migrates pages in one batch: all are unmapped, then flushed, then mapped again."""
    lines.add(task, cpu, "mm_migrate_pages_start: mode=MIGRATE_ASYNC reason=demotion")
    for pfn in pfns:
        lines.alloc(task, cpu, pfn + 0x10000).probe(task, cpu, pfn, ADDRESS + pfn * 4096)
        lines.entry(task, cpu, pfn, ADDRESS + pfn * 4096)
    if answers:
        lines.flush(task, cpu, -1, 4, "...1.").flush(answers, 3, -1, 1, "d.h..")
    for pfn in pfns:
        lines.back(task, cpu, pfn + 0x10000, ADDRESS + pfn * 4096).free(task, cpu, pfn)
    return lines.add(
        task, cpu, "mm_migrate_pages: nr_succeeded=2 nr_failed=0 mode=MIGRATE_ASYNC reason=demotion"
    )


# -- whose an address space is --------------------------------------------------------------------


@pytest.mark.parametrize("batch", [moves, reclaims])
def test_who_answers_the_batches_of_one_address_space_has_it(tmp_path: Path, batch: object) -> None:
    assert callable(batch)
    lines = runs(Lines(FOUR), WORK, 3)
    for first in range(0, 6, 2):
        batch(lines, PRESS, 2, range(first, first + 2), WORK)
    trace = lines.read(tmp_path)
    assert {MM: {238}} == pids(trace)
    assert (3, 3) == (trace.survey.recorded.for_unmaps, outcome(trace).shootdowns)
    assert "batched" == trace.survey.baseline


def test_one_answer_to_a_batch_is_no_proof(tmp_path: Path) -> None:
    """The mask is as old as the unmaps: whoever runs there by now answers as well."""
    lines = runs(Lines(FOUR), OTHER, 3)
    trace = reclaims(lines, PRESS, 2, range(2), OTHER).read(tmp_path)
    assert {MM: set()} == pids(trace)


def test_who_faults_on_pages_of_one_address_space_has_it(tmp_path: Path) -> None:
    """Other processes are unmapped in the same batches, so that answers say nothing."""
    lines = runs(runs(Lines(FOUR), WORK, 3), OTHER, 1)
    for pfn in range(3):
        lines.fault(WORK, 3, ADDRESS + pfn * 4096).fault(OTHER, 1, 0x500000 + pfn * 4096)
        lines.probe(PRESS, 2, pfn, ADDRESS + pfn * 4096, "unmap")
        lines.probe(PRESS, 2, pfn + 100, 0x500000 + pfn * 4096, "unmap", HERS)
        lines.flush(PRESS, 2, -1, 4).flush(WORK, 3, -1, 1, "d.h..").flush(OTHER, 1, -1, 1, "d.h..")
        lines.free(PRESS, 2, pfn).free(PRESS, 2, pfn + 100)
    trace = lines.read(tmp_path)
    assert {MM: {238}, HERS: {231}} == pids(trace)
    assert (3, 6) == (outcome(trace).shootdowns, outcome(trace).interrupted_cpus)


def test_an_address_that_two_processes_have_tells_nothing(tmp_path: Path) -> None:
    """After fork, and of programs that are loaded at fixed addresses."""
    lines = runs(Lines(FOUR), WORK, 3)
    for pfn in range(4):
        lines.fault(WORK, 3, 0x500000 + pfn * 4096)
        for number, mm in enumerate((MM, HERS)):
            lines.probe(KSWAPD, 2, pfn + number * 8, 0x500000 + pfn * 4096, "unmap", mm)
            lines.free(KSWAPD, 2, pfn + number * 8)
    assert {MM: set(), HERS: set()} == pids(lines.read(tmp_path))


def test_a_switch_that_loads_nothing_is_one_between_threads(tmp_path: Path) -> None:
    """The second thread neither faults nor answers."""
    lines = runs(Lines(FOUR), WORK, 3).fault(WORK, 3, ADDRESS).fault(WORK, 3, ADDRESS + 4096)
    second = "work-239"
    runs(lines, second, 1)
    for _ in range(2):
        lines.switch(WORK, 3, second).alloc(second, 3, 0x900).free(second, 3, 0x900)
        lines.switch(second, 3, WORK).alloc(WORK, 3, 0x901).free(WORK, 3, 0x901)
    lines.switch("swapper-0", 1, second).alloc(second, 1, 0x900)
    trace = reclaims(lines, PRESS, 2, range(2), WORK).read(tmp_path)
    assert {MM: {238, 239}} == pids(trace)


def test_after_exec_a_task_has_another_address_space(tmp_path: Path) -> None:
    """Lines call it by its last name all along; it loads an address space while it runs."""
    lines = runs(Lines(FOUR), WORK, 3)
    for pfn in range(2):
        lines.fault(WORK, 3, ADDRESS + pfn * 4096)
    reclaims(lines, PRESS, 2, range(2), WORK)
    lines.alloc(WORK, 3, 0x900).flush(WORK, 3, -1, 0, "d..1.").fault(WORK, 3, 0x401000)
    trace = reclaims(lines, PRESS, 2, range(2)).read(tmp_path)
    assert [("work", 238)] * 2 == [name for name in trace.tasks if name[1] == 238]
    found = outcome(trace)
    assert (1, 4, 4) == (found.shootdowns, found.agreement.mappings, found.agreement.mappings_right)


def test_a_borrowed_address_space_that_is_given_back_ends_no_life(tmp_path: Path) -> None:
    """The kernel pokes its text through an address space of its own, in the name of the task."""
    lines = runs(Lines(FOUR), WORK, 3).fault(WORK, 3, ADDRESS).fault(WORK, 3, ADDRESS + 4096)
    lines.flush(WORK, 3, -1, 0, "d..1.").flush(WORK, 3, 0, 0, "d..1.").alloc(WORK, 3, 0x900)
    trace = reclaims(lines, PRESS, 2, range(2), WORK).read(tmp_path)
    assert (1, 1) == (outcome(trace).shootdowns, outcome(trace).agreement.batches_right)


def test_a_pid_that_comes_again_is_somebody_else(tmp_path: Path) -> None:
    lines = runs(Lines(FOUR), WORK, 3).fault(WORK, 3, ADDRESS).fault(WORK, 3, ADDRESS + 4096)
    lines.switch(WORK, 3, OTHER)
    lines.rows[-1] = lines.rows[-1].replace("prev_state=S", "prev_state=X")
    runs(lines.flush(WORK, 3, -1, 0), WORK, 3, OTHER).fault(WORK, 3, 0x401000)
    trace = reclaims(lines, PRESS, 2, range(2)).read(tmp_path)
    assert (0, 2) == (outcome(trace).shootdowns, outcome(trace).agreement.mappings_right)


def test_a_kernel_thread_that_flushes_what_it_borrows_leaves_it(tmp_path: Path) -> None:
    """It unmaps a page of the address space that its CPU still has loaded."""
    lines = runs(Lines(FOUR), WORK, 3).fault(WORK, 3, ADDRESS).fault(WORK, 3, ADDRESS + 4096)
    lines.switch(WORK, 3, KWORKER).probe(KWORKER, 3, 9, ADDRESS + 9 * 4096, "unmap")
    lines.flush(KWORKER, 3, -1, 0, "d..1.").free(KWORKER, 3, 9)
    trace = reclaims(lines, PRESS, 2, range(2)).read(tmp_path)
    assert [Flag.LOCAL] == [fact.flags for fact in facts(trace, FactKind.LEFT_LAZY)]
    assert (0, 0) == (trace.survey.recorded.left_lazy, outcome(trace).shootdowns)


def test_a_sender_is_done_when_its_cpu_does_something_else(tmp_path: Path) -> None:
    """A kworker prints nothing but its flushes; those who answer later answer somebody else."""
    lines = runs(Lines(FOUR), WORK, 3).flush(KWORKER, 0, 1, 4).flush(WORK, 3, 1, 1, "d.h..")
    lines.switch(KWORKER, 0, "swapper-0")
    for first in range(0, 6, 2):
        reclaims(lines, PRESS, 2, range(first, first + 2), WORK)
    assert {MM: {238}} == pids(lines.read(tmp_path))


# -- which flush is for what ----------------------------------------------------------------------


def test_the_free_of_its_page_tells_that_reclaim_unmapped_it(tmp_path: Path) -> None:
    lines = reclaims(Lines(FOUR), KSWAPD, 2, range(3))
    lines.probe(KSWAPD, 2, 8, ADDRESS, "unmap")
    recorded = lines.read(tmp_path).survey.recorded
    assert (3, 3, 1) == (recorded.unmaps, recorded.reclaimed, recorded.unconfirmed)


def test_a_batch_ends_where_the_kernel_ended_it(tmp_path: Path) -> None:
    """A dirty page is flushed for before it is written out: a batch of one page."""
    lines = runs(Lines(FOUR), WORK, 3).fault(WORK, 3, ADDRESS, 6).fault(WORK, 3, ADDRESS + 4096, 6)
    for pfn in range(3):
        lines.probe(KSWAPD, 2, pfn, ADDRESS + pfn * 4096, "unmap", vma=RW_VMA)
        lines.flush(KSWAPD, 2, -1, 4).flush(WORK, 3, -1, 1, "d.h..")
    for pfn in range(3):
        lines.free(KSWAPD, 2, pfn)
    found = outcome(lines.read(tmp_path))
    assert (3, 3, 3) == (found.shootdowns, found.agreement.batches, found.agreement.batches_right)


def test_a_flush_of_an_address_space_is_not_for_a_batch(tmp_path: Path) -> None:
    """The own CPU's part tells: of a batch it is reason 2, of an address space reason 3."""
    lines = Lines(FOUR).probe(WORK, 3, 1, ADDRESS, "unmap").probe(WORK, 3, 2, ADDRESS, "unmap")
    lines.flush(WORK, 3, -1, 4).flush(WORK, 3, -1, 3).flush(WORK, 3, -1, 4).flush(WORK, 3, -1, 2)
    sent = [fact.flags for fact in facts(lines.read(tmp_path), FactKind.SENT)]
    assert [Flag(0), Flag.BATCH] == [flags & Flag.BATCH for flags in sent]


def test_pending_unmaps_are_flushed_before_their_address_space_changes(tmp_path: Path) -> None:
    """A thread calls munmap: it must not return before the others' unmaps are seen."""
    lines = runs(runs(Lines(FOUR), WORK, 3), "work-239", 1)
    for at, (thread, cpu) in enumerate(((WORK, 3), ("work-239", 1)) * 2):
        lines.fault(thread, cpu, ADDRESS + at // 2 * 4096)
    reclaims(lines, KSWAPD, 2, range(2), WORK)
    for _ in range(2):
        lines.flush(WORK, 3, -1, 4).flush(WORK, 3, -1, 3).flush("work-239", 1, -1, 1, "d.h..")
    trace = lines.alloc(WORK, 3, 0x900).read(tmp_path)
    recorded = trace.survey.recorded
    assert (1, 1, 1) == (recorded.for_unmaps, recorded.for_pending, recorded.for_others)
    assert (3, 1) == (outcome(trace).shootdowns, outcome(trace).requested)
    assert 0 == outcome(trace, "eager").paid_for_others["pending unmaps"]


def test_what_is_retried_one_by_one_is_not_put_off(tmp_path: Path) -> None:
    """Synchronous migration flushes each page before it goes on."""
    lines = runs(Lines(FOUR), WORK, 3).fault(WORK, 3, ADDRESS).fault(WORK, 3, ADDRESS + 4096)
    moves(lines, "kcompactd0-40", 2, range(2), WORK)
    lines.alloc("kcompactd0-40", 2, 0x20000).probe("kcompactd0-40", 2, 9, ADDRESS)
    lines.flush("kcompactd0-40", 2, 1, 4).flush(WORK, 3, 1, 1, "d.h..")
    lines.entry("kcompactd0-40", 2, 9, ADDRESS).back("kcompactd0-40", 2, 0x20000, ADDRESS)
    trace = lines.free("kcompactd0-40", 2, 9).read(tmp_path)
    assert "batched" == trace.survey.kernel
    assert (2, 1) == (outcome(trace).shootdowns, outcome(trace, "luf").shootdowns)


def test_a_page_that_owes_a_flush_was_not_hidden(tmp_path: Path) -> None:
    """Promoted after a hinting fault, and another thread had faulted it back by then."""
    lines = runs(Lines(FOUR), WORK, 3).fault(WORK, 3, ADDRESS).fault(WORK, 3, ADDRESS)
    for flushed in (True, False):
        lines.add("work-239", 1, "mm_migrate_pages_start: mode=MIGRATE_ASYNC reason=numa_misplaced")
        lines.alloc("work-239", 1, 0x700).probe("work-239", 1, 1, ADDRESS)
        lines.entry("work-239", 1, 1, ADDRESS)
        if flushed:
            lines.flush("work-239", 1, -1, 4).flush(WORK, 3, -1, 1, "d.h..")
        lines.back("work-239", 1, 0x700, ADDRESS).free("work-239", 1, 1).alloc(WORK, 3, 1)
    trace = lines.read(tmp_path)
    hidden = [bool(fact.flags & Flag.HIDDEN) for fact in facts(trace, FactKind.UNMAP)]
    assert ([False, True], 1) == (hidden, outcome(trace).shootdowns)


def test_pages_that_writeback_cleans_have_a_name_of_their_own(tmp_path: Path) -> None:
    lines = Lines(FOUR).flush(KWORKER, 0, 1, 4).flush(WORK, 3, 1, 1, "d.h..")
    trace = lines.flush(WORK, 3, 1, 4).read(tmp_path)
    recorded = trace.survey.recorded
    assert (1, 1) == (recorded.for_cleaning, recorded.for_others)


def test_asking_is_not_interrupting(tmp_path: Path) -> None:
    """Reason 4 is printed before lazy CPUs are left out; reason 5 comes of an old mask."""
    lines = Lines(FOUR).flush(WORK, 3, 8, 4).flush(WORK, 3, 8, 4).flush(OTHER, 1, 8, 1, "d.h..")
    lines.add(OTHER, 2, "tlb_flush: pages:0 reason:remote wrong CPU (5)", "d.h..")
    lines.flush("<idle>-0", 0, -1, 0, "d.h..")
    recorded = lines.read(tmp_path).survey.recorded
    assert (2, 3) == (recorded.shootdowns, recorded.interrupted)
    assert (1, 1, 1) == (recorded.received, recorded.left_lazy, recorded.wrong)


@pytest.mark.parametrize(
    ("release", "kernel", "baseline"),
    [
        ("6.1.0-49-amd64", "per page", "before-6.3"),
        ("6.2.16", "per page", "before-6.3"),
        ("6.3.0", "batched", "batched"),
        ("6.12.95+deb13-amd64", "batched", "batched"),
        ("", "not known", "batched"),
    ],
)
def test_the_release_says_how_migration_flushes_where_nothing_was_migrated(
    tmp_path: Path, release: str, kernel: str, baseline: str
) -> None:
    lines = reclaims(Lines(FOUR), PRESS, 2, range(2))
    if release:
        lines.rows.insert(0, f"# luf-tui record: kernel {release}")
    survey = lines.read(tmp_path).survey
    assert (kernel, baseline) == (survey.kernel, survey.baseline)


def test_where_reclaim_batches_and_migration_does_not_a_policy_of_its_own_should_be_equal(
    tmp_path: Path,
) -> None:
    lines = runs(Lines(FOUR), WORK, 3)
    lines.add(KSWAPD, 2, "mm_migrate_pages_start: mode=MIGRATE_ASYNC reason=demotion")
    for pfn in range(2):
        lines.fault(WORK, 3, ADDRESS + pfn * 4096).alloc(KSWAPD, 2, pfn + 0x200)
        lines.probe(KSWAPD, 2, pfn, ADDRESS + pfn * 4096).flush(KSWAPD, 2, 1, 4)
        lines.flush(WORK, 3, 1, 1, "d.h..").entry(KSWAPD, 2, pfn, ADDRESS + pfn * 4096)
        lines.back(KSWAPD, 2, pfn + 0x200, ADDRESS + pfn * 4096).free(KSWAPD, 2, pfn)
    done = "mm_migrate_pages: nr_succeeded=2 nr_failed=0 mode=MIGRATE_ASYNC reason=demotion"
    reclaims(lines.add(KSWAPD, 2, done), KSWAPD, 2, range(2, 4), WORK)
    path = tmp_path / "t.trace"
    path.write_text(lines.text(), encoding="utf-8")
    found = replay(path, "eager,batched")
    shootdowns = {one.policy: one.shootdowns for one in found.outcomes}
    assert {"eager": 4, "batched": 2, "before-6.3": 3} == shootdowns
    agreement = found.summary()["agreement"]
    assert (4, 4) == (agreement["mappings"], agreement["mappings_right"])


@pytest.mark.parametrize(("release", "interrupted"), [("6.12.1", 0), ("6.13.0", 1)])
def test_on_later_kernels_masks_name_cpus_that_have_gone_on(
    tmp_path: Path, release: str, interrupted: int
) -> None:
    lines = runs(Lines(FOUR), WORK, 3).fault(WORK, 3, ADDRESS).fault(WORK, 3, ADDRESS + 4096)
    runs(lines, OTHER, 3, WORK).fault(OTHER, 3, 0x401000)
    lines.rows.insert(0, f"# luf-tui record: kernel {release}")
    trace = reclaims(lines, PRESS, 2, range(2)).read(tmp_path)
    assert interrupted == outcome(trace).interrupted_cpus


# -- what probes say ------------------------------------------------------------------------------


def test_the_probe_of_a_switch_says_what_is_loaded(tmp_path: Path) -> None:
    """Nobody faults, and everybody answers, whoever has it."""
    lines = Lines(FOUR)
    for task, cpu, mm in ((WORK, 3, MM), (OTHER, 1, HERS)):
        lines.switch("swapper-0", cpu, task)
        lines.add("swapper-0", cpu, f"switch_mm: (switch_mm_irqs_off+0x4/0x510) next={mm:#x}")
        lines.flush("swapper-0", cpu, -1, 0)
    reclaims(lines, PRESS, 2, range(2), OTHER)
    lines.switch(WORK, 3, KWORKER)
    lines.add(KWORKER, 3, "switch_mm: (switch_mm_irqs_off+0x4/0x510) next=0xffffffff82a1c0c0")
    lines.flush(KWORKER, 3, -1, 0, "d.h..")
    trace = reclaims(lines, PRESS, 2, range(2)).read(tmp_path)
    assert {MM: {238}} == pids(trace)
    assert 1 == outcome(trace).shootdowns


@pytest.mark.parametrize(("asked", "right"), [(0x8, 1), (0xA, 0)])
def test_the_probe_of_a_batch_says_whom_it_asks(tmp_path: Path, asked: int, right: int) -> None:
    lines = runs(Lines(FOUR), WORK, 3).fault(WORK, 3, ADDRESS).fault(WORK, 3, ADDRESS + 4096)
    lines.probe(PRESS, 2, 1, ADDRESS + 4096, "unmap")
    lines.add(PRESS, 2, f"batch: (arch_tlbbatch_flush+0x4/0x100) mask={asked:#x}")
    lines.flush(PRESS, 2, -1, 4).flush(WORK, 3, -1, 1, "d.h..").free(PRESS, 2, 1)
    found = outcome(lines.read(tmp_path)).agreement
    assert (1, right) == (found.masks, found.masks_right)


@pytest.mark.parametrize(
    ("pte", "flags"), [(0x1025, Flag(0)), (0x1067, Flag.WRITABLE | Flag.DIRTY)]
)
def test_the_probe_of_an_unmap_says_what_its_pte_allowed(
    tmp_path: Path, pte: int, flags: Flag
) -> None:
    lines = Lines(FOUR).probe(PRESS, 2, 1, ADDRESS, "unmap", vma=RW_VMA)
    probe = f"unmap_pte: (set_tlb_ubc_flush_pending+0x4/0x60) mm={MM:#x} pte={pte:#x}"
    (unmap,) = facts(lines.add(PRESS, 2, probe).read(tmp_path), FactKind.UNMAP)
    assert (flags, 1) == (unmap.flags & (Flag.WRITABLE | Flag.DIRTY | Flag.UNSURE), unmap.pfn)
    assert unmap.flags & Flag.CONFIRMED


def test_the_probe_of_a_range_says_whose_it_is(tmp_path: Path) -> None:
    """A kernel thread cleans a page of somebody's."""
    lines = reclaims(Lines(FOUR), PRESS, 2, range(1))
    probe = f"flush_range: (flush_tlb_mm_range+0x4/0x1c0) mm={MM:#x} start=0x1000 end=0x2000"
    trace = lines.add(KWORKER, 0, probe).flush(KWORKER, 0, 1, 4).read(tmp_path)
    assert [1] == [fact.mm for fact in facts(trace, FactKind.SENT)]


# -- what is asked of others ----------------------------------------------------------------------


def test_who_is_loaded_whenever_others_are_asked_has_the_address_space(tmp_path: Path) -> None:
    """It neither faults nor answers: it waits for its disk, and idle CPUs are left out."""
    lines = Lines(FOUR).switch("swapper-0", 1, OTHER).flush("swapper-0", 1, 0, 0)
    runs(lines, WORK, 3).switch(WORK, 3, "swapper-0").switch(OTHER, 1, "swapper-0")
    for first in range(0, 6, 2):
        reclaims(lines, PRESS, 2, range(first, first + 2))
        lines.rows.insert(-2, Lines(FOUR).flush(PRESS, 2, -1, 4).rows[0])
    runs(lines, OTHER, 3, "swapper-0")
    for first in range(6, 12, 2):
        reclaims(lines, PRESS, 2, range(first, first + 2))
    trace = lines.read(tmp_path)
    assert {MM: {238}} == pids(trace)
    found = outcome(trace)
    assert (3, 12) == (found.shootdowns, found.agreement.mappings_right)


def test_what_a_cpu_had_loaded_when_the_recording_began_is_told_as_well(tmp_path: Path) -> None:
    """It is idle all along; the thread that was on it before runs elsewhere, and asks it."""
    lines = Lines(FOUR).switch("swapper-0", 0, KWORKER).alloc(WORK, 3, 0x900)
    for pfn in range(4):
        lines.fault(WORK, 3, ADDRESS + pfn * 4096).probe(
            WORK, 3, pfn, ADDRESS + pfn * 4096, "unmap"
        )
        lines.flush(WORK, 3, -1, 4).flush(WORK, 3, -1, 2).free(WORK, 3, pfn)
    found = outcome(lines.read(tmp_path))
    assert (4, 4, 0) == (found.shootdowns, found.agreement.batches_right, found.interrupted_cpus)


def test_who_faults_on_inherited_pages_and_is_never_asked_has_others(tmp_path: Path) -> None:
    """A forked child has its parent's addresses; nobody is asked while it alone is loaded."""
    lines = runs(Lines(FOUR), WORK, 3)
    for pfn in range(4):
        lines.fault(WORK, 3, ADDRESS + pfn * 4096)
        reclaims(lines, KSWAPD, 2, range(pfn, pfn + 1))
    trace = lines.read(tmp_path)
    assert {MM: set()} == pids(trace)
    assert (0, 4) == (outcome(trace).shootdowns, outcome(trace).agreement.mappings_right)


# -- parts of recordings of a stock 6.12 ----------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "recorded", "mappings", "luf"),
    [
        ("migration", (8, 5, 3), 192, (4, 1)),
        ("reclaim", (24, 24, 0), 495, (1, 1)),
        ("swap", (67, 67, 0), 67, (28, 1)),
        ("probed", (8, 8, 0), 229, (4, 4)),
    ],
)
def test_the_batching_kernel_is_reproduced_mapping_by_mapping(
    name: str, recorded: tuple[int, int, int], mappings: int, luf: tuple[int, int]
) -> None:
    trace = read_trace(str(DATA / f"batched-{name}.trace.xz"))
    told = trace.survey.recorded
    assert recorded == (told.shootdowns, told.for_unmaps, told.for_pending)
    own, deferring = outcome(trace), outcome(trace, "luf")
    assert (recorded[0], mappings) == (own.shootdowns, own.agreement.mappings_right)
    assert own.agreement.batches == own.agreement.batches_right == recorded[1]
    assert luf == (deferring.shootdowns, deferring.paid_at_takeoff)


def test_the_masks_of_the_batches_are_those_that_a_probe_tells() -> None:
    found = outcome(read_trace(str(DATA / "batched-probed.trace.xz"))).agreement
    assert (8, 8) == (found.masks, found.masks_right)


def test_where_nothing_is_unmapped_no_policy_is_the_kernels() -> None:
    trace = read_trace(str(DATA / "batched-fork.trace.xz"))
    told = trace.survey
    assert (0, "") == (told.recorded.unmaps, told.baseline)
    assert (109, 107) == (told.recorded.shootdowns, told.recorded.for_copies)
    assert any("what a policy could defer" in said.lower() for said in told.unknown)
