"""A place in a run, in the words a person types: `34`, `start`, `end`, `L25`, `L25+4`; and in a
permalink with a digest behind it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from luf_tui.errors import LufError, with_hint
from luf_tui.timeline.navigate import digests
from luf_tui.timeline.navigate.digests import Digest
from luf_tui.timeline.script_lines import line_at, to_line

if TYPE_CHECKING:
    from luf_tui.timeline.timeline import Timeline

START, END = "start", "end"
SEALED = "#"
"""Between a place and a digest."""
_STEP = re.compile(r"\d+")
_LINE = re.compile(r"[Ll](\d+)(?:\+(\d+))?")


@frozen
class Spot:
    """Where in a run to stand, said before the run is there."""

    step: int = 0
    """A micro-step of the run; with `line`, of that line's own, counted from 1. 0 is the state
    before the first, or with `line` where the run reaches the line."""
    line: int = 0
    """A script line, counted from 1; 0 where none is said. Of a recording, a fact."""
    end: bool = False
    """The last step, whatever its number."""
    digest: Digest | None = None
    """What a permalink remembers of the run that it was made of."""

    def position(self, timeline: Timeline) -> int:
        """The spot's position in a run. Raises LufError when the run has no such place; for that of
        a permalink, which may have moved, the nearest before it is taken.
        """
        try:
            return self._position(timeline)
        except LufError:
            if self.digest is None:
                raise
            return _before(timeline, self)

    def drift(self, timeline: Timeline) -> str:
        """What has changed since a permalink was made, with where one stands therefore; empty where
        nothing has, and for a spot of no permalink.
        """
        if self.digest is None:
            return ""
        at = self.position(timeline)
        told = self.digest.drift(timeline, at)
        return f"{told}; this is line {timeline.line_at(at)}, step {at}" if told else ""

    def drift_among(self, runs: Sequence[Timeline]) -> str:
        """As `drift`, of the run among these that a permalink was made of, or of their script."""
        own = [run for run in runs if self.digest is not None and self.digest.is_under(run.policy)]
        if own:
            return self.drift(own[0])
        seal = Digest(self.digest.script) if self.digest else None
        return evolve(self, digest=seal).drift(runs[0])

    def _position(self, timeline: Timeline) -> int:
        if self.end:
            return timeline.steps
        if self.line:
            return _in_line(timeline, self.line, self.step)
        if self.step > timeline.steps:
            told = f"step {self.step} is past the end"
            raise LufError(f"{told}: this run has {timeline.steps} micro-steps")
        return self.step


def spot(word: str) -> Spot:
    """The spot that a word names, with a permalink's digest behind `#`. Raises LufError when it
    names none.
    """
    place, sealed, digest = word.partition(SEALED)
    if sealed:
        return evolve(spot(place), digest=digests.read(digest))
    if word == END:
        return Spot(end=True)
    if word == START:
        return Spot()
    if _STEP.fullmatch(word):
        return Spot(int(word))
    line = _LINE.fullmatch(word)
    if line and int(line[1]):
        return Spot(int(line[2] or 0), int(line[1]))
    raise LufError(
        f"'{word}' is no step or line; say a number, `{START}`, `{END}`, `L25` or `L25+4`"
    )


def _in_line(timeline: Timeline, line: int, step: int) -> int:
    """Where the run reaches a line, or the position after so many micro-steps of it."""
    first = to_line(timeline, line)
    if first < 0:
        raise LufError(_unreached(timeline, line))
    if not step:
        return first
    whole = timeline.item_steps(timeline.item_at(first))
    own = [at for at in whole if at >= first and line_at(timeline, at) == line]
    if step > len(own):
        steps = "no micro-steps" if not own else f"{len(own)} micro-step" + "s" * (len(own) > 1)
        raise LufError(f"L{line}+{step} is past the end of line {line}, which takes {steps}")
    return own[step - 1]


def _before(timeline: Timeline, wanted: Spot) -> int:
    """The last position that is at or before a place, as far as lines and steps go."""
    if not wanted.line:
        return timeline.clamp(wanted.step)
    recorded = timeline.program.recorded is not None
    found = 0
    for number, item in enumerate(timeline.program.items):
        line = number + 1 if recorded else item.span.line
        steps = timeline.item_steps(number)
        if line > wanted.line:
            break
        if steps:
            past = line < wanted.line or wanted.step > len(steps)
            found = steps[-1] if past else steps[max(0, wanted.step - 1)]
    return found


def _unreached(timeline: Timeline, line: int) -> str:
    """Why a run does not stand at a line."""
    program = timeline.program
    if program.recorded is not None and line <= len(program.items):
        return f"line {line} takes no micro-step of this run"
    if program.recorded is not None:
        return f"line {line} is past the end: this recording has {len(program.items)} facts"
    lines = len(program.source) - (program.source[-1:] == ("",))
    if line > lines:
        return f"line {line} is past the end: this scenario has {lines} lines"
    ahead = [item.span.line for item in program.items if item.span.line >= line]
    if line in ahead:
        return f"line {line} is not reached in this run"
    later = f"something does in line {min(ahead)}" if ahead else ""
    return with_hint(f"nothing happens in line {line}", later)
