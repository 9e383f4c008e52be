"""Each layout of a trace gives the same facts, or is refused by its name with what to do."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from luf_tui.errors import InputError
from luf_tui.ftrace.reading.line_reader import LineReader
from luf_tui.ftrace.reading.source import is_trace
from luf_tui.ftrace.trace import Trace, read_trace
from tests.trace_lines import MM, Lines, read_text

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Rendering = Callable[[str, str, str, str, float, str, str], str]

LINE = re.compile(r" *(.+)-(\d+) +\[(\d+)\] (\S{5}) +([0-9.]+): (\w+): (.*)")


def some_lines() -> Lines:
    """A process of two threads, a page migrated in a batch, one reclaimed, and a copy."""
    lines = Lines().switch("swapper/0-0", 0, "work-157").fault("work-157", 0, 0x7F5F3A207000)
    lines.switch("swapper/3-0", 3, "kcompactd0-35")
    lines.migrate("kcompactd0-35", 3, 0x243, 0x118031, 0x7F5F3A207000)
    lines.flush("work-157", 0, 1, 1, "d.h1.").probe("kcompactd0-35", 3, 0x77, 0x7F5F3A208000)
    lines.probe("kcompactd0-35", 3, 0x78, 0x7F5F3A209000, name="unmap")
    lines.flush("kcompactd0-35", 3, -1, 4).free("kcompactd0-35", 3, 0x78)
    lines.add("work-157", 0, f"switch_mm: (switch_mm_irqs_off+0x4/0x510) next={MM:#x}", "d..2.")
    return lines.flush("work-157", 0, 0, 0).switch("work-157", 0, "swapper/0-0")


def facts_of(trace: Trace, digits: int = 6) -> list[tuple[object, ...]]:
    names = [(name.replace("swapper/0", "<idle>"), pid) for name, pid in trace.tasks]
    return [
        (
            fact.kind, fact.flags, fact.cpu, names[fact.task], fact.mm, fact.page, fact.pfn,
            fact.arg, round(fact.time, digits), fact.line,
        )
        for fact in trace.facts
    ]  # fmt: skip


def rendered(rendering: Rendering) -> str:
    text = ""
    for row in some_lines().rows:
        match = LINE.fullmatch(row)
        assert match
        comm, pid, cpu, flags, stamp, name, rest = match.groups()
        text += rendering(comm, pid, cpu, flags, float(stamp), name, rest) + "\n"
    return text


def latency(comm: str, pid: str, cpu: str, flags: str, at: float, name: str, rest: str) -> str:
    return f"{comm[:8]:>8}-{pid:<7} {int(cpu):3}{flags} {at * 1e6:4.0f}us{'+' * 1}: {name}: {rest}"


def verbose(comm: str, pid: str, cpu: str, flags: str, at: float, name: str, rest: str) -> str:
    bits = (flags[0] == "d") + 8 * (flags[2] == "h")
    preempt = int(flags[3]) if flags[3] != "." else 0
    where = f"{comm:>16} {pid:>7} {int(cpu):3} {bits} {preempt:08x} 00000043"
    return f"{where} [fba3644c4] {at * 1e3:.3f}ms (+0.016ms): {name}: {rest}"


def log(comm: str, pid: str, cpu: str, flags: str, at: float, name: str, rest: str) -> str:
    return f"[   12.345678] {latency(comm, pid, cpu, flags, at, name, rest)}"


def trace_cmd_l(comm: str, pid: str, cpu: str, flags: str, at: float, name: str, rest: str) -> str:
    return f"{comm[:8]:>8}-{pid:<5} {int(cpu):3}{flags} {at:12.6f}: {name + ':':<21} {rest}"


def buffers(comm: str, pid: str, cpu: str, flags: str, at: float, name: str, rest: str) -> str:
    return f"luf: {comm:>16}-{pid:<5} [{cpu}] {flags} {at:12.6f}: {name + ':':<21} {rest}"


def ts_diff(comm: str, pid: str, cpu: str, flags: str, at: float, name: str, rest: str) -> str:
    return f"{comm:>16}-{pid:<5} [{cpu}] {flags} {at:12.6f}: {'(+12)':<8} {name + ':':<21} {rest}"


def decimals(comm: str, pid: str, cpu: str, flags: str, at: float, name: str, rest: str) -> str:
    """Fields of probes as numbers without a sign."""
    if name in ("migrate_one", "unmap_one", "switch_mm"):
        rest = re.sub(r"=0x([0-9a-f]+)", lambda m: f"={int(m[1], 16)}", rest)
    return f"{comm:>16}-{pid:<5} [{cpu}] {flags} {at:12.6f}: {name}: {rest}"


def signed(comm: str, pid: str, cpu: str, flags: str, at: float, name: str, rest: str) -> str:
    """Fields of probes as numbers with a sign."""
    if name in ("migrate_one", "unmap_one", "switch_mm"):
        rest = re.sub(r"=0x(f[0-9a-f]{15})", lambda m: f"={int(m[1], 16) - (1 << 64)}", rest)
    return f"{comm:>16}-{pid:<5} [{cpu}] {flags} {at:12.6f}: {name}: {rest}"


def raw_fields(name: str, rest: str) -> str:
    if name == "tlb_flush":
        match = re.fullmatch(r"pages:(-?\d+) reason:.*\((\d)\)", rest)
        assert match
        return f"reason={match[2]} pages={match[1]}"
    if name == "sched_switch":
        return rest.replace(" ==> ", " ").replace("prev_state=S", "prev_state=1")
    if name.endswith("migration_pte"):
        return re.sub(r"=([0-9a-f]+),? (?=pte|order)", r"=0x\1 ", rest)
    return re.sub(r"page=\w+ ", "", rest).replace("order=0 ", "order=0x0 ")


def raw(comm: str, pid: str, cpu: str, flags: str, at: float, name: str, rest: str) -> str:
    text = raw_fields(name, rest)
    return f"{comm:>16}-{pid:<5} [{cpu}] {flags} {at:12.6f}: {name + ':':<21} {text}"


def fields(comm: str, pid: str, cpu: str, flags: str, at: float, name: str, rest: str) -> str:
    """The option fields: every number twice."""

    def both(match: re.Match[str]) -> str:
        number = int(match[2], 0)
        return f"{match[1]}{number & (1 << 64) - 1:#x} ({number})"

    text = re.sub(r"((?<!comm)=)(-?(?:0x[0-9a-f]+|\d+))(?=\s|$)", both, raw_fields(name, rest))
    return f"{comm:>16}-{pid:<5} [{cpu}] {flags} {at:12.6f}: {name}: {text}"


SAME = [
    latency, verbose, log, trace_cmd_l, buffers, ts_diff, decimals, signed, raw, fields
]  # fmt: skip


@pytest.mark.parametrize("rendering", SAME)
def test_a_layout_gives_the_same_facts(tmp_path: Path, rendering: Rendering) -> None:
    expected = some_lines().read(tmp_path)
    trace = read_text(tmp_path, rendered(rendering))
    assert 0 == trace.survey.tally.unparsed
    assert facts_of(expected) == facts_of(trace)
    assert is_trace(tmp_path / "t.trace")


def perf(fields: str) -> Rendering:
    """What perf script -F prints of the fields named."""

    def line(comm: str, pid: str, cpu: str, flags: str, at: float, name: str, rest: str) -> str:
        parts = {
            "comm": f"{comm:>16}", "tid": f" {pid:>5}", "cpu": f" [{cpu}]",
            "time": f" {at:12.6f}: ", "event": f" {'luf:' + name + ':':>26} ", "trace": rest,
        }  # fmt: skip
        return "".join(text for field, text in parts.items() if field in fields.split(","))

    return line


def test_perf_script_gives_the_same_facts(tmp_path: Path) -> None:
    trace = read_text(tmp_path, rendered(perf("comm,tid,cpu,time,event,trace")))
    assert 0 == trace.survey.tally.unparsed
    assert [row[0] for row in facts_of(some_lines().read(tmp_path))] == [
        fact.kind for fact in trace.facts
    ]


def refused(directory: Path, text: str) -> str:
    with pytest.raises(InputError) as error:
        read_text(directory, text)
    problem = error.value.problems[0]
    assert problem.hint
    return f"{problem.message}; {problem.hint}"


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("comm", "without the name of each task"),
        ("tid", "without the thread of each event"),
        ("cpu", "without the CPU of each event"),
        ("time", "without the time of each event"),
        ("event", "without the name of each event"),
        ("trace", "without the fields of each event"),
    ],
)
def test_perf_script_without_a_field_is_refused_by_its_name(
    tmp_path: Path, missing: str, said: str
) -> None:
    names = ["comm", "tid", "cpu", "time", "event", "trace"]
    names.remove(missing)
    told = refused(tmp_path, rendered(perf(",".join(names))))
    assert said in told
    assert "perf script -F comm,tid,cpu,time,event,trace" in told


def test_perf_script_with_the_process_for_the_thread_is_refused(tmp_path: Path) -> None:
    text = rendered(perf("comm,tid,cpu,time,event,trace"))
    told = refused(tmp_path, text.replace("  157 [", "  150 [").replace("  35 [", "  30 ["))
    assert "perf script -F pid" in told


def test_perf_script_with_differences_of_times_is_refused(tmp_path: Path) -> None:
    line = perf("comm,tid,cpu,time,event,trace")
    text = "".join(
        line("work", "157", "001", "", at, "mm_page_free", "page=1 pfn=0x5 order=0") + "\n"
        for at in (0.0, 0.000025, 0.000001, 0.000092, 0.000003)
    )
    assert "perf script --deltatime" in refused(tmp_path, text)


@pytest.mark.parametrize(
    ("line", "said", "instead"),
    [
        (
            " 1)               |  /* mm_page_alloc: page=1 pfn=0x5 order=0 migratetype=1 gfp=0 */",
            "the function_graph tracer",
            "echo nop > current_tracer",
        ),
        (" 1)   0.123 us    |    mutex_unlock();", "function_graph", "nop"),
        (
            "     0.019 work/157 tlb:tlb_flush(reason: 4, pages: 1)",
            "the output of perf trace",
            "perf record",
        ),
        (
            "work-157 [000]69338009279877: tlb_flush:            pages=-1 reason=remote shootdown",
            "trace-cmd report --raw-ts",
            "trace-cmd report -i",
        ),
        ("1385 0 67721927880056 type: 188", "the option raw", "options/raw"),
        ("00000569 00000000 00003d97bd73f349 type: 188", "the option hex", "options/hex"),
        ('{"traceEvents": [{"name": "tlb_flush", "ph": "X"}]}', "in JSON", "trace_pipe"),
    ],
)
def test_a_layout_that_says_too_little_is_refused_by_its_name(
    tmp_path: Path, line: str, said: str, instead: str
) -> None:
    told = refused(tmp_path, f"{line}\n" * 3)
    assert said in told
    assert instead in told


def test_a_few_such_lines_among_others_are_told(tmp_path: Path) -> None:
    text = some_lines().text() + " 1)   0.123 us    |    mutex_unlock();\n"
    trace = read_text(tmp_path, text)
    assert 1 == trace.survey.tally.unparsed
    assert any("function_graph" in said for said in trace.survey.unknown)


def test_a_clock_that_counts_is_no_time(tmp_path: Path) -> None:
    def counter(comm: str, pid: str, cpu: str, flags: str, at: float, name: str, rest: str) -> str:
        return f"{comm:>16}-{pid:<5} [{cpu}] {flags} {at * 1e6:12.0f}: {name}: {rest}"

    trace = read_text(tmp_path, rendered(counter))
    expected = some_lines().read(tmp_path)
    assert [row[:8] for row in facts_of(expected)] == [row[:8] for row in facts_of(trace)]
    assert 0 == trace.survey.seconds
    assert any("trace_clock" in said for said in trace.survey.unknown)
    assert not any("trace_clock" in said for said in expected.survey.unknown)


def test_a_name_that_is_cut_is_the_same_task_whichever_comes_first() -> None:
    cut = "kcompact-35        3d..2. 9116991us : tlb_flush: pages:1 reason:remote ipi send (4)\n"
    switch = (
        "  <idle>-0         3d..2. 9116992us : sched_switch: prev_comm=swapper/3 prev_pid=0 "
        "prev_prio=120 prev_state=R ==> next_comm=kcompactd0 next_pid=35 next_prio=120\n"
    )
    for text in (cut + switch, switch + cut):
        reader = LineReader()
        assert 2 == len(list(reader.rows(text)))
        assert [("<idle>", 0), ("kcompactd0", 35)] == reader.names.tasks


def test_a_dump_to_the_log_has_a_head(tmp_path: Path) -> None:
    text = rendered(log)
    head = "[   12.345678] Dumping ftrace buffer:\n[   12.345679] " + "-" * 33 + "\n"
    tally = read_text(tmp_path, head + text).survey.tally
    assert (2, 0) == (tally.headers, tally.unparsed)


@pytest.mark.parametrize(
    ("flags", "word"),
    [("0xcc0", "__GFP_DIRECT_RECLAIM|0xcc0"), ("2080", "0x820"), ("GFP_NOWAIT", "GFP_NOWAIT")],
)
def test_allocation_flags_in_numbers_say_who_may_wait(
    tmp_path: Path, flags: str, word: str
) -> None:
    text = f"mm_page_alloc: pfn=0x5 order=0 gfp_flags={flags} migratetype=1"
    assert (word,) == Lines().add("a-7", 0, text).read(tmp_path).words


def fake(directory: Path, name: str, text: str) -> None:
    (directory / name).write_text(f"#!/bin/sh\n{text}\n")
    (directory / name).chmod(0o755)


MAGIC = {"trace-cmd": b"\x17\x08\x44tracing6\x00", "perf": b"PERFILE2h\x00\x00"}


@pytest.mark.parametrize("tool", MAGIC)
def test_a_binary_recording_is_converted_by_its_tool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tool: str
) -> None:
    text = tmp_path / "text"
    text.write_text(some_lines().text())
    fake(tmp_path, tool, f'for f in "$@"; do :; done; test -s "$f" && cat {text}')
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    path = tmp_path / "recording"
    path.write_bytes(MAGIC[tool])
    assert is_trace(path)
    assert facts_of(some_lines().read(tmp_path)) == facts_of(read_trace(str(path)))


def test_perf_is_asked_for_what_it_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """perf script prints its records of lost events only with --show-lost-events."""
    text = tmp_path / "text"
    text.write_text(some_lines().text())
    lost = "app     1 [000]     2.000000: PERF_RECORD_LOST lost 7"
    fake(
        tmp_path,
        "perf",
        f'cat {text}; case " $* " in *" --show-lost-events "*) echo "{lost}";; esac',
    )
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    path = tmp_path / "recording"
    path.write_bytes(MAGIC["perf"])
    assert 7 == read_trace(str(path)).survey.tally.lost


@pytest.mark.parametrize("tool", MAGIC)
def test_without_its_tool_a_binary_recording_is_refused_with_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tool: str
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    path = tmp_path / "recording"
    path.write_bytes(MAGIC[tool])
    with pytest.raises(InputError) as error:
        read_trace(str(path))
    told = f"{error.value.problems[0].message}; {error.value.problems[0].hint}"
    assert f"{tool} is not installed here" in told
    assert re.search(rf"{tool} (report|script) .*-i {path} > t.trace", told)


def test_what_a_tool_complains_of_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "trace.dat"
    path.write_bytes(MAGIC["trace-cmd"])
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    fake(tmp_path, "trace-cmd", "echo 'bad\033[31m header' >&2; exit 3")
    with pytest.raises(InputError) as error:
        read_trace(str(path))
    told = f"{error.value.problems[0].message}; {error.value.problems[0].hint}"
    assert "it ended with 3" in told
    assert "bad [31m header" in told
    line = some_lines().rows[0]
    fake(tmp_path, "trace-cmd", f"echo '{line}'; echo no more >&2; exit 4")
    assert "trace-cmd report ended with 4: no more" == read_trace(str(path)).survey.cut


@pytest.mark.parametrize("tool", MAGIC)
def test_a_packed_binary_recording_is_to_be_unpacked(tmp_path: Path, tool: str) -> None:
    path = tmp_path / "recording.gz"
    path.write_bytes(gzip.compress(MAGIC[tool] + bytes(100), mtime=0))
    with pytest.raises(InputError) as error:
        read_trace(str(path))
    assert "packed with gzip" in error.value.problems[0].message
    assert "write it to a file" in error.value.problems[0].hint


def test_a_reader_that_stops_ends_the_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "trace.dat"
    path.write_bytes(MAGIC["trace-cmd"])
    row = some_lines().rows[0]
    fake(tmp_path, "trace-cmd", f"echo $$ > {tmp_path}/pid; exec yes '{row}'")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    pieces = (
        __import__("luf_tui.ftrace.reading.source", fromlist=["Source"]).Source(str(path)).pieces()
    )
    next(pieces)
    pieces.close()
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_without_a_terminal_the_app_names_replay_for_a_recording(luf_tui: Run) -> None:
    said = luf_tui("llm-excerpt").stderr
    assert "`luf-tui replay llm-excerpt` says what it holds" in said
    assert "luf-tui run" not in said
