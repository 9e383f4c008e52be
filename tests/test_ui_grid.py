"""The grid: rows of marks as strips of an exact width, and only changed rows repainted."""

from __future__ import annotations

from collections.abc import Collection
from typing import Self

import pytest
from rich.cells import cell_len
from rich.color import Color
from rich.style import Style
from textual.filter import LineFilter
from textual.geometry import Region, Size

from luf_tui.machine.refs import Ref
from luf_tui.ui.drawing.grid import Grid, Hit
from luf_tui.ui.drawing.paint import Styles, mark_at, paint
from luf_tui.ui.theme import NAMES, styles_of
from luf_tui.view.compose import Block
from luf_tui.view.marks import Mark, Pane, selected_role
from luf_tui.view.palette import PALETTES, SIXTEEN

PLAIN, STALE = Style(color="white"), Style(color="red", bold=True)
STYLES = Styles("test", {"stale": STALE}, PLAIN)


def test_neighbours_of_one_style_are_one_segment() -> None:
    assert 1 == len(paint((Mark("a"), Mark("b", "unknown role"), Mark("c")), STYLES))


def test_a_role_has_its_style() -> None:
    assert [PLAIN, STALE] == [one.style for one in paint((Mark("a"), Mark("b", "stale")), STYLES)]


@pytest.mark.parametrize("theme", NAMES)
@pytest.mark.parametrize("sixteen", [False, True])
def test_a_style_is_what_the_view_says_of_its_role(theme: str, sixteen: bool) -> None:
    styles = styles_of(theme, sixteen=sixteen)
    for role, ink in (SIXTEEN if sixteen else PALETTES)[theme].inks().items():
        style = styles.of(role)
        assert (Color.parse(ink.colour), Color.parse(ink.ground)) == (style.color, style.bgcolor)
        told = {name for name in ("bold", "italic", "underline", "reverse") if getattr(style, name)}
        assert set(ink.attributes) == told


def test_marks_of_the_selected_thing_are_reversed(grid: ShownGrid) -> None:
    grid.use(styles_of("dark"))
    chosen = styles_of("dark").of(selected_role("text"))
    grid.show([Block(pane(rows=2), 0, 0, 20, 4)], frozenset({Ref("frame", 1)}))

    reversed_ = [
        [segment.text.strip() for segment in grid.render_line(y) if segment.style == chosen]
        for y in range(4)
    ]
    assert [[], [], ["1 old"], []] == reversed_


def test_the_mark_under_a_column_counts_cells() -> None:
    row = (Mark("日本"), Mark("x", "stale"))

    assert row[1] is mark_at(row, 4)
    assert mark_at(row, 5) is None


def pane(
    name: str = "pane", rows: int = 20, changed: Collection[int] = (), current: int | None = None
) -> Pane:
    marks = tuple(
        (Mark(f"{n} {'new' if n in changed else 'old'}", "text", Ref("frame", n)),)
        for n in range(rows)
    )
    return Pane(name, (Mark(name),), marks, current)


class ShownGrid(Grid):
    """A grid of one size that stands on no screen and notes what it would repaint."""

    size = Size(40, 12)

    def __init__(self) -> None:
        super().__init__(STYLES)
        self.repainted: list[tuple[Region, ...]] = []

    def get_line_filters(self) -> list[LineFilter]:
        return []

    def refresh(
        self,
        *regions: Region,
        repaint: bool = True,
        layout: bool = False,
        recompose: bool = False,
    ) -> Self:
        self.repainted.append(regions)
        return self


@pytest.fixture
def grid() -> ShownGrid:
    return ShownGrid()


def lines(grid: Grid) -> list[str]:
    return [grid.render_line(y).text for y in range(ShownGrid.size.height)]


def test_a_frame_has_a_title_and_a_thumb_where_rows_are_hidden(grid: ShownGrid) -> None:
    grid.show([Block(pane(), 0, 0, 20, 6)])

    assert "╭ pane ────────────╮" == lines(grid)[0][:20]
    assert "│ 0 old            ┃" == lines(grid)[1][:20]
    assert "│ 3 old            │" == lines(grid)[4][:20]
    assert "╰──────────────────╯" == lines(grid)[5][:20]


def test_every_line_is_as_wide_as_the_grid(grid: ShownGrid) -> None:
    over = Block(pane("over"), 10, 2, 16, 5, over=True)
    grid.show([Block(pane(), 0, 0, 20, 6), Block(pane("b"), 22, 1, 18, 6), over])

    assert {40} == {cell_len(line) for line in lines(grid)}
    assert "│ 1 old   ╭ over ────────╮old          ┃" == lines(grid)[2][:40]


def test_only_cells_that_differ_are_repainted(grid: ShownGrid) -> None:
    grid.show([Block(pane(), 0, 0, 20, 8)])
    assert "│ 2 old" in lines(grid)[3]
    grid.repainted.clear()
    grid.show([Block(pane(changed={2}), 0, 0, 20, 8)])

    ((region,),) = grid.repainted
    assert (4, 3, 3, 1) == tuple(region)
    assert "│ 2 new" in lines(grid)[3]


def test_the_same_panes_again_repaint_nothing(grid: ShownGrid) -> None:
    grid.show([Block(pane(), 0, 0, 20, 8)])
    grid.repainted.clear()
    grid.show([Block(pane(), 0, 0, 20, 8)])

    assert [] == grid.repainted


def test_the_current_row_is_kept_in_sight(grid: ShownGrid) -> None:
    grid.show([Block(pane(current=0), 0, 0, 20, 8)])
    grid.show([Block(pane(current=15), 0, 0, 20, 8)])

    assert any("15 old" in line for line in lines(grid))


def test_scrolling_by_hand_lasts_until_the_current_row_moves(grid: ShownGrid) -> None:
    grid.show([Block(pane(current=0), 0, 0, 20, 8)])
    grid.scroll_pane("pane", 9)
    grid.show([Block(pane(current=0, changed={3}), 0, 0, 20, 8)])
    assert 9 == grid.top_of("pane")
    grid.show([Block(pane(current=1), 0, 0, 20, 8)])

    assert 0 == grid.top_of("pane")


def test_a_pane_does_not_scroll_past_its_ends(grid: ShownGrid) -> None:
    grid.show([Block(pane(), 0, 0, 20, 8)])

    assert not grid.scroll_pane("pane", -1)
    assert grid.scroll_pane("pane", 100)
    assert not grid.scroll_pane("pane", 1)
    assert "19 old" in lines(grid)[6]


def test_a_click_finds_the_mark_under_it_also_when_scrolled(grid: ShownGrid) -> None:
    grid.show([Block(pane(), 5, 2, 20, 8)])
    grid.scroll_pane("pane", 4)

    assert Hit("pane", 4, 0, Mark("4 old", "text", Ref("frame", 4))) == grid.hit(7, 3)
    assert grid.hit(0, 0) is None


def test_a_click_meets_the_uppermost_block(grid: ShownGrid) -> None:
    grid.show([Block(pane(), 0, 0, 40, 12), Block(pane("over"), 5, 2, 20, 5, over=True)])

    assert Hit("over", 1, 1, Mark("1 old", "text", Ref("frame", 1))) == grid.hit(8, 4)


def test_a_pane_is_copied_whole(grid: ShownGrid) -> None:
    grid.show([Block(pane(rows=3), 0, 0, 20, 4)])

    assert "pane\n0 old\n1 old\n2 old" == grid.text_of("pane")


def test_no_size_is_too_small_to_draw(grid: ShownGrid) -> None:
    for width in range(12):
        for height in range(5):
            grid.show([Block(pane(), 0, 0, width, height)])
            lines(grid)


def test_no_line_is_kept_from_a_screen_of_another_size(
    grid: ShownGrid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blocks for the size to come are shown a moment before the grid has it."""
    grid.show([Block(pane(), 0, 0, 40, 12)])
    lines(grid)
    grid.show([Block(pane(), 0, 0, 30, 12)])
    lines(grid)
    monkeypatch.setattr(ShownGrid, "size", Size(30, 12))
    grid.show([Block(pane(), 0, 0, 30, 12)])

    assert {30} == {cell_len(row) for row in lines(grid)}
