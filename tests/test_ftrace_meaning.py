"""What events mean: frames, rights, owners, frees and failed migrations."""

from __future__ import annotations

from pathlib import Path

import pytest

from luf_tui.ftrace.meaning.facts import FactKind, Flag
from luf_tui.ftrace.trace import read_trace
from tests.trace_lines import (
    EXCLUSIVE,
    FIVE,
    FOUR,
    MM,
    READABLE,
    RO_VMA,
    RW_VMA,
    WRITABLE,
    Lines,
)

ROOT = Path(__file__).parent.parent
ADDRESS = 0x7F5F3A207000
KSWAPD = "kswapd0-35"


@pytest.mark.parametrize(
    ("base", "how"),
    [
        (FIVE, "5-level, not moved"),
        (FOUR, "4-level, not moved"),
        (FOUR + (7 << 30), "moved by KASLR"),
        (FIVE + (321 << 30), "moved by KASLR"),
    ],
)
def test_vmemmap_is_inferred_from_migration_entries(tmp_path: Path, base: int, how: str) -> None:
    lines = Lines(base).migrate(KSWAPD, 3, 0x243, 0x118031, ADDRESS)
    trace = lines.read(tmp_path)
    assert base == trace.survey.vmemmap
    assert how in trace.survey.vmemmap_how
    assert [0x243] == [trace.facts[at].pfn for at in trace.facts.where(FactKind.UNMAP)]
    assert [0x243] == [trace.facts[at].pfn for at in trace.facts.where(FactKind.SENT)]


def test_vmemmap_is_inferred_from_pages_unmapped_and_freed(tmp_path: Path) -> None:
    base = FOUR + (99 << 30)
    lines = Lines(base)
    for pfn in (0x300, 0x301, 0x302):
        lines.probe(KSWAPD, 3, pfn, ADDRESS + pfn * 4096, name="unmap")
    lines.flush(KSWAPD, 3, -1, 4)
    for pfn in (0x300, 0x302, 0x301):
        lines.free(KSWAPD, 3, pfn)
    trace = lines.read(tmp_path)
    assert base == trace.survey.vmemmap
    unmaps = [trace.facts[at] for at in trace.facts.where(FactKind.UNMAP)]
    assert [0x300, 0x301, 0x302] == [f.pfn for f in unmaps]
    assert not any(f.flags & Flag.MIGRATE for f in unmaps)
    assert [Flag.BATCH] == [trace.facts[at].flags for at in trace.facts.where(FactKind.SENT)]


def test_a_vmemmap_that_cannot_be_inferred_is_said(tmp_path: Path) -> None:
    trace = Lines(0xFFFF000000000000).probe(KSWAPD, 3, 5, ADDRESS, name="unmap").read(tmp_path)
    assert 0 == trace.survey.vmemmap
    assert any("vmemmap" in said for said in trace.survey.unknown)


def migrated(lines: Lines, pfn: int, kind: int, *, writable: bool, vma: int = RW_VMA) -> None:
    address = 0x10000000 + pfn * 4096
    lines.probe(KSWAPD, 3, pfn, address, vma=vma).entry(KSWAPD, 3, pfn, address, kind)
    lines.back(KSWAPD, 3, pfn + 0x100000, address, writable)


def test_the_kind_of_the_entry_says_what_could_be_written(tmp_path: Path) -> None:
    lines = Lines()
    migrated(lines, 1, READABLE, writable=False)
    migrated(lines, 2, WRITABLE, writable=True)
    migrated(lines, 3, EXCLUSIVE, writable=False)
    migrated(lines, 4, WRITABLE, writable=False)  # a fork took the right away meanwhile
    trace = lines.read(tmp_path)
    unmaps = [trace.facts[at].flags for at in trace.facts.where(FactKind.UNMAP)]
    assert [False, True, False, True] == [bool(f & Flag.WRITABLE) for f in unmaps]
    assert not any(f & Flag.UNSURE for f in unmaps)
    assert (4, 2) == (trace.survey.recorded.unmaps, trace.survey.recorded.unmaps_readonly)


def test_kinds_of_entries_of_another_configuration_are_learnt(tmp_path: Path) -> None:
    lines = Lines()
    migrated(lines, 1, 24, writable=False)
    migrated(lines, 2, 26, writable=True)
    trace = lines.read(tmp_path)
    assert 1 == trace.survey.recorded.unmaps_readonly
    assert "24 read-only, 26 writable" in trace.survey.entry_types


def test_what_no_event_says_counts_as_writable_where_the_mapping_allows_it(tmp_path: Path) -> None:
    lines = Lines().probe(KSWAPD, 3, 1, ADDRESS, name="unmap", vma=RO_VMA)
    lines.probe(KSWAPD, 3, 2, ADDRESS + 4096, name="unmap", vma=RW_VMA)
    trace = lines.free(KSWAPD, 3, 1).free(KSWAPD, 3, 2).read(tmp_path)
    recorded = trace.survey.recorded
    assert (2, 1, 1) == (recorded.unmaps, recorded.unmaps_readonly, recorded.unmaps_unsure)
    assert trace.facts[2].flags & Flag.WRITABLE


@pytest.mark.parametrize("high", [2, 128])
def test_a_dirty_pte_is_known_on_both_kinds_of_page_tables(tmp_path: Path, high: int) -> None:
    lines = Lines().probe(KSWAPD, 3, 1, ADDRESS).entry(KSWAPD, 3, 1, ADDRESS, WRITABLE, high)
    trace = lines.read(tmp_path)
    unmap = trace.facts[trace.facts.where(FactKind.UNMAP)[0]]
    assert (1, Flag.DIRTY) == (unmap.pfn, unmap.flags & Flag.DIRTY)


def test_a_batched_free_is_the_second_mark_of_one_free(tmp_path: Path) -> None:
    lines = Lines().free("a-7", 0, 5).free("a-7", 0, 6)
    lines.free("a-7", 0, 5, batched=True).free("a-7", 0, 6, batched=True)
    lines.alloc("a-7", 0, 5).free("a-7", 0, 5).free("a-7", 0, 5, batched=True)
    trace = lines.read(tmp_path)
    assert [5, 6, 5] == [trace.facts[at].pfn for at in trace.facts.where(FactKind.FREE)]
    assert 3 == trace.survey.recorded.double_frees


def test_a_batched_free_alone_is_a_free(tmp_path: Path) -> None:
    trace = Lines().alloc("a-7", 0, 5).free("a-7", 0, 5, batched=True).read(tmp_path)
    assert 1 == len(trace.facts.where(FactKind.FREE))


def test_orders_are_kept(tmp_path: Path) -> None:
    trace = Lines().alloc("a-7", 0, 8, order=3).free("a-7", 0, 8, order=3).read(tmp_path)
    assert [3, 3] == [f.arg for f in trace.facts][1:]
    assert (("a", 7, 8),) == trace.survey.tasks


def test_a_migration_that_fails_is_undone(tmp_path: Path) -> None:
    lines = Lines().probe(KSWAPD, 3, 5, ADDRESS).entry(KSWAPD, 3, 5, ADDRESS)
    trace = lines.back(KSWAPD, 3, 5, ADDRESS).read(tmp_path)
    assert (0, 1) == (trace.survey.recorded.moved, trace.survey.recorded.undone)
    assert trace.facts[trace.facts.where(FactKind.REMAP)[0]].flags & Flag.FAILED


def test_a_probe_without_an_entry_is_no_unmap(tmp_path: Path) -> None:
    lines = Lines().probe(KSWAPD, 3, 5, ADDRESS)
    trace = lines.migrate(KSWAPD, 3, 6, 7, ADDRESS + 4096).read(tmp_path)
    assert (1, 1) == (trace.survey.recorded.unmaps, trace.survey.recorded.unconfirmed)


def test_a_page_mapped_twice_is_unmapped_twice(tmp_path: Path) -> None:
    lines = Lines().probe(KSWAPD, 3, 5, ADDRESS).entry(KSWAPD, 3, 5, ADDRESS)
    lines.probe(KSWAPD, 3, 5, ADDRESS, mm=MM + 64).entry(KSWAPD, 3, 5, ADDRESS)
    lines.back(KSWAPD, 3, 9, ADDRESS).back(KSWAPD, 3, 9, ADDRESS).free(KSWAPD, 3, 5)
    trace = lines.read(tmp_path)
    remaps = [trace.facts[at] for at in trace.facts.where(FactKind.REMAP)]
    assert [1, 2] == [f.mm for f in remaps]
    assert 2 == trace.survey.recorded.unmaps
    assert "not known" == trace.survey.kernel


def test_without_probes_migration_entries_still_say_what_was_unmapped(tmp_path: Path) -> None:
    lines = Lines().entry(KSWAPD, 3, 5, ADDRESS).back(KSWAPD, 3, 9, ADDRESS)
    trace = lines.read(tmp_path)
    unmap = trace.facts[trace.facts.where(FactKind.UNMAP)[0]]
    assert (0, 5, 1) == (unmap.mm, unmap.pfn, trace.survey.recorded.unmaps_readonly)


def test_a_kernel_that_flushes_page_by_page_is_told_from_one_that_batches(tmp_path: Path) -> None:
    pages = range(3)
    assert "per page" == Lines().migrate(KSWAPD, 3, 5, 6, ADDRESS).read(tmp_path).survey.kernel
    lines = Lines().add(KSWAPD, 3, "mm_migrate_pages_start: mode=MIGRATE_ASYNC reason=demotion")
    for n in pages:
        lines.probe(KSWAPD, 3, 5 + n, ADDRESS + n * 4096).entry(
            KSWAPD, 3, 5 + n, ADDRESS + n * 4096
        )
    lines.flush(KSWAPD, 3, -1, 4)
    for n in pages:
        lines.back(KSWAPD, 3, 50 + n, ADDRESS + n * 4096)
    trace = lines.read(tmp_path)
    assert "batched" == trace.survey.kernel
    sent = [trace.facts[at].flags for at in trace.facts.where(FactKind.SENT)]
    assert [Flag.BATCH | Flag.MIGRATE] == sent
    assert 3 == trace.survey.recorded.unmaps


def test_who_receives_a_shootdown_has_the_address_space(tmp_path: Path) -> None:
    lines = Lines().switch("<idle>-0", 1, "work-157").probe(KSWAPD, 3, 5, ADDRESS)
    lines.flush(KSWAPD, 3, 1, 4).flush("work-157", 1, 1, 1, "d.h..").entry(KSWAPD, 3, 5, ADDRESS)
    trace = lines.read(tmp_path)
    assert ((MM, 1, (157,)),) == trace.survey.mms
    switch, received = trace.facts[0], trace.facts[trace.facts.where(FactKind.RECEIVED)[0]]
    assert (1, 1) == (switch.mm, received.mm)


def test_a_kernel_thread_borrows_the_address_space(tmp_path: Path) -> None:
    lines = Lines().switch("<idle>-0", 3, "work-157").fault("work-157", 3, ADDRESS)
    trace = lines.switch("work-157", 3, KSWAPD).read(tmp_path)
    switches = [trace.facts[at].flags for at in trace.facts.where(FactKind.SWITCH)]
    assert [Flag(0), Flag.KERNEL] == switches


def test_an_ipi_to_a_lazy_cpu_takes_it_off_the_address_space(tmp_path: Path) -> None:
    trace = Lines().flush("<idle>-0", 1, -1, 0, "d.h1.").alloc("a-7", 0, 5).read(tmp_path)
    assert FactKind.LEFT_LAZY == trace.facts[0].kind
    assert (0, 1) == (trace.survey.recorded.received, trace.survey.recorded.left_lazy)


def test_flushes_for_copies_are_told_from_those_for_unmaps(tmp_path: Path) -> None:
    lines = Lines().fault("work-157", 1, ADDRESS, 7).alloc("work-157", 1, 9)
    lines.flush("work-157", 1, 1, 4).flush("work-157", 1, 1, 3)
    lines.fault("work-157", 1, ADDRESS, 4).flush("work-157", 1, 8, 4).flush("work-157", 1, -1, 4)
    trace = lines.migrate("work-157", 1, 5, 6, ADDRESS).read(tmp_path)
    recorded = trace.survey.recorded
    assert (1, 1, 2, 4) == (
        recorded.for_unmaps,
        recorded.for_copies,
        recorded.for_others,
        recorded.shootdowns,
    )


def test_a_page_that_numa_balancing_hid_owes_no_flush(tmp_path: Path) -> None:
    lines = Lines()
    for reason in ("numa_misplaced", "demotion"):
        lines.add("w-7", 1, f"mm_migrate_pages_start: mode=MIGRATE_ASYNC reason={reason}")
        lines.probe("w-7", 1, 5, ADDRESS).entry("w-7", 1, 5, ADDRESS).back("w-7", 1, 9, ADDRESS)
        lines.add(
            "w-7", 1, f"mm_migrate_pages: nr_succeeded=1 nr_failed=0 mode=SYNC reason={reason}"
        )
    trace = lines.read(tmp_path)
    unmaps = [trace.facts[at].flags for at in trace.facts.where(FactKind.UNMAP)]
    assert [True, False] == [bool(f & Flag.HIDDEN) for f in unmaps]


def test_after_a_gap_nothing_is_taken_for_granted(tmp_path: Path) -> None:
    lines = Lines().probe(KSWAPD, 3, 5, ADDRESS)
    lines.rows.append("CPU:3 [LOST 9 EVENTS]")
    trace = lines.flush(KSWAPD, 3, 1, 4).alloc("a-7", 0, 5).read(tmp_path)
    assert (0, 1) == (trace.survey.recorded.for_unmaps, trace.survey.recorded.for_cleaning)


def test_the_shipped_excerpt_is_a_demotion_of_read_only_pages() -> None:
    trace = read_trace(str(ROOT / "scenarios" / "traces" / "llm-excerpt.trace.xz"))
    survey = trace.survey
    assert (1400, 0, 0) == (survey.tally.lines, survey.tally.lost, survey.tally.unparsed)
    recorded = survey.recorded
    assert (140, 140, 140) == (recorded.shootdowns, recorded.unmaps, recorded.unmaps_readonly)
    assert ("per page", FIVE) == (survey.kernel, survey.vmemmap)
    assert (139, 140) == survey.foretold
    assert [(156, 157, 158, 159)] == [tuple(sorted(pids)) for _, _, pids in survey.mms]


def test_promotion_and_demotion_of_writable_pages_are_told_apart() -> None:
    trace = read_trace(str(ROOT / "tests" / "data" / "fork-excerpt.trace.xz"))
    recorded = trace.survey.recorded
    assert (14, 0, 2) == (recorded.unmaps, recorded.unmaps_readonly, recorded.hidden)
    assert (14, 14) == trace.survey.foretold
    reasons = {trace.words[trace.facts[at].arg] for at in trace.facts.where(FactKind.MIGRATE_START)}
    assert {"demotion", "numa_misplaced"} == reasons
