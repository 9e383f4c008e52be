"""Files that a command writes: whole or not at all, and over nothing that is not its own."""

from __future__ import annotations

import argparse
import errno
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import BinaryIO

from luf_tui.errors import LufError

Ours = Callable[[str], bool]
"""Whether a text is one that the same command wrote."""
FORCE = "--force"
_HEAD = 4000
"""Characters that tell what a file is."""
_NEXT = {
    errno.EACCES: "say a place that you may write to",
    errno.EPERM: "say a place that you may write to",
    errno.EROFS: "say a place that can be written to",
    errno.EISDIR: "say a file in it",
    errno.ENOSPC: "say a place with room",
    errno.ENAMETOOLONG: "say a shorter name",
}


def _begins(pattern: str) -> Ours:
    found = re.compile(pattern, re.DOTALL)
    return lambda text: found.match(text) is not None


PAGE = _begins(r'<!DOCTYPE html>.*<meta name="generator" content="luf-tui">')
"""A page to walk."""
REPORT = _begins(r'<!DOCTYPE html>.*<meta name="generator" content="luf-tui replay">')
"""A page of a replay."""
COUNTEREXAMPLE: Ours = re.compile(r"^note +Found by search under ", re.MULTILINE).search  # type: ignore[assignment]
"""A scenario that a search found."""
WINDOW = _begins(r"title [^\n]*\nabout +Written by `luf-tui export` from facts ")
"""A window of a recording as a scenario."""
SEARCH = _begins(r"PK\x03\x04.{0,26}luf-tui search")
"""A search that was left off."""
EXPORTED: Mapping[str, Ours] = {
    "svg": _begins(r"<svg [^>]*>\n<title>[^<]*, step \d+ of \d+</title>"),
    "html": PAGE,
    "cast": _begins(r'\{"version": 2, "width": \d+, "height": \d+, "title": [^\n]*\}\n\[0.0, "o"'),
    "txt": _begins(r"[^\n]* step +\d+/\d+ "),
    "jsonl": _begins(r'\{"version": \d+, "scenario": [^\n]*"policy": [^\n]*"steps": \d+'),
    "diagram": _begins(r" *CPU\d[^\n]*\n(?:[^\n]*\n)? *-{4}"),
}
"""How each format of an export begins."""


def add_force(parser: argparse.ArgumentParser) -> None:
    """Declare the argument that lets a file of another kind be written over."""
    parser.add_argument(
        FORCE, action="store_true", help="write over a file that is no earlier one of this command"
    )


def free(word: str, ours: Ours, *, force: bool) -> Path:
    """The path of a file to be written. Raises LufError when there is one that is not `ours`, and
    where none can be.
    """
    path = Path(word).expanduser()
    if path.is_dir():
        raise LufError(f"{word} is a folder; say a file in it")
    if not path.parent.is_dir():
        raise LufError(f"{path.parent}: no such folder; `mkdir -p {path.parent}` makes it")
    target = path.resolve()
    if not os.access(
        target if target.exists() and not target.is_file() else target.parent, os.W_OK
    ):
        raise unwritten(path, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
    if path.is_file() and not force and not _is(path, ours):
        told = f"{word} is there already, and nothing that this command wrote"
        raise LufError(f"{told}; say another name, or {FORCE} to write over it")
    return path


def apart(source: Path, word: str) -> None:
    """Raises LufError for a file to be written that is the one that is read."""
    if Path(word).exists() and source.samefile(word):
        raise LufError(f"{word} is the file itself; say another name")


def save(path: Path, text: str) -> None:
    """Put a text into a file so that it holds what it held or all of the text, whatever happens.

    Raises LufError, with what to do, where it cannot be written.
    """
    save_with(path, lambda file: file.write(text.encode("utf-8")))


def save_with(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """The same for what `write` puts into it."""
    try:
        _save(path, write)
    except OSError as error:
        raise unwritten(path, error) from None


def unwritten(path: Path, error: OSError) -> LufError:
    """What went wrong with writing a file, and what to do."""
    told = f"{path}: {error.strerror or error}"
    return LufError(f"{told}; {_NEXT.get(error.errno or 0, 'say another file')}")


def _is(path: Path, ours: Ours) -> bool:
    try:
        with path.open(encoding="utf-8", errors="surrogateescape") as file:
            head = file.read(_HEAD)
    except OSError:
        return False
    return not head or bool(ours(head))


def _save(path: Path, write: Callable[[BinaryIO], object]) -> None:
    # A link stays a link; a pipe or a device is written to and stays what it is.
    target = path.resolve()
    if target.exists() and not target.is_file():
        with target.open("wb") as file:
            write(file)
        return
    mode = target.stat().st_mode & 0o7777 if target.exists() else None
    draft = target.with_name(f".{target.name[:100]}.{os.getpid()}.part")
    try:
        with draft.open("xb") as file:
            write(file)
        if mode is not None:
            draft.chmod(mode)
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
