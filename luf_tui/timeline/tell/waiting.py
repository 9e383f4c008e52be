"""What a step of a deferral or a shootdown means for everybody else: who pays, who waits for whom,
who is interrupted, and for how long, in nanoseconds of the cost model.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from typing import Final

from luf_tui.machine import events as ev
from luf_tui.machine.event_log import Event
from luf_tui.timeline.tell.words import counted, cpus
from luf_tui.timeline.timeline import Timeline

MOST_NAMED: Final = 3
"""Translations that are named before the rest is counted."""


def aside(timeline: Timeline, position: int, event: Event) -> str:
    """What else there is to know at a micro-step with that event; empty where that is nothing."""
    told = ASIDES.get(event.kind)
    return told(timeline, position, event) if told else ""


def _deferred(timeline: Timeline, position: int, event: Event) -> str:
    return f"f{event.args['pfn']} may go to nobody before that"


def _pays(timeline: Timeline, position: int, event: Event) -> str:
    who = _payer(timeline, position, event.cpu)
    others = event.args["mask"] & ~(1 << max(event.cpu, 0))
    pfn = event.args["pfn"]
    if not others:
        return f"{who} pays: nobody else has to flush"
    until = f"only when {cpus(others)} {'have' if others & (others - 1) else 'has'} flushed"
    return f"{who} pays, and " + (f"gets f{pfn} {until}" if pfn >= 0 else f"goes on {until}")


def _sends(timeline: Timeline, position: int, event: Event) -> str:
    who = _payer(timeline, position, event.cpu)
    return f"{who} stands still until all have answered: {_cost(timeline, event):,} ns in the model"


def _receives(timeline: Timeline, position: int, event: Event) -> str:
    with timeline.visit(position):
        task = timeline.machine.cpu[event.cpu].task
        stopped = f"{timeline.config.tasks[task.index].name} stands still; " if task else ""
        return stopped + _awaited(timeline, event.args["sender"])


def _drops(timeline: Timeline, position: int, event: Event) -> str:
    told = []
    gone = _gone(timeline, position) if event.args["dropped"] else []
    if gone:
        more = len(gone) - MOST_NAMED
        rest = f" and {counted(more, 'more')}" if more > 0 else ""
        are = "is" if len(gone) == 1 else "are"
        told.append(f"{', '.join(gone[:MOST_NAMED])}{rest} {are} gone")
    with timeline.visit(position):
        sender = timeline.machine.cpu[event.cpu].handling if event.cpu >= 0 else -1
        if sender >= 0:
            told.append(_awaited(timeline, sender))
    return "; ".join(told)


def _acknowledges(timeline: Timeline, position: int, event: Event) -> str:
    with timeline.visit(position):
        return _awaited(timeline, event.args["sender"])


def _done(timeline: Timeline, position: int, event: Event) -> str:
    sends = timeline.index.by_kind[ev.SEND]
    last = bisect_left(sends, timeline.events_of(position).start) - 1
    if last < 0 or timeline.events.cpus[sends[last]] != event.cpu:
        return ""
    sent = timeline.events[sends[last]]
    who = _payer(timeline, position, event.cpu)
    return f"{who} goes on, having waited {_cost(timeline, sent):,} ns in the model"


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


def _awaited(timeline: Timeline, sender: int) -> str:
    """Whom a CPU waits for, where the cursor stands."""
    waiting = timeline.machine.shootdown[sender].waiting
    return f"cpu{sender} waits for {cpus(waiting)}" if waiting else f"cpu{sender} can go on"


def _gone(timeline: Timeline, position: int) -> list[str]:
    """Translations that a micro-step dropped."""
    m = timeline.machine
    region = m.regions["tlb"]
    cells = range(region.base, region.base + region.size * len(region))
    changed = {region.locate(at)[0] for at in timeline.changed_cells(position) if at in cells}
    with timeline.visit(position - 1):
        entries = [m.tlb[index] for index in sorted(changed)]
        return [
            f"{m.config.page_name(entry.mm.index, entry.vpn)} → f{entry.frame.pfn}"
            for entry in entries
            if entry.mm and entry.frame
        ]


def _cost(timeline: Timeline, sent: Event) -> int:
    """What a shootdown costs whoever sends it and waits."""
    costs, targets = timeline.config.costs, sent.args["mask"].bit_count()
    return costs.ipi + costs.ipi_per_target * targets + costs.handler
