"""Contents that are nowhere yet, for `fresh`: found when a line begins, from a finite range."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from attrs import evolve

from luf_tui.engine.operation import OPERATIONS
from luf_tui.errors import Refused
from luf_tui.machine.machine import Machine
from luf_tui.machine.schema import STACK_DEPTH
from luf_tui.script.program import Op
from luf_tui.script.values import FRESH, Block

HELD = ("promise", "before", "file_bytes", "file_before", "pinned", "pinning", "direct")
"""Regions of what the oracle remembers of bytes."""


def with_fresh_content(m: Machine, op: Op) -> Op:
    """An operation whose `fresh` content is found now; any other one as it is."""
    args: Any = op.args
    if getattr(args, "content", None) == FRESH:
        return evolve(op, args=evolve(args, content=fresh_content(m)))
    block = getattr(args, "block", None)
    if isinstance(block, Block) and block.content == FRESH:
        return evolve(op, args=evolve(args, block=evolve(block, content=fresh_content(m))))
    return op


def fresh_content(m: Machine) -> int:
    """The first of the contents kept for it that nothing holds now: no frame, free ones included,
    no disk, no swap slot, no operation in flight. Raises Refused when all are held.
    """
    contents = m.config.contents
    held = set(_held(m))
    for code in range(len(contents) - m.config.fresh, len(contents)):
        if code not in held:
            return code
    raise Refused("there is no fresh content left: every one is held somewhere")


def _held(m: Machine) -> Iterator[int]:
    for frame in m.frame:
        yield frame.content
    for page in m.file_page:
        yield page.disk
    for slot in m.swap:
        yield slot.content
    for name in HELD:
        for held in m.regions[name]:
            yield from (held.value, held.other, held.third)
    for page in m.regions["file_bytes"]:
        yield page.remote
    for ctx in m.ctx:
        for level in range(ctx.depth):
            number = ctx.index * STACK_DEPTH + level
            place = m.stack[number]
            kind = OPERATIONS[place.op]
            act: Any = kind(m.cells, m.regions, place.base, number)
            if "content" in kind.LOCALS and act.content is not None:
                yield act.content
