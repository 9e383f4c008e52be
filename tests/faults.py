"""One-line faults of engine, policies and oracle, and who notices them; run by hand.

`python -m tests.faults` puts each into a copy of the package, one after the other, and asks who
notices: the scenarios, random programs, the clients, the tests of engine, oracle and stories. What
it found is in `tests/data/faults.json`, and a test holds that every line is still in its file.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from attrs import frozen

from luf_tui.engine.director import Director
from luf_tui.oracle.oracle import VIOLATION
from luf_tui.oracle.play_and_judge import judged_moves
from luf_tui.policy.registry import make_policy
from luf_tui.script.parse import load
from luf_tui.search.race_start import at_race
from luf_tui.search.random_programs.random_program import random_program
from luf_tui.search.result import SAFE, Limits
from luf_tui.search.search import Search
from luf_tui.timeline.recorder import record
from tests.clients import CLIENTS, read
from tests.conftest import ROOT

DATA = ROOT / "tests" / "data" / "faults.json"
STATES = 5_000
"""States of each client that are looked at."""
PROGRAMS = 200
"""Random programs under each policy."""
MOVES = 20_000
"""Micro-steps after which a random program will never end."""
POLICIES = ("eager", "batched", "luf")
UNIT_TESTS = (
    "tests/test_stories.py",
    "tests/test_oracle_promises.py",
    *(f"tests/{path.name}" for path in sorted((ROOT / "tests").glob("test_engine_[!r]*.py"))),
)


@frozen
class Fault:
    """A line, and what stands there instead."""

    name: str
    path: str
    right: str
    wrong: str
    equivalent: str = ""
    """Why nobody can notice it, where that is so."""

    @property
    def file(self) -> Path:
        """The module, below the package."""
        return Path("luf_tui") / self.path


OPS = "engine/operations/"
FAULTS = (
    Fault("none", "engine/kernel.py", "class Kernel", "class Kernel", "nothing is changed"),
    # what a page-table entry grants
    Fault(
        "a migration entry stays writable after mprotect",
        OPS + "mappings.py",
        "if pte.kind == MIGRATION and not self.flags & WRITE:",
        "if False:",
    ),
    Fault(
        "a page that several map is made writable in place",
        OPS + "fault.py",
        "alone = frame.state == ANON and frame.mapcount == 1 and not frame.slot",
        "alone = frame.state == ANON and not frame.slot",
    ),
    Fault(
        "fork leaves the parent's entries writable",
        OPS + "process.py",
        "pagetable.protect(k, pte, writable=0)",
        "pass",
    ),
    Fault(
        "KSM maps the page that stays writable",
        OPS + "replace.py",
        "pagetable.install(k, self._pte(k), self.frame, writable=0, dirty=0)",
        "pagetable.install(k, self._pte(k), self.frame, writable=1, dirty=1)",
    ),
    Fault(
        "write-protecting for KSM leaves RW",
        OPS + "replace.py",
        "pagetable.install(k, pte, frame, writable=0, dirty=0)",
        "pagetable.install(k, pte, frame, writable=1, dirty=1)",
    ),
    Fault(
        "a monitor's write-protection leaves RW",
        OPS + "monitor.py",
        "pagetable.protect(k, pte, writable=0)",
        "pass",
    ),
    Fault(
        "a file's page stays writable through its writeback",
        OPS + "reclaim.py",
        "pagetable.protect(k, pte, writable=0)",
        "pass",
    ),
    # dirty bits and bytes
    Fault(
        "reclaim forgets a dirty bit",
        OPS + "unmap.py",
        "        if pte.dirty and (not self.migrate",
        "        if False and (not self.migrate",
    ),
    Fault(
        "munmap forgets a dirty bit",
        OPS + "mappings.py",
        "                if pte.dirty:\n                    frame.dirty = 1",
        "                if False:\n                    frame.dirty = 1",
    ),
    Fault(
        "a write fault on a file's page does not mark it dirty",
        OPS + "fault.py",
        "        if writable and frame.state == FILE:\n            frame.dirty = 1",
        "        if False:\n            frame.dirty = 1",
        "the PTE is dirty, and every way to lose a PTE takes its dirty bit along",
    ),
    Fault(
        "a new anonymous page is not zeroed",
        OPS + "fault.py",
        'change_bytes(k, frame, 0, "zeroed for its new owner")',
        "pass",
    ),
    Fault(
        "a copy on write copies nothing",
        OPS + "fault.py",
        "folio.copy_bytes(k, self.old, frame)",
        "pass",
    ),
    Fault(
        "what is written out is what the slot had before",
        OPS + "reclaim.py",
        "frame.slot.content = frame.content",
        "frame.slot.content = frame.slot.content",
    ),
    Fault(
        "MADV_DONTNEED leaves the last page of its range",
        OPS + "madvise.py",
        'where = {"at": self.vpn, "start": self.vpn, "end": self.vpn + self.pages}',
        'where = {"at": self.vpn, "start": self.vpn, "end": self.vpn + self.pages - 1}',
    ),
    # flushes
    Fault(
        "a CPU that is several flushes behind flushes one range",
        "engine/hardware.py",
        "ranged = mm and start != end and gen == slot.gen + 1 == latest",
        "ranged = mm and start != end",
    ),
    Fault(
        "a CPU that is one behind another flush flushes one range",
        "engine/hardware.py",
        "ranged = mm and start != end and gen == slot.gen + 1 == latest",
        "ranged = mm and start != end and gen == slot.gen + 1",
    ),
    Fault(
        "a CPU that leaves an mm keeps its ASID",
        "engine/hardware.py",
        "    k.m.asids_of(cpu)[state.asid].clear()\n    mm.cpumask &=",
        "    mm.cpumask &=",
    ),
    Fault(
        "a range at the ceiling is flushed whole",
        OPS + "flush.py",
        "            self.mask = self.mm.cpumask\n"
        "            if self.end - self.start > k.m.config.ceiling:",
        "            self.mask = self.mm.cpumask\n"
        "            if self.end - self.start >= k.m.config.ceiling:",
        "more is flushed, never less",
    ),
    Fault(
        "mprotect flushes its range beside another gather",
        OPS + "mappings.py",
        "if nested(k, self.mm):\n            return self.call(k, Shootdown, Mprotect.hook",
        "if False:\n            return self.call(k, Shootdown, Mprotect.hook",
    ),
    Fault(
        "MADV_FREE flushes its range beside another gather",
        OPS + "madvise.py",
        "if nested(k, self.mm):\n            return self.call(k, Shootdown, Madvise.end_gather",
        "if False:\n            return self.call(k, Shootdown, Madvise.end_gather",
    ),
    Fault(
        "mremap does not flush the old range",
        OPS + "madvise.py",
        "        if not self.changed:\n            return then\n",
        "        return then\n",
    ),
    Fault(
        "the handler acknowledges for its neighbour, too",
        OPS + "flush.py",
        "waiting &= ~(1 << k.cpu)",
        "waiting &= ~(3 << k.cpu)",
    ),
    # pages and slots
    Fault(
        "munmap leaves a page in the swap cache",
        OPS + "mappings.py",
        "                folio.free_swap_cache(page)\n",
        "",
    ),
    Fault(
        "a fault does not look at the file's size again",
        OPS + "fault.py",
        "        if page.frame or cut:",
        "        if page.frame:",
    ),
    # LUF's books
    Fault(
        "pages with a debt are offered one page later",
        "policy/luf_ledger.py",
        "return zone.free - self.zones(m)[zone.index].pages > m.config.watermark_min",
        "return zone.free - self.zones(m)[zone.index].pages >= m.config.watermark_min",
    ),
    Fault(
        "request number 0 is given out",
        "policy/luf_ledger.py",
        "counters.ugen = (counters.ugen + 1) % self.ugens(m) or 1",
        "counters.ugen = (counters.ugen + 1) % self.ugens(m)",
    ),
    Fault(
        "a section waits for the generation before the last",
        "policy/luf_ledger.py",
        "state.awaited = previous if self._low(m, previous) else previous - 1",
        "state.awaited = previous - 1",
    ),
    Fault(
        "a paid section leaves the task's other batches alone",
        "policy/luf_ledger.py",
        "for batches in (self.ubc(m), self.ro(m), self.luf(m)):\n"
        "            if batches[place(task)].required:",
        "for batches in (self.ubc(m),):\n            if batches[place(task)].required:",
        "they are flushed once more than they need to be",
    ),
    Fault(
        "write-out looks at the ordinary batch alone",
        "policy/luf.py",
        "batches = (self.ubc(m)[place(task)], self.ro(m)[place(task)], self.luf(m)[place(task)])",
        "batches = (self.ubc(m)[place(task)], self.ro(m)[place(task)])",
    ),
    Fault(
        "a key keeps CPUs that an ordinary flush is for",
        "policy/luf.py",
        "            notes.drop(ordinary.mask)\n",
        "",
        "they are flushed once more than they need to be",
    ),
    Fault(
        "a key that is used again forgets whom it named",
        "policy/luf.py",
        "entry.mask = self.diet(m, entry.mask, entry.ugen) | notes.mask",
        "entry.mask = notes.mask",
    ),
    # the oracle
    Fault(
        "the oracle lets a CPU go back",
        "oracle/promises.py",
        "            one.seen |= 1 << cpu\n\n    def _settle",
        "            pass\n\n    def _settle",
    ),
    Fault(
        "the oracle closes no window",
        "oracle/promises.py",
        "        if not window.open:\n            return\n",
        "        return\n",
    ),
    Fault(
        "the oracle takes zeros for anything",
        "oracle/promises.py",
        "return content == ZEROS\n",
        "return True\n",
    ),
)


def probe(who: str) -> str:
    """Ask one of those who may notice, in a tree as it stands; what it says first, or nothing."""
    return next(PROBES[who](), "")


def clients() -> Iterator[str]:
    """Violations that the clients have which are not known of them, policy by policy."""
    known = read().get("clients", {})
    for policy in POLICIES:
        for name, program in CLIENTS.items():
            if known.get(name, {}).get(policy, {}).get("verdict", SAFE) == "unsafe":
                continue
            start = at_race(program, make_policy(policy), 0)
            assert start
            result = Search(start.transitions, limits=Limits(states=STATES)).run()
            for one in result.broken:
                yield f"{name} under {policy}: {one.obligation} in {len(one.turns)} turns"


def scenarios() -> Iterator[str]:
    """Expectations of shipped scenarios that no longer hold."""
    for path in sorted((Path.cwd() / "scenarios").rglob("*.luf")):
        timeline = record(load(str(path)))
        if timeline.refusals or not all(one.held for one in timeline.outcomes):
            yield path.stem


def programs() -> Iterator[str]:
    """Violations in random programs."""
    for policy in POLICIES:
        for seed in range(PROGRAMS):
            director = Director(random_program(seed), make_policy(policy))
            moves = judged_moves(director.machine, director.play_on())
            for number, (_, findings) in enumerate(moves):
                for one in findings:
                    if one.weight == VIOLATION:
                        yield f"seed {seed} under {policy}: {one.obligation or one.rule}"
                if number > MOVES:
                    yield f"seed {seed} under {policy} does not end"
                    break


def unit_tests() -> Iterator[str]:
    """The first test that fails."""
    words = ("-m", "pytest", "-x", "-q", "-n", "0", "-p", "no:cacheprovider", *UNIT_TESTS)
    told = subprocess.run((sys.executable, *words), capture_output=True, text=True, check=False)
    yield from (line for line in told.stdout.splitlines() if line.startswith(("FAILED", "ERROR")))


PROBES: dict[str, Callable[[], Iterator[str]]] = {
    "scenarios": scenarios,
    "random": programs,
    "clients": clients,
    "tests": unit_tests,
}


def noticed(fault: Fault, tree: Path) -> dict[str, str]:
    """Who notices a fault in a tree, and by what."""
    place = tree / fault.file
    whole = place.read_text(encoding="utf-8")
    assert fault.right in whole, fault.name
    place.write_text(whole.replace(fault.right, fault.wrong, 1), encoding="utf-8")
    found = {}
    for who in PROBES:
        told = subprocess.run(
            (sys.executable, "-m", "tests.faults", "--probe", who),
            cwd=tree,
            env={**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        said = told.stderr.strip().splitlines()
        found[who] = told.stdout.strip() or (said[-1] if told.returncode and said else "")
    place.write_text(whole, encoding="utf-8")
    return found


def main(argv: Sequence[str] | None = None) -> None:
    """Apply the faults, two at a time, and write down who noticed."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument(
        "--probe", metavar="WHO", choices=PROBES, help="ask in this tree: " + ", ".join(PROBES)
    )
    parser.add_argument("only", nargs="*", help="words in the names of the faults to try")
    args = parser.parse_args(argv)
    if args.probe:
        print(probe(args.probe))
        return
    wanted = [one for one in FAULTS if not args.only or any(word in one.name for word in args.only)]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(2) as pool:

        def one_of(numbered: tuple[int, Fault]) -> dict[str, str]:
            number, fault = numbered
            tree = Path(folder) / str(number)
            shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".*", "__pycache__"))
            found = noticed(fault, tree)
            shutil.rmtree(tree)
            print(f"{fault.name}: {found}", flush=True)
            return {"fault": fault.name, "file": fault.path, **found}

        table = list(pool.map(one_of, enumerate(wanted)))
    if not args.only:
        DATA.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
