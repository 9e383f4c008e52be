"""From text to lines, and from a line to a syntax tree, with positions and hints kept."""

from __future__ import annotations

import os
import re
import select
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from luf_tui.errors import InputError, Problem, Span
from luf_tui.script.expected import expected
from luf_tui.script.line_grammar import parser, stuck

if TYPE_CHECKING:
    from lark import Token, Tree

MAX_LINE = 2000
PIPE_SECONDS = 2
"""How long a pipe is waited for that nobody writes to."""
MAX_BYTES = 4_000_000
MOST_PROBLEMS = 200
"""Problems after which the rest of a file is left unread: it is no scenario. Fewer are told."""
_LIST = "see `luf-tui list` for the shipped scenarios"
LONGEST_WORD = 60
"""Characters of a wrong word that are repeated."""


@frozen
class Line:
    """A logical line: its number, its text without comment, and its source."""

    number: int
    text: str
    indent: int
    """Columns before the text; negative when the text begins with words nobody typed."""

    def span(self, column: int, end: int) -> Span:
        """A span of this line, given columns of `text` counted from 1."""
        return Span(self.number, max(1, column + self.indent), max(2, end + self.indent))

    @property
    def whole(self) -> Span:
        """The span of the whole text."""
        return self.span(1, len(self.text) + 1)


def read_text(path: str) -> str:
    """The text of a scenario file. Raises InputError when there is none to be had."""
    try:
        data = _piped(path) if Path(path).is_fifo() else Path(path).read_bytes()
    except IsADirectoryError:
        hint = f"`luf-tui list {path}` names what is in it"
        raise InputError(path, (Problem("this is a folder", hint=hint),)) from None
    except OSError as error:
        raise InputError(path, (Problem(error.strerror or "cannot be read", hint=_LIST),)) from None
    return decoded(path, data)


def decoded(path: str, data: bytes) -> str:
    """The text that a scenario's bytes are. Raises InputError, with `path`, for what is none."""
    if len(data) > MAX_BYTES:
        told = f"too large for a scenario: {len(data):,} bytes, and at most {MAX_BYTES:,} are read"
        raise InputError(path, (Problem(told, hint=f"`luf-tui replay {path}` reads recordings"),))
    if b"\0" in data[:4096]:
        raise InputError(path, (Problem("a binary file, not a scenario", hint=_LIST),))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        hint = "save it as UTF-8: iconv -t UTF-8 makes it so, from what -f names"
        raise InputError(path, (Problem("this is not UTF-8 text", Span(line), hint),)) from None


def _piped(path: str) -> bytes:
    """What comes through a pipe, which is waited for, but not without end."""
    pipe = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(pipe, "rb") as file:
        waiting = select.poll()
        waiting.register(pipe, select.POLLIN)
        if not waiting.poll(PIPE_SECONDS * 1000):
            hint = "a scenario is a file, or comes from a command: `… | luf-tui run /dev/stdin`"
            raise InputError(path, (Problem("a pipe that nobody writes to", hint=hint),))
        os.set_blocking(pipe, True)
        return file.read()


def split(text: str) -> tuple[list[Line], tuple[str, ...]]:
    """Logical lines, and the source lines that problems quote."""
    source = tuple(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    lines = []
    for number, raw in enumerate(source, start=1):
        body = strip_comment(raw.expandtabs(8)).rstrip()
        stripped = body.lstrip()
        if stripped:
            lines.append(Line(number, stripped, len(body) - len(stripped)))
    return lines, tuple(raw.expandtabs(8) for raw in source)


def strip_comment(raw: str) -> str:
    """The line without its comment. A # inside quotes or a word starts none."""
    if re.match(r"\s*(title|tour|about|note)\b", raw):
        return raw
    quoted = False
    for at, char in enumerate(raw):
        if char == '"':
            quoted = not quoted
        elif char == "#" and not quoted and (at == 0 or raw[at - 1].isspace()):
            return raw[:at]
    return raw


def parse_line(line: Line) -> Tree[Token] | Problem:
    """A line's syntax tree, or the problem with it."""
    from lark.exceptions import UnexpectedInput  # noqa: PLC0415

    if len(line.text) > MAX_LINE:
        hint = f"{len(line.text)} characters; at most {MAX_LINE} are read; a long note can be two"
        return Problem("this line is too long", line.span(1, 2), hint)
    try:
        return parser().parse(line.text)
    except UnexpectedInput:
        found = stuck(line.text)
    hint = expected(found, line.text)
    span = line.span(found.column, found.column + max(1, len(found.word)))
    if not found.word:
        return Problem("the line ends too early", span, hint)
    return Problem(f"'{shortened(found.word)}' does not fit here", span, hint)


def shortened(word: str) -> str:
    """A word as a message has it."""
    return word if len(word) <= LONGEST_WORD else f"{word[:LONGEST_WORD]}…"
