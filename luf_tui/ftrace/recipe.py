"""The shell commands that record a trace luf-tui can replay, on a stock kernel.

They are for any POSIX shell. Offsets and signatures are those of x86-64 kernels from 5.15 on
(include/linux/mm_types.h, mm/rmap.c, arch/x86/mm/tlb.c).
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources

from luf_tui.errors import LufError

VARIANTS = ("tracefs", "trace-cmd")
NEEDED = ("kmem:mm_page_alloc", "kmem:mm_page_free", "tlb:tlb_flush", "sched:sched_switch")
"""Without one of these nothing can be replayed."""
FAULTS = "exceptions:page_fault_user"
OPTIONAL = {
    "kmem:mm_page_free_batched": "the pages of a batch are told by mm_page_free alone",
    "sched:sched_process_exec": "that a task runs another program is told by its name alone",
    "migrate:mm_migrate_pages_start": "why pages are migrated is not told",
    "migrate:mm_migrate_pages": "why pages are migrated is not told",
    "migrate:set_migration_pte": "which unmapped pages could be written is not told (before 5.19)",
    "migrate:remove_migration_pte": "where migrated pages went is not told (before 5.19)",
    FAULTS: "which task has which address space is told by flushes alone",
}
"""What is not known without each of the others."""
EVENTS = (*NEEDED, *OPTIONAL)
_SECTION = "#: "


def _threads(pid: int | None, cgroup: str | None) -> tuple[str, str, str]:
    """The shell command that lists thread ids, whom they belong to, and what if there are none."""
    if pid is not None:
        return f'ls "$PROC/{pid}/task"', f"process {pid}", f"'there is no process {pid}'"
    threads = _quoted(f"{cgroup}/cgroup.threads")
    missing = _quoted(f"there is no cgroup {cgroup} with a list of threads (cgroup v2)")
    return f"cat {threads}", f"cgroup {cgroup}", missing


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _on(events: tuple[str, ...]) -> str:
    """The lines that switch events on."""
    lines = []
    for event in events:
        path = event.replace(":", "/")
        why = OPTIONAL.get(event)
        lines.append(f'on "$I" {path}' + (f" \\\n    {_quoted(why)}" if why else ""))
    return "\n".join(lines)


def _sections(text: str, wanted: set[str]) -> Iterator[str]:
    """The lines of the sections that are wanted."""
    keep = True
    for line in text.splitlines():
        if line.startswith(_SECTION):
            keep = line.removeprefix(_SECTION) in wanted
        elif keep:
            yield line


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
    events = tuple(event for event in EVENTS if not (narrow and event == FAULTS))
    filled = {
        "@EVENTS@": _on(events),
        "@NAMES@": " \\\n    ".join(event.replace(":", "/") for event in events),
        "@FAULTS@": f"{FAULTS.replace(':', '/')} {_quoted(OPTIONAL[FAULTS])}",
    }
    if narrow:
        names = ("@THREADS@", "@WHOM@", "@MISSING@")
        filled |= dict(zip(names, _threads(pid, cgroup), strict=True))
    text = resources.files("luf_tui.ftrace").joinpath("record.sh").read_text("utf-8")
    wanted = {"all", variant} | ({"narrow"} if narrow else set())
    lines = "\n".join(_sections(text, wanted))
    for mark, words in filled.items():
        lines = lines.replace(mark, words)
    return lines + "\n"
