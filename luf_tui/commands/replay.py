"""`luf-tui replay`: what a recorded kernel would have flushed under other policies."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Callable

from luf_tui.commands import replay_files, terminal
from luf_tui.commands.programs import count
from luf_tui.ftrace.replay.flush_bill import PRICES
from luf_tui.ftrace.replay.plots import Drawn
from luf_tui.ftrace.replay.report import lines
from luf_tui.ftrace.trace import Trace
from luf_tui.machine.config import Costs
from luf_tui.runs.replayed import COMPARED, Replayed, replay
from luf_tui.timeline.tell.words import in_words

DEFAULT = ",".join(COMPARED)
LONGEST = 1_000_000_000
SOON = 2.0
"""Seconds before which nothing is said of what is left."""
COSTS = {
    "ipi": "what a shootdown's sender waits at least, to its handler",
    "ipi_per_target": "what it waits longer for each CPU",
    "handler": "what an interrupted CPU takes to enter its handler, answer and go on",
    "invlpg": "what dropping one page takes (INVLPG)",
    "full_flush": "what dropping everything takes",
}
"""Prices of a shootdown and what they are, as PRICES has them."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("trace", metavar="TRACE", help="a recorded trace; - is standard input")
    parser.add_argument(
        "--policies", default=DEFAULT, metavar="A,B,…", help=f"whom to ask (default {DEFAULT})"
    )
    parser.add_argument(
        "--lazy-drops",
        action="store_true",
        help="count what v12 pays when a kernel thread hands a borrowed address space back",
    )
    parser.add_argument(
        "--jobs",
        type=count,
        metavar="N",
        help="replay up to N policies at once, in processes; what is found does not depend on it",
    )
    costs = parser.add_argument_group("the cost model, in nanoseconds")
    for name, help_text in COSTS.items():
        standard = getattr(Costs(), name)
        costs.add_argument(
            f"--cost-{name.replace('_', '-')}",
            type=nanoseconds,
            metavar="NS",
            help=f"{help_text} (default {standard})",
        )
    replay_files.add_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def nanoseconds(text: str) -> int:
    """A time of the cost model. Raises argparse.ArgumentTypeError for what is none."""
    if not (text.isascii() and text.isdigit() and int(text) <= LONGEST):
        raise argparse.ArgumentTypeError(f"{text!r} is no time from 0 to {LONGEST:,} ns")
    return int(text)


def costs_of(args: argparse.Namespace) -> Costs:
    """The cost model with what was said of it."""
    said = {name: getattr(args, f"cost_{name}") for name in PRICES}
    return Costs(**{name: value for name, value in said.items() if value is not None})


def run(args: argparse.Namespace) -> int:
    """Replay the trace once a policy and print what each would have done."""
    files = replay_files.places(args)
    told = ReplayProgress()
    found = replay(
        args.trace,
        args.policies,
        lazy_drops=args.lazy_drops,
        costs=costs_of(args),
        jobs=args.jobs or 1,
        reading=told.reading,
        replaying=told.replaying,
        say=terminal.say,
    )
    told.clear()
    files.write(found.figures)
    if args.json:
        terminal.put_json(found.summary())
    else:
        print_report(found)
    return partial(found.trace)


def print_report(found: Replayed) -> None:
    """The report, as wide as the terminal; plots where their dots can be written."""
    watched = sys.stdout.isatty()
    colours = watched and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    width = shutil.get_terminal_size().columns
    for line in lines(found.figures, width, plots=_dots(), colours=colours):
        terminal.write(f"{line}\n") if isinstance(line, Drawn) else terminal.put(line)


def _dots() -> bool:
    """Whether the dots of a plot can be written at all."""
    try:
        "⣿".encode(sys.stdout.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def partial(trace: Trace) -> int:
    """Say what of the file could not be used; a file that was cut short is bad input."""
    cut = trace.survey.cut
    if cut:
        terminal.say(f"{trace.path}: {cut}; the figures are those of the part before it")
        return terminal.BAD_INPUT
    return terminal.HELD


class ReplayProgress:
    """Progress on stderr, when somebody watches it, with an estimate of what is left of it."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._watched = sys.stderr.isatty()
        self._shown = ""
        self._now = now
        self._since = now()
        self._what = ""

    def reading(self, done: int, size: int) -> None:
        """So many bytes of the file were read."""
        self._show("reading", f" {100 * done // size} %" if size else "", done, size)

    def replaying(self, policies: str, done: int, total: int) -> None:
        """So many facts of all were replayed, under these policies just now."""
        under = f" {100 * done // total} %" + (f", {policies}" if policies else "")
        self._show("replaying", under, done, total)

    def _left(self, what: str, done: int, total: int) -> str:
        """How long this will take from here, once it has taken a while."""
        if what != self._what:
            self._what, self._since = what, self._now()
        spent = self._now() - self._since
        if spent < SOON or not 0 < done < total:
            return ""
        return f", about {in_words(spent * (total - done) / done)} left"

    def clear(self) -> None:
        """Leave an empty line behind."""
        if self._shown:
            self._draw("")
            terminal.draw("\r")

    def _show(self, what: str, how_far: str, done: int, total: int) -> None:
        if self._watched:
            self._draw(what + how_far + self._left(what, done, total))

    def _draw(self, text: str) -> None:
        if text != self._shown:
            terminal.draw("\r" + text.ljust(len(self._shown)))
            self._shown = text
