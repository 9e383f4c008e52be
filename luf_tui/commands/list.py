"""`luf-tui list`: the shipped scenarios."""

from __future__ import annotations

import argparse
from pathlib import Path

from luf_tui import library
from luf_tui.commands import terminal
from luf_tui.errors import LufError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("folder", nargs="?", type=Path, help="a folder instead of the shipped ones")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print one line a scenario: name, title and what to look at."""
    if args.folder is not None and not args.folder.is_dir():
        raise LufError(f"{args.folder}: not a folder")
    entries = library.shipped(args.folder)
    if args.json:
        terminal.put_json(
            {
                "scenarios": [
                    {
                        "name": one.name,
                        "path": str(one.path),
                        "title": one.title,
                        "about": one.about,
                    }
                    for one in entries
                ]
            }
        )
    else:
        rows = [(one.name, one.title) for one in entries]
        for line in terminal.table(rows):
            terminal.put(line)
    terminal.say(f"{len(entries)} scenarios in {args.folder or library.scenarios_dir()}")
    return terminal.HELD
