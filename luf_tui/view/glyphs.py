"""The telling events of a stretch of the run, as glyphs."""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

from luf_tui.machine.events import KINDS
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.marks import Mark, Row

ROLE_OF: Final = {
    "✖": "violation", "◇": "deviation", "!": "failed", "▲": "flushed", "◆": "pending",
    "△": "saved", "○": "benign", "↯": "ipi",
}  # fmt: skip
"""The role of every telling glyph, the most urgent first."""
VERDICTS: Final = {"✓": "ok", "✗": "failed"}
"""How an expectation came out."""
RANK: Final = {glyph: rank for rank, glyph in enumerate(ROLE_OF)}
TELLING: Final = tuple(kind for kind in KINDS if kind.glyph in ROLE_OF)


def between(timeline: Timeline, first: int, end: int) -> tuple[str, ...]:
    """The telling glyphs of events `first` to `end - 1`, each once, as they first came."""
    found: list[tuple[int, str]] = []
    by_kind = timeline.index.by_kind
    for kind in TELLING:
        events = by_kind[kind.number]
        at = bisect_left(events, first)
        if at < len(events) and events[at] < end:
            found.append((events[at], kind.glyph))
    return tuple(dict.fromkeys(glyph for _, glyph in sorted(found)))


def of_steps(timeline: Timeline, steps: range, until: int) -> tuple[str, ...]:
    """The telling glyphs of these micro-steps, as far as the run has come."""
    last = min(steps.stop - 1, until)
    if not steps or last < steps.start:
        return ()
    return between(timeline, timeline.events_of(steps.start).start, timeline.event_index_at(last))


def marks(found: tuple[str, ...]) -> Row:
    """Glyphs as marks."""
    return tuple(Mark(glyph, VERDICTS.get(glyph) or ROLE_OF[glyph]) for glyph in found)
