"""A recording as a run to be walked: the same replay, with a timeline over it."""

from __future__ import annotations

import gzip
import lzma
from pathlib import Path

import pytest

from luf_tui.errors import InputError
from luf_tui.ftrace.meaning.facts import FactKind
from luf_tui.ftrace.reading.source import is_trace
from luf_tui.ftrace.replay import trace_program
from luf_tui.ftrace.replay.layout import lay_out
from luf_tui.ftrace.replay.outcome import play
from luf_tui.ftrace.replay.trace_program import Happened
from luf_tui.ftrace.trace import read_trace
from luf_tui.machine import events as ev
from luf_tui.policy.registry import make_policy
from luf_tui.script.program import Op
from luf_tui.timeline.navigate import breakpoints, event_search
from luf_tui.timeline.script_lines import to_line
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.panes import ledger, script
from luf_tui.view.state import ViewState

LLM = Path(__file__).parent.parent / "scenarios" / "traces" / "llm-excerpt.trace.xz"
TEXT = lzma.decompress(LLM.read_bytes())


def walked(policy: str = "luf") -> Timeline:
    """The excerpt under a policy, the cursor at its end."""
    recorder, moved = trace_program.prepare(
        trace_program.program_of(read_trace(str(LLM))), make_policy(policy)
    )
    return recorder.play(moved)


@pytest.fixture(scope="module")
def run() -> Timeline:
    return walked()


@pytest.mark.parametrize("policy", ["eager", "batched", "luf"])
def test_a_walked_recording_does_what_the_replay_counts(policy: str) -> None:
    trace = read_trace(str(LLM))
    counted, timeline = play(trace, lay_out(trace), make_policy(policy)), walked(policy)

    deferred = timeline.index.by_kind[ev.DEFER]
    assert (counted.micro_steps, counted.deferred) == (timeline.steps, len(deferred))


def test_every_fact_is_a_line_that_says_when_where_what_and_who(run: Timeline) -> None:
    items = run.program.items
    kind = Happened(FactKind.UNMAP)
    unmap = next(item for item in items if isinstance(item, Op) and item.args == kind)

    assert len(read_trace(str(LLM)).facts) == len(items)
    assert "read-only for migration at 0x" in unmap.text
    assert unmap == items[unmap.span.line - 1]


def test_one_page_is_no_pages(run: Timeline) -> None:
    told = "\n".join(item.text for item in run.program.items)

    assert "send IPIs 1 page for" in told
    assert " 1 pages" not in told


def test_the_cursor_goes_anywhere_and_comes_back_to_the_same_machine(run: Timeline) -> None:
    run.seek(run.steps)
    at_the_end = run.machine.cells.snapshot()
    for position in (0, run.steps // 2, 7, run.steps - 1, run.steps):
        run.seek(position)
    assert at_the_end == run.machine.cells.snapshot()


def test_lines_are_gone_to_and_stopped_at(run: Timeline) -> None:
    reached = next(n for n in range(len(run.program.items)) if len(run.item_steps(n)) > 1)
    line = reached + 1

    assert line == run.line_at(run.item_position(reached))
    assert to_line(run, line) == run.item_position(reached)
    assert reached == breakpoints.item_of_line(run.program, line)


def test_a_frame_is_found_by_its_recorded_number_and_a_task_by_its_pid(run: Timeline) -> None:
    recorded = run.program.recorded
    assert recorded is not None
    event = run.index.by_kind[ev.DEFER][0]
    pfn = run.events.argument(event, 0)
    task = run.config.tasks[0].name

    query = event_search.query(run, f"{recorded.pfns[pfn]:#x}")
    found = event_search.find_all(run, query)
    assert event in found
    assert found == tuple(n for n in range(len(run.events)) if event_search.matches(run, n, query))
    assert 0 == event_search.query(run, "pid" + task.rpartition("-")[2]).task
    assert () == event_search.find_all(run, event_search.query(run, "0xfffffff"))


def test_the_ledger_tells_ages_in_recorded_time(run: Timeline) -> None:
    run.seek(run.steps)
    said = [mark.text for row in ledger.build(run, ViewState(), 60, 40).rows for mark in row]

    assert any(text.endswith((" ms", " s", "µs")) for text in said)


def test_the_script_pane_shows_the_facts_around_the_cursor(run: Timeline) -> None:
    run.seek(run.steps // 2)
    rows = script.build(run, ViewState(), 80, 20).rows

    here = [row for row in rows if any(mark.text == "▶" for mark in row)]
    assert [f"{run.line_at(run.position):>3} "] == [row[2].text for row in here if row[2:]]
    assert len(rows) < 400


@pytest.mark.parametrize(
    ("name", "data", "found"),
    [
        ("a.trace", b"", True),
        ("a.xz", b"", True),
        ("recorded", TEXT[:3000], True),
        ("a.luf", TEXT[:3000], False),
        ("script", b"title    x\nmachine  cpus 3\n", False),
    ],
    ids=["named", "packed", "text", "scenario", "plain"],
)
def test_recordings_are_told_from_scenarios(
    tmp_path: Path, name: str, data: bytes, found: bool
) -> None:
    made = tmp_path / name
    made.write_bytes(data)
    assert found == is_trace(made)


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("empty.trace", b"", "empty"),
        ("binary.trace", b"\0\1\2" * 100, "binary"),
        ("foreign.trace", b"hello\nworld\n", "none of its"),
        ("cut.trace.gz", gzip.compress(TEXT)[:40], "cut short"),
    ],
    ids=["empty", "binary", "foreign", "cut"],
)
def test_what_is_no_recording_says_so(tmp_path: Path, name: str, data: bytes, why: str) -> None:
    made = tmp_path / name
    made.write_bytes(data)
    with pytest.raises(InputError) as error:
        read_trace(str(made))
    assert why in str(error.value)


@pytest.mark.parametrize(
    "data", [TEXT[: len(TEXT) // 2 + 7], TEXT.replace(b"\n", b"\r\n")], ids=["torn", "crlf"]
)
def test_what_is_torn_or_from_another_system_can_be_walked(tmp_path: Path, data: bytes) -> None:
    made = tmp_path / "odd.trace"
    made.write_bytes(data)
    recorder, moved = trace_program.prepare(
        trace_program.program_of(read_trace(str(made))), make_policy("luf")
    )
    assert recorder.play(moved).steps > 100
