"""The words of the language: machine settings, actors, predicates. One table each; parsing, hints
and the documentation read them.
"""

from __future__ import annotations

from attrs import frozen

from luf_tui.machine.config import ARCHES, ARM64, RISCV, X86


@frozen
class Setting:
    """A setting of the machine line: the config field it sets, and its range."""

    field: str
    low: int
    high: int
    about: str


SETTINGS: dict[str, Setting] = {
    "cpus": Setting("cpus", 1, 63, "CPUs"),
    "dram": Setting("dram", 1, 4096, "page frames of DRAM"),
    "cxl": Setting("cxl", 0, 4096, "page frames of CXL memory"),
    "pcp-batch": Setting("pcp_batch", 1, 64, "pages moved between pcp list and buddy at once"),
    "pcp-high": Setting("pcp_high", 0, 4096, "pages a pcp list may hold"),
    "max-order": Setting("max_order", 0, 10, "largest buddy order"),
    "tlb": Setting("tlb_entries", 1, 64, "TLB entries of a CPU"),
    "asids": Setting("asids", 1, 6, "ASID slots of a CPU"),
    "invlpgb": Setting("invlpgb", 0, 64, "CPUs beyond which an mm gets a global ASID (x86)"),
    "key-bits": Setting("key_bits", 2, 16, "width of luf_key"),
    "zone-gen-bits": Setting("zone_gen_bits", 2, 16, "width of a page's zone_ugen"),
    "gen-bits": Setting("gen_bits", 2, 32, "width of ugen without wide-generations"),
    "gather": Setting("gather_slots", 0, 64, "pages an mmu_gather takes before it flushes; 0: all"),
    "table-span": Setting(
        "table_span", 0, 512, "pages one page-table page maps; 0: there are none"
    ),
    "huge-pages": Setting(
        "huge_pages", 0, 512, "pages of a large entry, a power of two; 0: there are none"
    ),
    "swap": Setting("swap_slots", 0, 4096, "swap slots"),
    "ceiling": Setting("ceiling", 1, 512, "tlb_single_page_flush_ceiling"),
    "watermark-min": Setting("watermark_min", 0, 4096, "WMARK_MIN of a zone, in pages"),
}
"""Numbers of the machine line."""

CHOICES: dict[str, tuple[str, tuple[str, ...]]] = {"arch": ("arch", ARCHES)}
"""Words of the machine line that choose one of several."""

CEILINGS: dict[str, int] = {X86: 33, ARM64: 512, RISCV: 64}
"""What `ceiling` is where the script does not say: tlb_single_page_flush_ceiling, MAX_DVM_OPS,
tlb_flush_all_threshold.
"""

FLAGS: dict[str, str] = {
    "init-on-free": "init_on_free",
    "kasan": "kasan",
    "page-poison": "page_poison",
    "secondary-tlb": "secondary_tlb",
    "refcount-cow": "refcount_cow",
    "mask-follows-load": "mask_follows_load",
    "cut-switch": "cut_switch",
    "page-age": "page_age",
    "swap-cache": "swap_cache",
    "pinned-io": "pinned_io",
    "frame-maps": "frame_maps",
}
"""Switches of the machine line."""

KERNEL_ACTORS: dict[str, str] = {
    "kswapd": "reclaims and demotes",
    "kcompactd": "compacts",
    "numa": "promotes pages that NUMA hinting found hot",
    "kernel": "allocates and frees for the kernel itself",
    "monitor": "a userfaultfd monitor",
    "flusher": "writes back",
    "ksmd": "merges equal pages",
    "khugepaged": "makes large pages of small ones",
    "device": "reads and writes memory through translations of its own",
    "server": "changes a file behind the page cache's back",
}
"""Actors that are no process of the script."""

MACHINE = "machine"
"""In a schedule, whoever acts and is no task, where there is only one."""
CLOCK = "kernel/tick"
"""Who lets seconds pass in a race."""

LINES: dict[str, str] = {
    "title": "title TEXT",
    "tour": "tour NUMBER TITLE",
    "about": "about TEXT",
    "note": "note TEXT",
    "seed": "seed N",
    "machine": "machine cpus N, dram N, …",
    "policy": "policy NAME [without GUARD, …]",
    "process": "process NAME[, heap N pages]",
    "file": "file NAME, N pages[, iomap]",
    "let": "let NAME = PAGE",
    "expect": "expect [always|sometimes] [no] CONDITION",
    "break": "break [CONDITION]",
    "race": "race",
    "forever": "forever",
    "end": "end",
    "allow": "allow TURN, …",
    "schedule": "schedule ACTOR[*N] …",
}
"""Words that begin a line which is no operation, and how it is written."""

PREDICATES: dict[str, tuple[str, str]] = {
    "stale": ("cpu page", "the CPU caches the page, and the page table disagrees"),
    "cached": ("cpu page", "the CPU caches the page"),
    "flushed": ("cpus", "these CPUs dropped entries in the last operation"),
    "interrupted": ("cpus", "these CPUs took an IPI in the last operation; or how many so far"),
    "mapped": ("page", "the page table maps the page"),
    "writable": ("page", "the page table maps it writable"),
    "swapped": ("page", "the page is in swap"),
    "accessed": ("page", "the page table says that the page was used since that was last asked"),
    "free": ("page", "the frame it has, or had last, is free"),
    "owed": ("page?", "its frame waits for a flush that is not over; or how many frames do"),
    "being-paid": ("page?", "the flush its frame waits for is on its way; or how many frames' is"),
    "on": ("page node", "its frame is on that node"),
    "content": ("page label", "what its frame holds"),
    "reads": ("label", "what the last operation read"),
    "violation": ("finding", "the oracle found one so far: rule, obligation, CPU, bytes read"),
    "deviation": ("finding", "the oracle found one so far"),
    "blocked": ("actor", "the actor's operation is not finished"),
    "event": ("kind", "an event of this kind has happened, or how often"),
    "sigsegv": ("cpu?", "the last operation ended in SIGSEGV"),
    "sigbus": ("cpu?", "the last operation ended in SIGBUS"),
    "fault": ("cpu?", "the last operation faulted"),
    "monitor-told": ("cpu?", "the last operation's fault went to the userfaultfd monitor"),
    "ipis": ("", "how many CPUs were sent IPIs so far"),
    "sends": ("", "how many shootdowns were sent so far"),
    "flushes": ("", "how many times CPUs dropped entries so far"),
    "deferred": ("", "how many frames were freed without their flush"),
    "paid": ("", "how many deferred flushes fired and are over"),
    "saved": ("", "how many deferred flushes turned out needless"),
    "stale-hits": ("", "how many stale entries were used so far"),
    "steps": ("", "how many micro-steps were made so far"),
}
"""What may be expected: the arguments, and what it means."""
