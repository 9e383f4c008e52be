"""A long column of numbers that are small but for a few.

Most cells hold numbers below 256; a few, such as the script item a context executes, grow past
any width. Those few are kept beside the column, in order of their places, so that they do not
make every other number wider.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence

from luf_tui.machine.cells import TYPECODES

CODES = tuple(code for code, _ in TYPECODES)
MANY = 8
"""One in so many numbers may be kept beside a column; with more of them it is widened."""


class Column:
    """Numbers by place, appended in pieces; `narrow` has 0 where `wide` has the number."""

    __slots__ = ("narrow", "wide", "wide_at")

    def __init__(self, code: str = "Q") -> None:
        """`code` is the array type that holds any number there will be."""
        self.narrow: array[int] = array("B")
        self.wide: array[int] = array(code)
        self.wide_at: array[int] = array("I")
        """Places of the numbers in `wide`, ascending."""

    def __len__(self) -> int:
        return len(self.narrow)

    @property
    def nbytes(self) -> int:
        """Bytes the column takes."""
        return sum(len(a) * a.itemsize for a in (self.narrow, self.wide, self.wide_at))

    def extend(self, numbers: array[int]) -> None:
        """Append a piece."""
        code = self.narrow.typecode
        try:
            self.narrow.extend(array(code, numbers))
            return
        except OverflowError:
            limit = 1 << 8 * self.narrow.itemsize
        start, rest = len(self.narrow), numbers[:]
        for place, number in enumerate(numbers):
            if number >= limit:
                self.wide_at.append(start + place)
                self.wide.append(number)
                rest[place] = 0
        self.narrow.extend(array(code, rest))
        if len(self.wide) * MANY > len(self.narrow):
            self._widen()

    def _widen(self) -> None:
        """Take in the numbers kept beside, as far as the next width holds them."""
        code = CODES[CODES.index(self.narrow.typecode) + 1]
        self.narrow = array(code, self.narrow)
        limit = 1 << 8 * self.narrow.itemsize
        places, numbers = self.wide_at, self.wide
        self.wide_at, self.wide = array("I"), array(numbers.typecode)
        for place, number in zip(places, numbers, strict=True):
            if number < limit:
                self.narrow[place] = number
            else:
                self.wide_at.append(place)
                self.wide.append(number)

    def part(self, first: int, end: int) -> Sequence[int]:
        """The numbers at places `first` to `end - 1`."""
        low, high = bisect_left(self.wide_at, first), bisect_left(self.wide_at, end)
        piece = self.narrow[first:end]
        if low == high:
            return piece
        numbers = list(piece)
        for n in range(low, high):
            numbers[self.wide_at[n] - first] = self.wide[n]
        return numbers

    def __getitem__(self, place: int) -> int:
        n = bisect_left(self.wide_at, place)
        if n < len(self.wide_at) and self.wide_at[n] == place:
            return self.wide[n]
        return self.narrow[place]
