"""What is owed, being paid, paid or saved: a policy's answer, with what operations in flight hold.

A debt is in somebody's hands from the note of its first unmap until everybody has flushed. It
stands in a task's notes, then with pages that are about to be free, then on a list, at last with
whoever took a page and pays. Header, ledger, lists, frames, conditions and exports all ask here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from attrs import evolve, field, frozen

from luf_tui.engine import in_flight
from luf_tui.engine.in_flight import OnTheWay
from luf_tui.machine import events as ev
from luf_tui.machine.config import ARM64
from luf_tui.machine.machine import Machine
from luf_tui.machine.schema import FREE_BUDDY, Context, Frame
from luf_tui.policy.base import OWED, PAYING, SAVED
from luf_tui.policy.guards import FLUSH_BEFORE_REUSE

if TYPE_CHECKING:
    from luf_tui.policy.base import Debt, Policy

PAID = "paid"
"""The state of a debt whose flush fired and is over: it is told of until the line ends."""
TAKEOFF, FREEING = "takeoff", "about to be free"
"""Where debts stand that no list has."""


@frozen
class OpenDebt:
    """A debt at one moment."""

    state: str
    """OWED, PAYING, SAVED or PAID."""
    left: int
    """CPUs that have yet to flush; while it is being paid, those that are waited for."""
    where: str
    """`pcp`, `buddy dram`, `batch of app`, `takeoff`, `about to be free`; the reason of a flush
    that is on its way and pays for no page.
    """
    key: int = 0
    generation: int = 0
    frames: tuple[int, ...] = ()
    """Frames on free lists that wait for it, whole blocks."""
    apart: tuple[int, ...] = ()
    """Frames on no list that do: taken off and not handed out, or about to be free."""
    payer: int = -1
    """The context that pays, by number."""
    cpu: int = -1
    """The CPU that waits for it."""
    sent: bool = False
    """The IPIs are on their way, or the invalidates are issued, whether anybody waits or not."""
    spared: int = 0
    """CPUs that it is for and that who pays does not wait for: they flush by themselves before they
    use what they have."""
    waiters: tuple[int, ...] = ()
    """Other contexts, by number, that have taken pages and wait for the same payment."""
    deferred: bool = field(default=True)
    """It has been put off; otherwise a flush that was due at once is on its way."""

    @property
    def open(self) -> bool:
        """Whether it is neither paid nor saved."""
        return self.state in (OWED, PAYING)

    @property
    def all_frames(self) -> tuple[int, ...]:
        """Every frame that waits for it."""
        return self.frames + self.apart


def debts_of(policy: Policy, m: Machine) -> list[OpenDebt]:
    """Every debt of a machine under its policy, those that are settled and still on a list
    included.
    """
    flushes = {
        ctx.index: flush for ctx in in_flight.busy(m) if (flush := in_flight.flush(m, policy, ctx))
    }
    found: list[OpenDebt] = []
    paid: dict[int, list[Debt]] = {}
    for debt in policy.ledger(m):
        if debt.state == PAYING:
            paid.setdefault(debt.payer, []).append(debt)
        else:
            frames, apart = _whole(m, debt.frames), _noted(m, debt)
            issued = debt.owner >= 0 and m.config.arch == ARM64
            where = debt.why.removeprefix("deferred ") if issued else debt.why
            what = (debt.state, debt.mask, where, debt.key, debt.generation, frames, apart)
            found.append(OpenDebt(*what, sent=issued))
    for payer, debts in paid.items():
        ctx = _ctx(m, payer)
        found.append(_payment(policy, m, ctx, debts, flushes.pop(ctx.index, None)))
    found = _with_freed(policy, m, found)
    elsewhere = {pfn for debt in found for pfn in debt.all_frames}
    return found + [_plain(m, flush, elsewhere) for flush in flushes.values()]


def _noted(m: Machine, debt: Debt) -> tuple[int, ...]:
    """The folios whose unmaps stand in a task's batch: those that may wait in that of LUF."""
    if debt.owner < 0:
        return ()
    folios = in_flight.noted(m, _ctx(m, debt.owner))
    may_wait = not debt.why.startswith("batch")
    return tuple(one.pfn for one in folios if bool(one.verdict) == may_wait)


def _whole(m: Machine, heads: tuple[int, ...]) -> tuple[int, ...]:
    """All frames of blocks."""
    frames: list[int] = []
    for pfn in heads:
        head = m.frame[pfn]
        frames += range(pfn, pfn + (1 << head.order if head.state == FREE_BUDDY else 1))
    return tuple(frames)


def _payment(
    policy: Policy, m: Machine, ctx: Context, debts: list[Debt], flush: OnTheWay | None
) -> OpenDebt:
    """What a task pays: the generation it has claimed, and the marked blocks that it has taken."""
    listed = tuple(pfn for debt in debts for pfn in _whole(m, debt.frames))
    takers = [ctx, *(_ctx(m, one) for debt in debts for one in debt.waiters)]
    others = tuple(dict.fromkeys(one.index for one in takers if one.index != ctx.index))
    heads = (head for taker in takers for head in in_flight.taken(m, taker))
    apart = [head for head in heads if head.mark or head.verdict]
    blocks = tuple(pfn for head in apart for pfn in _block(head) if pfn not in listed)
    named = 0
    for debt in debts:
        named |= debt.mask
    spared = in_flight.spared(m, policy, named)
    left = flush.left if flush else named & ~spared
    fires = flush or FLUSH_BEFORE_REUSE.name not in policy.without
    state = PAYING if flush or named else PAID if in_flight.fired(m, ctx) else SAVED
    if named and not fires:
        state, left = OWED, named
    key = next((head.mark for head in apart if head.mark), 0)
    generation = max(debt.generation for debt in debts)
    return OpenDebt(
        state,
        left,
        next((debt.why for debt in debts if debt.frames), TAKEOFF),
        0 if generation else key,
        generation,
        listed,
        blocks,
        ctx.index,
        max(m.cpu_of(ctx), 0),
        sent=flush is not None and flush.sent,
        spared=in_flight.spared(m, policy, flush.named) & ~left if flush else spared,
        waiters=others,
    )


def _ctx(m: Machine, task: int) -> Context:
    """The context of a task, by number; what no task does has the place after the last."""
    return m.task_ctx(m.task[task]) if task < len(m.config.tasks) else m.boot_ctx


def _block(head: Frame) -> range:
    return range(head.pfn, head.pfn + (1 << head.order))


def _with_freed(policy: Policy, m: Machine, found: list[OpenDebt]) -> list[OpenDebt]:
    """The debts with the pages that are about to be free under a key."""
    for ctx in in_flight.busy(m):
        for key, frames in in_flight.freeing(m, ctx).items():
            apart = tuple(frame.pfn for frame in frames)
            same = (n for n, one in enumerate(found) if one.key == key and one.state != PAYING)
            at = next(same, -1)
            if at >= 0:
                found[at] = evolve(found[at], apart=found[at].apart + apart)
            elif apart:
                mask = policy.key_owed(m, key)
                state = OWED if mask else SAVED
                found.append(OpenDebt(state, mask, FREEING, key, 0, (), apart))
    return found


def _plain(m: Machine, flush: OnTheWay, elsewhere: set[int]) -> OpenDebt:
    """A flush on its way that no deferred debt asked for: of a batch, whose folios wait for it, or
    of an address space.
    """
    folios = () if flush.ranged else in_flight.noted(m, flush.ctx)
    return OpenDebt(
        PAYING,
        flush.left,
        ev.REASONS[flush.why],
        apart=tuple(one.pfn for one in folios if one.pfn not in elsewhere),
        payer=flush.ctx.index,
        cpu=flush.cpu,
        sent=flush.sent,
        deferred=False,
    )


def as_json(m: Machine, debt: OpenDebt) -> dict[str, object]:
    """A debt as `run --json` and the steps of a `jsonl` export have it."""
    return {
        "state": debt.state,
        "cpus": [cpu for cpu in range(m.config.cpus) if debt.left >> cpu & 1],
        "where": debt.where,
        "key": debt.key or None,
        "generation": debt.generation or None,
        "frames": sorted(debt.all_frames),
        "payer": m.ctx_name(m.ctx[debt.payer]) if debt.payer >= 0 else None,
        "cpu": debt.cpu if debt.cpu >= 0 else None,
        "deferred": debt.deferred,
    }


def frames_in_debt(debts: Iterable[OpenDebt]) -> dict[int, OpenDebt]:
    """Frames that wait for a flush which is not over, with the debt: the one being paid, if any."""
    found = {pfn: one for one in debts if one.state == OWED for pfn in one.all_frames}
    return found | {pfn: one for one in debts if one.state == PAYING for pfn in one.all_frames}


def owed(policy: Policy, m: Machine) -> int:
    """How many frames wait for a flush that is not over: `owed` of header and conditions."""
    return len(frames_in_debt(debts_of(policy, m)))
