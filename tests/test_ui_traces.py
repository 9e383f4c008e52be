"""Recordings in the app: opened, walked, searched, and what is wrong with a file."""

from __future__ import annotations

import gzip
import lzma
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from threading import Timer
from typing import Any

import pytest
from textual.app import App
from textual.pilot import Pilot

from luf_tui.engine.director import ItemInfo
from luf_tui.errors import LufError
from luf_tui.ftrace.reading import source
from luf_tui.ftrace.replay import trace_program
from luf_tui.policy.base import Policy
from luf_tui.policy.registry import make_policy
from luf_tui.runs import opening
from luf_tui.runs.opening import prepare
from luf_tui.script.program import Program
from luf_tui.timeline.recorder import Recorder
from luf_tui.ui.app import LufApp
from luf_tui.ui.background import traces
from luf_tui.ui.background.estimate import Estimate
from luf_tui.ui.background.traces import Opening, Whole
from luf_tui.ui.features import branching
from luf_tui.ui.screens.gallery import Gallery
from luf_tui.ui.screens.run_screen import RunScreen
from tests.ui_driver import UNHURRIED, Hold, do, driven, hold, shown_run, text

__all__ = ["hold"]

LLM = Path(__file__).parent.parent / "scenarios" / "traces" / "llm-excerpt.trace.xz"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Recordings are opened when all of them is replayed."""
    monkeypatch.setattr(traces, "SOON", UNHURRIED)


@pytest.fixture
def first_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Recordings are opened when their first move is replayed."""

    class Over(Timer):
        def start(self) -> None:
            self.function(*self.args)

    monkeypatch.setattr("threading.Timer", Over)


def stands(app: App[Any]) -> bool:
    """Whether a recording is walked."""
    screen = app.screen
    return isinstance(screen, RunScreen) and bool(screen.session.timeline.program.recorded)


@pytest.mark.parametrize("size", [(160, 50), (80, 24)])
@driven
async def test_a_recording_is_walked_like_a_scenario(size: tuple[int, int], whole: None) -> None:
    async with LufApp(LLM).run_test(size=size) as pilot:
        assert stands(pilot.app)
        session = shown_run(pilot.app).session

        assert "llm-excerpt.trace.xz" in text(pilot.app)
        await pilot.press("end")
        assert session.timeline.steps == session.position
        await pilot.press("home", "n")
        assert 0 < session.position < session.timeline.steps
        assert session.path == LLM


@driven
async def test_what_opened_soon_gives_way_to_the_whole(first_part: None, hold: Hold) -> None:
    held = hold(Whole)
    async with LufApp(LLM).run_test(size=(120, 40)) as pilot:
        assert stands(pilot.app)
        await pilot.pause()
        assert "the rest is on its way" in text(pilot.app)
        assert shown_run(pilot.app).session.timeline.incomplete

        await held.let_go(pilot, held.jobs[0])
        assert not shown_run(pilot.app).session.timeline.incomplete
        assert "the whole recording is here" in text(pilot.app)


@driven
async def test_a_recording_takes_no_other_lines(whole: None) -> None:
    async with LufApp(LLM).run_test(size=(120, 40)) as pilot:
        do(pilot.app, "what-if")
        assert "a recording takes no other lines" in text(pilot.app)


@pytest.mark.parametrize(
    ("data", "why"),
    [(b"", "the file is empty"), (b"\0\1" * 9, "binary"), (b"hello\n", "none of its 1 lines")],
)
@driven
async def test_a_file_that_is_no_recording_says_why(data: bytes, why: str, tmp_path: Path) -> None:
    made = tmp_path / "bad.trace"
    made.write_bytes(data)
    async with LufApp(made).run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert why in text(pilot.app)
        assert isinstance(pilot.app.screen, Gallery)


@driven
async def test_the_gallery_offers_the_excerpt(whole: None) -> None:
    async with LufApp().run_test(size=(160, 50)) as pilot:
        await pilot.pause()
        await pilot.press("slash", *"llm-excerpt")
        assert "kswapd0-56" in text(pilot.app)
        await pilot.press("enter")
        await pilot.pause()
        assert stands(pilot.app)


@driven
async def test_a_recording_has_no_script_to_save(tmp_path: Path, whole: None) -> None:
    async with LufApp(LLM).run_test() as pilot:
        assert stands(pilot.app)
        await pilot.press("W")

        assert "a recording has no script to save" in text(pilot.app)
        assert [] == list(tmp_path.iterdir())


@driven
async def test_a_defect_in_a_replay_ends_it_there_with_a_sentence(
    whole: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(program: Program, policy: Policy) -> tuple[Recorder, Iterator[ItemInfo]]:
        recorder, moves = prepare(program, policy)

        def some() -> Iterator[ItemInfo]:
            yield from islice(moves, 40)
            raise ZeroDivisionError("nobody saw this coming")

        return recorder, some()

    monkeypatch.setattr(opening, "prepare", broken)
    async with LufApp(LLM).run_test(size=(160, 50)) as pilot:
        assert stands(pilot.app)
        assert "a defect of luf-tui ends the replay here: ZeroDivisionError" in text(pilot.app)
        assert shown_run(pilot.app).session.timeline.steps > 0


@driven
async def test_how_far_the_rest_is_stays_in_sight_and_it_can_be_stopped(
    first_part: None, hold: Hold
) -> None:
    held = hold(Whole)
    async with LufApp(LLM).run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        await pilot.press("right", "left")
        assert "stop · about to begin" in text(pilot.app)
        await pilot.press("K")
        assert "stopped" in text(pilot.app)

        await held.let_go(pilot, held.jobs[0])
        run = shown_run(pilot.app).session.timeline
        assert "stopped by hand" in run.incomplete
        assert "stopped by hand" in text(pilot.app)
        await pilot.press("right", "left")
        assert "stop ·" not in text(pilot.app)
        await pilot.press("K")
        assert "nothing is on its way" in text(pilot.app)


@driven
async def test_garbage_is_not_looked_for_in_the_whole_of_a_recording(
    first_part: None, hold: Hold, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = hold(Whole)
    kept: list[bool] = []
    async with LufApp(LLM).run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        screen = shown_run(pilot.app)
        monkeypatch.setattr(
            "luf_tui.ui.garbage.keep", lambda: kept.append(screen.session.timeline.incomplete == "")
        )
        await held.let_go(pilot, held.jobs[0])
    assert kept == [True]


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A recording of which but a piece is read before something is shown."""
    path = tmp_path / "large.trace"
    path.write_bytes(lzma.decompress(LLM.read_bytes()))
    monkeypatch.setattr(source, "CHUNK", 1 << 14)
    monkeypatch.setattr(traces, "PART", 1)
    return path


@driven
async def test_a_large_file_is_shown_before_it_is_read(
    large: Path, whole: None, hold: Hold
) -> None:
    complete = opening.play_file(large)
    async with LufApp(large).run_test(size=(120, 40)) as pilot:
        assert stands(pilot.app)
        first = shown_run(pilot.app).session.timeline
        assert len(first.program.items) < len(complete.program.items) / 2
        held = hold(Opening)
        await pilot.pause()
        await pilot.press("end")
        assert "rest of the recording is on its way" in text(pilot.app) + first.incomplete
        stood = shown_run(pilot.app).session.timeline.item_at(first.steps)
        await held.let_go(pilot, held.jobs[0])
        session = shown_run(pilot.app).session
        assert session.timeline.digest() == complete.digest()
        # What happened last may come to nothing once it is known whose pages these are.
        assert session.timeline.item_at(session.position) in (stood, stood - 1)
        assert "the whole recording is here" in text(pilot.app)


@driven
async def test_what_was_shown_of_a_large_file_is_shown_again(large: Path, first_part: None) -> None:
    run = Opening(large, None, (), least=30, most=0).result()
    assert run.item_at(run.steps) >= 30
    assert run.incomplete.startswith(traces.GOES_ON)


@driven
async def test_policies_wait_until_a_recording_is_read(large: Path, whole: None) -> None:
    async with LufApp(large).run_test(size=(120, 40)) as pilot:
        screen = shown_run(pilot.app)
        before = screen.session.timeline
        branching.under(screen, make_policy("eager"))
        assert "still being read" in text(pilot.app)
        assert screen.session.timeline is before


@driven
async def test_a_file_that_need_not_be_read_further_leaves_what_is_shown(
    large: Path, whole: None, hold: Hold
) -> None:
    async with LufApp(large).run_test(size=(120, 40)) as pilot:
        held = hold(Opening)
        await pilot.pause()
        before = shown_run(pilot.app).session.timeline
        await pilot.press("K")
        await held.let_go(pilot, held.jobs[0])
        assert shown_run(pilot.app).session.timeline is before
        assert "stopped by hand" in before.incomplete
        assert isinstance(held.jobs[0].future.exception(), LufError)


@driven
async def test_what_is_wrong_with_the_rest_stays_in_sight(
    large: Path, whole: None, hold: Hold
) -> None:
    lines = large.read_text().splitlines()
    lines[-1] = re.sub(r"\[\d{3}\]", "[099]", lines[-1])
    large.write_text("\n".join(lines) + "\n")
    async with LufApp(large).run_test(size=(80, 24)) as pilot:
        await over(pilot, "CPU 99 was seen")
        assert stands(pilot.app)
        assert "counts" in text(pilot.app)
        await pilot.press("escape", "end", "right")
        assert "the rest cannot be shown" in text(pilot.app)


@driven
async def test_a_defect_in_reading_the_rest_leaves_the_app_standing(
    large: Path, whole: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = opening.program

    def broken(path: Path, reading: opening.Reading | None = None, most: int = 0) -> Program:
        if not most:
            raise ZeroDivisionError("nobody saw this coming")
        return read(path, reading, most)

    monkeypatch.setattr(opening, "program", broken)
    async with LufApp(large).run_test(size=(80, 24)) as pilot:
        await over(pilot, "nobody saw this coming")
        assert stands(pilot.app)
        assert "a defect of luf-tui: ZeroDivisionError" in text(pilot.app)


@driven
async def test_a_recording_that_was_cut_says_so_in_the_app(tmp_path: Path, whole: None) -> None:
    cut = tmp_path / "cut.trace.gz"
    cut.write_bytes(gzip.compress(lzma.decompress(LLM.read_bytes()))[:-2000])
    async with LufApp(cut).run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert "the file was cut short" in text(pilot.app)


async def over(pilot: Pilot[Any], said: str) -> None:
    """Waits until something is said."""
    while said not in text(pilot.app):
        await pilot.pause(0.01)


def test_what_takes_long_is_estimated_stretch_by_stretch() -> None:
    now = [0.0]
    estimate = Estimate(lambda: now[0])
    assert estimate.told("reading", 1, 4) == "reading 25 %"
    now[0] = 10.0
    assert estimate.told("reading", 2, 4) == "reading 50 %, about 10 s left"
    assert estimate.told("replaying", 1, 4) == "replaying 25 %"
    now[0] = 20.0
    assert estimate.told("replaying", 1, 4) == "replaying 25 %, about 30 s left"
    assert estimate.told("replaying", 4, 4) == "replaying 100 %"


def test_how_far_a_replay_is_is_counted_in_what_happened() -> None:
    job = Whole(*asked_for())
    assert job.done(60)
    assert job.said.startswith("replaying 100 %")


def test_a_history_takes_no_more_memory_than_it_may() -> None:
    program, policy = asked_for()
    recorder, moves = trace_program.prepare(program, policy, memory=1)
    run = recorder.play(moves)
    assert trace_program.LOOK <= run.steps < 2 * trace_program.LOOK
    assert run.incomplete.startswith("the history takes 0 MiB: stopped after micro-step")


def asked_for() -> tuple[Program, Policy]:
    program = opening.program(LLM)
    return program, opening.policy_of(program)
