"""The events of a stretch of the run that have a role, as glyphs."""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

from luf_tui.machine.events import KINDS
from luf_tui.machine.kind import Kind
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.marks import ROLES, Mark, Row

PLAIN: Final = "·"
"""Stands for an event of a kind without a role."""
ROLE_OF: Final = {role.glyph: name for name, role in ROLES.items() if role.glyph}
SHOWN: Final = tuple(kind for kind in KINDS if kind.role)
"""The kinds that the strip and the script show."""


def of_kind(kind: Kind) -> str:
    """The glyph of a kind of event."""
    return ROLES[kind.role].glyph if kind.role else PLAIN


def mark(glyph: str, plain: str = "dim") -> Mark:
    """A glyph in the colour of its role; `plain` is the role of one that has none."""
    return Mark(glyph, ROLE_OF.get(glyph, plain))


def between(timeline: Timeline, first: int, end: int) -> tuple[str, ...]:
    """The glyphs of events `first` to `end - 1`, each once, as they first came."""
    found: list[tuple[int, str]] = []
    by_kind = timeline.index.by_kind
    for kind in SHOWN:
        events = by_kind[kind]
        at = bisect_left(events, first)
        if at < len(events) and events[at] < end:
            found.append((events[at], of_kind(kind)))
    return tuple(dict.fromkeys(glyph for _, glyph in sorted(found)))


def of_steps(timeline: Timeline, steps: range, until: int) -> tuple[str, ...]:
    """The glyphs of these micro-steps, as far as the run has come."""
    last = min(steps.stop - 1, until)
    if not steps or last < steps.start:
        return ()
    return between(timeline, timeline.events_of(steps.start).start, timeline.event_index_at(last))


def marks(found: tuple[str, ...]) -> Row:
    """Glyphs as marks."""
    return tuple(mark(glyph) for glyph in found)
