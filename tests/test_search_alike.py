"""CPUs, tasks and pages that may do the same change places: exactly what a search without finds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from luf_tui.machine.machine import Machine, RegionSpec
from luf_tui.machine.regions import Number, Record
from luf_tui.policy.base import Policy
from luf_tui.policy.batched import Batched
from luf_tui.policy.registry import make_policy
from luf_tui.script.parse import parse
from luf_tui.script.program import Program
from luf_tui.search import search as searching
from luf_tui.search.happened import BEGAN
from luf_tui.search.race_start import at_race
from luf_tui.search.result import SAFE, UNSAFE, Limits, Result
from luf_tui.search.rows import shared_levels
from luf_tui.search.rows.cell_columns import CellColumns
from luf_tui.search.rows.index import columns_of
from luf_tui.search.rows.learner import MADE
from luf_tui.search.rows.names.alike import Group
from luf_tui.search.rows.names.least import LeastNames
from luf_tui.search.rows.names.machine_names import MachineNames
from luf_tui.search.rows.names.permuted import Moved
from luf_tui.search.rows.packing import Layout, declared_widths
from luf_tui.search.rows.saved import Saved
from luf_tui.search.rows.space import Space
from luf_tui.search.search import Search
from luf_tui.search.watched_race import WatchedRace
from tests.naming_runs import names_from_the_start, rows

TEXT = """\
title    Who may do the same
machine  cpus {cpus}, dram {dram}, max-order 0, tlb {tlb}, pcp-high 0, swap 0, key-bits 2
policy   batched
{threads}
process  app, heap {heap}
file     lib, {file}
app      mmap lib {rights} as text
{runs}
forever
{lines}
end
"""


def block(
    *lines: str,
    cpus: int = 2,
    run: Sequence[int] = (0, 1),
    threads: str = "",
    dram: int = 1,
    tlb: int = 1,
    heap: str = "1 page",
    file: str = "1 page",
    rights: str = "read-only",
) -> Program:
    """A forever block of some lines on a small machine."""
    runs = "\n".join(f"cpu{cpu} run app" for cpu in run)
    words = {"cpus": cpus, "dram": dram, "tlb": tlb, "heap": heap, "file": file, "rights": rights}
    text = TEXT.format(threads=threads, runs=runs, lines="\n".join(lines), **words)
    return parse(text, "alike.luf")


READERS = block("any cpu read text.0", "any cpu reclaim text.0")
PAGES = block(
    *("cpu0 read any page", "kswapd reclaim text.0", "kswapd reclaim text.1"),
    threads="kswapd on cpu1",
    run=(0,),
    file="2 pages",
    tlb=3,
)
WRITERS = block(
    *("cpu0 write any page", "kswapd reclaim lib.0", "kswapd reclaim lib.1"),
    threads="kswapd on cpu1",
    run=(0,),
    file="2 pages",
    tlb=3,
    rights="shared read-write",
)
BOTH = block(
    *("any cpu read any page", "cpu0 reclaim text.0", "cpu1 reclaim text.0"),
    *("cpu0 reclaim text.1", "cpu1 reclaim text.1"),
    file="2 pages",
    tlb=3,
)
THREE = block(
    *("any cpu read text.0", "kswapd reclaim text.0"),
    cpus=4,
    run=(0, 1, 2),
    threads="kswapd on cpu3",
)
"""Three that flush for what they take: two of them may wait for one CPU at the same time."""


@contextmanager
def permuted(at: int = 1) -> Iterator[None]:
    """A search lets change places who may, from so many states on."""
    usual = searching.PERMUTE_AT
    searching.PERMUTE_AT = at
    with names_from_the_start():
        try:
            yield
        finally:
            searching.PERMUTE_AT = usual


def searched(
    program: Program, policy: Policy, *, most: int = 0, at: int = 1, **options: object
) -> tuple[Search, Result]:
    """A search in which those who may do the same change places, once it has so many states."""
    start = at_race(program, policy)
    assert start is not None
    with permuted(at):
        limits = Limits(most)
        search = Search(start.transitions, limits=limits, **options)  # type: ignore[arg-type]
        return search, search.run()


def under_least_names(
    search: Search, states: Iterable[Sequence[int]], other: Layout | None = None
) -> set[tuple[int, ...]]:
    """States by their cells, under the names that a search gives them. Only cells that have a place
    there, or in an `other` layout, differ from the start.
    """
    layout = search.space.learner.layout
    packed = [layout.state(cells, other.places if other else ()) for cells in states]
    columns = CellColumns(layout, columns_of(packed, layout.words))
    assert search._least
    search._least.rename(columns)
    return {*rows(columns)}


NEVER = 10**9
CASES = [
    (READERS, "eager", (), SAFE, ("cpu0 cpu1",)),
    (READERS, "batched", ("flush-before-free",), UNSAFE, ("cpu0 cpu1",)),
    (PAGES, "eager", (), SAFE, ("app.text.0 app.text.1",)),
    (WRITERS, "luf", (), SAFE, ("app.text.0 app.text.1",)),
]


@pytest.mark.parametrize(("program", "policy", "without", "verdict", "who"), CASES)
def test_the_same_states_are_reached_and_the_same_is_found(
    program: Program, policy: str, without: tuple[str, ...], verdict: str, who: tuple[str, ...]
) -> None:
    options = {"keep": True, "all_findings": True}
    search, found = searched(program, make_policy(policy, without), **options)
    plain, all_found = searched(program, make_policy(policy, without), at=NEVER, **options)
    assert (verdict, who, set()) == (found.verdict, found.happened.permuted, search._left_out)
    assert (verdict, ()) == (all_found.verdict, all_found.happened.permuted)
    reached = {tuple(cells) for cells in search.reached()}
    assert reached == under_least_names(search, plain.reached(), plain.space.learner.layout)
    assert len(reached) == found.states < 0.6 * all_found.states
    assert found.depth == all_found.depth
    assert found.happened.facts == all_found.happened.facts
    kinds = [{broken.obligation for broken in one.broken} for one in (found, all_found)]
    assert kinds[0] == kinds[1]


@pytest.mark.parametrize("policy", ["batched", "luf"])
def test_all_that_a_state_can_be_named_get_one_name(policy: str) -> None:
    search, _ = searched(BOTH, make_policy(policy, ()), most=2000, keep=True)
    assert ["cpu0 cpu1", "app.text.0 app.text.1"] == [*search._happened().permuted]
    states = np.array([*search.reached()], np.int64)[::7]
    named = {tuple(cells) for cells in states.tolist()}
    assert search._group
    elements = search._group.elements
    assert 4 == len(elements)
    for element in elements:
        turned = [element.moved.cells(cells).tolist() for cells in states]
        assert named == under_least_names(search, turned)


def test_new_names_can_be_taken_back_and_come_one_after_the_other() -> None:
    search, _ = searched(BOTH, make_policy("luf", ()), most=1500, keep=True)
    assert search._group
    moved = [element.moved for element in search._group.elements]
    places = {one.permutation: one for one in moved}
    layout = search.space.learner.layout
    states = np.array([*search.reached()], np.int64)[::20]
    for one in moved:
        columns = CellColumns(
            layout, columns_of([layout.state(cells) for cells in states.tolist()], layout.words)
        )
        by_levels = rows(one.columns(columns))
        for cells, told in zip(states, by_levels, strict=True):
            new = one.cells(cells)
            assert told == tuple(new.tolist())
            assert (places[one.permutation.back()].cells(new) == cells).all()
            for other in moved:
                both = places[one.permutation.then(other.permutation)]
                assert (other.cells(new) == both.cells(cells)).all()


def test_two_that_wait_for_one_cpu_are_taken_in_an_order_and_keep_their_places(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whichever process finds that out."""
    monkeypatch.setattr(shared_levels, "SHARED", 40)
    search, found = searched(THREE, make_policy("luf", ()), most=8000, jobs=2)
    assert ({0}, ()) == (search._left_out, found.happened.permuted)
    _, other = searched(THREE, make_policy("batched", ()), most=1000)
    assert ("cpu0 cpu1 cpu2",) == other.happened.permuted


@pytest.mark.parametrize("declared", ["mask", "ref", "of"])
def test_a_name_that_is_left_as_it_was_is_noticed(
    declared: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is declared wrongly, the engine says otherwise, and nobody changes places."""
    usual = Moved._table

    def wrong(moved: Moved, field: object) -> Sequence[int]:
        named = getattr(field, declared) in ("cpu", "task", "pte", "file_page", "page")
        return () if named else usual(moved, field)  # type: ignore[arg-type]

    monkeypatch.setattr(Moved, "_table", wrong)
    program, policy = (PAGES, "eager") if declared == "of" else (READERS, "batched")
    search, found = searched(program, make_policy(policy, ()))
    assert ({0}, (), SAFE) == (search._left_out, found.happened.permuted, found.verdict)
    assert found.states == searched(program, make_policy(policy, ()), at=NEVER)[1].states


EVERY = """\
title    Whatever one page is named for
machine  cpus 3, dram 2, cxl 1, max-order 0, tlb 4, pcp-high 1, swap 2, key-bits 2
policy   luf
{threads}
process  app, heap 2 pages
file     lib, 2 pages
app      mmap lib shared read-write as text
cpu0     run app
cpu1     run app
monitor  register heap wp
forever
{lines}
end
"""
BY_CPUS = (
    *("read any page", "write any page fresh", "write any page", "madvise any page dontneed"),
    *("madvise any page cold", "madvise any page free", "munmap any page"),
    *("mprotect any page read-only", "mprotect any page read-write", "pin any page"),
    *("unpin any page", "pwrite any page fresh"),
)
BY_THREADS = (
    *("kswapd reclaim any page", "kswapd demote any page", "numa scan any page"),
    *("numa promote any page", "kcompactd compact any page", "kernel move any page to cxl"),
    *("kernel poison any page", "kernel alloc slab", "kernel free slab", "kernel drain"),
    *("kernel report", "kernel tick", "flusher writeback any page"),
    *("ksmd merge any page any page", "monitor write-protect any page"),
    *("monitor unprotect any page", "monitor uffdio-copy any page fresh"),
)


def every_verb(policy: str) -> Space:
    """All that can be done to one page, asked under all names."""
    threads = dict.fromkeys(line.split()[0] for line in BY_THREADS)
    lines = [*(f"any cpu {line}" for line in BY_CPUS), *BY_THREADS]
    words = {"threads": "\n".join(f"{one} on cpu2" for one in threads)}
    program = parse(EVERY.format(lines="\n".join(lines), **words), "every.luf")
    start = at_race(program, make_policy(policy, ()))
    assert start is not None
    race = WatchedRace(start.transitions)
    group = Group(race.transitions)
    assert [("cpu0", "cpu1"), ("app.heap.0", "app.heap.1"), ("app.text.0", "app.text.1")] == [
        part.names for part in group.parts
    ]
    return Space(race, {}, group=group)


def played(space: Space, state: int, turn: int, most: int = 60) -> int:
    """The state in which what a turn begins has ended, interrupted CPUs answering, or waits. Who
    begins it is put on its CPU first.
    """
    race = space.learner.system
    assert isinstance(race, WatchedRace)
    mover = race.transitions.mover(turn)
    movers = [one for one in (*range(race.machine.config.cpus), mover) if one in space.turn]
    rows_ = [space.turn[one].of(state) for one in (turn, *movers[-1:])]
    begun = rows_[0].what == MADE
    while most and (made := [row for row in rows_ if row.what == MADE]):
        state = (state | made[0].clear) ^ made[0].flip
        most -= 1
        turns = movers if begun else [turn, *movers]
        rows_ = [space.turn[one].of(state) for one in turns]
        begun = begun or rows_[0].what == MADE
    return state


def test_whatever_is_done_to_one_page_is_the_same_under_other_names() -> None:
    """No local of an operation in flight that says a CPU or a page is left as it was."""
    space = every_verb("luf")
    race = space.learner.system
    assert isinstance(race, WatchedRace)
    state, lines = 0, dict[int, list[int]]()
    first = race.machine.contexts + len(race.transitions.choices)
    for number, (ctx, nth) in enumerate(race.transitions.begun):
        op = race.transitions.ops[ctx][nth]
        if "heap.1" not in op.chosen and "text.1" not in op.chosen:
            lines.setdefault(op.span.line, []).append(first + number)
    readers, writers, *others = lines.values()
    for turn in (*writers, *readers):
        state = played(space, state, turn)
    for turns in others:
        for turn in turns[:2]:
            for before in (0, state):
                played(space, before, turn)
    facts = {about for what, about in space.facts if what == BEGAN}
    assert [] == [race_line(race, one) for one in lines if one not in facts]


def race_line(race: WatchedRace, number: int) -> str:
    """A line of the block."""
    ops = chain.from_iterable(race.transitions.ops.values())
    return next(op.written for op in ops if op.span.line == number)


class Note(Record):
    """What a policy notes of a CPU."""

    unmaps = Number("whether it has unmapped", bits=1)


class Noting(Batched):
    """Flushes at once when the CPU that unmaps has done so before."""

    NAME = "noting"
    PER = ""

    def regions(self, config: object) -> list[RegionSpec]:
        """A note for each CPU."""
        cpus = config.cpus  # type: ignore[attr-defined]
        return [*super().regions(config), RegionSpec("noted", Note, cpus, self.PER)]  # type: ignore[arg-type]

    def pays(self, m: Machine, task: object, cpu: int, pte: object, batch: bool) -> int:
        """NOW, every second time."""
        note = m.regions["noted"][cpu]
        note.unmaps = 1 - note.unmaps
        return super().pays(m, task, cpu, pte, batch and bool(note.unmaps))  # type: ignore[arg-type]


class Declared(Noting):
    """The same, and it says for whom the notes are."""

    NAME = "declared"
    PER = "cpu"


def test_a_policy_that_does_not_say_for_whom_a_region_is_keeps_everybody_in_place() -> None:
    search, found = searched(READERS, Noting())
    assert ({0}, ()) == (search._left_out, found.happened.permuted)
    other, fewer = searched(READERS, Declared())
    assert (set(), ("cpu0 cpu1",)) == (other._left_out, fewer.happened.permuted)
    assert (SAFE, SAFE) == (found.verdict, fewer.verdict)
    assert fewer.states < 0.6 * found.states


def test_an_order_that_breaks_something_is_told_under_the_names_that_all_have() -> None:
    for program, policy, guard in (
        (READERS, "batched", "flush-before-free"),
        (BOTH, "luf", "flush-before-reuse"),
    ):
        search, found = searched(program, make_policy(policy, (guard,)))
        assert UNSAFE == found.verdict
        named = search.space.ways.path(search.space.breaks[0][0])
        assert [*found.broken[0].turns[:-1]] != named
        start = at_race(program, make_policy(policy, (guard,)))
        assert start is not None
        finding = start.transitions.replay(found.broken[0].turns)
        assert finding is not None
        assert finding.obligation == found.broken[0].obligation
        _, plain = searched(program, make_policy(policy, (guard,)), at=NEVER)
        assert len(plain.broken[0].turns) == len(found.broken[0].turns)


def test_who_is_not_alike_is_not_looked_for() -> None:
    for lines, options, who in (
        (("any cpu read text.0", "cpu0 reclaim text.0"), {}, ()),
        (("cpu0 read text.0", "cpu1 read text.0", "any cpu reclaim lib.0"), {}, ("cpu0 cpu1",)),
        (
            ("any cpu read text.0", "kswapd reclaim text.0"),
            {"threads": "kswapd on cpu0"},
            (),
        ),
        (("any cpu read any page", "any cpu reclaim text.0"), {"file": "2 pages"}, ("cpu0 cpu1",)),
        (("any cpu write heap.0 one", "cpu0 write heap.1 one"), {"heap": "2 pages"}, ()),
        (
            ("any cpu write heap.0 one", "any cpu write heap.1 two"),
            {"heap": "2 pages"},
            ("cpu0 cpu1", "app.heap.0 app.heap.1"),
        ),
        (
            ("cpu0 write heap.0 one", "cpu1 write heap.0 two", "any cpu read heap.0"),
            {},
            ("cpu0 cpu1",),
        ),
    ):
        start = at_race(block(*lines, **options), make_policy("eager", ()))  # type: ignore[arg-type]
        assert start is not None
        assert who == tuple(" ".join(part.names) for part in Group(start.transitions).parts)


def test_the_looks_of_a_state_do_no_more_than_save_time(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = searched(READERS, make_policy("eager", ()))[1].states
    monkeypatch.setattr(LeastNames, "chosen", _by_all_names)
    assert usual == searched(READERS, make_policy("eager", ()))[1].states


def _by_all_names(names: LeastNames, columns: CellColumns) -> np.ndarray:
    """The least name of each state, all permutations tried."""
    given = CellColumns(columns.layout, columns.words)
    candidates = []
    for element in names.group.elements:
        turned = element.moved.columns(given)
        names.others.rename(turned)
        candidates.append(rows(turned))
    best = [min(range(len(one)), key=one.__getitem__) for one in zip(*candidates, strict=True)]
    layout = columns.layout
    states = [candidates[number][at] for at, number in enumerate(best)]
    columns.words = columns_of([layout.state(cells) for cells in states], layout.words)
    return np.array(best)


def test_two_processes_find_what_one_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_levels, "SHARED", 40)
    _, one = searched(READERS, make_policy("eager", ()))
    search, two = searched(READERS, make_policy("eager", ()), jobs=2)
    same = ("verdict", "states", "transitions", "depth", "happened")
    assert [getattr(one, name) for name in same] == [getattr(two, name) for name in same]
    assert isinstance(search._levels, shared_levels.SharedLevels)
    assert all(search._levels.looked_up)


def test_a_search_that_was_saved_goes_on_under_the_same_names(tmp_path: Path) -> None:
    policy = make_policy("eager", ())
    search, bounded = searched(READERS, policy, most=900)
    path = tmp_path / "saved"
    with path.open("wb") as file:
        search.save(file, {})
    _, found = searched(READERS, policy, saved=Saved(path))
    _, whole = searched(READERS, policy)
    same = ("verdict", "states", "transitions", "depth", "happened")
    assert [getattr(whole, name) for name in same] == [getattr(found, name) for name in same]
    assert bounded.states < found.states


def test_from_many_states_on_a_search_begins_again_with_more_names() -> None:
    policy = make_policy("eager", ())
    _, plain = searched(READERS, policy, at=NEVER)
    assert ((), True) == (plain.happened.permuted, plain.lasting is not None)
    _, found = searched(READERS, policy, at=plain.states // 2)
    assert (("cpu0 cpu1",), None) == (found.happened.permuted, found.lasting)
    assert found.states < plain.states


def test_a_layout_that_grows_leaves_names_as_they_are() -> None:
    """States keep the names they have while other cells get their places."""
    start = at_race(READERS, make_policy("luf", ()))
    assert start is not None
    moves = start.transitions
    group = Group(moves)
    lines = chain.from_iterable(moves.ops.values())
    names = LeastNames(group, MachineNames(moves.machine, moves.k.policy, lines))
    search, _ = searched(READERS, make_policy("luf", ()), most=1500, keep=True)
    states = [*search.reached()][::10]
    layout = Layout(moves.machine.cells, [max(one, 16) for one in declared_widths(moves.machine)])
    told = []
    for _ in range(2):
        packed = [layout.state(cells, range(len(cells))) for cells in states]
        columns = CellColumns(layout, columns_of(packed, layout.words))
        names.rename(columns)
        told.append(rows(columns))
        for cell in range(0, len(layout.first), 7):
            layout.place(cell)
    assert told[0] == told[1]
