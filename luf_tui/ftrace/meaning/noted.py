"""Numbers that belong to some of the facts, twelve bytes each."""

from __future__ import annotations

from array import array
from collections.abc import Iterator

from attrs import define, field


@define
class Noted:
    """A number for each of some facts, in the order in which they were noted."""

    _at: array[int] = field(factory=lambda: array("I"))
    _number: array[int] = field(factory=lambda: array("Q"))

    def add(self, at: int, number: int) -> None:
        """Note a number of a fact that has none yet."""
        self._at.append(at)
        self._number.append(number)

    def __len__(self) -> int:
        return len(self._at)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Each fact and its number."""
        return zip(self._at, self._number, strict=True)
