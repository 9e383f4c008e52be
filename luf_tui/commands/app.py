"""`luf-tui` and `luf-tui FILE[@PLACE]`: the app."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from luf_tui import library
from luf_tui.commands import terminal
from luf_tui.commands.programs import add_policy
from luf_tui.errors import LufError
from luf_tui.runs.opening import AT, checked, is_recording, place
from luf_tui.timeline.navigate.spots import Spot

DRIVER = "TEXTUAL_DRIVER"
"""Environment variable of Textual: what draws the app instead of a terminal, a web page say."""
NO_COLOR = "NO_COLOR"
TELETYPES = ("dumb", "unknown")
"""Values of TERM for what only prints line after line (terminfo)."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "file",
        nargs="?",
        metavar="FILE[@PLACE]",
        help="a scenario or a recording, and where to stand",
    )
    add_policy(parser)
    parser.add_argument("--theme", default="", metavar="NAME", help="colours; see the help screen")


def run(args: argparse.Namespace) -> int:
    """Open the app on the gallery, or on a scenario that can be read."""
    if args.file is None and (args.policy or args.without):
        raise LufError("--policy and --without need a scenario: luf-tui FILE --policy luf")
    path: Path | None = None
    spot: Spot | None = None
    policy: str | None = None
    if args.file is not None:
        where = place(args.file)
        path, spot = where.path, where.spot
        policy = checked(path, args.policy, args.without)
    _check_terminal(_instead(args, path))
    # Textual takes a quarter of a second to load: not before there is something to show.
    from luf_tui.ui import config_file  # noqa: PLC0415
    from luf_tui.ui.app import LufApp  # noqa: PLC0415

    with _coloured(asked=bool(args.theme)):
        app = LufApp(path, spot, policy, args.without, args.theme, config_file.load())
    app.run()
    if app.failure is not None:
        raise app.failure
    return app.return_code or terminal.HELD


@contextmanager
def _coloured(*, asked: bool) -> Iterator[None]:
    """NO_COLOR is not seen meanwhile where colours are asked for: what is said for one time goes
    before what is said for all (no-color.org).
    """
    said = os.environ.pop(NO_COLOR, None) if asked else None
    try:
        yield
    finally:
        if said is not None:
            os.environ[NO_COLOR] = said


def _instead(args: argparse.Namespace, path: Path | None) -> str:
    """What says the same without a screen."""
    if path is not None and is_recording(path):
        word = args.file if library.exists(args.file) else args.file.rpartition(AT)[0]
        return f"`luf-tui replay {shlex.quote(word)}` says what it holds"
    policy = ["--policy", args.policy] if args.policy else []
    without = [word for guard in args.without for word in ("--without", guard)]
    words = shlex.join([args.file, *policy, *without]) if args.file else "FILE"
    return f"`luf-tui run {words} --plain` prints the screen as lines"


def _check_terminal(instead: str) -> None:
    """Raises LufError, with what does instead, where the app cannot draw."""
    if os.environ.get(DRIVER):
        return
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        raise LufError(f"the app needs a terminal for stdin, stdout and stderr; {instead}")
    kind = os.environ.get("TERM", "")
    if kind in TELETYPES:
        raise LufError(f"a terminal with TERM={kind} cannot be drawn on; {instead}")
