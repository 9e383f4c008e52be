"""Findings are first-class: lit where they are, told in words, counted, and found by a key."""

from __future__ import annotations

import json

import pytest

from luf_tui import library
from luf_tui.machine import events as ev
from luf_tui.machine.refs import Ref
from luf_tui.oracle.obligations import ABOUT
from luf_tui.script.parse import load, parse
from luf_tui.timeline.ask.failing import lasting, troubles
from luf_tui.timeline.navigate import moves
from luf_tui.timeline.recorder import record
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.broken import broken
from luf_tui.view.compose import placed
from luf_tui.view.marks import Mark, Pane
from luf_tui.view.screen import PANES
from luf_tui.view.state import Placement, ViewState
from tests.shipped import PLAYED

SCENARIOS = [pytest.param(str(one.path), id=one.name) for one in PLAYED]

FAILING = """\
title    An expectation that fails
about    Nothing is stale here.
machine  cpus 2, dram 8
process  app
cpu1     run app
cpu1     read heap.0
expect   stale cpu1 heap.0
cpu1     read heap.0
"""
OWING = """\
title    A debt for ever
about    Nobody takes the frame.
machine  cpus 3, dram 8
policy   luf
process  app
file     lib, 1 page
app      mmap lib read-only as text
cpu1     run app
cpu1     read text.0
kswapd   reclaim text.0
"""


def unguarded() -> Timeline:
    return record(load(str(library.locate("hazards/flush-before-reuse-off"))))


def pane(run: Timeline, name: str) -> Pane:
    return placed(run, ViewState(), Placement(name, 0, 0, 160, 45)).pane


def lit(run: Timeline, name: str) -> set[Ref]:
    marks = (mark for row in pane(run, name).rows for mark in row)
    return {mark.ref for mark in marks if mark.ref and mark.role == "violation"}


def said(run: Timeline, name: str, width: int = 114, height: int = 2) -> str:
    rows = PANES[name](run, ViewState(), width, height).rows
    return "\n".join("".join(mark.text for mark in row) for row in rows)


@pytest.mark.parametrize("name", SCENARIOS)
def test_what_is_broken_is_lit_there_and_nowhere_else(name: str) -> None:
    run = record(load(name))
    for event in run.index.by_kind[ev.VIOLATION]:
        run.seek(run.step_of_event(event))
        finding = next(
            one for one, at in zip(run.findings, run.finding_events, strict=True) if at == event
        )
        if finding.pfn >= 0 and finding.pfn < run.config.frames:
            assert Ref("frame", finding.pfn) in lit(run, "frames")
        if finding.cpu >= 0:
            assert Ref("cpu", finding.cpu) in lit(run, "tlbs")
        about = set(broken(run))
        assert lit(run, "frames") | lit(run, "tlbs") | lit(run, "pagetables") <= about
        assert "✖" in said(run, "narration")
        assert ABOUT.get(finding.obligation, "")[:40] in said(run, "narration", 200, 8)


def test_the_sign_stands_before_what_is_broken() -> None:
    run = unguarded()
    run.seek(moves.first_failure(run, 0))
    rows = [row for row in pane(run, "frames").rows if any(m.role == "violation" for m in row)]

    assert rows
    assert all(Mark("✖", "violation", Ref("frame", 0), True) in row for row in rows)


def test_where_nothing_is_broken_nothing_is_lit() -> None:
    run = unguarded()
    run.seek(moves.first_failure(run, 0) - 1)

    assert not lit(run, "frames") | lit(run, "tlbs")
    assert "✖" not in said(run, "narration")


def test_a_failed_expectation_is_counted_marked_and_found() -> None:
    run = record(parse(FAILING, "failing.luf"))
    at = moves.next_finding(run, 0)
    run.seek(at)

    assert [at] == troubles(run)
    assert at == moves.first_failure(run, 0)
    assert "✗ 1" in said(run, "header")
    assert "✗" in said(run, "strip")
    assert "line 7: expect stale cpu1 heap.0" in said(run, "narration")
    run.seek(at - 1)
    assert "✗ 1" not in said(run, "header")


def test_a_debt_that_nobody_pays_is_told_at_the_end(luf_tui, tmp_path) -> None:  # type: ignore[no-untyped-def]
    run = record(parse(OWING, "owing.luf"))
    run.seek(run.steps)
    (told,) = lasting(run)
    file = tmp_path / "owing.luf"
    file.write_text(OWING, "utf-8")

    assert "f0: cpu1 still to flush" == told
    assert told in said(run, "narration")
    assert f"at the end: {told}" in luf_tui("run", file).stdout
    assert [told] == json.loads(luf_tui("run", file, "--json").stdout)["lasting"]
    assert () == lasting(record(load(str(library.locate("tour/flush-before-reuse")))))


def test_the_map_shows_what_is_broken() -> None:
    run = unguarded()
    run.seek(moves.first_failure(run, 0))

    assert {Ref("frame", 0), Ref("cpu", 1)} <= lit(run, "map")
