"""A line that is an operation, while it is being read: who acts, and what its words name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from attrs import frozen

from luf_tui.errors import Span
from luf_tui.script.program import Value
from luf_tui.script.scope import Scope, Wrong
from luf_tui.script.syntax import Line

if TYPE_CHECKING:
    from lark import Token

Args: TypeAlias = "dict[str, Value]"


@frozen
class Said:
    """An operation line being read: who acts, and the tree of what they do."""

    scope: Scope
    line: Line
    actor: str
    task: int
    cpu: int
    words: Sequence[Any]

    def span(self, token: Token) -> Span:
        """Where a token stands."""
        return span_of(self.line, token)

    @property
    def process(self) -> int:
        """The acting task's process, or the process that acts itself; -1 for the kernel."""
        if self.task >= 0:
            return self.scope.threads[self.task].process
        names = [p.name for p in self.scope.processes]
        return names.index(self.actor) if self.actor in names else -1

    @property
    def user(self) -> int:
        """The acting process. A problem when there is none."""
        if self.process < 0:
            who = self.actor
            hint = f"put a process there first: `{who} run …`" if who.startswith("cpu") else ""
            raise Wrong(f"{who} runs no process", self.line.whole, hint, ("running", who))
        return self.process


def span_of(line: Line, token: Token) -> Span:
    """Where a token stands in its file."""
    column = token.column or 1
    return line.span(column, token.end_column or column + 1)


def text_of(tree: Any) -> str:
    """A label's text, without quotes."""
    text = str(tree.children[0])
    return text[1:-1] if text.startswith('"') else text


def label(said: Said, rest: Sequence[Any], fallback: str) -> int:
    """The content code of an optional label; a name of its own when there is none."""
    if rest:
        return said.scope.new_content(text_of(rest[0]))
    return said.scope.next_version(fallback)


def own_page(said: Said, token: Token) -> int:
    """A page of the acting process; a qualified name must be its own."""
    owner, vpn = said.scope.page_of(str(token), said.user, said.span(token))
    if owner != said.user:
        mine = said.scope.processes[said.user].name
        raise Wrong(f"'{token}' is not a page of '{mine}'", said.span(token))
    return vpn


def count_of(said: Said, token: Token) -> int:
    """A number of pages."""
    count = int(token)
    if not 1 <= count <= 512:
        raise Wrong("between 1 and 512 pages", said.span(token))
    return count


def range_of(said: Said) -> Args:
    """The region or page of any process that comes first in the line."""
    token = said.words[0]
    owner, vpn, pages = said.scope.range_of(str(token), said.process, said.span(token))
    return {"mm": owner, "vpn": vpn, "pages": pages}


def target_of(scope: Scope, word: str, process: int, span: Span) -> list[tuple[int, int, int]]:
    """What a page word names for kernel actors: virtual pages, or a page of a file."""
    word = scope.aliases.get(word, word)
    if scope.is_file_page(word):
        return [(1, scope.file_page(word, span), 0)]
    owner, vpn, pages = scope.range_of(word, process, span)
    return [(0, owner, vpn + n) for n in range(pages)]


def targets(said: Said, tokens: Sequence[Any]) -> Args:
    """Several of them."""
    found: list[tuple[int, ...]] = []
    for token in tokens:
        found += target_of(said.scope, str(token), said.process, said.span(token))
    return {"targets": tuple(found)}


def one_target(said: Said) -> Args:
    """Exactly one page."""
    token = said.words[0]
    found = target_of(said.scope, str(token), said.process, said.span(token))
    if len(found) != 1:
        raise Wrong(f"'{token}' has {len(found)} pages", said.span(token), "name one")
    return {"target": found[0]}
