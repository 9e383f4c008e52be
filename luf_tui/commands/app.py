"""`luf-tui` and `luf-tui FILE[@STEP]`: the app."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from luf_tui.commands import terminal
from luf_tui.commands.programs import add_policy, opened, place
from luf_tui.errors import LufError
from luf_tui.ftrace.reading.source import is_trace
from luf_tui.policy import own
from luf_tui.policy.registry import make_policy
from luf_tui.timeline.recorder import chosen_policy


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "file", nargs="?", metavar="FILE[@STEP]", help="a scenario, and where to stand in its run"
    )
    add_policy(parser)
    parser.add_argument("--theme", default="", metavar="NAME", help="colours; see the help screen")


def run(args: argparse.Namespace) -> int:
    """Open the app on the gallery, or on a scenario that can be read."""
    if args.file is None and (args.policy or args.without):
        raise LufError("--policy and --without need a scenario: luf-tui FILE --policy luf")
    path: Path | None = None
    step: int | None = None
    policy: str | None = None
    if args.file is not None:
        path, step = place(args.file)
        policy = own.known(args.policy) if args.policy else None
        if is_trace(path):
            make_policy(policy or "luf", args.without)
        else:
            chosen_policy(opened(str(path)), policy, args.without)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise LufError("the app needs a terminal; `luf-tui run FILE` does without one")
    # Textual takes a quarter of a second to load: not before there is something to show.
    from luf_tui.ui.app import LufApp  # noqa: PLC0415

    app = LufApp(path, step, policy, args.without, args.theme)
    app.run()
    if app.failure is not None:
        raise app.failure
    return app.return_code or terminal.HELD
