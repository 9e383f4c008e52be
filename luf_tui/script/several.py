"""Lines of a forever block that stand for several: `any page`, `any cpu`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any

from attrs import evolve

from luf_tui.errors import Span
from luf_tui.script import operations
from luf_tui.script.declaration import VERBS
from luf_tui.script.op_line import span_of
from luf_tui.script.program import Op
from luf_tui.script.scope import Scope, Wrong
from luf_tui.script.syntax import Line
from luf_tui.script.values import FRESH

if TYPE_CHECKING:
    from lark import Token

Words = dict[int, str]
"""What stands for some tokens of a line, by their columns."""


def places(tree: Any) -> list[Token]:
    """The tokens of an operation line that say `any`, from left to right."""
    found = [token for token in tokens(tree) if str(token).startswith("any ")]
    return sorted(found, key=lambda token: token.column or 0)


def tokens(tree: Any) -> Iterator[Token]:
    """Every token of a tree."""
    for child in tree.children:
        if hasattr(child, "children"):
            yield from tokens(child)
        else:
            yield child


def expanded(scope: Scope, line: Line, tree: Any) -> list[Op]:
    """The operations that a line of a forever block stands for: one for each page that its verb can
    name for who acts, and for each CPU that runs a task. Raises Wrong when there is none.
    """
    open_places = places(tree)
    kind = VERBS[tree.children[1].data].verb
    names = next((token for token in tokens(tree) if token.type == "NEW"), None)
    if open_places and names is not None:
        hint = f"'{names}' is one thing: name one page"
        raise Wrong("a line that names something stands for one", span_of(line, names), hint)
    found: list[Op] = []
    first: Wrong | None = None
    for words in _choices(scope, tree, open_places):
        if any(words.count(word) > 1 for word in words):
            continue
        chosen = {token.column or 0: word for token, word in zip(open_places, words, strict=True)}
        try:
            op = operations.resolve(scope, line, _with(tree, chosen))
        except Wrong as wrong:
            first = first or wrong
            continue
        text = _text(line, open_places, chosen) + _label(scope, kind.kinds, tree, op)
        pages = tuple(word for word in words if not word.startswith("cpu"))
        found.append(evolve(op, text=text, chosen=pages, line=line.text))
    if not found:
        raise first or Wrong(f"there is none for '{open_places[0]}'", span_of(line, open_places[0]))
    return found


def _choices(scope: Scope, tree: Any, open_places: Sequence[Token]) -> Iterator[tuple[str, ...]]:
    """What may stand at the open places of a line, together."""
    actor = tree.children[0]
    if actor not in open_places:
        yield from product(*(_pages(scope, str(actor), token) for token in open_places))
        return
    for cpu in sorted(scope.running):
        pages = (_pages(scope, f"cpu{cpu}", token) for token in open_places[1:])
        yield from product([f"cpu{cpu}"], *pages)


def _pages(scope: Scope, actor: str, token: Token) -> list[str]:
    """What `any page` may stand for at a place: pages of files, of the acting process, or for the
    kernel of every process.
    """
    if token.type == "FILE_PAGE":
        return [f"{file.name}.{n}" for file in scope.files for n in range(file.pages)]
    task, _ = scope.actor(actor, Span(1))
    number = scope.threads[task].process if task >= 0 else -1
    if number >= 0 and token.type != "TARGET":
        return scope.processes[number].pages
    owners = scope.processes if number < 0 else [scope.processes[number]]
    regions = [region for process in scope.processes for region in process.regions]
    return [
        page
        if regions.count(page.partition(".")[0]) == 1 and not scope.is_file_page(page)
        else f"{process.name}.{page}"
        for process in owners
        for page in process.pages
    ]


def _with(tree: Any, chosen: Words) -> Any:
    """The tree of a line with other words in some places."""
    from lark import Tree  # noqa: PLC0415

    children = [
        _with(child, chosen)
        if isinstance(child, Tree)
        else child.update(value=chosen[child.column])
        if child.column in chosen
        else child
        for child in tree.children
    ]
    return Tree(tree.data, children, tree.meta)


def _text(line: Line, open_places: Sequence[Token], chosen: Words) -> str:
    text = line.text
    for token in reversed(open_places):
        column, end = token.column or 1, token.end_column or 1
        text = text[: column - 1] + chosen[column] + text[end - 1 :]
    return text


def _label(scope: Scope, kinds: Sequence[tuple[str, Any]], tree: Any, op: Op) -> str:
    """The content that a line stores without saying which, so that it is the same every time."""
    stores = any(kind.rule == "content" for _, kind in kinds)
    if not stores or any(child.data == "content" for child in tree.children[1].children):
        return ""
    content: int = op.args.content  # type: ignore[attr-defined]
    return "" if content == FRESH else f' "{list(scope.contents)[content]}"'
