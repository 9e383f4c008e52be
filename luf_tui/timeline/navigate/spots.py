"""A place in a run, in the words a person types: `34`, `start`, `end`, `L25`, `L25+4`."""

from __future__ import annotations

import re

from attrs import frozen

from luf_tui.errors import LufError, with_hint
from luf_tui.timeline.script_lines import line_at, to_line
from luf_tui.timeline.timeline import Timeline

START, END = "start", "end"
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

    def position(self, timeline: Timeline) -> int:
        """The spot's position in a run. Raises LufError when the run has no such place."""
        if self.end:
            return timeline.steps
        if self.line:
            return _in_line(timeline, self.line, self.step)
        if self.step > timeline.steps:
            told = f"step {self.step} is past the end"
            raise LufError(f"{told}: this run has {timeline.steps} micro-steps")
        return self.step


def spot(word: str) -> Spot:
    """The spot that a word names. Raises LufError when it names none."""
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
