"""The map: whoever follows a line with a finger comes to the frame that the entry leads to."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from luf_tui import library
from luf_tui.machine import events as ev
from luf_tui.machine.refs import Ref
from luf_tui.machine.schema import PRESENT
from luf_tui.runs.opening import play_file
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.box_drawing import ARMS, DOWN, LEFT, RIGHT, UP, Arms, character
from luf_tui.view.changes import stale_at
from luf_tui.view.columns import length
from luf_tui.view.map import picture, wires
from luf_tui.view.map.wires import Wire
from luf_tui.view.marks import Pane, Row
from luf_tui.view.state import ViewState
from tests.shipped import PLAYED
from tests.view_runs import first, run, text

SIZE = picture.INSIDE
AWAY = {UP: (-1, 0), RIGHT: (0, 1), DOWN: (1, 0), LEFT: (0, -1)}
BACK = {UP: DOWN, DOWN: UP, LEFT: RIGHT, RIGHT: LEFT}
BROKEN = {"┄": (0, 1, 0, 1), "┅": (0, 2, 0, 2), "┆": (1, 0, 1, 0), "┇": (2, 0, 2, 0)}
ARROWS = {"▶": (0, 0, 0, 1), "◀": (0, 1, 0, 0)}

Place = tuple[int, int]


def arms(char: str) -> Arms:
    return ARROWS.get(char) or ARMS.get(char) or BROKEN.get(char) or (0, 0, 0, 0)


def reached(chars: dict[Place, str], at: Place, side: int) -> set[Place]:
    """The arrows and ends of text that one comes to from a cell, which one enters by a side.

    Where four lines meet one goes straight on, anywhere else every way.
    """
    found: set[Place] = set()
    seen: set[tuple[Place, int]] = set()
    todo = [(at, side)]
    while todo:
        here, entered = todo.pop()
        if (here, entered) in seen:
            continue
        seen.add((here, entered))
        char = chars.get(here, " ")
        mine = arms(char)
        if char in ARROWS or not mine[entered]:
            found.add(here)
            continue
        ways = [one for one in range(4) if mine[one] and one != entered]
        if all(mine):
            ways = [BACK[entered]]
        for way in ways:
            down, right = AWAY[way]
            todo.append(((here[0] + down, here[1] + right), BACK[way]))
    return found


def characters(rows: tuple[Row, ...]) -> dict[Place, str]:
    """Every cell of a picture; names in the test runs are as wide as they are long."""
    return {(y, x): char for y, row in enumerate(rows) for x, char in enumerate(text(row))}


def frame_rows(pane: Pane) -> dict[int, int]:
    """The rows of frames, by number: those whose box has their name."""
    return {
        mark.ref.index: number
        for number, row in enumerate(pane.rows)
        for edge, mark in zip(row, row[2:], strict=False)
        if edge.role == "frame" and mark.ref is not None and mark.ref.region == "frame"
    }


def lines_of(timeline: Timeline) -> Iterator[tuple[Ref, int, int]]:
    """What has a line now: the thing, the frame it leads to, and the side the line leaves on."""
    m = timeline.machine
    for entry in m.tlb:
        if entry.mm and entry.frame:
            yield Ref("tlb", entry.index), entry.frame.pfn, RIGHT
    for pte in m.pte:
        if m.place_of(pte)[0].alive and pte.kind == PRESENT and pte.frame:
            yield Ref("pte", pte.index), pte.frame.pfn, LEFT


def assert_lines_lead_where_they_should(
    timeline: Timeline, pane: Pane, *, whole: bool = True
) -> None:
    """Of every line that there is; or, where there is no room for all, of those that are drawn."""
    chars, frames = characters(pane.rows), frame_rows(pane)
    at = {
        mark.ref: (number, row)
        for number, row in enumerate(pane.rows)
        for mark in row
        if mark.ref is not None and mark.ref.region in ("tlb", "pte") and "was" not in mark.text
    }
    for ref, pfn, side in lines_of(timeline):
        if whole or (ref in at and " → f" not in text(at[ref][1])):
            number, row = at[ref]
        else:
            continue
        own = [place for place, mark in enumerate(row) if mark.ref == ref]
        start = length(row[: own[0]]) - 3 if side == LEFT else length(row[: own[-1] + 1]) + 1
        ends = reached(chars, (number, start), BACK[side])
        arrows = [there for there, _ in ends if chars[there, _] in ARROWS]
        assert [frames[pfn]] == arrows, f"{ref} at step {timeline.position}"


def build(timeline: Timeline, at: int, state: ViewState | None = None) -> Pane:
    timeline.seek(at)
    return picture.build(timeline, state or ViewState(), *SIZE)


@pytest.mark.parametrize("name", [one.name for one in PLAYED])
def test_every_line_leads_to_its_frame_in_every_scenario(name: str) -> None:
    timeline = play_file(library.locate(name))
    places = list(range(timeline.steps + 1))
    random.Random(name).shuffle(places)  # the order of a person who jumps about
    for at in places:
        pane = build(timeline, at)
        assert_lines_lead_where_they_should(timeline, pane)
        assert not [row for row in pane.rows if length(row) > SIZE[0]]
        assert len(pane.rows) <= SIZE[1]


@pytest.mark.parametrize("name", [one.name for one in library.recordings()])
def test_in_a_recording_what_there_is_room_for_is_drawn_and_right(name: str) -> None:
    timeline = play_file(library.locate(name))
    for at in random.Random(name).sample(range(timeline.steps + 1), 40):
        pane = build(timeline, at)
        assert_lines_lead_where_they_should(timeline, pane, whole=False)
        assert not [row for row in pane.rows if length(row) > SIZE[0]]
        assert len(pane.rows) <= SIZE[1]


# -- the lines alone --------------------------------------------------------------------------


@settings(deadline=None)
@given(st.lists(st.integers(0, 7), min_size=1, max_size=14), st.integers(0, 9), st.booleans())
def test_lines_between_any_rows_can_be_followed(targets: list[int], start: int, flip: bool) -> None:
    """Rows go down until there is no trouble, as the picture lets them."""
    rows = list(range(start, start + len(targets)))
    while True:
        found = [Wire(near, 2 * far) for near, far in zip(rows, targets, strict=True)]
        trouble = wires.trouble(found)
        if trouble < 0:
            break
        rows = [row + (row >= trouble) for row in rows]
    gutter = wires.route(found, 40, mirrored=flip)
    chars = {place: mark.text for place, mark in gutter.cells.items()}

    assert not gutter.undrawn
    for wire in found:
        at, side = ((wire.near, 39), RIGHT) if flip else ((wire.near, 0), LEFT)
        ends = reached(chars, at, side)
        assert {wire.far} == {row for row, _ in ends if chars.get((row, _)) in ARROWS}
        assert {one.near for one in found if one.far == wire.far} >= {
            row for row, _ in ends if chars.get((row, _)) not in ARROWS
        }


def test_lines_for_which_there_is_no_track_are_left_out_the_least_urgent_first() -> None:
    found = [Wire(row, 17 - row, urgency=row == 3) for row in range(8)]
    gutter = wires.route(found, 5)
    chars = {place: mark.text for place, mark in gutter.cells.items()}

    assert 5 == len(gutter.undrawn)
    assert 14 not in gutter.undrawn
    for wire in found:
        if wire.far not in gutter.undrawn:
            ends = reached(chars, (wire.near, 0), LEFT)
            assert {wire.far} == {row for row, _ in ends if chars.get((row, _)) in ARROWS}


@pytest.mark.parametrize(
    ("char", "expected"),
    [("┌", (0, 1, 1, 0)), ("╋", (2, 2, 2, 2)), ("┡", (2, 2, 1, 0)), ("┽", (1, 1, 1, 2))],
)
def test_characters_have_the_arms_that_they_show(char: str, expected: Arms) -> None:
    assert expected == ARMS[char]
    assert char == character(expected)


def test_there_is_a_character_for_any_arms_that_meet() -> None:
    weights = (0, 1, 2)
    some = [(a, b, c, d) for a in weights for b in weights for c in weights for d in weights]

    assert not [one for one in some if sum(map(bool, one)) > 1 and character(one) == " "]


# -- what the picture tells -------------------------------------------------------------------

TOUR = "tour/flush-before-reuse"


def row_with(pane: Pane, words: str) -> Row:
    return next(row for row in pane.rows if words in text(row))


def test_a_stale_line_is_broken_and_has_its_colour() -> None:
    timeline = run(TOUR)
    at = first(timeline, ev.DEFER)
    row = row_with(build(timeline, at), "~ text.0")
    broken = [mark for mark in row if "┄" in mark.text or "┅" in mark.text]

    assert {"stale"} == {mark.role for mark in broken}
    assert not [mark for mark in row if "─" in mark.text]


def test_what_was_dropped_is_told_in_that_step_and_no_longer() -> None:
    timeline = run(TOUR)
    at = next(
        step
        for step in range(first(timeline, ev.RECEIVE), timeline.steps)
        if any(timeline.events.kind_of(n) == ev.FLUSH for n in timeline.events_of(step))
    )

    assert "▐ was text.0 → f0" in text(row_with(build(timeline, at), "was text.0"))
    assert not [row for row in build(timeline, at + 1).rows if "was text.0 →" in text(row)]


def test_a_page_mapped_in_this_step_has_a_heavy_line() -> None:
    timeline = run(TOUR)
    at = first(timeline, ev.MAP)

    assert [mark for mark in row_with(build(timeline, at), "text.0") if "━" in mark.text]
    assert not [mark for mark in row_with(build(timeline, at + 1), "text.0") if "━" in mark.text]


def test_who_waits_for_whom_is_a_line_between_the_cpus() -> None:
    timeline = run(TOUR)
    pane = build(timeline, first(timeline, ev.SEND))
    chars = characters(pane.rows)
    asking, *asked = [n for n, row in enumerate(pane.rows[:-1]) if "↯" in text(row)]
    ends = reached(chars, (asking, picture.MARGIN - 1), RIGHT)

    assert "cpu1,2" in text(pane.rows[asking])
    assert set(asked) == {row for row, column in ends if chars[row, column] == "▶"}


def test_a_frame_that_owes_says_who_owes() -> None:
    timeline = run(TOUR)
    row = row_with(build(timeline, first(timeline, ev.DEFER) + 1), "◆")

    assert "f0" in text(row)
    assert "cpu1,2" in text(row)


def test_the_lines_of_what_is_selected_are_heavy_and_the_others_dim() -> None:
    timeline = run(TOUR)
    at = first(timeline, ev.DEFER) - 1
    timeline.seek(at)
    (entry,) = (
        e for e in timeline.machine.tlb if e.mm and e.index < timeline.config.tlb_entries * 2
    )
    pane = build(timeline, at, ViewState(selected=Ref("tlb", entry.index)))
    own = next(row for row in pane.rows if any(m.ref == Ref("tlb", entry.index) for m in row))

    assert [mark for mark in own if set(mark.text) & set("━┅")]
    others = {m.role for row in pane.rows if row is not own for m in row if m.text == "─"}
    assert others <= {"dim"}


def test_below_its_size_the_map_says_what_it_needs() -> None:
    timeline = run(TOUR)
    timeline.seek(0)
    pane = picture.build(timeline, ViewState(), SIZE[0] - 1, SIZE[1])

    assert "120x40" in text(pane.rows[0])


def test_every_stale_line_is_broken_and_says_whether_its_cpu_can_use_it() -> None:
    roles = {True: "stale", False: "unusable"}
    seen = set()
    for name in ("tour/flush-before-reuse", "races/switched-out", "hazards/lazy-tlb"):
        timeline = run(name)
        for at in range(timeline.steps + 1):
            pane = build(timeline, at)
            known = stale_at(timeline, at)
            for row in pane.rows:
                refs = {m.ref.index for m in row if m.ref and m.ref.region == "tlb"}
                if len(refs) != 1 or "was" in text(row):
                    continue
                usable = known.get(refs.pop())
                last = max(n for n, m in enumerate(row) if m.ref and m.ref.region == "tlb")
                line = row[last + 2]
                assert (usable is None) != bool(set(line.text) & set("┄┅"))
                assert usable is None or roles[usable] == line.role
                seen.add(usable)

    assert {None, True} <= seen


def test_the_debt_of_a_selected_frame_is_lit_in_its_lines() -> None:
    timeline = run(TOUR)
    at = first(timeline, ev.DEFER) + 2
    pane = build(timeline, at, ViewState(selected=Ref("frame", 0)))

    assert [row for row in pane.rows if any("┅" in mark.text for mark in row)]
    assert not [row for row in build(timeline, at).rows if any("┅" in m.text for m in row)]
