"""The book of words: entries read from the Markdown files beside this one, once, when asked for.

A file holds the entries of one kind. An entry begins with `## word, alias, alias`; its text
follows, and a last paragraph `see: word, word` names entries to read next. Lines of a paragraph
are joined, and those that begin with `- ` stay apart; whoever shows a text wraps it to its width.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from attrs import frozen

from luf_tui import errors

KINDS: Mapping[str, str] = {
    "idea": "mechanism.md",
    "term": "terms.md",
    "obligation": "obligations.md",
    "guard": "guards.md",
    "policy": "policies.md",
    "procedure": "procedures.md",
    "operation": "operations.md",
    "event": "events.md",
    "defect": "defects.md",
    "rule": "rules.md",
    "function": "functions.md",
    "mutant": "mutants.md",
    "scenario": "scenarios.md",
    "verb": "verbs.md",
    "predicate": "predicates.md",
    "setting": "settings.md",
    "screen": "screen.md",
}
"""Kinds of entries and the file of each, in the order in which they are listed."""

_HERE = Path(__file__).resolve().parent
_HEADING, _SEE, _ITEM = "## ", "see: ", "- "
_SILENT = str.maketrans("", "", " -_/")


@frozen
class Entry:
    """One word: what it means, other names of it, and the words to read next."""

    word: str
    aliases: tuple[str, ...]
    kind: str
    """One of `KINDS`."""
    text: str
    """Paragraphs with an empty line between them; unwrapped."""
    see: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The word and its aliases."""
        return (self.word, *self.aliases)


def key_of(word: str) -> str:
    """What a word is looked up by: `PCP list`, `pcp-list` and `pcp_list()` are one word."""
    folded = word.strip().casefold().removesuffix("()")
    return folded.translate(_SILENT) or folded


def entries(kind: str = "") -> tuple[Entry, ...]:
    """The entries of a kind, or all of them, in the order of the book."""
    kinds = (kind,) if kind else tuple(KINDS)
    return tuple(entry for each in kinds for entry in _of_kind(each))


def find(word: str) -> tuple[Entry, ...]:
    """Every entry that a word names, those it is an alias of last; empty when there is none."""
    key = key_of(word)
    named = _index().get(key, ())
    return tuple(sorted(named, key=lambda entry: key_of(entry.word) != key))


def nearest(word: str) -> str:
    """A hint that names the nearest known word; empty when none is near."""
    return errors.nearest(word, {name for entry in entries() for name in entry.names})


@cache
def _index() -> Mapping[str, tuple[Entry, ...]]:
    found: dict[str, list[Entry]] = {}
    for entry in entries():
        for key in dict.fromkeys(map(key_of, entry.names)):
            found.setdefault(key, []).append(entry)
    return {key: tuple(named) for key, named in found.items()}


@cache
def _of_kind(kind: str) -> tuple[Entry, ...]:
    return tuple(parse((_HERE / KINDS[kind]).read_text(encoding="utf-8"), kind))


def parse(source: str, kind: str) -> Iterator[Entry]:
    """The entries of a file; what stands before the first heading is for its editor."""
    for section in f"\n{source}".split(f"\n{_HEADING}")[1:]:
        heading, _, body = section.partition("\n")
        word, *aliases = (name.strip() for name in heading.split(","))
        paragraphs = [_joined(block) for block in body.strip().split("\n\n")]
        see: tuple[str, ...] = ()
        if paragraphs[-1].startswith(_SEE):
            named = paragraphs.pop().removeprefix(_SEE)
            see = tuple(name.strip() for name in named.split(","))
        yield Entry(word, tuple(aliases), kind, "\n\n".join(paragraphs), see)


def _joined(block: str) -> str:
    """A paragraph in one line, its items in a line each."""
    lines: list[str] = []
    for line in block.split("\n"):
        if lines and not line.startswith(_ITEM):
            lines[-1] += f" {line.strip()}"
        else:
            lines.append(line.strip())
    return "\n".join(lines)
