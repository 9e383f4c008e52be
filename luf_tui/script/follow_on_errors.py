"""Names that lines with mistakes would have made: what hangs on them is no mistake of its own."""

from __future__ import annotations

import difflib
from itertools import pairwise
from typing import TypeAlias

Lost: TypeAlias = "tuple[str, str]"
"""What kind of name, and the name."""

FIRST = ("process", "file", "let", "machine", "race", "end")
VERBS = ("mmap", "fork", "run", "alloc", "write", "pwrite", "change")
LIKENESS = 0.7


def lost_with(text: str) -> set[Lost]:
    """The names a line would have made, had it been right."""
    words = text.replace(",", " ").split()
    first = _meant(words[0], FIRST) if words else ""
    if first == "machine":
        made = {_meant(word, ("cpus", "cxl")) for word in words}
        return {lost for lost in (("machine", "cpus"), ("node", "cxl")) if lost[1] in made}
    if first in ("race", "end"):
        return {("race", first)}
    if len(words) < 2:
        return set()
    if first:
        return {("region" if first == "let" else first, words[1])}
    return _by_verb(words, _meant(words[1], VERBS))


def _by_verb(words: list[str], verb: str) -> set[Lost]:
    """The names an operation line makes."""
    third = words[2] if len(words) > 2 else ""
    if verb in ("mmap", "fork"):
        kind = "region" if verb == "mmap" else "process"
        return {(kind, name) for word, name in pairwise(words) if word == "as"}
    if verb == "run":
        return {("running", words[0]), ("running", third)}
    if verb == "alloc":
        labels = {("label", name.strip('"')) for name in words[3:]}
        return {("object", third), *labels}
    if verb:
        return {("label", " ".join(words[3:]).strip('"'))}
    return set()


def _meant(word: str, known: tuple[str, ...]) -> str:
    """The known word that a misspelt one stands for; empty if it is like none."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=LIKENESS)
    return close[0] if close else ""
