"""The shell commands that record a trace luf-tui can replay, on a stock kernel."""

from __future__ import annotations

from luf_tui.errors import LufError

VARIANTS = ("tracefs", "trace-cmd")
EVENTS = (
    "kmem:mm_page_alloc",
    "kmem:mm_page_free",
    "kmem:mm_page_free_batched",
    "tlb:tlb_flush",
    "sched:sched_switch",
    "sched:sched_process_exec",
    "migrate:mm_migrate_pages_start",
    "migrate:mm_migrate_pages",
    "migrate:set_migration_pte",
    "migrate:remove_migration_pte",
    "exceptions:page_fault_user",
)

_SETUP = """\
#!/bin/sh
# Records what luf-tui replays. As root:  luf-tui record > record.sh; sh record.sh
set -eu
T=/sys/kernel/tracing
for f in luf.trace luf.trace.gz luf.dat; do
    [ ! -e $f ] || { echo "$f is there already; record in another folder, or move it" >&2; exit 2; }
done
[ -e $T/trace ] || mount -t tracefs nodev $T

# Two probes on entry of the functions that clear a PTE for reclaim and for migration.
#   p:GROUP/NAME FUNCTION FIELD=WHAT:TYPE ...    $arg1 is the first argument, x64 prints it in hex
#   +16($arg2) reads memory: vm_area_struct.vm_mm lies at offset 16 and vm_flags at 32 on x86-64
#   from 6.1 on; `pahole vm_area_struct` shows it. With BTF, from 6.6 on, mm=vma->vm_mm does too.
# A compiler may have renamed a function (.isra.0, .constprop.0), so the name is looked up.
probe() {
    f=$(awk -v f=$2 '$1 ~ "^" f "([.].*)?$" { print $1; exit }' \\
        $T/available_filter_functions 2>/dev/null || true)
    echo "p:luf/$1 ${f:-$2}" 'folio=$arg1:x64 vm_flags=+32($arg2):x64' \\
        'mm=+16($arg2):x64 addr=$arg3:x64' >> $T/kprobe_events
}
clean() {
    for e in $T/instances/luf/events/luf/*/enable; do [ ! -e $e ] || echo 0 > $e; done
    [ ! -d $T/instances/luf ] || rmdir $T/instances/luf
    for p in unmap_one migrate_one; do
        [ ! -d $T/events/luf/$p ] || echo "-:luf/$p" >> $T/kprobe_events
    done
}
trap clean EXIT
PROBES=
if [ -e $T/kprobe_events ]; then
    probe unmap_one try_to_unmap_one
    probe migrate_one try_to_migrate_one
    PROBES=1
else
    echo 'No kprobes in this kernel (CONFIG_KPROBE_EVENTS): the trace will not say which address' \\
        'space is unmapped, nor anything of reclaim without migration.' >&2
fi
"""

_INSTANCE = """
# A ring buffer of its own: other tracing on this machine is not disturbed. The size is per CPU.
# A busy CPU writes 2 to 6 MB a second, and trace_pipe empties the buffer while it fills.
I=$T/instances/luf
mkdir -p $I
echo 0 > $I/tracing_on
echo 65536 > $I/buffer_size_kb
echo mono > $I/trace_clock           # one order over all CPUs
echo 1 > $I/options/record-tgid      # threads of one process share an address space
for e in {events} \\
    ${{PROBES:+luf/unmap_one luf/migrate_one}}; do
    echo 1 > $I/events/$e/enable
done
"""

_RECORD = """
echo 1 > $I/tracing_on
cat $I/trace_pipe > luf.trace & cat=$!
sleep 30                             # or the workload's command line
echo 0 > $I/tracing_on
sleep 2                              # cat takes what is left
kill $cat 2>/dev/null || true
wait $cat || true

# Nothing may be lost: every number must be 0. If one is not, record with a larger buffer_size_kb,
# for a shorter time, or without mm_page_free_batched.
grep -H -E 'overrun|dropped events' $I/per_cpu/cpu*/stats >&2
echo "gaps in the text: $(grep -c LOST luf.trace || true)" >&2
gzip luf.trace                       # luf-tui replay luf.trace.gz
"""

_TRACE_CMD = """
# -b is the buffer of each CPU in KiB; -C mono is one clock for all CPUs.
trace-cmd record -b 65536 -C mono -o luf.dat \\
    {events} \\
    ${{PROBES:+-e luf:unmap_one -e luf:migrate_one}} \\
    sleep 30                         # or the workload's command line

# Nothing may be lost: every number must be 0. If one is not, record with a larger -b or for a
# shorter time.
trace-cmd report --stat -i luf.dat | grep -E 'overrun|dropped' >&2 || true
trace-cmd report -i luf.dat > luf.trace
echo "gaps in the text: $(grep -c DROPPED luf.trace || true)" >&2
gzip luf.trace                       # luf-tui replay luf.trace.gz
"""

_WHY = """
# Page faults are recorded of {whom} only.
# The rest stays unfiltered on purpose: kswapd unmaps its pages, and whoever allocates such a page
# next pays the flush that was put off, whichever task that is.
"""


def _threads(pid: int | None, cgroup: str | None) -> tuple[str, str]:
    """The shell command that lists thread ids, and whom they belong to."""
    if pid is not None:
        return f"ls /proc/{pid}/task", f"process {pid}"
    return f"cat {_quoted(f'{cgroup}/cgroup.threads')}", f"cgroup {cgroup}"


def _wrapped(words: list[str]) -> str:
    return " \\\n    ".join(" ".join(words[n : n + 3]) for n in range(0, len(words), 3))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def recipe(pid: int | None = None, cgroup: str | None = None, variant: str = "tracefs") -> str:
    """Shell text to run as root: probes, buffers, recording, a check that nothing was lost.

    `pid` or `cgroup` (a directory below /sys/fs/cgroup) narrows the page faults to one process or
    group; `variant` is `tracefs`, which needs no tool, or `trace-cmd`. Errors: LufError on an
    unknown variant, a pid below 1, a cgroup that is no path, or both pid and cgroup.
    """
    if variant not in VARIANTS:
        raise LufError(f"no variant '{variant}': known are {', '.join(VARIANTS)}")
    if pid is not None and cgroup is not None:
        raise LufError("either a pid or a cgroup, not both")
    if pid is not None and pid < 1:
        raise LufError(f"{pid} is no process id")
    if cgroup is not None:
        if not cgroup.strip("/") or not cgroup.isprintable():
            raise LufError(f"{cgroup!r} is no cgroup")
        if not cgroup.startswith("/"):
            cgroup = f"/sys/fs/cgroup/{cgroup}"
        cgroup = cgroup.rstrip("/")
    narrow = pid is not None or cgroup is not None
    parts = [_SETUP]
    if narrow:
        command, whom = _threads(pid, cgroup)
        parts.append(_WHY.format(whom=whom))
        parts.append(
            f"P=$({command} | sed 's/^/common_pid == /' | paste -sd'|' - | sed 's/|/ || /g')\n"
        )
    if variant == "tracefs":
        parts.append(_INSTANCE.format(events=_wrapped([e.replace(":", "/") for e in EVENTS])))
        if narrow:
            parts.append('echo "$P" > $I/events/exceptions/page_fault_user/filter\n')
        parts.append(_RECORD)
    else:
        flags = [f"-e {e}" for e in EVENTS]
        if narrow:
            flags[-1] += ' -f "$P"'
        rows = [" ".join(flags[n : n + 2]) for n in range(0, len(flags), 2)]
        parts.append(_TRACE_CMD.format(events=" \\\n    ".join(rows)))
    return "".join(parts)
