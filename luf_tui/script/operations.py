"""Operation lines: who does it where, and the verb's arguments from its declaration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from luf_tui.script.declaration import CPU, VERBS, Arguments, ParameterKind, Performer, Verb
from luf_tui.script.op_line import OpLine, span_of
from luf_tui.script.program import Op
from luf_tui.script.scope import Scope, Wrong
from luf_tui.script.syntax import Line


def resolve(scope: Scope, line: Line, tree: Any) -> Op:
    """An operation line as an `Op`. Raises Wrong for the first problem with it."""
    actor, words, *rest = tree.children
    span = span_of(line, actor)
    task, cpu = scope.actor(str(actor), span)
    kind = VERBS[words.data]
    reading = OpLine(scope, line, str(actor), task, cpu)
    args = _arguments(reading, kind, words.children)
    verb = kind.verb
    if verb.performer is Performer.MACHINE:
        task = cpu = -1
    elif verb.performer is Performer.CPU and cpu >= 0:
        task = -1
    elif task < 0 and cpu >= 0 and not verb.begins:
        pass  # it goes on with what the CPU does by itself
    elif task < 0 and cpu >= 0:
        task = scope.kernel_thread("kernel") if verb.for_kernel else -1
        if task < 0:
            hint = f"put a process there: `{actor} run …`"
            raise Wrong(f"{actor} runs nothing", span, hint, ("running", str(actor)))
    elif task < 0 and not verb.anywhere:
        hint = f"as in `cpu1 run {actor}`"
        raise Wrong(f"'{actor}' runs on no CPU", span, hint, ("running", str(actor)))
    stop = "-".join(str(word) for word in rest[0].children) if rest else ""
    return Op(line.whole, line.text, task, cpu, args, stop)


def _arguments(reading: OpLine, kind: type[Arguments], trees: Sequence[Any]) -> Arguments:
    verb, left = kind.verb, list(trees)
    if verb.only and not _may(reading.actor, verb):
        alike = [other.verb for other in VERBS.values() if other.verb.word == verb.word]
        hint = "as in " + ", ".join(f"`{other.example}`" for other in alike)
        who = " or ".join(other.by for other in alike)
        raise Wrong(f"only {who} can '{verb.word}'", reading.line.whole, hint)
    verb.check(reading)
    found = {name: one.resolve(reading, _taken(one, left)) for name, one in verb.kinds}
    verb.after(reading)
    return kind(**found)


def _may(actor: str, verb: Verb) -> bool:
    return actor.startswith("cpu") if verb.by == CPU else actor == verb.by


def _taken(kind: ParameterKind[Any], left: list[Any]) -> Sequence[Any]:
    """The words of a parameter; of a clause said twice, the last ones."""
    mine = [tree for tree in left if tree.data == kind.rule]
    if not mine:
        return ()
    tree = mine[-1] if kind.clause else mine[0]
    left.remove(tree)
    return tuple(tree.children)
