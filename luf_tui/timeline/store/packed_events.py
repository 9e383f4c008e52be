"""The events of a finished run, in columns as narrow as their numbers allow."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator

from luf_tui.machine.events import ARGS, KINDS, ROW, Event, EventLog
from luf_tui.timeline.store.steps import narrow_signed

FIRST_ARG = ROW - ARGS


class PackedEvents(EventLog):
    """An event log that grows no more: about 10 bytes an event instead of 64.

    `rows` is built anew each time it is asked for; use `kind_of`, `argument` and indexing.
    """

    __slots__ = ("_marks", "args", "cpus", "kinds")

    def __init__(self, rows: array[int], marks: array[int]) -> None:
        """`marks[p]` counts the events up to and including position p."""
        self._marks = marks
        self.kinds: array[int] = array("B", rows[1::ROW])
        self.cpus = narrow_signed(rows[2::ROW])
        self.args = tuple(narrow_signed(rows[n::ROW]) for n in range(FIRST_ARG, ROW))

    @property
    def rows(self) -> array[int]:  # type: ignore[override]  # made of the columns
        """The events as `EventLog` has them."""
        return self.rows_of(0, len(self))

    @property
    def step(self) -> int:  # type: ignore[override]  # the run is over
        """The last micro-step."""
        return len(self._marks) - 1

    @property
    def nbytes(self) -> int:
        """Bytes the columns take."""
        return sum(len(a) * a.itemsize for a in (self.kinds, self.cpus, *self.args))

    def rows_of(self, first: int, end: int) -> array[int]:
        """Rows of events `first` to `end - 1`, 64 bits a number."""
        rows = array("q", bytes(8 * ROW * (end - first)))
        rows[0::ROW] = array("q", (self.step_of(n) for n in range(first, end)))
        for column, source in enumerate((self.kinds, self.cpus, *self.args), start=1):
            rows[column::ROW] = array("q", source[first:end])
        return rows

    def emit(
        self, kind: int, cpu: int, a: int = 0, b: int = 0, c: int = 0, d: int = 0, e: int = 0
    ) -> None:
        """Refuse: the run is over. Raises RuntimeError."""
        raise RuntimeError("a recorded run has no further events")

    def truncate(self, count: int) -> None:
        """Refuse: the run stays as recorded. Raises RuntimeError."""
        raise RuntimeError("a recorded run forgets no events")

    def __len__(self) -> int:
        return len(self.kinds)

    def kind_of(self, index: int) -> int:
        """The kind number of event `index`, without building it."""
        return self.kinds[index]

    def step_of(self, index: int) -> int:
        """The micro-step event `index` happened in."""
        return bisect_right(self._marks, index)

    def argument(self, index: int, number: int) -> int:
        """Argument `number` of event `index`, without building it."""
        return self.args[number][index]

    def signature(self, index: int) -> tuple[int, ...]:
        """Kind, CPU and arguments: an event without its place in the run."""
        return (self.kinds[index], self.cpus[index], *(column[index] for column in self.args))

    def __getitem__(self, index: int) -> Event:
        if index < 0:
            index += len(self)
        kind = KINDS[self.kinds[index]]
        said = {name: self.args[n][index] for n, name in enumerate(kind.args)}
        return Event(index, self.step_of(index), kind, self.cpus[index], said)

    def __iter__(self) -> Iterator[Event]:
        return (self[index] for index in range(len(self)))
