"""The mutants of the mechanism reference (section 7.2), and the guards whose removal they are."""

from __future__ import annotations

from collections.abc import Mapping

MUTANTS: Mapping[str, tuple[str, ...]] = {
    "M1": ("flush-before-reuse",),
    "M2": ("refuse-init-on-free", "refuse-kasan", "refuse-page-poison"),
    "M3": ("merge-keeps-mark",),
    "M4": ("split-keeps-mark",),
    "M5": ("refuse-writable",),
    "M6": ("move-late-writable",),
    "M7": ("pending-wrprotect",),
    "M8": ("flush-on-write-fault",),
    "M9": ("flush-before-pte",),
    "M10": ("flush-mapping-on-fault",),
    "M11": ("flush-on-write",),
    "M12": ("hook-every-filesystem",),
    "M13": ("flush-on-truncate",),
    "M14": ("note-pending",),
    "M15": ("no-shootdown",),
    "M16": ("refuse-pended",),
    "M17": ("wait-zone-generation",),
    "M18": ("flush-number-first",),
    "M19": ("newest-request",),
    "M20": ("done-needs-all-mms",),
    "M21": ("diet-private-batch",),
    "M22": ("flush-kept-folios",),
    "M23": ("flush-before-report", "flush-before-offline", "flush-before-poison"),
    "M24": ("check-on-switch-in",),
    "M25": ("key-union", "newest-candidate", "wide-generations"),
    "M26": ("flush-on-exit",),
    "M27": ("mark-on-drain",),
    "M28": ("count-batches",),
    "M29": ("done-after-flush",),
    "M30": ("capture-without-debt",),
    "M31": ("flush-in-place",),
    "M32": ("flush-dirty-before-io",),
    "M33": ("flush-on-install",),
    "M34": ("last-reference",),
    "M35": ("notify-secondary",),
    "M36": ("refuse-unfiled-shared",),
    "M37": ("wait-for-invalidate",),
    "M38": ("flush-before-table-free",),
}
"""Guards per mutant."""


def mutants_of(guard: str) -> tuple[str, ...]:
    """The mutants that removing a guard amounts to."""
    return tuple(name for name, guards in MUTANTS.items() if guard in guards)
