"""A machine that keeps no log: the same regions and the same writes, in another store.

Nobody can step back in it, look at an earlier state or ask what changed: it is for a replay that
only counts. Each field stands in its record as what it presents, a record or a number, and not as
a cell, so that a mask may name any number of CPUs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, TypeVar

import attrs

from luf_tui.machine.cells import Cells
from luf_tui.machine.event_log import EventLog
from luf_tui.machine.events import KINDS
from luf_tui.machine.kind import Kind
from luf_tui.machine.machine import Machine, RegionSpec
from luf_tui.machine.regions import Field, Record, Region, Regions

R = TypeVar("R", bound=Record)


class UnloggedRegion(Region[R]):
    """A region whose records hold their fields themselves."""

    __slots__ = ()

    @staticmethod
    def records_of(
        kind: type[R], store: Cells, regions: Regions, base: int, count: int
    ) -> Iterator[R]:
        """So many new records; they have no place in the cells."""
        made = unlogged(kind)
        return (made(regions, number) for number in range(count))

    def column(self, declared: Field) -> Sequence[int]:
        """What the cells of one field would hold."""
        return [raw(record, declared) for record in self]


class Told(EventLog):
    """Events until somebody takes them, with masks of any width. Their micro-steps are not kept."""

    __slots__ = ("_only", "_told")

    def __init__(self) -> None:
        super().__init__()
        self._only = frozenset(KINDS)
        self._told: list[tuple[int, ...]] = []

    def emit(
        self, kind: Kind, cpu: int, a: int = 0, b: int = 0, c: int = 0, d: int = 0, e: int = 0
    ) -> None:
        """Append one event. `cpu` is -1 when it is nobody's."""
        if kind in self._only:
            self._told.append((kind, cpu, a, b, c, d, e))

    def only(self, kinds: frozenset[Kind]) -> None:
        """Forget events of other kinds as they come."""
        self._only = kinds

    def __len__(self) -> int:
        return len(self._told)

    def kind_of(self, index: int) -> int:
        """The kind of event `index`, by number."""
        return self._told[index][0]

    def cpu_of(self, index: int) -> int:
        """The CPU of event `index`; -1 is nobody's."""
        return self._told[index][1]

    def argument(self, index: int, number: int) -> int:
        """Argument `number` of event `index`."""
        return self._told[index][2 + number]

    def taken(self) -> Sequence[Sequence[int]]:
        """The kind, the CPU and the arguments of every event, which are forgotten."""
        told = self._told[:]
        self._told.clear()
        return told


class UnloggedMachine(Machine):
    """A machine over such records. It has no cells: there is nothing to go back to."""

    REGION = UnloggedRegion
    EVENTS = Told

    def _memory(self, specs: Sequence[RegionSpec], memory: type[Cells]) -> Cells:
        return memory(0, 1)

    def snapshot(self) -> list[int]:
        """What the cells of a machine with a log would hold now."""
        return [
            raw(record, declared)
            for region in self.regions.values()
            for record in region
            for declared in record.FIELDS
        ]


def raw(record: Record, declared: Field) -> int:
    """What a cell would hold for a field of such a record."""
    return int(declared.encode(getattr(record, declared.name)))


def _clear(self: Any) -> None:
    """Set every field of the record to 0."""
    self.__init__(self.regions, self.index)


def _assign(self: Record, source: Record) -> None:
    """Set every field to what another record of the same kind has."""
    for declared in self.FIELDS:
        setattr(self, declared.name, getattr(source, declared.name))


def _as_dict(self: Record) -> dict[str, int]:
    """Field names and values, for tests and for people."""
    return {declared.name: raw(self, declared) for declared in self.FIELDS}


def _repr(self: Record) -> str:
    told = ((f, raw(self, f)) for f in self.FIELDS)
    said = ", ".join(f"{f.name} {self.regions.told(f, value)}" for f, value in told if value)
    return f"<{self.regions.name_of(self)}: {said or 'empty'}>"


def unlogged(kind: type[R], *more: str) -> Callable[..., R]:
    """The class of such records of a kind, made from the kind's own declaration. One is made with
    the regions, its number, and `more`.
    """
    known: Any = kind
    made: Callable[..., R] = _made(known, more)
    return made


@cache
def _made(kind: Any, more: tuple[str, ...]) -> Any:
    first = {name: attrs.field() for name in ("regions", "index", *more)}
    fields = {declared.name: attrs.field(default=declared.EMPTY) for declared in kind.FIELDS}
    methods = {"clear": _clear, "assign": _assign, "as_dict": _as_dict, "__repr__": _repr}
    return attrs.make_class(
        kind.__name__,
        first | fields,
        bases=(kind,),
        class_body={"MADE": True, **methods},
        slots=True,
        weakref_slot=False,
        eq=False,
        repr=False,
    )
