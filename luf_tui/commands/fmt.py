"""`luf-tui fmt`: format scenarios in place."""

from __future__ import annotations

import argparse
from pathlib import Path

from luf_tui import library
from luf_tui.commands import terminal
from luf_tui.commands.check import nothing_in
from luf_tui.commands.writing import save
from luf_tui.errors import LufError
from luf_tui.runs.opening import scenario
from luf_tui.script.format import format_text
from luf_tui.script.syntax import decoded, read_text

STDIN = "-"
DONE = "the whole file is formatted"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="scenario files, and folders of them; - is stdin to stdout",
    )
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit 1 if a file would change"
    )


def run(args: argparse.Namespace) -> int:
    """Format every file; one that cannot be read is told and left as it is."""
    code = terminal.HELD
    changed = 0
    for word in args.files:
        try:
            files = _files(word)
        except LufError as error:
            terminal.say(f"luf-tui: {error}")
            code = terminal.BAD_INPUT
            continue
        for path in files:
            try:
                changed += _formatted(path, check=args.check)
            except LufError as error:
                terminal.say(str(error))
                code = terminal.BAD_INPUT
    if changed and args.check:
        code = max(code, terminal.FAILED)
    return code


def _files(word: str) -> list[Path | None]:
    """What is to be formatted: a file, all of a folder, or standard input, which is None."""
    if word == STDIN:
        return [None]
    path = scenario(word, "has no format of its own; `luf-tui run {}` plays it", DONE, terminal.say)
    if not path.is_dir():
        return [path]
    unread: list[OSError] = []
    found = library.scenario_files(path, unread.append)
    if not found:
        raise LufError(nothing_in(word, unread))
    return list(found)


def _formatted(path: Path | None, *, check: bool) -> bool:
    """Format one file. Whether that changes it."""
    if path is None:
        text = decoded("standard input", terminal.given())
        new = format_text(text, "standard input")
        if not check:
            terminal.write(new)
        return new != text
    old = read_text(str(path))
    new = format_text(old, str(path))
    if new == old:
        return False
    if not check:
        save(path, new)
    terminal.put(f"{'would change' if check else 'formatted'}  {path}")
    return True
