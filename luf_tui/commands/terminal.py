"""Words to and from the terminal: data on stdout, narration on stderr, nothing raw."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TextIO

from luf_tui.errors import LufError
from luf_tui.json_object import versioned

HELD, FAILED, BAD_INPUT, UNDECIDED = 0, 1, 2, 3
"""Exit codes: everything held; an expectation or obligation failed; bad input or usage; nothing was
found, and not everything was seen.
"""
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


def write(text: str) -> None:
    """Data as it is. Raises LufError where it cannot be written; that nobody reads any longer is a
    BrokenPipeError.
    """
    try:
        sys.stdout.write(text)
    except OSError as error:
        raise _unwritten(error) from None


def flush() -> None:
    """See all data written. Raises what `write` raises."""
    try:
        sys.stdout.flush()
    except OSError as error:
        raise _unwritten(error) from None


def _unwritten(error: OSError) -> Exception:
    if isinstance(error, BrokenPipeError):
        return error
    if error.errno == errno.EBADF:
        return LufError("standard output is closed, and this prints to it; send it to a file")
    told = error.strerror or str(error)
    return LufError(f"standard output: {told}; what was printed is not whole, send it elsewhere")


def put(text: str = "") -> None:
    """A line of data."""
    write(printable(text) + "\n")


def put_json(value: Mapping[str, object]) -> None:
    """One object as JSON, its version first; the other keys in the order given."""
    write(json.dumps(versioned(value), ensure_ascii=True, indent=2) + "\n")


def say(text: str) -> None:
    """A line of narration; lost where nobody can be told anything."""
    draw(printable(text) + "\n")


def draw(text: str) -> None:
    """Narration as it is, at once."""
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except OSError:
        forget(sys.stderr)


def given() -> bytes:
    """All of standard input. Raises LufError when it is closed or cannot be read."""
    try:
        return sys.stdin.buffer.read()
    except OSError as error:
        told = "it is closed" if error.errno == errno.EBADF else error.strerror or str(error)
        raise LufError(f"standard input: {told}; name a file instead of -") from None


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


def take() -> None:
    """Make the streams fit for use: output survives a locale that lacks our glyphs, and a stream
    that is closed is one that fails when it is used.
    """
    # Python has no stream where there is no descriptor, and the next file opened would be given it.
    for number, how in enumerate((os.O_WRONLY, os.O_RDONLY, os.O_RDWR)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, how)
    for name, number, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, mode, closefd=False))
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def leave() -> None:
    """Leave nothing behind that Python would fail to write when it ends."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            forget(stream)


def forget(stream: TextIO) -> None:
    """Point a stream nobody reads at nothing, so that closing it stays silent."""
    try:
        number = stream.fileno()
    except (OSError, ValueError):
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)
