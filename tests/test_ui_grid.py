"""The grid: rows of marks as strips of an exact width, and only changed rows repainted."""

from __future__ import annotations

import pytest
from rich.cells import cell_len
from rich.style import Style

from luf_tui.machine.refs import Ref
from luf_tui.ui.drawing.grid import Grid
from luf_tui.ui.drawing.paint import Styles, mark_at, paint
from luf_tui.ui.theme import NAMES, styles_of
from luf_tui.view.compose import Block
from luf_tui.view.marks import Mark, Pane
from luf_tui.view.palette import PALETTES

PLAIN, STALE = Style(color="white"), Style(color="red", bold=True)
STYLES = Styles("test", {"stale": STALE}, PLAIN)


def test_neighbours_of_one_style_are_one_segment():
    assert 1 == len(paint((Mark("a"), Mark("b", "unknown role"), Mark("c")), STYLES))


def test_a_role_has_its_style():
    assert [PLAIN, STALE] == [one.style for one in paint((Mark("a"), Mark("b", "stale")), STYLES)]


@pytest.mark.parametrize("theme", NAMES)
def test_a_style_is_what_the_view_says_of_its_role(theme):
    for role, ink in PALETTES[theme].inks().items():
        style = styles_of(theme).of(role)
        assert (ink.colour, ink.ground) == (style.color.name, style.bgcolor.name)
        told = {name for name in ("bold", "italic", "underline", "reverse") if getattr(style, name)}
        assert set(ink.attributes) == told


def test_marks_of_the_selected_thing_are_reversed(grid):
    grid.use(styles_of("dark"))
    grid.show([Block(pane(rows=2), 0, 0, 20, 4)], Ref("frame", 1))

    reversed_ = [
        [segment.text.strip() for segment in grid.render_line(y) if segment.style.reverse]
        for y in range(4)
    ]
    assert [[], [], ["1 old"], []] == reversed_


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
    made = Grid(STYLES)
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
