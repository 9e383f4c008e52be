"""`luf-tui policies`: who owes which flush, and when it is paid."""

from __future__ import annotations

import argparse

from luf_tui.commands import terminal
from luf_tui.policy.registry import POLICIES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print one line a policy: its name and what it means."""
    if args.json:
        terminal.put_json({"policies": {name: kind.SUMMARY for name, kind in POLICIES.items()}})
        return terminal.HELD
    for line in terminal.table([(name, kind.SUMMARY) for name, kind in POLICIES.items()]):
        terminal.put(line)
    terminal.say("A policy of your own: --policy path/to/mine.py:Mine (its code is run)")
    return terminal.HELD
