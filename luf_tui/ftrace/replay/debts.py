"""Deferred flushes of a replay: when each was owed, when it was paid, and by whose doing."""

from __future__ import annotations

from array import array
from collections import Counter

from attrs import define, field

from luf_tui.machine import events as ev

ONE_MM = frozenset(ev.REASON[why] for why in ("unmap", "pending unmaps", "munmap", "fork"))
"""Flushes of one address space. They leave a CPU's debts for others in doubt, so none is struck."""
ONE_MM |= {ev.REASON["copy on write"], ev.REASON["writeback"]}
COVERED = ev.REASON["all CPUs had flushed since"]
"""Nobody had to flush any more when the page was taken."""
OPEN = 255
"""Of a debt that has not ended."""


@define
class Debts:
    """Follows the debts of freed pages over the events of a replay; 9 bytes each."""

    began: array[int] = field(factory=lambda: array("I"))
    """The fact at which the page was freed."""
    ended: array[int] = field(factory=lambda: array("I"))
    """The fact at which the last CPU had flushed; of an open debt 0."""
    how: array[int] = field(factory=lambda: array("B"))
    """The reason of that flush, COVERED, or OPEN."""
    most: int = 0
    """Pages that carried a debt at once, at most."""
    _groups: dict[int, dict[int, int]] = field(factory=dict)
    """Per mask of CPUs that owe: frame to debt."""
    _mask: dict[int, int] = field(factory=dict)

    def __len__(self) -> int:
        return len(self.began)

    def owed(self, pfn: int, mask: int, at: int) -> None:
        """A page was freed with a debt."""
        if not mask:
            return
        self._groups.setdefault(mask, {})[pfn] = len(self.began)
        self._mask[pfn] = mask
        self.began.append(at)
        self.ended.append(0)
        self.how.append(OPEN)
        self.most = max(self.most, len(self._mask))

    def flushed(self, mask: int, why: int, at: int) -> None:
        """CPUs flushed whatever they had loaded: their part of every debt is paid."""
        for owing in [one for one in self._groups if one & mask]:
            debts = self._groups.pop(owing)
            left = owing & ~mask
            if left:
                self._groups.setdefault(left, {}).update(debts)
                self._mask.update(dict.fromkeys(debts, left))
                continue
            for pfn, debt in debts.items():
                self._end(pfn, debt, at, why)

    def taken(self, pfn: int, at: int) -> None:
        """A page got a new owner; what it still owed, if anything, is forgotten."""
        mask = self._mask.get(pfn)
        if mask is not None:
            self._end(pfn, self._groups[mask].pop(pfn), at, COVERED)

    def _end(self, pfn: int, debt: int, at: int, how: int) -> None:
        del self._mask[pfn]
        self.ended[debt] = at
        self.how[debt] = how

    @property
    def open(self) -> int:
        """Pages that carry a debt now."""
        return len(self._mask)

    @property
    def owing(self) -> tuple[int, ...]:
        """How many CPUs each different open debt names: a flush each pays for all there are."""
        return tuple(mask.bit_count() for mask, debts in self._groups.items() if debts)

    def settled(self) -> Counter[str]:
        """How many debts ended in each way: what the flush was for."""
        return Counter({ev.REASONS[why]: n for why, n in Counter(self.how).items() if why != OPEN})

    def lives(self) -> list[tuple[int, int]]:
        """The facts at which each debt that is paid began and ended."""
        columns = zip(self.began, self.ended, self.how, strict=True)
        return [(began, ended) for began, ended, how in columns if how != OPEN]
