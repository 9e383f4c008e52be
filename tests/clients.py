"""What the tests of the shipped clients share; run by hand, what is found in them.

`python -m tests.clients` searches every client under `eager`, `batched` and `luf`, and writes what
it finds to `tests/data/clients.json`, and the smallest script of each finding beside it.
`python -m tests.clients guards` adds which missing guards a client alone finds, and `posted` what
LUF v10, v11 and v12 break in them, as we read their text. Then `python -m tests.readme` puts the
tables into the README.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

from luf_tui.errors import LufError
from luf_tui.policy.guard import V10, V11, V12, Version
from luf_tui.policy.guards import GUARDS
from luf_tui.policy.registry import make_policy
from luf_tui.script.parse import load
from luf_tui.search.exploration import Exploration, Report
from luf_tui.search.result import BOUNDED, SAFE, UNSAFE, Limits
from luf_tui.search.shrink import shrunk
from tests.conftest import ROOT

FOLDER = ROOT / "scenarios" / "clients"
CLIENTS = {path.stem: load(str(path)) for path in sorted(FOLDER.glob("*.luf"))}
NAMES = tuple(CLIENTS)
POLICIES = ("eager", "batched", "luf")
FINDINGS = ROOT / "tests" / "data" / "clients"
"""The smallest scripts of what is found under them."""
DATA = ROOT / "tests" / "data" / "clients.json"
LIMITS = Limits(states=1_000_000, seconds=60)
POSTED = Limits(states=50_000)
"""As far as the postings are searched, and what they lack is put right."""
VERSIONS: tuple[Version, ...] = (V10, V11, V12)
PROGRAMS = 200
"""Random programs that each missing guard is tried with."""

QUICK = ("compaction", "fork", "offline-cpu", "paged-out")
"""Clients that are searched to their end in a second."""
GUARDED = {
    "flush-before-report": ("reporting", "O2"),
    "flush-before-reuse": ("tiers", "O2"),
    "refuse-init-on-free": ("init-on-free", "O1"),
    "flush-on-fork": ("fork", "O13"),
    "flush-soft-dirty": ("soft-dirty", "O13"),
    "skip-offline": ("offline-cpu", "O38"),
    "flush-dirty-before-io": ("swap", "O5"),
}
"""Guards, each with a client without it that is broken at once, and the obligation."""

Found: TypeAlias = "dict[str, Any]"
"""What a search came to, as the data file has it."""


def read() -> Found:
    """The data file."""
    found: Found = json.loads(DATA.read_text()) if DATA.exists() else {}
    return found


def write(found: Found) -> None:
    """The data file anew."""
    DATA.write_text(json.dumps(found, indent=1) + "\n")


def searched(name: str, policy: str, *without: str, limits: Limits = LIMITS) -> Report:
    """A client under a policy, perhaps without a guard."""
    return Exploration(CLIENTS[name], make_policy(policy, without), limits=limits).run()


def told(report: Report) -> Found:
    """What of a report the tables have."""
    return {
        "verdict": report.verdict,
        "states": report.states,
        "seconds": round(report.seconds, 1),
        "obligation": report.obligation,
        "message": report.message,
        "turns": len(report.schedule),
        "vacuous": report.vacuous,
        "asked": list(report.happened.asked),
    }


def one_client(name: str, policy: str) -> Found:
    """What is found in a client under a policy; a finding's smallest script is written."""
    target = FINDINGS / f"{name}-{policy}.luf"
    target.unlink(missing_ok=True)
    try:
        report = searched(name, policy)
    except LufError as error:
        return {"verdict": "error", "message": str(error), "asked": []}
    if report.verdict == UNSAFE:
        smaller = shrunk(CLIENTS[name], make_policy(policy, ()), report)
        FINDINGS.mkdir(exist_ok=True)
        target.write_text(smaller.scenario)
    return told(report)


def all_clients(names: Sequence[str]) -> None:
    """The clients under each policy."""
    found = read()
    for name in names:
        for policy in POLICIES:
            one = one_client(name, policy)
            found.setdefault("clients", {}).setdefault(name, {})[policy] = one
            say(f"{name} {policy}: {one['verdict']} {one.get('states', '')} {one['message']}")
            found["date"] = datetime.now(UTC).date().isoformat()
            write(found)


def shown_by(guard: str, found: Found) -> Found | None:
    """The client that is broken without a guard and is not with it: the one that showed it the last
    time, else that with the fewest states.
    """
    whole = {name: found["clients"][name]["luf"] for name in NAMES}
    usable = [name for name in NAMES if whole[name]["verdict"] in (SAFE, BOUNDED)]
    asking = [name for name in usable if guard in whole[name].get("asked", [guard])]
    before = (found.get("guards", {}).get(guard, {}).get("client") or {}).get("client")
    for name in sorted(asking, key=lambda name: (name != before, whole[name]["states"])):
        report = searched(name, "luf", guard, limits=Limits(states=500_000, seconds=60))
        if report.verdict == UNSAFE and not report.before:
            return {
                "client": name,
                "obligation": report.obligation,
                "turns": len(report.schedule),
                "states": report.states,
                "ended": whole[name]["verdict"] == SAFE,
            }
    return None


def by_others() -> Found:
    """What `luf-tui matrix` tells of the other scenarios, of races and of random programs."""
    folders = [path for path in sorted(FOLDER.parent.iterdir()) if path.is_dir()]
    names = [str(path) for path in folders if path.name not in (FOLDER.name, "traces")]
    words = ["matrix", *names, "--search", "--random", str(PROGRAMS), "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "luf_tui", *words], stdout=subprocess.PIPE, text=True, check=False
    )
    told: Found = json.loads(done.stdout)["guards"]
    return told


def all_guards(guards: Sequence[str]) -> None:
    """Each guard against the clients that ask for it, and against everything else."""
    others = by_others()
    found = read()
    for guard in guards:
        other = others[guard]
        found.setdefault("guards", {})[guard] = {
            "scenario": (other["killed_by"] or [None])[0],
            "race": other["search"]["race"],
            "client": shown_by(guard, found),
            "seed": other["random"]["seed"],
        }
        say(f"{guard}: {found['guards'][guard]['client']}")
        write(found)


def put_right_by(name: str, version: Version, asked: Sequence[str]) -> list[str]:
    """The guards of which any one makes a client safe again that a posting breaks."""
    lacks = [guard for guard in GUARDS.values() if guard.lacked_by(version)]
    found = []
    for guard in (one for one in lacks if one.name in asked):
        others = [one.name for one in lacks if one is not guard]
        if searched(name, "luf", *others, limits=POSTED).verdict != UNSAFE:
            found.append(guard.name)
    return found


def all_posted(versions: Sequence[str]) -> None:
    """What each posting breaks in each client, and which guard would put it right."""
    for version in (one for one in VERSIONS if one in versions):
        found: Found = {}
        for name in NAMES:
            report = searched(name, f"luf-{version}", limits=POSTED)
            if report.verdict == UNSAFE and not report.before:
                right = put_right_by(name, version, report.happened.asked)
                kept = ("obligation", "message", "turns")
                found[name] = {key: told(report)[key] for key in kept} | {"guards": right}
                say(f"{version} {name}: {report.obligation} {right}")
        whole = read()
        whole.setdefault("posted", {})[version] = found
        write(whole)


def say(line: str) -> None:
    """A line of progress."""
    sys.stderr.write(f"{line}\n")


def main() -> None:
    """Search what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    what = ("clients", "guards", "posted")
    parser.add_argument("what", nargs="?", default="clients", choices=what)
    parser.add_argument("names", nargs="*", help="only these clients, guards or postings")
    args = parser.parse_args()
    if args.what == "clients":
        all_clients(args.names or NAMES)
    elif args.what == "posted":
        all_posted(args.names or VERSIONS)
    else:
        all_guards(args.names or tuple(GUARDS))


if __name__ == "__main__":
    main()
