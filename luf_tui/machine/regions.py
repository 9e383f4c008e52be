"""Typed records over cells, so that code reads like the kernel's and not like index arithmetic.

A region is an array of records; a record is a few named fields; a field is one cell. The
declaration gives sizes, widths, names for the screen, and what the explorer may rename.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, overload

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Iterator, Sequence

    from luf_tui.machine.cells import Cells


R = TypeVar("R", bound="Record")


class Field:
    """One named cell of a record, and how what stands in it is written as a number.

    `ref` names the region whose record the cell points to; `mask` names the region whose members
    are its bits; `counter` names the family of a number that only its order matters in (the search
    renames it by rank); `bits` is the width, 0 for the machine's own; `names` are words for the
    first values. `of` says what a plain number counts from 0: `cpu`, or `page` for a virtual page
    number; where that begins a range, `upto` names the field of the page after its last, or `over`
    that of how many pages it has, and `within` the range that a page goes through up to its end.
    """

    __slots__ = (
        "bits",
        "counter",
        "doc",
        "mask",
        "name",
        "names",
        "of",
        "offset",
        "over",
        "ref",
        "upto",
        "within",
    )

    EMPTY: ClassVar[Any] = None
    """What an empty cell presents."""

    def __init__(
        self,
        doc: str = "",
        *,
        ref: str = "",
        mask: str = "",
        counter: str = "",
        bits: int = 0,
        names: tuple[str, ...] = (),
        of: str = "",
        upto: str = "",
        over: str = "",
        within: str = "",
    ) -> None:
        self.doc = doc
        self.ref = ref
        self.mask = mask
        self.counter = counter
        self.bits = bits
        self.names = names
        self.of = of
        self.upto = upto
        self.over = over
        self.within = within
        self.name = ""
        self.offset = -1

    def __set_name__(self, owner: type, name: str) -> None:
        # Another class may have an attribute that says which field it means.
        self.name = self.name or name

    def encode(self, value: Any) -> int:
        """What the cell holds for a value of this field."""
        raise TypeError(f"{type(self).__name__} does not say what its cell holds")

    def decode(self, raw: int, regions: Regions) -> Any:
        """What a cell that holds `raw` presents: the inverse of `encode`."""
        return raw

    def raw(self, record: Record) -> int:
        """What the cell holds in a record."""
        return record.cells[record.base + self.offset]

    def write(self, record: Record, raw: int) -> None:
        """Put a number into the cell, through the log."""
        record.put(record.base + self.offset, raw)


class Number(Field):
    """A number, a flag or a mask: the cell holds it as it is."""

    __slots__ = ()

    EMPTY = 0

    @overload
    def __get__(self, record: None, owner: type) -> Number: ...
    @overload
    def __get__(self, record: Record, owner: type) -> int: ...
    def __get__(self, record: Record | None, owner: type) -> Number | int:
        if record is None:
            return self
        return record.cells[record.base + self.offset]

    def __set__(self, record: Record, value: int) -> None:
        record.put(record.base + self.offset, value)

    def encode(self, value: int) -> int:
        """The number itself."""
        return value


class MaybeNumber(Field):
    """A number or None: the cell holds it plus one, 0 for None."""

    __slots__ = ()

    @overload
    def __get__(self, record: None, owner: type) -> MaybeNumber: ...
    @overload
    def __get__(self, record: Record, owner: type) -> int | None: ...
    def __get__(self, record: Record | None, owner: type) -> MaybeNumber | int | None:
        if record is None:
            return self
        return self.decode(record.cells[record.base + self.offset], record.regions)

    def __set__(self, record: Record, value: int | None) -> None:
        self.write(record, self.encode(value))

    def decode(self, raw: int, regions: Regions) -> int | None:
        """The number, or None."""
        return raw - 1 if raw else None

    def encode(self, value: int | None) -> int:
        """The number plus one; 0 for None."""
        return 0 if value is None else value + 1


class CpuNumber(Field):
    """A CPU by its number, counted from 0, or -1 for none: the cell holds it plus one."""

    __slots__ = ()

    EMPTY = -1

    def __init__(self, doc: str = "") -> None:
        super().__init__(doc, ref="cpu")

    @overload
    def __get__(self, record: None, owner: type) -> CpuNumber: ...
    @overload
    def __get__(self, record: Record, owner: type) -> int: ...
    def __get__(self, record: Record | None, owner: type) -> CpuNumber | int:
        if record is None:
            return self
        return record.cells[record.base + self.offset] - 1

    def __set__(self, record: Record, value: int) -> None:
        self.write(record, value + 1)

    def decode(self, raw: int, regions: Regions) -> int:
        """The CPU's number, or -1."""
        return raw - 1

    def encode(self, value: int) -> int:
        """The number plus one; 0 for -1."""
        return value + 1


def reference(record: Record | None) -> int:
    """What a cell holds that refers to a record: its index plus one, 0 for None."""
    return 0 if record is None else record.index + 1


class Reference(Field, Generic[R]):
    """A pointer: presents the record of region `ref` that the cell names, or None, and is assigned
    one. The cell holds the record's index plus one, 0 for None.
    """

    __slots__ = ()

    def __init__(self, ref: str, doc: str = "") -> None:
        super().__init__(doc, ref=ref)

    @overload
    def __get__(self, record: None, owner: type) -> Reference[R]: ...
    @overload
    def __get__(self, record: Record, owner: type) -> R | None: ...
    def __get__(self, record: Record | None, owner: type) -> Reference[R] | R | None:
        if record is None:
            return self
        raw = record.cells[record.base + self.offset]
        return record.regions[self.ref][raw - 1] if raw else None

    def __set__(self, record: Record, value: R | None) -> None:
        # `reference`, without the call
        record.put(record.base + self.offset, 0 if value is None else value.index + 1)

    def decode(self, raw: int, regions: Regions) -> R | None:
        """The record, or None."""
        return regions[self.ref].referred(raw)

    def encode(self, value: Record | None) -> int:
        """The record's index plus one; 0 for None."""
        return reference(value)


class Required(Field, Generic[R]):
    """A reference that is set whenever anybody reads it: presents the record, never None.

    Reading an empty one is the engine's NULL dereference: it raises IndexError.
    """

    __slots__ = ()

    def __init__(self, ref: str, doc: str = "") -> None:
        super().__init__(doc, ref=ref)

    @overload
    def __get__(self, record: None, owner: type) -> Required[R]: ...
    @overload
    def __get__(self, record: Record, owner: type) -> R: ...
    def __get__(self, record: Record | None, owner: type) -> Required[R] | R:
        if record is None:
            return self
        raw = record.cells[record.base + self.offset]
        if not raw:
            raise IndexError(f"{type(record).__name__}.{self.name} refers to nothing")
        found: R = record.regions[self.ref][raw - 1]
        return found

    def __set__(self, record: Record, value: R) -> None:
        self.write(record, reference(value))

    def decode(self, raw: int, regions: Regions) -> R | None:
        """The record; None only where nobody reads the field."""
        return regions[self.ref].referred(raw)

    def encode(self, value: Record | None) -> int:
        """The record's index plus one; 0 for None."""
        return reference(value)


class Record:
    """A view of one record: reads cells, and writes them through the log.

    A region has one view a record, so that references to the same record are the same object.
    """

    __slots__ = ("base", "cells", "index", "put", "regions")

    FIELDS: ClassVar[tuple[Field, ...]] = ()
    SIZE: ClassVar[int] = 0
    MADE: ClassVar[bool] = False
    """Whether the class was made from a declared one, for another store of the same fields."""

    def __init_subclass__(cls) -> None:
        inherited = cls.__mro__[1].FIELDS if issubclass(cls.__mro__[1], Record) else ()
        own = tuple(value for value in vars(cls).values() if isinstance(value, Field))
        for number, declared in enumerate(own, start=len(inherited)):
            declared.offset = number
        cls.FIELDS = (*inherited, *own)
        cls.SIZE = len(cls.FIELDS)

    def __init__(self, store: Cells, regions: Regions, base: int, index: int) -> None:
        self.cells: array[int] = store.values
        self.put: Callable[[int, int], None] = store.write
        self.regions = regions
        self.base = base
        self.index = index

    def __repr__(self) -> str:
        told = (f"{f.name} {self.regions.told(f, f.raw(self))}" for f in self.FIELDS if f.raw(self))
        return f"<{self.regions.name_of(self)}: {', '.join(told) or 'empty'}>"

    def clear(self) -> None:
        """Set every field of the record to 0."""
        for cell in range(self.base, self.base + self.SIZE):
            self.put(cell, 0)

    def assign(self, source: Record) -> None:
        """Set every field to what another record of the same kind has."""
        for declared in self.FIELDS:
            declared.write(self, declared.raw(source))

    def as_dict(self) -> dict[str, int]:
        """Field names and values, for tests and for people."""
        return {f.name: self.cells[self.base + f.offset] for f in self.FIELDS}


class Region(list[R], Generic[R]):
    """An array of records of one kind: a list, so that indexing costs no call of ours."""

    __slots__ = ("base", "beside", "kind", "name", "per", "size")

    def __init__(
        self, name: str, kind: type[R], store: Cells, regions: Regions, base: int, count: int
    ) -> None:
        super().__init__(self.records_of(kind, store, regions, base, count))
        self.name = name
        self.kind = kind
        self.base = base
        self.size = kind.SIZE
        self.per = ""
        """The region for each of whose records it has as many; empty where there is none."""
        self.beside = 0
        """How many of the last records belong to none of those."""

    @staticmethod
    def records_of(
        kind: type[R], store: Cells, regions: Regions, base: int, count: int
    ) -> Iterator[R]:
        """So many new views, one after the other from a cell."""
        return (kind(store, regions, base + i * kind.SIZE, i) for i in range(count))

    @property
    def records(self) -> list[R]:
        """The records, as a plain list."""
        return self

    def column(self, declared: Field) -> Sequence[int]:
        """What the cells of one field hold."""
        if not self:
            return ()
        first = self.base + declared.offset
        return self[0].cells[first : self.base + len(self) * self.size : self.size]

    def referred(self, raw: int) -> R | None:
        """The record that a cell refers to which holds `raw`."""
        return self[raw - 1] if raw else None

    def holding(self, declared: Field, value: object) -> Iterator[R]:
        """The records with this value in a field, found by one look at the whole column."""
        column, raw = self.column(declared), declared.encode(value)
        if raw in column:
            yield from (record for record, held in zip(self, column, strict=True) if held == raw)

    def locate(self, cell: int) -> tuple[int, Field]:
        """The record index and the field that a cell of this region belongs to."""
        index, offset = divmod(cell - self.base, self.size)
        return index, self.kind.FIELDS[offset]


class Regions(dict[str, "Region[Any]"]):
    """Every region of a machine by name, and what the machine calls a record."""

    def name_of(self, record: Record) -> str:
        """What a person calls a record; a machine says it better than by region and number."""
        return f"{type(record).__name__} {record.index}"

    def told(self, declared: Field, raw: int) -> str:
        """What a person reads for a cell that holds `raw`: `f0`, `cpu1 cpu2`, `yes`, `none`."""
        if declared.mask == "cpu":
            cpus = (f"cpu{cpu}" for cpu in range(raw.bit_length()) if raw >> cpu & 1)
            return " ".join(cpus) or "none"
        if declared.ref == "cpu":
            return f"cpu{raw - 1}" if raw else "none"
        if raw < len(declared.names):
            return declared.names[raw]
        if declared.bits == 1:
            return "yes" if raw else "no"
        value = declared.decode(raw, self)
        if value is None:
            return "none"
        return self.name_of(value) if isinstance(value, Record) else str(value)
