"""`luf-tui record`: the shell commands that record a trace on a stock kernel."""

from __future__ import annotations

import argparse

from luf_tui.commands import terminal
from luf_tui.ftrace.recipe import VARIANTS, recipe


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "--pid", type=int, help="page faults of this process only, and of what it starts"
    )
    parser.add_argument(
        "--cgroup", metavar="DIR", help="page faults of this cgroup only, and of what it starts"
    )
    parser.add_argument("--variant", default=VARIANTS[0], metavar="V", help=" or ".join(VARIANTS))


def run(args: argparse.Namespace) -> int:
    """Print the commands. Nothing is run and nothing is recorded here."""
    terminal.write(recipe(args.pid, args.cgroup, args.variant))
    terminal.say("Read it, then as root: luf-tui record > record.sh; sudo sh record.sh [COMMAND…]")
    return terminal.HELD
