"""From addresses of struct page to page frame numbers.

pfn = (folio - vmemmap base) / 64. KASLR moves the base in steps of 1 GiB, so it is inferred from
folios whose frame number the same trace also says.
"""

from __future__ import annotations

from collections import Counter

STRUCT_PAGE = 64
BASE_4_LEVEL = 0xFFFFEA0000000000
BASE_5_LEVEL = 0xFFD4000000000000
_ALIGN = (1 << 30) - 1
_REACH = 1 << 46
"""Bytes of vmemmap a base can cover: 2^40 frames of 64 bytes."""


class Vmemmap:
    """Collects pairs of folio and pfn and answers with the base they agree on."""

    def __init__(self) -> None:
        self._bases: Counter[int] = Counter()
        self._pairs = 0
        self._folio = 0

    def saw(self, folio: int) -> None:
        """A folio, its pfn not known."""
        self._folio = folio

    def pair(self, folio: int, pfn: int) -> bool:
        """A folio and a pfn that may be its own; whether they can be."""
        base = folio - pfn * STRUCT_PAGE
        if base <= 0 or base & _ALIGN:
            return False
        self._bases[base] += 1
        self._pairs += 1
        return True

    def base(self) -> tuple[int, str]:
        """The base, 0 if it cannot be told, and how it was obtained."""
        if self._bases:
            base, votes = self._bases.most_common(1)[0]
            if votes * 2 > self._pairs:
                known = {BASE_4_LEVEL: "4-level, not moved", BASE_5_LEVEL: "5-level, not moved"}
                where = known.get(base, "moved by KASLR")
                return base, f"inferred from {votes} pages seen with both addresses ({where})"
        for base, levels in ((BASE_4_LEVEL, 4), (BASE_5_LEVEL, 5)):
            if self._folio and 0 <= self._folio - base < _REACH:
                return base, f"assumed: the default of a kernel with {levels}-level page tables"
        return 0, "not known: no page was seen with both its address and its frame number"


def pfn_of(folio: int, base: int) -> int:
    """The frame number of a folio."""
    return (folio - base) // STRUCT_PAGE
