"""The lines of a race in columns, as commit messages have them: plain ASCII, 72 cells wide.

A line stands in the column of who does it, in a row of its own, so that it may run on into the
columns to its right. Columns are as far apart as their number allows, and the last one keeps
`LAST` cells. More than `MOST` contexts are folded: those of one CPU share a column, which says at
each change who runs; where that is not enough, every line says its context in front.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from attrs import evolve, frozen

from luf_tui.timeline.tell.interleaving import BROKEN, FUNCTION, Column, Line

WIDTH = 72
"""Cells of a line of a commit message."""
LAST = 30
"""Cells that the last column keeps."""
RUN_ON = 40
"""Cells in which a line is wrapped, into the columns on its right."""
APART = 36
"""Cells from one column to the next at most."""
MOST = 4
"""Columns of contexts; there may be twice as many of CPUs."""
INDENT = 2
DEEPEST = 3
"""Functions deeper than this are not indented any further."""


@frozen
class DrawnRow:
    """A row of the diagram: its text, and the micro-step it is about; 0 for the heading."""

    text: str
    step: int = 0
    what: str = ""


def diagram(lines: Sequence[Line]) -> list[DrawnRow]:
    """The rows of a diagram. Without lines there are none."""
    if not lines:
        return []
    columns = _columns(lines)
    if len(columns) > MOST:
        lines = _folded(lines)
        columns = _columns(lines)
    if len(columns) > 2 * MOST:
        return _listed(lines)
    apart = min(APART, (WIDTH - LAST) // max(1, len(columns) - 1))
    at = {column: apart * number for number, column in enumerate(columns)}
    wide = WIDTH if len(columns) == 1 else apart
    rows = [DrawnRow(text) for text in _heading(columns, wide)]
    for line in lines:
        left = at[line.column]
        rows += _row(line, left, min(WIDTH - left, max(RUN_ON, wide - 1)))
    return rows


def text(lines: Sequence[Line]) -> str:
    """The diagram as one text."""
    return "".join(f"{row.text}\n" for row in diagram(lines))


def plain(said: str) -> str:
    """A text in ASCII: what a mail without any encoding can carry."""
    return "".join(char if " " <= char <= "~" else "?" for char in said)


def _columns(lines: Sequence[Line]) -> list[Column]:
    """The contexts, by CPU and then by who comes first; what no CPU does comes last."""
    seen = list(dict.fromkeys(line.column for line in lines))
    return sorted(seen, key=lambda column: (column.cpu < 0, column.cpu))


def _folded(lines: Sequence[Line]) -> list[Line]:
    """One column a CPU. Where several tasks run on one, a line says so at each change."""
    several = {
        column.cpu
        for column in _columns(lines)
        if sum(other.cpu == column.cpu for other in _columns(lines)) > 1
    }
    running: dict[int, str] = {}
    found: list[Line] = []
    for line in lines:
        cpu, actor = line.column.cpu, line.column.actor
        if cpu not in several:
            found.append(line)
            continue
        place = Column(cpu, "")
        if running.get(cpu) != actor:
            found.append(Line(line.step, place, 0, f"-- {actor} --", FUNCTION))
            running[cpu] = actor
        found.append(evolve(line, column=place))
    return found


def _listed(lines: Sequence[Line]) -> list[DrawnRow]:
    """Every line with its context in front: for more columns than there is room for."""
    names = {line.column: plain(_name(line.column)) for line in lines}
    left = min(24, max(len(name) for name in names.values()) + 2)
    rows: list[DrawnRow] = []
    for line in lines:
        first, *more = _row(line, left, WIDTH - left)
        name = names[line.column][: left - 1]
        rows += [evolve(first, text=name + first.text[len(name) :]), *more]
    return rows


def _name(column: Column) -> str:
    cpu = f"CPU{column.cpu}" if column.cpu >= 0 else ""
    return f"{cpu} ({column.actor})" if cpu and column.actor else cpu or column.actor


def _heading(columns: Sequence[Column], apart: int) -> list[str]:
    """What each column is, underlined; in two rows where one is too narrow."""
    room = apart - 1
    names = [plain(_name(column)) for column in columns]
    parts = [[name] for name in names]
    if any(len(name) > room for name in names[:-1]) or len(names[-1]) > LAST:
        parts = [plain(_name(column)).split(" ", 1) for column in columns]
    parts = [
        [part[: room if n < len(parts) - 1 else LAST] for part in p] for n, p in enumerate(parts)
    ]
    high = max(len(part) for part in parts)
    rows = [[part[n] if n < len(part) else "" for part in parts] for n in range(high)]
    rows.append(["-" * max(len(text) for text in part) for part in parts])
    return ["".join(f"{cell:<{apart}}" for cell in row).rstrip() for row in rows]


def _row(line: Line, left: int, width: int) -> list[DrawnRow]:
    """A line in its column, wrapped where it is too long for what is right of it."""
    said = plain(line.text)
    longest = max((len(word) for word in said.split()), default=0)
    indent = " " * max(0, min(INDENT * min(DEEPEST, line.depth), width - longest))
    further = indent + " " * (4 if line.what == BROKEN else INDENT)
    pieces = textwrap.wrap(
        said, width, initial_indent=indent, subsequent_indent=further, break_on_hyphens=False
    )
    return [DrawnRow(" " * left + piece, line.step, line.what) for piece in pieces]
