"""Random walks: orders drawn from a seed, where there are too many to try each."""

from __future__ import annotations

from array import array

import pytest

from luf_tui.engine.strategy import walk
from luf_tui.policy.registry import make_policy
from luf_tui.script.parse import parse
from luf_tui.search.exploration import Exploration
from luf_tui.search.random_walks import RandomWalk, RandomWalks
from luf_tui.search.result import BOUNDED, DEADLOCK, SAFE, UNSAFE, Limits
from luf_tui.search.search import Search
from luf_tui.timeline.recorder import record
from tests.races import GUARDED, STUCK, interrupt_after, race, start, tiny


def walked(seed: int, most: int = 1000) -> list[int]:
    transitions = start(race("munmap")).transitions
    return [turn for turn, _ in walk(transitions, RandomWalk(seed, most))]


def test_a_seed_is_one_walk_and_another_seed_another() -> None:
    assert walked(1) == walked(1)
    assert walked(1) != walked(2)


def test_a_walk_ends_where_no_turn_can_be_taken() -> None:
    transitions = start(race("munmap")).transitions
    assert [*walk(transitions, RandomWalk(1))]
    assert [] == transitions.enabled()


def test_a_walk_takes_no_more_turns_than_it_may() -> None:
    assert walked(1)[:7] == walked(1, most=7)


@pytest.mark.parametrize("name", ["munmap", "write-syscall"])
def test_walks_meet_only_states_that_a_search_meets(name: str) -> None:
    """In the second one, there is an operation that cannot begin at all times."""
    transitions = start(race(name)).transitions
    walks = RandomWalks(transitions, 30)
    found = walks.run()
    search = Search(transitions, symmetric=False, keep=True)
    whole = search.run()
    typecode = transitions.cells.typecode
    known = {hash(array(typecode, cells).tobytes()) for cells in search.reached()}
    assert set() == walks.seen - known
    assert (SAFE, BOUNDED, "30 random walks") == (whole.verdict, found.verdict, found.why)
    assert 1 < found.depth <= whole.depth


def test_walks_count_as_a_search_counts_where_they_meet_everything() -> None:
    """One context alone has one order."""
    text = "\n".join(row for row in tiny().source if "cpu2     read" not in row)
    whole = Search(start(parse(text)).transitions, symmetric=False).run()
    found = RandomWalks(start(parse(text)).transitions, 60).run()
    assert (whole.states, whole.depth) == (found.states, found.depth)


@pytest.mark.parametrize("name", ["flush-before-reuse", "wait-zone-generation", "split"])
def test_walks_find_what_a_missing_guard_breaks(name: str) -> None:
    guard, obligation = GUARDED[name]
    transitions = start(race(name), guard).transitions
    before = transitions.cells.snapshot()
    (broken,) = RandomWalks(transitions, 200).run().broken
    assert obligation == broken.obligation
    again = transitions.replay(broken.turns)
    assert again is not None
    assert (obligation, broken.message) == (again.obligation, again.message)
    assert before == transitions.cells.snapshot()


def test_a_walk_that_ends_with_nobody_able_to_go_on_is_a_deadlock() -> None:
    found = RandomWalks(start(parse(STUCK)).transitions, 3).run()
    assert (UNSAFE, DEADLOCK) == (found.verdict, found.broken[0].obligation)
    assert "app did not finish" in found.broken[0].message


def test_walks_end_at_a_limit() -> None:
    found = RandomWalks(start(race("munmap")).transitions, 1000, limits=Limits(40)).run()
    assert (BOUNDED, "stopped at 40 states") == (found.verdict, found.why)
    assert 40 <= found.states < 100


def test_walks_end_when_they_are_asked_to() -> None:
    walks = RandomWalks(start(race("munmap")).transitions, 1000)
    walks.stop("stopped by hand")
    found = walks.run()
    assert (BOUNDED, "stopped by hand", 1) == (found.verdict, found.why, found.transitions)


def test_an_interrupt_keeps_what_was_met(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = start(race("munmap"))
    before = begun.transitions.cells.snapshot()
    interrupt_after(50, monkeypatch)
    found = RandomWalks(begun.transitions, 1000).run()
    assert (BOUNDED, "interrupted") == (found.verdict, found.why)
    assert found.states > 10
    assert before == begun.transitions.cells.snapshot()


def test_an_exploration_by_walks_shows_a_counterexample_that_plays() -> None:
    policy = make_policy("luf", ["wait-zone-generation"])
    report = Exploration(race("wait-zone-generation"), policy, walks=200).run()
    run = record(parse(report.scenario))
    assert (UNSAFE, "O2") == (report.verdict, report.obligation)
    assert "O2" in [one.obligation for one in run.findings if one.weight == "violation"]
    assert [False] == [outcome.held for outcome in run.outcomes]
