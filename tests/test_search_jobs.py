"""Several processes share the work of a search, and find what one finds in the same order."""

from __future__ import annotations

from functools import partial
from random import Random

import pytest

from luf_tui.errors import LufError
from luf_tui.policy.registry import make_policy
from luf_tui.script.parse import parse
from luf_tui.script.program import Program
from luf_tui.search import search as searching
from luf_tui.search import shared_search
from luf_tui.search.exploration import Exploration, Report
from luf_tui.search.keys import WIDE, Keys
from luf_tui.search.pool import Pool, mapped
from luf_tui.search.search import BOUNDED, SAFE, UNSAFE, Limits
from luf_tui.search.shared_search import Chunk, RaceOf
from tests.races import race, start, tiny


def halves(number: int) -> int:
    if number % 2:
        raise LufError(f"{number} is odd")
    return number // 2


def make_halves() -> partial[int]:
    return partial(halves)


def explored(program: Program, *without: str, jobs: int, states: int = 0) -> Report:
    policy = make_policy("luf", without)
    return Exploration(program, policy, jobs=jobs, limits=Limits(states=states)).run()


def shared_by(report: Report) -> int:
    """How many processes a search was shared by, each of which has to have done a part."""
    assert all(one.states > 0 and one.turns > 0 for one in report.shares)
    return len(report.shares)


@pytest.fixture
def shared_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Helpers join a small search, once renaming has been judged; chunks are for all of them."""
    monkeypatch.setattr(searching, "JUDGE_AT", 40)
    monkeypatch.setattr(searching, "SHARE_AT", 50)
    monkeypatch.setattr(shared_search, "LEAST", 1)


@pytest.mark.usefixtures("shared_at_once")
@pytest.mark.parametrize(
    ("program", "guard", "states", "verdict"),
    [
        (race("munmap"), "", 0, SAFE),
        (race("pending-wrprotect"), "", 0, SAFE),
        (race("pending-wrprotect"), "pending-wrprotect", 0, UNSAFE),
        (tiny("allow evict, prefetch, drain"), "", 0, SAFE),
        (race("uffd"), "", 2000, BOUNDED),
    ],
)
def test_two_processes_find_what_one_finds(
    program: Program, guard: str, states: int, verdict: str
) -> None:
    without = (guard,) if guard else ()
    alone = explored(program, *without, jobs=1, states=states)
    shared = explored(program, *without, jobs=2, states=states)
    assert (verdict, 1) == (alone.verdict, shared_by(alone))
    assert 3 == shared_by(shared)
    assert (alone.states, alone.transitions, alone.schedule, alone.scenario, alone.why) == (
        shared.states,
        shared.transitions,
        shared.schedule,
        shared.scenario,
        shared.why,
    )


@pytest.mark.usefixtures("shared_at_once")
@pytest.mark.parametrize(("jobs", "processes"), [(1, 1), (2, 3), (3, 4)])
@pytest.mark.parametrize("more", ["", "race\n  cpu1 read heap.0\n  cpu2 read heap.0\nend\n"])
def test_what_each_process_expanded_adds_up_over_all_races(
    jobs: int, processes: int, more: str
) -> None:
    source = "\n".join(tiny("allow evict, prefetch, drain").source)
    report = explored(parse(f"{source}\n{more}"), jobs=jobs)
    assert processes == shared_by(report)
    assert report.states == sum(one.states for one in report.shares)
    assert report.transitions == sum(one.turns for one in report.shares)


def test_a_helper_reads_keys_in_the_order_of_whoever_asks() -> None:
    program = race("munmap")
    make = RaceOf(program, "luf", (), 0)
    first = make()(Chunk(1, symmetric=False, layout=(), states=(b"",)))
    changed = list(first.layout)
    Random(1).shuffle(changed)
    helper = make()
    helper(Chunk(1, symmetric=False, layout=tuple(changed), states=()))
    again = helper(Chunk(1, symmetric=False, layout=tuple(changed), states=(b"",)))
    assert tuple(changed) == again.layout
    keys = Keys(start(program).transitions.cells)
    keys.learn(first.layout)
    for (turn, key), (other, named) in zip(
        first.successors[0].new, again.successors[0].new, strict=True
    ):
        assert turn == other
        assert key == keys.translated(named, again.layout)


def test_a_helper_whose_cells_do_not_fit_says_so() -> None:
    helper = RaceOf(race("munmap"), "luf", (), 0)()
    helper.transitions.cells.write(len(helper.transitions.cells.values) - 1, 70_000)
    helper.origin = helper.transitions.cells.snapshot()
    narrow = Chunk(
        1, symmetric=True, layout=(len(helper.transitions.cells.values) - 1,), states=(b"",)
    )
    wide = Chunk(WIDE, symmetric=True, layout=narrow.layout, states=(b"",))
    helper(Chunk(WIDE, symmetric=True, layout=(), states=()))
    assert helper(narrow).wide
    assert helper(wide).successors


@pytest.mark.parametrize("jobs", [1, 2])
def test_answers_come_in_the_order_of_the_tasks(jobs: int) -> None:
    numbers = range(0, 60, 2)
    assert [n // 2 for n in numbers] == list(mapped(jobs, make_halves, numbers))


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_a_worker_raises_is_raised(jobs: int) -> None:
    with pytest.raises(LufError, match="3 is odd"):
        list(mapped(jobs, make_halves, [2, 3, 4]))


def test_a_process_that_ends_is_told() -> None:
    with Pool(1, make_halves) as pool:
        answers = pool.map([2, 4])
        assert 1 == next(answers)
        pool._processes[0].terminate()
        pool._processes[0].join()
        with pytest.raises(LufError, match="a process of --jobs ended"):
            list(answers)
