"""From words on the command line to a program and to a recorded run."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from luf_tui import library
from luf_tui.commands import own_policy
from luf_tui.script.parse import load
from luf_tui.script.program import Program
from luf_tui.timeline.record import record
from luf_tui.timeline.timeline import Timeline


def add_scenario(parser: argparse.ArgumentParser) -> None:
    """Declare the scenario argument."""
    parser.add_argument(
        "file", metavar="FILE", help="a scenario file, or the name of a shipped scenario"
    )


def add_policy(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments that override a scenario's policy."""
    parser.add_argument(
        "--policy",
        metavar="P",
        help="instead of the scenario's own: a name, or path/to/mine.py:Mine",
    )
    parser.add_argument(
        "--without",
        metavar="GUARD",
        action="append",
        default=[],
        help="take a guard away from the policy; may be given again",
    )


def opened(word: str) -> Program:
    """The program of a scenario file or of a shipped scenario.

    Raises InputError with every problem of the file, LufError when there is no such thing.
    """
    return load(str(library.locate(word)))


def recorded(word: str, policy: str | None, without: Sequence[str]) -> Timeline:
    """A scenario played to its end. Raises what `opened` and `record` raise."""
    name = own_policy.known(policy) if policy else None
    return record(opened(word), name, without)
