"""Every situation S1 to S47 is played, and fails without what it is about."""

from __future__ import annotations

import re

import pytest
from attrs import evolve

from luf_tui.machine.machine import Machine
from luf_tui.oracle.oracle import VIOLATION
from luf_tui.policy.luf import Luf
from luf_tui.script.parse import load
from luf_tui.script.program import Program
from luf_tui.search.result import UNSAFE
from luf_tui.search.search import Search
from luf_tui.timeline.recorder import record, record_with
from luf_tui.timeline.timeline import Timeline
from tests.conftest import ROOT
from tests.races import GUARDED, LARGE, start
from tests.stories import BESIDES, MUTANTS, MUTANTS_OF, NOT_PLAYED, PLAYED, SEARCHED

SCENARIOS = ROOT / "scenarios"
NAMES = sorted({name for plays in PLAYED.values() for name in plays})
REMOVALS = sorted(
    {(name, guard) for plays in PLAYED.values() for name, lost in plays.items() for guard in lost}
)


SEARCHED_THERE = {(f"races/{name}", guard) for name, (guard, _) in (GUARDED | LARGE).items()}
"""What the tests of races search without a guard."""


def whole(name: str) -> Program:
    """A scenario with every guard, also where the file takes one away."""
    return evolve(load(str(SCENARIOS / f"{name}.luf")), without=())


def violations(timeline: Timeline) -> set[str]:
    return {found.obligation for found in timeline.findings if found.weight == VIOLATION}


def told(about: str) -> set[str]:
    """The numbers that an about names."""
    return set(re.findall(r"\bS[0-9]+\b", about))


def test_every_number_is_played_or_it_is_said_why_not() -> None:
    assert {f"S{number}" for number in range(1, 48)} == set(PLAYED) | set(NOT_PLAYED)
    assert not set(PLAYED) & set(NOT_PLAYED)


def test_a_scenario_says_which_number_it_plays_and_no_other() -> None:
    playing = {
        name: {number for number, plays in PLAYED.items() if name in plays} for name in NAMES
    }
    saying = {}
    for path in SCENARIOS.rglob("*.luf"):
        if numbers := told(load(str(path)).about):
            saying[f"{path.parent.name}/{path.stem}"] = numbers

    assert playing == saying


@pytest.mark.parametrize("name", NAMES)
def test_luf_as_intended_plays_it_without_a_violation(name: str) -> None:
    assert set() == violations(record(whole(name), "luf"))


@pytest.mark.parametrize(("name", "guard"), REMOVALS)
def test_it_fails_without_a_guard_that_it_is_about(name: str, guard: str) -> None:
    assert violations(record(whole(name), "luf", (guard,)))


def test_a_race_fails_as_it_stands_or_it_is_searched() -> None:
    idle = {name for plays in PLAYED.values() for name, lost in plays.items() if not lost}

    assert set(SEARCHED) == {name for name in idle if name.startswith("races/")}


@pytest.mark.parametrize(
    ("name", "guard"), [one for one in SEARCHED.items() if one not in SEARCHED_THERE]
)
def test_a_search_finds_the_order_that_fails_without_a_guard(name: str, guard: str) -> None:
    assert UNSAFE == Search(start(whole(name), guard).transitions).run().verdict


@pytest.mark.parametrize("number", MUTANTS_OF)
def test_every_mutant_of_a_number_is_caught_by_what_plays_it(number: str) -> None:
    caught = {guard for lost in PLAYED[number].values() for guard in lost}

    assert all(caught & MUTANTS[mutant] for mutant in MUTANTS_OF[number].split())


def test_every_guard_of_a_mutant_is_needed_by_some_number() -> None:
    needed = {guard for _, guard in REMOVALS}

    assert BESIDES == {guard for guards in MUTANTS.values() for guard in guards} - needed


class OneTooEarly(Luf):
    """M19: a CPU counts as flushed that flushed just before the request."""

    def diet(self, m: Machine, mask: int, ugen: int) -> int:
        return super().diet(m, mask, ugen - 1)


def test_a_diet_that_compares_wrongly_is_caught() -> None:
    """M19 as a mistake in arithmetic, which is no guard's removal."""
    assert {"O6"} == violations(record_with(whole("tour/last-owner"), OneTooEarly()))
