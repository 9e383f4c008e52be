"""What each pane must say, checked against the machine and the oracle."""

from __future__ import annotations

import re

import attrs
import pytest

from luf_tui import library
from luf_tui.engine import large
from luf_tui.machine import events as ev
from luf_tui.machine.config import Node
from luf_tui.machine.schema import FREE_STATES, PRESENT
from luf_tui.oracle import truth
from luf_tui.runs.opening import play_file
from luf_tui.script.parse import parse
from luf_tui.timeline.ask.debt_states import in_debt
from luf_tui.timeline.ask.diff import changed_records
from luf_tui.timeline.recorder import record
from luf_tui.timeline.script_lines import to_line
from luf_tui.timeline.tell.narrate import narrate, notes
from luf_tui.view.columns import cells
from luf_tui.view.compose import placed
from luf_tui.view.framemap import frame_map
from luf_tui.view.panes import pagetables, tlbs
from luf_tui.view.screen import PANES
from luf_tui.view.state import Placement, ViewState
from tests.view_runs import NAMES, first, run, text

REUSE, BROKEN = "tour/flush-before-reuse", "hazards/flush-before-reuse-off"
LIT = ("stale", "danger", "unusable")


def pane(timeline, name, width=100, height=20, **state):
    return PANES[name](timeline, ViewState(**state), width, height)


def marks(shown):
    return [mark for row in shown.rows for mark in row]


def refs(shown, region, *roles):
    return {
        mark.ref.index
        for mark in marks(shown)
        if mark.ref is not None and mark.ref.region == region and mark.role in roles
    }


@pytest.mark.parametrize("name", NAMES)
def test_exactly_the_stale_entries_are_lit(name):
    timeline = run(name)
    for position in range(timeline.steps + 1):
        timeline.seek(position)
        m = timeline.machine
        stale = {entry.index for entry in m.tlb if entry.mm and truth.stale(m, entry)}

        assert stale == refs(pane(timeline, "tlbs"), "tlb", *LIT)


@pytest.mark.parametrize("name", NAMES)
def test_exactly_the_free_frames_that_owe_a_flush_have_the_sign(name):
    timeline = run(name)
    for position in range(timeline.steps + 1):
        timeline.seek(position)
        m = timeline.machine
        owed = {
            frame.index
            for frame in m.frame
            if frame.state in FREE_STATES and timeline.policy.owed(m, frame)
        }

        signed = refs(pane(timeline, "frames", height=30), "frame", "pending", "flushed")
        assert owed <= signed
        assert signed == in_debt(timeline).keys()


def test_a_stale_entry_over_foreign_bytes_is_in_danger():
    timeline = run(BROKEN)
    timeline.seek(timeline.steps)
    entries = refs(pane(timeline, "tlbs"), "tlb", *LIT)
    frames = {timeline.machine.tlb[n].frame.pfn for n in entries}

    assert frames
    assert frames <= refs(pane(timeline, "tlbs"), "frame", "danger")


def test_a_stale_entry_over_the_same_bytes_is_harmless():
    timeline = run(REUSE)
    timeline.seek(first(timeline, ev.DEFER))

    assert refs(pane(timeline, "tlbs"), "frame", "benign")
    assert not refs(pane(timeline, "tlbs"), "frame", "danger")


def test_pages_below_an_entry_that_is_away_are_told_not_to_be_walked():
    timeline = run("races/large-page-collapsed")
    seen = set()
    for position in range(timeline.steps + 1):
        timeline.seek(position)
        m = timeline.machine
        away = {pte.index for pte in m.pte if pte.kind == PRESENT and large.unwalked(pte)}
        told = [mark for mark in marks(pane(timeline, "pagetables")) if mark.text == " no walk"]
        assert away == {mark.ref.index for mark in told}
        seen |= away
    assert seen


@pytest.mark.parametrize("name", NAMES)
def test_what_the_micro_step_changed_is_marked(name):
    timeline = run(name)
    for position in range(1, timeline.steps + 1):
        timeline.seek(position)
        changed = {i for region, i in changed_records(timeline, position) if region == "mm"}
        heads = {
            mark.ref.index
            for mark in marks(pane(timeline, "pagetables"))
            if mark.changed and mark.ref and mark.ref.region == "mm"
        }

        assert heads <= changed


def test_what_has_not_changed_can_be_left_out_of_every_pane_of_the_machine():
    timeline = run(REUSE)
    timeline.seek(first(timeline, ev.DEFER))
    for name in ("tlbs", "pagetables", "lists", "frames", "ledger"):
        block = placed(timeline, ViewState(changed_only=True), Placement(name, 0, 0, 110, 30))

        assert "changed only" in "".join(mark.text for mark in block.pane.title)
        rows = [row for row in block.pane.rows if not any(m.role == "title" for m in row)]
        assert all(any(mark.changed for mark in row) for row in rows)


def test_a_cleared_entry_says_what_it_was():
    timeline = run(REUSE)
    timeline.seek(first(timeline, ev.UNMAP))
    rows = [text(row) for row in pane(timeline, "pagetables").rows]

    assert any("text.0" in row and "was f0" in row for row in rows)


def test_the_current_line_and_micro_step_are_where_the_run_stands():
    timeline = run(REUSE)
    for position in range(1, timeline.steps + 1):
        timeline.seek(position)
        shown = pane(timeline, "script", 60, 30)
        line = next(row for row in shown.rows if "▶" in text(row)[:2])

        assert str(timeline.line_at(position)) == text(line)[2:6].strip()
        steps = [row for row in shown.rows if re.match(r" +[├└]▶", text(row))]
        assert len(steps) == (len(timeline.item_steps(timeline.item_at(position))) > 1)
        assert "▶" in text(shown.rows[shown.current])


def test_expectations_show_how_they_came_out_once_reached():
    timeline = run(REUSE)
    timeline.seek(0)
    assert "✓" not in "".join(text(row) for row in pane(timeline, "script", 80, 60).rows)

    timeline.seek(timeline.steps)
    rows = [text(row) for row in pane(timeline, "script", 80, 60).rows]
    assert all("✓" in row for row in rows if " expect " in row)


def test_a_failed_expectation_says_what_was_seen():
    timeline = record(parse(SMALL.replace("owed = 1", "owed = 7"), "small.luf"))
    timeline.seek(timeline.steps)
    rows = pane(timeline, "script", 80, 60).rows
    at = next(n for n, row in enumerate(rows) if "owed = 7" in text(row))

    assert "✗" in text(rows[at])
    assert "failed" in {mark.role for mark in rows[at + 1]}


SMALL = """title  Small
machine  cpus 3, dram 8
policy luf
process app
file lib, 2 pages
app mmap lib read-only as text
cpu1 run app
cpu1 read text.0
kswapd reclaim text.0
expect owed = 1
"""


def test_breakpoints_stand_in_the_gutter():
    timeline = run(REUSE)
    timeline.seek(0)
    rows = [text(row) for row in pane(timeline, "script", breakpoints=frozenset({15})).rows]

    assert [row for row in rows if row.startswith("●")] == [
        row for row in rows if row[2:6].strip() == "15"
    ]


@pytest.mark.parametrize("width", [20, 40, 160])
def test_the_strip_leads_to_every_part_of_the_run(width):
    timeline = run(REUSE)
    cells = []
    for position in range(timeline.steps + 1):
        timeline.seek(position)
        row = pane(timeline, "strip", width, 1).rows[0]
        steps = [mark for mark in row if mark.ref is not None]
        here = [n for n, mark in enumerate(steps) if mark.role == "current"]
        assert 1 == len(here)
        cells += here
        targets = [mark.ref.index for mark in steps]
        assert targets == sorted(targets)
        assert targets[here[0]] <= position

    assert cells == sorted(cells)
    assert set("▲" if width < 40 else "▲◆" if width < 160 else "▲◆○↯") <= set(text(row))


def test_a_policy_without_a_guard_says_so_in_the_header():
    timeline = run(BROKEN)
    timeline.seek(timeline.steps)

    for width, guard in ((60, "−fl"), (80, "−flush-b"), (100, "−flush-before-reuse")):
        told = text(pane(timeline, "header", width, 1).rows[0])
        assert guard in told
        assert told.startswith(" Flu")
    assert "✖" in text(pane(timeline, "header", 160, 1).rows[0])


def test_a_generation_of_a_zone_is_told_from_a_key_and_from_that_of_an_address_space():
    timeline = run("tour-cxl/one-for-all")
    timeline.seek(first(timeline, ev.PAY) - 3)

    assert "~ text.0 → f0 r lib.0 v1 ◆g2" in text_of(timeline, "tlbs")
    assert "f0◆g2 f1◆g2" in text_of(timeline, "lists")
    assert "◆ zone gen 2  owed by cpu1,2" in text_of(timeline, "ledger")
    assert "app tlb_gen 4" in text_of(timeline, "pagetables")
    timeline.seek(first(timeline, ev.DEFER))
    assert "~ text.0 → f0 r lib.0 v1 ◆1" in text_of(timeline, "tlbs")


def text_of(timeline, name):
    """A pane as text, in one line."""
    return " ".join(text(row) for row in pane(timeline, name).rows)


def test_the_ledger_tells_who_owes_and_for_how_long():
    timeline = run(REUSE)
    at = first(timeline, ev.DEFER)
    timeline.seek(at)
    assert "owed by cpu1,2" in text(pane(timeline, "ledger").rows[0])

    timeline.seek(at + 3)
    assert "for 3 steps" in text(pane(timeline, "ledger").rows[0])
    assert "was text.0 of app" in text(pane(timeline, "ledger").rows[1])


def test_what_is_owed_stands_above_what_nobody_has_to_pay_any_more():
    timeline = run("tour-cxl/beside-eager")
    timeline.seek(timeline.steps)
    heads = [text(row) for row in pane(timeline, "ledger").rows if " key " in text(row)]

    assert ["◆ key 4", "△ key 2", "△ key 3"] == [head.strip()[:7] for head in heads]


def test_nothing_owed_is_said():
    timeline = run(REUSE)
    timeline.seek(0)

    assert ["nothing is owed"] == [text(row).strip() for row in pane(timeline, "ledger").rows]


@pytest.mark.parametrize("level", ["student", "kernel"])
def test_the_narration_is_whole_where_there_is_room(level):
    timeline = run(REUSE)
    for position in range(timeline.steps + 1):
        timeline.seek(position)
        rows = pane(timeline, "narration", 60, 20, level=level).rows
        said = " ".join(text(row).strip() for row in rows)

        reached = " ".join(notes(timeline, position))
        under = f" note {reached}" if reached else ""
        assert f"{narrate(timeline, position, level)}{under}".split() == said.split()


def test_a_long_narration_ends_in_an_ellipsis():
    timeline = run(REUSE)
    timeline.seek(first(timeline, ev.DEFER))
    rows = pane(timeline, "narration", 40, 2).rows

    assert 2 == len(rows)
    assert text(rows[1]).endswith("…")


@pytest.fixture(scope="module")
def huge():
    program = parse(SMALL, "huge.luf")
    nodes = (Node("dram", 60_000), Node("cxl", 40_000, tier=1))
    return record(attrs.evolve(program, config=attrs.evolve(program.config, nodes=nodes)))


@pytest.mark.parametrize("size", [(46, 9), (76, 9), (120, 30)])
def test_a_map_of_100_000_frames_fits_and_shows_what_is_owed(huge, size):
    huge.seek(huge.steps)
    shown = pane(huge, "frames", *size)

    assert len(shown.rows) <= size[1]
    assert all(len(text(row)) <= size[0] for row in shown.rows)
    assert {0} == refs(shown, "frame", "pending")
    starts = sorted(mark.ref.index for mark in marks(shown) if mark.ref is not None)
    assert 0 == starts[0]
    assert 60_000 in starts


def test_the_map_of_a_huge_machine_follows_the_cursor(huge):
    for position in (huge.steps, 3, huge.steps - 1, 0, huge.steps):
        huge.seek(position)
        found = frame_map(huge)

        assert list(found.states) == [frame.state for frame in huge.machine.frame]


@pytest.mark.parametrize("width", [60, 70, 80, 90, 100, 110, 120, 160])
@pytest.mark.parametrize(
    "gone", [(), ("flush-before-reuse",), ("flush-before-reuse", "flush-soft-dirty")]
)
def test_the_header_always_has_the_title_the_policy_and_what_is_wrong(width, gone):
    program = parse(SMALL.replace("Small", "A title that is rather long"), "small.luf")
    timeline = record(attrs.evolve(program, without=gone))
    timeline.seek(timeline.steps)
    told = text(pane(timeline, "header", width, 1).rows[0])

    assert told.startswith(" A ti")
    assert " · luf" in told
    assert bool(gone) == ("−" in told)
    assert f"/{timeline.steps}" in told
    assert width >= cells(told)


@pytest.mark.parametrize("word", ["[bold]x[/]", "名前", "e\u0301tat"])
def test_names_from_a_file_are_shown_as_they_are(word):
    timeline = record(parse(SMALL.replace("Small", word), "small.luf"))

    assert word in text(pane(timeline, "header", 120, 1).rows[0])


def test_what_a_terminal_would_obey_is_not_shown():
    program = attrs.evolve(
        parse(SMALL, "small.luf"), title="\x1b[2J\x07", source=("# \x1b[31mred", "a\tb")
    )
    timeline = record(program)
    shown = [pane(timeline, "header", 120, 1), pane(timeline, "script", 60, 20)]

    assert all(mark.text.isprintable() for one in shown for mark in marks(one))


def test_a_program_without_a_file_shows_its_items():
    program = attrs.evolve(parse(SMALL, "small.luf"), source=())
    timeline = record(program)
    timeline.seek(timeline.steps)
    shown = [text(row) for row in pane(timeline, "script", 60, 20).rows]

    assert any("kswapd reclaim text.0" in row and row.startswith(" ▶") for row in shown)


def test_a_very_long_script_is_shown_around_where_the_run_stands():
    reads = "cpu1 read text.0\n" * 3000
    timeline = record(parse(SMALL + reads, "long.luf"))
    timeline.seek(to_line(timeline, 2500))
    shown = pane(timeline, "script", 60, 20)

    assert "2500" in text(shown.rows[shown.current])
    assert len(shown.rows) < 1600


def test_what_a_cpu_remembers_of_a_page_table_is_shown_and_lit_once_it_is_wrong():
    timeline = run("hazards/page-table-page")
    timeline.seek(first(timeline, ev.TABLE_OUT))
    shown = [text(row) for row in pane(timeline, "tlbs").rows]
    walks = [row for row in shown if "⇒ f0" in row]

    assert 1 == len(walks)
    assert "~ text.0" in walks[0]
    timeline.seek(first(timeline, ev.TABLE_IN))
    assert "▤" in "".join(text(row) for row in pane(timeline, "frames").rows)


@pytest.mark.parametrize("width", [30, 60, 72, 74, 100, 150])
@pytest.mark.parametrize("name", ["tiering/demotion", "tour/flush-before-reuse"])
def test_in_the_rows_that_page_tables_want_no_page_is_cut(name: str, width: int) -> None:
    timeline = run(name)
    rows = pagetables.rows_wanted(timeline, width)
    for position in range(timeline.steps + 1):
        timeline.seek(position)
        assert len(pagetables.build(timeline, ViewState(), width, rows).rows) <= rows


def test_where_there_are_rows_enough_no_entry_of_a_tlb_is_cut() -> None:
    timeline = run("races/flush-before-reuse")
    rows = tlbs.rows_wanted(timeline, 20)
    for position in range(timeline.steps + 1):
        timeline.seek(position)
        pane = tlbs.build(timeline, ViewState(), 56, rows)
        assert not [row for row in pane.rows if "…" in text(row)], position


def test_an_entry_in_a_narrow_column_keeps_what_it_reads_and_its_debt_before_blanks():
    timeline = run(REUSE)
    timeline.seek(first(timeline, ev.DEFER))

    for width, told in ((40, "~ text.0 → f0 r lib.0 v1 ◆1"), (26, "~ text.0→f0 r lib.0 v1 ◆1"),
                        (22, "~ text.0→f0 r lib… ◆1")):  # fmt: skip
        rows = [text(row).strip("▐ ") for row in pane(timeline, "tlbs", width, 40).rows]
        assert told in rows, rows


def test_a_debt_that_is_open_comes_first_and_its_frames_fit():
    timeline = play_file(library.locate("traces/llm-excerpt"))
    timeline.seek(300)
    rows = [text(row) for row in pane(timeline, "ledger", 30, 14).rows]

    assert "◆ key 3" in rows[0]
    assert any("f64 f65 f78 f79 and 3 more" in row for row in rows)
    assert "…" not in "".join(rows)


@pytest.mark.parametrize(
    "name", ["as-posted/d1-write", "as-posted/d4-other-mm", "races/two-takers"]
)
def test_no_frame_of_a_narrow_map_is_cut(name):
    timeline = play_file(library.locate(name))
    for width in range(26, 60):
        for row in pane(timeline, "frames", width, 12).rows:
            assert cells(text(row).rstrip()) <= width, f"{width}: {text(row)}"


def test_that_nothing_is_owed_is_not_all_that_is_said_beside_stale_entries():
    timeline = run(BROKEN)
    timeline.seek(timeline.steps)
    rows = [text(row).strip() for row in pane(timeline, "ledger", 30).rows]

    assert all(cells(row) < 30 for row in rows)
    assert ["nothing is owed", "2 stale entries can be used"] == rows


def test_a_second_taker_of_what_is_being_paid_is_told_to_wait():
    timeline = play_file(library.locate("races/two-takers"))
    for position, said in ((70, False), (76, True), (82, True), (84, False)):
        timeline.seek(position)
        told = " ".join(map(text, pane(timeline, "ledger", 60).rows))
        assert said == ("thief on cpu3 waits for it, too" in told), f"{position}: {told}"


def test_a_recording_tells_of_pages_in_a_batch_and_of_cpus_that_are_left_alone():
    timeline = play_file(library.locate("traces/llm-excerpt"))
    timeline.seek(172)
    told = " ".join(text(row).strip() for row in pane(timeline, "ledger", 60, 20).rows)

    assert "deferred notes of kswapd0-56" in told
    assert "its pages are not free yet" in told
    assert "left alone: cpu1,2 flush before they use what they have" in told


def test_of_lazy_cpus_it_is_not_said_that_they_have_flushed():
    timeline = play_file(library.locate("traces/llm-excerpt"))
    timeline.seek(1447)
    told = " ".join(text(row).strip() for row in pane(timeline, "ledger", 80, 20).rows)

    assert any(one.lazy for one in timeline.machine.cpu)
    assert "△ key 74  all have flushed since, or do before they use anything" in told


def locked(timeline, position):
    with timeline.visit(position):
        return timeline.machine.mm[0].writer


def test_an_address_space_says_that_it_is_locked_before_who_may_cache_it():
    timeline = play_file(library.locate("hazards/madvise-free"))
    timeline.seek(next(at for at in range(timeline.steps) if locked(timeline, at)))

    assert "app locked tlb_gen" in text(pane(timeline, "pagetables").rows[0])
