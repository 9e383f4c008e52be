"""Every kind of event, declared once: its arguments, how it is told and shown, what counts it."""

from __future__ import annotations

from typing import Final

from luf_tui.machine.kind import DECLARED, kind

REASONS = (
    "",
    # why a TLB lost entries (enum tlb_flush_reason)
    "task switch",
    "remote shootdown",
    "local shootdown",
    "leaving lazy mode",
    "broadcast",
    "coming online",
    # what a flush is for
    "unmap",
    "before free",
    "before copy",
    "before write-out",
    "taken off the free lists",
    "kept after all",
    "munmap",
    "mprotect",
    "madvise",
    "mremap",
    "copy on write",
    "fork",
    "exit",
    "pending unmaps",
    "write-protect in flight",
    "userfaultfd write-protect",
    "write fault",
    "write fault, file",
    "write()",
    "truncate",
    "invalidate",
    "writeback",
    "numa scan",
    "soft-dirty",
    "page reporting",
    "memory failure",
    "offline",
    "lazy mm dropped",
    "page-table pages",
    "install",
    # why a flush may not be deferred, or a page is kept
    "this policy defers nothing",
    "a mapping is writable",
    "a write-protect is unflushed",
    "shared memory without a file",
    "pages are zeroed on free",
    "KASAN poisons free pages",
    "page_poison fills free pages",
    "a large folio",
    "a hugetlb folio",
    "neither anonymous nor of a file",
    "locked",
    "pinned",
    "not mapped",
    "no swap slot",
    "no free page",
    "already isolated",
    "all CPUs had flushed since",
    "a flush for something else covered it",
    # why bytes change
    "zeroed on free",
    "poisoned on free",
    "zeroed for its new owner",
    "written by the kernel",
    "written by the device",
    "discarded by the host",
    "replaced",
    "copied in by the monitor",
    "read in anew",
    "stored to again",
    "referenced",
    "memory offlining",
    "busy",
    "dirty",
    "used lately",
    "direct I/O",
    # large folios
    "a large entry is split",
    "collapse",
    "revoked",
    "still mapped",
)
REASON = {text: number for number, text in enumerate(REASONS)}
"""Reasons that events carry as numbers, by text."""

# Ranks tell which of several events is told first: the lowest. A kind needs a rank of its own.
# fmt: off

# Scheduling and operations
BEGIN = kind("begin", "ctx item nth", rank=910,
    student="{ctx} begins: {item}",
    kernel="{ctx} begins: {item}")
END = kind("end", "ctx item", rank=920,
    student="{ctx} is done: {item}",
    kernel="{ctx} is done: {item}")
BLOCKED = kind("blocked", "ctx item", rank=480,
    student="{ctx} cannot go on until somebody else has moved.",
    kernel="{ctx} blocks in: {item}")
REFUSED = kind("refused", "ctx item refusal", rank=30, role="fault",
    student="The machine refuses this: {refusal}.",
    kernel="refused: {refusal}")
SWITCH = kind("switch", "cpu task mm", rank=340,
    student="{cpu} now runs {task}.",
    kernel="{cpu} switches to {task} · switch_mm_irqs_off()")
LAZY = kind("lazy", "cpu mm", rank=350,
    student="{cpu} goes idle or runs a kernel thread, but leaves {mm} loaded.",
    kernel="{cpu} keeps {mm} loaded, lazily · enter_lazy_tlb()")
CPU_DOWN = kind("cpudown", "", rank=280,
    student="{cpu} is taken down. Nobody interrupts it, and nobody waits for it.",
    kernel="{cpu} goes offline · take_cpu_down()")
CPU_UP = kind("cpuup", "", rank=290,
    student="{cpu} comes back, and runs nothing yet.",
    kernel="{cpu} is back online · cpu_init(), initialize_tlbstate_and_flush()")
TICK = kind("tick", "", rank=300,
    student="A second goes by: each address space may look for CPUs that run something else now.",
    kernel="a second goes by · should_trim_cpumask()")

# Hardware
FILL = kind("fill", "mm vpn pfn flags", rank=640, cost="walk",
    student="{cpu} walks the page table and remembers that {page} is in {pfn}, {flags}.",
    kernel="{cpu} walks {page} and caches {pfn} {flags} · hardware page walk")
EVICT = kind("evict", "mm vpn pfn", rank=650,
    student="{cpu} makes room in its TLB and forgets {page}.",
    kernel="{cpu} drops its entry for {page}")
READ = kind("read", "mm vpn pfn content", rank=400,
    student="{cpu} reads {page} and gets {content} from {pfn}.",
    kernel="{cpu} reads {page} from {pfn}: {content}")
STORE = kind("store", "mm vpn pfn content", rank=450,
    student="{cpu} stores {content} to {page}; the bytes of {pfn} change.",
    kernel="{cpu} stores {content} to {page} in {pfn}")
FAULT = kind("fault", "mm vpn write", rank=630, cost="fault",
    student="{cpu} finds no translation for {page} that allows this: a page fault.",
    kernel="{cpu} faults on {page} · handle_mm_fault()")
SIGSEGV = kind("sigsegv", "mm vpn", rank=40, role="fault",
    student="{page} belongs to no mapping that allows this: {cpu} gets SIGSEGV.",
    kernel="{cpu} gets SIGSEGV at {page} · bad_area()")
SIGBUS = kind("sigbus", "mm vpn", rank=50, role="fault",
    student="{page} lies past the end of the file: {cpu} gets SIGBUS.",
    kernel="{cpu} gets SIGBUS at {page} · do_sigbus()")
UFFD = kind("uffd", "mm vpn write", rank=110,
    student="The fault on {page} goes to a monitor in user space, and the access waits for it.",
    kernel="the userfaultfd monitor is told of {page} · handle_userfault()")
DMA_READ = kind("dmaread", "mm vpn pfn content", rank=410,
    student="The device reads {page} and gets {content} from {pfn}.",
    kernel="the device reads {page} from {pfn}: {content}")
DMA_STORE = kind("dmastore", "mm vpn pfn content", rank=420,
    student="The device stores {content} to {page}; the bytes of {pfn} change.",
    kernel="the device stores {content} to {page} in {pfn}")
DMA_FAULT = kind("dmafault", "mm vpn write", rank=430,
    student="The device finds no translation for {page} that allows this, and does without.",
    kernel="the device has no translation for {page}")
NOTIFY = kind("notify", "mm vpn dropped", rank=440,
    student="The device is told at once, and drops {dropped} of {mm}.",
    kernel="the device drops {dropped} of {mm} · mmu_notifier_arch_invalidate_secondary_tlbs()")

# Page tables
MAP = kind("map", "mm vpn pfn flags", rank=390,
    student="{page} now leads to {pfn}, {flags}.",
    kernel="{page} now maps {pfn} {flags} · set_pte_at()")
UNMAP = kind("unmap", "mm vpn pfn flags", rank=240,
    student="{page} no longer leads to {pfn}. A CPU that cached this can still use it.",
    kernel="clear the PTE of {page}, which mapped {pfn} {flags} · ptep_get_and_clear()")
PROTECT = kind("protect", "mm vpn pfn flags", rank=250,
    student="{page} still leads to {pfn}, but is {flags} now.",
    kernel="{page} keeps {pfn}, now {flags} · ptep_modify_prot_commit()")
HINT = kind("hint", "mm vpn pfn", rank=260,
    student="{page} still leads to {pfn}, but the next access faults.",
    kernel="{page} keeps {pfn}, hidden until the next fault · change_prot_numa()")
AGE = kind("age", "mm vpn pfn", rank=255,
    student="{page} was used, and that note is taken away. Whoever has it cached makes none again.",
    kernel="clear A of {page}, which maps {pfn} · ptep_clear_flush_young()")
TABLE_IN = kind("tablein", "mm vpn pfn", rank=160,
    student="{pfn} becomes a page of the page table: the one that {page} is looked up in.",
    kernel="{pfn} is the page table of {page} from here on · pmd_install()")
TABLE_OUT = kind("tableout", "mm vpn pfn", rank=150,
    student="{pfn} is a page of the page table no longer. A CPU that remembers it may still look up"
    " {page} in it.",
    kernel="{pfn} is the page table of {page} no longer · free_pte_range(), pte_free_tlb()")
FREED_WALK = kind("freedwalk", "mm vpn pfn", rank=120, role="stale",
    student="{cpu} looks up {page} in {pfn}, which was a page of its page table once.",
    kernel="{cpu} walks {pfn}, once the page table of {page} · hardware page walk")
MOVE_ENTRY = kind("moveentry", "mm vpn", rank=140,
    student="What stood for the swapped-out {page} goes to another address. No PTE was present, and"
    " yet a CPU may still have one cached.",
    kernel="the swap entry of {page} moves elsewhere · move_swap_pte()")
MMAP = kind("mmap", "mm vpn pages", rank=320,
    student="{mm} gets a mapping of {pages} at {page}.",
    kernel="{mm} maps {pages} at {page} · mmap_region()")
MUNMAP = kind("munmap", "mm vpn pages", rank=330,
    student="{mm} gives up {pages} at {page}.",
    kernel="{mm} gives up {pages} at {page} · do_vmi_munmap()")
MPROTECT = kind("mprotect", "mm vpn pages", rank=331,
    student="{mm} changes what may be done with {pages} at {page}.",
    kernel="{mm} changes the rights of {pages} at {page} · mprotect_fixup()")
MREMAP = kind("mremap", "mm vpn pages to", rank=332,
    student="{mm} moves {pages} from {page} to another address.",
    kernel="{mm} moves {pages} away from {page} · move_vma()")
DONTNEED = kind("dontneed", "mm vpn pages", rank=333,
    student="{mm} throws away what is in {pages} at {page}.",
    kernel="{mm} throws away {pages} at {page} · madvise_dontneed_single_vma()")
LAZY_FREE = kind("lazyfree", "mm vpn pages", rank=334,
    student="{mm} no longer needs what is in {pages} at {page}: it may turn into zeros any time.",
    kernel="{mm} gives up the bytes of {pages} at {page} · madvise_free_single_vma()")
GUARD = kind("guard", "mm vpn pages", rank=335,
    student="A monitor wants to hear of every store to {pages} at {page}.",
    kernel="the monitor write-protects {pages} at {page} · mwriteprotect_range()")
UNGUARD = kind("unguard", "mm vpn pages", rank=336,
    student="The monitor lets stores to {pages} at {page} through again.",
    kernel="the monitor lets {pages} at {page} be stored to · mwriteprotect_range()")
SOFT_DIRTY = kind("softdirty", "mm vpn pages", rank=339,
    student="{mm} wants to know what is stored to from here on, in {pages} at {page}.",
    kernel="{mm} clears the soft-dirty bits of {pages} at {page} · clear_refs_write()")
PUT = kind("put", "mm vpn content why", rank=337,
    student="{page} holds {content} from now on: {why}.",
    kernel="{page} now holds {content}: {why}")
HAND_OVER = kind("handover", "mm vpn to", rank=338,
    student="What was at {page} is at another address of {mm} now, and nothing is left there.",
    kernel="what was at {page} goes to another address · move_pages()")
RESIZE = kind("resize", "page pages", rank=395,
    student="The file of {page} is {pages} long from here on.",
    kernel="the file of {page} has {pages} · truncate_setsize()")
INVALIDATE = kind("dropcache", "page pages", rank=396,
    student="{pages} of the file, from {page} on, are to be read anew.",
    kernel="{pages} from {page} on are dropped from the page cache · invalidate_inode_pages2()")
FORK = kind("fork", "mm child", rank=270,
    student="{mm} forks {child}, which gets a copy of its mappings, not of its pages.",
    kernel="{mm} forks {child} · dup_mmap()")
EXIT = kind("exit", "mm", rank=310,
    student="{mm} exits and gives up all it has mapped.",
    kernel="{mm} exits · exit_mmap()")

# Flushing
NOTE = kind("note", "mm vpn mask batch", rank=560,
    student="{mask} may have {page} cached: the kernel notes that they must flush before long.",
    kernel="note: {mask} may cache {page}, to be flushed later · set_tlb_ubc_flush_pending()")
DEFER = kind("defer", "pfn key mask", rank=80, role="pending", counts="deferred",
    student="{pfn} is free again, and nobody was interrupted: what {mask} may have cached still"
    " leads to its old bytes. The flush is owed under key {key}.",
    kernel="{pfn} is freed without a flush; {mask} owe one, key {key}"
    " · fold_unmap_luf(), free_unref_folios()")
REFUSE = kind("refuse", "pfn reason", rank=490,
    student="The flush for {pfn} cannot wait until the frame is used again: {reason}.",
    kernel="the flush of {pfn} may not be deferred: {reason} · can_luf_folio(), can_luf_vma()")
SEND = kind("send", "mask pages why", rank=170, role="ipi", counts="sends",
    student="{cpu} interrupts {mask} so that they drop old translations ({why}).",
    kernel="{cpu} sends IPIs to {mask}: {why} · native_flush_tlb_multi()")
RECEIVE = kind("receive", "sender", rank=660, counts="interrupted",
    student="{cpu} stops what it was doing to serve {sender}.",
    kernel="{cpu} takes the IPI of {sender} · generic_smp_call_function_single_interrupt()")
FLUSH = kind("flush", "mm dropped pages why", rank=360, counts="flushes",
    student="{cpu} drops {dropped} ({why}).",
    kernel="{cpu} drops {dropped}: {why} · flush_tlb_func()")
ISSUE = kind("issue", "mm vpn pages", rank=230, cost="tlbi",
    student="{cpu} tells every CPU at once to forget {page}, and does not wait until they have.",
    kernel="{cpu} issues the invalidate of {page} to every CPU"
    " · __tlbi(vale1is), __flush_tlb_page_nosync()")
BARRIER = kind("barrier", "", rank=220,
    student="{cpu} waits until every CPU has forgotten what it told them to.",
    kernel="{cpu} waits until every CPU has done what it issued · dsb(ish)")
INVLPGB = kind("invlpgb", "mm vpn pages", rank=231, cost="tlbi",
    student="{cpu} tells every CPU at once to forget translations, and does not wait for them.",
    kernel="{cpu} tells every CPU to drop entries · invlpgb_flush_user_nr_nosync()")
TLBSYNC = kind("tlbsync", "", rank=221,
    student="{cpu} waits until every CPU has forgotten what it told them to.",
    kernel="{cpu} waits until every CPU has done what it issued · __tlbsync()")
GLOBAL_ASID = kind("globalasid", "mm", rank=232,
    student="{mm} runs on many CPUs: from here on its flushes are told to all of them at once.",
    kernel="{mm} gets an ASID that is the same on every CPU · use_global_asid()")
ACK = kind("ack", "sender", rank=670,
    student="{cpu} tells {sender} that it has flushed.",
    kernel="{cpu} acknowledges to {sender} · csd_unlock()")
FLUSHED = kind("flushed", "mask why", rank=210,
    student="The flush for {mask} is over ({why}).",
    kernel="the flush for {mask} is over: {why} · smp_call_function_many_cond() returns")
PAY = kind("pay", "pfn mask why", rank=70, role="flushed", counts="paid",
    student="{pfn} is wanted ({why}), so the flush owed for it fires now, for {mask}.",
    frameless="The flush owed by {mask} fires before this goes on, deferred or not ({why}).",
    kernel="the deferred flush fires for {mask}: {why}"
    " · luf_takeoff_end(), try_to_unmap_flush_takeoff()")
SAVED = kind("saved", "pfn why", rank=90, role="saved", counts="saved",
    student="The flush owed for {pfn} costs nothing any more: {why}.",
    kernel="the flush owed for {pfn} was already done: {why} · luf_takeoff_check_and_fold()")
WAIT = kind("wait", "generation", rank=470,
    student="{cpu} waits: another CPU is already flushing generation {generation}.",
    kernel="{cpu} waits for zone generation {generation} · luf_takeoff_end()")

# Allocator
FREE = kind("free", "pfn order key", rank=570, cost="lock",
    student="{pfn} is given back; next it goes to a free list.",
    kernel="{pfn} is made ready for a free list · free_frozen_pages(), free_pages_prepare()")
DRAIN = kind("drain", "pfn", rank=580, cost="buddy",
    student="{pfn} moves from {cpu}'s own free list to the common one.",
    kernel="{pfn} goes from the pcp list of {cpu} to buddy · free_pcppages_bulk()")
MERGE = kind("merge", "pfn buddy order", rank=610, cost="buddy",
    student="{pfn} and its neighbour {buddy} become one free block of order {order}.",
    kernel="{pfn} and {buddy} merge to order {order} · __free_one_page()")
SPLIT = kind("split", "pfn order", rank=620, cost="buddy",
    student="The free block at {pfn} is cut in half; each half has order {order}.",
    kernel="the block at {pfn} splits to order {order} · expand()")
REFILL = kind("refill", "pfn", rank=590, cost="buddy",
    student="{cpu} takes {pfn} from the common free list into its own.",
    kernel="{pfn} goes from buddy to the pcp list of {cpu} · rmqueue_bulk()")
TAKE = kind("take", "pfn order", rank=600, cost="lock",
    student="{pfn} leaves the free lists.",
    kernel="{pfn} leaves the free lists · rmqueue()")
CAPTURE = kind("capture", "pfn order", rank=130,
    student="The block at {pfn} is what the compacting task wants, which keeps it at once.",
    kernel="the block at {pfn} is captured before it joins a list · compaction_capture()")
ALLOC = kind("alloc", "pfn order use", rank=460,
    student="{pfn} has a new owner: {use}.",
    kernel="{pfn} is handed out for {use} · prep_new_page()")
DIRECT_RECLAIM = kind("direct", "pfn", rank=65,
    student="{cpu} finds no free page, so it takes {pfn} away from whoever has it.",
    kernel="no free page: direct reclaim of {pfn} · __alloc_pages_direct_reclaim()")
DRAIN_ALL = kind("drainall", "", rank=66,
    student="{cpu} finds no free page, so every CPU's own free list goes to the common one.",
    kernel="no free page: all pcp lists are drained · drain_all_pages()")
OOM = kind("oom", "order", rank=60, role="fault",
    student="There is no free block of order {order}.",
    kernel="no page of order {order} can be had · __alloc_pages_slowpath()")
FILL_BYTES = kind("bytes", "pfn content why", rank=550, cost="zero",
    student="{pfn} holds {content} from now on: {why}.",
    kernel="{pfn} now holds {content}: {why}")
COPY = kind("copy", "source target content", rank=370,
    student="The bytes of {source}, {content}, are copied to {target}.",
    kernel="copy {source} to {target}: {content} · folio_mc_copy()")
READ_IN = kind("readin", "page pfn content", rank=530,
    student="{page} is read from disk into {pfn}.",
    kernel="{page} is read into {pfn}: {content} · filemap_read_folio(), swap_read_folio()")
WRITE_OUT = kind("writeout", "page pfn content", rank=520,
    student="The bytes of {pfn}, {content}, are written to disk.",
    kernel="{pfn} is written out: {content} · pageout()")
UNCACHE = kind("uncache", "page pfn", rank=540,
    student="{pfn} leaves the page cache: it stands for {page} no longer.",
    kernel="{pfn} leaves the page cache · __remove_mapping()")
WRITE_FILE = kind("writefile", "page pfn content", rank=380,
    student="write() puts {content} into {page}; the bytes of {pfn} change.",
    frameless="The server changes {page} to {content}: nobody here is told, and no frame changes.",
    frameless_kernel="the server changes {page} to {content}: no local write, no invalidation yet",
    kernel="write() puts {content} into {page} · generic_perform_write()")
KEEP = kind("keep", "pfn reason", rank=500,
    student="{pfn} stays as it is: {reason}.",
    frameless="There is no page to take: {reason}.",
    frameless_kernel="no page is isolated: {reason} · folio_isolate_lru()",
    kernel="{pfn} is kept: {reason} · keep_locked")
PIN = kind("pin", "pfn pins", rank=510,
    student="{pfn} has {pins}; with any, it can neither be moved nor freed.",
    kernel="{pfn} has {pins} · pin_user_pages(), unpin_user_page()")

HOLD = kind("hold", "mm vpn pfn write", rank=511,
    student="{page} is pinned: {pfn} is read and written from now on, whatever becomes of the"
    " address.",
    kernel="{page} is pinned: {pfn} · gup_fast_pte_range(), follow_page_pte()")
REGISTER = kind("register", "mm vpn pfn", rank=506,
    student="{pfn} stays pinned for a device, until it is let go.",
    kernel="{pfn} stays pinned for a device · io_sqe_buffer_register()")
RELEASE = kind("release", "mm vpn pfn", rank=507,
    student="{pfn} is pinned for the device no longer.",
    kernel="{pfn} is pinned no longer · unpin_user_pages_dirty_lock()")
NO_PIN = kind("nopin", "mm vpn", rank=125,
    student="Nothing is pinned at {page}, so nothing happens.",
    kernel="no page is pinned at {page}: -EFAULT")
IO_READ = kind("ioread", "mm vpn pfn content", rank=376,
    student="The pinned page of {page} is read: {content}.",
    kernel="{content} is read from {pfn}, pinned at {page}")
IO_STORE = kind("iostore", "mm vpn pfn content", rank=377,
    student="{content} is put into the pinned page of {page}, {pfn}.",
    kernel="{content} is stored to {pfn}, pinned at {page}")
DIRECT = kind("directio", "page", rank=378,
    student="{cpu} reads or writes {page} past the page cache.",
    kernel="{cpu} begins direct I/O on {page} · iomap_dio_rw()")
DIRECT_READ = kind("directread", "page pfn content", rank=379,
    student="The disk's bytes of {page}, {content}, are read into {pfn}.",
    kernel="{page} is read from disk into {pfn}: {content} · iomap_dio_bio_iter()")
DIRECT_WRITE = kind("directwrite", "page pfn content", rank=381,
    student="The bytes of {pfn}, {content}, become those of {page} on disk.",
    kernel="{pfn} is written to disk as {page}: {content} · iomap_dio_bio_iter()")
DIRECT_STALE = kind("directstale", "page", rank=126,
    student="{page} was made dirty beside the direct write: the page cache keeps what it has.",
    kernel="{page} is dirty, and stays in the page cache · dio_warn_stale_pagecache()")
MAP_FRAME = kind("mapframe", "mm vpn pfn", rank=508,
    student="{page} maps {pfn} by its number: nobody counts that.",
    frameless="{page} maps memory that the driver has given away: there is none.",
    kernel="{page} maps {pfn} by its number · remap_pfn_range()")
REVOKE = kind("revoke", "mm vpn", rank=509,
    student="The driver takes {page} away from its process.",
    kernel="the driver unmaps {page} · unmap_mapping_range()")

# The oracle and the script
STALE = kind("stale", "mm vpn pfn content", rank=100, role="benign", counts="stale_hits",
    student="{cpu} reads {page} through a translation the page table no longer has. It gets"
    " {content}, as it would have from a fresh walk.",
    kernel="{cpu} reads {page} through a stale entry")
DEVIATION = kind("deviation", "finding mm vpn pfn", rank=20, role="deviation", counts="deviations",
    student="This shows, and is accepted: {finding}.",
    kernel="accepted, but visible: {finding}")
VIOLATION = kind("violation", "finding mm vpn pfn", rank=10, role="violation", counts="violations",
    student="An obligation is broken: {finding}.",
    kernel="violation: {finding}")
EXPECTED = kind("expected", "item held", rank=930,
    student="{item}: it {held}.",
    kernel="expectation {held}: {item}")
NOTE_TEXT = kind("text", "item", rank=940,
    student="{item}",
    kernel="note: {item}")

# The masks of address spaces
TRIM = kind("trim", "mm", rank=355,
    student="{cpu} runs something else by now: flushes of {mm} leave it alone from here on.",
    kernel="{cpu} is taken out of mm_cpumask of {mm} · flush_tlb_func()")

# Large folios
HUGE_MAP = kind("hugemap", "mm vpn pages", rank=385,
    student="One large entry maps {pages} of {mm} at {page}, all at once.",
    kernel="a large entry maps {pages} of {mm} at {page} · set_pmd_at()")
HUGE_SPLIT = kind("hugesplit", "mm vpn pages", rank=235,
    student="The large entry for {pages} of {mm} at {page} is gone; each page has its own now.",
    kernel="{pages} of {mm} at {page} have small entries from here on · pmd_populate()")
HUGE_FALLBACK = kind("hugefallback", "mm vpn", rank=475,
    student="There is no block for a large page at {page}: a small one has to do.",
    kernel="{page} gets a small page: no block of the size is free · THP_FAULT_FALLBACK")
FOLIO_SPLIT = kind("foliosplit", "pfn order", rank=505,
    student="The large folio at {pfn}, of order {order}, becomes single pages.",
    kernel="the folio at {pfn} of order {order} is split · __split_huge_page()")
# fmt: on

KINDS: Final = tuple(DECLARED)
"""Every kind, by number."""
BY_NAME: Final = {kind.name: kind for kind in KINDS}
