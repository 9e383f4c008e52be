"""Recording in a thread: the same run, and what is recorded survives being stopped."""

from __future__ import annotations

from luf_tui.policy.registry import make_policy
from luf_tui.ui.background.loading import Recording
from luf_tui.ui.panels.intents import Stop
from luf_tui.ui.panels.progress import ProgressPanel
from tests.timeline_kernel import FLUSH_BEFORE_REUSE, program, reuse


def test_a_run_recorded_here_is_the_run_recorded_anywhere() -> None:
    recording = Recording(program(), make_policy("luf"))

    assert recording.done(30)
    assert reuse().digest() == recording.result().digest()


def test_guards_named_are_the_ones_taken_away() -> None:
    recording = Recording(program(), make_policy("luf", ["flush-before-reuse"]))

    assert recording.done(30)
    assert ("flush-before-reuse",) == recording.result().policy.without


def test_a_recording_that_is_stopped_keeps_what_it_has() -> None:
    items = FLUSH_BEFORE_REUSE[:3] + FLUSH_BEFORE_REUSE[1:3] * 20_000
    recording = Recording(program(items), make_policy("luf"))
    assert Stop(recording) == ProgressPanel(recording).key("escape", None)
    recording.stop()

    assert recording.done(30)
    run = recording.result()
    assert "stopped by hand" in run.incomplete
    assert run.steps < 40_000
    assert 0 == run.position
