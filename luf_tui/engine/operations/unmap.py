"""Unmapping one folio, as reclaim and migration do it (OP-1)."""

from __future__ import annotations

from luf_tui.engine import folio, hardware, locks, pagetable
from luf_tui.engine.arguments import frame_of
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import DONE, Local, Next, Operation, step
from luf_tui.engine.operations.flush import Shootdown
from luf_tui.engine.operations.gather import reachable
from luf_tui.machine import events as ev
from luf_tui.machine import lists
from luf_tui.machine.config import ARM64
from luf_tui.machine.regions import Reference, Required
from luf_tui.machine.schema import ANON, FILE, MIGRATION, PRESENT, SWAP, Frame, Mm, Pte, Task, Zone
from luf_tui.policy import guards
from luf_tui.policy.base import DEFERRED, NOW
from luf_tui.script.program import Op
from luf_tui.script.values import Target

UNMAP = ev.REASON["unmap"]


def present(frame: Frame) -> Pte | None:
    """The first present PTE of a frame, in walk order."""
    return next((pte for pte in pagetable.mappings(frame) if pte.kind == PRESENT), None)


class Unmap(Operation, name="unmap", function="try_to_unmap"):
    """try_to_unmap() or try_to_migrate() of one folio; its verdict stays in the frame.

    `batch` is TTU_BATCH_FLUSH: the caller promises to flush before it frees or copies.
    """

    frame = Required[Frame]("frame")
    migrate = Local()
    batch = Local()
    refused = Local("a refusal was told already")
    locked = Reference[Mm]("mm", "the address space whose page-table lock was kept over a flush")

    @property
    def function(self) -> str:
        """Two functions of one kind, of which migration has its own."""
        return "try_to_migrate" if self.migrate else self.FUNCTION

    @step("ask whether the flush may be deferred")
    def begin(self, k: Kernel) -> Next:
        """OP-1, steps 1 and 2."""
        why = k.policy.begin_walk(k.m, k.task, self.frame)
        if why:
            self._refuse(k, why)
        return None if present(self.frame) else self._finish(k)

    def _refuse(self, k: Kernel, why: str) -> None:
        if not self.refused:
            k.emit(ev.REFUSE, k.cpu, self.frame.pfn, ev.REASON[why])
            self.refused = 1

    def _page_table_unlocked(self, k: Kernel) -> bool:
        """The page-table lock of the next mapping can be taken."""
        pte = present(self.frame)
        return pte is None or locks.page_table(k.m.place_of(pte)[0], self.ctx)

    @step("clear a PTE and note the flush it owes", when=_page_table_unlocked)
    def one(self, k: Kernel) -> Next:
        """OP-1, steps 3 and 4, under the page-table lock. ptep_clear_flush() flushes under it."""
        if self.locked:
            self.locked.ptl = None
            self.locked = None
        pte = present(self.frame)
        if pte is None or self._wanted_again(k, pte) or self._pinned(pte):
            return self._finish(k)
        if not self._clear(k, pte):
            return Unmap.one if present(self.frame) else self._finish(k)
        mm, vpn = k.m.place_of(pte)
        if k.policy.has(guards.FLUSH_UNDER_LOCK):
            self.locked, mm.ptl = mm, k.ctx
        return self.call(k, Shootdown, Unmap.one, mm=mm, start=vpn, end=vpn + 1, why=UNMAP)

    def _clear(self, k: Kernel, pte: Pte) -> bool:
        """Clear a PTE and note its flush; whether it is due now."""
        mm, vpn = k.m.place_of(pte)
        cached = reachable(k, pte, mm)
        why = k.policy.refusal(k.m, pte)
        how = k.policy.pays(k.m, k.task, k.cpu, pte, bool(self.batch)) if cached else DEFERRED
        if why and cached:
            self._refuse(k, why)
        if cached and how != NOW:
            mask = k.policy.note(k.m, k.task, pte, how)
            k.emit(ev.NOTE, k.cpu, mm.index, vpn, mask, how)
        self._take_down(k, pte)
        if cached and how != NOW:
            self._tell_hardware(k, mm, vpn, how)
        return how == NOW

    def _wanted_again(self, k: Kernel, pte: Pte) -> bool:
        """A page that MADV_FREE gave up was stored to since, or is held: try_to_unmap_one() puts
        the PTE back and gives up (walk_abort); the page is worth keeping from here on.
        """
        frame = self.frame
        if self.migrate or not frame.lazyfree:
            return False
        held = (frame.pins or frame.refs) and k.policy.has(guards.KEEP_REFERENCED)
        if not (pte.dirty or frame.dirty or held):
            return False
        frame.lazyfree = 0
        return True

    def _pinned(self, pte: Pte) -> bool:
        """folio_try_share_anon_rmap_pte(): an exclusive page that is pinned stays exclusive, and so
        it stays mapped (walk_abort). Nobody asks that of a page that MADV_FREE gave up.
        """
        given_up = self.frame.lazyfree and not self.migrate
        return bool(folio.pinned_anon(self.frame) and pte.exclusive and not given_up)

    def _take_down(self, k: Kernel, pte: Pte) -> None:
        """Clear the PTE, keep its dirty bit, and leave what a later fault will find."""
        frame = self.frame
        if pte.dirty and (not self.migrate or k.policy.has(guards.CARRY_DIRTY)):
            frame.dirty = 1
        writable = pte.writable
        protected = pte.uffd_wp
        pagetable.clear(k, pte)
        if self.migrate:
            pte.kind, pte.frame, pte.writable, pte.uffd_wp = MIGRATION, frame, writable, protected
            pagetable.link(pte, frame)
        elif frame.state == ANON and not frame.lazyfree:
            pte.kind, pte.slot, pte.uffd_wp = SWAP, frame.slot, protected
            assert frame.slot
            frame.slot.users += 1

    def _tell_hardware(self, k: Kernel, mm: Mm, vpn: int, how: int) -> None:
        """arch_tlbbatch_add_pending(): what is told when the PTE goes, not when the batch does."""
        if k.m.config.arch == ARM64:
            hardware.issue(k, k.cpu, mm, vpn, vpn + 1)
        if how != DEFERRED or k.policy.has(guards.NOTIFY_SECONDARY):
            hardware.notify(k, mm, vpn, vpn + 1)

    def _finish(self, k: Kernel) -> Next:
        """OP-1, step 5: one writable mapping drags the earlier notes into the ordinary batch."""
        self.frame.verdict = int(k.policy.end_walk(k.m, k.task))
        return DONE


def isolate(k: Kernel, task: Task, frame: Frame) -> str:
    """folio_isolate_lru(): take a folio off the LRU for `task`; why not, if not. Of one that is on
    its way to the free lists nobody gets a reference any more (folio_try_get()).
    """
    m, frame = k.m, folio.head(frame)
    if frame.state not in (ANON, FILE) or not folio.held(frame):
        return "not mapped"
    if frame.where is not m.lru_list(m.zone_of(frame)):
        return "already isolated"
    lists.unlink(frame)
    lists.push_tail(m.task_list(task, "isolated"), frame)
    return ""


def next_isolated(k: Kernel) -> Frame | None:
    """The next folio of the task's `isolated` list. One that somebody else is giving back just now
    is left to them: where the kernel has a reference to what it has isolated, here nobody has.
    """
    isolated = k.m.task_list(k.current, "isolated")
    while frame := lists.pop_head(isolated):
        if folio.held(frame):
            return frame
    return None


def put_back(k: Kernel, frame: Frame, why: str) -> None:
    """folio_putback_lru(): the folio stays. Somebody else's lock does, too."""
    if frame.where:
        lists.unlink(frame)
    if frame.locked in (None, k.ctx):
        frame.locked = frame.target = None
        frame.saved = 0
    lists.push_head(k.m.lru_list(k.m.zone_of(frame)), frame)
    k.emit(ev.KEEP, k.cpu, frame.pfn, ev.REASON[why])


def isolate_named(k: Kernel, op: Op, targets: tuple[Target, ...], only: Zone | None = None) -> None:
    """Put the named folios, those of node `only` if there is one, on the task's private list; tell
    of each one that cannot be had.
    """
    for target in targets:
        frame = frame_of(k, target)
        if only and frame and k.m.zone_of(frame) is not only:
            continue
        why = isolate(k, k.m.task[op.task], frame) if frame else "not mapped"
        if why:
            k.emit(ev.KEEP, op.cpu, frame.pfn if frame else -1, ev.REASON[why])
