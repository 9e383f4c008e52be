"""Script lines and breakpoints typed at a prompt, read as the script package reads a file's."""

from __future__ import annotations

from functools import partial

from luf_tui.errors import InputError, LufError
from luf_tui.script.parse import parse, parse_condition
from luf_tui.script.program import Condition, Program
from luf_tui.timeline.navigate import breakpoints
from luf_tui.timeline.navigate.breakpoints import Breakpoint
from luf_tui.timeline.navigate.watches import watch
from luf_tui.timeline.timeline import Timeline


def with_line(program: Program, after: int, line: str) -> Program:
    """The program with one more script line after line `after`; the file is left alone.

    Raises LufError when the line, or what follows it, no longer makes sense.
    """
    source = list(program.source)
    source.insert(after, line)
    try:
        return parse("\n".join(source), program.path)
    except InputError as error:
        raise LufError(error.brief) from error


def parse_breakpoint(text: str, timeline: Timeline) -> Breakpoint:
    """A breakpoint on a run from what was typed. Raises LufError with a hint."""

    def condition(words: str) -> Condition:
        try:
            return parse_condition(timeline.program, words)
        except InputError as error:
            raise LufError(error.brief) from error

    return breakpoints.parse(text, condition, partial(watch, timeline))
