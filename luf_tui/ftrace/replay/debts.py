"""Deferred flushes of a replay: when each was owed, when it was paid, and by whose doing."""

from __future__ import annotations

from collections import Counter

from attrs import define, field, frozen

from luf_tui.machine import events as ev

ONE_MM = frozenset(ev.REASON[why] for why in ("unmap", "pending unmaps", "munmap", "fork"))
"""Flushes of one address space. They leave a CPU's debts for others in doubt, so none is struck."""
ONE_MM |= {ev.REASON["copy on write"]}


@frozen
class Life:
    """How long one freed page carried a debt."""

    facts: int
    """Facts of the trace in between."""
    seconds: float
    """Time of the recording's clock."""


@define
class _Group:
    """Debts that the same CPUs owe."""

    since: dict[int, tuple[int, float]] = field(factory=dict)
    """Per frame: the fact and the time it was freed."""


@define
class Debts:
    """Follows the debts of freed pages over the events of a replay."""

    lives: list[Life] = field(factory=list)
    ended: Counter[str] = field(factory=Counter)
    """How debts ended: `takeoff of another page`, `its own takeoff`, or the reason of a flush."""
    _groups: dict[int, _Group] = field(factory=dict)
    _mask: dict[int, int] = field(factory=dict)

    def owed(self, pfn: int, mask: int, at: int, time: float) -> None:
        """A page was freed with a debt."""
        if mask:
            self._groups.setdefault(mask, _Group()).since[pfn] = (at, time)
            self._mask[pfn] = mask

    def flushed(self, mask: int, why: str, at: int, time: float) -> None:
        """CPUs flushed whatever they had loaded: their part of every debt is paid."""
        for owing in [one for one in self._groups if one & mask]:
            since = self._groups.pop(owing).since
            left = owing & ~mask
            if left:
                self._groups.setdefault(left, _Group()).since.update(since)
                self._mask.update(dict.fromkeys(since, left))
                continue
            for pfn, (start, began) in since.items():
                self._end(pfn, start, began, at, time)
            self.ended[why] += len(since)

    def taken(self, pfn: int, at: int, time: float) -> None:
        """A page got a new owner; what it still owed, if anything, is forgotten."""
        mask = self._mask.get(pfn)
        if mask is not None:
            start, began = self._groups[mask].since.pop(pfn)
            self._end(pfn, start, began, at, time)
            self.ended["covered by what had been flushed"] += 1

    def _end(self, pfn: int, start: int, began: float, at: int, time: float) -> None:
        del self._mask[pfn]
        self.lives.append(Life(at - start, max(0.0, time - began)))

    @property
    def open(self) -> int:
        """Pages that carry a debt now."""
        return len(self._mask)

    def ages(self, at: int, time: float) -> list[Life]:
        """How long the debts that are still open have lived."""
        return [
            Life(at - start, max(0.0, time - began))
            for group in self._groups.values()
            for start, began in group.since.values()
        ]
