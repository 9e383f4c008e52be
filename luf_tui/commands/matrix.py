"""`luf-tui matrix`: every guard removed in turn, and which scenario catches it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from attrs import evolve, frozen

from luf_tui.commands import terminal
from luf_tui.commands.check import scenarios
from luf_tui.policy.guards import GUARDS
from luf_tui.policy.registry import POLICIES
from luf_tui.script.parse import load
from luf_tui.script.program import Program
from luf_tui.timeline.record import record
from luf_tui.timeline.report import findings

WHOLE = "luf"
"""The policy that has every guard."""
SHOWN = 3
"""Scenarios named in a line; the JSON has them all."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="scenario files and folders; else the shipped ones"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


@frozen
class Case:
    """A scenario to run under every mutant, with no guard of its own taken away."""

    name: str
    program: Program


def run(args: argparse.Namespace) -> int:
    """Fill the matrix and print it. Exit code 1 when a whole policy breaks an obligation."""
    cases = [Case(name, whole(load(str(path)))) for path, name in scenarios(args.paths)]
    terminal.say(f"{len(GUARDS)} guards and {len(POLICIES)} policies on {len(cases)} scenarios")
    policies = {name: broken(cases, name) for name in POLICIES}
    quiet = [case for case in cases if case.name not in _scenarios(policies[WHOLE])]
    guards = {}
    interrupted = False
    try:
        for name in GUARDS:
            guards[name] = _scenarios(broken(quiet, WHOLE, name))
    except KeyboardInterrupt:
        interrupted = True
        terminal.say(f"interrupted: {len(guards)} of {len(GUARDS)} guards tried")
    if args.json:
        terminal.put_json(as_json(guards, policies))
    else:
        for line in table(guards, policies):
            terminal.put(line)
    if interrupted:
        return terminal.INTERRUPTED
    return terminal.FAILED if policies[WHOLE] else terminal.HELD


def whole(program: Program) -> Program:
    """The program with nothing taken from its policy: the mutant alone is to blame."""
    return evolve(program, without=())


def broken(cases: Sequence[Case], policy: str, *without: str) -> list[dict[str, object]]:
    """The violations of a policy on all scenarios, one object each, naming the scenario."""
    found: list[dict[str, object]] = []
    for case in cases:
        played = record(case.program, policy, without)
        if played.incomplete.startswith("interrupted"):
            raise KeyboardInterrupt
        found += [{"scenario": case.name, **one} for one in findings(played, "violation")]
    return found


def as_json(
    guards: dict[str, list[str]], policies: dict[str, list[dict[str, object]]]
) -> dict[str, object]:
    """The object that `matrix --json` prints."""
    return {
        "guards": {
            name: {"obligations": GUARDS[name].obligation.split(", "), "killed_by": killers}
            for name, killers in guards.items()
        },
        "policies": {name: {"violations": found} for name, found in policies.items()},
    }


def table(guards: dict[str, list[str]], policies: dict[str, list[dict[str, object]]]) -> list[str]:
    """The matrix as lines: what catches each missing guard, and what each policy breaks."""
    rows = [("without", "upholds", "caught by")]
    for name, killers in guards.items():
        rows.append((name, GUARDS[name].obligation, _some(killers) or "nothing here"))
    caught = sum(bool(killers) for killers in guards.values())
    lines = terminal.table(rows)
    lines += ["", f"{caught} of {len(guards)} missing guards are caught", ""]
    lines += terminal.table(
        [
            (name, f"{len(found)} violations", _some(_scenarios(found)))
            for name, found in policies.items()
        ]
    )
    return lines


def _scenarios(found: Sequence[dict[str, object]]) -> list[str]:
    return list(dict.fromkeys(str(one["scenario"]) for one in found))


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
