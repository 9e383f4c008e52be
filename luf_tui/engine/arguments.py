"""Arguments of a program line as the engine reads them: numbers, ranges, frames."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import Operation
from luf_tui.machine.schema import Frame, Mm
from luf_tui.script.program import Op

Start: TypeAlias = "tuple[type[Operation], Mapping[str, object]]"
"""The operation that a line begins, and its locals."""


def number(op: Op, name: str, default: int = 0) -> int:
    """An argument that is one number."""
    value = op.args.get(name, default)
    assert isinstance(value, int)
    return value


def mm_of(k: Kernel, op: Op) -> Mm:
    """The address space an operation is about: named, or that of the acting task."""
    if "mm" in op.args:
        return k.m.mm[number(op, "mm")]
    mm = k.m.task[op.task].mm
    assert mm
    return mm


def range_of(k: Kernel, op: Op) -> dict[str, object]:
    """The pages of an address space that an operation is about, as its locals."""
    return {"mm": mm_of(k, op), "vpn": number(op, "vpn"), "pages": number(op, "pages")}


def frame_of(k: Kernel, target: tuple[int, ...]) -> Frame | None:
    """The frame a target names now: a virtual page's, or a page-cache position's."""
    kind, a, b = target
    if kind == 1:
        return k.m.file_page[a].frame
    return k.m.pte_at(k.m.mm[a], b).frame
