"""A whole screen: every row has its width, whatever is in it, and is painted as it is."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from luf_tui.machine.refs import Ref
from luf_tui.render.screen_sequence import runs
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.columns import length
from luf_tui.view.compose import Block, line, rows, screen
from luf_tui.view.marks import ROLES, Mark, Pane, Row, changed_role, differing_role, selected_role
from luf_tui.view.palette import PALETTES
from luf_tui.view.state import ViewState
from tests.render_runs import hostile, tour

HOSTILE = "[luf] tlb[cpu0][/] [bold]x[/bold] \x1b[31mred\x07"
SIZES = [(160, 50), (120, 40), (80, 24), (60, 20), (59, 19), (61, 21), (200, 60)]


def text_of(row: Row) -> str:
    return "".join(mark.text for mark in row)


def block_of(*shown: Row, width: int = 20, height: int = 4, **more: bool) -> Block:
    return Block(Pane("pane", (Mark("a title"),), shown), 0, 0, width, height, **more)


@pytest.mark.parametrize("text", ["", "short", "much too long for it", "日本語日本語", "a\tb"])
@pytest.mark.parametrize("width", [0, 1, 2, 3, 5, 11, 30])
@pytest.mark.parametrize("frame", [True, False])
def test_every_line_of_a_block_has_its_width(text: str, width: int, *, frame: bool) -> None:
    block = block_of((Mark("~ "), Mark(text, "stale")), width=width, frame=frame)
    assert {width} == {length(line(block, number, 0)) for number in range(block.height)}


def test_a_block_has_a_frame_with_its_title_and_a_thumb_where_rows_are_hidden() -> None:
    block = block_of(*((Mark(f"row {n}"),) for n in range(5)))
    assert [
        "╭ a title ─────────╮",
        "│ row 3            │",
        "│ row 4            ┃",
        "╰──────────────────╯",
    ] == [text_of(line(block, number, 3)) for number in range(4)]


def test_the_pane_that_has_the_keys_is_told_by_its_frame() -> None:
    title = line(block_of(focus=True), 0, 0)
    assert "╭▸a title ─────────╮" == text_of(title)
    assert ["focus", "title", "focus"] == [mark.role for mark in title]


def test_what_does_not_fit_ends_in_an_ellipsis() -> None:
    row = (Mark("abc"), Mark("defgh"))
    assert "abcd…" == text_of(line(block_of(row, width=5, frame=False), 0, 0))
    assert "ab…" == text_of(line(block_of((*row, Mark("!")), width=3, frame=False), 0, 0))


def test_text_of_a_scenario_is_neither_markup_nor_escape_codes() -> None:
    block = block_of((Mark(HOSTILE),), width=len(HOSTILE), frame=False)
    assert HOSTILE.replace("\x1b", "·").replace("\x07", "·") == text_of(line(block, 0, 0))


def test_marks_of_the_selected_thing_have_its_role() -> None:
    row = (Mark("f3", "stale", Ref("frame", 3)), Mark(" f4", "stale", Ref("frame", 4)))
    shown = line(block_of(row, width=9, frame=False), 0, 0, frozenset({Ref("frame", 3)}))
    assert [selected_role("stale"), "stale", "text"] == [mark.role for mark in shown]


def test_blocks_stand_side_by_side_with_nothing_between_them() -> None:
    left, right = block_of((Mark("l"),), width=6), block_of((Mark("r"),), width=6, height=3)
    beside = Block(right.pane, 8, 1, 6, 3)
    assert ["╭────╮        ", "│ l  │  ╭────╮", "│    │  │ r  │", "╰────╯  ╰────╯"] == [
        text_of(row) for row in rows([beside, left], 14, 4)
    ]


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("make", [tour, hostile])
def test_every_row_of_a_screen_has_its_width(
    make: Callable[[], Timeline], width: int, height: int
) -> None:
    run = make()
    for step in range(0, run.steps + 1, 7):
        run.seek(step)
        shown = screen(run, width, height)

        assert height == len(shown)
        assert {width} == {length(row) for row in shown}
        assert all(mark.text.isprintable() for row in shown for mark in row)


def test_neighbours_of_one_role_are_one_run() -> None:
    for row in screen(tour(), 120, 40):
        roles = [role for _, role in runs(row)]

        assert text_of(row) == "".join(text for text, _ in runs(row))
        assert all(one != other for one, other in pairwise(roles))


@pytest.mark.parametrize("group", ["tlbs", "ledger"])
def test_the_group_that_is_asked_for_is_shown_on_a_small_screen(group: str) -> None:
    run = tour()
    shown = "".join(text_of(row) for row in screen(run, 80, 24, ViewState(group=group)))

    assert ("TLBs" in shown) == (group == "tlbs")
    assert ("╭ owed" in shown) == (group == "ledger")


def pane_of(rows: int, current: int | None) -> Pane:
    return Pane("script", (), tuple((Mark(str(n)),) for n in range(rows)), current)


@pytest.mark.parametrize("rows", [3, 10, 11, 57])
@pytest.mark.parametrize("height", [1, 2, 7, 10])
def test_the_current_row_of_a_pane_is_in_sight(rows: int, height: int) -> None:
    for current in range(rows):
        first = pane_of(rows, current).top(height)

        assert first <= current < first + height
        assert 0 <= first <= max(0, rows - height)


def test_a_pane_without_a_current_row_shows_its_start() -> None:
    assert 0 == pane_of(50, None).top(10)


@pytest.mark.parametrize("theme", PALETTES)
def test_every_role_has_an_ink_with_its_attributes(theme: str) -> None:
    inks = PALETTES[theme].inks()
    plain = {*ROLES, *map(differing_role, ROLES)}
    plain |= set(map(changed_role, plain))
    assert plain | {selected_role(name) for name in plain} == set(inks)
    for name, role in ROLES.items():
        assert role.attributes == inks[name].attributes
        assert inks[selected_role(name)].reverse
        moved = inks[changed_role(name)]
        assert (inks[name].colour, True) == (moved.colour, "underline" in moved.attributes)
        for colour in (inks[name].colour, inks[name].ground):
            assert (7, "#") == (len(colour), colour[0])
            int(colour[1:], 16)


@pytest.mark.parametrize("height", [4, 6, 7, 10])
def test_the_line_over_its_micro_steps_stays_in_sight(height: int) -> None:
    for lead in range(50):
        rows = tuple((Mark(str(n)),) for n in range(57))
        for current in range(lead, min(57, lead + height)):
            first = Pane("script", (), rows, current, lead).top(height)

            assert first <= lead <= current < first + height
