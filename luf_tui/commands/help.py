"""`luf-tui help`: the verbs of the scenario language, by who does them, or one of them in full."""

from __future__ import annotations

import argparse
import re
from typing import Any

from luf_tui import knowledge
from luf_tui.commands import terminal
from luf_tui.errors import LufError, nearest
from luf_tui.script.declaration import CPU, PROCESS, ParameterKind, Verb
from luf_tui.script.parameters import WORDS
from luf_tui.script.verbs import VERBS, verbs_by_actor, verbs_called

HALF_WAY = "Every operation may end in `stop before STEP`, to go on with `resume`."
BY_ITS_CPU = "A CPU may stand for the process that it runs: `cpu1 munmap heap`."
OTHER_WORDS = {
    "NUMBER": "a number",
    "label": "a name for what it holds from then on, such as secret",
}
"""What stands in parameters and is no word of their own."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("verb", nargs="?", metavar="VERB", help="a verb; without one, all of them")


def run(args: argparse.Namespace) -> int:
    """Print one line a verb, by actor; or what there is to say about one."""
    if args.verb is None:
        _list()
        return terminal.HELD
    verbs = verbs_called(args.verb)
    if not verbs:
        raise LufError(f"no verb is called '{args.verb}'; {_hint(args.verb)}")
    for line in [line for verb in verbs for line in _told(verb)]:
        terminal.put(line)
    notes = [BY_ITS_CPU] if any(verb.by == PROCESS for verb in verbs) else []
    notes += [HALF_WAY] if any(verb.begins for verb in verbs) else []
    for line in ["", *notes] if notes else []:
        terminal.say(line)
    return terminal.HELD


def _hint(word: str) -> str:
    """Where a word that is no verb is told of, or the verb that was meant."""
    if knowledge.find(word):
        return f"`luf-tui explain {word}` says what that is"
    words = [kind.verb.word for kind in VERBS.values()]
    return nearest(word, words) or "`luf-tui help` lists them, `luf-tui --help` the commands"


def _list() -> None:
    rows = [
        (actor if verb is verbs[0] else "", verb.word, verb.about)
        for actor, verbs in verbs_by_actor().items()
        for verb in verbs
    ]
    for line in terminal.table(rows):
        terminal.put(line)
    terminal.say(HALF_WAY)
    terminal.say("`luf-tui help VERB` says more of one; `luf-tui --help` tells of the commands")


def _told(verb: Verb) -> list[str]:
    """How a line with the verb is written, what it does, what its operands are, and an example."""
    actor = {CPU: "CPU", PROCESS: "PROCESS"}.get(verb.by, verb.by)
    rows = [(kind.usage, _operand(kind)) for _, kind in verb.kinds]
    operands = [f"    {line}" for line in terminal.table([row for row in rows if row[1]])]
    return [f"{actor} {verb.usage}", f"  {verb.about}", *operands, f"  as in `{verb.example}`"]


def _operand(kind: ParameterKind[Any]) -> str:
    """What the words of a parameter are; nothing where its usage has every choice."""
    names = re.findall(r"\b(?:[A-Z][A-Z_]*|label)\b", kind.grammar)
    words = [WORDS[name] for name in names if name in WORDS]
    told = [word.expected or ", ".join(word.choices) for word in words]
    if told == [kind.usage.strip("[]").replace("|", ", ")]:
        return ""
    told += [OTHER_WORDS[name] for name in names if name in OTHER_WORDS]
    return ", ".join(dict.fromkeys(told))
