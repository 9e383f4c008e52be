"""What a mapping allows: protection and sharing, as `mmap` and `mprotect` lines say them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from luf_tui.errors import Span
from luf_tui.script.scope import Wrong

if TYPE_CHECKING:
    from lark import Token

PROTECTION = ("none", "read-only", "read-write")
SHARING = ("private", "shared")


def rights_of(
    words: Sequence[Any], span: Callable[[Token], Span], *, sharing: bool = True
) -> set[str]:
    """The rights among a line's words: one protection, and one kind of sharing where it can be.

    Raises Wrong when they contradict each other.
    """
    tokens = [token for token in words if token.type == "RIGHT"]
    for alike in (PROTECTION, SHARING):
        several = [token for token in tokens if str(token) in alike]
        hint = f"one of {', '.join(alike if sharing else PROTECTION)}"
        if several and alike is SHARING and not sharing:
            raise Wrong(f"mprotect makes nothing '{several[0]}'", span(several[0]), hint)
        if len(several) > 1:
            raise Wrong(f"'{several[1]}' after '{several[0]}'", span(several[1]), hint)
    return {str(token) for token in tokens}
