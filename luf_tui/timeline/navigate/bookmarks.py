"""Bookmarks: places with a name and a note.

A place is kept by script line and the offset within the line's operation, so that editing other
lines does not move it.
"""

from __future__ import annotations

from typing import Any

from attrs import frozen

from luf_tui.timeline.timeline import Timeline


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


def as_json(mark: Bookmark) -> dict[str, Any]:
    """A bookmark as it is kept."""
    return {
        "name": mark.name, "item": mark.item, "offset": mark.offset, "text": mark.text,
        "note": mark.note,
    }  # fmt: skip


def from_json(entry: object) -> Bookmark | None:
    """A bookmark from what was kept; None where that is none."""
    if not isinstance(entry, dict):
        return None
    name, text, note = entry.get("name"), entry.get("text", ""), entry.get("note", "")
    item, offset = entry.get("item"), entry.get("offset", 0)
    if not (isinstance(name, str) and isinstance(text, str) and isinstance(note, str)):
        return None
    if type(item) is not int or type(offset) is not int:
        return None
    return Bookmark(name, item, offset, text, note)
