"""Arguments of a program line as the engine reads them: numbers, ranges, frames."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import Operation
from luf_tui.machine.schema import MIGRATION, PRESENT
from luf_tui.script.program import Op

Start: TypeAlias = "tuple[type[Operation], Mapping[str, int]]"
"""The operation that a line begins, and its locals."""


def number(op: Op, name: str, default: int = 0) -> int:
    """An argument that is one number."""
    value = op.args.get(name, default)
    assert isinstance(value, int)
    return value


def mm_of(k: Kernel, op: Op) -> int:
    """The address space an operation is about: named, or that of the acting task."""
    if "mm" in op.args:
        return number(op, "mm")
    return k.m.config.tasks[op.task].mm


def range_of(k: Kernel, op: Op) -> dict[str, int]:
    """The pages of an address space that an operation is about, as its locals."""
    return {"mm": mm_of(k, op) + 1, "vpn": number(op, "vpn"), "pages": number(op, "pages")}


def frame_of(k: Kernel, target: tuple[int, ...]) -> int:
    """The frame a target names now: a virtual page's, or a page-cache position's; -1 is none."""
    kind, a, b = target
    if kind == 1:
        return k.m.file_page[a].frame - 1
    pte = k.m.pte_at(a, b)
    return pte.pfn - 1 if pte.kind in (PRESENT, MIGRATION) else -1
