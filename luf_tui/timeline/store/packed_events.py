"""The events of a finished run, in columns as narrow as their numbers allow."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator

from luf_tui.machine.event_log import Event, EventLog, columns, woven
from luf_tui.machine.events import KINDS
from luf_tui.machine.kind import Kind
from luf_tui.timeline.store.steps import narrow_signed


class PackedEvents(EventLog):
    """An event log that grows no more: about 10 bytes an event instead of 64.

    `rows` is built anew each time it is asked for; use `kind_of`, `argument` and indexing.
    """

    __slots__ = ("_marks", "args", "cpus", "kinds")

    def __init__(self, rows: array[int], marks: array[int]) -> None:
        """`marks[p]` counts the events up to and including position p."""
        self._marks = marks
        _, kinds, cpus, *args = columns(rows)
        self.kinds: array[int] = array("B", kinds)
        self.cpus = narrow_signed(cpus)
        self.args = tuple(narrow_signed(column) for column in args)
        """Columns of arguments, by place: `args[READ.content]`."""

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
        steps = [self.step_of(n) for n in range(first, end)]
        parts = (self.kinds, self.cpus, *self.args)
        return woven([steps, *(part[first:end] for part in parts)])

    def emit(
        self, kind: Kind, cpu: int, a: int = 0, b: int = 0, c: int = 0, d: int = 0, e: int = 0
    ) -> None:
        """Refuse: the run is over. Raises RuntimeError."""
        raise RuntimeError("a recorded run has no further events")

    def truncate(self, count: int) -> None:
        """Refuse: the run stays as recorded. Raises RuntimeError."""
        raise RuntimeError("a recorded run forgets no events")

    def __len__(self) -> int:
        return len(self.kinds)

    def kind_of(self, index: int) -> int:
        """The kind of event `index`, by number, without building it."""
        return self.kinds[index]

    def step_of(self, index: int) -> int:
        """The micro-step event `index` happened in."""
        return bisect_right(self._marks, index)

    def cpu_of(self, index: int) -> int:
        """The CPU event `index` happened on, or -1."""
        return self.cpus[index]

    def argument(self, index: int, place: int) -> int:
        """An argument of event `index`, without building it: `argument(index, READ.content)`."""
        return self.args[place][index]

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
