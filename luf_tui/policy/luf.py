"""LUF as intended: v12's shape with every guard on."""

from __future__ import annotations

from luf_tui.machine.config import ARM64, MachineConfig
from luf_tui.machine.machine import Machine, RegionSpec
from luf_tui.machine.schema import ANON, PRESENT, FilePage, Frame, Mm, Pte, Task
from luf_tui.policy import guards
from luf_tui.policy.base import DEFERRED, NOW, ORDINARY
from luf_tui.policy.batched import place
from luf_tui.policy.luf_ledger import LufLedger

FILE_HOOKS = {"write": guards.FLUSH_ON_WRITE, "read-in": guards.FLUSH_ON_READ_IN}
"""The guard that pays for a file, by why it is asked; truncation's for the rest."""


class Luf(LufLedger):
    """Read-only unmaps are flushed when their frame leaves the free lists, or earlier when
    something would make the stale content wrong.
    """

    NAME = "luf"
    SUMMARY = "LUF as intended: every guard on, the review's three conditions included"
    GUARDS = guards.LUF_GUARDS

    # -- OP-1 ---------------------------------------------------------------------------------

    def begin_walk(self, m: Machine, task: Task | None, frame: Frame) -> str:
        """can_luf_folio(): the starting verdict (OP-1, step 1)."""
        why = self._folio_refusal(m, frame)
        self.tasks(m)[place(task)].can_luf = int(not why)
        return why

    def _folio_refusal(self, m: Machine, frame: Frame) -> str:
        config = m.config
        if config.init_on_free and self.has(guards.REFUSE_INIT_ON_FREE):
            return "pages are zeroed on free"
        if config.kasan and self.has(guards.REFUSE_KASAN):
            return "KASAN poisons free pages"
        if config.page_poison and self.has(guards.REFUSE_PAGE_POISON):
            return "page_poison fills free pages"
        if frame.order:
            return "a large folio"
        if frame.state != ANON and not frame.file_page:
            return "neither anonymous nor of a file"
        return ""

    def refusal(self, m: Machine, pte: Pte) -> str:
        """Why one PTE's flush may not be deferred (OP-1, step 4b, and condition 3)."""
        mm, vpn = m.place_of(pte)
        vma = m.vma_at(mm, vpn)
        if pte.writable and self.has(guards.REFUSE_WRITABLE):
            return "a mapping is writable"
        if self.has(guards.PENDING_WRPROTECT) and (
            (pte.dirty and not pte.writable) or mm.flush_pending
        ):
            return "a write-protect is unflushed"
        if vma.shared and not vma.file_page and self.has(guards.REFUSE_UNFILED_SHARED):
            return "shared memory without a file"
        return ""

    def pays(self, m: Machine, task: Task | None, cpu: int, pte: Pte, batch: bool) -> int:
        """Which batch a note goes to (OP-1, steps 3a and 4c)."""
        how = super().pays(m, task, cpu, pte, batch)
        state = self.tasks(m)[place(task)]
        judged = how != NOW or self.has(guards.JUDGE_EVERY_PTE)
        if judged and self.refusal(m, pte):
            state.can_luf = 0
        if how == NOW:
            return NOW
        return DEFERRED if state.can_luf else ORDINARY

    def note(self, m: Machine, task: Task | None, pte: Pte, how: int) -> int:
        """OP-1, step 4: the task's batch, and for a deferred note the mm's and the mapping's."""
        space, _ = m.place_of(pte)
        if how == ORDINARY:
            return super().note(m, task, pte, how)
        self.ro(m)[place(task)].add(space.cpumask, pte.dirty)
        self.count(m, space, how)
        owners = [self.mms(m)[space.index]]
        if pte.frame and pte.frame.file_page:
            owners.append(self.files(m)[m.inode_of(pte.frame.file_page).index])
        for owner in owners:
            owner.mask = self.diet(m, owner.mask, owner.ugen) | space.cpumask
            owner.ugen = self.new_ugen(m)
        return space.cpumask

    def count(self, m: Machine, space: Mm, how: int) -> None:
        """As ever; without `note-pending` a deferred note is invisible to munmap."""
        super().count(m, space, how)
        if how == DEFERRED and not self.has(guards.NOTE_PENDING):
            space.batched_pending -= 1

    def end_walk(self, m: Machine, task: Task | None) -> bool:
        """OP-1, step 5."""
        state, ro = self.tasks(m)[place(task)], self.ro(m)[place(task)]
        deferred = bool(state.can_luf and ro.required)
        keep = deferred or not self.has(guards.MOVE_LATE_WRITABLE)
        (self.luf(m) if keep else self.ubc(m))[place(task)].fold(ro)
        return deferred

    # -- OP-2, OP-13 --------------------------------------------------------------------------

    def fold_key(self, m: Machine, task: Task | None) -> int:
        """fold_unmap_luf(). No masks are kept on arm64 (arch_tlbbatch_done() is true), so no key:
        what was issued is waited for by `drain`, unless the notes are thrown away.
        """
        notes, ordinary = self.luf(m)[place(task)], self.ubc(m)[place(task)]
        if m.config.arch == ARM64 and not self.has(guards.WAIT_FOR_INVALIDATE):
            notes.clear()
        if m.config.arch == ARM64 or not notes.required:
            return 0
        if ordinary.required:
            notes.drop(ordinary.mask)
            if not notes.required:
                return 0
        ugen, key = self.new_ugen(m), self.new_key(m)
        entry = self.batch(m)[key]
        if self.has(guards.KEY_UNION):
            entry.mask = self.diet(m, entry.mask, entry.ugen) | notes.mask
        else:
            entry.mask = notes.mask
        entry.ugen = ugen
        notes.clear()
        return key

    def key_mask(self, m: Machine, key: int) -> int:
        """CPUs of a key's table entry."""
        return self.batch(m)[key].mask

    def key_owed(self, m: Machine, key: int) -> int:
        """Those of them that have not flushed since its newest request."""
        entry = self.batch(m)[key]
        return self.diet(m, entry.mask, entry.ugen)

    def drain(self, m: Machine, task: Task | None) -> int:
        """try_to_unmap_flush(): what was not keyed is flushed with the rest, the safe default."""
        ordinary = self.ubc(m)[place(task)]
        ordinary.fold(self.ro(m)[place(task)])
        ordinary.fold(self.luf(m)[place(task)])
        return super().drain(m, task)

    def take_dirty(self, m: Machine, task: Task | None) -> int:
        """try_to_unmap_flush_dirty() looks at all three batches (OP-3, step 2)."""
        batches = (self.ubc(m)[place(task)], self.ro(m)[place(task)], self.luf(m)[place(task)])
        if self.has(guards.FLUSH_DIRTY_BEFORE_IO) and any(b.writable for b in batches):
            return self.drain(m, task)
        return 0

    def take_key(self, m: Machine, task: Task | None, key: int) -> int:
        """luf_flush(key)."""
        if key:
            self.ubc(m)[place(task)].add(self.batch(m)[key].mask, 0)
        return self.drain(m, task)

    def flush_number(self, m: Machine) -> int:
        """new_luf_ugen() at the start of every flush (OP-13)."""
        return self.new_ugen(m)

    def flushed(self, m: Machine, mask: int, number: int, mm: Mm | None) -> None:
        """mark_ugen(): a CPU has flushed everything up to the flush's number."""
        if mm and self.has(guards.DONE_NEEDS_ALL_MMS):
            return
        if not self.has(guards.FLUSH_NUMBER_FIRST):
            number = self.new_ugen(m)
        for cpu in self.cpus(m):
            if mask >> cpu.index & 1 and self.before(m, cpu.done, number):
                cpu.done = number

    # -- OP-14 to OP-16 -----------------------------------------------------------------------

    def fault_masks(
        self, m: Machine, task: Task | None, mm: Mm, vpn: int, write: bool, when: str
    ) -> int:
        """handle_mm_fault(): any fault where a PTE is or may become writable pays."""
        if not self.has(guards.FLUSH_ON_WRITE_FAULT):
            return 0
        if when != ("before" if self.has(guards.FLUSH_BEFORE_PTE) else "after"):
            return 0
        vma = m.vma_at(mm, vpn)
        if not (write or vma.prot_write or vma.may_write):
            return 0
        if m.pte_at(mm, vpn).kind == PRESENT and not self.has(guards.FLUSH_IN_PLACE):
            return 0
        mask = 0
        if vma.shared and vma.file_page and self.has(guards.FLUSH_MAPPING_ON_FAULT):
            mask = self.owed_by(m, task, self.files(m)[m.inode_of(vma.file_page).index])
        return mask | self.owed_by(m, task, self.mms(m)[mm.index])

    def file_mask(self, m: Machine, task: Task | None, page: FilePage, why: str) -> int:
        """luf_flush_mapping()."""
        if not self.has(FILE_HOOKS.get(why, guards.FLUSH_ON_TRUNCATE)):
            return 0
        number = m.inode_of(page).index
        if why == "read-in" and not m.config.files[number].remote:
            return 0
        hooked = not m.config.files[number].iomap or self.has(guards.HOOK_EVERY_FILESYSTEM)
        return self.owed_by(m, task, self.files(m)[number]) if hooked else 0

    def mm_mask(self, m: Machine, task: Task | None, mm: Mm, why: str) -> int:
        """luf_flush_mm() when a lazily borrowed mm is dropped (OP-19), and before another page is
        put under an address.

        At the end of a VMA and at exit `flush_tlb_batched_pending()` has paid already.
        """
        pays = why == "switch" or (why == "install" and self.has(guards.FLUSH_ON_INSTALL))
        return self.owed_by(m, task, self.mms(m)[mm.index]) if pays else 0

    # -- regions ------------------------------------------------------------------------------

    def regions(self, config: MachineConfig) -> list[RegionSpec]:
        """The ordinary batches, and LUF's own state."""
        return [*super().regions(config), *self.luf_regions(config)]
