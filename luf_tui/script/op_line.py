"""A line that is an operation, while it is being read: who acts, and what its words name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define

from luf_tui.errors import Span
from luf_tui.script.scope import Scope, Wrong
from luf_tui.script.values import Target

if TYPE_CHECKING:
    from lark import Token

    from luf_tui.script.syntax import Line


@define
class OpLine:
    """An operation line being read: who acts, and what its first words have named so far."""

    scope: Scope
    line: Line
    actor: str
    task: int
    cpu: int
    page: str = ""
    """The page it is about, as its own process calls it."""
    space: int = -1
    """The address space of that page."""
    pages: int = 0
    """How many pages a mapping that it makes will have."""

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


def goes_through_pins(reading: OpLine) -> None:
    """Raises Wrong where a machine does not know which page was pinned at which address."""
    if not reading.scope.switches.get("pinned_io"):
        hint = "put `pinned-io` on the machine line"
        raise Wrong("on this machine nobody reads or writes through pins", reading.line.whole, hint)


def maps_frames(reading: OpLine) -> None:
    """Raises Wrong where a machine has no place for memory that is mapped by frame number."""
    if not reading.scope.switches.get("frame_maps"):
        hint = "put `frame-maps` on the machine line"
        raise Wrong("on this machine no driver maps its memory", reading.line.whole, hint)


def span_of(line: Line, token: Token) -> Span:
    """Where a token stands in its file."""
    column = token.column or 1
    return line.span(column, token.end_column or column + 1)


def target_of(scope: Scope, word: str, process: int, span: Span) -> list[Target]:
    """What a page word names for kernel actors: virtual pages, or a page of a file."""
    word = scope.aliases.get(word, word)
    if scope.is_file_page(word):
        return [Target(1, scope.file_page(word, span))]
    owner, vpn, pages = scope.range_of(word, process, span)
    return [Target(0, owner, vpn + n) for n in range(pages)]
