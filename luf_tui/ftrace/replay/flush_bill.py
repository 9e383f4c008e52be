"""What shootdowns take under the cost model: from those who ask and from those who are interrupted.

Nanoseconds of a model (`Costs`), not measurements. It is the one that a run is laid out by: the
asking CPU drops its own pages and waits until the last one has answered; each of the others enters
its handler and drops what it is told to.
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import astuple, define

from luf_tui.ftrace.replay.flushes import TAKEOFF, Flush, Flushes
from luf_tui.machine.config import Costs

PRICES = ("ipi", "ipi_per_target", "handler", "invlpg", "full_flush")
"""What of the cost model a shootdown takes."""


@define
class FlushBill:
    """What some shootdowns take."""

    shootdowns: int = 0
    unheard: int = 0
    """Those that interrupt nobody: all that they concern are lazy."""
    interrupts: int = 0
    waiting: int = 0
    """Nanoseconds of those who ask: their own flush, and until the last answer."""
    interrupted: int = 0
    """Nanoseconds of those who are interrupted."""

    @property
    def total(self) -> int:
        """Nanoseconds of all CPUs."""
        return self.waiting + self.interrupted

    def __add__(self, other: FlushBill) -> FlushBill:
        """Both together."""
        pairs = zip(astuple(self), astuple(other), strict=True)
        return FlushBill(*(one + more for one, more in pairs))

    def add(self, flushes: Flushes, row: int, costs: Costs) -> None:
        """One more."""
        targets = flushes.targets[row]
        self.shootdowns += 1
        self.interrupts += targets
        self.waiting += costs.dropped(flushes.own[row])
        if not targets:
            self.unheard += 1
            return
        self.waiting += costs.answered(targets)
        self.interrupted += targets * costs.handler + costs.invlpg * flushes.pages[row]
        self.interrupted += flushes.everything[row] * costs.full_flush


def bill_of(flushes: Flushes, costs: Costs, rows: Iterable[int] | None = None) -> FlushBill:
    """What all shootdowns take, or some of them."""
    found = FlushBill()
    for row in range(len(flushes)) if rows is None else rows:
        found.add(flushes, row, costs)
    return found


def still_owed(owing: Iterable[int], costs: Costs) -> FlushBill:
    """What it takes to pay what is still owed: one flush for each set of CPUs, of everything."""
    found = Flushes()
    for cpus in owing:
        found.add(Flush(0, TAKEOFF, cpus, cpus, 0, 0))
    return bill_of(found, costs)
