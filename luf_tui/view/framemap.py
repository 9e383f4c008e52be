"""The states of all frames as bytes, kept in step with the cursor: maps of 100,000 frames."""

from __future__ import annotations

import sys
from typing import Final

from luf_tui.machine.schema import FREE_STATES, Frame
from luf_tui.timeline.caches import per_run
from luf_tui.timeline.timeline import Timeline

MANY_WRITES = 20_000
"""From so many writes between two positions on, looking at every frame is cheaper."""
BUSY: Final = bytes(state not in FREE_STATES for state in range(256))


class FrameMap:
    """Frame states by number."""

    def __init__(self) -> None:
        self.states = bytearray()
        self._position = -1

    def follow(self, timeline: Timeline) -> None:
        """Catch up with the timeline's cursor."""
        before, here = self._position, timeline.position
        if before == here:
            return
        low, high = min(before, here), max(before, here)
        if before < 0 or timeline.writes_between(low, high) > MANY_WRITES:
            self._read_all(timeline)
        else:
            region = timeline.machine.frame
            first, size, end = region.base, region.size, region.base + len(region) * region.size
            changed = timeline.net_changes(low, high)
            for pfn in {(cell - first) // size for cell in changed if first <= cell < end}:
                self._read(timeline, pfn)
        self._position = here

    def _read(self, timeline: Timeline, pfn: int) -> None:
        self.states[pfn] = timeline.machine.frame[pfn].state

    def _read_all(self, timeline: Timeline) -> None:
        m = timeline.machine
        size, count, base = m.frame.size, len(m.frame), m.frame.base
        states = m.cells.values[base + Frame.state.offset : base + count * size : size]
        low = 0 if sys.byteorder == "little" else states.itemsize - 1
        self.states = bytearray(states.tobytes()[low :: states.itemsize])

    def used(self, start: int, end: int) -> int:
        """How many frames of a range are not free."""
        return self.states[start:end].translate(BUSY).count(1)


def frame_map(timeline: Timeline) -> FrameMap:
    """The map of a run at its cursor."""
    following = _following(timeline)
    following.follow(timeline)
    return following


@per_run
def _following(timeline: Timeline) -> FrameMap:
    """The one map that is kept in step with a run's cursor."""
    return FrameMap()
