"""Expectations and breakpoint conditions: words to a `Condition` with numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from luf_tui.errors import Span, nearest
from luf_tui.machine.events import BY_NAME
from luf_tui.script.op_line import span_of, target_of
from luf_tui.script.program import MOODS, Condition, Value
from luf_tui.script.scope import Scope, Wrong
from luf_tui.script.syntax import Line
from luf_tui.script.vocabulary import PREDICATES

if TYPE_CHECKING:
    from lark import Token

OBLIGATIONS = 42
"""They are O1 to O43; `luf-tui explain O1` tells of one."""


def resolve(scope: Scope, line: Line, tree: Any) -> Condition:
    """A condition. Raises Wrong for the first problem with it."""
    words = list(tree.children)
    negated = words[0].type == "NOT" if hasattr(words[0], "type") else False
    if negated:
        words = words[1:]
    name, *rest = words
    relation, value = "", 0
    if len(rest) >= 2 and getattr(rest[-2], "type", "") == "RELATION":
        relation, value = str(rest[-2]), int(rest[-1])
        rest = rest[:-2]
    predicate = str(name)
    tokens = [arg.children[0] for arg in rest]
    if predicate not in PREDICATES and len(tokens) == 2 and str(tokens[0]) == "on":
        return _on(scope, line, tree, name, tokens[1], negated)
    if predicate not in PREDICATES:
        span = span_of(line, name)
        hint = nearest(predicate, [*PREDICATES, *MOODS]) or f"known: {', '.join(PREDICATES)}"
        raise Wrong(f"nothing can be expected of '{name}'", span, hint)
    args = _arguments(scope, line, PREDICATES[predicate][0], name, tokens)
    return Condition(_span(line, tree), line.text, predicate, args, relation, value, negated)


def _span(line: Line, tree: Any) -> Span:
    return line.span(tree.meta.column, tree.meta.end_column)


def _on(scope: Scope, line: Line, tree: Any, page: Token, node: Token, negated: bool) -> Condition:
    """`text.0 on dram`."""
    target = _target(scope, line, page)
    number = scope.node(str(node), span_of(line, node))
    args: dict[str, Value] = {"target": target, "node": number}
    return Condition(_span(line, tree), line.text, "on", args, "", 0, negated)


def _target(scope: Scope, line: Line, token: Token) -> tuple[int, int, int]:
    found = target_of(scope, str(token), -1, span_of(line, token))
    if len(found) != 1:
        raise Wrong(f"'{token}' has {len(found)} pages", span_of(line, token), "name one")
    return found[0]


def _arguments(
    scope: Scope, line: Line, shape: str, name: Token, tokens: Sequence[Token]
) -> dict[str, Value]:
    if shape == "finding":
        return _finding(scope, line, tokens)
    if shape == "cpus":
        return _mask(scope, line, tokens) if tokens else {}
    args: dict[str, Value] = {}
    left = list(tokens)
    process = -1
    for part in shape.split():
        optional = part.endswith("?")
        if not left and optional:
            break
        if not left:
            raise Wrong(f"'{name}' needs a {part}", span_of(line, name), f"{name} {shape}")
        token = left.pop(0)
        span = span_of(line, token)
        if part.startswith("cpu"):
            args["cpu"] = cpu = scope.cpu(str(token), span)
            task = scope.running.get(cpu, -1)
            process = scope.threads[task].process if task >= 0 else -1
        elif part.startswith("page"):
            args |= _page(scope, line, token, process)
        elif part == "label":
            words = [token, *left]
            left = []
            args["content"] = scope.content(_label(words), span)
        elif part == "kind":
            if str(token) not in BY_NAME:
                raise Wrong(f"no event is called '{token}'", span, nearest(str(token), BY_NAME))
            args["kind"] = str(token)
        elif part == "node":
            args["node"] = scope.node(str(token), span)
        elif part == "actor":
            args["task"] = _task(scope, str(token), span)
    if left:
        hint = f"{name} {shape}".strip()
        raise Wrong(f"'{left[0]}' is one word too many", span_of(line, left[0]), hint)
    return args


def _task(scope: Scope, word: str, span: Span) -> int:
    """The task of an actor. A problem when no task is meant."""
    task, _ = scope.actor(word, span)
    if task < 0:
        raise Wrong(f"'{word}' runs nothing", span, "", ("running", word))
    return task


def _page(scope: Scope, line: Line, token: Token, process: int) -> dict[str, Value]:
    span = span_of(line, token)
    word = scope.aliases.get(str(token), str(token))
    if scope.is_file_page(word):
        return {"page": scope.file_page(word, span)}
    mm, vpn = scope.page_of(word, process, span)
    return {"mm": mm, "vpn": vpn}


def _mask(scope: Scope, line: Line, tokens: Sequence[Token]) -> dict[str, Value]:
    mask = 0
    for token in tokens:
        mask |= 1 << scope.cpu(str(token), span_of(line, token))
    return {"mask": mask}


def _label(words: Sequence[Token]) -> str:
    return " ".join(str(word).strip('"') for word in words)


def _finding(scope: Scope, line: Line, tokens: Sequence[Token]) -> dict[str, Value]:
    """`violation A O2 cpu1 reads secret`: any of them, in any order."""
    args: dict[str, Value] = {}
    left = list(tokens)
    while left:
        token = left.pop(0)
        word = str(token)
        if re.fullmatch(r"[ABCD]", word):
            args["rule"] = word
        elif match := re.fullmatch(r"O([0-9]{1,3})[ab]?", word):
            if not 1 <= int(match.group(1)) <= OBLIGATIONS:
                hint = f"they are O1 to O{OBLIGATIONS}"
                raise Wrong(f"no obligation is called '{word}'", span_of(line, token), hint)
            args["obligation"] = word
        elif word == "reads" and left:
            span = span_of(line, left[0])
            label = _label(left)
            scope.content(label, span)
            if label not in scope.contents:
                label = f"{label} v1"
            args["read"] = label
            left = []
        elif word.startswith("cpu"):
            args["cpu"] = scope.cpu(word, span_of(line, token))
        else:
            hint = "a rule A to D, an obligation such as O2, a CPU, `reads` and a label"
            raise Wrong(f"'{word}' says nothing of a finding", span_of(line, token), hint)
    return args
