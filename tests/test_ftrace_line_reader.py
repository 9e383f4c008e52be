"""Lines of every format become the same rows; what is no line is counted and never fatal."""

from __future__ import annotations

import gzip
import importlib.util
import lzma
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from luf_tui.errors import InputError
from luf_tui.ftrace.meaning.facts import FactKind
from luf_tui.ftrace.reading.contexts import Context
from luf_tui.ftrace.reading.line_reader import LineReader
from luf_tui.ftrace.reading.source import Source
from luf_tui.ftrace.reading.tracepoints import NUMBER
from luf_tui.ftrace.trace import read_trace
from tests.trace_lines import Lines, read_text

DATA = Path(__file__).parent / "data"
M = 0xFFFF888005157900
MIGRATION = [
    FactKind.SWITCH,
    FactKind.FAULT,
    FactKind.ALLOC,
    FactKind.SWITCH,
    FactKind.ALLOC,
    FactKind.UNMAP,
    FactKind.SENT,
    FactKind.RECEIVED,
    FactKind.REMAP,
    FactKind.FREE,
]


def one_page() -> Lines:
    return Lines().migrate("kswapd0-35", 3, 0x243, 0x118031, 0x7F5F3A207000)


def problem(error: pytest.ExceptionInfo[InputError]) -> str:
    return error.value.problems[0].message


@pytest.mark.parametrize("name", ["trace-cmd.report.txt", "perf-script.txt"])
def test_other_tools_formats_say_the_same(name: str) -> None:
    trace = read_trace(str(DATA / name))
    assert [FactKind.GAP] == [f.kind for f in trace.facts][10:11]
    assert MIGRATION == [f.kind for f in trace.facts][:10]
    unmap = trace.facts[5]
    assert (3, 0x7F5F3A207, 0x243) == (unmap.cpu, unmap.page, unmap.pfn)
    assert ("cat", 153) == trace.tasks[unmap.task]
    tally = trace.survey.tally
    assert (12, 1, 1, 0) == (tally.lost, tally.lost_marks, tally.foreign, tally.unparsed)


def test_the_thread_group_column_and_short_flags_are_read(tmp_path: Path) -> None:
    line = (
        "  w-157   (    156) [001] d..2  9.114607: tlb_flush: pages:1 reason:remote shootdown (1)"
    )
    trace = read_text(tmp_path, line + "\n")
    assert [FactKind.RECEIVED] == [f.kind for f in trace.facts]
    assert ("w", 157) == trace.tasks[trace.facts[0].task]


def test_a_name_with_a_colon_and_a_dash_is_a_name(tmp_path: Path) -> None:
    trace = Lines().alloc("tmux: server-2-77", 0, 5).read(tmp_path)
    assert ("tmux: server-2", 77) == trace.tasks[trace.facts[1].task]


def test_control_characters_of_names_do_not_reach_the_screen(tmp_path: Path) -> None:
    trace = Lines().alloc("a\x1b[31mb-77", 0, 5).read(tmp_path)
    assert ("a?[31mb", 77) == trace.tasks[trace.facts[1].task]


def test_fields_are_found_by_name_in_any_order(tmp_path: Path) -> None:
    trace = (
        Lines()
        .add("a-7", 0, "mm_page_alloc: order=1 pfn=815 nid=0 migratetype=0 gfp_flags=GFP_KERNEL")
        .add("a-7", 0, "mm_page_free: pfn=0x32f page=1 cold=0 order=1")
        .read(tmp_path)
    )
    alloc, free = trace.facts[1], trace.facts[2]
    assert [(FactKind.ALLOC, 815, 1), (FactKind.FREE, 815, 1)] == [
        (f.kind, f.pfn, f.arg) for f in (alloc, free)
    ]
    assert "GFP_KERNEL" == trace.words[alloc.page]


def test_a_probe_is_known_by_its_function(tmp_path: Path) -> None:
    text = one_page().text().replace(" migrate_one:", " p_try_to_migrate_one_0:")
    assert 1 == read_text(tmp_path, text).survey.recorded.unmaps


def test_lines_end_as_they_like(tmp_path: Path) -> None:
    text = one_page().text()
    expected = read_text(tmp_path, text)
    crlf = read_text(tmp_path, text.replace("\n", "\r\n"))
    assert list(expected.facts) == list(crlf.facts)
    assert 0 == crlf.survey.tally.unparsed


def test_lost_events_are_counted_and_shown(tmp_path: Path) -> None:
    lines = one_page()
    lines.rows.insert(2, "CPU:3 [LOST 1234 EVENTS]")
    trace = lines.read(tmp_path)
    assert (1234, 1) == (trace.survey.tally.lost, trace.survey.tally.lost_marks)
    assert any("1234 events" in said for said in trace.survey.unknown)
    assert [1234] == [f.arg for f in trace.facts if f.kind == FactKind.GAP]


def test_a_gap_of_unknown_size_is_still_a_gap(tmp_path: Path) -> None:
    lines = one_page()
    lines.rows.insert(2, "CPU:3 [EVENTS DROPPED]")
    trace = lines.read(tmp_path)
    assert (0, 1) == (trace.survey.tally.lost, trace.survey.tally.lost_marks)
    assert any("an unknown number of events" in said for said in trace.survey.unknown)


def test_interleaved_headers_are_headers(tmp_path: Path) -> None:
    header = (
        "# tracer: nop\n#\n# entries-in-buffer/entries-written: 205/1205   #P:4\n#\n"
        "#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION\n"
    )
    text = one_page().text()
    half = text.index("\n", len(text) // 2) + 1
    trace = read_text(
        tmp_path, header + text[:half] + "##### CPU 2 buffer started ####\n" + header + text[half:]
    )
    assert (11, 0) == (trace.survey.tally.headers, trace.survey.tally.unparsed)
    assert 2000 == trace.survey.tally.overwritten
    assert 1 == trace.survey.recorded.unmaps


def test_torn_lines_are_counted_and_skipped(tmp_path: Path) -> None:
    lines = one_page()
    torn = lines.rows[0][:70]
    lines.rows[2] = lines.rows[2][:66] + lines.rows[3]
    trace = read_text(tmp_path, f"{torn}\n{lines.text()}")
    assert [1, 4] == trace.survey.tally.first_unparsed
    assert 2 == trace.survey.tally.unparsed


def test_the_last_line_is_left_out_when_it_has_no_end(tmp_path: Path) -> None:
    text = one_page().text()
    trace = read_text(tmp_path, text[:-9])
    assert 0 == len(trace.facts.where(FactKind.FREE))
    assert any("last line has no end" in said for said in trace.survey.unknown)


def test_foreign_events_are_counted_by_name(tmp_path: Path) -> None:
    lines = one_page()
    lines.add("a-7", 0, "kfree: call_site=x ptr=1").add("a-7", 0, "kfree <-do_exit")
    lines.rows.append(" => try_to_migrate_one")
    trace = lines.read(tmp_path)
    assert 3 == trace.survey.tally.foreign
    assert {"kfree": 1, "kfree <-do_exit": 1} == trace.survey.tally.foreign_names


def test_every_line_is_accounted_for(tmp_path: Path) -> None:
    lines = one_page()
    lines.rows += ["CPU:1 [LOST 1 EVENTS]", "# x", "", "garbage", " => f"]
    tally = lines.read(tmp_path).survey.tally
    assert 11 == tally.lines
    assert tally.lines == (
        tally.used + tally.foreign + tally.headers + tally.unparsed + tally.lost_marks
    )


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress], ids=["gzip", "xz"])
def test_compressed_files_read_like_plain_ones(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    text = one_page().text()
    assert list(read_text(tmp_path, text).facts) == list(
        read_text(tmp_path, pack(text.encode()), "t.bin").facts
    )


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress], ids=["gzip", "xz"])
def test_a_compressed_file_cut_short_gives_what_it_has(
    tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    lines = Lines()
    for n in range(4000):
        lines.migrate("kswapd0-35", 3, 0x1000 + n, 0x118031 + n, 0x7F5F00000000 + n * 0x5000)
    data = pack(lines.text().encode())
    trace = read_text(tmp_path, data[: len(data) // 2], "t.bin")
    assert 0 < trace.survey.recorded.unmaps < 4000
    assert "cut short" in trace.survey.cut
    assert any("cut short" in said for said in trace.survey.unknown)


def test_a_damaged_file_gives_what_came_before(tmp_path: Path) -> None:
    lines = Lines()
    for n in range(4000):
        lines.migrate("kswapd0-35", 3, 0x1000 + n, 0x118031 + n, 0x7F5F00000000 + n * 0x5000)
    data = bytearray(lzma.compress(lines.text().encode(), preset=0))
    data[-200:-100] = bytes(100)
    assert "damaged" in read_text(tmp_path, bytes(data), "t.xz").survey.cut


def zstd_frame(text: bytes) -> bytes:
    """A zstd frame of one stored block."""
    size = len(text)
    assert size < 1 << 17
    head = b"\x28\xb5\x2f\xfd\xa0" + size.to_bytes(4, "little")
    return head + (1 | size << 3).to_bytes(3, "little") + text


def zstd_readers() -> bool:
    names = ["zstandard"] + ["compression.zstd"] * (sys.version_info >= (3, 14))
    return any(importlib.util.find_spec(name) for name in names)


def test_zstd_is_read_or_says_how_to_decompress(tmp_path: Path) -> None:
    data = zstd_frame(one_page().text().encode())
    if zstd_readers():
        assert 1 == read_text(tmp_path, data, "t.zst").survey.recorded.unmaps
    else:
        with pytest.raises(InputError) as error:
            read_text(tmp_path, data, "t.zst")
        assert "zstd -d" in error.value.problems[0].hint


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (gzip.compress(b"", mtime=0), "empty when decompressed"),
        (b"\x7fELF\x02\x01\x01\x00\x00", "binary"),
        (b"\x17\x08\x44tracing6\x00", "trace-cmd"),
        (b"PERFILE2h\x00\x00", "perf"),
        (b"hello\nworld\n", "none of its 2 lines is a line of a kernel trace"),
        (b"# tracer: nop\n", "none of its 1 lines"),
        (b"  a-7 [000] d..2. 9.1: kfree: x=1\n", "it holds kfree"),
        (gzip.compress(b"x" * 9000, mtime=0)[:20], "cut short"),
        (lzma.compress(b"x" * 9000)[:20], "cut short"),
    ],
)
def test_what_is_no_trace_says_so(tmp_path: Path, data: bytes, said: str) -> None:
    with pytest.raises(InputError) as error:
        read_text(tmp_path, data)
    assert said in problem(error)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        read_trace(str(tmp_path / "none"))
    assert "No such file" in problem(error)


def test_a_directory_is_no_trace(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        read_trace(str(tmp_path))


def test_standard_input_is_read_like_a_file() -> None:
    code = "from luf_tui.ftrace.trace import read_trace; print(read_trace('-').survey.tally.lines)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=gzip.compress(one_page().text().encode(), mtime=0),
        capture_output=True,
        check=True,
        cwd=Path(__file__).parent.parent,
    )
    assert b"6" == done.stdout.strip()


def test_progress_tells_how_much_of_the_file_was_read(tmp_path: Path) -> None:
    path = tmp_path / "t.trace"
    path.write_text(one_page().text() * 900)
    seen: list[tuple[int, int]] = []
    pieces = list(Source(str(path), lambda done, size: seen.append((done, size))).pieces())
    assert len(pieces) == len(seen) > 1
    assert all(piece.endswith("\n") for piece in pieces)
    assert (path.stat().st_size, path.stat().st_size) == seen[-1]


def rows_of(*lines: str) -> list[tuple[int, ...]]:
    reader = LineReader()
    rows = list(reader.rows("".join(f"{line}\n" for line in lines)))
    assert 0 == reader.tally.unparsed
    return [(row[0], *row[4]) for row in rows]


@pytest.mark.parametrize(
    ("text", "name", "args"),
    [
        ("switch_mm: (switch_mm_irqs_off+0x4/0x510) next=0xffff888005157900", "switch_mm", [M]),
        ("p_switch_mm_irqs_off_0: (switch_mm_irqs_off) next=0xffff888005157900", "switch_mm", [M]),
        ("lazy: (enter_lazy_tlb+0x4/0x30) mm=0xffff888005157900", "lazy", [M]),
        ("pending: (flush_tlb_batched_pending+0x4/0x60) mm=0xffff888005157900", "pending", [M]),
        ("batch_flush: (arch_tlbbatch_flush+0x4/0x100) mask=0x9", "batch", [9]),
        ("batch: (arch_tlbbatch_flush+0x4/0x100) mask={0x9,0x0,0x4}", "batch", [9 | 4 << 128]),
        (
            "flush_range: (flush_tlb_mm_range+0x4) mm=0xffff888005157900 start=0x0 end=0x1000",
            "flush_range",
            [M, 0, 4096],
        ),
        (
            "p_set_tlb_ubc_flush_pending_isra_0_0: (x) mm=0xffff888005157900 pte=0x72a9867",
            "unmap_pte",
            [M, 0x72A9867, 1],
        ),
        (
            "unmap_pte: (set_tlb_ubc_flush_pending+0x4/0x90) mm=0xffff888005157900 writable=0x0",
            "unmap_pte",
            [M, 0, 0],
        ),
    ],
)
def test_the_further_probes_are_rows(text: str, name: str, args: list[int]) -> None:
    line = f"           press-228     (    228) [002] .....    41.743123: {text}"
    assert [(NUMBER[name], *args)] == rows_of(line)


@pytest.mark.parametrize(
    ("letters", "context"),
    [
        (".....", 0),
        ("d..1.", Context.IRQS_OFF | Context.NO_PREEMPTION),
        ("b..1.", Context.NO_PREEMPTION),
        (".N.2.", Context.NO_PREEMPTION),
        ("..s1.", Context.SOFTIRQ | Context.NO_PREEMPTION),
        ("d.h.", Context.INTERRUPT | Context.IRQS_OFF),
        ("", Context.NOT_PRINTED),
    ],
)
def test_an_allocation_keeps_what_its_caller_was_in(
    letters: str, context: int, tmp_path: Path
) -> None:
    lines = Lines().add("a-7", 0, "mm_page_alloc: page=0 pfn=0x5 order=0 gfp_flags=0", letters)
    (alloc,) = lines.read(tmp_path).facts.where(FactKind.ALLOC)
    assert context == lines.read(tmp_path).facts.flags[alloc]


PROBE = "folio=0xffffea0000400000 vm_flags=0x1 mm=0xff11000005f79f80 addr=0x7f0000000000"


@pytest.mark.parametrize(
    "text",
    [
        "mm_page_alloc: page=0 pfn=0x10000000000000000 order=0 migratetype=1 gfp_flags=0",
        "mm_page_alloc: page=0 pfn=0x5 order=-1 migratetype=1 gfp_flags=0",
        "mm_page_alloc: page=0 pfn=0x5 order=11 migratetype=1 gfp_flags=0",
        "mm_page_alloc: page=0 pfn=1_0 order=0 migratetype=1 gfp_flags=0",
        "mm_page_alloc: page=0 pfn=0x10000000000 order=0 migratetype=1 gfp_flags=0",
        "mm_page_free: page=0 pfn=0x5 order=-1",
        "mm_page_free: page=0 pfn=0x5 order=100000000000",
        "mm_page_free: page=0 pfn=-1 order=0",
        "mm_page_free: page=0 pfn=" + "1" * 5000 + " order=0",
        "page_fault_user: address=0x7f0000000000 ip=0x1 error_code=0xffffffffffffffffffff",
        "page_fault_user: address=0x7f0000000000 ip=0x1 error_code=-1",
        "page_fault_user: address=0x17f00000000000000 ip=0x1 error_code=0x4",
        "tlb_flush: pages:9223372036854775808 reason:remote ipi send (4)",
        "tlb_flush: pages:-2 reason:remote ipi send (4)",
        "tlb_flush: pages:1 reason:remote ipi send (9)",
        "tlb_flush: pages:1 reason:remote ipi send (1)",
        "tlb_flush: pages:1 reason:something (77)",
        "set_migration_pte: addr=7f0000000000, pte=dffffffffffb5c00 order=64",
        "set_migration_pte: addr=7f0000000000, pte=1dffffffffffb5c00 order=0",
        "set_migration_pte: addr=ffff888000000000, pte=dffffffffffb5c00 order=0",
        "unmap_one: (x) " + PROBE.replace("0xffffea0000400000", "0x400000"),
        "unmap_one: (x) " + PROBE.replace("0xff11000005f79f80", "0x11000005f79f80"),
        "unmap_one: (x) " + PROBE.replace("0x7f0000000000", "0xffff7f0000000000"),
        "unmap_one: (x) " + PROBE.replace("vm_flags=0x1", "vm_flags=0x10000000000000000"),
        "switch_mm: (x) next=0x88",
        "batch: (x) mask=0x10000000000000000",
        "batch: (x) mask={" + ",".join(["0x0"] * 16) + ",0x1}",
        "flush_range: (x) mm=0xff11000005f79f80 start=0x0 end=0x10000000000000000",
        "unmap_pte: (x) mm=0xff11000005f79f80 pte=-9223372036854775809",
        "mm_migrate_pages_start: mode=MIGRATE_ASYNC reason=99",
        "mm_migrate_pages: nr_succeeded=-1 nr_failed=0 mode=MIGRATE_ASYNC reason=demotion",
        "mm_migrate_pages: nr_succeeded=1 nr_failed=" + "9" * 5000 + " reason=demotion",
        "sched_process_exec: filename=/bin/a pid=99999999 old_pid=5",
        "sched_switch: a:4194305 [1] S ==> b:5 [1]",
        "sched_switch: prev_comm=a prev_pid=" + "1" * 5000 + " prev_prio=1 prev_state=S ==> "
        "next_comm=b next_pid=5 next_prio=1",
        "sched_switch: prev_comm=" + "a" * 70 + " prev_pid=5 prev_prio=1 prev_state=S ==> "
        "next_comm=b next_pid=5 next_prio=1",
    ],
)
def test_a_field_out_of_bounds_makes_no_row(text: str) -> None:
    good = "           a-1     [002] d....    41.743123: "
    reader = LineReader()
    assert [] == list(reader.rows(f"{good}{text}\n"))
    assert (1, [1]) == (reader.tally.unparsed, reader.tally.first_unparsed)


@pytest.mark.parametrize(
    "line",
    [
        "   a-" + "1" * 5000 + " [002] d.... 41.743123: {}",
        "   a-4194305 [002] d.... 41.743123: {}",
        "   a-1 [1024] d.... 41.743123: {}",
        "   a-1 (99999999) [002] d.... 41.743123: {}",
        "   " + "a" * 65 + "-1 [002] d.... 41.743123: {}",
        "   a-1 [002] d.... nan: {}",
        "   a-1 [002] d.... 1e9: {}",
        "   a-1 [002] d.... 99999999999.1: {}",
        "   a-1 [002] d.... 18446744073709551616: {}",
        "   a-1 [002] d.... 4.1.7: {}",
        "   a-1 [002] d.... 41.7{}",
    ],
)
def test_who_where_and_when_have_bounds(line: str) -> None:
    good = "   a-1 [002] d.... 41.7: mm_page_free: page=1 pfn=0x5 order=0\n"
    reader = LineReader()
    text = good + line.format("mm_page_free: page=1 pfn=0x5 order=0") + "\n"
    assert 1 == len(list(reader.rows(text)))
    assert (1, [2]) == (reader.tally.unparsed, reader.tally.first_unparsed)


@pytest.mark.parametrize("stamp", ["nan", "inf", "99999999999.1", "18446744073709551616", "x"])
def test_a_time_has_bounds_where_the_beginning_of_its_line_is_known(stamp: str) -> None:
    line = "   a-1 [002] d.... {}: mm_page_free: page=1 pfn=0x5 order=0\n"
    reader = LineReader()
    text = line.format("41.7") + line.format(stamp) + line.format("41.8")
    assert [41.7, 41.8] == [row[2] for row in reader.rows(text)]
    assert [2] == reader.tally.first_unparsed


def test_a_gap_that_says_too_much_is_a_gap_and_not_understood() -> None:
    reader = LineReader()
    lost = "CPU:2 [LOST 9223372036854775808 EVENTS]\n" + f"CPU:2 [LOST {'9' * 3000} EVENTS]\n"
    assert [(-1,), (-1,)] == [row[4] for row in reader.rows(lost)]
    assert (2, 0) == (reader.tally.unparsed, reader.tally.lost)


def test_times_that_go_back_are_counted() -> None:
    line = "   a-1 [002] d.... {}: mm_page_free: page=1 pfn=0x5 order=0\n"
    reader = LineReader()
    assert 3 == len(list(reader.rows("".join(line.format(at) for at in (4.5, 4.2, 4.9)))))
    assert (1, 4.5, 4.9) == (reader.tally.backwards, reader.tally.first, reader.tally.last)


def test_what_one_event_says_is_not_taken_for_another() -> None:
    start = "   a-1 [002] d.... 41.7: "
    flush = "pages:1 reason:remote ipi send (4)"
    text = f"{start}tlb_flush: {flush}\n{start}sched_switch: {flush}\n"
    reader = LineReader()
    assert [(1, 4)] == [row[4] for row in reader.rows(text)]
    assert [2] == reader.tally.first_unparsed
