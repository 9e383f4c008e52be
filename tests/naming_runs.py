"""States under their names, for tests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from luf_tui.machine.machine import Machine
from luf_tui.policy.base import Policy
from luf_tui.search import search as searching
from luf_tui.search.rows.cell_columns import CellColumns
from luf_tui.search.rows.index import columns_of, state_of
from luf_tui.search.rows.names.machine_names import MachineNames
from luf_tui.search.rows.naming import Naming
from luf_tui.search.rows.packing import Layout, declared_widths

Cells = tuple[int, ...]


def layout_of(machine: Machine) -> Layout:
    """Where the cells of a machine stand in a state, as it is now."""
    return Layout(machine.cells, [max(one, 16) for one in declared_widths(machine)])


def columns(layout: Layout, states: Iterable[Sequence[int]]) -> CellColumns:
    """States by their cells, as columns."""
    packed = [layout.state(cells, range(len(cells))) for cells in states]
    return CellColumns(layout, columns_of(packed, layout.words))


def rows(some: CellColumns) -> list[Cells]:
    """Columns as states by their cells."""
    return [tuple(some.layout.unpacked(state_of(column))) for column in some.words.T]


def named(
    machine: Machine, policy: Policy, states: Sequence[Sequence[int]], naming: Naming | None = None
) -> list[Cells]:
    """States by their cells, under their names."""
    some = columns(layout_of(machine), states)
    (naming or MachineNames(machine, policy)).rename(some)
    return rows(some)


@contextmanager
def names_from_the_start(names: bool = True) -> Iterator[None]:
    """A search renames its states from the first one on, or not at all."""
    usual = searching.JUDGE_AT, searching.WORTHWHILE
    searching.JUDGE_AT, searching.WORTHWHILE = 1, 2.0 if names else 0.0
    try:
        yield
    finally:
        searching.JUDGE_AT, searching.WORTHWHILE = usual
