"""The printed commands, run on a stand-in for tracefs: they record, say why not, and clean up."""

from __future__ import annotations

import gzip
import shutil
import signal
import subprocess
import threading
from pathlib import Path

import pytest

from luf_tui.ftrace.recipe import EVENTS, FAULTS, NEEDED, OPTIONAL, VARIANTS, recipe
from luf_tui.ftrace.trace import read_trace
from tests.tracefs import LINE, Tracefs

SHELLS = [name for name in ("dash", "bash") if shutil.which(name)]
PRINT = f"echo '{LINE.format(at='9.000001')}' > $I/trace_pipe"

pytestmark = pytest.mark.skipif(not SHELLS, reason="neither dash nor bash is there")
shells = pytest.mark.parametrize("shell", SHELLS)
variants = pytest.mark.parametrize("variant", VARIANTS)


@pytest.fixture
def tracefs(tmp_path: Path) -> Tracefs:
    return Tracefs(tmp_path)


def trace_of(tracefs: Tracefs) -> str:
    return gzip.decompress((tracefs.work / "luf.trace.gz").read_bytes()).decode()


@shells
def test_it_records_and_leaves_nothing_behind(tracefs: Tracefs, shell: str) -> None:
    look = "grep -l 1 $I/events/luf/*/enable $I/options/* $I/tracing_on > on; "
    code, said = tracefs.run(shell, recipe(), shell, "-c", look + PRINT)
    assert (0, []) == (code, tracefs.left())
    assert "5 lines, nothing was lost" in said
    trace = read_trace(str(tracefs.work / "luf.trace.gz"))
    assert 1 == trace.survey.tally.used
    assert "6.12.95" == trace.header.kernel
    assert 2 == len(trace.header.recorder)
    on = {name.replace("/", ":") for name in tracefs.done_events("luf")}
    assert set(EVENTS) == on
    probes = ["batch", "flush_range", "migrate_one", "switch_mm", "unmap_one", "unmap_pte"]
    now = [line.split("/instances/luf/")[1] for line in (tracefs.work / "on").read_text().split()]
    assert [f"events/luf/{name}/enable" for name in probes] == now[:6]
    assert ["options/record-tgid", "tracing_on"] == now[6:]
    assert {"luf tracing_on 0", "luf trace_clock mono"} <= set(tracefs.done())


@shells
def test_trace_cmd_records_the_same(tracefs: Tracefs, shell: str) -> None:
    code, said = tracefs.run(shell, recipe(variant="trace-cmd"), "true")
    assert (0, []) == (code, tracefs.left())
    assert "nothing was lost" in said
    trace = read_trace(str(tracefs.work / "luf.trace.gz"))
    assert (1, "trace-cmd") == (trace.survey.tally.used, trace.header.said["tool"])
    (called,) = [line for line in tracefs.done() if line.startswith("trace-cmd record")]
    for event in (*EVENTS, "luf:unmap_one", "luf:batch"):
        assert f" -e {event} " in called


@shells
@variants
def test_a_workload_that_fails_is_recorded_and_told(
    tracefs: Tracefs, shell: str, variant: str
) -> None:
    if variant == "trace-cmd":
        tracefs.command("trace-cmd", "#!/bin/sh\n[ $1 = report ] || echo > luf.dat\nexit 7\n")
        tracefs.command("awk", '#!/bin/sh\nexec /usr/bin/awk "$@"\n')
        code, said = tracefs.run(shell, recipe(variant=variant), "false")
        assert (7, []) == (code, tracefs.left())
        return
    code, said = tracefs.run(shell, recipe(), shell, "-c", f"{PRINT}; exit 7")
    assert (7, []) == (code, tracefs.left())
    assert "the command ended with 7" in said
    assert "mm_page_free" in trace_of(tracefs)


@shells
@variants
@pytest.mark.parametrize(
    ("number", "group", "code"),
    [
        (signal.SIGINT, True, 130),
        (signal.SIGTERM, False, 143),
        (signal.SIGHUP, False, 129),
    ],
    ids=["ctrl-c", "term", "hangup"],
)
def test_an_interruption_leaves_nothing_behind(
    tracefs: Tracefs, shell: str, variant: str, number: signal.Signals, group: bool, code: int
) -> None:
    got, said = tracefs.interrupted(shell, recipe(variant=variant), number, group=group)
    assert (code, []) == (got, tracefs.left())
    if variant == "tracefs":
        assert "what was recorded until then is in luf.trace" in said
        assert (tracefs.work / "luf.trace").read_text().startswith("# luf-tui record: kernel")


@shells
def test_what_an_earlier_run_left_is_removed_first(tracefs: Tracefs, shell: str) -> None:
    old = tracefs.top / "instances" / "luf"
    subprocess.run([tracefs.bin / "mkdir", old], check=True)
    (old / "events" / "luf" / "unmap_one").mkdir(parents=True)
    (old / "events" / "luf" / "unmap_one" / "enable").write_text("1")
    tracefs.probes.write_text("p:luf/unmap_one try_to_unmap_one folio=$arg1\np:other/one f\n")
    tracefs.lock.write_text("99999999\n")
    process = subprocess.Popen(["/bin/sleep", "60"])
    threading.Thread(target=process.wait).start()
    reader = tracefs.proc / str(process.pid) / "fd"
    reader.mkdir(parents=True)
    (reader / "3").symlink_to(old / "trace_pipe")
    code, said = tracefs.run(shell, recipe(), "true")
    assert (0, ["probe other/one"]) == (code, tracefs.left()), said
    assert -signal.SIGTERM == process.wait(timeout=10)
    assert "-:luf/unmap_one" == tracefs.probes.read_text().split("\n")[2]


def test_only_one_records_at_a_time(tracefs: Tracefs) -> None:
    process = subprocess.Popen(["/bin/sleep", "60"])
    tracefs.lock.write_text(f"{process.pid}\n")
    try:
        code, said = tracefs.run(SHELLS[0], recipe(), "true")
    finally:
        process.kill()
        process.wait()
    assert (2, "") == (code, tracefs.probes.read_text())
    assert f"process {process.pid} records already" in said
    assert tracefs.lock.exists()


@shells
def test_without_kprobes_it_records_and_says_what_is_missing(tracefs: Tracefs, shell: str) -> None:
    tracefs.probes.unlink()
    code, said = tracefs.run(shell, recipe(), shell, "-c", PRINT)
    tracefs.probes.write_text("")
    assert (0, []) == (code, tracefs.left())
    assert "no kprobes (CONFIG_KPROBE_EVENTS)" in said
    assert "# luf-tui record: probes none" in trace_of(tracefs)


OFFSETS = "folio=$arg1:x64 vm_flags=+{}($arg2):x64 mm=+{}($arg2):x64 addr=$arg3:x64"
BTF = "folio=$arg1:x64 vm_flags=vma->vm_flags:x64 mm=vma->vm_mm:x64 addr=$arg3:x64"


@pytest.mark.parametrize(
    ("kernel", "btf", "fields", "pte"),
    [
        ("5.15.0-139-generic", False, OFFSETS.format(80, 64), "writable=%si:x64"),
        ("6.0.19", False, OFFSETS.format(80, 64), "writable=%si:x64"),
        ("6.1.0-37-amd64", False, OFFSETS.format(32, 16), "writable=%si:x64"),
        ("6.4.3", False, OFFSETS.format(32, 16), ""),
        ("6.6.87-1.el9", True, BTF, "pte=%si:x64"),
        ("6.12.95", False, OFFSETS.format(32, 16), "pte=%si:x64"),
        ("6.18-rc3", False, OFFSETS.format(32, 16), "pte=%si:x64"),
        ("7.2.0", True, BTF, "pte=%si:x64"),
    ],
)
def test_each_kernel_is_asked_where_it_keeps_things(
    tracefs: Tracefs, kernel: str, btf: bool, fields: str, pte: str
) -> None:
    tracefs.kernel = kernel
    if btf:
        (tracefs.top / "README").write_text("\t <argname>[->field[->field|.field...]],\n")
    code, _ = tracefs.run(SHELLS[0], recipe(), "true")
    assert (0, []) == (code, tracefs.left())
    probed = tracefs.probed()
    assert f"try_to_unmap_one {fields}" == probed["unmap_one"]
    assert f"try_to_migrate_one {fields}" == probed["migrate_one"]
    assert (f"set_tlb_ubc_flush_pending.isra.0 mm=%di:x64 {pte}" if pte else "") == probed.get(
        "unmap_pte", ""
    )


@pytest.mark.parametrize(
    ("kernel", "said"), [("5.10.7", "before 5.15"), ("6.19.0", "vm_area_struct of 6.19.0")]
)
def test_a_kernel_that_is_not_known_is_refused(tracefs: Tracefs, kernel: str, said: str) -> None:
    tracefs.kernel = kernel
    code, told = tracefs.run(SHELLS[0], recipe(), "true")
    assert (2, []) == (code, tracefs.left())
    assert said in told
    assert [] == list(tracefs.work.iterdir())


@shells
def test_renamed_and_inlined_functions(tracefs: Tracefs, shell: str) -> None:
    tracefs.functions(
        [
            "try_to_unmap_one.cold",
            "try_to_unmap_one.constprop.0",
            "try_to_migrate_one.isra.0",
            "try_to_migrate_one",
            "arch_tlbbatch_flushes",
        ]
    )
    code, said = tracefs.run(shell, recipe(), "true")
    assert (0, []) == (code, tracefs.left())
    functions = {name: text.split()[0] for name, text in tracefs.probed().items()}
    assert {
        "unmap_one": "try_to_unmap_one.constprop.0",
        "migrate_one": "try_to_migrate_one",
    } == functions
    for name in ("switch_mm_irqs_off", "set_tlb_ubc_flush_pending", "arch_tlbbatch_flush"):
        assert f"{name} cannot be probed" in said


def test_functions_are_looked_up_in_kallsyms_where_ftrace_does_not_list_them(
    tracefs: Tracefs,
) -> None:
    (tracefs.top / "available_filter_functions").unlink()
    text = "ffffffff81000000 t try_to_unmap_one\nffffffff81000010 t arch_tlbbatch_flush\t[m]\n"
    (tracefs.proc / "kallsyms").write_text(text)
    code, said = tracefs.run(SHELLS[0], recipe(), "true")
    assert 0 == code, said
    assert {"unmap_one"} == set(tracefs.probed()) - {"batch"}


def test_events_that_are_not_there_are_told(tracefs: Tracefs) -> None:
    shutil.rmtree(tracefs.top / "events")
    tracefs.events([name for name in EVENTS if name not in OPTIONAL])
    code, said = tracefs.run(SHELLS[0], recipe(), "true")
    assert (0, []) == (code, tracefs.left())
    for event, lost in OPTIONAL.items():
        assert f"no event {event.replace(':', '/')} in this kernel: {lost}" in said


def test_an_event_that_is_needed_and_not_there_ends_it(tracefs: Tracefs) -> None:
    shutil.rmtree(tracefs.top / "events")
    tracefs.events([name for name in EVENTS if name != NEEDED[2]])
    code, said = tracefs.run(SHELLS[-1], recipe(), "true")
    assert (2, []) == (code, tracefs.left())
    assert "no event tlb/tlb_flush, without which nothing can be replayed" in said


@pytest.mark.parametrize(
    ("cpus", "free_mb", "size"), [(2, 4000, 65536), (128, 8192, 8192), (4, 64, 2048), (8, 9, 512)]
)
def test_buffers_fit_the_machine(tracefs: Tracefs, cpus: int, free_mb: int, size: int) -> None:
    tracefs.cpus(cpus)
    (tracefs.proc / "meminfo").write_text(f"MemAvailable: {free_mb << 10} kB\n")
    code, said = tracefs.run(SHELLS[0], recipe(), "true")
    assert (0, []) == (code, tracefs.left())
    assert f"luf buffer_size_kb {size}" in tracefs.done()
    assert f"{size} KiB for each of {cpus} CPUs: {cpus * size >> 10} MiB of {free_mb} MiB" in said
    words = "x64" if cpus <= 64 else "x64[2]"
    assert f"arch_tlbbatch_flush mask=+0($arg1):{words}" == tracefs.probed()["batch"]


@shells
def test_buffers_that_are_not_granted_end_it_in_a_sentence(tracefs: Tracefs, shell: str) -> None:
    tracefs.refuses = "buffer_size_kb"
    code, said = tracefs.run(shell, recipe(), "true")
    assert (2, []) == (code, tracefs.left())
    assert "32768 KiB a CPU?" in said
    assert "the kernel has no memory for buffers" in said


def test_lost_events_are_counted(tracefs: Tracefs) -> None:
    tracefs.stats(lost=21)
    code, said = tracefs.run(SHELLS[0], recipe(), "true")
    assert 0 == code
    assert "42 events were lost" in said


@shells
@variants
def test_many_threads_and_those_that_they_start(tracefs: Tracefs, shell: str, variant: str) -> None:
    threads = [str(number) for number in range(100_000, 101_500)]
    for thread in threads:
        (tracefs.proc / "42" / "task" / thread).mkdir(parents=True)
    faults = tracefs.top / "instances" / "luf_faults" / "trace_pipe"
    fault = LINE.replace("mm_page_free", "page_fault_user")
    order = " ".join(f"echo '{fault.format(at=at)}';" for at in ("9.000000", "9.000003"))
    own = "" if variant == "trace-cmd" else f"{PRINT};"
    command = f"{own} ( {order} ) > {faults}"
    code, said = tracefs.run(shell, recipe(pid=42, variant=variant), shell, "-c", command)
    assert (0, []) == (code, tracefs.left()), said
    assert f"luf_faults set_event_pid {' '.join(threads)}" in tracefs.done()
    assert "luf_faults options/event-fork 1" in tracefs.done()
    assert [FAULTS.replace(":", "/")] == tracefs.done_events("luf_faults")
    assert FAULTS.replace(":", "/") not in tracefs.done_events("luf")
    lines = [line for line in trace_of(tracefs).split("\n") if "app-77 " in line]
    at = "9.000001" if variant == "tracefs" else "9.000002"
    assert ["9.000000", at, "9.000003"] == [line.split(":")[0].split()[-1] for line in lines]


@pytest.mark.parametrize("which", [{"pid": 42}, {"cgroup": "no/such"}])
def test_nobody_to_record_is_said(tracefs: Tracefs, which: dict[str, str]) -> None:
    code, said = tracefs.run(SHELLS[0], recipe(**which), "true")  # type: ignore[arg-type]
    assert (2, []) == (code, tracefs.left())
    assert "there is no" in said


@pytest.mark.parametrize("name", ["luf.trace", "luf.trace.gz", "luf.dat"])
def test_what_was_recorded_before_is_not_overwritten(tracefs: Tracefs, name: str) -> None:
    (tracefs.work / name).write_text("precious")
    code, said = tracefs.run(SHELLS[0], recipe(), "true")
    assert (2, "precious") == (code, (tracefs.work / name).read_text())
    assert f"{name} is there already" in said


def test_another_machine_is_refused(tracefs: Tracefs) -> None:
    tracefs.command("uname", "#!/bin/sh\necho aarch64\n")
    code, said = tracefs.run(SHELLS[0], recipe(), "true")
    assert (2, []) == (code, tracefs.left())
    assert "aarch64 is not known here" in said


def test_without_trace_cmd_it_says_so(tracefs: Tracefs, monkeypatch: pytest.MonkeyPatch) -> None:
    (tracefs.bin / "trace-cmd").unlink()
    for name in ("awk", "cat", "find", "grep", "ls", "rm", "sed"):
        (tracefs.bin / name).symlink_to(str(shutil.which(name)))
    shell = str(shutil.which(SHELLS[0]))
    monkeypatch.setenv("PATH", "")
    code, said = tracefs.run(shell, recipe(variant="trace-cmd"), "true")
    assert (2, []) == (code, tracefs.left())
    assert "trace-cmd is not installed" in said
