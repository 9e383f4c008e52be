"""The files of a replay: a folder of tables, and a page. Their places are looked at beforehand."""

from __future__ import annotations

import argparse
from pathlib import Path

from attrs import frozen

from luf_tui.commands import terminal
from luf_tui.commands.writing import FORCE, REPORT, Ours, add_force, free, save, unwritten
from luf_tui.errors import LufError
from luf_tui.ftrace.replay.csv_files import csv_files, first_lines
from luf_tui.ftrace.replay.figures import Figures


@frozen
class ReplayFiles:
    """Where the files of a replay go."""

    tables: dict[str, Path]
    """By name; empty where none are asked for."""
    page: Path | None

    def write(self, figures: Figures) -> None:
        """Write each beside its place and put it there. Raises LufError where that fails."""
        texts = csv_files(figures) if self.tables else {}
        for name, path in self.tables.items():
            save(path, texts[name])
        if self.tables:
            terminal.say(f"{next(iter(self.tables.values())).parent}: {len(self.tables)} tables")
        if self.page is not None:
            from luf_tui.ftrace.replay.report_page import as_page  # noqa: PLC0415

            save(self.page, as_page(figures))
            terminal.say(f"{self.page}: open it in a browser")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("--csv", metavar="DIR", help="write every table into a folder, as CSV")
    parser.add_argument("--html", metavar="OUT", help="write the report with plots as one page")
    add_force(parser)


def places(args: argparse.Namespace) -> ReplayFiles:
    """Where the files go. Raises LufError where one cannot be written, or is another's."""
    if args.force and not (args.csv or args.html):
        raise LufError(f"{FORCE} is for --csv and --html; say one of them")
    page = free(args.html, REPORT, force=args.force) if args.html else None
    return ReplayFiles(_tables(args.csv, force=args.force) if args.csv else {}, page)


def _tables(word: str, *, force: bool) -> dict[str, Path]:
    folder = Path(word).expanduser()
    if folder.exists() and not folder.is_dir():
        raise LufError(f"{word} is no folder; say one for the tables")
    if not folder.parent.is_dir():
        raise LufError(f"{folder.parent}: no such folder; `mkdir -p {folder.parent}` makes it")
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise unwritten(folder, error) from None
    return {
        name: free(str(folder / name), _begins_with(line), force=force)
        for name, line in first_lines().items()
    }


def _begins_with(line: str) -> Ours:
    return lambda text: text.startswith(line)
