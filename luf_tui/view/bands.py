"""Bands of panes that share a number of rows so that as little as possible is cut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from attrs import frozen

from luf_tui.view.state import Placement

FRAME_ROWS, FRAME_COLUMNS = 2, 4
"""What the frame around a pane takes."""
LEAST_ROWS, LEAST_COLUMNS = 2, 30
"""What a pane in a band has at least, without its frame."""
LEASTS = {"frames": 5, "lists": 4, "tlbs": 4, "ledger": 4}
"""The same of panes that say too little in so few."""
WEIGHTS = {"tlbs": 2, "ledger": 2}
"""What counts more than other panes when something has to be cut."""
SHARES = ((1, 1), (3, 2), (2, 3), (2, 1), (1, 2))
"""How two panes may share the width of a band, the most even first."""

Rows: TypeAlias = "Callable[[str, int], int]"
"""Rows that a pane of a name fills in a number of columns; 0 for one with nothing to show."""


@frozen
class Band:
    """Panes side by side."""

    panes: tuple[str, ...]
    widths: tuple[int, ...]
    """Cells of each, its frame included."""
    wants: tuple[int, ...]
    """Rows of each, its frame included, in which nothing of it is cut."""

    @property
    def wanted(self) -> int:
        """Rows in which nothing of them is cut."""
        return max(self.wants)

    @property
    def least(self) -> int:
        """Rows below which it says nothing."""
        most = max(LEASTS.get(pane, LEAST_ROWS) for pane in self.panes)
        return min(self.wanted, most + FRAME_ROWS)

    def cut(self, rows: int) -> int:
        """How much is cut in so many rows, by its weight."""
        told = zip(self.panes, self.wants, strict=True)
        return sum(max(0, wanted - rows) * WEIGHTS.get(pane, 1) for pane, wanted in told)


def bands(
    choices: Sequence[Sequence[tuple[str, ...]]], rows: Rows, width: int, height: int
) -> list[tuple[Band, int]]:
    """Of several ways to put panes into bands the one that cuts fewest rows, and among those the
    first; with the rows each band gets. Panes with nothing to show get no place.
    """
    found = [_made(choice, rows, width) for choice in choices]
    fitting = [one for one in found if sum(band.least for band in one) <= height] or found[-1:]
    best = min(fitting, key=lambda one: _cut(one, shared(one, height)))
    return list(zip(best, shared(best, height), strict=True))


def placed(found: Sequence[tuple[Band, int]], x: int, y: int) -> list[Placement]:
    """Bands one above the other."""
    places: list[Placement] = []
    for band, height in found:
        left = x
        for pane, width in zip(band.panes, band.widths, strict=True):
            places.append(Placement(pane, left, y, width, height))
            left += width
        y += height
    return places


def shared(found: Sequence[Band], height: int) -> list[int]:
    """So many rows for bands: to each what it wants, what is left spread over all; where there are
    too few, a row at a time to the one that lacks most.
    """
    given = [band.least for band in found]
    left = height - sum(given)
    while left > 0 and found:
        lacks = [band.cut(rows) for band, rows in zip(found, given, strict=True)]
        most = max(lacks)
        if most <= 0:
            break
        given[lacks.index(most)] += 1
        left -= 1
    for number in range(max(0, left)):
        given[-1 - number % len(given)] += 1
    over = -min(0, left)
    for number in range(len(given) if over else 0):
        gives = min(over, max(0, given[-1 - number] - 1))
        given[-1 - number] -= gives
        over -= gives
    return given


def _made(choice: Sequence[tuple[str, ...]], rows: Rows, width: int) -> list[Band]:
    made = []
    for panes in choice:
        shown = tuple(pane for pane in panes if rows(pane, width - FRAME_COLUMNS))
        if len(shown) == 1:
            made.append(_band(shown, (width,), rows))
        elif shown:
            splits = [_split(width, share) for share in SHARES]
            able = [one for one in splits if min(one) >= LEAST_COLUMNS] or splits[:1]
            made.append(min((_band(shown, one, rows) for one in able), key=_height))
    return made


def _height(band: Band) -> int:
    """What a split of a band is chosen by."""
    return sum(band.wants) + 4 * max(band.wants)


def _split(width: int, share: tuple[int, int]) -> tuple[int, int]:
    first = width * share[0] // sum(share)
    return first, width - first


def _band(panes: tuple[str, ...], widths: tuple[int, ...], rows: Rows) -> Band:
    told = zip(panes, widths, strict=True)
    wants = tuple(rows(pane, width - FRAME_COLUMNS) + FRAME_ROWS for pane, width in told)
    return Band(panes, widths, wants)


def _cut(found: Sequence[Band], given: Sequence[int]) -> int:
    return sum(band.cut(rows) for band, rows in zip(found, given, strict=True))
