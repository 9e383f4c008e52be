"""`luf-tui list`: the scenarios and recordings there are, by the names that open them."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from luf_tui import library
from luf_tui.commands import terminal
from luf_tui.errors import LufError
from luf_tui.timeline.tell.words import counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "folder", nargs="?", help="a folder, or the name of a shipped one; else all that is shipped"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print one line a scenario and a recording: what it is called, and its title."""
    folder = library.locate(args.folder, folders=True) if args.folder else library.scenarios_dir()
    if not folder.is_dir():
        hint = f"`luf-tui show {args.folder}` prints it"
        raise LufError(f"{args.folder} is a file and no folder; {hint}")
    scenarios, recordings = library.shipped(folder), library.recordings(folder)
    if args.json:
        terminal.put_json({"scenarios": _told(scenarios), "recordings": _told(recordings)})
    else:
        rows = [(one.name, one.title) for one in (*scenarios, *recordings)]
        for line in terminal.table(rows):
            terminal.put(line)
    more = f" and {counted(len(recordings), 'recording')}" if recordings else ""
    terminal.say(f"{counted(len(scenarios), 'scenario')}{more} in {folder}")
    return terminal.HELD


def _told(entries: Iterable[library.Entry]) -> list[dict[str, str]]:
    return [
        {"name": one.name, "path": str(one.path), "title": one.title, "about": one.about}
        for one in entries
    ]
