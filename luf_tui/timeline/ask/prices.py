"""What each event of a run costs under the machine's cost model, and what the time goes to.

Nanoseconds of a model (`luf_tui/machine/config.py`), not measurements.
"""

from __future__ import annotations

from typing import Final

from luf_tui.machine import events as ev
from luf_tui.timeline.timeline import Timeline

WORK, WAIT, INTERRUPT = range(3)
"""What a CPU's time goes to: its own work, waiting for flushes, and others' flushes."""
SPENT_WAITING: Final = (ev.SEND, ev.BARRIER, ev.TLBSYNC)
ACCESSES: Final = (ev.READ, ev.STORE)


class Prices:
    """What the events of a run cost under its machine's cost model."""

    def __init__(self, timeline: Timeline) -> None:
        costs = timeline.config.costs
        self.events, self.costs = timeline.events, costs
        machine, nodes = timeline.machine, timeline.config.nodes
        self.fixed = {int(kind): getattr(costs, kind.cost) for kind in ev.KINDS if kind.cost}
        self.slow = [
            frame is not machine.zero_page and nodes[machine.zone_of(frame).index].tier > 0
            for frame in machine.frame
        ]
        """Per frame, whether it is on a lower tier."""
        kinds = {*self.fixed, *SPENT_WAITING, *ACCESSES, ev.RECEIVE, ev.FLUSH, ev.COPY, ev.WAIT}
        self.priced = [kind in kinds for kind in ev.KINDS]

    def applies(self, event: int) -> bool:
        """Whether an event costs a CPU anything."""
        return self.priced[self.events.kinds[event]] and self.events.cpus[event] >= 0

    def of(self, event: int, *, interrupt: bool) -> tuple[int, int]:
        """What one event's time goes to, and how many nanoseconds it takes.

        Of a shootdown it is the least that its sender waits: until the last CPU, interrupted at
        once, has answered. How long somebody waits for another's flush depends on that one.
        """
        costs, kind, args = self.costs, self.events.kinds[event], self.events.args
        if kind == ev.SEND:
            targets = args[ev.SEND.mask][event].bit_count()
            return WAIT, costs.answered(targets)
        if kind in (ev.BARRIER, ev.TLBSYNC):
            return WAIT, costs.dsb
        if kind == ev.WAIT:
            return WAIT, 0
        if kind == ev.RECEIVE:
            return INTERRUPT, costs.handler
        if kind == ev.FLUSH:
            spent = costs.dropped(args[ev.FLUSH.pages][event])
            return INTERRUPT if interrupt else WORK, spent
        if kind in ACCESSES:
            pfn = args[ev.READ.pfn if kind == ev.READ else ev.STORE.pfn][event]
            return WORK, costs.cxl_access if self.slow[pfn] else costs.dram_access
        if kind == ev.COPY:
            source, target = args[ev.COPY.source][event], args[ev.COPY.target][event]
            far = self.slow[source] or self.slow[target]
            return WORK, costs.copy_cxl if far else costs.copy_dram
        return WORK, self.fixed[kind]
