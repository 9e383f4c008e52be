"""`luf-tui guards`: the checks a policy performs, and what each of them is for."""

from __future__ import annotations

import argparse

from luf_tui.commands import terminal
from luf_tui.policy.guards import GUARDS
from luf_tui.policy.mutants import mutants_of
from luf_tui.policy.registry import POLICIES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print one line a guard: its name, the obligation it upholds, the mutants of section 7.2 that
    its removal is, and what it checks.
    """
    if args.json:
        terminal.put_json(
            {
                "guards": {
                    name: {
                        "checks": guard.checks,
                        "obligation": guard.obligation,
                        "v10": guard.v10,
                        "v12": guard.v12,
                        "mutants": list(mutants_of(name)),
                        "policies": [
                            kind.NAME for kind in POLICIES.values() if name in kind.GUARDS
                        ],
                    }
                    for name, guard in GUARDS.items()
                }
            }
        )
        return terminal.HELD
    rows = [
        (name, guard.obligation, " ".join(mutants_of(name)), guard.checks)
        for name, guard in GUARDS.items()
    ]
    for line in terminal.table(rows):
        terminal.put(line)
    terminal.say("O: obligations, M: mutants of the mechanism reference (4.1 and 7.2)")
    terminal.say("Take one away with --without GUARD")
    return terminal.HELD
