"""Rows of figures as lines of text."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Sequence

from luf_tui.ftrace.replay.table import Cell, Table

TOP = 8
"""Rows of a table in the text; files have all of them."""
NARROWEST = 40
"""Columns that text is broken for at least."""
_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))


def span(seconds: float) -> str:
    """A time as a person reads it: `0 s`, `30 µs`, `1.5 ms`, `12 s`."""
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns" if seconds > 0 else "0 s"


def shown(cell: Cell) -> str:
    """A value as it is read: thousands are parted, times have three places."""
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:,.3f}"
    return cell if isinstance(cell, str) else f"{cell:,}"


def aligned(rows: Sequence[Sequence[Cell]], left: int = 1) -> list[str]:
    """Rows as lines: the first columns to the left, the others to the right."""
    texts = [[shown(cell) for cell in row] for row in rows]
    wide = [max(len(row[at]) for row in texts if at < len(row)) for at in range(_most(texts))]
    return [
        "  ".join(
            text.ljust(width) if at < left else text.rjust(width)
            for at, (text, width) in enumerate(zip(row, wide, strict=False))
        ).rstrip()
        for row in texts
    ]


def fitted(rows: Sequence[Sequence[Cell]], width: int, *, left: int, at: int) -> list[str]:
    """Rows as lines of at most `width`, for which one column is cut, to 16 at the least."""
    lines = aligned(rows, left)
    over = max(map(len, lines), default=0) - width
    longest = max((len(str(row[at])) for row in rows), default=0)
    if over <= 0:
        return lines
    room = max(16, longest - over)
    return aligned([[*row[:at], _cut(str(row[at]), room), *row[at + 1 :]] for row in rows], left)


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: room - 1] + "…"


def _most(rows: Sequence[Sequence[str]]) -> int:
    return max((len(row) for row in rows), default=0)


def side_by_side(
    table: Table, values: Sequence[str], unders: Sequence[str], titles: Sequence[str]
) -> list[list[Cell]]:
    """A table whose second column says under what, with a column for each of `unders` and value:
    a row of titles, one of names, then a row for each different first cell, in the order of theirs.
    """
    places = [table.head.index(value) for value in values]
    nothing: list[Cell] = [0.0 if value.endswith("_ms") else 0 for value in values]
    found: dict[Cell, dict[Cell, tuple[Cell, ...]]] = {}
    for row in table.rows:
        if row[1] in unders:
            found.setdefault(row[0], {})[row[1]] = row
    rows: list[list[Cell]] = []
    for name, by in found.items():
        cells = (
            by[under][at] if under in by else none
            for at, none in zip(places, nothing, strict=True)
            for under in unders
        )
        rows.append([name, *cells])
    heads: list[Cell] = [""]
    for title in titles:
        heads += [title, *("" for _ in unders[1:])]
    return [heads, ["", *(under for _ in values for under in unders)], *rows]


def shortened(rows: Sequence[Sequence[Cell]], top: int = TOP, keep: str = "") -> list[list[Cell]]:
    """The first rows, the one named `keep`, and the sum of the others."""
    kept = [list(row) for at, row in enumerate(rows) if at < top or row[0] == keep]
    rest = [row for at, row in enumerate(rows) if at >= top and row[0] != keep]
    if rest:
        sums = [
            sum(cell for cell in column if isinstance(cell, (int, float)))
            for column in list(zip(*rest, strict=True))[1:]
        ]
        kept.append([f"{len(rest)} others", *sums])
    return kept


def counts(counter: Counter[str], top: int = TOP) -> list[str]:
    """How often, and what: the most frequent ones, and the sum of the others."""
    rows = counter.most_common(top)
    rest = counter.total() - sum(times for _, times in rows)
    said = [f"{times:>7,}  {name}" for name, times in rows]
    return said + ([f"{rest:>7,}  {len(counter) - top} others"] if rest else [])


def wrapped(text: str, width: int, first: str = "") -> list[str]:
    """A sentence as lines, after a mark; a terminal that is narrower breaks them itself."""
    width = max(width, NARROWEST)
    if len(first) + len(text) <= width:
        return [first + text]
    return textwrap.wrap(text, width, initial_indent=first, subsequent_indent=" " * len(first))


def indented(lines: Sequence[str], by: str = "  ") -> list[str]:
    """The lines, further right; empty ones stay empty."""
    return [f"{by}{line}" if line else "" for line in lines]
