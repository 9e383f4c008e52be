"""What happened, as rows of small numbers; a frozen `Event` is built only when one is shown."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from typing import Final

from attrs import frozen

from luf_tui.machine.events import KINDS
from luf_tui.machine.kind import ARGS, Kind

STEP, KIND, CPU, FIRST_ARG = range(4)
ROW: Final = FIRST_ARG + ARGS


@frozen
class Event:
    """One thing that happened: its place in the run, its kind, where, and its arguments."""

    index: int
    step: int
    kind: Kind
    cpu: int
    """The CPU it happened on, or -1."""
    args: dict[str, int]

    @property
    def name(self) -> str:
        """The kind's name."""
        return self.kind.name


class EventLog:
    """Events packed in one array, a row of `ROW` numbers each."""

    __slots__ = ("rows", "step")

    def __init__(self) -> None:
        self.rows: array[int] = array("q")
        self.step = 0

    def emit(
        self, kind: Kind, cpu: int, a: int = 0, b: int = 0, c: int = 0, d: int = 0, e: int = 0
    ) -> None:
        """Append one event of the current micro-step. `cpu` is -1 when it is nobody's."""
        self.rows.extend((self.step, kind, cpu, a, b, c, d, e))

    def __len__(self) -> int:
        return len(self.rows) // ROW

    @property
    def nbytes(self) -> int:
        """Bytes the events take."""
        return len(self.rows) * self.rows.itemsize

    def kind_of(self, index: int) -> int:
        """The kind of event `index`, by number, without building it."""
        return self.rows[index * ROW + KIND]

    def step_of(self, index: int) -> int:
        """The micro-step event `index` happened in."""
        return self.rows[index * ROW + STEP]

    def cpu_of(self, index: int) -> int:
        """The CPU event `index` happened on, or -1."""
        return self.rows[index * ROW + CPU]

    def argument(self, index: int, place: int) -> int:
        """An argument of event `index`, without building it: `argument(index, READ.content)`."""
        return self.rows[index * ROW + FIRST_ARG + place]

    def __getitem__(self, index: int) -> Event:
        if index < 0:
            index += len(self)
        row = self.rows[index * ROW : index * ROW + ROW]
        if not row:
            raise IndexError(index)
        kind = KINDS[row[KIND]]
        args = dict(zip(kind.args, row[FIRST_ARG:], strict=False))
        return Event(index, row[STEP], kind, row[CPU], args)

    def __iter__(self) -> Iterator[Event]:
        return (self[index] for index in range(len(self)))

    def truncate(self, count: int) -> None:
        """Forget all events from number `count` on."""
        del self.rows[count * ROW :]

    def only(self, kinds: frozenset[Kind]) -> None:
        """Nobody will ask for other kinds; who keeps all of them keeps these."""

    def taken(self) -> Sequence[Sequence[int]]:
        """The kind, the CPU and the arguments of every event, which are forgotten."""
        rows = self.rows
        told = [rows[at + KIND : at + ROW] for at in range(0, len(rows), ROW)]
        self.truncate(0)
        return told


def columns(rows: array[int]) -> list[array[int]]:
    """Rows taken apart: steps, kinds, CPUs, and each argument."""
    return [rows[column::ROW] for column in range(ROW)]


def woven(parts: Sequence[Sequence[int]]) -> array[int]:
    """The rows of such columns, 64 bits a number."""
    rows = array("q", bytes(8 * ROW * len(parts[0])))
    for column, part in enumerate(parts):
        rows[column::ROW] = array("q", part)
    return rows
