"""The situations S1 to S47, and what plays each of them."""

from __future__ import annotations

from collections.abc import Mapping

from luf_tui.policy.guards import GUARDS

PLAYED: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "S1": {
        "tour/a-deferred-flush": (),
    },
    "S2": {
        "as-posted/d9-through-buddy": ("flush-before-reuse", "mark-on-drain"),
        "hazards/flush-before-reuse-off": ("flush-before-reuse",),
        "races/flush-before-reuse": ("flush-before-reuse",),
        "tour/flush-before-reuse": ("flush-before-reuse",),
    },
    "S3": {
        "hazards/slab-reuse": ("flush-before-reuse",),
    },
    "S4": {
        "as-posted/d7-page-poison": ("refuse-page-poison",),
        "hazards/init-on-free-off": ("refuse-init-on-free",),
        "hazards/init-on-free": ("refuse-init-on-free",),
        "hazards/kasan": ("refuse-kasan",),
        "hazards/page-poison": ("refuse-page-poison",),
        "tour/init-on-free": ("refuse-init-on-free",),
    },
    "S5": {
        "allocator/merge-keeps-the-debt": ("merge-keeps-mark", "mark-on-drain"),
        "as-posted/d9-through-buddy": ("merge-keeps-mark", "mark-on-drain"),
    },
    "S6": {
        "as-posted/d10-split": ("split-keeps-mark",),
        "races/split": (),
        "races/two-takers": ("split-keeps-mark",),
    },
    "S7": {
        "hazards/writable-mapping": ("refuse-writable",),
    },
    "S8": {
        "hazards/late-writable": ("move-late-writable",),
        "hazards/single-cpu-writer": ("judge-every-pte",),
    },
    "S9": {
        "as-posted/d15-pending-write-protect": ("pending-wrprotect",),
        "hazards/pending-wrprotect-off": ("pending-wrprotect",),
        "hazards/pending-wrprotect": ("pending-wrprotect",),
        "races/pending-wrprotect": (),
        "tour/pending-write-protect": ("pending-wrprotect",),
    },
    "S10": {
        "hazards/write-fault": ("flush-on-write-fault", "count-batches"),
        "tour/last-owner": ("flush-on-write-fault", "count-batches"),
    },
    "S11": {
        "as-posted/d6-flush-after-pte": ("flush-before-pte",),
        "races/flush-before-pte": (),
        "races/four-cpus": (),
        "races/write-fault-window": ("flush-before-pte",),
    },
    "S12": {
        "hazards/shared-file-store": ("flush-mapping-on-fault", "count-batches"),
    },
    "S13": {
        "hazards/mapped-after": ("flush-mapping-on-fault",),
    },
    "S14": {
        "as-posted/d1-write": ("flush-on-write", "count-batches"),
        "hazards/write-syscall": ("flush-on-write", "count-batches"),
        "races/write-syscall": ("flush-on-write", "count-batches"),
    },
    "S15": {
        "as-posted/d8-iomap": ("hook-every-filesystem",),
        "hazards/write-iomap": ("hook-every-filesystem",),
    },
    "S16": {
        "hazards/server-change-read-anew": ("flush-on-read-in",),
        "hazards/server-change": ("flush-on-truncate",),
    },
    "S17": {
        "hazards/truncate": (),
    },
    "S18": {
        "hazards/munmap": ("note-pending",),
        "races/munmap-during-reclaim": ("note-pending",),
        "races/munmap": (),
    },
    "S19": {
        "hazards/map-fixed": ("note-pending",),
    },
    "S20": {
        "hazards/mprotect-none": ("note-pending",),
    },
    "S21": {
        "races/atomic-nothing-clean": ("no-shootdown", "refuse-pended"),
        "races/atomic": ("no-shootdown", "refuse-pended"),
    },
    "S22": {
        "races/atomic-three-refusals": ("refuse-pended",),
    },
    "S23": {
        "races/two-takers": ("wait-zone-generation", "done-after-flush"),
        "races/wait-zone-generation": (),
    },
    "S24": {
        "races/late-number": ("flush-number-first",),
    },
    "S25": {
        "allocator/newest-request": ("newest-request",),
        "hazards/flushed-already": (),
    },
    "S26": {
        "as-posted/d4-other-mm": ("done-needs-all-mms",),
        "as-posted/d4-riscv": ("done-needs-all-mms",),
        "hazards/sticky-mask": (),
        "races/other-mm": ("done-needs-all-mms",),
    },
    "S27": {
        "as-posted/d2-diet": ("diet-private-batch",),
        "races/reclaimer-switched-out": ("diet-private-batch",),
        "races/switched-out": (),
    },
    "S28": {
        "as-posted/d11-kept-folio": ("flush-kept-folios",),
        "hazards/kept-folio": ("flush-kept-folios",),
    },
    "S29": {
        "hazards/failed-migration": ("flush-on-write-fault",),
    },
    "S30": {
        "allocator/page-reporting": ("flush-before-report",),
    },
    "S31": {
        "allocator/compaction-capture": ("flush-before-reuse", "capture-without-debt"),
        "allocator/compaction-targets": ("flush-before-reuse",),
    },
    "S32": {
        "hazards/lazy-tlb": ("check-on-switch-in",),
    },
    "S33": {
        "allocator/generation-wrap": ("wide-generations",),
        "races/key-wrap": ("key-union",),
    },
    "S34": {
        "hazards/exit": ("flush-on-exit",),
    },
    "S35": {
        "hazards/userfault-missing": (),
    },
    "S36": {
        "as-posted/d16-in-place": ("flush-on-write-fault", "flush-in-place"),
        "tour/last-owner": ("flush-on-write-fault", "flush-in-place"),
    },
    "S37": {
        "tiering/who-pays": (),
    },
    "S39": {
        "hazards/write-out-protected": ("flush-dirty-before-io",),
    },
    "S40": {
        "hazards/uprobe": (),
        "races/uffdio-copy": ("flush-on-install",),
        "races/uffdio-move": ("flush-on-install",),
    },
    "S41": {
        "hazards/failed-migration": ("last-reference",),
        "hazards/memory-failure": ("flush-before-poison",),
        "hazards/pinned-for-io": ("last-reference",),
    },
    "S42": {
        "hazards/secondary-tlb": ("notify-secondary",),
    },
    "S43": {
        "hazards/shared-anonymous": ("refuse-unfiled-shared",),
    },
    "S44": {
        "as-posted/d5-issue-and-wait": ("wait-for-invalidate",),
        "hazards/issue-and-wait": ("wait-for-invalidate",),
        "races/issue-and-wait": (),
    },
    "S45": {
        "hazards/cpu-offline": ("skip-offline",),
        "hazards/cpu-offline-riscv": ("skip-offline", "flush-on-online"),
    },
    "S46": {
        "hazards/page-table-page": ("flush-before-table-free",),
        "races/page-table-page": (),
    },
    "S47": {
        "tiering/one-taker-pays-for-all": (),
        "tour/who-pays": (),
    },
}
"""Per number the shipped scenarios, and the guards without which each of them fails when it is
played as it stands. None where no single guard is at stake (costs, deviations, mistakes in
arithmetic), and in races whose own order is harmless (`SEARCHED`).
"""

SEARCHED: Mapping[str, str] = {
    "races/flush-before-pte": "flush-before-pte",
    "races/four-cpus": "flush-before-pte",
    "races/issue-and-wait": "wait-for-invalidate",
    "races/munmap": "note-pending",
    "races/page-table-page": "flush-before-table-free",
    "races/pending-wrprotect": "pending-wrprotect",
    "races/split": "split-keeps-mark",
    "races/switched-out": "diet-private-batch",
    "races/wait-zone-generation": "wait-zone-generation",
}
"""Races that fail without a guard in another order than their own, which a search finds."""

NOT_PLAYED: Mapping[str, str] = {
    "S38": "about what LUF's debug option (OP-21) says; the oracle takes its place",
}
"""Numbers without a scenario, and why."""

MUTANTS_OF: Mapping[str, str] = {
    "S2": "M1 M27",
    "S3": "M1",
    "S4": "M2",
    "S5": "M3 M27",
    "S6": "M4",
    "S7": "M5",
    "S8": "M6",
    "S9": "M7",
    "S10": "M8 M28",
    "S11": "M9",
    "S12": "M10 M28",
    "S13": "M10",
    "S14": "M11 M28",
    "S15": "M12",
    "S16": "M13",
    "S18": "M14",
    "S19": "M14",
    "S20": "M14",
    "S21": "M15 M16",
    "S22": "M16",
    "S23": "M17 M29",
    "S24": "M18",
    "S25": "M19",
    "S26": "M20",
    "S27": "M21",
    "S28": "M22",
    "S29": "M8",
    "S30": "M23",
    "S31": "M1 M30",
    "S32": "M24",
    "S33": "M25",
    "S34": "M26",
    "S36": "M31",
    "S39": "M32",
    "S40": "M33",
    "S41": "M34",
    "S42": "M35",
    "S43": "M36",
    "S44": "M37",
    "S46": "M38",
}
"""The mutants that the reference says a number catches. S45's M24, of a CPU that comes back and was
away, is the guard `flush-on-online`.
"""

MUTANTS: Mapping[str, set[str]] = {
    mutant: {guard.name for guard in GUARDS.values() if guard.mutant == mutant}
    for mutant in (f"M{number}" for number in range(1, 39))
}
"""Per mutant of the reference the guards whose removal it is."""

BESIDES = frozenset({"flush-before-offline", "newest-candidate"})
"""Guards of a mutant that no number is about: memory that is taken out (the rest of M23), and which
generation a mark stands for (the rest of M25).
"""
