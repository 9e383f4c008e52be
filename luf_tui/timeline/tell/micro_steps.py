"""What each micro-step does, for someone who does not know the kernel: told where no event tells
more. Each goes on after the name of who makes it.
"""

from __future__ import annotations

from typing import Final

from luf_tui.engine.operation import OPERATIONS, op_name

SENTENCES: Final = {
    "nothing": {
        "wait": "cannot go on yet: somebody else has to finish first.",
    },
    "shootdown": {
        "local": "begins a flush, its own CPU first where it is meant too.",
        "send": "has nobody to interrupt: no other CPU can have cached this.",
        "wait": "has no answers left to wait for, and goes on.",
    },
    "tlbi": {
        "issue": "has told all CPUs already what to drop, and is about to wait for them.",
        "complete": "waits until every CPU has dropped what it was told to, and goes on.",
    },
    "invlpgb": {
        "issue": "tells every CPU at once what to drop, and does not wait yet.",
        "transition": "looks whether a CPU cannot be told so, for it has numbers of its own.",
        "interrupt": "interrupts the CPUs that run the same process.",
        "answered": "waits until those that it has interrupted have answered.",
        "sync": "waits until every CPU has dropped what it was told to, and goes on.",
    },
    "flush_tlb_func": {
        "receive": "enters the handler of an interrupt: the task it interrupted stands still.",
        "flush": "looks what it was asked to drop: nothing of that is left.",
        "ack": "tells the sender that it has flushed.",
    },
    "alloc": {
        "take": "asks for a free page, and looks at its own CPU's list first.",
        "reclaimed": "has taken a page away from somebody, and looks again for a free one.",
        "drained": "looks again at the common lists, now that all CPUs' own lists are drained.",
        "refilled": "looks again at its CPU's list of free pages, which has just been filled.",
        "settle": "looks whether a flush is owed for the page it took: none fires.",
        "paid": "strikes CPUs that have flushed from what it owes otherwise.",
        "wait": "has its page, and waits for no flush any more.",
    },
    "rmqueue_bulk": {
        "take": "takes a batch of free pages from the common lists for its own CPU.",
        "settle": "looks whether flushes are owed for the pages it took: none fires.",
        "paid": "strikes CPUs that have flushed from what it owes otherwise.",
        "wait": "is done with the batch: from here on its pages can be handed out.",
    },
    "free": {
        "prepare": "makes a page ready to be free.",
        "release": "puts a free page on a list, from which anybody may be given it.",
        "drain": "looks whether its CPU's list has grown too long, and gives pages back if so.",
    },
    "drain": {"one": "gives a page of a CPU's list back to the common lists, if there is one."},
    "drain all": {"one": "gives a page of a CPU's list back to the common lists, if there is one."},
    "drain a page": {
        "one": "gives a page of its CPU's list back to the common lists, if there is one."
    },
    "kalloc": {
        "alloc": "asks for memory for the kernel's own use.",
        "use": "has its memory, which holds what it held before until something is written there.",
    },
    "kfree": {"free": "gives back memory that the kernel used itself."},
    "huge fault": {
        "allocate": "asks for a block of pages, for a whole range at once.",
        "zero": "fills the large folio with zeros.",
        "install": "lets one large entry map the whole range.",
        "let-go": "lets go of the large folio, which its mapping keeps.",
    },
    "collapse": {
        "scan": "looks whether small pages can become a large one: there is nothing to do.",
        "lock": "takes the lock of the address space, and looks once more.",
        "take-away": "takes the small entries out of reach of every CPU.",
        "isolate": "looks whether anybody else has one of the small pages: nobody does.",
        "copy": "copies a small page to its place in the large one.",
        "free": "lets go of the small pages, which nobody needs any more.",
        "install": "lets one large entry map the range.",
        "unlock": "is done: others may change the mappings again.",
    },
    "allow large pages": {
        "set": "says for a range of addresses whether it may have large pages from now on.",
    },
    "split pmd": {
        "lock": "takes the page-table lock: nobody else changes the large entry meanwhile.",
        "invalidate": "makes the large entry unusable, with what it has read of it before.",
        "uncount": "counts the mapping of the folio no more, for a moment.",
        "populate": "puts small entries in the place of a large one.",
        "unlock": "lets others at the page table again.",
    },
    "split folio": {
        "lock": "locks a large folio to make single pages of it.",
        "unmap": "takes a large folio out of the page tables while it is split.",
        "freeze": "looks whether anybody else has the folio: somebody does, so it stays whole.",
        "remap": "puts a page of the folio back where it was mapped.",
        "unlock": "lets go of the pages, each one for itself now.",
    },
    "pte_alloc": {
        "allocate": "asks for a page in which PTEs can be kept.",
        "install": "hangs the new page of PTEs into the page table; it maps nothing yet.",
        "give": "has a page of PTEs, and goes on with what it was doing.",
    },
    "fault": {
        "look": "looks whether the address belongs to it at all: it does, and may be used so.",
        "dispatch": "looks at the PTE to see why the CPU could not go on.",
        "other-mapping": "waits until the page that others map there is free to be mapped.",
        "grown": "looks whether it has got a page to keep the PTE in.",
        "migration-wait": "waits until the page has been moved, and then tries again.",
        "zero": "fills its new page with zeros, so that nothing of its former owner can be read.",
        "out-of-memory": "gets no page: there is none left.",
        "swap-in": "looks for the page in swap, where it was put when memory ran short.",
        "swap-read": "reads the page back from swap.",
        "map-swapped": "maps the page that came back from swap.",
        "file": "looks whether the page of the file is in memory already.",
        "read-in": "is to read the page of the file from disk, if there is a free page for it.",
        "add-to-cache": "keeps the page for all who read the file: it is in the page cache now.",
        "copy-file": "makes a copy of the file's page of its own, because it is about to store.",
        "install": "writes the PTE: from here on the address leads to the page.",
        "let-go": "lets go of pages it does not need any more.",
        "large-protected": (
            "wants to store where a large entry allows reading only, and looks whose the folio is."
        ),
        "write-protected": "wants to store where only reading is allowed, and looks why.",
        "reuse-or-copy": (
            "decides whether the page is its own, or has to be copied before it stores."
        ),
        "upgrade": "allows storing in the page where it is: nobody else maps it.",
        "copy": "copies the page, so that its store does not reach those who share the old one.",
        "replace": "takes the old PTE away, unless somebody was faster.",
        "install-copy": "writes the PTE of the copy: from here on the address leads there.",
        "leave": "has served the fault: the page table is as the access needs it.",
        "unlock": "lets others change the mappings again, and goes back to the access.",
    },
    "access": {
        "translate": "looks in its CPU's TLB for where the page is, as before any access.",
        "fault": "cannot go on: the CPU calls the kernel to see to the page.",
        "back": "comes back from the kernel, and tries again unless it got a signal.",
    },
    "evict": {"drop": "drops something from the TLB, as a CPU may at any time."},
    "prefetch": {"walk": "looks a page up ahead of time, as a CPU may at any time."},
    "compaction alloc": {
        "take": "takes one of the free pages that were put aside to move pages into.",
    },
    "unmap": {
        "begin": (
            "looks whether the flush for this page may wait: it may where only reading was allowed."
        ),
        "one": "looks for a further PTE that leads to the page: there is none.",
    },
    "migrate": {
        "take": (
            "takes the next page that is to move, if there is one left, and a free page to "
            "move it to."
        ),
        "aged": "knows whether the page was used lately: if so, it stays for once.",
        "unmap": "takes the page's PTEs away for the time of the move: who needs it waits.",
        "sort": "puts the page with those whose flush may wait, or with the others.",
        "fold": (
            "looks at all it has unmapped: one flush for what cannot wait, a note for the rest."
        ),
        "copy": "copies a page to its new place, if there is one left to copy.",
        "remap": "lets the PTEs lead to the new place.",
        "free": (
            "has done with the old place of a page: a flush that waits goes with it, or is made."
        ),
        "retire": "takes a bad page out of use for good.",
        "restore": "maps a page that could not be moved where it was.",
    },
    "luf_takeoff_end": {
        "settle": "looks whether flushes are owed for the free blocks it took: none fires.",
        "paid": "strikes CPUs that have flushed from what it owes otherwise.",
        "wait": "may use the blocks, and waits for no flush any more.",
    },
    "compact": {
        "isolate": "puts free pages aside, at the end of memory, to move others into.",
        "migrate": "moves pages into those, so that the free ones come to lie together.",
        "release": "gives back the free pages that it did not need, if there are any.",
        "drain": "gives a page of its CPU's list back to the common lists, if there is one.",
        "captured": "has the block of free pages that it worked for.",
        "use": "has the block, which holds what it held before until something is written there.",
    },
    "dma": {"access": "lets the device use memory, through translations that it has cached."},
    "write": {
        "begin": "looks for the page of the file that is to be written.",
        "read-in": "reads the page from disk first, because not all of it is overwritten.",
        "hook": (
            "looks whether a flush is owed for this file before its bytes change: none fires."
        ),
        "copy": "copies the new bytes into the page.",
    },
    "remote write": {"change": "changes the file elsewhere; this machine does not know yet."},
    "truncate_inode_pages": {
        "begin": "makes the file shorter: what lies behind its end is gone for all who come now.",
        "unmap": (
            "takes away the PTEs of the next page behind the end of the file, if there is one."
        ),
        "hook": ("looks whether a flush is owed for this file before the page goes: none fires."),
        "remove": "takes a page behind the end out of the page cache.",
    },
    "cpu_down": {
        "stop": "stops a CPU; its task waits for another one.",
        "drain": "gives the free pages of the stopped CPU back to the common lists, if it has any.",
    },
    "cpu_up": {"start": "starts a CPU, with nothing cached."},
    "tick": {"tick": "lets a second go by."},
    "flush_tlb_batched_pending": {
        "settle": "notes that all unmaps up to here have had their flush.",
    },
    "mmap": {"map": "gets a new range of addresses; pages come when it uses them."},
    "unmap_page_range": {
        "catch-up": (
            "looks whether reclaim has unmapped pages here without a flush, which it makes up for."
        ),
        "clear-pte": "looks at the next PTE of the range that goes: there is no page behind it.",
        "remove-rmap": "strikes the mapping from the page's own list of who maps it.",
        "unlock-table": "lets others at the page table again.",
        "free-some": "gives back pages that were unmapped.",
        "flush": "flushes what it has unmapped, if any CPU can have it cached.",
        "unlink": "takes the mapping out of its driver's list, which does not find it any more.",
        "early-tables": "gives back a page of PTEs before the flush, which is too early.",
        "late-flush": "flushes only now, after the pages were given back, which is too late.",
        "hook": ("looks whether a flush is owed for these addresses before they go: none fires."),
        "free": "lets go of a page that was unmapped, if one is left.",
    },
    "munmap": {
        "detach": "gives a range of addresses up: from here on it is nobody's.",
        "unlock": "is done: others may change the mappings again.",
    },
    "mmap fixed": {
        "clear-way": "takes away what is mapped where the new mapping is to be.",
        "map": "makes the new mapping in its place.",
    },
    "mprotect": {
        "begin": "changes what may be done with a range of addresses.",
        "change": "changes the next PTE of the range, or leaves it where it is right already.",
        "flush": "flushes what it changed, if a CPU can have cached more than is allowed now.",
        "hook": "looks whether a flush is owed for these addresses: none fires.",
        "unlock": "is done: others may change the mappings again.",
    },
    "madvise": {
        "begin": "tells the kernel what it will do with a range of addresses.",
        "after-split": "looks whether the large folio could be split.",
        "put-back": "puts a large entry back that it had cleared to change it.",
        "age": "makes a page look unused, so that it is reclaimed sooner unless it is used again.",
        "pageout": "begins to reclaim, itself and at once, the pages it has picked.",
        "flush": "flushes where CPUs must note anew that they use a page.",
        "end-gather": "is done with the range: no flush for it is on its way any more.",
        "unlock": "is done: others may change the mappings again.",
    },
    "mremap": {
        "begin": "gets a new range of addresses, to move an old one to.",
        "grown": "looks whether it has got a page to keep the new PTEs in.",
        "move": "moves a PTE from the old address to the new one.",
        "flush": "flushes the old addresses, so that no CPU goes on using them.",
        "unmap-old": "gives the old range up: nothing is mapped there any more.",
        "unlock": "is done: others may change the mappings again.",
    },
    "uffd register": {"register": "has a range watched by a monitor, a program like any other."},
    "uffd write-protect": {
        "begin": "begins to protect a range, and says that a flush will follow.",
        "protect": "forbids storing in a page; a CPU that cached it may not know yet.",
        "flush": "flushes the range, so that every CPU knows.",
        "finish": "is done: no flush for the range is on its way any more.",
    },
    "map frames": {"map": "maps a page of the kernel's by its number; nothing counts that."},
    "revoke": {
        "begin": "takes its page back: nobody maps it any more from here on.",
        "unmap": "unmaps the page from the next process that has it, and flushes.",
        "free": "frees the page.",
    },
    "gup": {
        "walk": "looks for the page table of a page to be pinned, with interrupts off.",
        "read": "looks what is mapped there, without a lock.",
        "grab": "has the page held in its place.",
        "check": "looks whether the page is still there.",
        "follow": "looks for the page again, under the lock of the page table.",
        "faulted": "looks whether the page could be brought in.",
    },
    "register a buffer": {
        "begin": "is to have a page held for a device, if none is held there already.",
        "keep": "leaves the page to the device until it is let go.",
    },
    "pin": {"pin": "has a page held in its place, or lets it go, for a device."},
    "unpin": {"unpin": "lets go of a page that was held in its place."},
    "i/o through a pin": {"access": "uses the page that is held for it, whatever is mapped now."},
    "direct read": {
        "begin": "has what is in memory of the file written to disk first.",
        "pin": "has its own page held in its place for the device.",
        "transfer": "has the device put the bytes on disk into that page.",
        "unpin": "lets go of the page, which is dirty now.",
    },
    "direct write": {
        "begin": "has what is in memory of the file written to disk first.",
        "drop": "drops what is in memory of the file.",
        "dropped": "has its own page held in its place for the device.",
        "transfer": "has the device write the bytes of that page to disk.",
        "unpin": "lets go of its page; what was read of the file meanwhile is gone.",
        "leave": "is done: others may write to the file again.",
    },
    "pin a missing page": {
        "fault": "has to bring the page in first, to have it held in its place.",
        "pin": "looks whether the page is there now.",
    },
    "offline_pages": {
        "drain": "takes free pages of the memory that goes off the CPUs' lists.",
        "isolate": "has nobody given free pages of that memory any more.",
        "move": "moves what is in use there elsewhere.",
        "remove": "takes the memory out.",
        "put-back": "gives a block back that could not be taken out; it owes nothing any more.",
    },
    "online_pages": {"add": "brings memory in: its pages are free, and nobody has them cached."},
    "switch": {"switch": "lets the CPU run another task."},
    "set mm_cpumask": {"join": "notes that this CPU is to hear of flushes from now on."},
    "show the loaded mm": {"show": "lets others see which address space it has loaded."},
    "switch mm": {
        "enter": "makes itself known to those who flush the address space that it is to load.",
        "read-gen": "looks which flushes of the address space it has to make up for.",
        "load": "loads the address space, and takes interrupts again.",
    },
    "finish_task_switch": {
        "drop": "lets go of the address space it had borrowed while its CPU was idle.",
    },
    "fork": {
        "begin": "makes a child: an address space that begins as a copy of its own.",
        "copy": "looks for a page to share with the child, who stores first in one gets a copy.",
        "copy-pinned": "gives the child a copy of a page that is held for a device.",
        "grown": "looks whether it has got a page to keep the child's PTEs in.",
        "flush": "flushes its own addresses, in which it may not store any more without a copy.",
        "unlock": "is done: the child can run.",
    },
    "exit": {
        "detach": "ends: all its addresses are given up at once.",
        "release": "takes the device's translations away, which nobody tells any more.",
        "leave": "leaves its address space; the last CPU forgets it.",
    },
    "referenced": {
        "ask": "has asked all who map the page whether they used it.",
    },
    "age": {
        "take": "takes the next page whose age is asked, if there is one left.",
        "deactivate": "puts the page where reclaim will look first.",
    },
    "reclaim": {
        "take": "takes the next page that is to be freed, if there is one left that can be.",
        "aged": "knows whether the page was used lately: if so, it stays for once.",
        "unmapped": "looks whether the page was changed and has to be written out first.",
        "pageout": "writes the page out, as it is at this moment.",
        "remove": "takes the page out of where it could be found, unless somebody still holds it.",
        "fold": (
            "looks at all it has unmapped: a flush now for what cannot wait, a note for the rest."
        ),
        "free": "lets go of a page, if one is left: it is free once nobody else holds it.",
    },
    "writeback": {
        "lock": "takes the page of a file that is to be written to disk.",
        "clean": "forbids storing through a PTE while the page is written, and flushes it.",
        "write": "writes the page to disk.",
    },
    "learn a PTE": {"learn": "learns of a mapping that was there before the recording began."},
    "unmap a recorded mapping": {
        "begin": "asks whether the page may be freed before the flush.",
        "one": "clears a PTE, and flushes it now or notes that somebody has to.",
        "flushed": "lets go of the page table: the PTE is flushed.",
    },
    "remove_migration_pte": {"map": "lets a PTE lead to the page's new place."},
    "settle a batch": {
        "fold": (
            "looks at all that was unmapped: a flush now for what cannot wait, a note for the rest."
        ),
        "carry": "hands the note of the flush on to the pages that are freed now.",
    },
    "keep a page": {"pay": "pays what a page owes that is kept after all."},
    "take a recorded block": {
        "take": "takes free pages, as the recording has it.",
        "settle": "looks whether a flush is owed for the pages it took: none fires.",
        "paid": "strikes CPUs that have flushed from what it owes otherwise.",
        "wait": "may use the pages, and waits for no flush any more.",
    },
    "forget mappings": {"forget": "gives up mappings of which the recording tells no more."},
    "flush request": {
        "catch-up": "looks whether unmaps here still wait for their flush: none fires.",
        "ask": "flushes, as the recording has it.",
    },
    "recorded write fault": {
        "pay": "looks whether its address space owes a flush before it stores: none fires.",
    },
    "leave lazy mm": {"leave": "leaves the address space that it had borrowed while it was idle."},
    "uprobe": {
        "begin": "is about to put a breakpoint into a program that runs.",
        "get": "gets the page in which the breakpoint is to stand.",
        "got": "looks whether there is such a page.",
        "copy": "copies the page and writes the breakpoint into the copy.",
        "take-down": "takes the PTE of the page without breakpoint away.",
        "set": "lets the PTE lead to the copy with the breakpoint.",
        "leave": "is done, and lets go of the pages.",
    },
    "ksm": {
        "begin": "takes two pages that seem to hold the same.",
        "take-down": "takes a PTE away, so that nobody stores while the two are compared.",
        "protect": "writes the PTE again, for reading only.",
        "replace": "finds both the same, and takes away the PTE of the one that goes.",
        "set": "lets that PTE lead to the page that stays: both share it now.",
        "leave": "is done, and lets go of the pages.",
    },
    "page reporting": {
        "isolate": "puts free blocks aside that the host may have, if there are any.",
        "report": "gives the blocks to the host: they read as zeros from here on.",
        "put-back": (
            "puts a block back on the free lists, if one is left; it owes nothing any more."
        ),
    },
    "scan": {
        "begin": (
            "begins to look through a range for pages in use, and says that a flush will follow."
        ),
        "put-back": "puts a large entry back that it had cleared to change it.",
        "change": "changes a PTE so that the next use of the page is noticed.",
        "flush": "flushes the range, so that every CPU notices.",
        "finish": "is done: from here on a use of these pages is noticed.",
    },
    "uffd copy": {
        "begin": "is about to bring a page, as a monitor that watches the range.",
        "look": "looks whether the place is still empty, and gets a page for it.",
        "fill": "copies its bytes into the page.",
        "install": "writes the PTE: from here on the address leads to the page.",
        "leave": "is done: others may change the mappings again.",
    },
    "uffd move": {
        "begin": "is about to move a page to another address, as a monitor that watches the range.",
        "look": "looks up the page that is to move, and locks it.",
        "take-down": "takes the page away from its old address, if it is there as it was.",
        "set": "lets the new address lead to the page.",
        "move-entry": "moves a page that is in swap to the new address, if it is as it was.",
        "leave": "is done: others may have the page, and change the mappings again.",
    },
}
"""By operation and micro-step."""


def predicate(op: int, pos: int) -> str:
    """What a micro-step of an operation does, to follow on a name."""
    return SENTENCES[op_name(op)][OPERATIONS[op].STEPS[pos].name]
