"""What a step of a deferral or a shootdown means for everybody else: who pays, who waits for whom,
who is interrupted, and for how long, in nanoseconds of the cost model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from luf_tui.engine import in_flight
from luf_tui.machine import events as ev
from luf_tui.machine.event_log import Event
from luf_tui.machine.machine import Machine
from luf_tui.oracle import truth
from luf_tui.policy.guards import FLUSH_BEFORE_REUSE
from luf_tui.timeline.tell.words import counted, cpus
from luf_tui.timeline.timeline import Timeline

MOST_NAMED: Final = 3
"""Translations that are named before the rest is counted."""


def aside(timeline: Timeline, position: int, event: Event) -> str:
    """What else there is to know at a micro-step with that event; empty where that is nothing."""
    about = ASIDES.get(event.kind)
    told = [about(timeline, position, event)] if about else []
    if event.kind not in (ev.FLUSH, ev.EVICT):
        told.append(lost(timeline, position))
    return "; ".join(filter(None, told))


def lost(timeline: Timeline, position: int) -> str:
    """What vanished from TLBs in a micro-step of which something else is told first."""
    gone = _gone(timeline, position)
    if not gone:
        return ""
    events = timeline.events
    flushes = (events[n] for n in timeline.events_of(position) if events.kind_of(n) == ev.FLUSH)
    why = next((f" ({ev.REASONS[one.args['why']]})" for one in flushes if one.args["dropped"]), "")
    return f"{_listed(gone)} gone{why}"


def _deferred(timeline: Timeline, position: int, event: Event) -> str:
    pfn, mask = event.args["pfn"], event.args["mask"]
    alone = _alone(timeline, position, mask, pfn)
    before = f"f{pfn} may go to nobody before that"
    if FLUSH_BEFORE_REUSE.name in timeline.policy.without:
        before = f"f{pfn} goes to whoever wants it without that: {FLUSH_BEFORE_REUSE.name} is off"
    return before + (f"; {alone}" if alone else "")


def _pays(timeline: Timeline, position: int, event: Event) -> str:
    who = _payer(timeline, position, event.cpu)
    mask, pfn = event.args["mask"], event.args["pfn"]
    with timeline.visit(position):
        spared = in_flight.spared(timeline.machine, timeline.policy, mask)
    alone = _alone(timeline, position, spared)
    alone = f"; left alone, {alone}" if alone else ""
    others = mask & ~spared & ~(1 << max(event.cpu, 0))
    if not others:
        return f"{who} pays: nobody else has to flush for that{alone}"
    until = f"only when {cpus(others)} {'have' if _many(others) else 'has'} flushed{alone}"
    return f"{who} pays, and " + (f"gets f{pfn} {until}" if pfn >= 0 else f"goes on {until}")


def _sends(timeline: Timeline, position: int, event: Event) -> str:
    who = _payer(timeline, position, event.cpu)
    least = f"at least {_cost(timeline, event):,} ns in the model"
    return f"{who} stands still until all have answered: {least}"


def _receives(timeline: Timeline, position: int, event: Event) -> str:
    with timeline.visit(position):
        task = timeline.machine.cpu[event.cpu].task
        stopped = f"{timeline.config.tasks[task.index].name} stands still; " if task else ""
        return stopped + _awaited(timeline, event.args["sender"])


def _drops(timeline: Timeline, position: int, event: Event) -> str:
    told = []
    gone = _gone(timeline, position)
    if gone:
        told.append(f"{_listed(gone)} gone")
    with timeline.visit(position):
        sender = timeline.machine.cpu[event.cpu].handling if event.cpu >= 0 else -1
        if sender >= 0:
            told.append(_awaited(timeline, sender))
    return "; ".join(told)


def _acknowledges(timeline: Timeline, position: int, event: Event) -> str:
    with timeline.visit(position):
        return _awaited(timeline, event.args["sender"])


def _done(timeline: Timeline, position: int, event: Event) -> str:
    alone = _alone(timeline, position, event.args["mask"])
    sent = _request(timeline, position, event.cpu)
    if sent is None:
        return alone
    who = _payer(timeline, position, event.cpu)
    told = f"{who} goes on, having waited at least {_cost(timeline, sent):,} ns in the model"
    return f"{told}; left alone, {alone}" if alone else told


def _request(timeline: Timeline, position: int, cpu: int) -> Event | None:
    """The IPIs of the flush that a CPU ends in a micro-step; None when it sent none."""
    before, cpus = timeline.events_of(position).start, timeline.events.cpus
    last = {
        kind: next(
            (n for n in reversed(timeline.index.between(kind, 0, before)) if cpus[n] == cpu), -1
        )
        for kind in (ev.SEND, ev.FLUSHED)
    }
    sent = last[ev.SEND]
    return timeline.events[sent] if sent > last[ev.FLUSHED] else None


ASIDES: Final[Mapping[int, Callable[[Timeline, int, Event], str]]] = {
    ev.DEFER: _deferred,
    ev.PAY: _pays,
    ev.SEND: _sends,
    ev.RECEIVE: _receives,
    ev.FLUSH: _drops,
    ev.ACK: _acknowledges,
    ev.FLUSHED: _done,
}
"""What is told beside an event, by its kind."""


def _payer(timeline: Timeline, position: int, cpu: int) -> str:
    """Who made a micro-step, and where."""
    m, ctx = timeline.machine, timeline.step_info(position).ctx
    name = m.ctx_name(m.ctx[ctx]) if 0 <= ctx < m.contexts else "the machine"
    return name if cpu < 0 or name.endswith(f"cpu{cpu}") else f"{name} on cpu{cpu}"


def _listed(gone: list[str]) -> str:
    """Translations, the first few by name, and the verb for them."""
    more = len(gone) - MOST_NAMED
    rest = f" and {counted(more, 'more')}" if more > 0 else ""
    return f"{', '.join(gone[:MOST_NAMED])}{rest} {'is' if len(gone) == 1 else 'are'}"


def _alone(timeline: Timeline, position: int, mask: int, pfn: int = -1) -> str:
    """CPUs of a mask whose stale entries, those for a frame or all, cannot be used any more: they
    flush first. Empty when there are none.
    """
    with timeline.visit(position):
        m = timeline.machine
        found = sum(
            1 << cpu for cpu in range(m.config.cpus) if mask >> cpu & 1 and _spent(m, cpu, pfn)
        )
    if not found:
        return ""
    return f"{cpus(found)} {flushes_first(found)}"


def flushes_first(mask: int) -> str:
    """What CPUs do that nobody needs to interrupt."""
    if _many(mask):
        return "flush before they use what they have"
    return "flushes before it uses what it has"


def _spent(m: Machine, cpu: int, pfn: int) -> bool:
    """Whether a CPU has stale entries, for a frame or at all, and can use none of them."""
    stale = [
        entry
        for entry in m.tlb_of(cpu)
        if entry.mm and truth.stale(m, entry)
        if pfn < 0 or (entry.frame and entry.frame.pfn == pfn)
    ]
    return bool(stale) and not any(truth.reachable(m, cpu, entry) for entry in stale)


def _many(mask: int) -> bool:
    return bool(mask & (mask - 1))


def _awaited(timeline: Timeline, sender: int) -> str:
    """Whom a CPU waits for, where the cursor stands."""
    waiting = timeline.machine.shootdown[sender].waiting
    return f"cpu{sender} waits for {cpus(waiting)}" if waiting else f"cpu{sender} can go on"


def _gone(timeline: Timeline, position: int) -> list[str]:
    """Translations that no TLB has in their place any more since a micro-step."""
    m = timeline.machine
    region = m.regions["tlb"]
    cells = range(region.base, region.base + region.size * len(region))
    changed = {region.locate(at)[0] for at in timeline.changed_cells(position) if at in cells}
    places = sorted(changed)
    with timeline.visit(position):
        now = {index: _cached(m, index) for index in places}
    with timeline.visit(position - 1):
        was = {index: _cached(m, index) for index in places}
    return [was[index] for index in places if was[index] and was[index] != now[index]]


def _cached(m: Machine, index: int) -> str:
    """The translation in one place of a TLB; empty where there is none."""
    mm, frame, vpn = m.tlb[index].mm, m.tlb[index].frame, m.tlb[index].vpn
    if not mm or not frame:
        return ""
    whose = "the device's " if any(index == entry.index for entry in m.device_tlb) else ""
    return f"{whose}{m.config.page_name(mm.index, vpn)} → f{frame.pfn}"


def _cost(timeline: Timeline, sent: Event) -> int:
    """What a shootdown costs whoever sends it and waits."""
    costs, targets = timeline.config.costs, sent.args["mask"].bit_count()
    return costs.ipi + costs.ipi_per_target * targets + costs.handler
