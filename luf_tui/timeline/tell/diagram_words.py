"""What a diagram of a race says of each kind of event, and which kinds it has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from luf_tui.machine import events as ev
from luf_tui.machine.kind import Kind

DRAWN: Final[Mapping[Kind, str]] = {
    ev.SWITCH: "switch_mm_irqs_off()",
    ev.LAZY: "enter_lazy_tlb()",
    ev.CPU_DOWN: "take_cpu_down()",
    ev.CPU_UP: "cpu_init()",
    ev.REFUSED: "[refused]",
    ev.FILL: "[TLB caches {page} -> {pfn}, {flags}]",
    ev.EVICT: "[TLB forgets {page}]",
    ev.READ: 'reads "{content}"',
    ev.STORE: 'writes "{content}" to {pfn}',
    ev.SIGSEGV: "bad_area() [SIGSEGV]",
    ev.SIGBUS: "do_sigbus() [SIGBUS]",
    ev.UFFD: "handle_userfault({page})",
    ev.DMA_READ: 'reads "{content}" from {pfn}',
    ev.DMA_STORE: 'writes "{content}" to {pfn}',
    ev.DMA_FAULT: "[no translation]",
    ev.NOTIFY: "[IOTLB drops {dropped}]",
    ev.MAP: "set_pte_at({page}, {pfn}, {flags})",
    ev.UNMAP: "ptep_get_and_clear({page})",
    ev.PROTECT: "ptep_modify_prot_commit({page}, {flags})",
    ev.AGE: "ptep_clear_flush_young({page})",
    ev.HINT: "[{page} is PROT_NONE now]",
    ev.TABLE_IN: "pmd_install({page}, {pfn})",
    ev.TABLE_OUT: "pte_free_tlb({pfn})",
    ev.FREED_WALK: "[walks {pfn} for {page}]",
    ev.MOVE_ENTRY: "move_swap_pte({page})",
    ev.MUNMAP: "[VMA of {page} is gone]",
    ev.MREMAP: "[VMA of {page} is gone]",
    ev.RESIZE: "[i_size: {pages}]",
    ev.NOTE: "set_tlb_ubc_flush_pending()",
    ev.DEFER: "[flush deferred, key {key}]",
    ev.REFUSE: "[not deferred: {reason}]",
    ev.SEND: "native_flush_tlb_multi({mask})",
    ev.RECEIVE: "",
    ev.FLUSH: "[drops {dropped}]",
    ev.ISSUE: "__tlbi(vale1is, {page})",
    ev.BARRIER: "dsb(ish)",
    ev.INVLPGB: "invlpgb_flush_user_nr_nosync()",
    ev.TLBSYNC: "__tlbsync()",
    ev.GLOBAL_ASID: "use_global_asid()",
    ev.FLUSHED: "[{mask} flushed]",
    ev.PAY: "[deferred flush fires: {mask}]",
    ev.SAVED: "[flush of {pfn} no longer owed]",
    ev.WAIT: "[waits for generation {generation}]",
    ev.FREE: "",
    ev.DRAIN: "free_pcppages_bulk({pfn})",
    ev.REFILL: "[{pfn} goes from buddy to pcp]",
    ev.TAKE: "[takes {pfn}]",
    ev.CAPTURE: "compaction_capture({pfn})",
    ev.ALLOC: "prep_new_page({pfn})",
    ev.DIRECT_RECLAIM: "[no page: reclaims {pfn}]",
    ev.DRAIN_ALL: "drain_all_pages()",
    ev.OOM: "[no page]",
    ev.FILL_BYTES: '[{pfn} holds "{content}"]',
    ev.COPY: "folio_mc_copy({target}, {source})",
    ev.READ_IN: '[{pfn} holds "{content}"]',
    ev.WRITE_OUT: '[writes out "{content}"]',
    ev.UNCACHE: "__remove_mapping({pfn})",
    ev.WRITE_FILE: 'writes "{content}" to {pfn}',
    ev.KEEP: "[{pfn} stays: {reason}]",
    ev.PIN: "[{pfn} has {pins}]",
    ev.HOLD: "[pins {pfn}]",
    ev.NO_PIN: "[nothing pinned]",
    ev.IO_READ: 'reads "{content}" from {pfn}',
    ev.IO_STORE: 'writes "{content}" to {pfn}',
    ev.DIRECT_READ: '[disk: "{content}"]',
    ev.DIRECT_WRITE: '[disk: {page} is "{content}"]',
    ev.DIRECT_STALE: "dio_warn_stale_pagecache()",
    ev.REVOKE: "unmap_mapping_range({page})",
    ev.STALE: "[stale TLB entry -> {pfn}]",
    ev.TRIM: "[{cpu} leaves mm_cpumask]",
    ev.HUGE_MAP: "set_pmd_at({page})",
    ev.HUGE_SPLIT: "pmd_populate({page})",
    ev.HUGE_FALLBACK: "[no large folio for {page}]",
    ev.FOLIO_SPLIT: "__split_huge_page({pfn})",
}
"""What a kind of event says in a diagram. An empty text is said by the function it happens in."""
FRAMELESS: Final[Mapping[Kind, str]] = {
    ev.WRITE_FILE: '[server: {page} is "{content}"]',
    ev.KEEP: "[no page to take: {reason}]",
}
"""The same where it is about no frame."""
LEFT_OUT: Final = frozenset(
    {
        ev.BLOCKED,
        ev.BEGIN,
        ev.END,
        ev.TICK,
        ev.FAULT,
        ev.MMAP,
        *(ev.MPROTECT, ev.DONTNEED, ev.LAZY_FREE, ev.GUARD, ev.UNGUARD, ev.SOFT_DIRTY),
        *(ev.PUT, ev.HAND_OVER, ev.INVALIDATE),
        *(ev.REGISTER, ev.RELEASE, ev.DIRECT, ev.MAP_FRAME),
        ev.FORK,
        ev.EXIT,
        ev.ACK,
        ev.MERGE,
        ev.SPLIT,
    }
    | {ev.DEVIATION, ev.VIOLATION, ev.EXPECTED, ev.NOTE_TEXT}
)
"""Kinds that a diagram does without. What the oracle found is said where it happened, and who
blocks by the micro-step that it is.
"""
WAITING: Final = frozenset(
    {ev.SEND, ev.RECEIVE, ev.ISSUE, ev.BARRIER, ev.INVLPGB, ev.TLBSYNC, ev.FLUSHED, ev.PAY, ev.WAIT}
)
"""Kinds that are drawn whatever they are about."""
