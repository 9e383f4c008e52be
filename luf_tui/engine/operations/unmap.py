"""Unmapping one folio, as reclaim and migration do it (OP-1; baseline 2.1)."""

from __future__ import annotations

from luf_tui.engine import hardware, locks, pagetable
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import DONE, Local, Next, Operation, step
from luf_tui.engine.operations.flush import Shootdown
from luf_tui.engine.operations.gather import reachable
from luf_tui.machine import events as ev
from luf_tui.machine import lists
from luf_tui.machine.config import ARM64
from luf_tui.machine.schema import ANON, FILE, MIGRATION, PRESENT, SWAP, Pte
from luf_tui.policy import guards
from luf_tui.policy.base import DEFERRED, NOW

UNMAP = ev.REASON["unmap"]


def table_free(act: Operation, k: Kernel) -> bool:
    """The page-table lock of the next mapping can be taken."""
    unmap: Unmap = act  # type: ignore[assignment]
    pte = present(k, unmap.pfn - 1)
    return pte is None or locks.unlocked(k, pagetable.place(k, pte)[0], act.ctx)


def present(k: Kernel, pfn: int) -> Pte | None:
    """The first present PTE of a frame, in walk order."""
    return next((pte for pte in pagetable.mappings(k, pfn) if pte.kind == PRESENT), None)


class Unmap(Operation, name="unmap"):
    """try_to_unmap() or try_to_migrate() of one folio; its verdict stays in the frame.

    `batch` is TTU_BATCH_FLUSH: the caller promises to flush before it frees or copies.
    """

    pfn = Local(ref="frame")
    migrate = Local()
    batch = Local()
    refused = Local("a refusal was told already")
    locked = Local("the address space whose page-table lock was kept over a flush", ref="mm")

    @step("ask whether the flush may be deferred")
    def begin(self, k: Kernel) -> Next:
        """OP-1, steps 1 and 2."""
        why = k.policy.begin_walk(k.m, k.task, self.pfn - 1)
        if why:
            self._refuse(k, why)
        return None if present(k, self.pfn - 1) else self._finish(k)

    def _refuse(self, k: Kernel, why: str) -> None:
        if not self.refused:
            k.emit(ev.REFUSE, k.cpu, self.pfn - 1, ev.REASON[why])
            self.refused = 1

    @step("clear a PTE and note the flush it owes", when=table_free)
    def one(self, k: Kernel) -> Next:
        """OP-1, steps 3 and 4, under the page-table lock. ptep_clear_flush() flushes under it."""
        if self.locked:
            k.m.mm[self.locked - 1].ptl = self.locked = 0
        pte = present(k, self.pfn - 1)
        if pte is None or self._wanted_again(k, pte):
            return self._finish(k)
        mm, vpn = pagetable.place(k, pte)
        cached = reachable(k, pte, mm)
        why = k.policy.refusal(k.m, pte)
        how = k.policy.pays(k.m, k.task, k.cpu, pte, bool(self.batch)) if cached else DEFERRED
        if why and cached:
            self._refuse(k, why)
        if cached and how != NOW:
            mask = k.policy.note(k.m, k.task, pte, how)
            k.emit(ev.NOTE, k.cpu, mm, vpn, mask, how)
        self._take_down(k, pte)
        if cached and how != NOW:
            self._tell_hardware(k, mm, vpn, how)
        if how != NOW:
            return Unmap.one if present(k, self.pfn - 1) else self._finish(k)
        self.locked = mm + 1
        k.m.mm[mm].ptl = k.ctx + 1
        args = {"mm": mm + 1, "start": vpn, "end": vpn + 1, "why": UNMAP}
        return self.call(k, Shootdown, Unmap.one, **args)

    def _wanted_again(self, k: Kernel, pte: Pte) -> bool:
        """A page that MADV_FREE gave up was stored to since, or is held: try_to_unmap_one() puts
        the PTE back and gives up (walk_abort); the page is worth keeping from here on.
        """
        frame = k.m.frame[self.pfn - 1]
        if self.migrate or not frame.lazyfree:
            return False
        if not (pte.dirty or frame.dirty or frame.pins or frame.refs):
            return False
        frame.lazyfree = 0
        return True

    def _take_down(self, k: Kernel, pte: Pte) -> None:
        """Clear the PTE, keep its dirty bit, and leave what a later fault will find."""
        pfn = self.pfn - 1
        frame = k.m.frame[pfn]
        if pte.dirty:
            frame.dirty = 1
        writable = pte.writable
        protected = pte.uffd_wp
        pagetable.clear(k, pte)
        if self.migrate:
            pte.kind, pte.pfn, pte.writable, pte.uffd_wp = MIGRATION, pfn + 1, writable, protected
            pagetable.link(k, pte, pfn)
        elif frame.state == ANON and not frame.lazyfree:
            pte.kind, pte.slot, pte.uffd_wp = SWAP, frame.slot, protected
            k.m.swap[frame.slot - 1].users += 1

    def _tell_hardware(self, k: Kernel, mm: int, vpn: int, how: int) -> None:
        """arch_tlbbatch_add_pending(): what is told when the PTE goes, not when the batch does."""
        if k.m.config.arch == ARM64:
            hardware.issue(k, k.cpu, mm, vpn, vpn + 1)
        if how != DEFERRED or k.policy.has(guards.NOTIFY_SECONDARY):
            hardware.notify(k, mm, vpn, vpn + 1)

    def _finish(self, k: Kernel) -> Next:
        """OP-1, step 5: one writable mapping drags the earlier notes into the ordinary batch."""
        k.m.frame[self.pfn - 1].verdict = int(k.policy.end_walk(k.m, k.task))
        return DONE


def isolate(k: Kernel, task: int, pfn: int) -> str:
    """folio_isolate_lru(): take a folio off the LRU for `task`; why not, if not."""
    m = k.m
    frame = m.frame[pfn]
    if frame.state not in (ANON, FILE):
        return "not mapped"
    if frame.where != m.lru_list(m.node_of[pfn]) + 1:
        return "already isolated"
    lists.unlink(m, pfn)
    lists.push_tail(m, m.task_list(task, "isolated"), pfn)
    return ""


def put_back(k: Kernel, pfn: int, why: str) -> None:
    """folio_putback_lru(): the folio stays."""
    m = k.m
    frame = m.frame[pfn]
    if frame.where:
        lists.unlink(m, pfn)
    frame.locked = frame.target = frame.saved = 0
    lists.push_head(m, m.lru_list(m.node_of[pfn]), pfn)
    k.emit(ev.KEEP, k.cpu, pfn, ev.REASON[why])
