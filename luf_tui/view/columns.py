"""Rows of an exact width, and blocks of rows side by side."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve
from rich.cells import cell_len, chop_cells, set_cell_size

from luf_tui.view.marks import Mark, Row

GAP = 2


def cells(text: str) -> int:
    """Terminal cells a printable text takes, as the app's toolkit counts them."""
    return len(text) if text.isascii() else cell_len(text)


def cut(text: str, width: int) -> str:
    """The text, ending in an ellipsis where it does not fit into so many cells."""
    if cells(text) <= width:
        return text
    return set_cell_size(text, width - 1) + "…" if width > 0 else ""


def pad(text: str, width: int) -> str:
    """The text in exactly so many cells, cut or filled up with spaces."""
    text = cut(text, width)
    return text + " " * (width - cells(text))


def length(row: Row) -> int:
    """Terminal cells of a row."""
    return sum(cells(mark.text) for mark in row)


def fit(row: Row, width: int) -> Row:
    """The row, padded or cut to exactly `width` cells; blanks at its end are not missed."""
    missing = width - length(row)
    while missing < 0 and row and not row[-1].text[missing:].strip(" "):
        blank = min(-missing, len(row[-1].text))
        row = (*row[:-1], evolve(row[-1], text=row[-1].text[:-blank]))
        row = row if row[-1].text else row[:-1]
        missing += blank
    if missing >= 0:
        return (*row, Mark(" " * missing)) if missing else row
    found: list[Mark] = []
    room = width
    for mark in row:
        size = cells(mark.text)
        if size >= room:
            found.append(evolve(mark, text=pad(mark.text + "…", room)))
            break
        found.append(mark)
        room -= size
    return tuple(found)


def ends(left: Row, right: Row, width: int) -> Row:
    """One row with something at either end; the left part gives way."""
    room = width - length(right)
    return (*fit(left, room), *right) if room > 0 else fit(right, width)


def wrap(text: str, width: int) -> list[str]:
    """The text in lines of at most so many cells, broken at its own line ends and between words;
    a word that is wider is broken, too.
    """
    return [line for part in text.split("\n") for line in _filled(part, max(2, width))]


def _filled(text: str, width: int) -> list[str]:
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        if line and cells(line) + cells(word) + 1 > width:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
        if cells(line) > width:
            *full, line = chop_cells(line, width)
            lines += full
    return [*lines, line]


def side_by_side(
    blocks: Sequence[Sequence[Row]], width: int, wanted: int, least: int = 0, most: int = 60
) -> tuple[Row, ...]:
    """Blocks in columns of one width: all across where columns of at least `least` cells do,
    else in bands of columns of `wanted` cells. What does not fit is cut.
    """
    if not blocks:
        return ()
    across = _columns(len(blocks), width, wanted, least)
    column = column_width(len(blocks), width, wanted, least, most)
    rows: list[Row] = []
    for start in range(0, len(blocks), across):
        if rows:
            rows.append(())
        rows += _band(blocks[start : start + across], column)
    return tuple(rows)


def column_width(blocks: int, width: int, wanted: int, least: int = 0, most: int = 60) -> int:
    """Cells of each column as `side_by_side` puts so many blocks."""
    return min(most, (width + GAP) // _columns(blocks, width, wanted, least) - GAP)


def stacked(heights: Sequence[int], width: int, wanted: int, least: int = 0) -> int:
    """Rows that blocks of these heights take as `side_by_side` puts them."""
    across = _columns(len(heights), width, wanted, least) if heights else 1
    bands = [max(heights[start : start + across]) for start in range(0, len(heights), across)]
    return sum(bands) + max(0, len(bands) - 1)


def flowing(pieces: Sequence[Row], width: int) -> list[Row]:
    """Pieces one after the other, in as many rows as that takes; none is cut in two."""
    rows: list[Row] = []
    row: Row = ()
    for piece in pieces:
        longer = (*row, Mark(" " * GAP), *piece) if row else piece
        if row and length(longer) > width:
            rows.append(row)
            longer = piece
        row = longer
    return [*rows, row] if row else rows


def _columns(blocks: int, width: int, wanted: int, least: int) -> int:
    """How many of so many blocks stand side by side."""
    across = _across(width, least or wanted, blocks)
    return across if across == blocks else _across(width, wanted, blocks)


def _across(width: int, column: int, blocks: int) -> int:
    return max(1, min(blocks, (width + GAP) // (column + GAP)))


def _band(blocks: Sequence[Sequence[Row]], column: int) -> list[Row]:
    """One band: row n of every block in one row, each in its column."""
    rows: list[Row] = []
    for number in range(max(len(block) for block in blocks)):
        parts: list[Mark] = []
        for place, block in enumerate(blocks):
            row = block[number] if number < len(block) else ()
            last = place == len(blocks) - 1
            parts += fit(row, column) if last else (*fit(row, column), Mark(" " * GAP))
        rows.append(tuple(parts))
    return rows
