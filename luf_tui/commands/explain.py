"""`luf-tui explain`: what a word means, or a code such as O2."""

from __future__ import annotations

import argparse
import shutil
import textwrap
from collections.abc import Iterator

from luf_tui import knowledge
from luf_tui.commands import terminal
from luf_tui.errors import LufError
from luf_tui.knowledge import Entry
from luf_tui.word_facts import facts

WIDEST = 96
"""Columns of a text at most; longer lines read badly."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument(
        "word", nargs="*", help="a word or a code, as in `TLB`, `O2`, `pcp list`; none lists all"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Print the entries that a word names, or all words by kind. Raises LufError on a miss."""
    word = " ".join(args.word)
    if not word:
        _list(as_json=args.json)
        return terminal.HELD
    found = knowledge.find(word)
    if not found:
        hint = knowledge.nearest(word) or "`luf-tui explain` lists all words"
        raise LufError(f"nothing is called '{word}'; {hint}")
    if args.json:
        first, *others = map(_as_json, found)
        terminal.put_json({"version": 1, **first, "others": others})
        return terminal.HELD
    width = min(WIDEST, shutil.get_terminal_size().columns)
    for number, entry in enumerate(found):
        if number:
            terminal.put()
        for line in _page(entry, width):
            terminal.put(line)
    return terminal.HELD


def _list(*, as_json: bool) -> None:
    words = {kind: [entry.word for entry in knowledge.entries(kind)] for kind in knowledge.KINDS}
    if as_json:
        terminal.put_json({"version": 1, "words": words})
        return
    width = min(WIDEST, shutil.get_terminal_size().columns)
    for kind, named in words.items():
        rows = textwrap.wrap(
            ", ".join(named), width - 2, break_on_hyphens=False, break_long_words=False
        )
        terminal.put(kind)
        for row in rows:
            terminal.put(f"  {row}")
    terminal.say(f"{sum(map(len, words.values()))} words; `luf-tui explain WORD` explains one")


def _as_json(entry: Entry) -> dict[str, object]:
    return {
        "word": entry.word,
        "kind": entry.kind,
        "aliases": list(entry.aliases),
        "text": entry.text,
        "see": list(entry.see),
        "facts": {name: text for name, text in facts(entry) if text},
    }


def _page(entry: Entry, width: int) -> Iterator[str]:
    also = f"; also {', '.join(entry.aliases)}" if entry.aliases else ""
    yield from textwrap.wrap(f"{entry.word} ({entry.kind}{also})", width)
    for block in entry.text.split("\n\n"):
        yield ""
        for line in block.split("\n"):
            yield from _wrapped(line, width, "  " if line.startswith("- ") else "")
    rows = [*facts(entry), ("see", ", ".join(entry.see))]
    rows = [(name, text) for name, text in rows if text]
    if rows:
        yield ""
    column = max((len(name) for name, _ in rows), default=0) + 2
    for name, text in rows:
        yield from _wrapped(f"{name:<{column}}{text}", width, " " * column)


def _wrapped(line: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(
        line, width, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False
    )
