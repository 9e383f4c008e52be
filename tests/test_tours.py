"""Tours: stops in their order, each true, each changed by what it says to change."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from luf_tui import library
from luf_tui.errors import InputError
from luf_tui.library import Entry
from luf_tui.oracle.oracle import VIOLATION
from luf_tui.policy.registry import make_policy
from luf_tui.script.parse import load, parse
from luf_tui.script.program import Expect, Note, Program
from luf_tui.search.result import SAFE, UNSAFE
from luf_tui.search.search import Search
from luf_tui.timeline.ask.why import why_finding
from luf_tui.timeline.recorder import record, record_with
from luf_tui.timeline.timeline import Timeline
from tests.races import start

TOURS = library.tours()
STOPS = [stop for tour in TOURS for stop in tour.stops if stop.path.suffix == library.SUFFIX]
"""Those that are scripts; a recording expects nothing."""
GUARD = re.compile(r"\(g, ([a-z0-9-]+)\)")
"""How an about asks its reader to switch a guard off."""
POLICY = re.compile(r"\(p, ([a-z0-9-]+)\)")
"""How it asks for another policy."""
COMPARE, EXPLORE, WHY = "(x)", "(E)", "(w)"

each_stop = pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.name)


def notes(stop: Entry) -> list[str]:
    return [one.text for one in load(str(stop.path)).items if isinstance(one, Note)]


def bad(run: Timeline) -> set[str]:
    """What a run has against itself: violations, unless the script expects one, and expectations
    that fail.
    """
    wanted = any(
        isinstance(item, Expect)
        and item.condition.predicate == "violation"
        and not item.condition.negated
        for item in run.program.items
    )
    found = {one.obligation for one in run.findings if one.weight == VIOLATION and not wanted}
    return found | {one.detail for one in run.outcomes if not one.held}


def broken(program: Program, guard: str) -> bool:
    """Whether something goes wrong without a guard: as it is played, or in some order of a race."""
    if bad(record_with(program, make_policy(program.policy, (guard,)))):
        return True
    return bool(program.races) and verdict(program, guard) == UNSAFE


def verdict(program: Program, *without: str) -> str:
    return Search(start(program, *without, policy=program.policy).transitions).run().verdict


def test_stops_are_counted_without_a_gap_under_one_title() -> None:
    counted = [[stop.stop for stop in tour.stops] for tour in TOURS]

    assert [list(range(1, len(tour.stops) + 1)) for tour in TOURS] == counted
    assert [] == [stop.name for tour in TOURS for stop in tour.stops if stop.tour != tour.title]


def test_a_tour_is_walked_by_its_numbers_and_not_by_its_names(tmp_path: Path) -> None:
    for name, number in (("b", 1), ("c", 2), ("a", 3)):
        text = f"title {name}\ntour {number} A walk\nprocess app\n"
        (tmp_path / f"{name}.luf").write_text(text, "utf-8")
    (tmp_path / "aside.luf").write_text("title aside\nprocess app\n", "utf-8")
    tour = library.tour_of(tmp_path / "b.luf")

    assert tour
    assert ["b", "c", "a"] == [stop.title for stop in tour.stops]
    assert ["c", "a", None] == [
        following.title if (following := tour.after(stop.path)) else None for stop in tour.stops
    ]
    assert ["b", "c", "a", "aside"] == [one.title for one in library.shipped(tmp_path)]
    assert library.tour_of(tmp_path / "aside.luf") is None


def test_a_stop_without_a_number_or_a_tour_is_told() -> None:
    for line in ("tour The idea", "tour 3", "tour 0 The idea"):
        with pytest.raises(InputError):
            parse(f"{line}\nprocess app\n")


@each_stop
def test_a_stop_holds_and_has_something_to_hold(stop: Entry) -> None:
    run = record(load(str(stop.path)))

    assert set() == bad(run)
    assert () == run.refusals
    assert run.outcomes


@each_stop
def test_a_stop_says_at_its_head_what_to_look_at_and_what_to_do(stop: Entry) -> None:
    """Within the first lines, and in a form that other tests can read."""
    asked = [*GUARD.findall(stop.about), *POLICY.findall(stop.about)]
    asked += [key for key in (COMPARE, EXPLORE, WHY) if key in stop.about]

    assert asked
    assert len(stop.about) < 500


@each_stop
def test_without_the_guard_it_names_a_stop_breaks(stop: Entry) -> None:
    for guard in GUARD.findall(stop.about):
        program = load(str(stop.path))
        assert broken(program, guard)


@each_stop
def test_where_it_asks_for_a_search_every_order_is_safe(stop: Entry) -> None:
    if EXPLORE in stop.about:
        assert SAFE == verdict(load(str(stop.path)))


@each_stop
def test_where_it_asks_why_there_is_something_to_ask_of(stop: Entry) -> None:
    if WHY in stop.about:
        run = record(load(str(stop.path)))
        assert len(why_finding(run, 0)) > 3


@each_stop
def test_under_the_policy_it_names_a_stop_goes_another_way(stop: Entry) -> None:
    names = POLICY.findall(stop.about)
    if COMPARE in stop.about:
        names.append("eager")
    for name in names:
        program = load(str(stop.path))
        here, there = record(program), record_with(program, make_policy(name))
        assert here.counters(here.steps) != there.counters(there.steps)


@each_stop
def test_notes_stand_on_their_own(stop: Entry) -> None:
    """There are some, and each is a sentence or more."""
    said = notes(stop)

    assert [] == [note for note in said if note[-1] not in ".:!?" or not note[0].isalnum()]
    assert len(said) >= 2


def test_a_recording_is_the_last_stop_of_the_tour_about_tiers() -> None:
    [recorded] = [one for one in library.recordings() if one.stop]
    [tour] = [one for one in TOURS if one.title == recorded.tour]

    assert recorded == tour.stops[-1]
    assert [*range(1, len(tour.stops) + 1)] == [one.stop for one in tour.stops]
    assert tour == library.tour_of(recorded.path) == library.tour_of(tour.stops[0].path)
    assert recorded == tour.after(tour.stops[-2].path)
