"""Large entries and large folios: ranges that the upper level maps by one entry."""

from __future__ import annotations

import pytest

from luf_tui.engine import folio
from luf_tui.errors import InputError, Refused
from luf_tui.machine import events as ev
from luf_tui.machine.schema import PMD_HUGE, PMD_NONE, PMD_TABLE, Frame, Mm, Pmd
from luf_tui.script.parse import parse
from luf_tui.timeline.recorder import record
from tests.engine_runs import MACHINE, Run

LARGE = MACHINE.replace("\n", ", huge-pages 2\n")
POLICIES = pytest.mark.parametrize("policy", ["eager", "batched", "luf"])
STORED = "cpu1 write heap.0 one\ncpu2 read heap.0\ncpu1 write heap.1 two\n"


def played(script: str, policy: str = "eager", without: tuple[str, ...] = ()) -> Run:
    return Run(script, policy, without, machine=LARGE)


def app(run: Run) -> Mm:
    return run.m.mm[0]


def pmd(run: Run, vpn: int = 0) -> Pmd:
    return run.m.pmd_at(app(run), vpn)


def frame(run: Run, vpn: int) -> Frame:
    found = run.m.pte_at(app(run), vpn).frame
    assert found
    return found


def reads(run: Run) -> list[str]:
    return [run.m.config.content_name(one.args["content"]) for one in run.events("read")]


def test_a_machine_without_huge_pages_has_no_cells_for_them() -> None:
    run = Run(STORED)

    assert (0, 0) == (len(run.m.pmd), len(run.m.large))
    assert 2 == len(run.events("fault"))


@POLICIES
def test_one_fault_maps_a_whole_range_and_one_walk_caches_it(policy: str) -> None:
    run = played(STORED + "cpu2 read heap.1\n", policy)

    assert 1 == len(run.events("fault"))
    assert 2 == len(run.events("fill"))
    assert (PMD_HUGE, 1, 0) == (pmd(run).kind, frame(run, 0).order, frame(run, 1).order)
    assert frame(run, 1).pfn == frame(run, 0).pfn + 1
    assert frame(run, 0).pfn % 2 == 0
    assert ["one", "two"] == reads(run)
    assert not run.violations()


def test_only_the_first_page_of_a_folio_is_on_the_lru() -> None:
    run = played(STORED)

    assert frame(run, 0).where
    assert not frame(run, 1).where
    assert [frame(run, 0), frame(run, 1)] == folio.pages(frame(run, 1))


def test_without_a_block_of_the_size_a_fault_brings_in_one_page() -> None:
    takes = "".join(f"kernel alloc a{n}\n" for n in range(16))
    frees = "kernel free a2\nkernel free a5\nkernel drain\n"
    run = played(takes + frees + "cpu1 write heap.0 one\ncpu1 write heap.1 two\n")

    assert 1 == len(run.events("hugefallback"))
    assert (PMD_TABLE, 0) == (pmd(run).kind, frame(run, 0).order)
    assert 2 == len(run.events("fault"))


def test_a_region_begins_where_a_large_entry_can() -> None:
    text = f"{LARGE}process app, heap 3 pages\napp mmap anon 2 pages read-write as more\n"
    program = parse(text, "a.luf")

    assert ("heap.2", "", "more.0") == program.config.processes[0].pages[2:5]
    assert 6 == program.config.pages


def test_a_range_that_is_mapped_in_part_gets_single_pages() -> None:
    run = played("cpu1 munmap heap.1\ncpu1 write heap.0 one\n")

    assert (PMD_TABLE, 0) == (pmd(run).kind, frame(run, 0).order)


@POLICIES
def test_munmap_of_the_range_frees_the_folio_as_one_block(policy: str) -> None:
    run = played(STORED + "cpu1 munmap heap\ncpu2 read heap.1\n", policy)

    freed = run.events("free")
    assert [1] == [event.args["order"] for event in freed]
    assert PMD_NONE == pmd(run).kind
    assert not run.m.large_at(2, app(run), 0).held
    assert run.events("sigsegv")
    assert not run.violations()


@POLICIES
def test_munmap_of_a_part_splits_the_entry_and_keeps_the_folio(policy: str) -> None:
    run = played(STORED + "cpu1 munmap heap.0\ncpu2 read heap.1\ncpu2 read heap.0\n", policy)
    names = [event.name for event in run.m.events]

    assert names.index("flushed") < names.index("hugesplit") < names.index("unmap")
    assert "two" == reads(run)[-1]
    assert (PMD_TABLE, 1) == (pmd(run).kind, folio.head(frame(run, 1)).order)
    assert not run.events("free")
    assert run.events("sigsegv")
    assert not run.violations()


@POLICIES
def test_a_folio_is_freed_with_its_last_page(policy: str) -> None:
    run = played(STORED + "cpu1 munmap heap.1\ncpu1 munmap heap.0\n", policy)

    assert [1] == [event.args["order"] for event in run.events("free")]
    assert not run.violations()


@POLICIES
@pytest.mark.parametrize("which", ["heap", "heap.0", "heap.1"])
def test_mprotect_takes_rights_from_a_range_or_from_a_page_of_it(policy: str, which: str) -> None:
    stores = "cpu1 write heap.0 three\ncpu1 write heap.1 four\n"
    run = played(f"{STORED}cpu2 mprotect {which} read-only\n{stores}", policy)

    whole = which == "heap"
    assert (PMD_HUGE if whole else PMD_TABLE) == pmd(run).kind
    assert (2 if whole else 1) == len(run.events("sigsegv"))
    assert not run.violations()


def test_a_store_to_a_range_that_is_writable_again_makes_all_of_it_writable() -> None:
    there = "cpu1 mprotect heap read-only\ncpu1 mprotect heap read-write\n"
    run = played(f"{STORED}{there}cpu1 write heap.1 three\n")

    assert PMD_HUGE == pmd(run).kind
    assert [1, 1] == [run.m.pte_at(app(run), vpn).writable for vpn in (0, 1)]


@POLICIES
@pytest.mark.parametrize("which", ["heap", "heap.0"])
def test_dontneed_gives_zeros(policy: str, which: str) -> None:
    run = played(
        f"{STORED}cpu1 madvise {which} dontneed\ncpu2 read heap.0\ncpu2 read heap.1\n", policy
    )

    assert ["zero", "zero" if which == "heap" else "two"] == reads(run)[-2:]
    assert not run.violations()


@POLICIES
@pytest.mark.parametrize("which", ["heap", "heap.0"])
def test_a_page_that_was_given_up_is_dropped_and_no_other(policy: str, which: str) -> None:
    rest = "kswapd reclaim app.heap.0 app.heap.1\ncpu2 read heap.0\ncpu2 read heap.1\n"
    run = played(f"{STORED}cpu1 madvise {which} free\n{rest}", policy)

    assert ["zero", "zero" if which == "heap" else "two"] == reads(run)[-2:]
    assert not run.violations()


@POLICIES
def test_fork_shares_the_folio_and_a_store_copies_one_page(policy: str) -> None:
    rest = (
        "cpu0 run child\ncpu1 write heap.0 mine\ncpu0 read child.heap.0\ncpu0 read child.heap.1\n"
    )
    run = played(f"{STORED}cpu1 fork app as child\n{rest}", policy)

    child = run.m.mm[2]
    assert PMD_HUGE == run.m.pmd_at(child, 0).kind
    assert PMD_TABLE == pmd(run).kind
    assert ["one", "two"] == reads(run)[-2:]
    assert not run.violations()


@POLICIES
def test_mremap_moves_a_large_entry_as_a_whole(policy: str) -> None:
    run = played(f"{STORED}cpu1 mremap heap as there\ncpu2 read there.1\n", policy)

    at = run.m.config.processes[0].pages.index("there.0")
    assert (PMD_NONE, PMD_HUGE) == (pmd(run).kind, pmd(run, at).kind)
    assert "two" == reads(run)[-1]
    assert not run.violations()


@POLICIES
def test_mremap_of_a_part_splits_the_entry(policy: str) -> None:
    run = played(
        f"{STORED}cpu1 mremap heap.1 as there\ncpu2 read there.0\ncpu2 read heap.0\n", policy
    )

    assert PMD_TABLE == pmd(run).kind
    assert ["two", "one"] == reads(run)[-2:]
    assert not run.violations()


@POLICIES
@pytest.mark.parametrize("what", ["kswapd reclaim app.heap.1", "kswapd demote app.heap.1"])
def test_reclaim_and_migration_split_a_folio_first(policy: str, what: str) -> None:
    run = played(f"{STORED}{what}\ncpu2 read heap.0\ncpu2 read heap.1\n", policy)

    assert 1 == len(run.events("foliosplit"))
    assert ["one", "two"] == reads(run)[-2:]
    assert {0} == {one.order for one in run.m.frame if one.mapcount}
    assert not run.violations()


@POLICIES
def test_a_pinned_page_keeps_its_folio_whole(policy: str) -> None:
    run = played(f"{STORED}cpu1 pin heap.1\nkswapd reclaim app.heap.0\ncpu2 read heap.0\n", policy)

    assert not run.events("foliosplit")
    assert 1 == folio.head(frame(run, 1)).order
    assert not run.violations()


@POLICIES
def test_the_part_of_a_folio_that_nobody_maps_is_freed_when_reclaim_splits_it(policy: str) -> None:
    run = played(
        f"{STORED}cpu1 munmap heap.0\nkswapd reclaim app.heap.1\ncpu2 read heap.1\n", policy
    )

    assert "two" == reads(run)[-1]
    assert [0, 0] == [event.args["order"] for event in run.events("free")][:2]
    assert not run.violations()


@POLICIES
def test_a_hidden_range_comes_back_with_one_fault(policy: str) -> None:
    run = played(f"{STORED}numa scan app.heap\ncpu2 read heap.1\ncpu2 read heap.0\n", policy)

    assert PMD_HUGE == pmd(run).kind
    assert 2 == len(run.events("fault"))
    assert not run.violations()


def test_soft_dirty_of_a_range_is_cleared_as_a_whole() -> None:
    run = played(f"{STORED}cpu1 clear-soft-dirty\ncpu1 write heap.1 three\n")

    assert PMD_HUGE == pmd(run).kind
    assert 2 == len(run.events("fault"))


def test_exit_frees_everything() -> None:
    run = played(STORED + "cpu1 exit\n")

    assert not [one for one in run.m.frame[:-1] if one.mapcount or one.refs]
    assert not run.violations()


def test_a_cpu_that_drops_one_page_of_a_large_translation_drops_all() -> None:
    run = played(STORED + "cpu2 evict heap.1\ncpu2 read heap.0\n")

    assert 3 == len(run.events("fill"))


def test_a_large_translation_is_gone_before_small_ones_stand_beside_it() -> None:
    script = STORED + "cpu1 mprotect heap.0 read-only\n"

    assert [] == played(script).violations()
    found = played(script, without=("flush-before-split",)).violations()
    assert {("D", "O43")} == set(found)


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("huge-pages 3", "2, 4, 8"),
        ("huge-pages 8, max-order 2", "`max-order 3`"),
        ("huge-pages 4, tlb 2", "`tlb 4`"),
        ("huge-pages 4, dram 6, cxl 4", "multiples of 4"),
        ("huge-pages 2, table-span 2", "neither"),
        ("huge-pages 2, secondary-tlb", "neither"),
    ],
)
def test_what_does_not_go_with_huge_pages_is_told(words: str, hint: str) -> None:
    with pytest.raises(InputError) as refused:
        parse(f"machine {words}\nprocess app\n", "a.luf")

    assert hint in refused.value.problems[0].hint


@pytest.mark.parametrize(
    "line",
    ["ksmd merge app.heap.0 app.heap.1", "monitor register app.heap wp", "cpu1 probe text.0"],
)
def test_what_has_not_been_taught_is_refused(line: str) -> None:
    with pytest.raises(Refused, match="huge-pages"):
        played(f"{STORED}{line}\n")


SMALL = "cpu1 madvise heap nohugepage\n" + STORED + "cpu1 madvise heap hugepage\n"
"""The same pages, each with an entry of its own."""


@POLICIES
def test_khugepaged_makes_a_large_page_of_small_ones(policy: str) -> None:
    rest = "khugepaged collapse app.heap\ncpu2 read heap.0\ncpu2 read heap.1\n"
    run = played(SMALL + rest, policy)
    names = [event.name for event in run.m.events]

    assert (PMD_HUGE, 1) == (pmd(run).kind, frame(run, 0).order)
    assert names.index("flushed") < names.index("copy") < names.index("hugemap")
    assert ["one", "two"] == reads(run)[-2:]
    assert [0, 0] == [event.args["order"] for event in run.events("free")]
    assert not run.violations()


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        ("cpu1 pin heap.1\n", "pinned"),
        ("cpu1 madvise heap nohugepage\n", "not mapped"),
        ("cpu1 munmap heap.1\n", "not mapped"),
        ("kswapd reclaim app.heap.0\n", "not mapped"),
    ],
)
def test_khugepaged_leaves_a_range_as_it_is(before: str, reason: str) -> None:
    run = played(f"{SMALL}{before}khugepaged collapse app.heap\ncpu2 read heap.0\n")

    assert PMD_TABLE == pmd(run).kind
    assert reason == ev.REASONS[run.events("keep")[-1].args["reason"]]
    assert not run.events("hugemap")
    assert not run.violations()


def test_a_range_that_may_have_none_gets_small_pages() -> None:
    run = played(SMALL)

    assert (PMD_TABLE, 0) == (pmd(run).kind, frame(run, 0).order)
    assert not run.events("hugemap")


@pytest.mark.parametrize("line", ["khugepaged collapse app.heap", "cpu1 madvise heap hugepage"])
def test_large_pages_want_a_machine_that_has_them(line: str) -> None:
    with pytest.raises(Refused, match="huge-pages N"):
        Run(line + "\n")


def test_an_invalidate_of_one_page_is_about_all_of_a_large_translation() -> None:
    machine = LARGE.replace("\n", ", arch arm64\n")
    run = Run(STORED + "cpu1 munmap heap\ncpu2 read heap.1\n", "eager", machine=machine)

    assert run.events("sigsegv")
    assert not run.violations()


@POLICIES
def test_a_pin_for_reading_gets_a_page_of_ones_own(policy: str) -> None:
    machine = LARGE.replace("\n", ", pinned-io\n")
    rest = "cpu1 mprotect heap read-only\ncpu1 pin heap.0\n"
    run = Run(f"{STORED}cpu1 fork app as child\n{rest}", policy, machine=machine)

    assert PMD_TABLE == pmd(run).kind
    assert run.m.pte_at(app(run), 0).exclusive
    assert 1 == len(run.events("hold"))
    assert not run.violations()


FOUR = """machine  cpus 2, dram 16, huge-pages 4, max-order 3
process  app, heap 8 pages
cpu0     run app
cpu1     run app
cpu0     write heap.3 three
cpu1     read heap.3
cpu0     write heap.5 five
app      munmap heap.1
cpu1     read heap.3
expect   reads three
app      madvise heap.4 free
kswapd   reclaim heap.5
cpu1     read heap.5
expect   reads five
app      mprotect heap read-only
app      mprotect heap read-write
cpu0     write heap.6 six
khugepaged collapse app.heap.4
cpu1     read heap.6
expect   reads six
cpu1     read heap.5
expect   reads five
app      fork app as child
cpu1     run child
cpu1     write child.heap.5 theirs
cpu0     read heap.5
expect   reads five
cpu1     read child.heap.6
expect   reads six
app      exit
cpu1     read child.heap.3
expect   reads three
expect   event hugemap = 4
expect   event foliosplit = 1
expect   no violation
"""


@POLICIES
def test_a_large_page_may_be_of_four_pages(policy: str) -> None:
    timeline = record(parse(FOUR, "four.luf"), policy)

    assert [] == [one for one in timeline.outcomes if not one.held]
    assert not timeline.refusals
