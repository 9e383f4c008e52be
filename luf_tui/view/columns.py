"""Blocks of rows side by side, within a width."""

from __future__ import annotations

from collections.abc import Sequence

from luf_tui.view.marks import Mark, Row

GAP = 2


def length(row: Row) -> int:
    """Terminal cells of a row; every text of the view is one cell a character."""
    return sum(len(mark.text) for mark in row)


def fit(row: Row, width: int) -> Row:
    """The row, padded or cut to exactly `width` cells."""
    missing = width - length(row)
    if missing >= 0:
        return (*row, Mark(" " * missing)) if missing else row
    found: list[Mark] = []
    room = width - 1
    for mark in row:
        if len(mark.text) > room:
            found.append(Mark(mark.text[:room] + "…", mark.role, mark.ref))
            break
        found.append(mark)
        room -= len(mark.text)
    return tuple(found)


def side_by_side(
    blocks: Sequence[Sequence[Row]], width: int, least: int, most: int = 60
) -> tuple[Row, ...]:
    """Blocks in columns of at least `least` cells, in as many bands as the width asks for."""
    if not blocks:
        return ()
    across = max(1, min(len(blocks), (width + GAP) // (least + GAP)))
    column = min(most, (width + GAP) // across - GAP)
    rows: list[Row] = []
    for start in range(0, len(blocks), across):
        band = blocks[start : start + across]
        if rows:
            rows.append(())
        for number in range(max(len(block) for block in band)):
            parts: list[Mark] = []
            for place, block in enumerate(band):
                row = block[number] if number < len(block) else ()
                last = place == len(band) - 1
                parts += fit(row, column if last else column + GAP)
            rows.append(tuple(parts))
    return tuple(rows)
