"""The guard table: every check a policy performs, by name.

A mutant is a policy without a guard, nothing more. The table feeds the command line, the guard
screen, the documentation and the kill matrix. Obligations are those of the mechanism reference,
section 4.1; B1 to B7 those of the baseline reference, section 9.
"""

from __future__ import annotations

from luf_tui.policy.kernel_guards import BATCH_GUARDS, KERNEL_GUARDS, TABLE, Guard

__all__ = ["BATCH_GUARDS", "GUARDS", "KERNEL_GUARDS", "LUF_GUARDS", "Guard"]

_LUF = (
    Guard(
        "flush-before-reuse",
        "The deferred flush fires when a page leaves the free lists, before it can be touched.",
        "O2",
        "prep_new_page()",
        "luf_takeoff_end()",
    ),
    Guard(
        "refuse-writable",
        "A folio with a writable mapping is flushed as ever.",
        "O4",
        "set_tlb_ubc_flush_pending()",
        "can_luf_test(), pte_write()",
    ),
    Guard(
        "move-late-writable",
        "A writable mapping found late drags the earlier read-only notes along.",
        "O4",
        "try_to_unmap()",
        "try_to_unmap()",
    ),
    Guard(
        "judge-every-pte",
        "A writable mapping counts for the verdict even when its own flush is not batched.",
        "O4",
        "-",
        "-",
    ),
    Guard(
        "pending-wrprotect",
        "A read-only PTE that is dirty, or under a write-protect in flight, is not deferred.",
        "O3",
        "-",
        "-",
    ),
    Guard(
        "refuse-unfiled-shared",
        "Shared memory without a file is not deferred.",
        "O35",
        "-",
        "can_luf_vma()",
    ),
    Guard(
        "refuse-init-on-free",
        "Nothing is deferred when pages are zeroed on free.",
        "O1",
        "- (v11: free_pages_prepare())",
        "can_luf_folio()",
    ),
    Guard(
        "refuse-kasan",
        "Nothing is deferred when KASAN poisons free pages.",
        "O1",
        "- (v11: free_pages_prepare())",
        "can_luf_folio()",
    ),
    Guard(
        "refuse-page-poison",
        "Nothing is deferred when page_poison fills free pages.",
        "O1",
        "-",
        "-",
    ),
    Guard(
        "flush-before-report",
        "Free pages that owe a flush are flushed before the host is told to drop their bytes.",
        "O1",
        "check_flush_task_ugen()",
        "page_reporting_cycle()",
    ),
    Guard(
        "flush-before-offline",
        "Free pages that owe a flush are flushed before their memory is taken out.",
        "O36",
        "check_flush_task_ugen()",
        "offline_pages()",
    ),
    Guard(
        "flush-before-poison",
        "A page that failed is flushed before it is handed to poison handling.",
        "O36",
        "check_luf_flush()",
        "luf_flush()",
    ),
    Guard(
        "merge-keeps-mark",
        "A merged block owes what both its halves owed.",
        "O16",
        "__free_one_page()",
        "__free_one_page()",
    ),
    Guard(
        "split-keeps-mark",
        "What is left of a split block still owes.",
        "O17",
        "-",
        "expand()",
    ),
    Guard(
        "capture-without-debt",
        "Compaction captures only blocks that owe nothing.",
        "O2",
        "__free_one_page(): the capturing task pays",
        "__free_one_page()",
    ),
    Guard(
        "mark-on-drain",
        "A page with debt keeps a mark when it goes from pcp to buddy.",
        "O15",
        "set_buddy_order_ugen(): stores the order instead",
        "__free_one_page()",
    ),
    Guard(
        "wait-zone-generation",
        "A taker whose debt another one is flushing waits until that flush is done.",
        "O20",
        "luf_on_flushing",
        "wait_zone_ugen",
    ),
    Guard(
        "done-after-flush",
        "A zone generation counts as done only when its flush is.",
        "O21",
        "luf_gen_done",
        "zone_ugen_done",
    ),
    Guard(
        "newest-candidate",
        "A page's 16 bits stand for the newest zone generation that they can mean.",
        "O22",
        "- (a signed difference)",
        "page_zone_ugen()",
    ),
    Guard(
        "wide-generations",
        "Requests and flushes have numbers of 64 bits: none comes back while it is still meant.",
        "O22",
        "- (16 bits, a signed difference)",
        "luf_ugen",
    ),
    Guard(
        "newest-request",
        "Debts that are paid together are compared by the newest request among them.",
        "O18",
        "-",
        "luf_takeoff_check_and_fold(), update_zone_batch()",
    ),
    Guard(
        "key-union",
        "A reused key keeps the CPUs of the pages that still carry it.",
        "O23",
        "-",
        "fold_unmap_luf()",
    ),
    Guard(
        "flush-number-first",
        "A flush takes its number before it starts, so later debts are not counted as paid.",
        "O18",
        "on_flushing",
        "try_to_unmap_flush()",
    ),
    Guard(
        "done-needs-all-mms",
        "A flush of one mm does not count as a flush of the CPU.",
        "O18",
        "-",
        "-",
    ),
    Guard(
        "diet-private-batch",
        "CPUs are struck off a copy, never off the task's ordinary batch.",
        "O34",
        "-",
        "-",
    ),
    Guard(
        "flush-kept-folios",
        "A folio that was unmapped but not freed is flushed.",
        "O26",
        "-",
        "shrink_folio_list()",
    ),
    Guard(
        "flush-on-write-fault",
        "A fault that may make a PTE writable pays what the mm and the file owe.",
        "O6",
        "do_wp_page()",
        "handle_mm_fault()",
    ),
    Guard(
        "flush-in-place",
        "So does one that makes a present PTE writable where it is, without a copy.",
        "O6",
        "do_wp_page()",
        "handle_mm_fault()",
    ),
    Guard(
        "flush-before-pte",
        "That flush is complete before the new PTE can be used.",
        "O6a",
        "do_wp_page()",
        "-",
    ),
    Guard(
        "flush-mapping-on-fault",
        "A fault in a shared writable mapping pays for every mapping of the file.",
        "O7",
        "do_mmap()",
        "luf_flush_mapping()",
    ),
    Guard(
        "flush-on-install",
        "A page that comes under an address without a fault comes after the flush owed there.",
        "O12",
        "-",
        "-",
    ),
    Guard(
        "flush-on-write",
        "write() pays for the file before the bytes change.",
        "O8",
        "-",
        "mapping_write_begin()",
    ),
    Guard(
        "hook-every-filesystem",
        "Filesystems without ->write_begin() pay too.",
        "O8a",
        "-",
        "-",
    ),
    Guard(
        "flush-on-truncate",
        "Truncation and invalidation pay for the file.",
        "O9",
        "-",
        "luf_flush_mapping()",
    ),
    Guard(
        "flush-on-read-in",
        "A page that a server may have changed is read in anew only once the old one is unseen.",
        "O8b",
        "-",
        "-",
    ),
    Guard(
        "note-pending",
        "A deferred unmap counts as pending in its mm, for munmap and the like.",
        "O10",
        "set_tlb_ubc_flush_pending()",
        "set_tlb_ubc_flush_pending()",
    ),
    Guard(
        "count-batches",
        "The per-mm and per-mapping batches count as pending flushes.",
        "O6",
        "-",
        "- (fold_batch() ignores them)",
    ),
    Guard(
        "wait-for-invalidate",
        "A page is freed after the wait for the invalidates issued for it (arm64).",
        "O37",
        "-",
        "- (arch_tlbbatch_done() is always true)",
    ),
    Guard(
        "notify-secondary",
        "Devices that translate for themselves are told at the unmap, not when the flush fires.",
        "O29",
        "arch_tlbbatch_add_pending()",
        "arch_tlbbatch_add_pending()",
    ),
    Guard(
        "no-shootdown",
        "A context that may not wait for IPIs, such as an interrupt, sends none.",
        "O24",
        "-",
        "luf_takeoff_start()",
    ),
    Guard(
        "refuse-pended",
        "Such a context takes only pages without debt; the others are left for someone else.",
        "O25",
        "-",
        "luf_takeoff_check_and_fold()",
    ),
)

GUARDS: dict[str, Guard] = {guard.name: guard for guard in (*TABLE, *_LUF)}
"""Every guard by name."""

LUF_GUARDS = frozenset(GUARDS)
"""Every guard there is."""
