"""The engine configured down to `tests/data/luf.pml`, beside SPIN on that model.

SPIN's time is that of `spin -a`, `cc -O2` and `./pan`, ours that of a fresh Python; both are those
of processes, and so is the memory. Where `spin` or a C compiler is not installed, the rows say so.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from attrs import field, frozen

from tests.bench.measure import Row, median, narrate, rate
from tests.promela.programs import BUGS, SHORTEST

ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "tests" / "data" / "luf.pml"
COMPILER = ("cc", "-O2", "-w", "-DSAFETY", "-DMEMLIM=16000")
PAN = ("./pan", "-m5000000")
STATES, TRANSITIONS = 329_827, 1_921_624
INIT_STATES, INIT_TRANSITIONS = 2, 3
"""What SPIN counts of the model's `init`, before the first action."""
ACTION = re.compile(r"^\s*(\d+):\tproc\s+\d+ \((?:actor|ipi)", re.MULTILINE)
"""A step of a counterexample as `spin -t -p` prints it: an action is one number."""


@frozen
class Ran:
    """One process: what it printed, seconds by the clock, and the most memory it held in MiB."""

    text: str
    seconds: float
    peak: float


@frozen
class Spin:
    """One run of SPIN, end to end."""

    states: int
    transitions: int
    seconds: tuple[float, ...]
    """Of `spin -a`, `cc` and `./pan`."""
    peak: float
    actions: int = field(default=0)
    """Of the counterexample, 0 without one."""


def run(words: tuple[str, ...], where: Path) -> Ran:
    """Run a process to its end."""
    start = time.perf_counter()
    with tempfile.TemporaryFile("w+", encoding="utf-8") as printed:
        process = subprocess.Popen(words, cwd=where, stdout=printed, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - start
        printed.seek(0)
        text = printed.read()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, words)
    return Ran(text, seconds, usage.ru_maxrss / 1024)


def spin(bug: int = 0) -> Spin | None:
    """SPIN on the model, breadth-first to a counterexample of a broken variant; None without it."""
    if not shutil.which("spin") or not shutil.which("cc"):
        return None
    broken = ("-DNOHIDE", f"-DBUG={bug}") if bug else ()
    with tempfile.TemporaryDirectory() as directory:
        where = Path(directory)
        shutil.copy(MODEL, where)
        stages = [
            run(("spin", "-a", *broken, MODEL.name), where),
            run((*COMPILER, *(("-DBFS",) if bug else ()), "-o", "pan", "pan.c"), where),
            run(PAN, where),
        ]
        trail = run(("spin", "-t", "-p", *broken, MODEL.name), where).text if bug else ""
    told = stages[-1].text
    return Spin(
        _number(told, "states, stored") - INIT_STATES,
        _number(told, "transitions") - INIT_TRANSITIONS,
        tuple(stage.seconds for stage in stages),
        stages[-1].peak,
        len(set(ACTION.findall(trail))),
    )


def _number(text: str, what: str) -> int:
    found = re.search(rf"(\d+) {what}", text)
    assert found is not None, f"pan tells of no {what}"
    return int(found.group(1))


def ours(*options: str) -> tuple[dict[str, int], Ran]:
    """Our search as a process of its own."""
    ran = run((sys.executable, "-m", "tests.promela", *options), ROOT)
    return json.loads(ran.text), ran


def beside_spin(rounds: int) -> list[Row]:
    """The whole model plainly (once: it takes minutes) and with frames renamed, and each broken
    variant, SPIN right before each.
    """
    rows = [
        _whole("luf.pml 2/2/3, no reductions", "3.0 x SPIN", "1.5 x"),
        _whole("luf.pml 2/2/3, frames renamed", "1.0 x SPIN", "0.5 x", "--renamed", "frames"),
    ]
    return rows + [_broken(bug, rounds) for bug in BUGS]


def _whole(what: str, goal: str, stretch: str, *options: str) -> Row:
    narrate(what)
    theirs = spin()
    told, ran = ours(*options)
    counts = (told["states"], told["transitions"])
    equal = "as SPIN" if counts == (STATES, TRANSITIONS) else f"NOT {STATES:,} and {TRANSITIONS:,}"
    visited = f", {told['visited']:,} visited" if told["visited"] != counts[0] else ""
    measured = (
        f"{counts[0]:,} states{visited}, {counts[1]:,} transitions ({equal}); {ran.seconds:.1f} s, "
        f"{rate(told['visited'], ran.seconds, ' states')}, peak {ran.peak:.0f} MiB"
    )
    if theirs is None:
        return Row(what, measured, goal, stretch, "spin or cc is not installed: nothing beside it")
    same = counts == (theirs.states, theirs.transitions)
    times = " + ".join(f"{seconds:.2f}" for seconds in theirs.seconds)
    peer = (
        f"spin -a + cc -O2 + ./pan: {theirs.states:,} states, {theirs.transitions:,} transitions"
        f"{'' if same else ' (NOT OURS)'}; {times} s, peak {theirs.peak:.0f} MiB; "
        f"ours {ran.seconds / sum(theirs.seconds):.1f} x"
    )
    return Row(what, measured, goal, stretch, peer)


def _broken(bug: int, rounds: int) -> Row:
    what = f"luf.pml -DBUG={bug} ({BUGS[bug]}): to the counterexample"
    narrate(what)
    taken, theirs, actions, length = [], [], 0, 0
    for _ in range(rounds):
        peer = spin(bug)
        if peer is not None:
            theirs.append(sum(peer.seconds))
            length = peer.actions
        told, ran = ours("--bug", str(bug), "--renamed", "all")
        actions = told["actions"]
        taken.append(ran.seconds)
    equal = "" if actions == SHORTEST[bug] else f" (NOT {SHORTEST[bug]})"
    measured = f"{actions} actions{equal}, {median(taken):.2f} s"
    if not theirs:
        return Row(what, measured, "0.5 x SPIN", "0.1 x", "spin or cc is not installed")
    ratio = median([a / b for a, b in zip(taken, theirs, strict=True)])
    shown = f"{length} actions, {median(theirs):.2f} s; ours {ratio:.2f} x"
    return Row(what, measured, "0.5 x SPIN", "0.1 x", shown)
