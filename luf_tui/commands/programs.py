"""From words on the command line to a program and to a recorded run."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from luf_tui import library
from luf_tui.errors import LufError
from luf_tui.policy import own
from luf_tui.script.parse import load
from luf_tui.script.program import Program
from luf_tui.timeline.recorder import record
from luf_tui.timeline.timeline import Timeline

END = "end"
"""The step that is the last one, whatever its number."""
LAST = sys.maxsize


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
    name = own.known(policy) if policy else None
    return record(opened(word), name, without)


def place(word: str) -> tuple[Path, int | None]:
    """What `FILE[@STEP]` names: the file, and the step to stand at (None when none is said).

    `@end` is the last step. Raises LufError when there is no such file.
    """
    if not Path(word).exists():
        name, at, step = word.rpartition("@")
        if at and (step == END or step.isdecimal()):
            return library.locate(name), LAST if step == END else int(step)
        if at and library.exists(name):
            raise LufError(f"{word}: '{step}' is no step; say a number, or `{END}`")
    return library.locate(word), None


def size(word: str) -> tuple[int, int]:
    """A screen's width and height from `160x50`. Raises what argparse turns into a message."""
    width, _, height = word.partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise argparse.ArgumentTypeError(f"'{word}' is no size; say 160x50")
    if not (1 <= int(width) <= 1000 and 1 <= int(height) <= 1000):
        raise argparse.ArgumentTypeError(f"'{word}' is beyond 1000x1000")
    return int(width), int(height)
