"""Who pays: time under the cost model, by CPU and by actor.

Nanoseconds of a model with the machine's `costs` (`luf_tui/machine/config.py`), not
measurements. They follow from the events of a run and never decide an order of events.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from attrs import asdict, define, frozen

from luf_tui.machine import events as ev
from luf_tui.timeline.ask.model_time import model_time
from luf_tui.timeline.ask.prices import INTERRUPT, WAIT, Prices
from luf_tui.timeline.timeline import Timeline


@define
class Share:
    """What one CPU or one actor spent, in nanoseconds of the model."""

    work: int = 0
    """Accesses, walks, faults, copies, allocation."""
    waiting: int = 0
    """For acknowledgements of its own shootdowns, until the last one."""
    interrupted: int = 0
    """In the handlers of other CPUs' shootdowns."""
    shootdowns: int = 0
    """Shootdowns it sent."""

    def add(self, use: int, spent: int) -> None:
        """Time for one of the uses that `prices` knows."""
        if use == WAIT:
            self.waiting += spent
        elif use == INTERRUPT:
            self.interrupted += spent
        else:
            self.work += spent

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
    """Add up the costs of all events up to a position; of a shootdown sent, the whole wait."""
    machine, count = timeline.machine, timeline.config.cpus
    cpus = [Share() for _ in range(count)]
    actors: dict[str, Share] = defaultdict(Share)
    prices, waits = Prices(timeline), model_time(timeline).waits
    for step in range(1, position + 1):
        events = [n for n in timeline.events_of(step) if prices.applies(n)]
        if not events:
            continue
        ctx = timeline.step_info(step).ctx
        interrupt = 0 <= ctx < count
        actor = actors[
            "irq" if interrupt else machine.ctx_name(machine.ctx[ctx]) if ctx >= 0 else "boot"
        ]
        for event in events:
            use, spent = prices.of(event, interrupt=interrupt)
            for share in (cpus[timeline.events.cpus[event]], actor):
                share.add(use, waits.get(event, spent))
                share.shootdowns += timeline.events.kinds[event] == ev.SEND
    return Bill(tuple(cpus), dict(actors))
