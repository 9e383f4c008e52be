"""A window of a recording as a scenario: it plays as the recording did."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from luf_tui import library
from luf_tui.errors import LufError
from luf_tui.ftrace.meaning.facts import FactKind, Flag
from luf_tui.ftrace.replay.as_scenario import MOST, scenario_of
from luf_tui.ftrace.replay.layout import lay_out
from luf_tui.ftrace.replay.payers import payers_in
from luf_tui.ftrace.replay.trace_program import Lines
from luf_tui.ftrace.trace import read_trace
from luf_tui.machine import events as ev
from luf_tui.runs.opening import play_file
from luf_tui.timeline.timeline import Timeline

Run = Callable[..., "subprocess.CompletedProcess[str]"]
DATA = Path(__file__).parent / "data"
LLM = "llm-excerpt"
WINDOWS = [
    (LLM, 300, 600),
    (LLM, 900, 1200),
    ("batched-migration", 900, 1200),
    ("batched-probed", 600, 900),
    ("batched-reclaim", 600, 900),
    ("batched-swap", 0, 200),
    ("fork-excerpt", 0, 300),
    ("batched-fork", 0, 300),
]


@cache
def lines_of(name: str) -> Lines:
    path = library.locate(LLM) if name == LLM else DATA / f"{name}.trace.xz"
    trace = read_trace(str(path))
    return Lines(trace, lay_out(trace))


def played(text: str, folder: Path, policy: str) -> Timeline:
    path = folder / "window.luf"
    path.write_text(text, "utf-8")
    return play_file(path, policy)


def happened(run: Timeline, kind: int) -> int:
    events = run.machine.events
    return sum(events.kind_of(at) == kind for at in range(len(events)))


@pytest.mark.parametrize(("name", "first", "end"), WINDOWS)
def test_a_window_plays_and_its_allocations_pay_as_recorded(
    tmp_path: Path, name: str, first: int, end: int
) -> None:
    lines = lines_of(name)
    text = scenario_of(lines, first, end - 1, name, "luf")
    assert text == scenario_of(lines, first, end - 1, name, "luf")
    payers, owes = payers_in(lines.trace, lines.layout, first, end - 1)

    for policy in ("eager", "batched", "luf"):
        run = played(text, tmp_path, policy)
        for bad in (ev.REFUSED, ev.BLOCKED, ev.OOM, ev.SIGSEGV, ev.VIOLATION):
            assert not happened(run, bad), (policy, bad.name)
        assert bool(happened(run, ev.DEFER)) == (policy == "luf" and bool(owes))

    # Each allocation that was written pays, and none is missing but what is told in a note.
    taken = [at for at in payers if f"alloc taken-{at + 1} " in text]
    events = run.machine.events
    paid = [
        at
        for at in range(len(events))
        if events.kind_of(at) == ev.PAY
        and ev.REASONS[events.argument(at, ev.PAY.why)] == "taken off the free lists"
    ]
    assert len(taken) == len(paid) == text.count("alloc taken-")
    assert len(taken) == len(payers) or "unmapped before the window" in text


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["tour/who-pays@1..5"], "is a scenario already"),
        ([LLM], f"at most {MOST} facts, and these are 1,262"),
        ([f"{LLM}@L4"], "say where it ends"),
        ([f"{LLM}@L9..L4"], "a stretch goes forwards"),
        ([f"{LLM}@L9..L9999"], "this recording has 1262 facts"),
        ([f"{LLM}@L1..L9", "--map"], "--map is of a screen"),
        ([f"{LLM}@L1..L9", "--policy", "lfu"], "luf"),
    ],
)
def test_what_is_no_window_is_told(luf_tui: Run, words: list[str], told: str) -> None:
    done = luf_tui("export", *words, "--format", "luf", "-o", "-")

    assert (2, "") == (done.returncode, done.stdout)
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_window_is_said_in_facts_or_in_micro_steps(luf_tui: Run, tmp_path: Path) -> None:
    out = tmp_path / "window.luf"
    done = luf_tui("export", f"{LLM}@L640..L700", "-o", out, "--policy", "batched")

    assert (0, "") == (done.returncode, done.stdout)
    assert "policy   batched" in out.read_text("utf-8")
    assert 0 == luf_tui("run", out).returncode
    steps = luf_tui("export", f"{LLM}@start..40", "--format", "luf", "-o", "-")
    run = play_file(library.locate(LLM))
    assert f"from facts 1 to {run.item_at(40) + 1}." in steps.stdout


def test_a_recording_that_is_too_long_is_refused_before_it_is_replayed() -> None:
    with pytest.raises(LufError, match="say a stretch"):
        scenario_of(lines_of(LLM), 0, MOST, LLM, "luf")


def test_a_page_that_numa_balancing_had_hidden_owes_nothing_here_either(tmp_path: Path) -> None:
    lines = lines_of("fork-excerpt")
    facts, hidden = lines.trace.facts, Flag.HIDDEN
    unmaps = facts.where(FactKind.UNMAP)
    at = next(at for at in unmaps if facts.flags[at] & hidden)
    text = scenario_of(lines, at, at + 20, "fork-excerpt", "luf")

    assert "numa     scan work-153.heap." in text
    assert not happened(played(text, tmp_path, "luf"), ev.DEFER)
