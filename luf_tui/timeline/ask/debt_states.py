"""The debts of a recorded run where its cursor stands: since when they are paid, and for how
long.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import evolve

from luf_tui.machine import events as ev
from luf_tui.policy.base import PAYING
from luf_tui.timeline.ask.model_time import model_time
from luf_tui.timeline.caches import per_run
from luf_tui.timeline.open_debts import PAID, OpenDebt, debts_of, frames_in_debt
from luf_tui.timeline.timeline import Timeline


def debts(timeline: Timeline) -> tuple[OpenDebt, ...]:
    """Every debt where the cursor stands, and those that were paid in the line under way."""
    return debts_at(timeline, timeline.position)


def in_debt(timeline: Timeline) -> dict[int, OpenDebt]:
    """The frames that wait for a flush where the cursor stands."""
    return in_debt_at(timeline, timeline.position)


@per_run(most=64)
def in_debt_at(timeline: Timeline, position: int) -> dict[int, OpenDebt]:
    """The frames that wait for a flush at a position."""
    return frames_in_debt(debts_at(timeline, position))


@per_run(most=64)
def debts_at(timeline: Timeline, position: int) -> tuple[OpenDebt, ...]:
    """The debts at a position."""
    if position != timeline.position:
        with timeline.visit(position):
            return debts_at(timeline, position)
    known = debts_of(timeline.policy, timeline.machine)
    busy = {one.cpu for one in known if one.state in (PAYING, PAID)}
    return (*known, *_just_paid(timeline, busy))


def _just_paid(timeline: Timeline, busy: set[int]) -> Iterator[OpenDebt]:
    """Payments of the line under way that are over: the last of each CPU."""
    item = timeline.item_at(timeline.position)
    steps = timeline.item_steps(item)
    if not steps:
        return
    first = timeline.events_of(steps.start).start
    pays = timeline.index.between(ev.PAY, first, timeline.event_index_at(timeline.position))
    last = {timeline.events.cpus[event]: event for event in pays}
    for cpu, event in last.items():
        if cpu in busy:
            continue
        step = timeline.step_of_event(event)
        then = (one for one in debts_at(timeline, step) if one.state == PAYING and one.cpu == cpu)
        paid = next(then, None)
        if paid is not None:
            yield evolve(paid, state=PAID, left=0, frames=(), apart=paid.apart)


def fired(timeline: Timeline, debt: OpenDebt) -> int:
    """The micro-step in which the flush of a debt began that is being paid, or is paid; -1 when it
    has not begun.
    """
    kinds = (
        (ev.PAY,)
        if debt.deferred or debt.state == PAID
        else (ev.SEND, ev.BARRIER, ev.TLBSYNC)
        if debt.sent
        else ()
    )
    event = max((_last(timeline, kind, debt.cpu) for kind in kinds), default=-1)
    taken = max(_last(timeline, kind, debt.cpu) for kind in (ev.TAKE, ev.REFILL))
    if event < 0 or (debt.deferred and event < taken and debt.state != PAID):
        return -1
    return timeline.step_of_event(event)


def _last(timeline: Timeline, kind: int, cpu: int) -> int:
    """The last event of a kind on a CPU so far, -1 if there was none."""
    events = timeline.index.between(kind, 0, timeline.event_index_at(timeline.position))
    cpus = timeline.events.cpus
    return next((event for event in reversed(events) if cpus[event] == cpu), -1)


def asked(timeline: Timeline, debt: OpenDebt) -> int:
    """The CPUs that were interrupted for a payment so far."""
    since = fired(timeline, debt)
    if since < 0:
        return 0
    first = timeline.events_of(since).start
    end = timeline.event_index_at(timeline.position)
    mask = 0
    for event in timeline.index.between(ev.SEND, first, end):
        if timeline.events.cpus[event] == debt.cpu:
            mask |= timeline.events.argument(event, ev.SEND.mask)
    return mask


def waited(timeline: Timeline, debt: OpenDebt) -> int:
    """For how long whoever pays has waited for others, in nanoseconds of the cost model: from when
    it told them.
    """
    since = fired(timeline, debt)
    if since < 0:
        return 0
    first, end = timeline.events_of(since).start, timeline.event_index_at(timeline.position)
    sends = timeline.index.between(ev.SEND, first, end)
    sent = next((event for event in sends if timeline.events.cpus[event] == debt.cpu), -1)
    if sent < 0:
        return 0
    here = model_time(timeline).here
    return here[_until(timeline, debt, since)] - here[timeline.step_of_event(sent)]


def _until(timeline: Timeline, debt: OpenDebt, since: int) -> int:
    """The micro-step in which a payment was over, or the present one."""
    first, end = timeline.events_of(since).start, timeline.event_index_at(timeline.position)
    over = timeline.index.between(ev.FLUSHED, first, end)
    mine = (event for event in over if timeline.events.cpus[event] == debt.cpu)
    event = next(mine, -1)
    return timeline.step_of_event(event) if event >= 0 else timeline.position
