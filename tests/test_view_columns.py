"""Rows of exact widths."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from luf_tui.view.columns import cells, cut, ends, fit, length, pad, side_by_side, wrap
from luf_tui.view.marks import Mark, clean

TEXTS = st.text(alphabet="abc …→◆日本é", max_size=12)
ROWS = st.lists(TEXTS.map(Mark), max_size=5).map(tuple)
WIDTHS = st.integers(1, 40)


@given(st.text())
def test_a_text_is_as_wide_as_the_toolkit_paints_it(said):
    assert cell_len(clean(said)) == cells(clean(said))


def test_every_character_is_as_wide_as_the_toolkit_paints_it():
    shown = [clean(chr(code)) for code in range(sys.maxunicode + 1)]
    assert [] == [hex(ord(char)) for char in shown if cell_len(char) != cells(char)]


@given(ROWS, WIDTHS)
def test_a_row_is_fitted_exactly(row, width):
    assert width == length(fit(row, width))


@given(TEXTS, WIDTHS)
def test_a_padded_text_is_as_wide_as_asked(said, width):
    assert width == cells(pad(said, width))
    assert cells(cut(said, width)) <= width


@given(ROWS, ROWS, st.integers(1, 60))
def test_two_ends_make_one_row(left, right, width):
    assert width == length(ends(left, right, width))


@given(st.lists(st.text(alphabet="ab日", min_size=1, max_size=9), min_size=1), st.integers(18, 40))
def test_wrapping_loses_no_word(words, width):
    lines = wrap(" ".join(words), width)

    assert words == " ".join(lines).split()
    assert all(cells(line) <= width for line in lines)


@given(st.lists(st.text(alphabet="ab日", min_size=1, max_size=30)), st.integers(2, 40))
def test_a_wrapped_line_is_no_wider_than_asked_whatever_the_words(words, width):
    lines = wrap(" ".join(words), width)

    assert "".join(words) == "".join(lines).replace(" ", "")
    assert all(cells(line) <= width for line in lines)


def test_a_text_keeps_its_own_line_ends():
    assert ["one two", "", "three"] == wrap("one two\n\nthree", 40)


@given(st.lists(st.lists(ROWS, min_size=1, max_size=4), max_size=5), st.integers(5, 90))
def test_blocks_side_by_side_fit_the_width(blocks, width):
    rows = side_by_side(blocks, width, 20, 12)

    assert all(length(row) <= width for row in rows)
    heights = [len(block) for block in blocks]
    assert len(rows) >= max(heights, default=0)


@given(st.text())
def test_cleaned_text_is_printable(said):
    assert clean(said).isprintable()
    assert len(clean(said)) == len(said)


@pytest.mark.parametrize(
    ("marks", "width", "expected"),
    [
        (("one", "  "), 3, "one"),
        (("one", " ", "  "), 4, "one "),
        (("one  ",), 4, "one "),
        (("one ", "two "), 7, "one two"),
        (("one ", "two "), 6, "one t…"),
        (("  ",), 1, " "),
    ],
)
def test_blanks_at_the_end_of_a_row_give_way_without_a_sign(
    marks: tuple[str, ...], width: int, expected: str
) -> None:
    assert expected == "".join(mark.text for mark in fit(tuple(map(Mark, marks)), width))
