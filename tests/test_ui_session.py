"""What the stepper's keys do to a cursor, without a screen."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from luf_tui.errors import LufError
from luf_tui.machine.events import BY_NAME
from luf_tui.machine.refs import Ref
from luf_tui.timeline.navigate import breakpoints
from luf_tui.timeline.navigate.breakpoints import Breakpoint
from luf_tui.timeline.navigate.watches import Watch
from luf_tui.ui import session as module
from luf_tui.ui.screens import run_screen
from luf_tui.ui.session import Session
from luf_tui.ui.typed_lines import parse_breakpoint
from tests.timeline_kernel import program, reuse, step_with


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.chdir(tmp_path)
    return Session(reuse())


@pytest.mark.parametrize("name", module.MOVES)
def test_a_move_at_its_end_is_told_and_moves_nothing(session: Session, name: str) -> None:
    session.position = 0 if "previous" in name or name == "start" else session.timeline.steps
    before = session.position
    said = session.move(name)

    assert not said.moved
    assert said.text
    assert before == session.position


@pytest.mark.parametrize(
    ("words", "place"),
    [("21", 21), ("+5", 15), ("-5", 5), ("start", 0)],
)
def test_goto_understands_steps(session: Session, words: str, place: int) -> None:
    session.position = 10
    session.goto(words)

    assert place == session.position


def test_goto_understands_ends_and_parts_of_the_run(session: Session) -> None:
    steps = session.timeline.steps
    session.goto("end")
    assert steps == session.position
    session.goto("50%")
    assert steps // 2 == session.position
    session.goto("99999")
    assert steps == session.position


def test_goto_understands_a_micro_step_of_a_line(session: Session) -> None:
    session.goto("L2")
    first = session.position
    session.goto("start")
    session.goto("L2+1")

    assert first == session.position
    with pytest.raises(LufError, match="past the end of line 2"):
        session.goto("L2+99")


@pytest.mark.parametrize("words", ["L2", "line 2", "l2"])
def test_goto_understands_script_lines(session: Session, words: str) -> None:
    session.goto(words)

    assert 2 == session.line


def test_goto_understands_event_kinds(session: Session) -> None:
    session.goto("defer")

    assert step_with(session.timeline, BY_NAME["defer"]) == session.position


@pytest.mark.parametrize("words", ["", "xyzzy", "+", "1.5", "%", "L", "[/]"])
def test_goto_says_what_it_does_not_understand(session: Session, words: str) -> None:
    with pytest.raises(LufError):
        session.goto(words)


def test_goto_hints_at_the_nearest_event_kind(session: Session) -> None:
    with pytest.raises(LufError, match="did you mean 'defer'"):
        session.goto("defr")


def test_following_there_and_back_is_home(session: Session) -> None:
    session.position = session.timeline.steps - 2
    home = session.position
    assert session.follow(-1).moved
    there = session.position
    session.jump_back()

    assert home == session.position
    assert there != home


def test_a_search_takes_over_from_following_until_it_is_emptied(session: Session) -> None:
    session.search("flush")
    assert "/flush" == session.followed
    session.search("")

    assert "◆▲△◇✖" == session.followed


def test_a_search_counts_its_matches(session: Session) -> None:
    said = session.search("alloc")

    assert said.text.startswith("match 1 of ")


def test_a_breakpoint_stops_both_ways_and_says_why(session: Session) -> None:
    session.toggle_line(5)
    said = session.run_on(1)
    there = session.position
    session.run_on(1)
    session.run_on(-1)

    assert there == session.position
    assert "line 5 is reached" in said.text


def test_a_breakpoint_set_twice_is_removed(session: Session) -> None:
    session.toggle_line(5)
    session.toggle_line(5)

    assert frozenset() == session.lines_stopped_at


def test_breakpoints_and_bookmarks_outlive_the_session(session: Session) -> None:
    session.toggle_line(5)
    session.position = 28
    session.mark("a")
    later = Session(reuse())

    assert (5,) == tuple(later.lines_stopped_at)
    later.to_mark(later.marks[0])
    assert 28 == later.position


def test_another_policy_keeps_the_place_by_script_line(session: Session) -> None:
    session.position = 30
    line = session.line
    session.replace(reuse("eager"))

    assert line == session.line


def test_a_selected_thing_stays_selected_under_another_policy(session: Session) -> None:
    session.selected = Ref("frame", 3)
    session.replace(reuse("eager"))

    assert Ref("frame", 3) == session.selected


def test_kinds_chosen_are_followed(session: Session) -> None:
    session.follow_kinds((BY_NAME["flush"],))
    session.follow(1)
    timeline = session.timeline
    kinds = {timeline.events.kind_of(e) for e in timeline.events_of(session.position)}

    assert BY_NAME["flush"] in kinds
    assert "flush" == session.followed


def test_bookmark_names_run_through_the_alphabet(session: Session) -> None:
    session.mark(session.free_name())

    assert "b" == session.free_name()


def test_a_line_that_was_not_reached_is_told(session: Session) -> None:
    assert not session.to_line(999).moved
    assert program().items[0].span.line == 1


EXAMPLES = [
    example
    for line in (run_screen.GOTO_HELP[0], run_screen.BREAK_HELP[0])
    for example in re.split(r"\s{3,}", line)
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_what_a_prompt_shows_as_an_example_can_be_typed(session: Session, example: str) -> None:
    if example in run_screen.BREAK_HELP[0]:
        breakpoints.hits(session.timeline, parse_breakpoint(example, session.timeline))
    else:
        session.goto(example.partition(" ")[0])


def test_a_line_past_the_end_is_told_as_the_command_line_tells_it(session: Session) -> None:
    assert session.to_line(999).text.startswith("line 999 is past the end")


def test_a_saved_watch_on_what_the_machine_does_not_have_is_dropped(session: Session) -> None:
    session.set_points(
        (Breakpoint(watch=Watch("pte[0].nosuch", Ref("pte", 0, "nosuch"))), Breakpoint(line=1))
    )

    assert (Breakpoint(line=1),) == Session(session.timeline).points
