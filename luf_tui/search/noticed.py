"""The earliest access that notices what is broken.

The rules of ownership and of waiting (C, W) speak as soon as a frame changes hands too early; a
program notices when it reads or stores. Whether it may come to that, and how soon, is for a search
from there to say.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from luf_tui.engine.strategy import Schedule, walk
from luf_tui.engine.transitions import Turn
from luf_tui.search.judged import JudgedTransitions
from luf_tui.search.result import Limits
from luf_tui.search.search import Search

ACCESSES = ("A", "B", "D")
"""Rules that are broken by an access: what is read, what is stored."""
MOST = 20_000
"""States that are looked at."""


@frozen
class Noticed:
    """How soon an access notices what is broken, if one does."""

    turns: int = 0
    """Turns after the one that breaks it; 0 where no access was found."""
    message: str = ""
    """What the oracle says of the access."""
    whole: bool = False
    """Whether every order of what is left was looked at, up to what breaks anything more."""

    def sentence(self) -> str:
        """It, for a person."""
        if self.turns:
            later = "a turn" if self.turns == 1 else f"{self.turns} turns"
            return f"an access notices it {later} later at the earliest: {self.message}"
        if self.whole:
            return "no access notices it in any order of what is left"
        return f"no access was found that notices it, in {MOST:,} states after it"

    def as_json(self) -> dict[str, object]:
        """It, as `luf-tui explore --json` has it."""
        return {"turns": self.turns or None, "message": self.message or None, "whole": self.whole}


def noticed(transitions: JudgedTransitions, turns: Sequence[Turn]) -> Noticed:
    """The earliest access that notices what these turns break. The machine stays where they end."""
    for _ in walk(transitions, Schedule(turns)):
        pass
    search = Search(transitions, all_findings=True, limits=Limits(MOST))
    result = search.run()
    found = [one for one in result.broken if one.rule in ACCESSES]
    if not found:
        return Noticed(whole=not result.why)
    first = min(found, key=lambda one: len(one.turns))
    return Noticed(len(first.turns), first.message)
