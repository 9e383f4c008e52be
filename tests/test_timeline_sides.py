"""Two runs side by side have one cursor, by the line of the script."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest

from luf_tui import library
from luf_tui.policy.registry import make_policy
from luf_tui.runs.opening import play, program
from luf_tui.script.program import Program
from luf_tui.timeline.navigate import alignment, moves
from luf_tui.timeline.navigate.alignment import Sides
from luf_tui.timeline.timeline import Timeline

Move = Callable[[Timeline, int], int]
TOUR = "tour/flush-before-reuse"


@cache
def played(policy: str, *without: str) -> Timeline:
    return play(_program(), make_policy(policy, without))


@cache
def _program() -> Program:
    return program(library.locate(TOUR))


def both() -> Sides:
    return Sides(played("luf"), played("eager"))


def test_both_stand_at_the_end_of_one_line() -> None:
    pair = both()
    for position in moves.item_ends(pair.left):
        line = pair.left.line_at(position)
        assert line == pair.right.line_at(pair.opposite(position))


def test_a_place_of_the_run_stands_still() -> None:
    run = played("luf")
    pair = Sides(run, run, 30)

    assert {30} == {pair.opposite(position) for position in range(run.steps + 1)}


@pytest.mark.parametrize("move", [moves.end, moves.next_item, moves.next_step])
def test_no_move_goes_past_where_the_two_part(move: Move) -> None:
    pair = both()
    found = alignment.parting(pair)
    assert found
    seen, position = [], 0
    while position < pair.left.steps:
        position = alignment.held_up(pair, position, move(pair.left, position))
        seen.append(position)

    assert found.step in seen


def test_differences_lead_from_line_to_line_and_back() -> None:
    pair = both()
    found, position = [], 0
    while (following := alignment.next_difference(pair, position)) != position:
        found.append(following)
        position = following
    back = []
    while (before := alignment.previous_difference(pair, position)) != position:
        back.append(before)
        position = before

    parting = alignment.parting(pair)
    assert parting
    assert found[0] == parting.step
    assert {pair.left.line_at(one) for one in found} == alignment.differing_lines(pair)
    assert found[-2::-1] == back


def test_a_run_beside_itself_differs_nowhere() -> None:
    pair = Sides(played("luf"), play(_program(), make_policy("luf")))

    assert alignment.parting(pair) is None
    assert 5 == alignment.next_difference(pair, 5)


def test_two_places_differ_where_a_line_changes_what_differs() -> None:
    run = played("luf")
    pair = Sides(run, run, 0)
    found = alignment.next_difference(pair, 0)

    assert found in moves.item_ends(run)
    assert run.net_changes(0, found)
    assert alignment.parting(pair) is None


def test_swapping_twice_changes_nothing() -> None:
    pair = both()
    end = pair.left.steps
    other, there = pair.swapped(end)
    again, back = other.swapped(there)

    assert (pair.right, pair.left) == (other.left, other.right)
    assert (end, pair.left) == (back, again.left)


def test_a_place_that_is_swapped_is_walked_from_and_the_other_stands_still() -> None:
    run = played("luf")
    pair, there = Sides(run, run, 30).swapped(12)

    assert (30, 12) == (there, pair.opposite(there))
