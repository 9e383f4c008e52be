"""LUF v10, v11 and v12 as posted: `luf` without named guards.

Which guards a posting lacks is our reading of its text (mechanism reference, section 3A), not a
fact that anyone confirmed. Their structures are those of `luf` (v12's); v10's one global batch
is not modelled beyond the guards it lacks.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from luf_tui.policy.guards import LUF_GUARDS
from luf_tui.policy.luf import Luf


@frozen
class Absent:
    """A guard that a posting lacks, as we read it."""

    defect: str
    """The possible defect of section 3A, or the obligation that stayed open."""
    patch: str
    reading: str


V12: Mapping[str, Absent] = {
    "count-batches": Absent("D1", "19/26, 20/26", "the fold ignores batches without a flag"),
    "diet-private-batch": Absent("D2", "19/26, 20/26", "CPUs are struck off the task's own batch"),
    "done-needs-all-mms": Absent("D4", "17/26", "a flush of one mm marks the CPU done for all"),
    "flush-before-pte": Absent("D6", "16/26", "the flush follows the fault"),
    "wait-for-invalidate": Absent("D5", "16/26", "on arm64 a batch counts as done without its DSB"),
    "refuse-page-poison": Absent("D7", "16/26", "only init_on_free and KASAN are looked at"),
    "hook-every-filesystem": Absent("D8", "15/26", "only users of ->write_begin() are hooked"),
    "flush-on-install": Absent("O12", "16/26", "only faults in writable mappings are hooked"),
    "flush-on-read-in": Absent("O8b", "16/26", "only faults in writable mappings are hooked"),
    "judge-every-pte": Absent("O4", "14/26", "the test stands where a flush is batched"),
    "pending-wrprotect": Absent("D15", "14/26", "only pte_write() is tested"),
}
"""What v12 lacks."""

V10: Mapping[str, Absent] = {
    "mark-on-drain": Absent("D9", "05/12", "the order is stored where the generation belongs"),
    "split-keeps-mark": Absent("D10", "06/12", "left-over halves are written back clean"),
    "flush-kept-folios": Absent("D11", "12/12", "kept folios keep no mark"),
    "pending-wrprotect": Absent("D15", "09/12", "only pte_write() is tested"),
    "judge-every-pte": Absent("O4", "09/12", "the test stands where a flush is batched"),
    "refuse-init-on-free": Absent("O1", "-", "no test before v11"),
    "refuse-kasan": Absent("O1", "-", "no test before v11"),
    "refuse-page-poison": Absent("D7", "-", "no test"),
    "refuse-unfiled-shared": Absent("O35", "-", "no test of the VMA before v12"),
    "wide-generations": Absent("O22", "-", "16 bits; NA1 asked for 64"),
    "flush-on-install": Absent("O12", "-", "no hook"),
    "flush-on-read-in": Absent("O8b", "-", "no hook"),
    "flush-mapping-on-fault": Absent("O7", "09/12", "only mmap() with PROT_WRITE flushes"),
    "flush-on-write": Absent("O8", "-", "no hook before v11"),
    "hook-every-filesystem": Absent("O8a", "-", "no hook"),
    "flush-on-truncate": Absent("O9", "-", "no hook before v12"),
    "no-shootdown": Absent("O24", "-", "contexts are told apart from v12 on"),
    "refuse-pended": Absent("O25", "-", "contexts are told apart from v12 on"),
}
"""What v10 lacks."""

V11: Mapping[str, Absent] = {
    **{
        guard: absent
        for guard, absent in V10.items()
        if guard not in ("refuse-init-on-free", "refuse-kasan", "flush-on-write")
    },
    "flush-on-write-fault": Absent("D16", "09/12", "the hook of do_wp_page() is gone"),
    "flush-before-pte": Absent("D16", "09/12", "only branches whose PTE had changed flush"),
}
"""What v11 lacks: v10's, less what it added for freeing and for writing, plus what it dropped."""


class LufV10(Luf):
    """LUF as posted in May 2024."""

    NAME = "luf-v10"
    SUMMARY = "LUF v10 as posted (our reading): " + ", ".join(
        sorted({absent.defect for absent in V10.values()})
    )
    GUARDS = LUF_GUARDS - frozenset(V10)


class LufV11(Luf):
    """LUF as posted at the end of May 2024."""

    NAME = "luf-v11"
    SUMMARY = "LUF v11 as posted (our reading): " + ", ".join(
        sorted({absent.defect for absent in V11.values()})
    )
    GUARDS = LUF_GUARDS - frozenset(V11)


class LufV12(Luf):
    """LUF as posted in February 2025."""

    NAME = "luf-v12"
    SUMMARY = "LUF v12 as posted (our reading): " + ", ".join(
        sorted({absent.defect for absent in V12.values()})
    )
    GUARDS = LUF_GUARDS - frozenset(V12)


ABSENT: Mapping[str, Mapping[str, Absent]] = {"luf-v10": V10, "luf-v11": V11, "luf-v12": V12}
"""Per posted policy, the guards it lacks."""
