"""A whole screen: every row has its width, whatever is in it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from luf_tui.render.compose import screen
from luf_tui.render.ink import ink
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.columns import cells
from luf_tui.view.marks import ROLES, Mark, Pane
from luf_tui.view.palette import PALETTES
from tests.render_runs import hostile, tour

SIZES = [(160, 50), (120, 40), (80, 24), (60, 20), (59, 19), (61, 21), (200, 60)]


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("make", [tour, hostile])
def test_every_row_of_a_screen_has_its_width(
    make: Callable[[], Timeline], width: int, height: int
) -> None:
    run = make()
    for step in range(0, run.steps + 1, 7):
        run.seek(step)
        rows = screen(run, width, height)

        assert height == len(rows)
        assert {width} == {sum(cells(text) for text, _ in row) for row in rows}


def test_neighbours_of_one_role_are_one_run() -> None:
    for row in screen(tour(), 120, 40):
        roles = [role for _, role in row]

        assert all(one != other for one, other in pairwise(roles))


@pytest.mark.parametrize("group", ["tlbs", "ledger"])
def test_the_group_that_is_asked_for_is_shown_on_a_small_screen(group: str) -> None:
    run = tour()
    shown = "".join(text for row in screen(run, 80, 24, group=group) for text, _ in row)

    assert ("TLBs" in shown) == (group == "tlbs")
    assert ("flushes owed" in shown) == (group == "ledger")


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
    for name, role in ROLES.items():
        found = ink(name, PALETTES[theme])

        assert role.attributes == found.attributes
        assert 7 == len(found.colour)
        assert "#" == found.colour[0]
        int(found.colour[1:], 16)


def test_an_undeclared_role_is_written_like_text() -> None:
    palette = PALETTES["dark"]

    assert ink("text", palette) == ink("nobody declared this", palette)


@pytest.mark.parametrize("height", [4, 6, 7, 10])
def test_the_line_over_its_micro_steps_stays_in_sight(height: int) -> None:
    for lead in range(50):
        rows = tuple((Mark(str(n)),) for n in range(57))
        for current in range(lead, min(57, lead + height)):
            first = Pane("script", (), rows, current, lead).top(height)

            assert first <= lead <= current < first + height
