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
