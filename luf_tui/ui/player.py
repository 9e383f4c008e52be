"""Playing a run: how fast, and how many steps are due."""

from __future__ import annotations

SPEEDS = (1, 2, 4, 8, 15, 30, 60, 125, 250, 500, 1000)
"""Micro-steps a second."""
USUAL = SPEEDS.index(4)
FRAMES = 60
"""Pictures a second, at most: faster play makes several steps for each."""


class Player:
    """Knows the speed, and what a stretch of time is worth in steps."""

    def __init__(self) -> None:
        self.at = USUAL
        self.playing = False
        self._before = 0.0
        self._left = 0.0

    @property
    def speed(self) -> int:
        """Micro-steps a second."""
        return SPEEDS[self.at]

    @property
    def period(self) -> float:
        """Seconds between two pictures."""
        return 1 / min(self.speed, FRAMES)

    def change(self, by: int) -> bool:
        """Play faster or slower. False at the ends."""
        at = max(0, min(len(SPEEDS) - 1, self.at + by))
        changed, self.at = at != self.at, at
        return changed

    def start(self, now: float) -> None:
        """Play from `now`, in seconds."""
        self.playing, self._before, self._left = True, now, 0.0

    def stop(self) -> None:
        """Play no more."""
        self.playing = False

    def due(self, now: float) -> int:
        """Steps to make by `now`. After a stall no more than half a second's are made up for."""
        passed = min(now - self._before, 0.5 + self.period)
        self._before = now
        self._left += passed * self.speed
        steps = round(self._left) if self.speed <= FRAMES else int(self._left)
        self._left -= steps
        return steps
