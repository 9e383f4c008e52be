"""A table of a report: rows of plain values, for each form of it to show in its own way."""

from __future__ import annotations

from typing import TypeAlias

from attrs import frozen

from luf_tui.ftrace.replay.flush_bill import FlushBill

Cell: TypeAlias = "str | int | float | None"
BILLED = ("shootdowns", "unheard", "interrupts", "waiting_ms", "interrupted_ms")
"""Columns of a bill."""


@frozen
class Table:
    """Rows of values under one heading."""

    name: str
    """Of its file."""
    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


def billed(bill: FlushBill) -> tuple[Cell, ...]:
    """A bill as the cells of its columns."""
    times = (milliseconds(bill.waiting), milliseconds(bill.interrupted))
    return (bill.shootdowns, bill.unheard, bill.interrupts, *times)


def milliseconds(nanoseconds: float) -> float:
    """As the tables have it: to a microsecond."""
    return round(nanoseconds / 1e6, 3)
