"""Arguments that several commands share."""

from __future__ import annotations

import argparse
import math

from luf_tui.errors import LufError
from luf_tui.view.state import SMALLEST

MOST_STATES = 20_000
"""States at which the search of one race without one guard stops."""


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


def add_beside(parser: argparse.ArgumentParser) -> None:
    """Declare the policy whose lanes are shown beside those of the run."""
    parser.add_argument(
        "--beside",
        metavar="P",
        help="show the lanes of the same script under policy P too, on one scale",
    )


def needs(args: argparse.Namespace, partner: str, *flags: str) -> None:
    """Raise LufError for flags that mean nothing without another one."""
    for flag in flags:
        if given(args, flag) and not given(args, partner):
            raise LufError(f"{flag} means nothing without {partner}; say both, or leave it out")


def exclude(args: argparse.Namespace, flag: str, *others: str) -> None:
    """Raise LufError for flags that mean nothing beside another one."""
    for other in others:
        if given(args, flag) and given(args, other):
            raise LufError(f"{flag} and {other} do not go together; leave one of the two out")


def given(args: argparse.Namespace, flag: str) -> bool:
    """Whether a flag was said."""
    return getattr(args, flag.lstrip("-").replace("-", "_")) not in (None, False, [], 0)


UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def size_in_bytes(word: str) -> int:
    """Bytes from `500M` or `4G`; a number alone could mean either unit, and is refused.

    Raises what argparse turns into a message.
    """
    unit = word[-1:].upper() if word[-1:].isalpha() else ""
    number = word[: len(word) - len(unit)]
    try:
        count = int(float(number) * UNITS[unit])
    except (ValueError, KeyError, OverflowError):
        count = 0
    if count <= 0:
        raise argparse.ArgumentTypeError(f"'{word}' is no size; say 500M or 4G")
    return count


def size(word: str) -> tuple[int, int]:
    """A screen's width and height from `160x50`. Raises what argparse turns into a message."""
    width, _, height = word.partition("x")
    if not (width.isdecimal() and height.isdecimal()):
        raise argparse.ArgumentTypeError(f"'{word}' is no size; say 160x50")
    if not (1 <= int(width) <= 1000 and 1 <= int(height) <= 1000):
        raise argparse.ArgumentTypeError(f"'{word}' is beyond 1000x1000")
    if int(width) < SMALLEST[0] or int(height) < SMALLEST[1]:
        least = f"{SMALLEST[0]}x{SMALLEST[1]}"
        raise argparse.ArgumentTypeError(f"'{word}' is too small for a screen: {least} at least")
    return int(width), int(height)


def count(word: str) -> int:
    """A number above 0. Raises what argparse turns into a message."""
    if not word.isdecimal() or not int(word):
        raise argparse.ArgumentTypeError(f"'{word}' is no number above 0")
    return int(word)


def seconds(word: str) -> float:
    """A time in seconds, 0 for as long as it takes. Raises what argparse turns into a message."""
    try:
        told = float(word)
    except ValueError:
        told = math.nan
    if not 0 <= told < math.inf:
        raise argparse.ArgumentTypeError(f"'{word}' is no number of seconds")
    return told
