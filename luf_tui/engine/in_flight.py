"""What operations in flight hold: flushes on their way, blocks taken and not paid for, pages that
are about to be free. It is read off the stacks, for whoever looks at a machine from outside.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from luf_tui.engine.operation import OPERATIONS, Operation
from luf_tui.engine.operations.flush import Shootdown, initiator
from luf_tui.machine.config import X86
from luf_tui.machine.machine import Machine
from luf_tui.machine.schema import STACK_DEPTH, Context, Frame
from luf_tui.policy.base import Policy
from luf_tui.policy.guards import SKIP_OFFLINE


@frozen
class OnTheWay:
    """A flush that somebody makes and that is not back yet."""

    ctx: Context
    """Who makes it."""
    cpu: int
    """The CPU that waits for it."""
    left: int
    """The CPUs that have yet to flush before it is over."""
    named: int
    """The CPUs that it is for, those included that nobody waits for."""
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


def spared(m: Machine, policy: Policy, mask: int) -> int:
    """Those of a mask that no flush of a batch waits for: lazy CPUs, which flush before they use
    anything, and CPUs that are offline.
    """
    lazy = sum(1 << cpu.index for cpu in m.cpu if cpu.lazy) if m.config.arch == X86 else 0
    offline = sum(1 << cpu.index for cpu in m.cpu if cpu.offline)
    return mask & (lazy | (offline if policy.has(SKIP_OFFLINE) else 0))


def fired(m: Machine, ctx: Context) -> bool:
    """Whether the flush for blocks that a context has taken has been asked for."""
    return any(getattr(act, "mask", 0) for act in operations(m, ctx) if act.taken(m))


def flush(m: Machine, policy: Policy, ctx: Context) -> OnTheWay | None:
    """The flush that a context makes, if it makes one."""
    for act in operations(m, ctx):
        if isinstance(act, Shootdown):
            where = initiator(m, ctx)
            told = act.left(m, policy), act.named(), act.sent, act.why, bool(act.mm)
            return OnTheWay(ctx, where, *told)
    return None
