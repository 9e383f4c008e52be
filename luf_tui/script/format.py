"""`luf-tui fmt`: the same scenario, aligned. Comments, notes and blank lines stay."""

from __future__ import annotations

import re

from luf_tui.errors import InputError, Problem
from luf_tui.script.syntax import MOST_PROBLEMS, Line, parse_line, strip_comment

COMMENT_COLUMN = 36
ACTOR_WIDTH = 8
"""Width of the first column; a longer first word pushes its own line only."""
INDENT = "  "


def format_text(text: str, path: str = "scenario") -> str:
    """The text with one style. Raises InputError if a line cannot be read."""
    source = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    problems: list[Problem] = []
    rows: list[str] = []
    inside = False
    for number, line in enumerate(source, start=1):
        raw = line.expandtabs(8).rstrip()
        body = strip_comment(raw)
        comment = raw[len(body) :].strip()
        body = body.strip()
        if body:
            tree = parse_line(Line(number, body, len(raw) - len(raw.lstrip())))
            if isinstance(tree, Problem):
                problems.append(tree)
        if len(problems) >= MOST_PROBLEMS:
            raise InputError(path, tuple(problems), tuple(source), number)
        if body == "end":
            inside = False
        rows.append(_row(body, comment, inside))
        if body in ("race", "forever"):
            inside = True
    if problems:
        raise InputError(path, tuple(problems), tuple(source))
    return _squeeze(rows)


def _row(body: str, comment: str, inside: bool) -> str:
    """One line: indented inside a block, its first word in a column, its comment in another."""
    if not body:
        return comment
    words = body.split(maxsplit=2)
    actor = words[: 2 if words[:2] == ["any", "cpu"] else 1]
    first, rest = " ".join(actor), body.removeprefix(actor[0]).strip()
    rest = rest.removeprefix("cpu") if len(actor) > 1 else rest
    rest = rest.strip() if first in ("title", "tour", "about", "note") else _tidy(rest)
    row = f"{INDENT if inside else ''}{first:<{ACTOR_WIDTH}} {rest}".rstrip()
    return f"{row:<{COMMENT_COLUMN}} {comment}" if comment else row


def _tidy(text: str) -> str:
    """Outside quotes, runs of blanks become one, and one follows each comma."""
    parts = text.split('"')
    parts[::2] = [re.sub(r" ?, ?", ", ", re.sub(r"\s+", " ", part)) for part in parts[::2]]
    return '"'.join(parts).strip()


def _squeeze(rows: list[str]) -> str:
    """At most one blank line in a row, none at either end, one newline at the end."""
    found: list[str] = []
    for row in rows:
        if row or (found and found[-1]):
            found.append(row)
    while found and not found[-1]:
        found.pop()
    return "\n".join(found) + "\n" if found else ""
