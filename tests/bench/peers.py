"""Other checkers on the same model: SPIN, SPIN with frames sorted, and rumur, each end to end.

The flags are those that were fastest. A checker that is not installed is named as missing.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from attrs import frozen

from tests.bench.processes import Ran, run, run_all
from tests.promela.machine import Sizes
from tests.promela.naming import ALL, FRAMES, PLAIN

DATA = Path(__file__).resolve().parents[1] / "data"
MODEL, SORTED, MURPHI = "luf.pml", "luf_sym.pml", "luf.m.in"
INIT_STATES, INIT_TRANSITIONS = 2, 3
"""What SPIN counts of the model's `init`, before the first action."""
ACTION = re.compile(r"^\s*(\d+):\tproc\s+\d+ \((?:actor|ipi)", re.MULTILINE)
"""A step of a counterexample as `spin -t -p` prints it: an action is one number."""
LARGE = 16
"""CPUs times pages times frames from which on a search is so long that compiling well pays."""


@frozen
class Counted:
    """What a checker says of the model, and what that took with its compilers."""

    states: int
    transitions: int
    """Out of the states that it visits."""
    ran: Ran
    actions: int = 0
    """Of the counterexample, 0 without one."""


@frozen
class Peer:
    """A checker, run in one way."""

    name: str
    needs: tuple[str, ...]
    """Programs, of which each has to be installed."""
    renamed: str
    """What it renames, as our search calls it."""
    count: Callable[[Sizes], Counted]

    @property
    def missing(self) -> str:
        """What is not installed."""
        return " and ".join(name for name in self.needs if not shutil.which(name))


def _large(sizes: Sizes) -> bool:
    return sizes.cpus * sizes.pages * sizes.frames >= LARGE


def _sized(sizes: Sizes) -> list[str]:
    return [f"-DNCPU={sizes.cpus}", f"-DNV={sizes.pages}", f"-DNF={sizes.frames}"]


def _spin(model: str, generate: Sequence[str], compiler: Sequence[str], pan: Sequence[str]) -> Ran:
    with tempfile.TemporaryDirectory() as directory:
        where = Path(directory)
        shutil.copy(DATA / model, where)
        compiled = [*compiler, "-w", "-DSAFETY", "-DMEMLIM=16000", "-o", "pan", "pan.c"]
        return run_all([["spin", "-a", *generate, model], compiled, ["./pan", *pan]], where)


def _of_spin(ran: Ran) -> Counted:
    states = _number(ran.text, "states, stored") - INIT_STATES
    return Counted(states, _number(ran.text, "transitions") - INIT_TRANSITIONS, ran)


def spin(sizes: Sizes) -> Counted:
    """SPIN as its manual has it."""
    return _of_spin(_spin(MODEL, _sized(sizes), ("cc", "-O2"), ("-m5000000",)))


def spin_sorted(sizes: Sizes) -> Counted:
    """SPIN on the model that sorts its frames, with a compiler that is done soon for small ones."""
    quick = ("tcc",) if shutil.which("tcc") else ("cc", "-O1")
    compiler = ("cc", "-O2") if sizes.cpus > 2 else quick
    return _of_spin(_spin(SORTED, _sized(sizes), compiler, ("-m1000000", "-w22")))


def spin_to_bug(bug: int) -> Counted:
    """SPIN, breadth first to a counterexample of a broken variant, and its length."""
    compiler = ("tcc",) if shutil.which("tcc") else ("cc", "-O1")
    broken = ["-DNOHIDE", f"-DBUG={bug}"]
    with tempfile.TemporaryDirectory() as directory:
        where = Path(directory)
        shutil.copy(DATA / MODEL, where)
        compiled = [*compiler, "-w", "-DSAFETY", "-DBFS", "-o", "pan", "pan.c"]
        ran = run_all([["spin", "-a", *broken, MODEL], compiled, ["./pan", "-w20"]], where)
        trail = run(["spin", "-t", "-p", *broken, MODEL], where).text
    counted = _of_spin(ran)
    return Counted(counted.states, counted.transitions, ran, len(set(ACTION.findall(trail))))


def _rumur(sizes: Sizes, *, everybody: bool) -> Counted:
    kind = "scalarset({})" if everybody else "0 .. {} - 1"
    filled = {
        "@CPU@": kind.format(sizes.cpus),
        "@PAGE@": kind.format(sizes.pages),
        "@FRAME@": f"scalarset({sizes.frames})",
        "@BUG@": "0",
    }
    text = (DATA / MURPHI).read_text(encoding="utf-8")
    for placeholder, value in filled.items():
        text = text.replace(placeholder, value)
    flags = ["--pack-state", "off", "--scalarset-schedules", "off"]
    flags += ["--counterexample-trace", "off"]
    compiler = [
        "cc",
        "-O2" if _large(sizes) else "-O1",
        "-std=c11",
        "-march=native",
        "-mcx16",
        "-w",
    ]
    with tempfile.TemporaryDirectory() as directory:
        where = Path(directory)
        (where / "luf.m").write_text(text, encoding="utf-8")
        ran = run_all(
            [
                ["rumur", *flags, "luf.m", "--output", "luf.c"],
                [*compiler, "-o", "luf", "luf.c", "-lpthread"],
                ["./luf"],
            ],
            where,
        )
    return Counted(_number(ran.text, "states"), _number(ran.text, "rules fired"), ran)


def rumur_frames(sizes: Sizes) -> Counted:
    """rumur, with frames as a scalarset."""
    return _rumur(sizes, everybody=False)


def rumur(sizes: Sizes) -> Counted:
    """rumur, with CPUs, pages and frames as scalarsets."""
    return _rumur(sizes, everybody=True)


def _number(text: str, what: str) -> int:
    found = re.findall(rf"([\d.]+(?:e\+\d+)?) {what}", text)
    assert found, f"the checker tells of no {what}"
    return round(float(found[-1]))  # before the last there is progress; SPIN rounds large ones


SPIN = Peer("SPIN", ("spin", "cc"), PLAIN, spin)
SPIN_SORTED = Peer("SPIN, frames sorted", ("spin", "cc"), FRAMES, spin_sorted)
RUMUR_FRAMES = Peer("rumur, frames", ("rumur", "cc"), FRAMES, rumur_frames)
RUMUR = Peer("rumur, all names", ("rumur", "cc"), ALL, rumur)
