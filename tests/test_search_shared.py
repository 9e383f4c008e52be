"""Several processes that share a search find what one finds, and each does its part."""

from __future__ import annotations

import io
import multiprocessing
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from luf_tui import cli
from luf_tui.errors import LufError
from luf_tui.policy.guard import Guard
from luf_tui.policy.luf import Luf
from luf_tui.search import search as searching
from luf_tui.search.exploration import Exploration
from luf_tui.search.process_memory import alone, used
from luf_tui.search.result import BOUNDED, SAFE, Limits, Progress, Result
from luf_tui.search.rows import crew, levels, packing, share, shared_levels
from luf_tui.search.rows.agreed_places import AgreedPlaces
from luf_tui.search.rows.crew import Crew
from luf_tui.search.rows.index import Index, RowTable, columns_of
from luf_tui.search.rows.packing import Layout, declared_widths
from luf_tui.search.rows.saved import Saved
from luf_tui.search.rows.shared_levels import SharedLevels
from luf_tui.search.rows.shared_memory import SharedMemory
from luf_tui.search.search import Search
from tests.races import FOLDER, GUARDED, race, start

RACE, GUARD = "flush-before-reuse", "flush-before-reuse"


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every level from the second one on is shared, in small blocks; no process is left over."""
    monkeypatch.setattr(searching, "LARGE", 2)
    monkeypatch.setattr(shared_levels, "SHARED", 2)
    monkeypatch.setattr(shared_levels, "BLOCK", 13)
    monkeypatch.setattr(share, "BLOCK", 13)
    monkeypatch.setattr(shared_levels, "BLOCKS", 2)
    monkeypatch.setattr(levels, "BLOCK", 13)
    yield
    assert [] == multiprocessing.active_children()


def of(result: Result) -> tuple[object, ...]:
    """What may not depend on how many processes there were; what happened in states that were
    looked at and not counted may.
    """
    orders = tuple((one.obligation, one.turns, one.message) for one in result.broken)
    happened = result.happened if result.verdict == SAFE else result.happened.finals
    figures = (result.states, result.transitions, result.depth, result.deviations)
    return result.verdict, result.why, result.collision, figures, orders, happened


def search(jobs: int, *without: str, name: str = RACE, **options: object) -> Search:
    options = {"symmetric": False, **options}
    return Search(start(race(name), *without).transitions, jobs=jobs, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("guarded", [True, False])
@pytest.mark.parametrize(
    ("name", "jobs"),
    [("flush-before-reuse", 2), ("switched-out", 2), ("switched-out", 3)],
)
def test_several_find_what_one_finds(name: str, guarded: bool, jobs: int) -> None:
    without = () if guarded else GUARDED[name][:1]
    alone = search(1, *without, name=name).run()
    assert of(alone) == of(search(jobs, *without, name=name).run())


@pytest.mark.parametrize("states", [2, 151, 152, 400])
def test_so_they_do_up_to_a_limit(states: int) -> None:
    for without in ((), (GUARD,)):
        limits = Limits(states)
        alone = search(1, *without, limits=limits).run()
        assert of(alone) == of(search(2, *without, limits=limits).run())


def test_so_they_do_past_a_violation() -> None:
    alone = search(1, GUARD, all_findings=True).run()
    assert len(alone.broken) > 2
    assert of(alone) == of(search(2, GUARD, all_findings=True).run())


def test_so_they_do_with_states_renamed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(searching, "JUDGE_AT", 2)
    monkeypatch.setattr(searching, "LARGE", 8)
    monkeypatch.setattr(searching, "WORTHWHILE", 2)
    one, two = search(1, symmetric=True), search(2, symmetric=True)
    assert of(one.run()) == of(two.run())
    assert one._renamed and two._renamed


def test_so_they_do_where_cells_turn_out_to_be_too_narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = search(1, GUARD).run()
    monkeypatch.setattr(packing, "USUAL", 3)
    narrow = search(2, GUARD)
    assert of(alone) == of(narrow.run())
    assert narrow._wider


@pytest.mark.parametrize("jobs", [2, 3])
def test_each_process_looks_up_its_share(jobs: int) -> None:
    """And knows its share of the states."""
    shared = search(jobs)
    result = shared.run()
    assert isinstance(shared._levels, SharedLevels)
    looked_up = shared._levels.looked_up
    assert jobs == len(looked_up)
    assert 0.9 * result.states < sum(looked_up) <= result.states
    assert min(looked_up) > 0.7 * max(looked_up)
    assert 0.5 < jobs * len(shared._levels.seen) / result.states < 1.5


def test_what_one_process_learns_all_know() -> None:
    """It is learnt twice where two come upon it at once, and counted as often."""
    alone, shared = search(1, name="munmap").run(), search(2, name="munmap")
    two, space = shared.run(), shared.space
    assert [*range(two.learnt)] == [row.number for row in space.learner.rows]
    assert alone.learnt == sum(len(one.rows) for one in space.questions)
    assert alone.learnt < two.learnt < 1.2 * alone.learnt
    assert alone.checked <= two.checked


def test_every_row_of_every_process_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("luf_tui.search.rows.space.OFTEN", 10**9)
    monkeypatch.setattr("luf_tui.search.rows.space.SELDOM", 10**9)
    monkeypatch.setattr(shared_levels, "SHARED", 12)
    shared = search(2)
    found = shared.run()
    assert shared._levels is not None
    assert found.learnt < found.checked <= found.learnt + 20


# -- what can go wrong ----------------------------------------------------------------------------


def meanwhile(monkeypatch: pytest.MonkeyPatch, deed: object, **options: object) -> Search:
    """A search by two, in the middle of which something happens."""
    monkeypatch.setattr(searching, "TELL_EVERY", 10)
    found: list[Search] = []

    def tell(at: Progress) -> None:
        if at.states > 200:
            deed(found[0])  # type: ignore[operator]

    found.append(search(2, tell=tell, **options))
    return found[0]


def crew_of(running: Search) -> Crew:
    assert isinstance(running._levels, SharedLevels)
    assert running._levels._crew is not None
    return running._levels._crew


def test_a_process_that_is_killed_is_told_and_nobody_waits_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def kill(running: Search) -> None:
        (process,) = crew_of(running).processes
        process.kill()
        process.join()

    with pytest.raises(LufError, match=r"a process of --jobs ended, .*leave --jobs out"):
        meanwhile(monkeypatch, kill).run()


def test_ctrl_c_keeps_what_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def typed(_: Search) -> None:
        signal.raise_signal(signal.SIGINT)

    found = meanwhile(monkeypatch, typed).run()
    assert (BOUNDED, searching.INTERRUPTED) == (found.verdict, found.why)
    assert 200 < found.states < 732


def test_others_do_not_hear_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    def typed(running: Search) -> None:
        for process in crew_of(running).processes:
            assert process.pid is not None
            os.kill(process.pid, signal.SIGINT)

    assert of(search(1).run()) == of(meanwhile(monkeypatch, typed).run())


def test_the_memory_of_all_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[int] = []

    def noted(running: Search) -> None:
        told.append(crew_of(running).memory)

    meanwhile(monkeypatch, noted).run()
    assert min(told) > 1_000_000
    monkeypatch.setattr(crew, "alone", lambda _: 10**12)
    found = search(2, limits=Limits(memory=10**11)).run()
    assert (BOUNDED, True) == (found.verdict, "of memory" in found.why)


def test_memory_that_is_shared_with_nobody_is_part_of_what_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert 0 < alone(os.getpid()) < 2 * used()
    monkeypatch.setattr("luf_tui.search.process_memory.PROCESSES", tmp_path)
    assert alone(os.getpid()) > used() // 2


def test_a_process_that_cannot_be_had_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> int:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", refused)
    with pytest.raises(LufError, match=r"no other process can be had \(Resource temp"):
        search(2).run()


def test_memory_that_cannot_be_had_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(running: Search) -> None:
        def refused(*_: object) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(SharedMemory, "grow", refused)

    with pytest.raises(LufError, match=r"no memory to share can be had \(No space left"):
        meanwhile(monkeypatch, full).run()


class AtHome(Luf):
    """Right in one process, and wrong in every other one."""

    NAME = "at-home"
    home = 0

    def has(self, guard: Guard) -> bool:
        return super().has(guard) and os.getpid() == self.home


def test_what_another_process_finds_wrong_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AtHome, "home", os.getpid())
    monkeypatch.setattr("luf_tui.search.rows.space.OFTEN", 1)
    assert SAFE == Exploration(race(RACE), AtHome(), symmetric=False).run().verdict
    with pytest.raises(LufError, match="not in `self`"):
        Exploration(race(RACE), AtHome(), symmetric=False, jobs=2).run()


# -- memory that is shared, and places that are agreed upon ---------------------------------------


def test_memory_that_grew_elsewhere_is_there() -> None:
    memory = SharedMemory("some")
    memory.grow(80)
    memory.array(np.uint64, 10)[:] = 7
    child = os.fork()
    if not child:
        memory.grow(8_000_000)
        memory.array(np.uint64, 1_000_000)[-1] = 9
        os._exit(0)
    os.waitpid(child, 0)
    assert (7, 9) == tuple(memory.array(np.uint64, 1_000_000)[[3, -1]])
    assert 0 == len(memory.array(np.uint64, 0))
    memory.close()


def test_a_cell_that_got_its_place_elsewhere_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    done = search(1)
    done.run()
    learner = done.space.learner
    layout = learner.layout
    known, row, cell = next(
        (known, row, cell)
        for _, known in done.space.turns
        for row in known.rows
        for cell in row.reads - {*layout.places}
    )
    unread = (one for one in range(len(layout.widths)) if one not in row.reads)
    while layout.bits % 64 > 40 or not layout.bits % 64:
        layout.place(next(unread))
    index, first = Index(known, RowTable(learner)), np.arange(1)
    assert [row.number] == index.rows(columns_of([row.seen], layout.words), first).tolist()

    layout.put(cell)
    learner.grown.clear()  # as if no row wrote to it
    asked: list[int] = []
    monkeypatch.setattr(known, "of", lambda state: asked.append(state) or row)
    other = row.seen | layout.ones(cell)
    index.rows(columns_of([other], layout.words), first)
    assert [other] == asked


def test_cells_get_one_place_in_all_processes_whoever_asks_first() -> None:
    cells = start(race(RACE)).transitions.cells
    widths = declared_widths(start(race(RACE)).transitions.machine)
    one, two = Layout(cells, widths), Layout(cells, widths)
    first, second = AgreedPlaces(one), AgreedPlaces(two)
    second.memory.close()
    second.memory, second._cells = first.memory, first._cells
    told: list[int] = []
    two.mask([5], told.append)
    for layout, cell in ((one, 5), (two, 9), (one, 2), (two, 5), (one, 9)):
        layout.place(cell)
    assert [5, 9, 2] == [*one.places]
    second.catch_up()
    assert one.places == two.places
    assert [two.ones(5)] == told
    first.close()
    assert 3 < one.place(3) == one.bits - widths[3]


# -- with what else there is ----------------------------------------------------------------------


@pytest.mark.parametrize(("before", "after", "states"), [(1, 2, 333), (2, 1, 333), (2, 3, 30)])
def test_a_search_is_left_and_taken_up_by_any_number(
    tmp_path: Path, before: int, after: int, states: int
) -> None:
    whole = search(1).run()
    first = search(before, limits=Limits(states), resumable=True)
    assert BOUNDED == first.run().verdict
    with (tmp_path / "left").open("wb") as file:
        first.save(file, {})
    again = search(after, saved=Saved(tmp_path / "left")).run()
    assert of(whole) == of(again)


def test_what_is_known_elsewhere_is_fetched_only_where_it_is_to_be_saved() -> None:
    shared, kept = search(2, limits=Limits(500)), search(2, limits=Limits(500), resumable=True)
    shared.run(), kept.run()
    assert shared._levels is not None and kept._levels is not None
    assert len(shared._levels.seen) < 400 < 500 <= len(kept._levels.seen)
    kept.save(io.BytesIO(), {})


RUN = ("explore", str(FOLDER / f"{RACE}.luf"), "--no-symmetry")


def test_the_command_shares_with_as_many_as_are_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[int] = []
    begin = Crew.__init__

    def noted(self: Crew, jobs: int, *words: object) -> None:
        asked.append(jobs)
        begin(self, jobs, *words)  # type: ignore[arg-type]

    monkeypatch.setattr(Crew, "__init__", noted)
    assert 0 == cli.main([*RUN])
    plain = capsys.readouterr().out
    assert 0 == cli.main([*RUN, "--jobs", "3"])
    assert [3] == asked
    assert plain.splitlines()[1] == capsys.readouterr().out.splitlines()[1]


def test_where_no_process_can_fork_one_does_it_all(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(crew, "can_fork", lambda: False)
    monkeypatch.setattr(Crew, "__init__", None)
    assert 0 == cli.main([*RUN, "--jobs", "2"])
    assert "--jobs: processes cannot share a search on this system" in capsys.readouterr().err
