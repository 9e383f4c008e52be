"""Bookmarks and breakpoints in a small JSON file beside the scenario.

A place is kept by script line and the offset within the line's operation, so that editing other
lines does not move it. A file that is damaged or foreign is read as far as it makes sense.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from attrs import frozen

from luf_tui.errors import LufError
from luf_tui.timeline.timeline import Timeline

VERSION = 1
MOST_BYTES = 1_000_000
"""A larger sidecar is not ours and is not read."""


@frozen
class Bookmark:
    """A named place, with a note."""

    name: str
    item: int
    """Index into the program's items, -1 for the start."""
    offset: int
    """Micro-steps after the item's first."""
    text: str = ""
    """The script line, to find the place again in an edited script."""
    note: str = ""


@frozen
class Sidecar:
    """What is kept beside a scenario."""

    bookmarks: tuple[Bookmark, ...] = ()
    breakpoints: tuple[str, ...] = ()
    """Breakpoints as their text, for `breakpoints.parse`."""


def sidecar_path(scenario: str | Path) -> Path:
    """The hidden file beside a scenario that keeps its bookmarks."""
    path = Path(scenario)
    return path.with_name(f".{path.name}.marks.json")


def bookmark(timeline: Timeline, position: int, name: str, note: str = "") -> Bookmark:
    """A bookmark of a position."""
    item = timeline.item_at(position)
    if item < 0:
        return Bookmark(name, -1, 0, "", note)
    offset = position - timeline.item_steps(item).start
    return Bookmark(name, item, offset, timeline.program.items[item].text, note)


def find(timeline: Timeline, mark: Bookmark) -> int:
    """The position of a bookmark in this run: by its text where the item has moved, or -1."""
    if mark.item < 0:
        return 0
    items = timeline.program.items
    wanted = mark.text.split()
    if timeline.program.recorded is not None:
        candidates = [mark.item] if mark.item < len(items) else []
    else:
        same = [not wanted or item.text.split() == wanted for item in items]
        candidates = [n for n, found in enumerate(same) if found]
    reached = [n for n in candidates if timeline.item_steps(n)]
    if not reached:
        return -1
    steps = timeline.item_steps(min(reached, key=lambda n: abs(n - mark.item)))
    return min(steps.start + max(0, mark.offset), steps[-1])


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
    marks = [_bookmark(entry) for entry in _list(data.get("bookmarks"))]
    points = [text for text in _list(data.get("breakpoints")) if isinstance(text, str)]
    return Sidecar(tuple(m for m in marks if m is not None), tuple(points))


def save(path: Path, sidecar: Sidecar) -> None:
    """Write a sidecar file whole or not at all; an empty one is removed.

    Raises LufError when the place cannot be written.
    """
    try:
        if not sidecar.bookmarks and not sidecar.breakpoints:
            path.unlink(missing_ok=True)
            return
        data = {
            "luf-tui": VERSION,
            "bookmarks": [
                {"name": m.name, "item": m.item, "offset": m.offset, "text": m.text, "note": m.note}
                for m in sidecar.bookmarks
            ],
            "breakpoints": list(sidecar.breakpoints),
        }
        draft = path.with_name(f"{path.name}.{os.getpid()}.part")
        draft.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", "utf-8")
        draft.replace(path)
    except OSError as error:
        raise LufError(f"bookmarks not saved: {path}: {error.strerror}") from error


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _bookmark(entry: object) -> Bookmark | None:
    if not isinstance(entry, dict):
        return None
    name, text, note = entry.get("name"), entry.get("text", ""), entry.get("note", "")
    item, offset = entry.get("item"), entry.get("offset", 0)
    if not (isinstance(name, str) and isinstance(text, str) and isinstance(note, str)):
        return None
    if type(item) is not int or type(offset) is not int:
        return None
    return Bookmark(name, item, offset, text, note)
