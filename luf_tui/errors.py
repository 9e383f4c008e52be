"""What can go wrong, told to a person: where, what, and what to do next."""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Iterable, Sequence

from attrs import field, frozen

MOST_TOLD = 20
"""Problems of one file that are told one by one; of the rest, only how many they are."""

WIDEST = 160
"""Columns of a source line that are quoted."""


@frozen
class Span:
    """A place in a text file, counted from 1; `end` is the column after the last."""

    line: int
    column: int = 1
    end: int = 0


@frozen
class Problem:
    """One thing wrong with an input, at a place where there is one."""

    message: str
    span: Span | None = None
    hint: str = ""

    def render(self, path: str, source: Sequence[str] = ()) -> str:
        """The problem as `path:line:col: message`, the source line, a caret and the hint."""
        if self.span is None:
            head = f"{path}: {self.message}"
            return f"{head}\n  {self.hint}" if self.hint else head
        span = self.span
        rows = [f"{path}:{span.line}:{span.column}: {self.message}"]
        if 0 < span.line <= len(source):
            rows += [f"  {row}" for row in excerpt(source[span.line - 1], span)]
        if self.hint:
            hint = textwrap.wrap(self.hint, WIDEST, break_on_hyphens=False)
            rows += [f"  {row}" for row in hint]
        return "\n".join(rows)


def excerpt(text: str, span: Span) -> tuple[str, str]:
    """A source line and the carets under a span of it; of a long line, what is around the span."""
    start = max(0, span.column - WIDEST // 2) if len(text) > WIDEST else 0
    quoted = text[start : start + WIDEST].replace("\t", " ")
    column = span.column - 1 - start
    carets = max(1, min(span.end - span.column, WIDEST - column))
    before, after = "… " if start else "", " …" if start + WIDEST < len(text) else ""
    return f"{before}{quoted}{after}", " " * (len(before) + column) + "^" * carets


class LufError(Exception):
    """The root of every error luf-tui raises on purpose. Its text is fit for a person."""


@frozen
class InputError(LufError):
    """Bad input: one or more problems of one file."""

    path: str
    problems: tuple[Problem, ...]
    source: tuple[str, ...] = field(default=(), repr=False)
    unread: int = 0
    """The line after which reading was given up; 0 when all of the file was read."""

    @property
    def told(self) -> tuple[Problem, ...]:
        """The first problems, and when there are more, one that says how many more."""
        rest = len(self.problems) - MOST_TOLD
        if rest <= 0:
            return self.problems
        unread = f"; after line {self.unread} nothing was read" if self.unread else ""
        return (*self.problems[:MOST_TOLD], Problem(f"and {rest} more{unread}"))

    @property
    def brief(self) -> str:
        """The first problem in one line, for where there is no more room."""
        first = self.problems[0]
        return with_hint(first.message, first.hint)

    def __str__(self) -> str:
        return "\n".join(problem.render(self.path, self.source) for problem in self.told)


class Refused(LufError):
    """The machine refuses an operation. The run is kept up to there."""


def expected(value: object, kinds: type | tuple[type, ...], what: str) -> None:
    """Raises LufError for what a program gives that is of another kind; `what` is taken instead."""
    if not isinstance(value, kinds):
        raise LufError(f"{what}, not {value!r:.60}")


def nearest(word: str, known: Iterable[str], likeness: float = 0.5) -> str:
    """A hint that names the nearest known word, or lists them when few; empty if neither helps.
    `likeness` is how near, 1 for the same word.
    """
    words = sorted(set(known))
    close = difflib.get_close_matches(word, words, n=1, cutoff=likeness)
    if close:
        return f"did you mean '{close[0]}'?"
    if words and len(words) <= 12:
        return "known: " + ", ".join(words)
    return ""


def with_hint(message: str, hint: str) -> str:
    """A message and, after a semicolon, what helps; the message alone where nothing does."""
    return f"{message}; {hint}" if hint else message
