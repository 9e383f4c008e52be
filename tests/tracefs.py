"""A folder that stands in for tracefs, with the few commands that make it behave like one.

What a folder cannot do is done on the way: `mkdir` of an instance makes its files and the events
of its probes, `rmdir` takes them away, and `sleep` is short.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from luf_tui.ftrace.recipe import EVENTS

FUNCTIONS = (
    "try_to_unmap_one",
    "try_to_migrate_one",
    "switch_mm_irqs_off",
    "set_tlb_ubc_flush_pending.isra.0",
    "arch_tlbbatch_flush",
    "flush_tlb_mm_range",
)
STATS = "entries: 0\noverrun: {lost}\ncommit overrun: 0\nbytes: 0\ndropped events: 0\n"
LINE = "           app-77      (     77) [000] .....    {at}: mm_page_free: page=1 pfn=0x5 order=0"

_MKDIR = """\
#!{python}
import os, re, sys
here = sys.argv[-1]
os.makedirs(here, exist_ok=True)
if os.path.basename(os.path.dirname(here)) == "instances":
    top = os.path.dirname(os.path.dirname(here))
    probes = top + "/kprobe_events"
    text = open(probes).read() if os.path.exists(probes) else ""
    probes = re.findall(r"^p:luf/(\\S+)", text, re.M)
    for event in open(top + "/available_events").read().split() + ["luf:" + p for p in probes]:
        folder = here + "/events/" + event.replace(":", "/")
        os.makedirs(folder, exist_ok=True)
        open(folder + "/enable", "w").write("0")
    os.makedirs(here + "/options", exist_ok=True)
    for cpu in os.listdir(top + "/per_cpu"):
        os.makedirs(here + "/per_cpu/" + cpu)
        open(here + "/per_cpu/" + cpu + "/stats", "w").write(open(top + "/stats").read())
    os.mkfifo(here + "/trace_pipe")
    for name in os.environ.get("REFUSES", "").split():
        os.symlink("/dev/full", here + "/" + name)
"""
_RMDIR = """\
#!{python}
import os, shutil, sys
here = sys.argv[-1]
name = os.path.basename(here)
with open(here + "/../../removed", "a") as said:
    for what in ("buffer_size_kb", "trace_clock", "tracing_on", "set_event_pid",
                 "options/event-fork"):
        if os.path.isfile(here + "/" + what):
            said.write(" ".join((name, what, *open(here + "/" + what).read().split())) + "\\n")
    for folder, _, files in os.walk(here + "/events"):
        if "enable" in files and open(folder + "/enable").read().strip() == "1":
            said.write(name + " " + folder.split("/events/")[1] + "\\n")
shutil.rmtree(here)
"""
_TRACE_CMD = """\
#!{python}
import os, signal, subprocess, sys
if sys.argv[1] == "report":
    if "--stat" in sys.argv:
        print("CPU: 0\\nentries: 0\\noverrun: 0\\ndropped events: 0")
    else:
        print("cpus=1\\n" + open("luf.dat").read(), end="")
    sys.exit()
with open(os.environ["TRACEFS"] + "/removed", "a") as said:
    said.write("trace-cmd " + " ".join(sys.argv[1:]) + "\\n")
command = sys.argv[sys.argv.index("luf.dat") + 1:]
while command[0] == "-e":
    del command[:2]
child = subprocess.Popen(command)
signal.signal(signal.SIGINT, lambda *_: child.terminate())
child.wait()
open("luf.dat", "w").write("{line}\\n")
"""


_HEEDING = """\
import os, signal, sys
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
    signal.signal(number, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])
"""
"""A shell can trap no signal that is ignored when it begins, as under nohup."""


class Tracefs:
    """The folder, and a script that is run on it as if it were the machine's tracefs."""

    def __init__(self, folder: Path) -> None:
        self.top = folder / "tracing"
        self.work = folder / "work"
        self.bin = folder / "bin"
        self.proc = folder / "proc"
        self.lock = folder / "lock"
        for each in (self.top, self.work, self.bin, self.proc, self.top / "instances"):
            each.mkdir()
        self.mark = f"LUF_TEST={uuid.uuid4()}"
        self.kernel = "6.12.95"
        self.refuses = ""
        self.probes = self.top / "kprobe_events"
        self.probes.write_text("")
        (self.top / "trace").write_text("")
        (self.top / "README").write_text("")
        self.events(EVENTS)
        self.functions(FUNCTIONS)
        self.cpus(2)
        self.stats()
        (self.proc / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:    4096000 kB\n")
        line = LINE.format(at="9.000002")
        for name, text in (("mkdir", _MKDIR), ("rmdir", _RMDIR), ("trace-cmd", _TRACE_CMD)):
            self.command(name, text.replace("{python}", sys.executable).replace("{line}", line))
        self.command("sleep", "#!/bin/sh\nexec /bin/sleep 0.02\n")
        self.command("uname", "#!/bin/sh\necho x86_64\n")

    def command(self, name: str, text: str) -> None:
        (self.bin / name).write_text(text)
        (self.bin / name).chmod(0o755)

    def events(self, names: Iterable[str]) -> None:
        (self.top / "available_events").write_text("\n".join(names))
        for name in names:
            folder = self.top / "events" / name.replace(":", "/")
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "enable").write_text("0")

    def functions(self, names: Iterable[str]) -> None:
        text = "".join(f"{name}\n" for name in ("do_exit", *names, "do_fork [kvm]"))
        (self.top / "available_filter_functions").write_text(text)

    def cpus(self, number: int) -> None:
        for cpu in range(number):
            (self.top / "per_cpu" / f"cpu{cpu}").mkdir(parents=True, exist_ok=True)

    def stats(self, lost: int = 0) -> None:
        (self.top / "stats").write_text(STATS.format(lost=lost))

    def start(self, shell: str, script: str, *command: str) -> subprocess.Popen[str]:
        """Run a script with a command as its workload; `$I` is the instance in the command."""
        path = self.work.parent / "record.sh"
        path.write_text(script)
        name, _, value = self.mark.partition("=")
        environment = {
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "TRACEFS": str(self.top),
            "LUF_PROC": str(self.proc),
            "LUF_LOCK": str(self.lock),
            "LUF_KERNEL": self.kernel,
            "REFUSES": self.refuses,
            "I": str(self.top / "instances" / "luf"),
            name: value,
        }
        return subprocess.Popen(
            [sys.executable, "-c", _HEEDING, shell, str(path), *command],
            cwd=self.work,
            env=environment,
            text=True,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )

    def run(self, shell: str, script: str, *command: str) -> tuple[int, str]:
        """Run to the end: exit status, and what was said."""
        return self._end(self.start(shell, script, *command))

    def interrupted(
        self, shell: str, script: str, number: signal.Signals, *, group: bool = False
    ) -> tuple[int, str]:
        """Run with a workload that does not end, and send a signal when that has begun."""
        there = self.work / "begun"
        loop = "trap : INT; echo > begun; while :; do /bin/sleep 9; done"
        process = self.start(shell, script, shell, "-c", loop)
        for _ in range(1000):
            if there.exists() or process.poll() is not None:
                break
            time.sleep(0.01)
        assert there.exists(), process.communicate()[1]
        for _ in range(4):
            if group:
                os.killpg(process.pid, number)
            else:
                process.send_signal(number)
            # A shell that is about to wait may sleep over the first one, for a moment.
            with suppress(subprocess.TimeoutExpired):
                process.wait(timeout=8)
                break
        return self._end(process)

    def _end(self, process: subprocess.Popen[str]) -> tuple[int, str]:
        """Its exit status and what it said; nothing of a run that does not end is left behind."""
        try:
            said = process.communicate(timeout=60)[1]
        except subprocess.TimeoutExpired:
            for pid in self._processes():
                os.kill(pid, signal.SIGKILL)
            said = process.communicate()[1] + "it did not end"
        return process.returncode, said

    def left(self) -> list[str]:
        """What is still there of a run: processes, probes, instances and the lock."""
        found = [f"process {name}" for name in self._processes().values()]
        probes: dict[str, bool] = {}
        for line in self.probes.read_text().split("\n"):
            if line:
                kind, _, name = line.split(" ")[0].partition(":")
                probes[name] = kind == "p"
        found += [f"probe {name}" for name, there in probes.items() if there]
        found += [f"instance {path.name}" for path in (self.top / "instances").iterdir()]
        return found + [f"lock {path}" for path in (self.lock,) if path.exists()]

    def _processes(self) -> dict[int, str]:
        """The processes of a run that are still there, and what they are."""
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if self.mark.encode() in (folder / "environ").read_bytes():
                    command = (folder / "cmdline").read_text().replace("\0", " ")
                    found[int(folder.name)] = command
            except OSError:
                continue
        return found

    def done(self) -> list[str]:
        """What instances were like when they were removed, and how trace-cmd was called."""
        path = self.top / "removed"
        return path.read_text().splitlines() if path.exists() else []

    def done_events(self, instance: str) -> list[str]:
        """The events that were on in an instance when it was removed."""
        lines = [line.partition(" ") for line in self.done()]
        return [
            what
            for name, _, what in lines
            if name == instance and "/" in what.split()[0] and " " not in what
        ]

    def probed(self) -> dict[str, str]:
        """Each probe that was set: its function and fields."""
        lines = [line for line in self.probes.read_text().split("\n") if line.startswith("p:luf/")]
        return {line[6:].split(" ")[0]: line[6:].partition(" ")[2] for line in lines}
