"""The recording beside each policy, a figure a row: what the text and the page begin with."""

from __future__ import annotations

from collections.abc import Callable

from luf_tui.ftrace.replay import clock
from luf_tui.ftrace.replay.bounds import Bounds
from luf_tui.ftrace.replay.figures import Figures, Under
from luf_tui.ftrace.replay.flush_bill import FlushBill
from luf_tui.ftrace.replay.flush_tables import by_process
from luf_tui.ftrace.replay.processes import RECORDER
from luf_tui.ftrace.replay.table import Cell, milliseconds
from luf_tui.ftrace.replay.text_table import (
    TOP,
)

CANNOT_TELL = "cannot be told"


def comparison(figures: Figures) -> list[list[Cell]]:
    """The recording beside each policy: a row of names, and a row for each figure."""
    trace, columns, policies = figures.trace, figures.columns, figures.policies
    recorded = trace.survey.recorded
    rows: list[list[Cell]] = [["", *(one.name for one in columns)]]
    rows += [["", "", *(figures.beside_kernel(one.name) for one in policies)]]
    if not any(rows[1]):
        del rows[1]

    def row(name: str, *cells: Cell) -> None:
        rows.append([name, *cells])

    def told(one: Under, cell: Cell) -> Cell:
        return cell if figures.can_tell or not one.defers else CANNOT_TELL

    row("shootdowns", *(told(one, one.bill.shootdowns) for one in columns))
    shares = (change(figures.recorded.bill.shootdowns, one.bill.shootdowns) for one in policies)
    row("  against recorded", "", *map(told, policies, shares))
    rows += _bounds(figures, lambda bill: bill.shootdowns)
    recorder = _recorder(figures)
    if recorder:
        row("  by the recorder itself", *(asked for asked, _ in recorder))
    outcomes = [one.outcome for one in policies if one.outcome is not None]
    row("  for unmapped pages", recorded.for_unmaps, *(one.for_unmaps for one in outcomes))
    row("  paid at takeoff", "", *(one.paid_at_takeoff for one in outcomes))
    for why in sorted({why for one in outcomes for why in one.paid_for_others}):
        theirs: Cell = recorded.for_pending if why == "pending unmaps" else ""
        row(f"  paid: {why}", theirs, *(one.paid_for_others[why] for one in outcomes))
    asked = recorded.for_copies + recorded.for_cleaning + recorded.for_others
    row("  asked for by copies, munmap, …", asked, *(one.requested for one in outcomes))
    row("  that interrupt nobody", *(one.bill.unheard for one in columns))
    row("pages freed owing a flush", "", *(one.deferred for one in outcomes))
    row("  still owing at the end", "", *(one.pending_at_end for one in outcomes))
    taken = [recorded.interrupted, *(one.interrupted_cpus for one in outcomes)]
    row("CPUs interrupted", *map(told, columns, taken))
    rows += _bounds(figures, lambda bill: bill.interrupts)
    if recorder:
        row("  in the recorder", *(times for _, times in recorder))
    cpus = max((len(one.interrupted) for one in outcomes), default=0)
    for cpu in range(cpus if cpus <= TOP else 0):
        row(f"  cpu{cpu}", "", *(one.interrupted[cpu] for one in outcomes))
    row("ms of the model", *(told(one, milliseconds(one.bill.total)) for one in columns))
    rows += _bounds(figures, lambda bill: milliseconds(bill.total))
    row("  of those who ask", *(milliseconds(one.bill.waiting) for one in columns))
    row("  of those interrupted", *(milliseconds(one.bill.interrupted) for one in columns))
    spent = [clock.share(trace, one.bill.total) for one in columns]
    if None not in spent:
        row("  % of all CPUs' time", *(f"{one:.4f}" for one in spent))
    return rows


def _recorder(figures: Figures) -> list[tuple[int, int]]:
    """Shootdowns that the recorder asks for and interrupts that it takes, of each column; empty
    where it is not known who recorded.
    """
    table = by_process(figures)
    found = {
        row[1]: (int(row[2] or 0), int(row[5] or 0)) for row in table.rows if row[0] == RECORDER
    }
    return [found.get(one.name, (0, 0)) for one in figures.columns] if found else []


def _bounds(figures: Figures, of: Callable[[FlushBill], Cell]) -> list[list[Cell]]:
    """A figure at least and at most, where that is something else."""
    bounds = [one.bounds for one in figures.policies if one.bounds is not None]
    least, most = ([of(bill) for bill in bills] for bills in zip(*map(_both, bounds), strict=True))
    if least == most or not figures.can_tell:
        return []
    return [["  at least", "", *least], ["  at most", "", *most]]


def _both(bounds: Bounds) -> tuple[FlushBill, FlushBill]:
    return bounds.least, bounds.most


def change(recorded: int, shootdowns: int) -> str:
    """The change against the recording, in per cent."""
    found = -reduction(recorded, shootdowns)
    return f"{found:+.1f} %" if round(found, 1) else "the same"


def reduction(recorded: int, shootdowns: int) -> float:
    """Shootdowns saved, in per cent of those recorded; below 0 for more of them."""
    return 100 * (1 - shootdowns / recorded) if recorded else 0.0
