"""Typed records over cells, so that code reads like the kernel's and not like index arithmetic.

A region is an array of records; a record is a few named fields; a field is one cell. The
declaration gives sizes, widths, names for the screen, and what the explorer may rename.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar, overload

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Iterator

    from luf_tui.machine.cells import Cells


class Field:
    """One named cell of a record.

    `ref` names the region whose index + 1 the cell holds (0 is none); `mask` names the region
    whose members are its bits; `counter` names the family of a number that only its order
    matters in (the explorer renames it by rank); `bits` is the width, 0 for the machine's own.
    """

    __slots__ = ("bits", "counter", "doc", "mask", "name", "offset", "ref")

    def __init__(
        self, doc: str = "", *, ref: str = "", mask: str = "", counter: str = "", bits: int = 0
    ) -> None:
        self.doc = doc
        self.ref = ref
        self.mask = mask
        self.counter = counter
        self.bits = bits
        self.name = ""
        self.offset = -1

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, record: None, owner: type) -> Field: ...
    @overload
    def __get__(self, record: Record, owner: type) -> int: ...
    def __get__(self, record: Record | None, owner: type) -> Field | int:
        if record is None:
            return self
        return record.cells[record.base + self.offset]

    def __set__(self, record: Record, value: int) -> None:
        cell = record.base + self.offset
        if record.cells[cell] != value:
            record.put(cell, value)


class Record:
    """A view of one record: reads cells, and writes them through the log."""

    __slots__ = ("base", "cells", "index", "put")

    FIELDS: ClassVar[tuple[Field, ...]] = ()
    SIZE: ClassVar[int] = 0

    def __init_subclass__(cls) -> None:
        inherited = cls.__mro__[1].FIELDS if issubclass(cls.__mro__[1], Record) else ()
        own = tuple(value for value in vars(cls).values() if isinstance(value, Field))
        for number, declared in enumerate(own, start=len(inherited)):
            declared.offset = number
        cls.FIELDS = (*inherited, *own)
        cls.SIZE = len(cls.FIELDS)

    def __init__(self, store: Cells, base: int, index: int) -> None:
        self.cells: array[int] = store.values
        self.put: Callable[[int, int], None] = store.write
        self.base = base
        self.index = index

    def clear(self) -> None:
        """Set every field of the record to 0."""
        for cell in range(self.base, self.base + self.SIZE):
            if self.cells[cell]:
                self.put(cell, 0)

    def as_dict(self) -> dict[str, int]:
        """Field names and values, for tests and for people."""
        return {f.name: self.cells[self.base + f.offset] for f in self.FIELDS}


R = TypeVar("R", bound=Record)


class Region(list[R], Generic[R]):
    """An array of records of one kind: a list, so that indexing costs no call of ours."""

    __slots__ = ("base", "kind", "name", "size")

    def __init__(self, name: str, kind: type[R], store: Cells, base: int, count: int) -> None:
        super().__init__(kind(store, base + i * kind.SIZE, i) for i in range(count))
        self.name = name
        self.kind = kind
        self.base = base
        self.size = kind.SIZE

    @property
    def records(self) -> list[R]:
        """The records, as a plain list."""
        return self

    def holding(self, declared: Field, value: int) -> Iterator[R]:
        """The records with this value in a field, found by one look at the whole column."""
        if not self:
            return
        first = self.base + declared.offset
        column = self[0].cells[first : self.base + len(self) * self.size : self.size]
        if value in column:
            yield from (record for record, held in zip(self, column, strict=True) if held == value)

    def locate(self, cell: int) -> tuple[int, Field]:
        """The record index and the field that a cell of this region belongs to."""
        index, offset = divmod(cell - self.base, self.size)
        return index, self.kind.FIELDS[offset]
