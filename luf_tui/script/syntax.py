"""From text to lines, and from a line to a syntax tree, with positions and hints kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from luf_tui.errors import InputError, Problem, Span, nearest
from luf_tui.script.declaration import Verb
from luf_tui.script.parameters import WORDS
from luf_tui.script.verbs import VERBS, verbs_called, verbs_of

if TYPE_CHECKING:
    from lark import Lark, Token, Tree
    from lark.lexer import TerminalDef

WHOLE = r"(?![\w.-])"
"""After a word of the language: no more of a word."""
KEYWORDS: dict[str, str] = {}
"""The words of the grammar itself, by the names that lark has given them."""
MOST_WORDS = 12
"""Words that are listed where others would do."""
LIKE_A_VERB = 0.7
"""How much a word must be like a verb to be taken for it; verbs are many, and listed otherwise."""
MAX_LINE = 2000
MAX_BYTES = 4_000_000
MOST_PROBLEMS = 200
"""Problems after which the rest of a file is left unread: it is no scenario. Fewer are told."""
LONGEST_WORD = 60
"""Characters of a wrong word that are repeated."""
READABLE = {
    "$END": "the end of the line",
    "<END-OF-FILE>": "the end of the line",
    "_PAGES": "page",
    "REST": "text",
    "NUMBER": "a number",
    "NAME": "a name",
    "STRING": "words in quotes",
    "RELATION": "a relation",
}
"""What the grammar's terminals are called before a person; lark has two names for the end."""


@frozen
class Line:
    """A logical line: its number, its text without comment, and its source."""

    number: int
    text: str
    indent: int
    """Columns before the text; negative when the text begins with words nobody typed."""

    def span(self, column: int, end: int) -> Span:
        """A span of this line, given columns of `text` counted from 1."""
        return Span(self.number, max(1, column + self.indent), max(2, end + self.indent))

    @property
    def whole(self) -> Span:
        """The span of the whole text."""
        return self.span(1, len(self.text) + 1)


def read_text(path: str) -> str:
    """The text of a scenario file. Raises InputError when there is none to be had."""
    try:
        data = Path(path).read_bytes()
    except IsADirectoryError:
        hint = f"`luf-tui list {path}` names what is in it"
        raise InputError(path, (Problem("this is a folder", hint=hint),)) from None
    except OSError as error:
        hint = "see `luf-tui list` for the shipped scenarios"
        raise InputError(path, (Problem(error.strerror or "cannot be read", hint=hint),)) from None
    if len(data) > MAX_BYTES:
        raise InputError(path, (Problem("too large for a scenario"),))
    if b"\0" in data[:4096]:
        raise InputError(path, (Problem("a binary file, not a scenario"),))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputError(path, (Problem("this is not UTF-8 text", Span(line)),)) from None


def split(text: str) -> tuple[list[Line], tuple[str, ...]]:
    """Logical lines, and the source lines that problems quote."""
    source = tuple(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    lines = []
    for number, raw in enumerate(source, start=1):
        body = strip_comment(raw.expandtabs(8)).rstrip()
        stripped = body.lstrip()
        if stripped:
            lines.append(Line(number, stripped, len(body) - len(stripped)))
    return lines, tuple(raw.expandtabs(8) for raw in source)


def strip_comment(raw: str) -> str:
    """The line without its comment. A # inside quotes or a word starts none."""
    if re.match(r"\s*(title|about|note)\b", raw):
        return raw
    quoted = False
    for at, char in enumerate(raw):
        if char == '"':
            quoted = not quoted
        elif char == "#" and not quoted and (at == 0 or raw[at - 1].isspace()):
            return raw[:at]
    return raw


def _grammar() -> str:
    """The grammar: what the file says, and the verbs with their parameters."""
    verbs = "\n    | ".join(_alternative(kind.verb) for kind in VERBS.values())
    kinds = {kind.rule: kind for one in VERBS.values() for _, kind in one.verb.kinds}
    rules = [f"{kind.rule}: {kind.grammar}" for kind in kinds.values() if kind.grammar]
    words = [
        f"{name}.3: /({'|'.join(word.choices)}){WHOLE}/" if word.choices else f"{name}: NAME"
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


def parse_line(line: Line) -> Tree[Token] | Problem:
    """A line's syntax tree, or the problem with it."""
    from lark.exceptions import (  # noqa: PLC0415
        UnexpectedCharacters,
        UnexpectedEOF,
        UnexpectedToken,
    )

    if len(line.text) > MAX_LINE:
        hint = f"{len(line.text)} characters; at most {MAX_LINE} are read; a long note can be two"
        return Problem("this line is too long", line.span(1, 2), hint)
    try:
        return parser().parse(line.text)
    except UnexpectedToken as error:
        if error.token.type == "$END":
            end = len(line.text) + 1
            return Problem(
                "the line ends too early", line.span(end, end + 1), _wanted(error, line, "")
            )
        column = error.column or 1
        word = str(error.token)
        span = line.span(column, column + len(word))
        return Problem(f"'{shortened(word)}' does not fit here", span, _wanted(error, line, word))
    except UnexpectedCharacters as error:
        match = re.match(r"\S+", line.text[error.column - 1 :])
        word = match.group(0) if match else line.text[error.column - 1 :]
        span = line.span(error.column, error.column + len(word))
        return Problem(f"'{shortened(word)}' does not fit here", span, _wanted(error, line, word))
    except UnexpectedEOF:
        end = len(line.text) + 1
        return Problem("the line ends too early", line.span(end, end + 1))


def shortened(word: str) -> str:
    """A word as a message has it."""
    return word if len(word) <= LONGEST_WORD else f"{word[:LONGEST_WORD]}…"


def _wanted(error: object, line: Line, word: str) -> str:
    """What could stand there: the nearest word, or all that can be said; and a line that is right,
    once it is known which verb is meant.
    """
    names = getattr(error, "accepts", None) or getattr(error, "expected", None)
    names = sorted(names or getattr(error, "allowed", None) or ())
    words = [KEYWORDS[name] for name in names if name in KEYWORDS]
    choices = [choice for name in names if name in WORDS for choice in WORDS[name].choices]
    words += choices
    actor, _, rest = line.text.partition(" ")
    if all(kind.verb.word in words for kind in VERBS.values()):
        close = nearest(word, words, LIKE_A_VERB) if word else ""
        return close or f"expected {', '.join(verbs_of(actor))}"
    close = nearest(word, words) if word else ""
    if close.startswith("did"):
        return f"{close} It may be {', '.join(choices)}" if choices else close
    kinds = [WORDS[name].expected for name in names if name in WORDS]
    kinds += [READABLE[name] for name in names if name in READABLE]
    kinds += [f"'{sign}'" for sign in _signs(names)]
    told = [*sorted(words), *kinds] if len(words) <= MOST_WORDS else kinds
    hints = [f"expected {', '.join(dict.fromkeys(filter(None, told)))}"] if told else [close]
    hints += [f"as in `{verb.example}`" for verb in verbs_called(rest.split(" ")[0])]
    return "; ".join(filter(None, hints))


def _signs(names: Sequence[str]) -> list[str]:
    """Terminals that are one character."""
    patterns = [
        parser().get_terminal(name).pattern.value.replace("\\", "")
        for name in names
        if name not in KEYWORDS and name not in WORDS and name not in READABLE
    ]
    return [pattern for pattern in patterns if len(pattern) == 1]
