"""`luf-tui replay`: what a recorded kernel would have flushed under other policies."""

from __future__ import annotations

import argparse
import sys

from luf_tui.commands import terminal
from luf_tui.errors import LufError
from luf_tui.ftrace.replay.layout import lay_out
from luf_tui.ftrace.replay.outcome import PolicyOutcome, play
from luf_tui.ftrace.replay.report import as_json, lines
from luf_tui.ftrace.trace import Trace, read_trace
from luf_tui.policy import own
from luf_tui.policy.registry import make_policy

DEFAULT = "eager,batched,luf"


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
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Replay the trace once a policy and print what each would have done."""
    names = [name.strip() for name in args.policies.split(",") if name.strip()]
    if not names:
        raise LufError("name at least one policy: --policies eager,luf")
    policies = [make_policy(own.known(name)) for name in dict.fromkeys(names)]
    told = ReplayProgress()
    trace = read_trace(args.trace, told.reading)
    layout = lay_out(trace)
    outcomes: list[PolicyOutcome] = []
    for policy in policies:
        told.name = policy.name
        outcomes.append(play(trace, layout, policy, told.replaying, lazy_drops=args.lazy_drops))
    told.clear()
    if args.json:
        terminal.put_json(as_json(trace, outcomes))
    else:
        for line in lines(trace, outcomes):
            terminal.put(line)
    return partial(trace)


def partial(trace: Trace) -> int:
    """Say what of the file could not be used; a file that was cut short is bad input."""
    cut = trace.survey.cut
    if cut:
        terminal.say(f"{trace.path}: {cut}; the figures are those of the part before it")
        return terminal.BAD_INPUT
    return terminal.HELD


class ReplayProgress:
    """Progress on stderr, when somebody watches it."""

    def __init__(self) -> None:
        self.name = ""
        self._watched = sys.stderr.isatty()
        self._shown = ""

    def reading(self, done: int, size: int) -> None:
        """So many bytes of the file were read."""
        self._show(f"reading {100 * done // size} %" if size else "reading")

    def replaying(self, done: int, total: int) -> None:
        """So many facts were replayed."""
        self._show(f"replaying under {self.name} {100 * done // total} %")

    def clear(self) -> None:
        """Leave an empty line behind."""
        if self._shown:
            self._show("")
            sys.stderr.write("\r")

    def _show(self, text: str) -> None:
        if self._watched and text != self._shown:
            sys.stderr.write("\r" + text.ljust(len(self._shown)))
            sys.stderr.flush()
            self._shown = text
