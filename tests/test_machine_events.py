"""The kinds of events: each is declared once, and told, shown and counted from that."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from string import Formatter

import pytest
from attrs import fields_dict

from luf_tui.machine.config import Costs
from luf_tui.machine.event_log import Event, EventLog
from luf_tui.machine.events import BY_NAME, DEFER, KINDS, NOTE_TEXT, READ, SEND, SWITCH
from luf_tui.machine.kind import DECLARED, MEANING, QUIET, Kind, kind
from luf_tui.script.parse import parse
from luf_tui.script.vocabulary import SETTINGS
from luf_tui.timeline.answers import Counters
from luf_tui.timeline.recorder import record
from luf_tui.timeline.tell.narrate import LEVELS, SHOWN, narrate, sentence
from luf_tui.view.glyphs import PLAIN, of_kind
from luf_tui.view.legend import LETTERS
from luf_tui.view.marks import ROLES
from luf_tui.view.screen import ViewState
from tests.view_runs import NAMES, panes, run

SOURCES = Path(__file__).parents[1] / "luf_tui"
EVERY = pytest.mark.parametrize("one", KINDS, ids=lambda one: one.name)


def placeholders(template: str) -> set[str]:
    """The names in a template."""
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


@EVERY
def test_a_kind_has_a_sentence_for_the_student_and_one_for_the_kernel_developer(one: Kind) -> None:
    assert one.student
    assert one.kernel


@EVERY
def test_a_sentence_names_only_what_the_event_knows(one: Kind) -> None:
    known = {"cpu", *one.args, *(["page"] if "vpn" in one.args else [])}

    for template in (one.student, one.frameless, one.frameless_kernel, one.kernel):
        assert set() == placeholders(template) - known


def test_no_two_kinds_are_told_equally_early() -> None:
    assert len(KINDS) == len({one.rank for one in KINDS})


def test_an_argument_is_an_attribute_of_its_kind_and_others_are_refused() -> None:
    assert [0, 1, 2, 3] == [READ.mm, READ.vpn, READ.pfn, READ.content]
    with pytest.raises(AttributeError, match="no argument 'contnet'; there is mm vpn pfn content"):
        _ = READ.contnet


def test_an_argument_is_read_by_the_column_of_its_name() -> None:
    log = EventLog()
    log.emit(SWITCH, 2, 2, 5, 1)
    log.emit(DEFER, 1, 3, 7, 0b100)

    assert (3, 7, 0b100) == tuple(
        log.argument(1, column) for column in (DEFER.pfn, DEFER.key, DEFER.mask)
    )
    assert {"cpu": 2, "task": 5, "mm": 1} == log[0].args
    assert (DEFER, 1) == (log.kind_of(1), log.cpu_of(1))


def test_only_the_log_knows_how_a_row_is_laid_out() -> None:
    found = [
        path.relative_to(SOURCES).as_posix()
        for path in sorted(SOURCES.rglob("*.py"))
        if re.search(r"\b(ROW|FIRST_ARG)\b|events\.rows\[", path.read_text(encoding="utf-8"))
    ]

    assert ["machine/event_log.py"] == found


def test_whatever_an_argument_means_can_be_shown() -> None:
    assert set(MEANING.values()) == set(SHOWN)
    assert set(MEANING) == {name for one in KINDS for name in one.args}


def test_a_kind_counts_for_a_counter_that_no_other_kind_counts_for() -> None:
    counters = [one.counts for one in KINDS if one.counts]

    assert set() == set(counters) - fields_dict(Counters).keys()
    assert len(counters) == len(set(counters))


def test_a_kind_costs_what_the_machine_has_a_price_for() -> None:
    assert {"walk", "tlbi", "fault", "zero", "lock", "buddy"} == {k.cost for k in KINDS} - {""}
    assert set() == {one.cost for one in KINDS if one.cost} - fields_dict(Costs).keys()


def test_a_glyph_means_one_thing() -> None:
    glyphs = Counter([PLAIN, *(role.glyph for role in ROLES.values() if role.glyph)])
    glyphs.update(sign for sign, _ in LETTERS)

    assert [] == [glyph for glyph, times in glyphs.items() if times > 1]


def test_a_role_of_events_has_a_glyph_and_a_word_for_the_strip() -> None:
    used = {one.role for one in KINDS if one.role}

    assert used == {name for name, role in ROLES.items() if role.event}
    assert "" not in {ROLES[name].glyph for name in used}


@pytest.mark.parametrize("name", NAMES)
def test_a_glyph_of_events_stands_in_no_pane_for_something_else(name: str) -> None:
    timeline = run(name)
    roles = {role.glyph: {name, "dim", "current"} for name, role in ROLES.items() if role.event}
    for position in range(0, timeline.steps + 1, 3):
        timeline.seek(position)
        for pane in panes(timeline, 160, 50, ViewState()):
            for mark in (mark for row in pane.rows for mark in row):
                assert mark.role in roles.get(mark.text.strip(), {mark.role}), pane.name


def test_a_new_kind_needs_no_other_place_than_its_declaration() -> None:
    made = kind(
        "made-up", "mm vpn pfn", rank=1, role="pending",
        student="{cpu} makes up {page}.", kernel="{page} is made up in {pfn}",
    )  # fmt: skip
    DECLARED.remove(made)
    event = Event(0, 0, made, 1, {"mm": 0, "vpn": 0, "pfn": 3})

    told = [sentence(run(NAMES[0]), event, level) for level in LEVELS]
    page = run(NAMES[0]).config.page_name(0, 0)
    assert [f"cpu1 makes up {page}.", f"{page} is made up in f3"] == told
    assert "◆" == of_kind(made)


def test_kinds_are_found_by_name_and_by_number() -> None:
    assert all(BY_NAME[one.name] is KINDS[one] is one for one in KINDS)


@pytest.mark.parametrize("name", NAMES)
def test_a_note_never_stands_for_what_a_step_did(name: str) -> None:
    timeline = run(name)
    said = {
        sentence(timeline, event)
        for event in timeline.events
        if event.kind == NOTE_TEXT or event.kind.rank >= QUIET
    }

    assert said
    assert set() == said & {narrate(timeline, n) for n in range(timeline.steps + 1)}


def test_as_many_cpus_as_a_machine_can_have_fit_an_event() -> None:
    """A mask of them is one number of an event, and that has a sign."""
    most = SETTINGS["cpus"].high
    script = (
        f"machine cpus {most}, dram 4\npolicy eager\nkswapd on cpu0\nprocess app, heap 1 page\n"
        f"cpu{most - 1} run app\ncpu{most - 1} write heap.0 a\nkswapd reclaim app.heap.0\n"
    )
    recorded = record(parse(script, "wide.luf"))

    masks = [e.args["mask"] for e in recorded.events if e.kind == SEND]
    assert [1 << most - 1] == masks
