"""The grammar of a line: what grammar.lark says, and the verbs with their parameters."""

from __future__ import annotations

import re
from collections.abc import Collection
from copy import copy
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

from luf_tui.script.declaration import Verb
from luf_tui.script.parameters import WORDS
from luf_tui.script.verbs import VERBS

if TYPE_CHECKING:
    from lark import Lark
    from lark.lexer import TerminalDef

WHOLE = r"(?![\w.-])"
"""After a word of the language: no more of a word."""
KEYWORDS: dict[str, str] = {}
"""The words of the grammar itself, by the names that lark has given them."""


@frozen
class Stuck:
    """Where a line that no rule fits goes wrong."""

    column: int
    """Of the line's text, counted from 1."""
    word: str
    """What stands there; empty at the end of the line."""
    allowed: Collection[str]
    """The terminals of the grammar that could stand there."""


def _grammar() -> str:
    """The grammar: what the file says, and the verbs with their parameters."""
    verbs = "\n    | ".join(_alternative(kind.verb) for kind in VERBS.values())
    kinds = {kind.rule: kind for one in VERBS.values() for _, kind in one.verb.kinds}
    rules = [f"{kind.rule}: {kind.grammar}" for kind in kinds.values() if kind.grammar]
    words = [
        f"{name}.3: /({'|'.join(word.choices)}){WHOLE}/"
        if word.choices
        else f"{name}: NAME{' | ANY_PAGE' if word.any else ''}"
        for name, word in WORDS.items()
    ]
    written = Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
    return "\n".join([written, f"verb: {verbs}", *rules, *words, ""])


def _alternative(verb: Verb) -> str:
    """A verb as the grammar has it; its clauses stand in any order."""
    kinds = [kind for _, kind in verb.kinds if kind.grammar]
    parts = [f"{kind.rule}?" if kind.optional else kind.rule for kind in kinds if not kind.clause]
    if clauses := [kind.rule for kind in kinds if kind.clause]:
        parts.append(f"({' | '.join(clauses)})*")
    return f'"{verb.word}" {" ".join(parts)} -> {verb.rule}'


def _whole_word(terminal: TerminalDef) -> None:
    """A keyword is a whole word, and comes before a name that is the same."""
    from lark.lexer import PatternRE, PatternStr  # noqa: PLC0415

    if isinstance(terminal.pattern, PatternStr) and terminal.pattern.value[0].isalpha():
        KEYWORDS[terminal.name] = terminal.pattern.value
        terminal.pattern = PatternRE(re.escape(terminal.pattern.value) + WHOLE)
        terminal.priority = 3


@cache
def parser() -> Lark:
    """The line parser. Lark is loaded only when something is parsed."""
    from lark import Lark  # noqa: PLC0415

    return Lark(
        _grammar(),
        parser="lalr",
        propagate_positions=True,
        maybe_placeholders=False,
        edit_terminals=_whole_word,
    )


def stuck(text: str) -> Stuck:
    """Where a line goes wrong, and what could stand there. It is one that the parser refuses."""
    from lark.exceptions import UnexpectedInput  # noqa: PLC0415

    reading: Any = parser().parse_interactive(text)
    before, last = reading, None
    # What a state allows is asked before the wrong word comes: that word has the parser take what
    # is there for whole, and then it is another state.
    try:
        for token in reading.iter_parse():
            before, last = copy(reading), token
    except UnexpectedInput as error:
        refused = getattr(error, "token", None) is last
        column = max(1, error.column)
        match = re.match(r"[^ \t]+", text[column - 1 :])
        allowed = (before if refused else reading).accepts()
        return Stuck(column, match.group(0) if match else "", allowed)
    return Stuck(len(text) + 1, "", reading.accepts())
