"""Lines and positions, races included: every line of a race has its own place."""

from __future__ import annotations

from luf_tui.script.parse import parse, parse_condition
from luf_tui.timeline.navigate import breakpoints
from luf_tui.timeline.recorder import record
from luf_tui.timeline.script_lines import to_line

RACE = """\
title    A race
machine  cpus 3, dram 8
policy   luf
process  app
file     lib, 2 pages
app      mmap lib read-only as text
cpu1     run app
cpu2     run app
cpu0     run kswapd
cpu1     read text.0
race
cpu1     read text.0
cpu2     read text.0
kswapd   reclaim text.0
cpu1     read text.1
schedule kswapd app/1 app/2*2 kswapd
end
expect   no violation
"""
PROGRAM = parse(RACE)
RUN = record(PROGRAM)
FIRST, LAST = 11, 17


def test_a_line_of_a_race_is_the_line_of_whoever_moved() -> None:
    race = next(n for n, item in enumerate(PROGRAM.items) if item.span.line == FIRST)
    seen = {}
    for step in RUN.item_steps(race):
        who = RUN.machine.ctx_name(RUN.machine.ctx[RUN.step_info(step).ctx])
        seen.setdefault(who, []).append(RUN.line_at(step))
    assert {14} == set(seen["kswapd"])
    assert {13} == set(seen["app/2"])
    assert [12, 15] == sorted(set(seen["app/1"]))
    assert sorted(seen["app/1"]) == seen["app/1"]


def test_a_line_of_a_race_is_reached_where_its_operation_begins() -> None:
    for line in (12, 13, 14, 15):
        assert line == RUN.line_at(to_line(RUN, line))


def test_a_breakpoint_inside_a_race_stops_at_its_line() -> None:
    stop = breakpoints.run_forward(RUN, 0, [breakpoints.Breakpoint(line=13)])
    assert to_line(RUN, 13) == stop.position
    assert "line 13 is reached: cpu2     read text.0" in stop.reason


def test_every_line_down_to_the_last_item_can_hold_a_breakpoint() -> None:
    lines = RACE.count("\n")
    assert [] == [n for n in range(1, lines + 1) if breakpoints.item_of_line(PROGRAM, n) < 0]
    assert -1 == breakpoints.item_of_line(PROGRAM, lines + 1)


def test_a_condition_typed_at_a_prompt_survives_as_text() -> None:
    def condition(words: str):  # type: ignore[no-untyped-def]
        return parse_condition(PROGRAM, words)

    point = breakpoints.parse("when stale cpu1 text.0 hit 1", condition)
    assert "when stale cpu1 text.0" == point.text
    again = breakpoints.parse(point.text, condition)
    assert breakpoints.hits(RUN, point) == breakpoints.hits(RUN, again)
    assert breakpoints.hits(RUN, point)
