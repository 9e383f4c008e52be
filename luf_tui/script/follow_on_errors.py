"""Names that lines with mistakes would have made: what hangs on them is no mistake of its own."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from luf_tui.script.declaration import Lost
from luf_tui.script.verbs import VERBS

FIRST = ("process", "file", "let", "machine", "race", "forever", "end")
MAKERS = {
    kind.verb.word: makers
    for kind in VERBS.values()
    if (makers := [one.lost for _, one in kind.verb.kinds if one.lost is not None])
}
"""Verbs that make names, and how each of their parameters does."""
LIKENESS = 0.7


def lost_with(text: str) -> set[Lost]:
    """The names a line would have made, had it been right."""
    words = text.replace(",", " ").split()
    first = _meant(words[0], FIRST) if words else ""
    if first == "machine":
        made = {_meant(word, ("cpus", "cxl")) for word in words}
        return {lost for lost in (("machine", "cpus"), ("node", "cxl")) if lost[1] in made}
    if first in ("race", "forever", "end"):
        return {("race", "end" if first == "end" else "race")}
    if len(words) < 2:
        return set()
    if first:
        return {("region" if first == "let" else first, words[1])}
    return _by_verb(words, _meant(words[1], MAKERS))


def _by_verb(words: list[str], verb: str) -> set[Lost]:
    """The names an operation line makes."""
    made = [lost(words) for lost in MAKERS.get(verb, ())]
    return set().union(*made)


def _meant(word: str, known: Iterable[str]) -> str:
    """The known word that a misspelt one stands for; empty if it is like none."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=LIKENESS)
    return close[0] if close else ""
