"""`luf-tui explain`: what a word means, or a code such as O2."""

from __future__ import annotations

import argparse
import re
import shutil
import textwrap
from collections.abc import Iterator

from luf_tui import knowledge, library
from luf_tui.commands import guards, terminal
from luf_tui.errors import LufError
from luf_tui.knowledge import Entry
from luf_tui.machine.events import BY_NAME
from luf_tui.policy.guards import GUARDS
from luf_tui.policy.registry import POLICIES
from luf_tui.script.verbs import verbs_called
from luf_tui.script.vocabulary import PREDICATES

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
        "facts": {name: text for name, text in _facts(entry) if text},
    }


def _page(entry: Entry, width: int) -> Iterator[str]:
    also = f"; also {', '.join(entry.aliases)}" if entry.aliases else ""
    yield from textwrap.wrap(f"{entry.word} ({entry.kind}{also})", width)
    for block in entry.text.split("\n\n"):
        yield ""
        for line in block.split("\n"):
            yield from _wrapped(line, width, "  " if line.startswith("- ") else "")
    rows = [*_facts(entry), ("see", ", ".join(entry.see))]
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


def _facts(entry: Entry) -> Iterator[tuple[str, str]]:
    """What the product's own tables say of an entry, beside its text."""
    if entry.kind == "guard" and entry.word in GUARDS:
        yield from guards.about(GUARDS[entry.word])[1:]
    if entry.kind == "mutant":
        yield "without", ", ".join(one.name for one in GUARDS.values() if one.mutant == entry.word)
    if entry.kind == "event" and entry.word in BY_NAME:
        kind = BY_NAME[entry.word]
        yield "told as", kind.student
        yield "or as", kind.kernel
        yield "arguments", ", ".join(kind.args)
    if entry.kind == "verb":
        for verb in verbs_called(entry.word):
            yield verb.usage, f"{verb.about} As in `{verb.example}`."
    if entry.kind == "predicate" and entry.word in PREDICATES:
        yield "asks", PREDICATES[entry.word][1]
    if entry.kind == "obligation":
        held_by = (one.name for one in GUARDS.values() if entry.word in one.obligation.split(", "))
        yield "upheld by", ", ".join(held_by)
    if entry.kind == "policy" and entry.word in POLICIES:
        yield "in short", POLICIES[entry.word].SUMMARY
    if entry.kind in ("obligation", "defect", "scenario", "mutant"):
        yield "scenarios", ", ".join(_told_of(entry.word))


def _told_of(code: str) -> Iterator[str]:
    """The shipped scenarios whose first lines name a code."""
    named = re.compile(rf"\b{re.escape(code)}\b")
    return (one.name for one in library.shipped() if named.search(f"{one.title} {one.about}"))
