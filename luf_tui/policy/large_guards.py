"""The guards of large entries and large folios (mm/huge_memory.c, mm/khugepaged.c)."""

from __future__ import annotations

from luf_tui.policy.guard import KERNEL, Guard

FLUSH_BEFORE_SPLIT = Guard(
    "flush-before-split",
    KERNEL,
    "A large entry is unusable and flushed before small ones take its place.",
    "O43",
    v10="pmdp_invalidate()",
    v12="pmdp_invalidate()",
)
KEEP_HUGE_DIRTY = Guard(
    "keep-huge-dirty",
    KERNEL,
    "A large entry is exchanged at once, so that no D that the hardware sets is lost.",
    "O40",
    v10="pmdp_establish()",
    v12="pmdp_establish()",
)
KEEP_HUGE_PRESENT = Guard(
    "keep-huge-present",
    KERNEL,
    "A large entry is never cleared for a moment, where others would take it for none.",
    "O40",
    v10="change_huge_pmd()",
    v12="change_huge_pmd()",
)
FLUSH_BEFORE_COLLAPSE = Guard(
    "flush-before-collapse",
    KERNEL,
    "Small entries are out of reach and flushed before their pages are copied to a large one.",
    "O5, O43",
    v10="pmdp_collapse_flush()",
    v12="pmdp_collapse_flush()",
)
RECHECK_TABLE = Guard(
    "recheck-table",
    KERNEL,
    "Who pins a page without a lock looks whether its page table is still in use.",
    "O40",
    v12="gup_fast_pte_range()",
)
COUNT_THROUGH_SPLIT = Guard(
    "count-through-split",
    KERNEL,
    "The split of a large entry counts its mapping at every moment.",
    "O41",
    v10="__split_huge_pmd_locked()",
    v12="__split_huge_pmd_locked()",
)
