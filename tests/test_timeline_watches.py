"""Watched expressions: their values in the machine's words, and where they change."""

from __future__ import annotations

from functools import partial

import pytest

from luf_tui.errors import LufError
from luf_tui.machine.refs import Ref
from luf_tui.script.parse import parse
from luf_tui.timeline.navigate import breakpoints, watches
from luf_tui.timeline.navigate.breakpoints import hits, run_backward, run_forward
from luf_tui.timeline.navigate.watches import known, shifts, value, watch
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.panes import watches as watches_pane
from luf_tui.view.state import ViewState
from tests.timeline_kernel import record
from tests.ui_driver import SCENARIO

RUN = record(parse(SCENARIO), "luf")
EVERYTHING = (
    *("text.0", "cpu1 text.0", "lib.0", "f0", "cpu1", "key 1", "pte[2].frame", "frame[0]"),
    *("owed", "ipis", "steps", "event defer", "stale cpu1 text.0", "owed = 1", "no violation"),
    *("text.0 on dram", "mapped text.0", "interrupted", "content text.0 lib.0"),
)


def at(run: Timeline, text: str, position: int) -> str:
    with run.visit(position):
        return value(run, watch(run, text))


def told(run: Timeline, text: str) -> list[tuple[int, str]]:
    behind, ahead = shifts(run, watch(run, text), 0, 1000, 1000)
    return [(one.step, one.after) for one in (*behind, *ahead)]


@pytest.mark.parametrize(
    ("text", "position", "said"),
    [
        ("text.0", 0, "–"),
        ("text.0", 25, "f0 rA"),
        ("text.0", 33, "–"),
        ("cpu1 text.0", 33, "f0 r"),
        ("lib.0", 25, "f0"),
        ("f0", 33, "pcp lib.0 v1"),
        ("cpu1", 33, "app/1"),
        ("key 1", 33, "mask cpu1 cpu2, ugen 5"),
        ("owed", 33, "1"),
        ("owed = 1", 33, "yes"),
        ("stale cpu1 text.0", 33, "yes"),
        ("no violation", 33, "yes"),
        ("event defer", 33, "1"),
    ],
)
def test_a_value_is_in_the_machines_words(text: str, position: int, said: str) -> None:
    assert said == at(RUN, text, position)


def test_a_field_is_told_by_name_and_not_by_its_cell() -> None:
    page = watch(RUN, "text.0").ref
    assert page is not None
    assert ["f0", "none", "f1"] == [after for _, after in told(RUN, f"pte[{page.index}].frame")]


@pytest.mark.parametrize("text", EVERYTHING)
def test_changes_are_all_those_that_walking_the_run_shows(text: str) -> None:
    watched = watch(RUN, text)
    seen: list[tuple[int, str]] = []
    before = ""
    for position in range(RUN.steps + 1):
        now = at(RUN, text, position)
        if position and now != before:
            seen.append((position, now))
        before = now

    assert seen == told(RUN, watched.text)


@pytest.mark.parametrize("text", EVERYTHING)
def test_a_breakpoint_on_a_watch_stops_at_the_same_places_both_ways(text: str) -> None:
    point = breakpoints.parse(f"watch {text}", watch=partial(watch, RUN))
    forward, position = [], 0
    while (stop := run_forward(RUN, position, [point])).breakpoint:
        position = stop.position
        forward.append(position)
    backward, position = [], RUN.steps
    if RUN.steps in hits(RUN, point):
        backward.append(RUN.steps)
    RUN.kept.forget()
    while (stop := run_backward(RUN, position, [point])).breakpoint:
        position = stop.position
        backward.append(position)

    assert forward == backward[::-1]
    assert {step for step, _ in told(RUN, text)} <= set(forward)


def test_a_stop_tells_what_changed_in_the_machines_words() -> None:
    point = breakpoints.parse("watch cpu1 text.0", watch=partial(watch, RUN))
    assert "cpu1 text.0 changed: – → f0 r" in run_forward(RUN, 0, [point]).reason
    point = breakpoints.parse("watch text.0", watch=partial(watch, RUN))
    assert (
        "text.0 changed: kind none → present, frame none → f0"
        in run_forward(RUN, 0, [point]).reason
    )


def test_the_cursor_stays_where_it_is() -> None:
    RUN.seek(11)
    for text in EVERYTHING:
        told(RUN, text)
    assert 11 == RUN.position


def test_far_from_the_position_only_cells_of_their_own_are_looked_through(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = record(parse(SCENARIO), "luf")
    monkeypatch.setattr(watches, "BLOCK", 4)
    monkeypatch.setattr(watches, "FAR", 1)
    assert [17, 26, 68] == [step for step, _ in told(run, "text.0")]
    assert [] == told(run, "owed")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("nosuch", "no"),
        ("cpu9 text.0", "cpu9"),
        ("f99", "the last one is number"),
        ("pte[0].nosuch", "no 'nosuch' in pte"),
        ("", "nothing is watched; one may watch"),
        ("stale cpu1 nosuch", "nosuch"),
    ],
)
def test_what_names_nothing_is_refused_with_what_may_be_watched(text: str, why: str) -> None:
    with pytest.raises(LufError) as error:
        watch(RUN, text)

    assert why in str(error.value)


def test_what_another_run_does_not_have_is_kept_with_the_reason() -> None:
    eager = record(parse(SCENARIO), "eager")
    kept = known(eager, "key 1")

    assert "has no such ledger" in kept.problem
    assert "–" == value(eager, kept)
    assert Ref("pte", 2) == known(eager, "pte[2]").ref


def test_where_changes_are_looked_for_is_known_and_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    run = record(parse(SCENARIO), "luf")
    owed, page = (watch(run, text) for text in ("owed", "text.0"))
    assert range(run.steps + 1) == watches.looked_at(run, owed, 9)
    run.seek(9)
    assert "looked" not in shown_of(run, owed)

    monkeypatch.setattr(watches, "BLOCK", 4)
    monkeypatch.setattr(watches, "FAR", 1)
    assert range(4, 16) == watches.looked_at(run, owed, 9)
    assert range(run.steps + 1) == watches.looked_at(run, page, 9)
    assert "no change  looked at 4–15" in shown_of(run, owed)
    assert "looked" not in shown_of(run, page)


def shown_of(run: Timeline, watched: watches.Watch) -> str:
    """The pane of a watch."""
    pane = watches_pane.build(run, ViewState(watches=(watched,)), 60, 4)
    return "\n".join("".join(mark.text for mark in row) for row in pane.rows)
