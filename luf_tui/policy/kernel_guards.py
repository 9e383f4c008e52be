"""Rules of Linux as it is, each of which can be taken away: those of every kernel, and those of one
that batches flushes. Many were written after a bug; `scenarios/museum` shows those bugs.
"""

from __future__ import annotations

from luf_tui.policy.guard import BATCH, KERNEL, Guard

FLUSH_BEFORE_FREE = Guard(
    "flush-before-free",
    BATCH,
    "A reclaim batch is flushed before its pages go to the allocator.",
    "B1",
    v10="try_to_unmap_flush()",
    v12="try_to_unmap_flush()",
)
FLUSH_BEFORE_COPY = Guard(
    "flush-before-copy",
    BATCH,
    "A migration batch is flushed before its pages are copied.",
    "B2",
    v10="try_to_unmap_flush()",
    v12="try_to_unmap_flush()",
)
FLUSH_DIRTY_BEFORE_IO = Guard(
    "flush-dirty-before-io",
    BATCH,
    "Unmapped dirty PTEs are flushed before the page is written out.",
    "O5",
    v10="try_to_unmap_flush_dirty()",
    v12="try_to_unmap_flush_dirty()",
    mutant="M32",
)
FLUSH_BATCHED_PENDING = Guard(
    "flush-batched-pending",
    BATCH,
    "munmap, mprotect and the like first flush what reclaim left unflushed in the mm.",
    "O10",
    v10="flush_tlb_batched_pending()",
    v12="flush_tlb_batched_pending()",
)
CHECK_ON_SWITCH_IN = Guard(
    "check-on-switch-in",
    KERNEL,
    "A CPU compares tlb_gen when it loads an mm or leaves lazy mode.",
    "O30",
    v10="switch_mm_irqs_off()",
    v12="switch_mm_irqs_off()",
    mutant="M24",
)
MASK_BEFORE_LOAD = Guard(
    "mask-before-load",
    KERNEL,
    "A CPU is in mm_cpumask before it reads tlb_gen and loads the mm.",
    "O10",
    v10="switch_mm_irqs_off()",
    v12="switch_mm_irqs_off()",
)
SKIP_OFFLINE = Guard(
    "skip-offline",
    KERNEL,
    "A CPU that is offline is neither interrupted nor waited for, whatever masks say.",
    "O38",
    v10="smp_call_function_many_cond()",
    v12="smp_call_function_many_cond()",
)
FLUSH_ON_ONLINE = Guard(
    "flush-on-online",
    KERNEL,
    "A CPU that comes online starts with an empty TLB.",
    "O38",
    v10="initialize_tlbstate_and_flush()",
    v12="initialize_tlbstate_and_flush()",
)
UFFD_FLUSH = Guard(
    "uffd-flush",
    KERNEL,
    "A write fault flushes first while a userfaultfd write-protect is in flight.",
    "O3",
    v10="do_wp_page()",
    v12="do_wp_page()",
)
FLUSH_NESTED_GATHER = Guard(
    "flush-nested-gather",
    KERNEL,
    "A gather that ends while another one is in flight flushes the whole mm.",
    "O10",
    v10="mm_tlb_flush_nested()",
    v12="mm_tlb_flush_nested()",
)
FLUSH_HIDDEN_WHILE_PENDING = Guard(
    "flush-hidden-while-pending",
    KERNEL,
    "A PTE that PROT_NONE hides is flushed when unmapped while that flush is on its way.",
    "O5",
    v10="pte_accessible()",
    v12="pte_accessible()",
)
COUNT_GATHERS = Guard(
    "count-gathers",
    KERNEL,
    "Gathers in flight are counted: one that ends does not speak for the others.",
    "O5",
    v10="dec_tlb_flush_pending()",
    v12="dec_tlb_flush_pending()",
)
FLUSH_SOFT_DIRTY = Guard(
    "flush-soft-dirty",
    KERNEL,
    "Clearing soft-dirty bits flushes before it returns, so that the next store faults.",
    "O13",
    v10="clear_refs_write()",
    v12="clear_refs_write()",
)
FLUSH_ON_FORK = Guard(
    "flush-on-fork",
    KERNEL,
    "fork() flushes the parent once its private pages are read-only, before it returns.",
    "O13",
    v10="dup_mmap()",
    v12="dup_mmap()",
)
LOCK_SOFT_DIRTY = Guard(
    "lock-soft-dirty",
    KERNEL,
    "Clearing soft-dirty bits keeps write faults out until it has flushed.",
    "O3",
    v10="clear_refs_write()",
    v12="clear_refs_write()",
)
DELAY_RMAP = Guard(
    "delay-rmap",
    KERNEL,
    "A dirty mapping of a file leaves the reverse map only once it is flushed.",
    "O5",
    v10="tlb_flush_rmaps()",
    v12="tlb_flush_rmaps()",
)
FLUSH_BEFORE_UNLOCK = Guard(
    "flush-before-unlock",
    KERNEL,
    "mremap flushes the old addresses before it lets go of the page-table lock.",
    "O2, O5",
    v10="move_ptes()",
    v12="move_ptes()",
)
FLUSH_BEFORE_SET = Guard(
    "flush-before-set",
    KERNEL,
    "Copy-on-write flushes the old PTE before it sets the new one.",
    "D",
    v10="ptep_clear_flush()",
    v12="ptep_clear_flush()",
)
FLUSH_WHAT_IS_GATHERED = Guard(
    "flush-what-is-gathered",
    KERNEL,
    "A gather that is full flushes the range behind it, not what is still to come.",
    "B1",
    v10="zap_pte_range()",
    v12="zap_pte_range()",
)
FLUSH_BEFORE_GATHER_FREE = Guard(
    "flush-before-gather-free",
    KERNEL,
    "An mmu_gather frees its pages only after its flush.",
    "B1",
    v10="tlb_flush_mmu()",
    v12="tlb_flush_mmu()",
)
FLUSH_BEFORE_TABLE_FREE = Guard(
    "flush-before-table-free",
    KERNEL,
    "A page-table page is freed only after a flush that lazy CPUs take part in.",
    "O32",
    v10="tlb_remove_table()",
    v12="tlb_remove_table()",
    mutant="M38",
)
FLUSH_ON_EXIT = Guard(
    "flush-on-exit",
    KERNEL,
    "A dying address space leaves no entries behind under any ASID.",
    "O31",
    v10="exit_mmap()",
    v12="exit_mmap()",
    mutant="M26",
)
LAST_REFERENCE = Guard(
    "last-reference",
    KERNEL,
    "A page with an extra reference is neither freed nor moved.",
    "O27",
    v10="__remove_mapping()",
    v12="__remove_mapping()",
    mutant="M34",
)
COUNT_PENDING = Guard(
    "count-pending",
    BATCH,
    "Unmaps that are pending in an mm are counted: a flush settles those before it, and no more.",
    "O10",
    v10="flush_tlb_batched_pending()",
    v12="flush_tlb_batched_pending()",
)
FLUSH_WITHOUT_GENERATION = Guard(
    "flush-without-generation",
    KERNEL,
    "A flush that names no mm has no generation, and is not skipped for being old.",
    "B1",
    v12="flush_tlb_func()",
)
FLUSH_WHILE_SWITCHING = Guard(
    "flush-while-switching",
    KERNEL,
    "A CPU that is about to load an mm is interrupted for it, as one that has it loaded.",
    "O10",
    v12="should_flush_tlb()",
)
LOCK_FORK = Guard(
    "lock-fork",
    KERNEL,
    "fork() keeps page faults of the parent out until it has flushed.",
    "O13",
    v12="dup_mmap()",
)
FLUSH_UNDER_LOCK = Guard(
    "flush-under-lock",
    KERNEL,
    "Who unmaps a page and flushes at once does so before it drops the page-table lock.",
    "O12",
    v10="ptep_clear_flush()",
    v12="ptep_clear_flush()",
)
CARRY_DIRTY = Guard(
    "carry-dirty",
    KERNEL,
    "A dirty bit in a PTE that is taken down for a migration goes to the page.",
    "O40",
    v10="try_to_migrate()",
    v12="try_to_migrate()",
)
RESTORE_RIGHTS = Guard(
    "restore-rights",
    KERNEL,
    "A page comes back from migration with the rights that its entry has, not its mapping's.",
    "O14",
    v12="remove_migration_ptes()",
)
HINT_KEEPS_RIGHTS = Guard(
    "hint-keeps-rights",
    KERNEL,
    "A NUMA hinting fault gives the PTE back with the rights it had, not its mapping's.",
    "O14",
    v12="do_numa_page()",
)
PROTECT_ENTRIES = Guard(
    "protect-entries",
    KERNEL,
    "mprotect takes the right to write from migration entries, too.",
    "O42",
    v10="change_pte_range()",
    v12="change_pte_range()",
)
SHARE_ENTRIES = Guard(
    "share-entries",
    KERNEL,
    "fork() makes a writable migration entry of a private page read-only in both.",
    "O41",
    v10="copy_nonpresent_pte()",
    v12="copy_nonpresent_pte()",
)
MAP_WHAT_IS_CACHED = Guard(
    "map-what-is-cached",
    KERNEL,
    "A fault maps a page of a file only while the page cache has it and nobody else has it locked.",
    "O9",
    v10="filemap_fault()",
    v12="filemap_fault()",
)
RECHECK_SIZE = Guard(
    "recheck-size",
    KERNEL,
    "A fault looks at the size of the file again once it has the page.",
    "O9",
    v10="filemap_fault()",
    v12="filemap_fault()",
)
TRUNCATE_SWAPPED = Guard(
    "truncate-swapped",
    KERNEL,
    "Truncation drops private copies that are in swap, too.",
    "O40",
    v12="zap_pte_range()",
)
SWAP_CACHE_FIRST = Guard(
    "swap-cache-first",
    KERNEL,
    "A page is in the swap cache before it is read in, so that its slot is not used again.",
    "O40",
    v12="do_swap_page()",
)
NESTED_FLUSH_TABLES = Guard(
    "nested-flush-tables",
    KERNEL,
    "The flush of a nested gather still tells that page tables are freed.",
    "O32",
    v12="tlb_finish_mmu()",
)
STAY_IN_MASK = Guard(
    "stay-in-mask",
    KERNEL,
    "Where ASIDs keep entries over a switch, a CPU stays in mm_cpumask of what it has left.",
    "O10",
    v12="set_mm()",
)
NOTIFY_WITH_FLUSH = Guard(
    "notify-with-flush",
    KERNEL,
    "A flush of an mm tells devices that translate for themselves before it is done.",
    "O29",
    v12="ptep_clear_flush()",
)
NOTIFY_TO_THE_END = Guard(
    "notify-to-the-end",
    KERNEL,
    "A dying mm takes a device's translations away before it stops telling it.",
    "O29",
    v12="mmu_notifier_release()",
)
ANNOUNCE_FIRST = Guard(
    "announce-first",
    KERNEL,
    "A flush to come is announced before the first PTE changes.",
    "O3",
    v10="inc_tlb_flush_pending()",
    v12="inc_tlb_flush_pending()",
)
MERGED_IS_DIRTY = Guard(
    "merged-is-dirty",
    KERNEL,
    "A page that KSM shares is dirty, so that nobody drops it for being clean.",
    "O40",
    v12="try_to_merge_one_page()",
)
RECHECK_PINNED = Guard(
    "recheck-pinned",
    KERNEL,
    "Who pins a page without a lock looks at its PTE once more.",
    "O41",
    v12="gup_fast_pte_range()",
)
UNSHARE_BEFORE_PIN = Guard(
    "unshare-before-pin",
    KERNEL,
    "A page that is shared copy-on-write is copied before it is pinned.",
    "O40",
    v12="gup_must_unshare()",
)
COPY_PINNED_ON_FORK = Guard(
    "copy-pinned-on-fork",
    KERNEL,
    "fork() copies a pinned page at once, so that the parent keeps it.",
    "O40",
    v12="copy_present_page()",
)
DIRTY_ON_UNPIN = Guard(
    "dirty-on-unpin",
    KERNEL,
    "A page that a device has stored to is dirty afterwards.",
    "O40",
    v12="unpin_user_pages_dirty_lock()",
)
WRITE_OUT_BEFORE_DIRECT_IO = Guard(
    "write-out-before-direct-io",
    KERNEL,
    "A direct read writes out first what the page cache has.",
    "O40",
    v12="kiocb_write_and_wait()",
)
DROP_AFTER_DIRECT_WRITE = Guard(
    "drop-after-direct-write",
    KERNEL,
    "A direct write drops anew what was read into the page cache meanwhile.",
    "O40",
    v12="kiocb_invalidate_post_direct_write()",
)
FLUSH_FRAME_MAPS = Guard(
    "flush-frame-maps",
    KERNEL,
    "munmap() flushes what is mapped by frame number while its driver still finds the mapping.",
    "O2",
    v12="tlb_end_vma()",
)
KEEP_REFERENCED = Guard(
    "keep-referenced",
    KERNEL,
    "A page that MADV_FREE gave up stays mapped while somebody has a reference to it.",
    "O40",
    v12="try_to_unmap_one()",
)
MERGE_UNPINNED = Guard(
    "merge-unpinned",
    KERNEL,
    "KSM leaves a page alone that somebody has pinned, and looks once its PTE is flushed.",
    "O40",
    v12="write_protect_page()",
)
KEEP_DIRTY = Guard(
    "keep-dirty",
    KERNEL,
    "Invalidation leaves a page in the page cache that is dirty once it is unmapped.",
    "O40",
    v12="invalidate_complete_folio2()",
)
TLBSYNC = Guard(
    "tlbsync",
    KERNEL,
    "A flush by INVLPGB is over only when every CPU has done it.",
    "O37",
    v12="__tlbsync()",
)
FINISH_ASID_TRANSITION = Guard(
    "finish-asid-transition",
    KERNEL,
    "Whoever still uses an ASID of its own is interrupted where others are told by broadcast.",
    "O10",
    v12="finish_asid_transition()",
)
