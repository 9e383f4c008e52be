"""What operations in flight hold: flushes on their way, blocks taken and not paid for, pages that
are about to be free. It is read off the stacks, for whoever looks at a machine from outside.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from luf_tui.engine.operation import OPERATIONS, Operation
from luf_tui.engine.operations.flush import Shootdown, initiator
from luf_tui.machine.machine import Machine
from luf_tui.machine.schema import STACK_DEPTH, Context, Frame


@frozen
class OnTheWay:
    """A flush that somebody makes and that is not back yet."""

    ctx: Context
    """Who makes it."""
    cpu: int
    """The CPU that waits for it."""
    left: int
    """The CPUs that have yet to flush for it."""
    sent: bool
    """The IPIs are on their way, or the invalidates are issued."""
    why: int
    """The number of the reason, as in events."""
    ranged: bool
    """It is for one address space, and not for whatever a CPU has loaded."""


def operations(m: Machine, ctx: Context) -> Iterator[Operation]:
    """The operations on a context's stack, the one that called first."""
    for slot in range(ctx.index * STACK_DEPTH, ctx.index * STACK_DEPTH + ctx.depth):
        place = m.stack[slot]
        yield OPERATIONS[place.op](m.cells, m.regions, place.base, slot)


def busy(m: Machine) -> Iterator[Context]:
    """The contexts that are in the middle of something."""
    return (ctx for ctx in m.ctx if ctx.depth)


def taken(m: Machine, ctx: Context) -> list[Frame]:
    """The blocks a context has taken off the free lists and not paid for yet."""
    return [head for act in operations(m, ctx) for head in act.taken(m)]


def freeing(m: Machine, ctx: Context) -> dict[int, list[Frame]]:
    """Pages that a context frees with a key and that are on no list yet, by key."""
    found: dict[int, list[Frame]] = {}
    for act in operations(m, ctx):
        key, frames = act.freeing(m)
        if key:
            known = found.setdefault(key, [])
            known += [frame for frame in frames if frame not in known]
    return found


def noted(m: Machine, ctx: Context) -> list[Frame]:
    """Folios that a context has unmapped and whose flush its task has noted."""
    return [frame for act in operations(m, ctx) for frame in act.noted(m)]


def flush(m: Machine, ctx: Context) -> OnTheWay | None:
    """The flush that a context makes, if it makes one."""
    for act in operations(m, ctx):
        if isinstance(act, Shootdown):
            where = initiator(m, ctx)
            return OnTheWay(ctx, where, act.left(m), act.sent, act.why, bool(act.mm))
    return None
