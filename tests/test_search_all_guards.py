"""Each guard removed in turn, and searched for: alone, in several processes, and interrupted."""

from __future__ import annotations

import pytest

from luf_tui.policy.guards import GUARDS
from luf_tui.script.parse import parse
from luf_tui.search.all_guards import (
    FOUND,
    MISSED,
    AllGuards,
    NamedRace,
    Plan,
    judged,
    races_of,
    search_one,
)
from luf_tui.search.result import BOUNDED, SAFE, UNSAFE, Limits
from luf_tui.search.search import Search
from tests.races import interrupt_after, race, start, tiny

NAMES = ("wait-zone-generation", "flush-before-reuse")


def plan(*names: str, policy: str = "luf", states: int = 0) -> Plan:
    races = races_of([(name, race(name)) for name in names])
    return Plan(policy, races, Limits(states=states))


def test_a_guard_nobody_asks_for_changes_nothing() -> None:
    name = "wait-zone-generation"
    whole = Search(start(race(name)).transitions).run()
    asked = search_one(plan(name), NamedRace(name, race(name), 0)).asked
    idle = [guard for guard in GUARDS if guard not in asked]
    assert len(idle) > 10
    for guard in idle:
        without = Search(start(race(name), guard).transitions).run()
        assert (whole.verdict, whole.states, whole.transitions, whole.depth) == (
            without.verdict,
            without.states,
            without.transitions,
            without.depth,
        ), guard


def test_each_guard_gets_a_verdict_with_the_race_that_shows_it() -> None:
    search = AllGuards(plan(*NAMES))
    verdicts = {one.guard: one for one in search.run()}
    assert list(GUARDS) == list(verdicts)
    assert FOUND == verdicts["wait-zone-generation"].verdict
    by = verdicts["wait-zone-generation"].shown_by
    assert by is not None
    assert ("wait-zone-generation", "O2") == (by.race, by.obligation)
    assert (MISSED, ()) == (verdicts["refuse-kasan"].verdict, verdicts["refuse-kasan"].races)
    assert [SAFE, SAFE] == [one.verdict for one in search.whole]
    assert [] == search.unusable


def test_two_processes_give_the_same_verdicts() -> None:
    alone, shared = (AllGuards(plan(*NAMES, states=150), jobs=jobs) for jobs in (1, 2))
    assert alone.run() == shared.run()
    assert alone.whole == shared.whole


def test_a_search_that_was_bounded_does_not_acquit() -> None:
    search = AllGuards(plan("munmap", states=200))
    verdicts = {one.guard: one.verdict for one in search.run()}
    assert BOUNDED == verdicts["refuse-kasan"]
    assert MISSED not in verdicts.values()
    assert MISSED == judged("any", []).verdict


def test_a_race_that_breaks_with_every_guard_is_no_witness() -> None:
    search = AllGuards(plan("pending-wrprotect", policy="luf-v12"))
    verdicts = search.run()
    assert [UNSAFE] == [one.verdict for one in search.unusable]
    assert {MISSED} == {one.verdict for one in verdicts}
    assert "pending-wrprotect" not in {one.guard for one in verdicts}


def test_a_file_with_several_races_gives_each_its_name() -> None:
    text = "\n".join(tiny().source) + "\nrace\n  cpu1 read heap.0\n  cpu2 read heap.0\nend\n"
    named = races_of([("tiny", parse(text)), ("munmap", race("munmap"))])
    assert ["tiny race 1", "tiny race 2", "munmap"] == [one.name for one in named]
    assert [0, 1, 0] == [one.number for one in named]


def test_an_interrupt_keeps_the_verdicts_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt_after(1600, monkeypatch)
    search = AllGuards(plan(*NAMES))
    verdicts = search.run()
    assert search.interrupted
    assert 0 < len(verdicts) < len(GUARDS)
