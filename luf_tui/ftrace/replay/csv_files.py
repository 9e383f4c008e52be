"""The tables of a report as CSV, a file each."""

from __future__ import annotations

import csv
import io

from luf_tui.ftrace.replay.all_tables import all_tables
from luf_tui.ftrace.replay.figures import Figures
from luf_tui.ftrace.replay.table import HEADS, Cell, Table

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet compute a text."""


def csv_files(figures: Figures) -> dict[str, str]:
    """File names and texts: always the same files, with a line of names at their head."""
    return {f"{table.name}.csv": _text(table) for table in all_tables(figures)}


def first_lines() -> dict[str, str]:
    """The first line of each file, by which it is known again."""
    return {f"{name}.csv": ",".join(head) + "\n" for name, head in HEADS.items()}


def _text(table: Table) -> str:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(table.head)
    writer.writerows([_plain(cell) for cell in row] for row in table.rows)
    return file.getvalue()


def _plain(cell: Cell) -> Cell:
    """A value that a spreadsheet takes for what it is."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell
