"""`luf-tui guards`: the checks a policy performs, and what each of them is for."""

from __future__ import annotations

import argparse

from luf_tui.commands import terminal
from luf_tui.errors import LufError
from luf_tui.policy.guard import Guard
from luf_tui.policy.guards import GUARDS, not_declared
from luf_tui.word_facts import lacks, of_guard, policies


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("name", nargs="?", metavar="GUARD", help="everything about this one")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print one line a guard: its name, the obligation it upholds, the mutants that its
    removal is, and what it checks; or all that is known of one guard.
    """
    if args.name is not None and args.name not in GUARDS:
        raise LufError(not_declared(args.name))
    shown = [GUARDS[args.name]] if args.name else list(GUARDS.values())
    if args.json:
        terminal.put_json({"guards": {guard.name: as_json(guard) for guard in shown}})
        return terminal.HELD
    for line in terminal.table(
        of_guard(shown[0]) if args.name else [row(guard) for guard in shown]
    ):
        terminal.put(line)
    if not args.name:
        terminal.say("O: obligations, B: kernel rules, M: mutants; `luf-tui explain O2` tells more")
    terminal.say(f"Take one away with --without {args.name or 'GUARD'}")
    return terminal.HELD


def row(guard: Guard) -> tuple[str, ...]:
    """A guard's line in the table of all."""
    return (guard.name, guard.obligation, guard.mutant, guard.checks)


def as_json(guard: Guard) -> dict[str, object]:
    """A guard as the JSON has it."""
    return {
        "level": guard.level,
        "checks": guard.checks,
        "obligation": guard.obligation,
        "v10": guard.v10,
        "v12": guard.v12,
        "mutants": [guard.mutant] if guard.mutant else [],
        "policies": list(policies(guard)),
        "lacks": list(lacks(guard)),
    }
