"""`luf-tui show`: the text of a scenario or of a recording."""

from __future__ import annotations

import argparse

from luf_tui.commands import terminal
from luf_tui.errors import LufError
from luf_tui.runs.opening import is_recording, whole
from luf_tui.script.syntax import read_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("file", metavar="FILE", help="a scenario or a recording: a file, or a name")


def run(args: argparse.Namespace) -> int:
    """Print its lines, and say where it is."""
    path = whole(args.file, "the whole text is printed", terminal.say)
    if path.is_dir():
        raise LufError(f"{args.file} is a folder; `luf-tui list {args.file}` names what is in it")
    terminal.say(str(path))
    if is_recording(path):
        _print_recording(str(path))
    else:
        for line in read_text(str(path)).splitlines():
            terminal.put(line)
    return terminal.HELD


def _print_recording(path: str) -> None:
    from luf_tui.ftrace.reading.source import Source  # noqa: PLC0415

    for piece in Source(path).pieces():
        for line in piece.splitlines():
            terminal.put(line)
