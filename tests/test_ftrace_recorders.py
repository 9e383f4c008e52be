"""Who recorded is told from those who were recorded."""

from __future__ import annotations

from pathlib import Path

from luf_tui.ftrace.trace import Trace
from tests.trace_lines import Lines, read_text


def busy(*readers: str) -> Lines:
    """A recording in which tasks come and go, and the readers are there all through it."""
    lines = (
        Lines()
        .switch("swapper/0-0", 0, "cat-50")
        .alloc("cat-50", 0, 9)
        .switch("cat-50", 0, "work-7")
    )
    for n in range(40):
        lines.alloc("work-7", 1, 100 + n, 1)
        for reader in readers:
            lines.switch("work-7", 0, reader).alloc(reader, 0, 200 + n).switch(reader, 0, "work-7")
    return lines


def recorders(trace: Trace) -> list[tuple[str, int]]:
    return [trace.tasks[task] for task in trace.recorder]


def test_a_cat_that_runs_all_through_it_recorded(tmp_path: Path) -> None:
    trace = busy("cat-51").read(tmp_path)
    assert [("cat", 51)] == recorders(trace)
    one = trace.recorder
    assert (40, 40, 40 + 1 + 40 * 2) == (one.switches, one.pages, one.all_pages)
    assert one.all_switches > one.switches
    assert "all through the recording" in one.how


def test_a_cat_that_comes_and_goes_did_not(tmp_path: Path) -> None:
    trace = busy("other-60").read(tmp_path)
    assert [] == recorders(trace)
    assert ("", 0, 0) == (trace.recorder.how, trace.recorder.switches, trace.recorder.pages)


def test_of_several_that_run_all_through_it_the_busiest(tmp_path: Path) -> None:
    lines = busy("cat-51", "cat-52")
    lines.switch("work-7", 0, "cat-52")
    assert [("cat", 52)] == recorders(lines.read(tmp_path))


def test_the_head_of_a_recording_names_them(tmp_path: Path) -> None:
    head = "# luf-tui record: kernel 6.12.95\n# luf-tui record: recorder 40\n"
    text = head + "# luf-tui record: recorder 52\n" + busy("cat-51", "cat-52", "sh-40").text()
    trace = read_text(tmp_path, text)
    assert {("cat", 52), ("sh", 40)} == set(recorders(trace))
    assert "as the head" in trace.recorder.how
    assert "6.12.95" == trace.header.kernel


def test_each_program_that_a_recording_task_runs_is_the_recorder(tmp_path: Path) -> None:
    lines = Lines().switch("swapper/0-0", 0, "sh-40").alloc("sh-40", 0, 5)
    lines.add("sh-40", 0, "sched_process_exec: filename=/bin/x pid=40 old_pid=40")
    lines.alloc("x-40", 0, 6).alloc("work-7", 1, 7).switch("work-7", 1, "x-40")
    text = "# luf-tui record: recorder 40\n" + lines.text()
    trace = read_text(tmp_path, text)
    assert {40} == {pid for _, pid in recorders(trace)}
    assert {"sh", "x"} == {name for name, _ in recorders(trace)}
    assert (2, 3) == (trace.recorder.pages, trace.recorder.all_pages)


def test_a_head_that_names_a_tool(tmp_path: Path) -> None:
    text = "# luf-tui record: recorder 40\n# luf-tui record: tool trace-cmd\n"
    trace = read_text(tmp_path, text + busy("trace-cmd-51", "trace-cmd-52", "cat-53").text())
    assert {("trace-cmd", 51), ("trace-cmd", 52)} == set(recorders(trace))


def test_the_tool_that_printed_it(tmp_path: Path) -> None:
    trace = read_text(tmp_path, "cpus=2\n" + busy("trace-cmd-51", "cat-52", "perf-53").text())
    assert [("trace-cmd", 51)] == recorders(trace)


def test_a_head_out_of_bounds_names_nobody(tmp_path: Path) -> None:
    head = f"# luf-tui record: recorder {'9' * 5000}\n# luf-tui record: recorder 4194999 x\n"
    trace = read_text(tmp_path, head + busy("cat-51").text())
    assert set() == trace.header.recorder
    assert [("cat", 51)] == recorders(trace)


def test_the_kernel_is_read_off_the_latency_format(tmp_path: Path) -> None:
    text = "# nop latency trace v1.1.5 on 6.18.44-x\n# latency: 0 us\n" + busy().text()
    assert "6.18.44-x" == read_text(tmp_path, text).header.kernel
