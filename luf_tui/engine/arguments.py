"""How a line becomes an operation: which one its verb begins, and with which locals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar

from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import Operation
from luf_tui.errors import Refused
from luf_tui.machine.schema import Frame
from luf_tui.script.declaration import Arguments
from luf_tui.script.program import Op
from luf_tui.script.values import Pages, Target

Start: TypeAlias = "tuple[type[Operation], Mapping[str, object]]"
"""The operation that a line begins, and its locals."""
A = TypeVar("A", bound=Arguments)

STARTS: dict[type[Arguments], Callable[[Kernel, Op, Any], Start]] = {}
"""How each verb begins. A start raises Refused when the machine cannot do it now."""


def starts(
    kind: type[A],
) -> Callable[[Callable[[Kernel, Op, A], Start]], Callable[[Kernel, Op, A], Start]]:
    """Marks the function that begins a verb."""

    def register(start: Callable[[Kernel, Op, A], Start]) -> Callable[[Kernel, Op, A], Start]:
        STARTS[kind] = start
        return start

    return register


def range_of(k: Kernel, where: Pages) -> dict[str, object]:
    """Pages of an address space as the locals of an operation."""
    return {"mm": k.m.mm[where.mm], "vpn": where.vpn, "pages": where.pages}


def check_large(k: Kernel, op: Op) -> None:
    """Raises Refused when a line is about large pages and the machine has none."""
    if not k.m.pmd:
        raise Refused(f"{op.text.strip()}: put `huge-pages N` on the machine line")


def frame_of(k: Kernel, target: Target) -> Frame | None:
    """The frame a target names now: a virtual page's, or a page-cache position's."""
    if target.cached:
        return k.m.file_page[target.space].frame
    return k.m.pte_at(k.m.mm[target.space], target.vpn).frame


def bytes_of(content: int) -> int | None:
    """The bytes that an allocation is given; None leaves them as they are."""
    return None if content < 0 else content
