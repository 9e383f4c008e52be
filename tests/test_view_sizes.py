"""What has to be in sight and whole, at every micro-step of every scenario and at usual sizes."""

from __future__ import annotations

import pytest

from luf_tui import library
from luf_tui.engine.operations import step_label
from luf_tui.script.parse import load
from luf_tui.timeline.ask.failing import failed_at
from luf_tui.timeline.recorder import record
from luf_tui.timeline.tell.narrate import most_telling
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.columns import length
from luf_tui.view.compose import Block, first_row, placed
from luf_tui.view.screen import HINTS, arranged
from luf_tui.view.state import Placement, ViewState
from tests.shipped import PLAYED
from tests.view_runs import text

SCENARIOS = [pytest.param(str(one.path), id=one.name) for one in PLAYED]
LARGE, USUAL, SMALL = (160, 50), (120, 40), (80, 24)


def place(run: Timeline, state: ViewState, size: tuple[int, int], pane: str) -> Placement:
    width, height = size
    found = arranged(run, state, width, height - HINTS)
    return next(one for one in found if one.pane == pane)


def in_sight(block: Block) -> range:
    top = first_row(block)
    return range(top, min(top + block.rows, len(block.pane.rows)))


@pytest.mark.parametrize("name", SCENARIOS)
def test_neither_a_label_nor_what_is_told_is_cut_on_a_large_screen(name: str) -> None:
    run, state = record(load(name)), ViewState()
    script, lanes, spoken = (
        place(run, state, LARGE, pane) for pane in ("script", "lanes", "narration")
    )
    for position in range(run.steps + 1):
        run.seek(position)
        block = placed(run, state, script)
        steps = [
            row for row in block.pane.rows if row and row[0].ref and row[0].ref.region == "step"
        ]

        assert all(length(row) <= block.columns for row in steps), f"{name}@{position}"
        assert not [row for row in steps if "…" in text(row)], f"{name}@{position}"
        said = placed(run, state, spoken).pane.rows
        assert failed_at(run, position) or "…" not in "".join(map(text, said)), f"{name}@{position}"
        shown = placed(run, state, lanes)
        assert all(length(row) <= shown.columns for row in shown.pane.rows), f"{name}@{position}"
        assert not [row for row in shown.pane.rows if "…" in text(row)], f"{name}@{position}"


@pytest.mark.parametrize("size", [USUAL, SMALL])
@pytest.mark.parametrize("name", SCENARIOS)
def test_what_happens_now_is_in_sight_with_its_step(name: str, size: tuple[int, int]) -> None:
    run, state = record(load(name)), ViewState(group="events")
    script, events = (place(run, state, size, pane) for pane in ("script", "events"))
    for position in range(1, run.steps + 1):
        run.seek(position)
        where = f"{name}@{position}"
        block = placed(run, state, script)
        assert {block.pane.lead, block.pane.current} <= set(in_sight(block)), where

        if most_telling(run, run.events_of(position)) < 0:
            continue
        block = placed(run, state, events)
        rows = [block.pane.rows[number] for number in in_sight(block)]
        heads = [row for row in rows if row[0].text == "▶"]
        assert str(position) in {row[1].text.strip() for row in heads}, where
        assert "…" not in "".join(text(row) for row in rows), where


def test_a_label_without_room_for_it_goes_without_the_kernels_function() -> None:
    run = record(load(str(library.locate("tour/flush-before-reuse"))))
    labels = {step_label(info.op, info.pos) for info in map(run.step_info, range(1, run.steps + 1))}
    for position in range(run.steps + 1):
        run.seek(position)
        block = placed(run, ViewState(), Placement("script", 0, 0, 50, 20))
        steps = [row[1].text for row in block.pane.rows if row and "├" in row[0].text]
        assert all(any(step.endswith(label) for label in labels) for step in steps)
