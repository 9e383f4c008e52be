"""What a CPU does by itself: cached translations, page walks, CR3 loads (rules H1 to H7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from luf_tui.engine import global_asids, large
from luf_tui.machine import events as ev
from luf_tui.machine.config import ARM64, X86
from luf_tui.machine.schema import PRESENT, Mm, Pte, TlbEntry
from luf_tui.policy import guards

if TYPE_CHECKING:
    from luf_tui.engine.kernel import Kernel

SWITCH = ev.REASON["task switch"]
REMOTE = ev.REASON["remote shootdown"]
LOCAL = ev.REASON["local shootdown"]
UNLAZY = ev.REASON["leaving lazy mode"]
BROADCAST = ev.REASON["broadcast"]
ONLINE = ev.REASON["coming online"]


def flags_of(pte: Pte | TlbEntry) -> int:
    """The permission bits of a translation, as events carry them: 1 is W, 2 is D."""
    return pte.writable | pte.dirty << 1


def find(k: Kernel, cpu: int, vpn: int) -> TlbEntry | None:
    """The entry a CPU would use for an address of its loaded mm."""
    mm = k.m.cpu[cpu].loaded_mm
    for entry in k.m.tlb_of(cpu):
        if mm and entry.mm is mm and entry.vpn == vpn:
            return entry
    return None


def accessible(pte: Pte) -> bool:
    """Whether the hardware may walk through a PTE."""
    return pte.kind == PRESENT and not pte.prot_none and not large.unwalked(pte)


def fill(k: Kernel, cpu: int, mm: Mm, vpn: int, store: bool = False) -> bool:
    """H1: walk, set A (and D for a store) in memory, cache the translation.

    False when the walk finds nothing, or no permission to store: that raises #PF instead.
    """
    pte = k.m.pte_at(mm, vpn)
    found = not k.m.walk or _find_table(k, cpu, mm, vpn)
    if not found or not accessible(pte) or (store and not pte.writable):
        return False
    if large.whole(pte):
        _cache_large(k, cpu, mm, vpn, store=store)
    else:
        _cache(k, cpu, pte, mm, vpn, store=store)
    assert pte.frame
    k.emit(ev.FILL, cpu, mm.index, vpn, pte.frame.pfn, flags_of(pte))
    return True


def _cache(k: Kernel, cpu: int, pte: Pte, mm: Mm, vpn: int, *, store: bool) -> None:
    """Cache what a PTE says."""
    pte.accessed = 1
    if store:
        pte.dirty = 1
    entry = _room(k, cpu)
    entry.mm, entry.vpn, entry.frame = mm, vpn, pte.frame
    entry.writable = pte.writable
    entry.dirty = pte.dirty if store or k.m.config.dirty_on_load else 0


def _cache_large(k: Kernel, cpu: int, mm: Mm, vpn: int, *, store: bool) -> None:
    """Cache a large entry: a place a page, which come and go together."""
    pages = k.m.range_of(vpn)
    forget(k, cpu, mm, pages.start, pages.stop)
    while sum(not entry.mm for entry in k.m.tlb_of(cpu)) < len(pages):
        _evict_next(k, cpu)
    for one in pages:
        _cache(k, cpu, k.m.pte_at(mm, one), mm, one, store=store)
    k.m.large_at(cpu, mm, vpn).held = 1


def set_dirty(k: Kernel, cpu: int, mm: Mm, vpn: int) -> None:
    """D of a large entry is one bit, in memory and as a CPU caches it."""
    for pte in large.together(k.m, k.m.pte_at(mm, vpn)):
        pte.dirty = 1
    if k.m.large_at(cpu, mm, vpn).held:
        for entry in k.m.tlb_of(cpu):
            if entry.mm is mm and entry.vpn in k.m.range_of(vpn):
                entry.dirty = 1


def drop_large(k: Kernel, cpu: int, mm: Mm, start: int, end: int) -> int:
    """The large translations of [start, end) of one mm, or all of them when end is start: INVLPG of
    any of its addresses drops one whole (SDM 3A, 4.10.4.1). Returns how many places were freed.
    """
    dropped = 0
    for first in range(0, k.m.config.pages, k.m.config.huge_pages):
        pages, cached = k.m.range_of(first), k.m.large_at(cpu, mm, first)
        if not cached.held or (start != end and (end <= pages.start or pages.stop <= start)):
            continue
        cached.held = 0
        for entry in k.m.tlb_of(cpu):
            if entry.mm is mm and entry.vpn in pages:
                entry.clear()
                dropped += 1
    return dropped


def _find_table(k: Kernel, cpu: int, mm: Mm, vpn: int) -> bool:
    """The upper levels of a walk, from the paging-structure cache if it has them; False raises #PF.

    What a page says that is a page table no longer is not modelled: the walk faults, and with the
    fault the CPU forgets where it looked (SDM 3A, 4.10.4.1).
    """
    walk = k.m.walks_of(cpu, mm)[vpn // k.m.config.table_span]
    table = k.m.table_at(mm, vpn).frame
    if walk.table and walk.table is not table:
        k.emit(ev.FREED_WALK, cpu, mm.index, vpn, walk.table.pfn)
        walk.clear()
        return False
    walk.table = table
    return table is not None


def _room(k: Kernel, cpu: int) -> TlbEntry:
    """An empty entry, or the next victim, round robin."""
    entries = k.m.tlb_of(cpu)
    for entry in entries:
        if not entry.mm:
            return entry
    return _evict_next(k, cpu)


def _evict_next(k: Kernel, cpu: int) -> TlbEntry:
    """The next victim makes room."""
    entries, state = k.m.tlb_of(cpu), k.m.cpu[cpu]
    entry = entries[state.victim]
    state.victim = (state.victim + 1) % len(entries)
    if entry.mm:
        evict(k, cpu, entry)
    return entry


def evict(k: Kernel, cpu: int, entry: TlbEntry) -> None:
    """An entry makes room: the hardware may drop any of them at any time."""
    assert entry.mm
    assert entry.frame
    k.emit(ev.EVICT, cpu, entry.mm.index, entry.vpn, entry.frame.pfn)
    if k.m.pmd:
        drop_large(k, cpu, entry.mm, entry.vpn, entry.vpn + 1)
    entry.clear()


def drop(k: Kernel, cpu: int, mm: Mm, start: int, end: int) -> int:
    """INVLPG (H6) over [start, end) of one mm, or all its entries when end is start. What the CPU
    remembers of the upper levels goes in either case.
    """
    if k.m.walk:
        for walk in k.m.walks_of(cpu, mm):
            walk.clear()
    return forget(k, cpu, mm, start, end)


def forget(k: Kernel, cpu: int, mm: Mm, start: int, end: int) -> int:
    """Drop TLB entries as `drop` does, and nothing else."""
    dropped = drop_large(k, cpu, mm, start, end) if k.m.pmd else 0
    for entry in k.m.tlb_of(cpu):
        if entry.mm is mm and (start == end or start <= entry.vpn < end):
            entry.clear()
            dropped += 1
    return dropped


def forget_device(k: Kernel, mm: Mm, start: int, end: int) -> int:
    """Drop the device's translations of [start, end) of one mm, or all when end is start."""
    dropped = 0
    for entry in k.m.device_tlb:
        if entry.mm is mm and (start == end or start <= entry.vpn < end):
            entry.clear()
            dropped += 1
    return dropped


def notify(k: Kernel, mm: Mm | None, start: int, end: int) -> None:
    """mmu_notifier_arch_invalidate_secondary_tlbs(): done when it returns. No `mm` is every mm."""
    if not k.m.config.secondary_tlb:
        return
    for space in (mm,) if mm else k.m.mm:
        if _told_no_more(k, space):
            continue
        dropped = forget_device(k, space, start, end)
        if dropped:
            k.emit(ev.NOTIFY, k.cpu, space.index, start, dropped)


def _told_no_more(k: Kernel, mm: Mm) -> bool:
    """Whether an mm that is torn down has let go of its notifiers."""
    if k.policy.has(guards.NOTIFY_TO_THE_END):
        return False
    stacks = ((ctx, level) for ctx in k.m.ctx for level in range(ctx.depth))
    acts = (k.view(ctx, level) for ctx, level in stacks)
    return any(getattr(act, "silent", 0) and getattr(act, "mm", None) is mm for act in acts)


def load_mm(k: Kernel, cpu: int, mm: Mm) -> None:
    """switch_mm_irqs_off(): load an mm, reuse its ASID slot if current, flush it if behind.

    The CPU sets its bit in mm_cpumask, then reads tlb_gen, then loads CR3.
    """
    if settled(k, cpu, mm):
        return
    join_mask(k, cpu, mm)
    load_cr3(k, cpu, mm, mm.tlb_gen)


def settled(k: Kernel, cpu: int, mm: Mm) -> bool:
    """Whether a CPU has an mm loaded, and not lazily: a switch to it has nothing to do."""
    state = k.m.cpu[cpu]
    return state.loaded_mm is mm and not state.lazy


def join_mask(k: Kernel, cpu: int, mm: Mm) -> None:
    """A CPU that is about to load an mm sets its bit in mm_cpumask; where masks are exact, it takes
    the one out that it has in that of the old mm.
    """
    left = k.m.cpu[cpu].loaded_mm
    exact = k.m.config.mask_follows_load
    if k.m.config.arch != X86:
        exact = not k.policy.has(guards.STAY_IN_MASK)
    if left and left is not mm and exact:
        left.cpumask &= ~(1 << cpu)
    if k.policy.has(guards.MASK_BEFORE_LOAD):
        mm.cpumask |= 1 << cpu


def load_cr3(k: Kernel, cpu: int, mm: Mm, gen: int) -> None:
    """load_new_mm_cr3(), with the tlb_gen that the CPU has read: flush what is behind that."""
    m = k.m
    state = m.cpu[cpu]
    if m.config.arch != X86:
        state.loaded_mm, state.lazy = mm, 0
        return
    same = state.loaded_mm is mm
    if global_asids.has_one(m, mm):
        dropped = global_asids.adopt(k, cpu, mm)
        if dropped:
            k.emit(ev.FLUSH, cpu, mm.index, dropped, -1, SWITCH)
        state.loaded_mm, state.lazy = mm, 0
        return
    number = state.asid if same else _slot(k, cpu, mm)
    slot = m.asids_of(cpu)[number]
    known = slot.mm is mm
    behind = not known or (slot.gen != gen and k.policy.has(guards.CHECK_ON_SWITCH_IN))
    if slot.mm and not known:
        drop(k, cpu, slot.mm, 0, 0)
    if behind:
        dropped = drop(k, cpu, mm, 0, 0)
        slot.mm, slot.gen = mm, gen
        k.emit(ev.FLUSH, cpu, mm.index, dropped, -1, UNLAZY if same else SWITCH)
    state.asid, state.loaded_mm, state.lazy = number, mm, 0


def _slot(k: Kernel, cpu: int, mm: Mm) -> int:
    """choose_new_asid(): the slot that knows the mm, or the next one round robin."""
    slots = k.m.asids_of(cpu)
    for number, slot in enumerate(slots):
        if slot.mm is mm:
            return number
    state = k.m.cpu[cpu]
    number = state.next_asid
    state.next_asid = (number + 1) % len(slots)
    return number


def enter_lazy(k: Kernel, cpu: int) -> None:
    """enter_lazy_tlb(): a kernel thread or idle keeps the old mm loaded."""
    state = k.m.cpu[cpu]
    if state.loaded_mm and not state.lazy:
        state.lazy = 1
        k.emit(ev.LAZY, cpu, cpu, state.loaded_mm.index)


def leave_mm(k: Kernel, cpu: int) -> int:
    """Switch to init_mm: user translations of the loaded mm are dropped. Returns how many."""
    state = k.m.cpu[cpu]
    mm = state.loaded_mm
    if not mm:
        return 0
    dropped = drop(k, cpu, mm, 0, 0)
    if not global_asids.uses_global(k.m, cpu):
        k.m.asids_of(cpu)[state.asid].clear()
    mm.cpumask &= ~(1 << cpu)
    state.loaded_mm, state.lazy = None, 0
    return dropped


def forget_mm(k: Kernel, cpu: int, mm: Mm) -> None:
    """An mm is gone, and with it its ASID: nothing of it is left on a CPU."""
    drop(k, cpu, mm, 0, 0)
    for slot in k.m.asids_of(cpu):
        if slot.mm is mm:
            slot.clear()


def flush_all(k: Kernel, cpu: int) -> None:
    """A CPU drops everything, and knows no address space any more."""
    dropped = sum(drop(k, cpu, mm, 0, 0) for mm in k.m.mm)
    for slot in k.m.asids_of(cpu):
        slot.clear()
    k.emit(ev.FLUSH, cpu, -1, dropped, -1, ONLINE)


def flush_tlb_func(
    k: Kernel, cpu: int, mm: Mm | None, start: int, end: int, gen: int, why: int
) -> None:
    """The flush on one CPU, local or by IPI. No `mm` is a batch flush, which
    compares the generation of whatever is loaded. Ranged only when exactly one behind.
    """
    m = k.m
    if m.config.arch != X86:
        _sfence(k, cpu, mm, start, end, why)
        return
    state = m.cpu[cpu]
    loaded = state.loaded_mm
    if not loaded:
        return
    if mm and loaded is not mm:
        mm.cpumask &= ~(1 << cpu)
        k.emit(ev.TRIM, cpu, mm.index)
        k.emit(ev.FLUSH, cpu, mm.index, 0, 0, why)
        return
    if global_asids.has_one(m, loaded):
        k.emit(ev.FLUSH, cpu, loaded.index, global_asids.adopt(k, cpu, loaded), -1, why)
        return
    if state.lazy:
        k.emit(ev.FLUSH, cpu, loaded.index, leave_mm(k, cpu), -1, why)
        return
    slot, latest = m.asids_of(cpu)[state.asid], loaded.tlb_gen
    numbered = bool(gen) or not k.policy.has(guards.FLUSH_WITHOUT_GENERATION)
    if numbered and gen <= slot.gen:
        return
    if slot.gen == latest:
        k.emit(ev.FLUSH, cpu, loaded.index, 0, 0, why)
        return
    ranged = mm and start != end and gen == slot.gen + 1 == latest
    dropped = drop(k, cpu, loaded, start if ranged else 0, end if ranged else 0)
    slot.gen = latest
    k.emit(ev.FLUSH, cpu, loaded.index, dropped, end - start if ranged else -1, why)


def _sfence(k: Kernel, cpu: int, mm: Mm | None, start: int, end: int, why: int) -> None:
    """Linux's local_flush_tlb_range_asid() for riscv: by address space, whatever the CPU runs;
    a batch flush takes everything (FLUSH_TLB_NO_ASID).
    """
    dropped = sum(drop(k, cpu, space, start, end) for space in ((mm,) if mm else k.m.mm))
    k.emit(ev.FLUSH, cpu, mm.index if mm else -1, dropped, end - start if end > start else -1, why)


def issue(k: Kernel, cpu: int, mm: Mm, start: int, end: int, *, upper: bool = False) -> None:
    """The TLBI of arm64 on a CPU, of [start, end) of an mm or, when end is start, of all of it:
    every CPU is told to drop its entries (TLBI). Each may use them until `barrier`, and here
    each does. What they remember of the `upper` levels goes only when page-table pages do.
    """
    bit = 1 << cpu
    for other in k.m.cpu:
        if other.offline:
            continue
        for entry in k.m.tlb_of(other.index):
            if entry.mm is mm and _covered(k, other.index, entry, start, end):
                entry.issued |= bit
        for walk in k.m.walks_of(other.index, mm) if upper or start == end else ():
            walk.issued |= bit if walk.table else 0
    k.emit(ev.ISSUE, cpu, mm.index, start, end - start if end > start else -1)


def _covered(k: Kernel, cpu: int, entry: TlbEntry, start: int, end: int) -> bool:
    """Whether an invalidate of [start, end), or of all when end is start, is about an entry: about
    all of a large translation if it is about any of its pages.
    """
    if start == end or start <= entry.vpn < end:
        return True
    if not k.m.pmd or not entry.mm or not k.m.large_at(cpu, entry.mm, entry.vpn).held:
        return False
    pages = k.m.range_of(entry.vpn)
    return start < pages.stop and pages.start < end


def barrier(k: Kernel, cpu: int) -> None:
    """The DSB of arm64 on a CPU: what this CPU issued is done on every CPU when it returns."""
    k.emit(ev.BARRIER, cpu)
    finish_issued(k, cpu)


def finish_issued(k: Kernel, cpu: int) -> None:
    """Every CPU has dropped what a CPU told it to."""
    for walk in k.m.walk:
        if walk.issued >> cpu & 1:
            walk.clear()
    for other in range(k.m.config.cpus):
        gone = [entry for entry in k.m.tlb_of(other) if entry.issued >> cpu & 1]
        for mm in k.m.mm:
            held = [entry for entry in gone if entry.mm is mm]
            for entry in held:
                if k.m.pmd:
                    k.m.large_at(other, mm, entry.vpn).held = 0
                entry.clear()
            if held:
                k.emit(ev.FLUSH, other, mm.index, len(held), 0, BROADCAST)


def switch_barrier(k: Kernel, cpu: int) -> None:
    """The DSB in arm64's __switch_to(), for a task that goes on elsewhere."""
    if k.m.config.arch != ARM64:
        return
    issued = [entry.issued for entry in k.m.tlb] + [walk.issued for walk in k.m.walk]
    if any(cpus >> cpu & 1 for cpus in issued):
        barrier(k, cpu)
