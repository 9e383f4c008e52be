"""What changed: between two positions, or in one micro-step, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from luf_tui.machine.machine import Machine
from luf_tui.machine.refs import Ref
from luf_tui.timeline.answers import Change
from luf_tui.timeline.timeline import Timeline


def step_changes(timeline: Timeline, step: int) -> tuple[Change, ...]:
    """Every field that micro-step `step` changed, in cell order."""
    return named(timeline.machine, timeline.changed_cells(step))


def changed_records(timeline: Timeline, step: int) -> frozenset[tuple[str, int]]:
    """The records, as (region, index), in which micro-step `step` changed anything."""
    return frozenset((c.ref.region, c.ref.index) for c in step_changes(timeline, step))


def named(machine: Machine, net: Mapping[int, tuple[int, int]]) -> tuple[Change, ...]:
    """Changes by cell, told by region, record and field."""
    return tuple(_named(machine, net))


def _named(machine: Machine, net: Mapping[int, tuple[int, int]]) -> Iterator[Change]:
    for cell in sorted(net):
        region = machine.locate(cell).region
        index, field = machine.regions[region].locate(cell)
        yield Change(Ref(region, index, field.name), cell, *net[cell])
