"""The grid: rows of marks as strips of an exact width, and only changed rows repainted."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from rich.style import Style

from luf_tui.machine.refs import Ref
from luf_tui.ui.drawing.grid import Block, Grid
from luf_tui.ui.drawing.paint import Ink, mark_at, paint
from luf_tui.view.marks import Mark, Pane

PLAIN, STALE = Style(color="white"), Style(color="red", bold=True)
INK = Ink("test", {"stale": STALE}, PLAIN, PLAIN, PLAIN, PLAIN)
HOSTILE = "[luf] tlb[cpu0][/] [bold]x[/bold] \x1b[31mred\x07"


def text_of(segments):
    return "".join(segment.text for segment in segments)


@pytest.mark.parametrize("text", ["", "short", "much too long for it", "日本語日本語", "a\tb"])
@pytest.mark.parametrize("width", [1, 2, 5, 11, 30])
def test_a_row_fills_its_width_exactly(text, width):
    assert width == cell_len(text_of(paint((Mark("~ "), Mark(text, "stale")), width, INK)))


def test_what_does_not_fit_ends_in_an_ellipsis():
    assert "abcd…" == text_of(paint((Mark("abc"), Mark("defgh")), 5, INK))


def test_text_of_a_scenario_is_neither_markup_nor_escape_codes():
    assert HOSTILE.replace("\x1b", "·").replace("\x07", "·") == text_of(
        paint((Mark(HOSTILE),), len(HOSTILE), INK)
    )


def test_neighbours_of_one_style_are_one_segment():
    assert 1 == len(paint((Mark("a"), Mark("b", "unknown role"), Mark("c")), 9, INK))


def test_marks_of_the_selected_thing_are_reversed():
    segments = paint((Mark("f3", "stale", Ref("frame", 3)), Mark(" x")), 9, INK, Ref("frame", 3))

    assert segments[0].style.reverse
    assert not segments[1].style.reverse


def test_the_mark_under_a_column_counts_cells():
    row = (Mark("日本"), Mark("x", "stale"))

    assert "x" == mark_at(row, 4).text
    assert mark_at(row, 5) is None


def pane(name="pane", rows=20, changed=(), current=None):
    marks = tuple(
        (Mark(f"{n} {'new' if n in changed else 'old'}", "text", Ref("frame", n)),)
        for n in range(rows)
    )
    return Pane(name, (Mark(name),), marks, current)


@pytest.fixture
def grid(monkeypatch):
    made = Grid(INK)
    made.repainted = []
    monkeypatch.setattr(Grid, "size", property(lambda self: SIZE))
    monkeypatch.setattr(Grid, "get_line_filters", lambda self: ())
    monkeypatch.setattr(made, "refresh", lambda *regions, **_: made.repainted.append(regions))
    return made


class Size:
    width, height = 40, 12


SIZE = Size()


def lines(grid):
    return [grid.render_line(y).text for y in range(SIZE.height)]


def test_a_frame_has_a_title_and_a_thumb_where_rows_are_hidden(grid):
    grid.show([Block(pane(), 0, 0, 20, 6)])

    assert "╭ pane ────────────╮" == lines(grid)[0][:20]
    assert "│ 0 old            ┃" == lines(grid)[1][:20]
    assert "│ 3 old            │" == lines(grid)[4][:20]
    assert "╰──────────────────╯" == lines(grid)[5][:20]


def test_every_line_is_as_wide_as_the_grid(grid):
    over = Block(pane("over"), 10, 2, 16, 5, over=True)
    grid.show([Block(pane(), 0, 0, 20, 6), Block(pane("b"), 22, 1, 18, 6), over])

    assert {40} == {cell_len(line) for line in lines(grid)}
    assert "│ 1 old   ╭ over ────────╮old          ┃" == lines(grid)[2][:40]


def test_only_rows_that_differ_are_repainted(grid):
    grid.show([Block(pane(), 0, 0, 20, 8)])
    grid.repainted.clear()
    grid.show([Block(pane(changed={2}), 0, 0, 20, 8)])

    ((region,),) = grid.repainted
    assert (0, 3, 20, 1) == tuple(region)
    assert "│ 2 new" in lines(grid)[3]


def test_the_same_panes_again_repaint_nothing(grid):
    grid.show([Block(pane(), 0, 0, 20, 8)])
    grid.repainted.clear()
    grid.show([Block(pane(), 0, 0, 20, 8)])

    assert [] == grid.repainted


def test_the_current_row_is_kept_in_sight(grid):
    grid.show([Block(pane(current=0), 0, 0, 20, 8)])
    grid.show([Block(pane(current=15), 0, 0, 20, 8)])

    assert any("15 old" in line for line in lines(grid))


def test_scrolling_by_hand_lasts_until_the_current_row_moves(grid):
    grid.show([Block(pane(current=0), 0, 0, 20, 8)])
    grid.scroll_pane("pane", 9)
    grid.show([Block(pane(current=0, changed={3}), 0, 0, 20, 8)])
    assert 9 == grid.top_of("pane")
    grid.show([Block(pane(current=1), 0, 0, 20, 8)])

    assert 0 == grid.top_of("pane")


def test_a_pane_does_not_scroll_past_its_ends(grid):
    grid.show([Block(pane(), 0, 0, 20, 8)])

    assert not grid.scroll_pane("pane", -1)
    assert grid.scroll_pane("pane", 100)
    assert not grid.scroll_pane("pane", 1)
    assert "19 old" in lines(grid)[6]


def test_a_click_finds_the_mark_under_it_also_when_scrolled(grid):
    grid.show([Block(pane(), 5, 2, 20, 8)])
    grid.scroll_pane("pane", 4)
    hit = grid.hit(7, 3)

    assert ("pane", 4, Ref("frame", 4)) == (hit.pane, hit.row, hit.mark.ref)
    assert grid.hit(0, 0) is None


def test_a_click_meets_the_uppermost_block(grid):
    grid.show([Block(pane(), 0, 0, 40, 12), Block(pane("over"), 5, 2, 20, 5, over=True)])

    assert "over" == grid.hit(8, 4).pane


def test_a_pane_is_copied_whole(grid):
    grid.show([Block(pane(rows=3), 0, 0, 20, 4)])

    assert "pane\n0 old\n1 old\n2 old" == grid.text_of("pane")


def test_no_size_is_too_small_to_draw(grid):
    for width in range(12):
        for height in range(5):
            grid.show([Block(pane(), 0, 0, width, height)])
            lines(grid)
