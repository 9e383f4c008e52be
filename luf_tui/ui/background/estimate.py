"""How far something is that takes long, and how long the rest of it may take."""

from __future__ import annotations

import time
from collections.abc import Callable

from luf_tui.timeline.tell.words import in_words

SOON = 1.0
"""Seconds after which the rest is estimated."""


class Estimate:
    """One stretch of work after another, each from nothing to its whole."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._what = ""
        self._since = now()

    def told(self, what: str, done: int, total: int) -> str:
        """What is done now, how much of it, and about how long the rest takes."""
        if what != self._what:
            self._what, self._since = what, self._now()
        spent = self._now() - self._since
        share = f"{what} {100 * done // max(1, total)} %"
        if spent < SOON or not 0 < done < total:
            return share
        return f"{share}, about {in_words(spent * (total - done) / done)} left"
