"""Side by side: what differs is lit on both sides, and nothing else is."""

from __future__ import annotations

import re

import pytest

from luf_tui.machine.refs import Ref
from luf_tui.policy.registry import make_policy
from luf_tui.runs.opening import play
from luf_tui.timeline.ask.model_time import model_time
from luf_tui.timeline.ask.prices import WAIT
from luf_tui.timeline.navigate.alignment import Sides, next_difference, parting
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.columns import length
from luf_tui.view.marks import DIFFERS, ROLES, Mark, Row
from luf_tui.view.palette import PALETTES
from luf_tui.view.sides import TURNS, Names, lit, next_pane, rows
from tests.view_runs import run, text

TOUR = "tour/flush-before-reuse"
NAMES = Names("luf", "eager")
SIZE = (120, 40)
SMALL = [(80, 24), (60, 20), (100, 24), (80, 50)]


def pair() -> Sides:
    luf = run(TOUR)
    return Sides(luf, play(luf.program, make_policy("eager")))


def stale_moment(both: Sides) -> int:
    """Where one has two stale entries and the other none."""
    return next_difference(both, parting_step(both))


def parting_step(both: Sides) -> int:
    found = parting(both)
    assert found
    return found.step


def lit_marks(shown: list[Row]) -> list[Mark]:
    return [mark for row in shown for mark in row if mark.role.endswith(f" {DIFFERS}")]


@pytest.mark.parametrize("size", [SIZE, (160, 50), (100, 30), (220, 60), *SMALL])
def test_every_row_is_as_wide_as_the_screen_at_every_line(size: tuple[int, int]) -> None:
    both = pair()
    for position in range(0, both.left.steps + 1, 7):
        shown = rows(both, NAMES, position, *size)
        assert [size[0]] * size[1] == [length(row) for row in shown]


def test_marks_that_only_one_side_has_are_lit_on_both() -> None:
    both = pair()
    shown = rows(both, NAMES, stale_moment(both), *SIZE)
    half = SIZE[0] // 2
    left = [mark for row in shown for mark in _cells(row, 0, half)]
    right = [mark for row in shown for mark in _cells(row, half, SIZE[0])]

    assert "~ " in {mark.text for mark in lit_marks([tuple(left)])}
    assert "nothing is owed" in {mark.text for mark in lit_marks([tuple(right)])}


def _cells(row: Row, first: int, end: int) -> Row:
    at, found = 0, []
    for mark in row:
        if first <= at < end:
            found.append(mark)
        at += len(mark.text)
    return tuple(found)


def test_a_run_beside_itself_has_nothing_lit() -> None:
    luf = run(TOUR)
    both = Sides(luf, play(luf.program, make_policy("luf")))
    for position in range(0, luf.steps + 1, 4):
        shown = rows(both, NAMES, position, *SIZE)
        assert [] == lit_marks(shown)
        assert "≠" not in "".join(map(text, shown))


ROW = (Mark("cpu1 ", "title"), Mark("  "), Mark("f0", "stale"))


def test_of_a_row_that_differs_the_marks_that_differ_are_lit_and_the_row_has_a_sign() -> None:
    other = (Mark("cpu1", "title"), Mark(" "), Mark("f1", "text"))
    (one,), (two,) = lit([ROW], [other])

    assert ["≠", " ", "cpu1 ", "  ", "f0"] == [mark.text for mark in one]
    assert ["title", "text", "stale differs"] == [mark.role for mark in one[2:]]
    assert ["title", "text", "text differs"] == [mark.role for mark in two[2:]]


def test_rows_that_only_one_side_has_are_lit_and_those_after_them_are_not() -> None:
    one, two = lit([ROW, ROW[:1]], [ROW[:1]])

    assert ["≠", "  "] == [row[0].text for row in one]
    assert ["  "] == [row[0].text for row in two]


def test_how_a_row_is_spaced_is_no_difference() -> None:
    ((sign, *_),), _ = lit([ROW], [(Mark("cpu1"), Mark("f0 "))])

    assert "  " == sign.text


@pytest.mark.parametrize("theme", PALETTES)
def test_what_differs_looks_different_in_every_theme(theme: str) -> None:
    inks = PALETTES[theme].inks()

    assert "reverse" in inks["stale differs"].attributes
    assert inks["stale"].colour == inks["stale differs"].colour


def test_a_rule_goes_across_where_the_two_part_with_what_each_does() -> None:
    both = pair()
    shown = [text(row) for row in rows(both, NAMES, parting_step(both), *SIZE)]
    at = next(n for n, row in enumerate(shown) if "━━ ≠ here the two part" in row)

    assert "reclaim text.0" in shown[at - 1]
    assert "may have text.0 cached" in shown[at + 1]
    assert "cannot wait" in shown[at + 1]


def test_what_is_counted_tells_by_how_much_the_right_one_differs_here_and_in_all() -> None:
    both = pair()
    here, in_all = (text(row) for row in rows(both, NAMES, stale_moment(both), 160, 50)[1:3])

    assert "owed 1 ≠ 0 (-1)" in here
    assert "IPIs 0 ≠ 2 (+2)" in here
    assert "waits 0 ns ≠ 1.7 µs (+1.7 µs)" in here
    assert "IPIs 2   interrupted 2   waits 1.7 µs" in in_all


def test_the_cursor_is_left_where_it_was() -> None:
    both = pair()
    _at(both.left, 7)
    _at(both.right, 9)
    rows(both, NAMES, 20, *SIZE)

    assert (7, 9) == (both.left.position, both.right.position)


def _at(timeline: Timeline, position: int) -> None:
    timeline.seek(position)


def test_below_its_size_it_says_what_it_needs() -> None:
    assert "60x20" in text(rows(pair(), NAMES, 0, 59, 40)[0])


def test_what_the_step_changed_is_no_difference() -> None:
    sign = ROLES["changed"].glyph
    (one,), _ = lit([(Mark(f"{sign} ", "changed"), *ROW)], [(Mark("  "), *ROW)])

    assert "  " == one[0].text


def test_violations_stand_beside_the_name_of_the_side_that_has_them() -> None:
    luf = run(TOUR)
    both = Sides(luf, play(luf.program, make_policy("luf", ["flush-before-reuse"])))
    head = rows(both, NAMES, luf.steps, *SIZE)[0]
    (found,) = (mark for mark in head if mark.role == "violation" and mark.text)

    assert str(both.right.counters(both.right.steps).violations) in found.text
    assert head.index(found) > len(head) // 2


def broken() -> Sides:
    luf = run(TOUR)
    return Sides(luf, play(luf.program, make_policy("luf", ["flush-before-reuse"])))


@pytest.mark.parametrize("size", [(160, 50), SIZE, *SMALL])
def test_what_is_broken_has_its_sign_in_the_panes_of_its_side(size: tuple[int, int]) -> None:
    both = broken()
    shown = rows(both, NAMES, parting_step(both), *size)
    signed = [mark for row in shown[8:] for mark in row if mark.text == "✖"]

    assert {Ref("cpu", 1), Ref("cpu", 2)} <= {mark.ref for mark in signed}
    told = [mark.role for mark in signed if mark.ref and mark.ref.region in ("cpu", "tlb")]
    assert {"violation differs"} == set(told)


@pytest.mark.parametrize("size", SMALL)
def test_where_there_is_little_room_a_pane_of_both_is_shown_with_what_differs(
    size: tuple[int, int],
) -> None:
    both = pair()
    at = stale_moment(both)
    shown = [text(row) for row in rows(both, NAMES, at, *size)]
    titles = [row for row in shown if "TLBs" in row]

    assert "≠TLBs ≠owed" in titles[0]
    assert ["luf · TLBs", "eager · TLBs"] == [
        name for row in titles[1:] for name in ("luf · TLBs", "eager · TLBs") if name in row
    ]
    assert any("owed 1 ≠ 0 (-1)" in row for row in shown)


@pytest.mark.parametrize("size", [(80, 24), SIZE])
def test_a_pane_that_is_chosen_is_shown_on_both_sides(size: tuple[int, int]) -> None:
    shown = [text(row) for row in rows(pair(), NAMES, 20, *size, pane="frames")]

    assert sum(row.count("frames ─") for row in shown) == 2


def test_panes_take_turns_from_the_one_that_is_shown() -> None:
    both = pair()
    at = stale_moment(both)
    shown, turns = "", []
    for _ in TURNS:
        shown = next_pane(both, at, shown, 1)
        turns.append(shown)

    assert [*TURNS[1:], TURNS[0]] == turns
    assert TURNS[-1] == next_pane(both, at, "", -1)


def test_a_wait_grows_as_one_walks() -> None:
    both = pair()
    eager = model_time(both.right)

    found = [eager.spent(WAIT, eager.here[at]) for at in range(both.right.steps + 1)]
    assert sorted(found) == found
    assert 0 == found[0]
    assert eager.spent(WAIT) == found[-1]


def test_a_column_of_the_lanes_is_as_long_on_both_sides() -> None:
    luf = run(TOUR)
    both = Sides(luf, play(luf.program, make_policy("luf", ("flush-before-reuse",))))
    shown = map(text, rows(both, NAMES, 20, 160, 50))
    said = [re.findall(r"one column \d+ ns", row) for row in shown if "one column" in row]

    assert [["one column 200 ns"] * 2] == said
