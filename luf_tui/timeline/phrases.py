"""Event texts for two readers: what it means, and which kernel function does it."""

from __future__ import annotations

from luf_tui.machine import events as ev

STUDENT: dict[int, str] = {
    ev.SWITCH: "{cpu} now runs {task}.",
    ev.LAZY: "{cpu} goes idle or runs a kernel thread, but leaves {mm} loaded.",
    ev.FILL: "{cpu} walks the page table and remembers that {page} is in {pfn}, {flags}.",
    ev.EVICT: "{cpu} makes room in its TLB and forgets {page}.",
    ev.READ: "{cpu} reads {page} and gets {content} from {pfn}.",
    ev.STORE: "{cpu} stores {content} to {page}; the bytes of {pfn} change.",
    ev.FAULT: "{cpu} finds no translation for {page} that allows this: a page fault.",
    ev.SIGSEGV: "{page} belongs to no mapping that allows this: {cpu} gets SIGSEGV.",
    ev.SIGBUS: "{page} lies past the end of the file: {cpu} gets SIGBUS.",
    ev.MAP: "{page} now leads to {pfn}, {flags}.",
    ev.UNMAP: "{page} no longer leads to {pfn}. A CPU that cached this can still use it.",
    ev.HINT: "{page} still leads to {pfn}, but the next access faults.",
    ev.PROTECT: "{page} still leads to {pfn}, but is {flags} now.",
    ev.MMAP: "{mm} gets a mapping of {count} at {page}.",
    ev.MUNMAP: "{mm} gives up {count} at {page}.",
    ev.NOTE: "{mask} may have {page} cached: the kernel notes that they must flush before long.",
    ev.DEFER: "{pfn} is free again, and nobody was interrupted: {mask} may go on reading its old"
    " bytes. The flush is owed under key {key}.",
    ev.REFUSE: "The flush for {pfn} cannot wait: {reason}.",
    ev.SEND: "{cpu} interrupts {mask} so that they drop old translations: {why}.",
    ev.RECEIVE: "{cpu} stops what it was doing to serve {sender}.",
    ev.FLUSH: "{cpu} drops {translations}: {why}.",
    ev.ACK: "{cpu} tells {sender} that it has flushed.",
    ev.FLUSHED: "{mask} have all flushed: {why}.",
    ev.PAY: "{pfn} is about to be used for something else, so the flush owed for it fires now on"
    " {mask}: {why}.",
    ev.SAVED: "The flush owed for {pfn} costs nothing any more: {why}.",
    ev.WAIT: "{cpu} waits: another CPU is already flushing generation {generation}.",
    ev.FREE: "{pfn} is free.",
    ev.DRAIN: "{pfn} moves from {cpu}'s own free list to the common one.",
    ev.MERGE: "{pfn} and its neighbour {buddy} become one free block of order {order}.",
    ev.SPLIT: "The free block at {pfn} is cut in half; each half has order {order}.",
    ev.REFILL: "{cpu} takes {pfn} from the common free list into its own.",
    ev.TAKE: "{pfn} leaves the free lists.",
    ev.ALLOC: "{pfn} has a new owner: {use}.",
    ev.OOM: "There is no free block of order {order}.",
    ev.COPY: "The bytes of {source}, {content}, are copied to {target}.",
    ev.READ_IN: "{page} is read from disk into {pfn}.",
    ev.STALE: "{cpu} reads {page} through a translation the page table no longer has. It gets"
    " {content}, as it would have from a fresh walk.",
    ev.EXPECTED: "{item}: it {held}.",
    ev.REFUSED: "The machine refuses this: {reason}.",
}
"""Sentences for someone who is learning; the other kinds use their own text."""

EARLY = "{mask} must flush before this goes on, deferred or not: {why}."
"""A payment for no frame in particular: a fault, a file write, a change of a mapping."""

KERNEL: dict[int, str] = {
    ev.SWITCH: "switch_mm_irqs_off()",
    ev.LAZY: "enter_lazy_tlb()",
    ev.FILL: "hardware page walk",
    ev.FAULT: "handle_mm_fault()",
    ev.SIGSEGV: "bad_area()",
    ev.SIGBUS: "do_sigbus()",
    ev.UFFD: "handle_userfault()",
    ev.MAP: "set_pte_at()",
    ev.UNMAP: "ptep_get_and_clear()",
    ev.PROTECT: "ptep_modify_prot_commit()",
    ev.MMAP: "mmap_region()",
    ev.MUNMAP: "do_vmi_munmap()",
    ev.FORK: "dup_mmap()",
    ev.EXIT: "exit_mmap()",
    ev.NOTE: "set_tlb_ubc_flush_pending()",
    ev.DEFER: "fold_unmap_luf(), free_unref_folios()",
    ev.REFUSE: "can_luf_folio(), can_luf_vma()",
    ev.SEND: "native_flush_tlb_multi()",
    ev.RECEIVE: "generic_smp_call_function_single_interrupt()",
    ev.FLUSH: "flush_tlb_func()",
    ev.ACK: "csd_unlock()",
    ev.FLUSHED: "smp_call_function_many_cond() returns",
    ev.PAY: "luf_takeoff_end(), try_to_unmap_flush_takeoff()",
    ev.SAVED: "luf_takeoff_check_and_fold()",
    ev.WAIT: "luf_takeoff_end()",
    ev.FREE: "free_frozen_pages()",
    ev.DRAIN: "free_pcppages_bulk()",
    ev.MERGE: "__free_one_page()",
    ev.SPLIT: "expand()",
    ev.REFILL: "rmqueue_bulk()",
    ev.TAKE: "rmqueue()",
    ev.ALLOC: "prep_new_page()",
    ev.OOM: "__alloc_pages_slowpath()",
    ev.COPY: "folio_mc_copy()",
    ev.READ_IN: "filemap_read_folio(), swap_read_folio()",
    ev.WRITE_OUT: "pageout()",
    ev.UNCACHE: "__remove_mapping()",
    ev.WRITE_FILE: "generic_perform_write()",
    ev.KEEP: "keep_locked",
    ev.PIN: "pin_user_pages()",
}
"""The kernel function an event stands for, as in Linux 6.14 with the v12 patches."""
