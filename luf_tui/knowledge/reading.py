"""Which words of a sentence the book knows, in the forms that sentences have them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from luf_tui.knowledge.book import Entry, find

LONGEST = 4
"""Words of the longest name that is looked for."""
PASSED_OVER = frozenset({"about", "let", "nothing", "on", "ok", "text"})
"""Words of the book that a sentence has for other reasons."""

_TOKEN = re.compile(r"\w[\w-]*(?:\(\))?|[^\w\s!-~]|(?<!\S)[!-~](?!\S)")
"""A word; a glyph; or a sign of ours that is one of punctuation, where it stands alone."""
_ENDINGS = (("ies", "y"), ("es", ""), ("s", ""), ("ed", ""), ("ed", "e"), ("ing", ""), ("ing", "e"))
_LEAST = 3
"""Letters that must be left of a word without its ending."""


def words_of(sentence: str) -> tuple[str, ...]:
    """The names in a sentence that have an entry, as the book has them, each once and in order.

    Of names that overlap, the longest counts. Single letters are left out: `A` is more often an
    article than a rule.
    """
    tokens = _TOKEN.findall(sentence)
    found: dict[str, None] = {}
    at = 0
    while at < len(tokens):
        size, entry = _name_at(tokens, at)
        if entry is not None:
            found.setdefault(entry.word)
        at += size
    return tuple(found)


def _name_at(tokens: list[str], at: int) -> tuple[int, Entry | None]:
    """How many tokens the longest name takes that begins here, and its entry. What a condition
    counts is meant only where no form of the word is anything else.
    """
    for size in range(min(LONGEST, len(tokens) - at), 0, -1):
        *before, last = tokens[at : at + size]
        names = (" ".join([*before, form]) for form in _forms(last))
        found = [entry for name in names if _is_name(name) for entry in find(name)[:1]]
        if found:
            return size, next((entry for entry in found if entry.kind != "predicate"), found[0])
    return 1, None


def _is_name(text: str) -> bool:
    return text.casefold() not in PASSED_OVER and (len(text) > 1 or not text.isalnum())


def _forms(word: str) -> Iterator[str]:
    """A word, then what it may be a form of."""
    yield word
    for ending, instead in _ENDINGS:
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= _LEAST:
            yield stem + instead
            if not instead and stem[-1] == stem[-2]:
                yield stem[:-1]
    numbered = word.rstrip("0123456789")
    if len(numbered) >= _LEAST:
        yield numbered
