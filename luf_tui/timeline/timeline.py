"""The recorded run: a cursor over its log, and the plain questions put to it.

Positions run from 0, the power-on state, to `steps`; position n is the state after micro-step n.
How a run is stored is known in this package only.
"""

from __future__ import annotations

import hashlib
import sys
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from luf_tui.engine.director import Remark, StepInfo
from luf_tui.machine.config import MachineConfig
from luf_tui.machine.machine import Machine
from luf_tui.timeline import script_lines
from luf_tui.timeline.answers import Counters, Outcome, Refusal
from luf_tui.timeline.caches import Kept, per_run
from luf_tui.timeline.open_debts import owed
from luf_tui.timeline.store.checkpoints import Checkpoints
from luf_tui.timeline.store.deltas import Deltas
from luf_tui.timeline.store.event_index import EventIndex
from luf_tui.timeline.store.packed_events import PackedEvents
from luf_tui.timeline.store.steps import Steps

if TYPE_CHECKING:
    from luf_tui.oracle.oracle import Finding
    from luf_tui.policy.base import Policy
    from luf_tui.script.program import Program


class Timeline:
    """A recorded run of one program under one policy, with a cursor.

    `machine` is the machine at `position`; `seek` moves it. Everything else stays as recorded.
    """

    def __init__(
        self,
        program: Program,
        policy: Policy,
        machine: Machine,
        *,
        deltas: Deltas,
        checkpoints: Checkpoints,
        steps: Steps,
        reached: array[int],
        findings: tuple[Finding, ...] = (),
        finding_events: tuple[int, ...] = (),
        outcomes: tuple[Outcome, ...] = (),
        refusals: tuple[Refusal, ...] = (),
        incomplete: str = "",
        remarks: tuple[Remark, ...] = (),
        asked: Mapping[str, int] | None = None,
    ) -> None:
        self.program = program
        self.policy = policy
        self.machine = machine
        self.events = PackedEvents(machine.events.rows, steps.event_mark)
        machine.events = self.events
        self.findings = findings
        """Deviations and violations; benign stale hits are events only."""
        self.finding_events = finding_events
        """The DEVIATION or VIOLATION event of each finding."""
        self.outcomes = outcomes
        self.refused = refusals
        """What was refused: all of it, as the events about it count it."""
        self.refusals = tuple(one for one in refusals if not one.line)
        """What ended the run."""
        self.incomplete = incomplete
        """Why the recording ended early; empty when the whole program was played."""
        self.remarks = remarks
        self.asked: Mapping[str, int] = asked or {}
        """Guards that the policy was asked for, by name, and at which micro-step first."""
        self.kept = Kept()
        """What questions keep between askings."""
        self.position = len(steps) - 1
        self._deltas = deltas
        self._checkpoints = checkpoints
        self._steps = steps
        self._reached = reached

    @property
    def config(self) -> MachineConfig:
        """The machine's sizes and names."""
        return self.machine.config

    @property
    def steps(self) -> int:
        """The number of micro-steps, and the last position."""
        return len(self._steps) - 1

    @property
    def nbytes(self) -> int:
        """Bytes the history takes: writes, steps, events and checkpoints."""
        parts = (self._deltas, self._steps, self._checkpoints, self.events)
        return sum(part.nbytes for part in parts)

    # -- the cursor -------------------------------------------------------------------------

    def clamp(self, position: int) -> int:
        """The nearest position that exists."""
        return min(max(position, 0), self.steps)

    def seek(self, position: int) -> None:
        """Move the machine to a position. Raises IndexError when there is no such position.

        Goes from the cursor or a checkpoint, whichever has fewer writes in between, forward with
        the new values or backward with the old ones. Nothing is logged.
        """
        if not 0 <= position <= self.steps:
            raise IndexError(position)
        marks = self._steps.log_mark
        at, target = marks[self.position], marks[position]
        cells = self.machine.cells
        number = self._checkpoints.nearest(target)
        stored = self._checkpoints.marks[number]
        if abs(target - stored) + self._checkpoints.copy_cost() < abs(target - at):
            self._checkpoints.restore(number, cells.values)
            at = stored
        if at < target:
            cells.apply(self._deltas.forward(at, target))
        elif at > target:
            cells.apply(self._deltas.backward(target, at))
        self.position = position

    @contextmanager
    def visit(self, position: int) -> Iterator[None]:
        """The machine at another position for a while; afterwards the cursor is back."""
        before = self.position
        self.seek(position)
        try:
            yield
        finally:
            self.seek(before)

    # -- events -----------------------------------------------------------------------------

    @property
    def index(self) -> EventIndex:
        """Event numbers by kind; built when first asked for."""
        return _event_index(self)

    def event_index_at(self, position: int) -> int:
        """The number of events up to and including a position."""
        return self._steps.event_mark[position]

    def events_of(self, step: int) -> range:
        """Event numbers of micro-step `step`; those of 0 came before the first micro-step."""
        marks = self._steps.event_mark
        return range(marks[step - 1] if step else 0, marks[step])

    def step_of_event(self, event: int) -> int:
        """The position an event belongs to."""
        return bisect_right(self._steps.event_mark, event)

    def counters(self, position: int) -> Counters:
        """Totals up to and including a position."""
        return self.index.counters(position, self._steps.event_mark[position])

    def owed(self, position: int) -> int:
        """Frames that wait for a flush at a position, put off and not over."""
        return _owed_at(self, position)

    def digest(self, position: int | None = None) -> str:
        """SHA-256 of the event log, whole or up to a position, the same on any computer."""
        sha = hashlib.sha256()
        count = len(self.events) if position is None else self.event_index_at(position)
        for first in range(0, count, 4096):
            piece = self.events.rows_of(first, min(first + 4096, count))
            if sys.byteorder == "big":
                piece.byteswap()
            sha.update(piece.tobytes())
        return sha.hexdigest()

    # -- steps and items --------------------------------------------------------------------

    def step_info(self, step: int) -> StepInfo:
        """What micro-step `step` (1 to `steps`) did."""
        if not 1 <= step <= self.steps:
            raise IndexError(step)
        return self._steps.info(step)

    def item_at(self, position: int) -> int:
        """The program item being executed at a position, or -1 before any."""
        return self._steps.item[position]

    def line_at(self, position: int) -> int:
        """The script line being executed at a position, or 0 before any."""
        return script_lines.line_at(self, position)

    def item_steps(self, item: int) -> range:
        """The micro-steps of one item, first to last; empty for items without any."""
        first, last = _item_spans(self)
        return range(first[item], last[item] + 1) if 0 <= item < len(first) else range(0)

    def item_position(self, item: int) -> int:
        """The position at which the run reached an item, or -1 when it never did.

        For an operation it is its first micro-step; for an expectation or a note, the state it
        looks at.
        """
        return self._reached[item]

    @property
    def items(self) -> array[int]:
        """The item of every position, as a column; not to be changed."""
        return self._steps.item

    # -- cells ------------------------------------------------------------------------------

    def changed_cells(self, step: int) -> dict[int, tuple[int, int]]:
        """Cells that micro-step `step` changed: cell -> (old, new). Empty for 0."""
        return self.net_changes(step - 1, step) if step else {}

    def net_changes(self, first: int, last: int) -> dict[int, tuple[int, int]]:
        """Cells whose values differ between two positions, `first` <= `last`."""
        marks = self._steps.log_mark
        return self._deltas.net(marks[first], marks[last])

    def writes_between(self, first: int, last: int) -> int:
        """How many writes lie between two positions."""
        return abs(self._steps.log_mark[last] - self._steps.log_mark[first])

    def last_write(self, first_cell: int, end_cell: int, position: int) -> int:
        """The micro-step that last wrote one of these cells, up to a position; 0 if none did."""
        marks = self._steps.log_mark
        write = self._deltas.last_write(first_cell, end_cell, marks[position])
        return bisect_right(marks, write) if write >= 0 else 0

    def all_writes(self, first_cell: int, end_cell: int) -> list[tuple[int, int, int, int]]:
        """Every write to these cells, oldest first, as (step, cell, old, new)."""
        marks, log = self._steps.log_mark, self._deltas
        return [
            (bisect_right(marks, n), log.cell[n], log.old[n], log.new[n])
            for n in log.writes_to(first_cell, end_cell)
        ]


@per_run
def _owed_at(timeline: Timeline, position: int) -> int:
    with timeline.visit(position):
        return owed(timeline.policy, timeline.machine)


@per_run
def _event_index(timeline: Timeline) -> EventIndex:
    return EventIndex(timeline.events)


@per_run
def _item_spans(timeline: Timeline) -> tuple[array[int], array[int]]:
    """First and last micro-step of every item; of one without any, 0 and -1."""
    count = len(timeline.program.items)
    first, last = array("i", [0]) * count, array("i", [-1]) * count
    for step, item in enumerate(timeline.items):
        if item >= 0:
            last[item] = step
            if not first[item]:
                first[item] = step
    return first, last
