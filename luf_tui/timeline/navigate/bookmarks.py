"""Bookmarks: places with a name and a note.

A place is kept by script line and the offset within the line's operation, so that editing other
lines does not move it.
"""

from __future__ import annotations

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
