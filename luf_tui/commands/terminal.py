"""Words to and from the terminal: data on stdout, narration on stderr, nothing raw."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TextIO

from luf_tui.json_object import versioned

HELD, FAILED, BAD_INPUT = 0, 1, 2
"""Exit codes: everything held; an expectation or obligation failed; bad input or usage."""
INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 and the number of SIGINT, as shells have it."""
NO_READER = 141
"""Exit code when whoever read our output has gone: 128 and the number of SIGPIPE."""


def printable(text: str) -> str:
    """The text with everything a terminal might obey, or that hides, spelled out."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char == "\n" else _spelled(char) for char in text)


def _spelled(char: str) -> str:
    return " " if char == "\t" else char.encode("unicode_escape").decode("ascii")


def put(text: str = "") -> None:
    """A line of data."""
    sys.stdout.write(printable(text) + "\n")


def put_json(value: Mapping[str, object]) -> None:
    """One object as JSON, its version first; the other keys in the order given."""
    sys.stdout.write(json.dumps(versioned(value), ensure_ascii=True, indent=2) + "\n")


def say(text: str) -> None:
    """A line of narration."""
    sys.stderr.write(printable(text) + "\n")


def table(rows: Sequence[Sequence[str]], gap: int = 2) -> list[str]:
    """Rows as lines, columns aligned; the last column runs free."""
    if not rows:
        return []
    count = max(len(row) for row in rows)
    widths = [max(len(row[at]) for row in rows if at < len(row)) for at in range(count)]
    lines = []
    for row in rows:
        cells = [text.ljust(width) for text, width in zip(row, widths, strict=False)]
        lines.append((" " * gap).join(cells).rstrip())
    return lines


def be_lenient() -> None:
    """Make output survive a locale that lacks our glyphs."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def forget(stream: TextIO) -> None:
    """Point a stream nobody reads at nothing, so that closing it stays silent."""
    try:
        number = stream.fileno()
    except (OSError, ValueError):
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)
