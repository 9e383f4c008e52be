"""Migration entries and PTEs of x86-64, as `set_migration_pte` and `remove_migration_pte` print
them (kernel: arch/x86/include/asm/pgtable_64.h, include/linux/swapops.h).
"""

from __future__ import annotations

from collections import Counter

_MASK = (1 << 64) - 1
_PFN_BITS = 34
"""Bits of a frame number on a 4-level kernel. Young and dirty follow: bits 34 and 35 there, bits
40 and 41 on a 5-level kernel."""
_DIRTY = 2 | 128
RW, DIRTY = 1 << 1, 1 << 6
_PTE_PFN = (1 << 52) - 1


def entry_type(entry: int) -> int:
    """The swap type: the top five bits. Three types in a row mean readable, readable exclusive and
    writable; where they start depends on the kernel's configuration.
    """
    return entry >> 59


def entry_pfn(entry: int) -> int:
    """The frame that is migrating. The offset is stored inverted, against L1TF."""
    return _offset(entry) & ((1 << _PFN_BITS) - 1)


def entry_dirty(entry: int) -> bool:
    """Whether the cleared PTE was dirty (kept in the entry since 6.1)."""
    return bool(_offset(entry) >> _PFN_BITS & _DIRTY)


def _offset(entry: int) -> int:
    return (~entry << 5 & _MASK) >> 14


def pte_pfn(pte: int) -> int:
    """The frame a present PTE maps."""
    return (pte & _PTE_PFN) >> 12


class EntryTypes:
    """Learns from a trace which type of entry stands for a writable PTE.

    An entry that became a writable PTE was a writable entry. The other way round it does not hold:
    a fork in between takes the right away.
    """

    def __init__(self) -> None:
        self._writable: Counter[int] = Counter()
        self._readable: Counter[int] = Counter()

    def learn(self, kind: int, pte: int) -> None:
        """An entry of type `kind` became `pte`."""
        (self._writable if pte & RW else self._readable)[kind] += 1

    def writable(self, kind: int) -> bool | None:
        """Whether entries of a type were writable; None if the trace does not say."""
        if self._writable:
            return kind >= min(self._writable)
        return False if self._readable[kind] else None

    def describe(self) -> str:
        """The types seen and what they mean, in a sentence."""
        if not self._writable and not self._readable:
            return "no migration entry was seen to become a page again"
        kinds = sorted({*self._writable, *self._readable})
        names = ", ".join(f"{k} {'writable' if self.writable(k) else 'read-only'}" for k in kinds)
        return f"types of migration entries: {names}"
