"""The CPU0 / CPU1 diagram of commit messages: its words, its width, its order and its marks."""

from __future__ import annotations

import os
import re
from functools import cache

import pytest

import luf_tui
from luf_tui.engine.operation import OPERATIONS
from luf_tui.machine.events import KINDS
from luf_tui.oracle.oracle import VIOLATION
from luf_tui.render.diagram import diagram
from luf_tui.timeline.tell.diagram_words import DRAWN, LEFT_OUT
from luf_tui.timeline.tell.interleaving import BROKEN, Column, Line, interleaving
from luf_tui.timeline.tell.story import Story, story
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.race_columns import WIDTH
from luf_tui.view.race_columns import diagram as drawn
from tests.conftest import ROOT
from tests.museum import PIECES
from tests.races import GUARDED
from tests.render_runs import hostile
from tests.shipped import PLAYED

SHIPPED = [entry.name for entry in PLAYED]
BUGS = {f"museum/{name}": guard for name, (guard, _) in PIECES.items()}
RACES = {f"races/{name}": guard for name, (guard, _) in GUARDED.items()}
TOUR = "tour/flush-before-reuse"
GOLDENS = ROOT / "tests" / "data" / "diagrams"
FUNCTION = re.compile(r"\b[a-z_]\w*(?=\()")


@cache
def run(name: str, *without: str) -> Timeline:
    return luf_tui.open(name, without=without).seek("end").timeline


@cache
def counterexample(name: str, *without: str) -> Timeline:
    """The shortest order of a race that breaks something, as a run at its end."""
    found = luf_tui.explore(name, without=without, shrink=False)
    return found.open().seek("end").timeline


@cache
def lines(timeline: Timeline) -> list[Line]:
    """Everything that happens in a run."""
    return interleaving(timeline, Story(range(1, timeline.steps + 1)))


def look_at(timeline: Timeline) -> None:
    """Rules for every diagram, of the whole run and of what is broken in it."""
    for told in (lines(timeline), interleaving(timeline, story(timeline, timeline.steps))):
        rows = drawn(told)
        assert rows
        for row in rows:
            assert len(row.text) <= WIDTH
            assert row.text.isascii()
            assert row.text.isprintable()
            assert row.text == row.text.rstrip()
        steps = [line.step for line in told]
        assert steps == sorted(steps)
        assert [*dict.fromkeys(steps)] == [*dict.fromkeys(row.step for row in rows if row.what)]


def broken_steps(timeline: Timeline) -> list[int]:
    """Where the oracle found something, a step a finding."""
    return [found.step for found in timeline.findings if found.weight == VIOLATION]


@pytest.mark.parametrize("name", SHIPPED)
def test_of_every_scenario_it_is_narrow_ascii_in_order_and_marked_as_the_oracle_says(
    name: str,
) -> None:
    timeline = run(name)
    look_at(timeline)

    assert broken_steps(timeline) == [one.step for one in lines(timeline) if one.what == BROKEN]


@pytest.mark.parametrize(("name", "guard"), BUGS.items())
def test_a_bug_of_the_museum_is_marked_where_the_oracle_says(name: str, guard: str) -> None:
    timeline = run(name, guard)
    look_at(timeline)

    assert broken_steps(timeline)
    assert broken_steps(timeline) == [one.step for one in lines(timeline) if one.what == BROKEN]


@pytest.mark.parametrize(("name", "guard"), RACES.items())
def test_the_order_that_breaks_a_race_ends_with_what_is_broken(name: str, guard: str) -> None:
    timeline = counterexample(name, guard)
    look_at(timeline)
    told = interleaving(timeline, story(timeline, timeline.steps))

    assert any(line.what == BROKEN for line in told)
    assert told[-1].step == max(line.step for line in told if line.what == BROKEN)


def test_what_a_file_has_in_other_alphabets_is_still_ascii() -> None:
    timeline = hostile()
    look_at(timeline)
    head, _, row = drawn([line(1, 0, "åpp\x1b[2J", "läuft \u202e→ f0")])

    assert ("CPU0 (?pp?[2J)", "l?uft ?? f0") == (head.text, row.text)


# -- goldens -------------------------------------------------------------------------------------

KNOWN = {
    "reuse": (TOUR, "flush-before-reuse"),
    "mprotect-during-reclaim": ("museum/mprotect-during-reclaim", "flush-batched-pending"),
    "hidden-page-migrated": ("museum/hidden-page-migrated", "flush-hidden-while-pending"),
}
"""A deferred flush that never fires; 3ea277194daa; a race of three CPUs, 20841405940e."""


@pytest.mark.parametrize(("name", "what"), KNOWN.items())
def test_well_known_races_are_drawn_as_they_were(name: str, what: tuple[str, str]) -> None:
    """LUF_UPDATE_GOLDENS=1 writes them anew."""
    file = GOLDENS / f"{name}.txt"
    now = diagram(run(*what))
    if os.environ.get("LUF_UPDATE_GOLDENS"):
        GOLDENS.mkdir(exist_ok=True)
        file.write_text(now, encoding="utf-8", newline="\n")

    assert file.read_text(encoding="utf-8") == now


# -- words ----------------------------------------------------------------------------------------


def test_of_every_kind_of_event_it_is_known_whether_it_is_drawn() -> None:
    assert set(KINDS) == DRAWN.keys() | LEFT_OUT
    assert not DRAWN.keys() & LEFT_OUT


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind in DRAWN], ids=lambda k: k.name)
def test_a_function_in_a_diagram_is_one_that_the_narration_names(kind: int) -> None:
    """A kind of event is told in the same words of the kernel everywhere."""
    told = KINDS[kind].kernel
    functions = set(FUNCTION.findall(DRAWN[KINDS[kind]]))

    assert functions <= set(FUNCTION.findall(told)) | OTHERS.get(KINDS[kind].name, set())


OTHERS = {"barrier": {"dsb"}}
"""What is an instruction to a narration and written as a function all the same."""


def test_operations_say_which_function_of_the_kernel_they_are() -> None:
    named = {kind.NAME: kind.FUNCTION for kind in OPERATIONS}

    assert "shrink_folio_list" == named["reclaim"]
    assert "handle_mm_fault" == named["fault"]
    assert all(re.fullmatch(r"\w*", function) for function in named.values())


# -- columns --------------------------------------------------------------------------------------


def line(step: int, cpu: int, actor: str, text: str = "something()") -> Line:
    return Line(step, Column(cpu, actor), 0, text, BROKEN)


def test_contexts_stand_by_cpu_and_one_that_does_nothing_has_no_column() -> None:
    head, *_ = drawn([line(1, 2, "app"), line(2, 0, "kswapd")])

    assert ["CPU0", "(kswapd)", "CPU2", "(app)"] == head.text.split()


def test_tasks_of_one_cpu_share_a_column_where_there_are_too_many() -> None:
    rows = drawn([line(step, step % 2, f"task{step}") for step in range(1, 7)])

    assert ["CPU0", "CPU1"] == rows[0].text.split()
    assert ["-- task1 --", "-- task2 --"] == [
        row.text.strip() for row in rows if row.text.strip().startswith("-- ")
    ][:2]


def test_more_columns_than_there_is_room_for_are_names_in_front() -> None:
    rows = drawn([line(cpu + 1, cpu, "app") for cpu in range(12)])

    assert [f"CPU{cpu} (app)" for cpu in range(12)] == [row.text[:11].strip() for row in rows]


def test_a_long_line_is_wrapped_in_its_column() -> None:
    rows = drawn([line(1, 0, "a", "b"), line(2, 1, "c", "word " * 30)])
    left = rows[0].text.index("CPU1")

    assert all(row.text.startswith(" " * left) for row in rows if row.step == 2)
    assert 3 < len([row for row in rows if row.step == 2])


# -- what is left out -----------------------------------------------------------------------------


def test_a_counterexample_leaves_out_what_stands_before_the_race() -> None:
    timeline = counterexample("races/flush-before-reuse", "flush-before-reuse")
    told = diagram(timeline)

    assert told.index("[TLB: text.0 -> f0, ro]") < told.index("shrink_folio_list")
    assert 1 == told.count("handle_mm_fault")
    assert "*** f0 reused: CPU1 still caches" in told


def test_a_stretch_has_everything_in_it_and_nothing_else() -> None:
    whole = run(TOUR)
    told = interleaving(whole, Story(range(30, 40)))

    assert {one.step for one in told} <= set(range(30, 40))
    assert [one for one in lines(whole) if 30 <= one.step < 40 and one.what != "function"] == [
        one for one in told if one.what != "function"
    ]


def test_drawing_leaves_the_run_where_it_was() -> None:
    timeline = run(TOUR)
    with timeline.visit(7):
        lines(timeline)
        assert 7 == timeline.position
