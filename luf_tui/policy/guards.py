"""Every check that a policy performs: a guard, declared once, with all that is known of it.

A mutant is a policy without a guard, nothing more. The engine and the policies ask for a guard by
the constant declared here (`policy.has(FLUSH_BEFORE_REUSE)`); people name it on the command line
and in scenarios. One more guard is one more declaration, here or, if it is a rule of Linux as it
is, in `kernel_guards`, and the one place that asks for it: levels, posted versions, mutants, tables
and the guard screen follow.

`luf-tui explain` tells of each, of the obligations (O1 to O43) and kernel rules (B1 to B7) that
they uphold, and of the mutants (M1 to M38).
"""

from __future__ import annotations

from collections.abc import Iterable

from luf_tui.errors import nearest
from luf_tui.policy.guard import *
from luf_tui.policy.kernel_guards import *
from luf_tui.policy.large_guards import *

FLUSH_BEFORE_REUSE = Guard(
    "flush-before-reuse",
    LUF,
    "The deferred flush fires when a page leaves the free lists, before it can be touched.",
    "O2",
    v10="prep_new_page()",
    v12="luf_takeoff_end()",
    mutant="M1",
)
REFUSE_WRITABLE = Guard(
    "refuse-writable",
    LUF,
    "A folio with a writable mapping is flushed as ever.",
    "O4",
    v10="set_tlb_ubc_flush_pending()",
    v12="can_luf_test(), pte_write()",
    mutant="M5",
)
MOVE_LATE_WRITABLE = Guard(
    "move-late-writable",
    LUF,
    "A writable mapping found late drags the earlier read-only notes along.",
    "O4",
    v10="try_to_unmap()",
    v12="try_to_unmap()",
    mutant="M6",
)
JUDGE_EVERY_PTE = Guard(
    "judge-every-pte",
    LUF,
    "A writable mapping counts for the verdict even when its own flush is not batched.",
    "O4",
    lacks=(
        Lacks((V10, V11), "O4", "09/12", "the test stands where a flush is batched"),
        Lacks((V12,), "O4", "14/26", "the test stands where a flush is batched"),
    ),
)
PENDING_WRPROTECT = Guard(
    "pending-wrprotect",
    LUF,
    "A read-only PTE that is dirty, or under a write-protect in flight, is not deferred.",
    "O3",
    mutant="M7",
    lacks=(
        Lacks((V10, V11), "D15", "09/12", "only pte_write() is tested"),
        Lacks((V12,), "D15", "14/26", "only pte_write() is tested"),
    ),
)
REFUSE_UNFILED_SHARED = Guard(
    "refuse-unfiled-shared",
    LUF,
    "Shared memory without a file is not deferred.",
    "O35",
    v12="can_luf_vma()",
    mutant="M36",
    lacks=(Lacks((V10, V11), "O35", "-", "no test of the VMA before v12"),),
)
REFUSE_INIT_ON_FREE = Guard(
    "refuse-init-on-free",
    LUF,
    "Nothing is deferred when pages are zeroed on free.",
    "O1",
    v10="- (v11: free_pages_prepare())",
    v12="can_luf_folio()",
    mutant="M2",
    lacks=(Lacks((V10,), "O1", "-", "no test before v11"),),
)
REFUSE_KASAN = Guard(
    "refuse-kasan",
    LUF,
    "Nothing is deferred when KASAN poisons free pages.",
    "O1",
    v10="- (v11: free_pages_prepare())",
    v12="can_luf_folio()",
    mutant="M2",
    lacks=(Lacks((V10,), "O1", "-", "no test before v11"),),
)
REFUSE_PAGE_POISON = Guard(
    "refuse-page-poison",
    LUF,
    "Nothing is deferred when page_poison fills free pages.",
    "O1",
    mutant="M2",
    lacks=(
        Lacks((V10, V11), "D7", "-", "no test"),
        Lacks((V12,), "D7", "16/26", "only init_on_free and KASAN are looked at"),
    ),
)
FLUSH_BEFORE_REPORT = Guard(
    "flush-before-report",
    LUF,
    "Free pages that owe a flush are flushed before the host is told to drop their bytes.",
    "O1",
    v10="check_flush_task_ugen()",
    v12="page_reporting_cycle()",
    mutant="M23",
)
FLUSH_BEFORE_OFFLINE = Guard(
    "flush-before-offline",
    LUF,
    "Free pages that owe a flush are flushed before their memory is taken out.",
    "O36",
    v10="check_flush_task_ugen()",
    v12="offline_pages()",
    mutant="M23",
)
FLUSH_BEFORE_POISON = Guard(
    "flush-before-poison",
    LUF,
    "A page that failed is flushed before it is handed to poison handling.",
    "O36",
    v10="check_luf_flush()",
    v12="luf_flush()",
    mutant="M23",
)
MERGE_KEEPS_MARK = Guard(
    "merge-keeps-mark",
    LUF,
    "A merged block owes what both its halves owed.",
    "O16",
    v10="__free_one_page()",
    v12="__free_one_page()",
    mutant="M3",
)
SPLIT_KEEPS_MARK = Guard(
    "split-keeps-mark",
    LUF,
    "What is left of a split block still owes.",
    "O17",
    v12="expand()",
    mutant="M4",
    lacks=(Lacks((V10, V11), "D10", "06/12", "left-over halves are written back clean"),),
)
CAPTURE_WITHOUT_DEBT = Guard(
    "capture-without-debt",
    LUF,
    "Compaction captures only blocks that owe nothing.",
    "O2",
    v10="__free_one_page(): the capturing task pays",
    v12="__free_one_page()",
    mutant="M30",
)
MARK_ON_DRAIN = Guard(
    "mark-on-drain",
    LUF,
    "A page with debt keeps a mark when it goes from pcp to buddy.",
    "O15",
    v10="set_buddy_order_ugen(): stores the order instead",
    v12="__free_one_page()",
    mutant="M27",
    lacks=(Lacks((V10, V11), "D9", "05/12", "the order is stored where the generation belongs"),),
)
WAIT_ZONE_GENERATION = Guard(
    "wait-zone-generation",
    LUF,
    "A taker whose debt another one is flushing waits until that flush is done.",
    "O20",
    v10="luf_on_flushing",
    v12="wait_zone_ugen",
    mutant="M17",
)
DONE_AFTER_FLUSH = Guard(
    "done-after-flush",
    LUF,
    "A zone generation counts as done only when its flush is.",
    "O21",
    v10="luf_gen_done",
    v12="zone_ugen_done",
    mutant="M29",
)
NEWEST_CANDIDATE = Guard(
    "newest-candidate",
    LUF,
    "A page's 16 bits stand for the newest zone generation that they can mean.",
    "O22",
    v10="- (a signed difference)",
    v12="page_zone_ugen()",
    mutant="M25",
)
WIDE_GENERATIONS = Guard(
    "wide-generations",
    LUF,
    "Requests and flushes have numbers of 64 bits: none comes back while it is still meant.",
    "O22",
    v10="- (16 bits, a signed difference)",
    v12="luf_ugen",
    mutant="M25",
    lacks=(Lacks((V10, V11), "O22", "-", "16 bits; Nadav Amit asked for 64"),),
)
NEWEST_REQUEST = Guard(
    "newest-request",
    LUF,
    "Debts that are paid together are compared by the newest request among them.",
    "O18",
    v12="luf_takeoff_check_and_fold(), update_zone_batch()",
    mutant="M19",
)
KEY_UNION = Guard(
    "key-union",
    LUF,
    "A reused key keeps the CPUs of the pages that still carry it.",
    "O23",
    v12="fold_unmap_luf()",
    mutant="M25",
)
FLUSH_NUMBER_FIRST = Guard(
    "flush-number-first",
    LUF,
    "A flush takes its number before it starts, so later debts are not counted as paid.",
    "O18",
    v10="on_flushing",
    v12="try_to_unmap_flush()",
    mutant="M18",
)
DONE_NEEDS_ALL_MMS = Guard(
    "done-needs-all-mms",
    LUF,
    "A flush of one mm does not count as a flush of the CPU.",
    "O18",
    mutant="M20",
    lacks=(Lacks((V12,), "D4", "17/26", "a flush of one mm marks the CPU done for all"),),
)
DIET_PRIVATE_BATCH = Guard(
    "diet-private-batch",
    LUF,
    "CPUs are struck off a copy, never off the task's ordinary batch.",
    "O34",
    mutant="M21",
    lacks=(Lacks((V12,), "D2", "19/26, 20/26", "CPUs are struck off the task's own batch"),),
)
FLUSH_KEPT_FOLIOS = Guard(
    "flush-kept-folios",
    LUF,
    "A folio that was unmapped but not freed is flushed.",
    "O26",
    v12="shrink_folio_list()",
    mutant="M22",
    lacks=(Lacks((V10, V11), "D11", "12/12", "kept folios keep no mark"),),
)
FLUSH_ON_WRITE_FAULT = Guard(
    "flush-on-write-fault",
    LUF,
    "A fault that may make a PTE writable pays what the mm and the file owe.",
    "O6",
    v10="do_wp_page()",
    v12="handle_mm_fault()",
    mutant="M8",
    lacks=(Lacks((V11,), "D16", "09/12", "the hook of do_wp_page() is gone"),),
)
FLUSH_IN_PLACE = Guard(
    "flush-in-place",
    LUF,
    "So does one that makes a present PTE writable where it is, without a copy.",
    "O6",
    v10="do_wp_page()",
    v12="handle_mm_fault()",
    mutant="M31",
)
FLUSH_BEFORE_PTE = Guard(
    "flush-before-pte",
    LUF,
    "That flush is complete before the new PTE can be used.",
    "O6a",
    v10="do_wp_page()",
    mutant="M9",
    lacks=(
        Lacks((V11,), "D16", "09/12", "only branches whose PTE had changed flush"),
        Lacks((V12,), "D6", "16/26", "the flush follows the fault"),
    ),
)
FLUSH_MAPPING_ON_FAULT = Guard(
    "flush-mapping-on-fault",
    LUF,
    "A fault in a shared writable mapping pays for every mapping of the file.",
    "O7",
    v10="do_mmap()",
    v12="luf_flush_mapping()",
    mutant="M10",
    lacks=(Lacks((V10, V11), "O7", "09/12", "only mmap() with PROT_WRITE flushes"),),
)
FLUSH_ON_INSTALL = Guard(
    "flush-on-install",
    LUF,
    "A page that comes under an address without a fault comes after the flush owed there.",
    "O12",
    mutant="M33",
    lacks=(
        Lacks((V10, V11), "O12", "-", "no hook"),
        Lacks((V12,), "O12", "16/26", "only faults in writable mappings are hooked"),
    ),
)
FLUSH_ON_WRITE = Guard(
    "flush-on-write",
    LUF,
    "write() pays for the file before the bytes change.",
    "O8",
    v12="mapping_write_begin()",
    mutant="M11",
    lacks=(Lacks((V10,), "O8", "-", "no hook before v11"),),
)
HOOK_EVERY_FILESYSTEM = Guard(
    "hook-every-filesystem",
    LUF,
    "Filesystems without ->write_begin() pay too.",
    "O8a",
    mutant="M12",
    lacks=(
        Lacks((V10, V11), "O8a", "-", "no hook"),
        Lacks((V12,), "D8", "15/26", "only users of ->write_begin() are hooked"),
    ),
)
FLUSH_ON_TRUNCATE = Guard(
    "flush-on-truncate",
    LUF,
    "Truncation and invalidation pay for the file.",
    "O9",
    v12="luf_flush_mapping()",
    mutant="M13",
    lacks=(Lacks((V10, V11), "O9", "-", "no hook before v12"),),
)
FLUSH_ON_READ_IN = Guard(
    "flush-on-read-in",
    LUF,
    "A page that a server may have changed is read in anew only once the old one is unseen.",
    "O8b",
    lacks=(
        Lacks((V10, V11), "O8b", "-", "no hook"),
        Lacks((V12,), "O8b", "16/26", "only faults in writable mappings are hooked"),
    ),
)
NOTE_PENDING = Guard(
    "note-pending",
    LUF,
    "A deferred unmap counts as pending in its mm, for munmap and the like.",
    "O10",
    v10="set_tlb_ubc_flush_pending()",
    v12="set_tlb_ubc_flush_pending()",
    mutant="M14",
)
COUNT_BATCHES = Guard(
    "count-batches",
    LUF,
    "The per-mm and per-mapping batches count as pending flushes.",
    "O6",
    v12="- (fold_batch() ignores them)",
    mutant="M28",
    lacks=(Lacks((V12,), "D1", "19/26, 20/26", "the fold ignores batches without a flag"),),
)
WAIT_FOR_INVALIDATE = Guard(
    "wait-for-invalidate",
    LUF,
    "A page is freed after the wait for the invalidates issued for it (arm64).",
    "O37",
    v12="- (arch_tlbbatch_done() is always true)",
    mutant="M37",
    lacks=(Lacks((V12,), "D5", "16/26", "on arm64 a batch counts as done without its DSB"),),
)
NOTIFY_SECONDARY = Guard(
    "notify-secondary",
    LUF,
    "Devices that translate for themselves are told at the unmap, not when the flush fires.",
    "O29",
    v10="arch_tlbbatch_add_pending()",
    v12="arch_tlbbatch_add_pending()",
    mutant="M35",
)
NO_SHOOTDOWN = Guard(
    "no-shootdown",
    LUF,
    "A context that may not wait for IPIs, such as an interrupt, sends none.",
    "O24",
    v12="luf_takeoff_start()",
    mutant="M15",
    lacks=(Lacks((V10, V11), "O24", "-", "contexts are told apart from v12 on"),),
)
REFUSE_PENDED = Guard(
    "refuse-pended",
    LUF,
    "Such a context takes only pages without debt; the others are left for someone else.",
    "O25",
    v12="luf_takeoff_check_and_fold()",
    mutant="M16",
    lacks=(Lacks((V10, V11), "O25", "-", "contexts are told apart from v12 on"),),
)

GUARDS: dict[str, Guard] = {
    one.name: one for one in list(globals().values()) if isinstance(one, Guard)
}
"""Every guard by its name, in the order in which they are shown."""


def of_levels(*levels: Level) -> frozenset[Guard]:
    """The guards of some levels."""
    return frozenset(guard for guard in GUARDS.values() if guard.level in levels)


KERNEL_GUARDS = of_levels(KERNEL)
"""Guards that every policy has."""
BATCH_GUARDS = of_levels(KERNEL, BATCH)
"""Guards of the kernel that batches flushes."""
LUF_GUARDS = of_levels(KERNEL, BATCH, LUF)
"""Every guard there is."""


def in_order(guards: Iterable[Guard]) -> list[Guard]:
    """Some guards as they are shown: in the order above, and a policy's own after them."""
    places = {guard: place for place, guard in enumerate(GUARDS.values())}
    return sorted(guards, key=lambda guard: (places.get(guard, len(places)), guard.name))


def not_declared(guard: object) -> str:
    """What to tell of something that is asked for, or claimed, and is no guard."""
    if isinstance(guard, Guard):
        return f"the guard '{guard.name}' is not declared"
    if guard in GUARDS:
        constant = str(guard).upper().replace("-", "_")
        return f"'{guard}' is the name of a guard; write luf_tui.policy.guards.{constant}"
    hint = nearest(str(guard), GUARDS) or "`luf-tui guards` lists them"
    return f"no guard is called '{guard}'; {hint}"
