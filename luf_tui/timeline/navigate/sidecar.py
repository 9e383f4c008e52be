"""What a person keeps of a script: bookmarks, breakpoints and watches, in a small JSON file.

It is hidden beside the script. Of what ships with luf-tui, and of a script whose folder cannot be
written, it is in the person's own state folder, which XDG_STATE_HOME names. A file that is
damaged or foreign is read as far as it makes sense.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from attrs import frozen

from luf_tui import library
from luf_tui.errors import LufError
from luf_tui.timeline.navigate import bookmarks
from luf_tui.timeline.navigate.bookmarks import Bookmark
from luf_tui.timeline.navigate.state_files import numbered, state_folder, write_whole

VERSION = 1
MOST_BYTES = 1_000_000
"""A larger sidecar is not ours and is not read."""
SUFFIX = ".marks.json"


@frozen
class Sidecar:
    """What is kept of a scenario."""

    bookmarks: tuple[Bookmark, ...] = ()
    breakpoints: tuple[str, ...] = ()
    """Breakpoints as their text, for `breakpoints.parse`."""
    watches: tuple[str, ...] = ()
    """Watched expressions as they were said, for `watches.watch`."""


@frozen
class Home:
    """Where what is kept of a scenario lives."""

    path: Path
    """The file that is written."""
    else_read: Path | None = None
    """The file that is read while there is no such file."""
    away: bool = False
    """Whether it is not beside the script because the folder cannot be written."""

    def load(self) -> Sidecar:
        """What is kept."""
        if self.else_read is not None and not self.path.exists():
            return load(self.else_read)
        return load(self.path)

    def save(self, sidecar: Sidecar) -> None:
        """Keep this and nothing else. Raises LufError when the place cannot be written."""
        hides = self.else_read is not None and self.else_read.exists()
        save(self.path, sidecar, empty=hides)


def home(scenario: str | Path) -> Home:
    """Where what is kept of a scenario lives."""
    path = Path(scenario)
    beside = path.with_name(f".{path.name}{SUFFIX}")
    shipped = library.shipped_name(path)
    if shipped:
        return Home(marks_folder() / "shipped" / f"{shipped}{SUFFIX}", beside)
    number = numbered(os.fsencode(path.absolute()))
    elsewhere = marks_folder() / "elsewhere" / f"{path.name}.{number}{SUFFIX}"
    if path.parent.exists() and not os.access(path.parent, os.W_OK):
        return Home(elsewhere, beside, away=True)
    return Home(beside, elsewhere)


def marks_folder() -> Path:
    """The folder of a person's own marks of files that cannot have them beside them."""
    return state_folder() / "marks"


def load(path: Path) -> Sidecar:
    """What a sidecar file holds; nothing when it is missing, damaged or foreign."""
    try:
        if path.stat().st_size > MOST_BYTES:
            return Sidecar()
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return Sidecar()
    if not isinstance(data, dict):
        return Sidecar()
    marks = [bookmarks.from_json(entry) for entry in _list(data.get("bookmarks"))]
    return Sidecar(
        tuple(m for m in marks if m is not None),
        _texts(data.get("breakpoints")),
        _texts(data.get("watches")),
    )


def save(path: Path, sidecar: Sidecar, *, empty: bool = False) -> None:
    """Write a sidecar file whole or not at all; one that holds nothing is removed, or with `empty`
    written like the others.

    Raises LufError when the place cannot be written.
    """
    try:
        if sidecar == Sidecar() and not empty:
            path.unlink(missing_ok=True)
            return
        data = {
            "luf-tui": VERSION,
            "bookmarks": [bookmarks.as_json(mark) for mark in sidecar.bookmarks],
            "breakpoints": list(sidecar.breakpoints),
            "watches": list(sidecar.watches),
        }
        write_whole(path, json.dumps(data, indent=1, ensure_ascii=False) + "\n")
    except OSError as error:
        raise LufError(f"bookmarks not saved: {path}: {error.strerror}") from error


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _texts(value: object) -> tuple[str, ...]:
    return tuple(text for text in _list(value) if isinstance(text, str))
