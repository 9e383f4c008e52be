"""Who pays: time under the cost model, by CPU and by actor.

Nanoseconds of a model with the machine's `costs` (`luf_tui/machine/config.py`), not
measurements. They follow from the events of a run and never decide an order of events.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from attrs import asdict, define, frozen

from luf_tui.machine import events as ev
from luf_tui.timeline.timeline import Timeline

SPENT_WAITING = (ev.SEND, ev.BARRIER)
ACCESSES = (ev.READ, ev.STORE)


@define
class Share:
    """What one CPU or one actor spent, in nanoseconds of the model."""

    work: int = 0
    """Accesses, walks, faults, copies, allocation."""
    waiting: int = 0
    """For acknowledgements of its own shootdowns."""
    interrupted: int = 0
    """In the handlers of other CPUs' shootdowns."""
    shootdowns: int = 0
    """Shootdowns it sent."""

    @property
    def total(self) -> int:
        """Everything together."""
        return self.work + self.waiting + self.interrupted


@frozen
class Bill:
    """The costs of a run up to a position."""

    cpus: tuple[Share, ...]
    actors: dict[str, Share]
    """By task name; `irq` is what interrupt handlers took."""

    def as_json(self) -> dict[str, object]:
        """What `compare --json` prints of it, in nanoseconds of the model."""
        return {
            "waiting": self.waiting,
            "interrupted": self.interrupted,
            "total": self.total,
            "cpus": [asdict(share) for share in self.cpus],
            "actors": {name: asdict(share) for name, share in self.actors.items()},
        }

    @property
    def waiting(self) -> int:
        """Waiting of all CPUs."""
        return sum(share.waiting for share in self.cpus)

    @property
    def interrupted(self) -> int:
        """Interruptions of all CPUs."""
        return sum(share.interrupted for share in self.cpus)

    @property
    def total(self) -> int:
        """Everything of all CPUs."""
        return sum(share.total for share in self.cpus)


@frozen
class Cost:
    """One row of a comparison: what is paid, and how much under each policy, in ns of the model."""

    what: str
    spent: tuple[int, ...]


def who_pays(bills: Sequence[Bill]) -> list[Cost]:
    """Bills side by side: totals, then each CPU and each actor that pays anything anywhere."""
    rows = [
        Cost("waiting for flushes", tuple(one.waiting for one in bills)),
        Cost("interrupted", tuple(one.interrupted for one in bills)),
        Cost("everything, all CPUs", tuple(one.total for one in bills)),
    ]
    parts = []
    for cpu in range(len(bills[0].cpus)):
        waits = tuple(one.cpus[cpu].waiting for one in bills)
        handles = tuple(one.cpus[cpu].interrupted for one in bills)
        parts += [Cost(f"cpu{cpu} waits", waits), Cost(f"cpu{cpu} is interrupted", handles)]
    for actor in dict.fromkeys(name for one in bills for name in one.actors if name != "irq"):
        waits = tuple(one.actors.get(actor, Share()).waiting for one in bills)
        parts.append(Cost(f"{actor} waits", waits))
    return rows + [part for part in parts if any(part.spent)]


def bill(timeline: Timeline, position: int) -> Bill:
    """Add up the costs of all events up to a position."""
    machine, count = timeline.machine, timeline.config.cpus
    cpus = [Share() for _ in range(count)]
    actors: dict[str, Share] = defaultdict(Share)
    price = Price(timeline)
    for step in range(1, position + 1):
        events = [n for n in timeline.events_of(step) if price.applies(n)]
        if not events:
            continue
        ctx = timeline.step_info(step).ctx
        interrupt = 0 <= ctx < count
        actor = actors[
            "irq" if interrupt else machine.ctx_name(machine.ctx[ctx]) if ctx >= 0 else "boot"
        ]
        for event in events:
            for share in (cpus[timeline.events.cpus[event]], actor):
                price.charge(event, share, interrupt=interrupt)
    return Bill(tuple(cpus), dict(actors))


class Price:
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
        kinds = {*self.fixed, *SPENT_WAITING, *ACCESSES, ev.RECEIVE, ev.FLUSH, ev.COPY}
        self.priced = [kind in kinds for kind in ev.KINDS]

    def applies(self, event: int) -> bool:
        """Whether an event costs a CPU anything."""
        return self.priced[self.events.kinds[event]] and self.events.cpus[event] >= 0

    def charge(self, event: int, share: Share, *, interrupt: bool) -> None:
        """Add one event's cost to a share."""
        costs, kind, args = self.costs, self.events.kinds[event], self.events.args
        if kind == ev.SEND:
            targets = args[ev.SEND.mask][event].bit_count()
            share.shootdowns += 1
            share.waiting += costs.ipi + costs.ipi_per_target * targets + costs.handler
        elif kind == ev.BARRIER:
            share.waiting += costs.dsb
        elif kind == ev.RECEIVE:
            share.interrupted += costs.handler
        elif kind == ev.FLUSH:
            pages = args[ev.FLUSH.pages][event]
            spent = costs.full_flush if pages < 0 else costs.invlpg * pages
            if interrupt:
                share.interrupted += spent
            else:
                share.work += spent
        elif kind in ACCESSES:
            pfn = args[ev.READ.pfn if kind == ev.READ else ev.STORE.pfn][event]
            share.work += costs.cxl_access if self.slow[pfn] else costs.dram_access
        elif kind == ev.COPY:
            source, target = args[ev.COPY.source][event], args[ev.COPY.target][event]
            far = self.slow[source] or self.slow[target]
            share.work += costs.copy_cxl if far else costs.copy_dram
        else:
            share.work += self.fixed[kind]
