"""Side by side: what differs is lit on both sides, and nothing else is."""

from __future__ import annotations

import pytest

from luf_tui.policy.registry import make_policy
from luf_tui.runs.opening import play
from luf_tui.timeline.navigate.alignment import Sides, next_difference, parting
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.columns import length
from luf_tui.view.marks import DIFFERS, ROLES, Mark, Row
from luf_tui.view.palette import PALETTES
from luf_tui.view.sides import Names, lit, rows
from tests.view_runs import run, text

TOUR = "tour/flush-before-reuse"
NAMES = Names("luf", "eager")
SIZE = (120, 40)


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


@pytest.mark.parametrize("size", [SIZE, (160, 50), (100, 30), (220, 60)])
def test_every_row_is_as_wide_as_the_screen_at_every_line(size: tuple[int, int]) -> None:
    both = pair()
    for position in range(0, both.left.steps + 1, 3):
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


def test_counters_tell_by_how_much_the_right_one_differs() -> None:
    both = pair()
    head = text(rows(both, NAMES, stale_moment(both), 160, 50)[1])

    assert "owed 1 " in head
    assert "owed 0 (-1)" in head
    assert "IPIs 2 (+2)" in head


def test_the_cursor_is_left_where_it_was() -> None:
    both = pair()
    _at(both.left, 7)
    _at(both.right, 9)
    rows(both, NAMES, 20, *SIZE)

    assert (7, 9) == (both.left.position, both.right.position)


def _at(timeline: Timeline, position: int) -> None:
    timeline.seek(position)


def test_below_its_size_it_says_what_it_needs() -> None:
    assert "100x30" in text(rows(pair(), NAMES, 0, 99, 40)[0])


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
