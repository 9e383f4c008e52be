"""Who pays: time under the cost model, by CPU and by actor.

Nanoseconds of a model with the machine's `costs` (baseline reference, section 8.1), not
measurements. They follow from the events of a run and never decide an order of events.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from attrs import asdict, define, frozen

from luf_tui.machine import events as ev
from luf_tui.timeline.timeline import Timeline


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
    cpus = [Share() for _ in range(timeline.config.cpus)]
    actors: dict[str, Share] = defaultdict(Share)
    log, machine = timeline.events, timeline.machine
    for number in range(timeline.event_index_at(position)):
        event = log[number]
        if event.cpu < 0:
            continue
        ctx = timeline.step_info(timeline.step_of_event(number)).ctx
        interrupt = 0 <= ctx < timeline.config.cpus
        actor = actors["irq" if interrupt else machine.ctx_name(ctx) if ctx >= 0 else "boot"]
        for share in (cpus[event.cpu], actor):
            _charge(timeline, event, share, interrupt=interrupt)
    return Bill(tuple(cpus), dict(actors))


def _charge(timeline: Timeline, event: ev.Event, share: Share, *, interrupt: bool) -> None:
    """Add one event's cost to a share."""
    costs, kind = timeline.config.costs, event.kind.number
    if kind == ev.SEND:
        targets = event.args["mask"].bit_count()
        share.shootdowns += 1
        share.waiting += costs.ipi + costs.ipi_per_target * targets + costs.handler
    elif kind == ev.BARRIER:
        share.waiting += costs.dsb
    elif kind == ev.RECEIVE:
        share.interrupted += costs.handler
    elif kind == ev.FLUSH:
        pages = event.args["pages"]
        spent = costs.full_flush if pages < 0 else costs.invlpg * pages
        if interrupt:
            share.interrupted += spent
        else:
            share.work += spent
    else:
        share.work += _work(timeline, event)


def _work(timeline: Timeline, event: ev.Event) -> int:
    """What an event costs the CPU it happens on."""
    costs, args, kind = timeline.config.costs, event.args, event.kind.number
    slow = _slow(timeline, args.get("pfn", -1))
    if kind in (ev.READ, ev.STORE):
        return costs.cxl_access if slow else costs.dram_access
    if kind == ev.COPY:
        far = _slow(timeline, args["source"]) or _slow(timeline, args["target"])
        return costs.copy_cxl if far else costs.copy_dram
    return {
        ev.FILL: costs.walk,
        ev.ISSUE: costs.tlbi,
        ev.FAULT: costs.fault,
        ev.FILL_BYTES: costs.zero,
        ev.TAKE: costs.lock,
        ev.FREE: costs.lock,
        ev.REFILL: costs.buddy,
        ev.DRAIN: costs.buddy,
        ev.MERGE: costs.buddy,
        ev.SPLIT: costs.buddy,
    }.get(kind, 0)


def _slow(timeline: Timeline, pfn: int) -> bool:
    """Whether a frame is on a lower tier."""
    machine = timeline.machine
    return 0 <= pfn < machine.zero_page and timeline.config.nodes[machine.node_of[pfn]].tier > 0
