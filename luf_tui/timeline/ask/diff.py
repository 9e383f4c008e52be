"""What changed: between two positions, or in one micro-step, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from luf_tui.machine.machine import Machine
from luf_tui.machine.refs import Ref
from luf_tui.timeline.answers import Change
from luf_tui.timeline.timeline import Timeline


def changes(timeline: Timeline, first: int, last: int) -> tuple[Change, ...]:
    """Every field that differs between two positions, from `first` to `last`, in cell order.

    `first` may lie after `last`: then old and new are told in that direction.
    """
    low, high = min(first, last), max(first, last)
    if timeline.writes_between(low, high) > 4 * len(timeline.machine.cells.values):
        net = _by_states(timeline, low, high)
    else:
        net = timeline.net_changes(low, high)
    if first > last:
        net = {cell: (new, old) for cell, (old, new) in net.items()}
    return named(timeline.machine, net)


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


def _by_states(timeline: Timeline, low: int, high: int) -> dict[int, tuple[int, int]]:
    """The same from two whole states: cheaper than a log much longer than the machine."""
    with timeline.visit(low):
        before = timeline.machine.cells.values[:]
        timeline.seek(high)
        after = timeline.machine.cells.values[:]
    pairs = enumerate(zip(before, after, strict=True))
    return {cell: (old, new) for cell, (old, new) in pairs if old != new}
