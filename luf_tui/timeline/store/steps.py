"""What each micro-step was, in columns of small numbers."""

from __future__ import annotations

from array import array

from luf_tui.engine.director import StepInfo

SIGNED = ("b", "h", "i", "q")


def narrow_signed(numbers: array[int]) -> array[int]:
    """The same numbers in the narrowest signed array that holds them."""
    for code in SIGNED:
        try:
            return array(code, numbers)
        except OverflowError:
            continue
    return numbers


class Steps:
    """Columns over positions 0 to n; position 0 is the power-on state and no micro-step.

    `log_mark[p]` and `event_mark[p]` count the writes and events up to and including position p.
    """

    __slots__ = ("ctx", "event_mark", "item", "log_mark", "op", "pos")

    def __init__(self) -> None:
        self.log_mark: array[int] = array("I", [0])
        self.event_mark: array[int] = array("I", [0])
        self.item: array[int] = array("i", [-1])
        self.ctx: array[int] = array("i", [-1])
        self.op: array[int] = array("i", [0])
        self.pos: array[int] = array("i", [0])

    def __len__(self) -> int:
        return len(self.log_mark)

    def add(self, moved: StepInfo, writes: int, events: int) -> None:
        """Append the micro-step just made, with the totals after it."""
        self.log_mark.append(writes)
        self.event_mark.append(events)
        self.item.append(moved.item)
        self.ctx.append(moved.ctx)
        self.op.append(moved.op)
        self.pos.append(moved.pos)

    def trim(self) -> None:
        """Make all columns as long as the shortest."""
        columns = (self.log_mark, self.event_mark, self.item, self.ctx, self.op, self.pos)
        count = min(len(column) for column in columns)
        for column in columns:
            del column[count:]

    def settle(self) -> None:
        """Shrink the columns once the run is over."""
        for name in ("item", "ctx", "op", "pos"):
            setattr(self, name, narrow_signed(getattr(self, name)))

    def info(self, step: int) -> StepInfo:
        """What micro-step `step` was."""
        return StepInfo(self.item[step], self.ctx[step], self.op[step], self.pos[step])

    @property
    def nbytes(self) -> int:
        """Bytes the columns take."""
        columns = (self.log_mark, self.event_mark, self.item, self.ctx, self.op, self.pos)
        return sum(len(a) * a.itemsize for a in columns)
