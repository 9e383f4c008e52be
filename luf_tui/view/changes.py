"""What the last micro-step changed of what is shown: the mark of a pane's row, and what was
there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from attrs import evolve

from luf_tui.machine.machine import Machine
from luf_tui.machine.regions import Field, Record
from luf_tui.oracle import truth
from luf_tui.timeline.ask.debt_states import in_debt_at
from luf_tui.timeline.ask.diff import step_changes
from luf_tui.timeline.caches import per_position, per_run
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.marks import Mark, Row

CHANGED = Mark("▐", "changed", changed=True)
"""Stands before a row that the last micro-step changed."""
AS_BEFORE = Mark(" ", "dim")
"""Stands there before any other."""


@per_position
def written(timeline: Timeline) -> frozenset[tuple[str, int, str]]:
    """The fields, as (region, index, name), that the last micro-step changed."""
    changes = step_changes(timeline, timeline.position) if timeline.position else ()
    return frozenset((one.ref.region, one.ref.index, one.ref.field) for one in changes)


def changed(timeline: Timeline, region: str, index: int, fields: Iterable[Field]) -> bool:
    """Whether the last micro-step changed one of these fields of a record."""
    known = written(timeline)
    return any((region, index, one.name) in known for one in fields)


def before(timeline: Timeline, record: Record, field: Field) -> Any:
    """What a field presented before the last micro-step."""
    cell = record.base + field.offset
    change = _old(timeline).get(cell)
    return field.decode(field.raw(record) if change is None else change[0], record.regions)


@per_position
def _old(timeline: Timeline) -> dict[int, tuple[int, int]]:
    return timeline.changed_cells(timeline.position)


def gutter(row: Row) -> Row:
    """A row with the mark of what changed before it, if anything in it did."""
    return (CHANGED if any(mark.changed for mark in row) else AS_BEFORE, *row)


def lit(row: Row, *, when: bool) -> Row:
    """The marks of a row as changed, if they are."""
    return tuple(evolve(mark, changed=True) for mark in row) if when else row


def only_changed(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Rows in which something changed, and headings."""
    return tuple(row for row in rows if any(mark.changed or mark.role == "title" for mark in row))


@per_run(most=64)
def stale_at(timeline: Timeline, position: int) -> dict[int, bool]:
    """TLB entries that page tables disagree with at a position, by index, and whether their CPU can
    still use them; those of a device always can.
    """
    if position != timeline.position:
        with timeline.visit(position):
            return _stale(timeline.machine)
    return _stale(timeline.machine)


def _stale(m: Machine) -> dict[int, bool]:
    found = {}
    for cpu in range(m.config.cpus):
        for entry in m.tlb_of(cpu):
            if entry.mm and truth.stale(m, entry):
                found[entry.index] = truth.reachable(m, cpu, entry)
    for entry in m.device_tlb:
        if entry.mm and truth.stale(m, entry):
            found[entry.index] = True
    return found


@per_position
def debt_moved(timeline: Timeline) -> frozenset[int]:
    """Frames whose debt is another one, or in another state, than before the last micro-step."""
    here = timeline.position
    if not here:
        return frozenset()
    now, then = in_debt_at(timeline, here), in_debt_at(timeline, here - 1)
    told = {pfn: (one.state, one.key, one.generation) for pfn, one in now.items()}
    was = {pfn: (one.state, one.key, one.generation) for pfn, one in then.items()}
    return frozenset(pfn for pfn in now.keys() | then.keys() if told.get(pfn) != was.get(pfn))


@per_position
def stale_moved(timeline: Timeline) -> frozenset[int]:
    """TLB entries that became stale, usable or neither in the last micro-step."""
    here = timeline.position
    if not here:
        return frozenset()
    now, then = stale_at(timeline, here), stale_at(timeline, here - 1)
    return frozenset(n for n in now.keys() | then.keys() if now.get(n) != then.get(n))
