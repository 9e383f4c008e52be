"""The kernel's own guards: rules of Linux that every policy of this machine keeps.

Many were written after a bug; `scenarios/museum` shows those bugs. Obligations are those of the
mechanism reference, section 4.1; B1 to B7 those of the baseline reference, section 9.
"""

from __future__ import annotations

from attrs import frozen


@frozen
class Guard:
    """One named check."""

    name: str
    checks: str
    """What it checks, in a sentence."""
    obligation: str
    """The obligations it upholds."""
    v10: str
    """The function or place in LUF v10; a dash when v10 has no such check."""
    v12: str
    """The function or place in LUF v12, or in mainline for the kernel's own guards."""


TABLE = (
    Guard(
        "flush-before-free",
        "A reclaim batch is flushed before its pages go to the allocator.",
        "B1",
        "try_to_unmap_flush()",
        "try_to_unmap_flush()",
    ),
    Guard(
        "flush-before-copy",
        "A migration batch is flushed before its pages are copied.",
        "B2",
        "try_to_unmap_flush()",
        "try_to_unmap_flush()",
    ),
    Guard(
        "flush-dirty-before-io",
        "Unmapped dirty PTEs are flushed before the page is written out.",
        "O5",
        "try_to_unmap_flush_dirty()",
        "try_to_unmap_flush_dirty()",
    ),
    Guard(
        "flush-batched-pending",
        "munmap, mprotect and the like first flush what reclaim left unflushed in the mm.",
        "O10",
        "flush_tlb_batched_pending()",
        "flush_tlb_batched_pending()",
    ),
    Guard(
        "check-on-switch-in",
        "A CPU compares tlb_gen when it loads an mm or leaves lazy mode.",
        "O30",
        "switch_mm_irqs_off()",
        "switch_mm_irqs_off()",
    ),
    Guard(
        "mask-before-load",
        "A CPU is in mm_cpumask before it reads tlb_gen and loads the mm.",
        "O10",
        "switch_mm_irqs_off()",
        "switch_mm_irqs_off()",
    ),
    Guard(
        "skip-offline",
        "A CPU that is offline is neither interrupted nor waited for, whatever masks say.",
        "O38",
        "smp_call_function_many_cond()",
        "smp_call_function_many_cond()",
    ),
    Guard(
        "flush-on-online",
        "A CPU that comes online starts with an empty TLB.",
        "O38",
        "initialize_tlbstate_and_flush()",
        "initialize_tlbstate_and_flush()",
    ),
    Guard(
        "uffd-flush",
        "A write fault flushes first while a userfaultfd write-protect is in flight.",
        "O3",
        "do_wp_page()",
        "do_wp_page()",
    ),
    Guard(
        "flush-nested-gather",
        "A gather that ends while another one is in flight flushes the whole mm.",
        "O10",
        "mm_tlb_flush_nested()",
        "mm_tlb_flush_nested()",
    ),
    Guard(
        "flush-hidden-while-pending",
        "A PTE that PROT_NONE hides is flushed when unmapped while that flush is on its way.",
        "O5",
        "pte_accessible()",
        "pte_accessible()",
    ),
    Guard(
        "count-gathers",
        "Gathers in flight are counted: one that ends does not speak for the others.",
        "O5",
        "dec_tlb_flush_pending()",
        "dec_tlb_flush_pending()",
    ),
    Guard(
        "flush-soft-dirty",
        "Clearing soft-dirty bits flushes before it returns, so that the next store faults.",
        "O13",
        "clear_refs_write()",
        "clear_refs_write()",
    ),
    Guard(
        "lock-soft-dirty",
        "Clearing soft-dirty bits keeps write faults out until it has flushed.",
        "O3",
        "clear_refs_write()",
        "clear_refs_write()",
    ),
    Guard(
        "delay-rmap",
        "A dirty mapping of a file leaves the reverse map only once it is flushed.",
        "O5",
        "tlb_flush_rmaps()",
        "tlb_flush_rmaps()",
    ),
    Guard(
        "flush-before-unlock",
        "mremap flushes the old addresses before it lets go of the page-table lock.",
        "O2, O5",
        "move_ptes()",
        "move_ptes()",
    ),
    Guard(
        "flush-before-set",
        "Copy-on-write flushes the old PTE before it sets the new one.",
        "D",
        "ptep_clear_flush()",
        "ptep_clear_flush()",
    ),
    Guard(
        "flush-what-is-gathered",
        "A gather that is full flushes the range behind it, not what is still to come.",
        "B1",
        "zap_pte_range()",
        "zap_pte_range()",
    ),
    Guard(
        "flush-before-gather-free",
        "An mmu_gather frees its pages only after its flush.",
        "B1",
        "tlb_flush_mmu()",
        "tlb_flush_mmu()",
    ),
    Guard(
        "flush-before-table-free",
        "A page-table page is freed only after a flush that lazy CPUs take part in.",
        "O32",
        "tlb_remove_table()",
        "tlb_remove_table()",
    ),
    Guard(
        "flush-on-exit",
        "A dying address space leaves no entries behind under any ASID.",
        "O31",
        "exit_mmap()",
        "exit_mmap()",
    ),
    Guard(
        "last-reference",
        "A page with an extra reference is neither freed nor moved.",
        "O27",
        "__remove_mapping()",
        "__remove_mapping()",
    ),
)
"""In the order in which they are shown."""

KERNEL_GUARDS = frozenset(
    {
        "check-on-switch-in",
        "mask-before-load",
        "skip-offline",
        "flush-on-online",
        "uffd-flush",
        "flush-nested-gather",
        "flush-hidden-while-pending",
        "count-gathers",
        "flush-soft-dirty",
        "lock-soft-dirty",
        "delay-rmap",
        "flush-before-unlock",
        "flush-before-set",
        "flush-what-is-gathered",
        "flush-before-gather-free",
        "flush-before-table-free",
        "flush-on-exit",
        "last-reference",
    }
)
"""Guards that every policy has."""

BATCH_GUARDS = KERNEL_GUARDS | {
    "flush-before-free",
    "flush-before-copy",
    "flush-dirty-before-io",
    "flush-batched-pending",
}
"""Guards of the kernel that batches flushes."""
