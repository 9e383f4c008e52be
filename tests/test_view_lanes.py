"""The lanes: what a column is, what it shows, and two runs of one script on one scale."""

from __future__ import annotations

from functools import cache

import pytest

from luf_tui import library
from luf_tui.machine import events as ev
from luf_tui.script.parse import load
from luf_tui.timeline.ask.model_time import model_time
from luf_tui.timeline.ask.prices import WAIT
from luf_tui.timeline.recorder import record
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.columns import length
from luf_tui.view.panes import lanes
from luf_tui.view.state import ViewState
from luf_tui.view.time_axis import axis, cells, duration, scales
from tests.view_runs import first, text

FOUR = "━▼⋯·"


@cache
def run(policy: str | None = None, name: str = "tour/who-pays") -> Timeline:
    return record(load(str(library.locate(name))), policy)


def shown(timeline, width=116, height=14, **state):
    return lanes.build(timeline, ViewState(**state), width, height)


def lane_rows(pane):
    return [row for row in pane.rows if any(m.ref and m.ref.region == "cpu" for m in row)]


def bar_of(row):
    """The text and roles of the columns of a lane: what refers to its CPU after the label."""
    _, *bar = [mark for mark in row if mark.ref and mark.ref.region in ("cpu", "step")]
    return "".join(mark.text for mark in bar)


def test_the_four_glyphs_say_what_a_cpu_does():
    timeline = run("luf")
    timeline.seek(timeline.steps)
    told = " ".join(bar_of(row) for row in lane_rows(shown(timeline)))

    assert set(FOUR) <= set(told)
    time = model_time(timeline)
    pays = time.lanes[timeline.events.cpu_of(timeline.index.by_kind[ev.PAY][0])]
    per = scales(time.length, 80)[0]
    whole = axis(time.length, 0, 80, 0)
    for start, end in zip(pays.waits.starts, pays.waits.ends, strict=True):
        glyphs = [cell.glyph for cell in cells(timeline, time.lanes.index(pays), whole)]
        assert set("⋯") == set(glyphs[start // per + 1 : end // per])


@pytest.mark.parametrize("zoom", range(6))
@pytest.mark.parametrize("width", [56, 76, 116, 156])
def test_the_cursor_is_in_sight_and_never_goes_back(width, zoom):
    timeline = run("luf")
    time = model_time(timeline)
    columns = lanes.room(timeline, None, width)
    before = 0
    for position in range(timeline.steps + 1):
        part = axis(time.length, time.here[position], columns, zoom)
        at = part.column(time.here[position])
        assert 0 <= at < columns
        assert part.first + at >= before
        before = part.first + at


def test_a_finer_scale_is_finer_and_ends():
    found = scales(16_000, 80)

    assert found[0] * 80 > 16_000
    assert found == sorted(found, reverse=True)
    assert axis(16_000, 0, 80, 99).per == found[-1] == 10
    assert axis(16_000, 0, 80, 1).per < axis(16_000, 0, 80, 0).per


def test_here_is_marked_on_every_lane_and_the_future_is_of_little_weight():
    timeline = run("luf")
    at = first(timeline, ev.SEND)
    timeline.seek(at)
    rows = lane_rows(shown(timeline))

    assert all(1 == sum(m.role == "current" or m.text == lanes.HERE for m in row) for row in rows)
    timeline.seek(at - 1)
    assert not any(m.role == "accent" and "⋯" in m.text[:-9] for row in rows for m in row[2:-2])


def test_what_happens_is_marked_at_its_moment():
    timeline = run("luf")
    for kind, glyph in ((ev.PAY, "▲"), (ev.DEFER, "◆"), (ev.STALE, "○")):
        step = first(timeline, kind)
        timeline.seek(step)
        cpu = timeline.events.cpu_of(timeline.index.by_kind[kind][0])
        row = lane_rows(shown(timeline))[cpu]
        assert [mark.text for mark in row if mark.role == "current"] == [glyph]


def test_two_runs_stand_on_one_scale_eager_above():
    here, beside = run("luf"), run("eager")
    here.seek(here.steps)
    pane = shown(here, beside=beside)
    rows = lane_rows(pane)
    names = [text(row).split()[0] for row in pane.rows if row[0].text.strip() in ("eager", "luf")]

    assert ["eager", "luf"] == names
    assert 2 * here.config.cpus == len(rows)
    assert 1 == len({bar_start(row) for row in rows})
    said = " ".join(text(row) for row in pane.rows)
    for one in (here, beside):
        assert f"waits {duration(model_time(one).spent(WAIT))}" in said
        assert f"interrupts {model_time(one).interrupts}" in said
    beside.seek(beside.steps)
    turned = lane_rows(shown(beside, beside=here))
    assert [text(row) for row in turned] == [text(row) for row in rows]


def bar_start(row):
    return length(row[:2])


def test_the_other_run_is_seen_at_the_same_line():
    here, beside = run("luf"), run("eager")
    for position in range(here.steps + 1):
        here.seek(position)
        there = lanes.same_place(here, beside)
        assert 0 <= there <= beside.steps
        if beside.item_steps(here.item_at(position)):
            assert here.item_at(position) == beside.item_at(there)
    here.seek(here.steps)
    assert beside.item_at(beside.steps) == beside.item_at(lanes.same_place(here, beside))


@pytest.mark.parametrize("width", range(56, 180, 7))
def test_the_scale_and_the_whole_legend_are_told_at_every_width(width):
    timeline = run("luf")
    timeline.seek(40)
    for beside in (None, run("eager")):
        pane = shown(timeline, width, 8, beside=beside)
        said = " ".join(text(row) for row in pane.rows)
        assert "cost model, not a measurement" in said
        assert "one column" in said
        for glyph, _, words in lanes.LEGEND:
            assert f"{glyph} {words}" in said
        assert all(length(row) <= width for row in pane.rows)
        assert pane.current is not None or len(pane.rows) <= 8
        assert timeline.config.cpus * (2 if beside else 1) == len(lane_rows(pane))


@pytest.mark.parametrize(
    ("spent", "told"),
    [(0, "0 ns"), (999, "999 ns"), (1000, "1 µs"), (1700, "1.7 µs"), (2_500_000, "2.5 ms")],
)
def test_durations_are_told_in_a_unit_that_fits(spent, told):
    assert told == duration(spent)


def test_the_rows_wanted_show_everything_and_stay_while_one_walks():
    timeline = run("luf")
    for beside in (None, run("eager")):
        for position in (0, 40, timeline.steps):
            timeline.seek(position)
            wanted = lanes.rows_wanted(timeline, beside, 156)
            assert wanted == len(shown(timeline, 156, 40, beside=beside).rows)


def test_in_a_low_pane_the_lane_that_moves_is_in_sight_and_the_rest_is_to_be_scrolled_to():
    timeline = run("luf")
    for position in range(1, timeline.steps + 1):
        timeline.seek(position)
        pane = shown(timeline, 56, 3)
        ctx = timeline.step_info(position).ctx
        if ctx < timeline.config.cpus:
            row = pane.rows[pane.current]
            assert f"cpu{ctx} " in text(row)
        assert "you are here" in " ".join(text(row) for row in pane.rows)


def test_a_column_is_a_place_of_the_run_that_is_walked():
    timeline = run("luf")
    time = model_time(timeline)
    timeline.seek(30)
    for row, cpu in zip(lane_rows(shown(timeline)), range(timeline.config.cpus), strict=True):
        steps = [mark.ref.index for mark in row if mark.ref and mark.ref.region == "step"]
        assert steps == sorted(steps)
        assert 0 == steps[0] < timeline.steps - 5 < steps[-1] <= timeline.steps
        assert mark_of(row).index == cpu
    later = [time.here[step] for step in steps]
    assert later == sorted(later)
    rows = lane_rows(shown(timeline, beside=run("eager")))
    assert not any(m.ref and m.ref.region == "step" for row in rows[:4] for m in row)


def mark_of(row):
    return next(mark.ref for mark in row if mark.ref and mark.ref.region == "cpu")


def test_guards_that_are_off_are_counted_beside_the_policy():
    without = run(name="hazards/flush-before-reuse-off")
    rows = lane_rows(shown(without, beside=run("eager", "hazards/flush-before-reuse-off")))

    assert {"eager", "luf −1"} == {row[0].text.strip() for row in rows} - {""}


def test_what_a_cpu_does_now_is_said_to_be_next() -> None:
    """The script's arrow stands at the micro-step before."""
    run = record(load(str(library.locate("tour/flush-before-reuse"))))
    run.seek(next(run.step_of_event(n) for n in run.index.by_kind[ev.PAY]))
    told = [text(row) for row in lane_rows(shown(run, 156))]

    assert told[0].endswith("thief, next shootdown: start the flush")
    assert told[1].endswith("app/1, user mode")
