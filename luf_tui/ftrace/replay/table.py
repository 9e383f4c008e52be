"""A table of a report: rows of plain values, for each form of it to show in its own way."""

from __future__ import annotations

from typing import TypeAlias

from attrs import frozen

from luf_tui.ftrace.replay.flush_bill import FlushBill

Cell: TypeAlias = "str | int | float | None"
BILLED = ("shootdowns", "unheard", "interrupts", "waiting_ms", "interrupted_ms")
"""Columns of a bill."""
HEADS = {
    "policies": ("under", "baseline", *BILLED, "least", "most", "least_ms", "most_ms"),
    "processes": ("process", "under", "shootdowns", "interrupts", "waiting_ms", "interrupted"),
    "cpus": ("cpu", "under", "interrupts"),
    "reasons": ("reason", "under", *BILLED),
    "windows": ("from", "to", "under", *BILLED, "pages_owing"),
    "worst": ("under", "from", *BILLED),
    "waits": ("under", "task", "order", "gfp", "context", "times", "cpus", "waiting_ms"),
    "lives": ("under", "unit", "from", "to", "debts"),
    "debts": ("under", "how", "pages"),
    "not-deferred": ("under", "reason", "pages"),
}
"""The columns of each table, by its name."""


@frozen
class Table:
    """Rows of values under one heading."""

    name: str
    """Of its file."""
    title: str
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def head(self) -> tuple[str, ...]:
        """The names of its columns."""
        return HEADS[self.name]


def billed(bill: FlushBill) -> tuple[Cell, ...]:
    """A bill as the cells of its columns."""
    times = (milliseconds(bill.waiting), milliseconds(bill.interrupted))
    return (bill.shootdowns, bill.unheard, bill.interrupts, *times)


def milliseconds(nanoseconds: float) -> float:
    """As the tables have it: to a microsecond."""
    return round(nanoseconds / 1e6, 3)
