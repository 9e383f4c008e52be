"""Keeping a place: in bookmarks, in an edited script, in a sibling run; and comparing runs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from luf_tui.engine.director import StepInfo
from luf_tui.machine import events as ev
from luf_tui.machine.machine import Machine
from luf_tui.script.parse import parse
from luf_tui.timeline.ask.compare import as_json, compare, divergence
from luf_tui.timeline.navigate import bookmarks
from luf_tui.timeline.navigate.places import same_line, same_place
from luf_tui.timeline.timeline import Timeline
from tests.timeline_runs import CONFIG, made_up, operation, program, record

RUN = made_up(30)


def lines(texts: str, per_item: int = 3, content: int = 2) -> Timeline:
    """A run of one operation a letter, each of `per_item` micro-steps that read something."""
    machine = Machine(CONFIG)
    said = program([operation(n + 1, f"op {text}") for n, text in enumerate(texts)])

    def moves():  # type: ignore[no-untyped-def]
        for item in range(len(texts)):
            for pos in range(per_item):
                machine.events.step += 1
                machine.frame[0].refs += 1
                if texts[item] == "r" and not pos:
                    machine.events.emit(ev.READ, 1, 0, 0, 3, content)
                yield StepInfo(item, 4, 1, pos)

    return record(moves(), machine, said)


@given(st.integers(0, 30))
def test_in_the_same_run_the_same_place_is_the_same_position(position: int) -> None:
    assert position == same_place(RUN, RUN, position)


def test_an_added_line_moves_the_place_along() -> None:
    assert 8 == same_place(lines("abc"), lines("axbc"), 5)


def test_a_removed_line_leads_to_the_end_of_the_one_before() -> None:
    assert 3 == same_place(lines("abc"), lines("ac"), 5)


def test_the_end_of_an_operation_stays_its_end_when_it_has_more_steps() -> None:
    assert (10, 7) == tuple(same_place(lines("abc"), lines("abc", 5), p) for p in (6, 5))


# -- bookmarks ------------------------------------------------------------------------------------


@given(st.integers(0, 30))
def test_a_bookmark_leads_back_to_its_position(position: int) -> None:
    assert position == bookmarks.find(RUN, bookmarks.bookmark(RUN, position, "here"))


def test_a_bookmark_follows_its_line_in_an_edited_script() -> None:
    mark = bookmarks.bookmark(lines("abc"), 5, "here")
    assert 8 == bookmarks.find(lines("axbc"), mark)
    assert -1 == bookmarks.find(lines("ac"), mark)


# -- comparison ---------------------------------------------------------------------------------


def test_equal_runs_do_not_diverge() -> None:
    assert divergence(lines("ar"), lines("ar")) is None


def test_runs_first_differ_where_an_event_does_by_item() -> None:
    found = divergence(lines("arr", 2), lines("arr", 2, content=4))
    assert found is not None
    assert (1, 2, 3, 3) == (found.item, found.line, found.step, found.other_step)


def test_another_number_of_silent_steps_is_no_divergence() -> None:
    assert divergence(lines("ar", 2), lines("ar", 5)) is None


def test_a_comparison_has_counters_for_every_policy_and_the_documented_keys() -> None:
    runs = [made_up(60, 1), made_up(60, 2)]
    assert tuple(run.counters(60) for run in runs) == compare(runs).counters
    assert ["scenario", "policies", "first_divergence"] == list(as_json(runs))


# -- lines ----------------------------------------------------------------------------------------

RACE = """\
process  app
cpu1     run app
race
  app      munmap heap
  cpu1     read heap.0
end
cpu1     idle
"""


@pytest.mark.parametrize(
    ("line", "moved"),
    [(2, 3), (3, 4), (4, 5), (5, 6), (7, 8), (99, 99)],
)
def test_a_line_is_found_by_what_it_says_in_an_edited_script(line: int, moved: int) -> None:
    old, new = parse(RACE), parse("# one more\n" + RACE)

    assert moved == same_line(old, new, line)
    assert line == same_line(new, old, moved)


def test_a_line_that_is_gone_keeps_its_number() -> None:
    old, new = parse(RACE), parse(RACE.replace("cpu1     idle\n", ""))

    assert 7 == same_line(old, new, 7)
