"""Whole states kept along the log, so that no place of it is far from one.

A checkpoint is cut into pages, and a page that is the same as in the checkpoint before is
shared with it. So a checkpoint of a machine of 100,000 frames costs what changed, and one
is taken whenever the log has grown by as much as the last one cost: memory stays proportional
to the log, on any machine.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right

PAGE = 1024
"""Bytes of a page of a checkpoint."""
LEAST = 8192
"""Writes between two checkpoints at least: a seek then applies at most half as many."""


class Checkpoints:
    """States by the log mark at which they stood; the first is the power-on state."""

    __slots__ = ("_last_cost", "_log_bytes", "_pages", "_size", "marks", "nbytes")

    def __init__(self, values: array[int]) -> None:
        self.marks: list[int] = []
        self.nbytes = 0
        self._size = len(values) * values.itemsize
        self._pages: list[tuple[bytes, ...]] = []
        self._last_cost = 0
        self._log_bytes = 0
        self.take(0, 0, values)
        self._last_cost = 0

    def due(self, mark: int, log_bytes: int) -> bool:
        """Whether a log of `mark` writes and so many bytes has earned the next checkpoint."""
        grown = log_bytes - self._log_bytes
        return mark - self.marks[-1] >= LEAST and grown >= self._last_cost

    def take(self, mark: int, log_bytes: int, values: array[int]) -> None:
        """Keep the state that stands at `mark`, where the log takes `log_bytes`."""
        before = self._pages[-1] if self._pages else ()
        pages: list[bytes] = []
        cost = 0
        state = values.tobytes()
        for number, first in enumerate(range(0, self._size, PAGE)):
            page = state[first : first + PAGE]
            if before and page == before[number]:
                pages.append(before[number])
            else:
                pages.append(page)
                cost += len(page)
        self.marks.append(mark)
        self._log_bytes = log_bytes
        self._pages.append(tuple(pages))
        self._last_cost = cost + 8 * len(pages)
        self.nbytes += self._last_cost

    def nearest(self, mark: int) -> int:
        """The checkpoint with the fewest writes between it and `mark`."""
        after = bisect_right(self.marks, mark)
        if after == len(self.marks):
            return after - 1
        return after if self.marks[after] - mark < mark - self.marks[after - 1] else after - 1

    def copy_cost(self) -> int:
        """What restoring costs, in applied writes that take as long."""
        return self._size // 256

    def restore(self, number: int, values: array[int]) -> None:
        """Put the state of checkpoint `number` into the cells, past the log."""
        with memoryview(values) as view, view.cast("B") as raw:
            first = 0
            for page in self._pages[number]:
                raw[first : first + len(page)] = page
                first += len(page)
