"""What could stand at a place of a line that no rule fits, told so that the line can be mended."""

from __future__ import annotations

import re
from collections.abc import Iterable

from luf_tui.errors import nearest
from luf_tui.script.declaration import CPU, PROCESS, Verb
from luf_tui.script.line_grammar import KEYWORDS, Stuck, parser
from luf_tui.script.parameters import WORDS
from luf_tui.script.verbs import VERBS, verbs_called, verbs_of
from luf_tui.script.vocabulary import LINES

MOST_WORDS = 12
"""Words that are listed where others would do."""
LIKE_A_VERB = 0.7
"""How much a word must be like a verb to be taken for it; verbs are many, and listed otherwise."""
LIKE_A_WORD = 0.6
"""The same of any other word of the language."""
READABLE = {
    "$END": "the end of the line",
    "_PAGES": "page",
    "REST": "text",
    "NUMBER": "a number",
    "NAME": "a name",
    "TURN": "a turn such as app/1",
    "ANY_CPU": "any cpu",
    "STRING": "words in quotes",
    "RELATION": "a relation",
    "MOOD": "always or sometimes",
}
"""What the grammar's terminals are called before a person."""


def expected(found: Stuck, text: str) -> str:
    """The nearest word, all that may stand there, and how such a line is written."""
    names = sorted(found.allowed)
    words = [KEYWORDS[name] for name in names if name in KEYWORDS]
    words += [choice for name in names if name in WORDS for choice in WORDS[name].choices]
    actor, _, rest = text.partition(" ")
    if all(kind.verb.word in words for kind in VERBS.values()):
        return _of_verbs(actor, found.word, words)
    kinds = [WORDS[name].expected for name in names if name in WORDS]
    kinds += [READABLE[name] for name in names if name in READABLE]
    kinds += [f"'{sign}'" for sign in _signs(names)]
    told = [*sorted(words), *kinds] if len(words) <= MOST_WORDS else kinds
    listed = ", ".join(dict.fromkeys(filter(None, told)))
    close = nearest(found.word, words, LIKE_A_WORD) if found.word else ""
    first = f"expected {listed}"
    if close.startswith("did"):
        first = f"{close} It may be {listed}" if len(told) > 1 else f"{close} Nothing else may be"
    return "; ".join(filter(None, (first, _written(actor, rest))))


def who_does(word: str) -> str:
    """How lines with a verb are written, for a line that begins with it; empty if it is none."""
    forms = (
        f"`{_subject(verb)} {verb.usage}`, as in `{verb.example}`" for verb in verbs_called(word)
    )
    return ", or ".join(forms)


def _of_verbs(actor: str, word: str, words: Iterable[str]) -> str:
    """The nearest verb with its operands, or all that the actor does."""
    close = nearest(word, words, LIKE_A_VERB) if word else ""
    if not close:
        return f"expected {', '.join(verbs_of(actor))}"
    meant = close.split("'")[1]
    return f"{close} T{_line(actor, verbs_called(meant))[1:]}"


def _written(actor: str, rest: str) -> str:
    """How a line of this kind is written, where its first words say of what kind it is."""
    if actor in LINES:
        return f"the line is `{LINES[actor]}`"
    word = rest.partition(" ")[0]
    if word == "on":
        return "the line is `ACTOR on CPU`, as in `kswapd on cpu1`"
    return _line(actor, verbs_called(word)) if verbs_called(word) else ""


def _line(actor: str, verbs: Iterable[Verb]) -> str:
    named = re.fullmatch(r"[\w/-]+", actor)
    forms = (
        f"`{actor if named else _subject(verb)} {verb.usage}`, as in `{verb.example}`"
        for verb in verbs
    )
    return f"the line is {', or '.join(forms)}"


def _subject(verb: Verb) -> str:
    return {CPU: "CPU", PROCESS: "PROCESS"}.get(verb.by, verb.by)


def _signs(names: Iterable[str]) -> list[str]:
    """Terminals that are one character."""
    patterns = [
        parser().get_terminal(name).pattern.value.replace("\\", "")
        for name in names
        if name not in KEYWORDS and name not in WORDS and name not in READABLE
    ]
    return [pattern for pattern in patterns if len(pattern) == 1]
