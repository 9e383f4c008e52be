"""One page takes another's place under an address without a write fault: uprobes and KSM (O12).

Both clear the old PTE and flush before they set the new one, as copy-on-write does.
"""

from __future__ import annotations

from luf_tui.engine import folio, locks, pagetable
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import DONE, Local, Next, Operation, Step, step
from luf_tui.engine.operations.fault import SERVED, Fault
from luf_tui.engine.operations.flush import Shootdown
from luf_tui.engine.operations.memory import AllocPage, FreePage, change_bytes
from luf_tui.machine import events as ev
from luf_tui.machine.schema import ANON, NONE, PRESENT, Pte
from luf_tui.policy import guards

REPLACED = ev.REASON["replaced"]


def clear_flush(act: Operation, k: Kernel, pte: Pte, then: Step) -> Next:
    """ptep_clear_flush(): clear a PTE and flush it, then go on at `then`, which drops the lock."""
    mm, vpn = pagetable.place(k, pte)
    pagetable.clear(k, pte)
    if not k.policy.has(guards.FLUSH_BEFORE_SET):
        return then
    k.m.mm[mm].ptl = k.ctx + 1
    args = {"mm": mm + 1, "start": vpn, "end": vpn + 1, "why": REPLACED}
    return act.call(k, Shootdown, then, **args)


def let_go(act: Operation, k: Kernel, then: Step) -> Next:
    """folio_put() of the pages an operation holds, `pfn` and `old`; the last one frees them."""
    for name in ("pfn", "old"):
        pfn: int = getattr(act, name)
        setattr(act, name, 0)
        if not pfn:
            continue
        if k.m.frame[pfn - 1].locked == k.ctx + 1:
            k.m.frame[pfn - 1].locked = 0
        folio.free_swap_cache(k, pfn - 1)
        if folio.put(k, pfn - 1):
            return act.call(k, FreePage, then, pfn=pfn)
    return None


class Uprobe(Operation, name="uprobe"):
    """uprobe_write_opcode(): a private copy of a page of text, with a breakpoint in it.

    The thread that acts stands for the tracer: get_user_pages_remote() faults on its CPU.
    """

    mm = Local(ref="mm")
    vpn = Local()
    content = Local()
    pfn = Local("the copy, with a reference", ref="frame")
    old = Local("the page it replaces, likewise", ref="frame")
    faulted = Local()

    def _pte(self, k: Kernel) -> Pte:
        return k.m.pte_at(self.mm - 1, self.vpn)

    @step("take mmap_lock", when=locks.mmap_write)
    def begin(self, k: Kernel) -> Next:
        """register_for_each_vma(): for writing; only private mappings of files are probed."""
        vma = k.m.vma_at(self.mm - 1, self.vpn)
        if not vma.mapped or not vma.file_page or vma.shared:
            return DONE
        k.m.mm[self.mm - 1].writer = k.ctx + 1
        return None

    @step("get the page", when=locks.table)
    def get(self, k: Kernel) -> Next:
        """get_user_page_vma_remote(): a page that is not there is faulted in, once."""
        pte = self._pte(k)
        if pte.kind == PRESENT and not pte.prot_none:
            self.old = pte.pfn
            folio.get(k, pte.pfn - 1)
            return self.call(k, AllocPage, Uprobe.copy, use=ANON, order=0)
        if self.faulted:
            return Uprobe.leave
        self.faulted = 1
        return self.call(k, Fault, Uprobe.got, vpn=self.vpn)

    @step("look whether the fault was served")
    def got(self, k: Kernel) -> Next:
        """A position past the end of the file, for one, has no page to probe."""
        return Uprobe.get if k.result == SERVED else Uprobe.leave

    @step("copy the page and write the breakpoint")
    def copy(self, k: Kernel) -> Next:
        """copy_highpage(), copy_to_page()."""
        if not k.result:
            return Uprobe.leave
        self.pfn = k.result
        folio.get(k, self.pfn - 1)
        folio.copy_bytes(k, self.old - 1, self.pfn - 1)
        change_bytes(k, self.pfn - 1, self.content, "written by the kernel")
        return None

    @step("clear the old PTE", when=locks.table)
    def take_down(self, k: Kernel) -> Next:
        """__replace_page(): ptep_clear_flush()."""
        pte = self._pte(k)
        if pte.kind != PRESENT or pte.pfn != self.old or k.m.frame[self.old - 1].locked:
            return Uprobe.leave
        return clear_flush(self, k, pte, Uprobe.set)

    @step("set the new PTE", when=locks.table)
    def set(self, k: Kernel) -> Next:
        """set_pte_at(), read-only."""
        k.m.mm[self.mm - 1].ptl = 0
        if self._pte(k).kind == NONE:
            pagetable.install(k, self._pte(k), self.pfn - 1, writable=0, dirty=0, exclusive=1)
            folio.add_lru(k, self.pfn - 1)
        return None

    @step("let go of the pages")
    def leave(self, k: Kernel) -> Next:
        """And drop mmap_lock."""
        freed = let_go(self, k, Uprobe.leave)
        if freed:
            return freed
        k.m.mm[self.mm - 1].writer = 0
        return DONE


class Merge(Operation, name="ksm"):
    """try_to_merge_two_pages(): two equal anonymous pages become one, mapped read-only by both.

    First the page that stays is write-protected, then the one that goes; (mm, vpn) is the address
    being changed. A KSM page is told apart by nothing but its mappings: the last one left may be
    made writable in place, where the kernel copies.
    """

    mm = Local(ref="mm")
    vpn = Local()
    mm2 = Local("the other address space", ref="mm")
    vpn2 = Local()
    pfn = Local("the page that stays, locked, with a reference", ref="frame")
    old = Local("the page that goes, likewise", ref="frame")
    second = Local("the page that goes is being write-protected")

    def _pte(self, k: Kernel) -> Pte:
        return k.m.pte_at(self.mm - 1, self.vpn)

    @step("lock both pages")
    def begin(self, k: Kernel) -> Next:
        """cmp_and_merge_page(): anonymous pages of the same bytes, locked by nobody."""
        found = []
        for mm, vpn in ((self.mm - 1, self.vpn), (self.mm2 - 1, self.vpn2)):
            pte = k.m.pte_at(mm, vpn)
            frame = k.m.frame[pte.pfn - 1] if pte.kind == PRESENT else None
            if frame is None or frame.state != ANON or frame.locked or pte.prot_none:
                return DONE
            found.append(frame)
        kept, gone = found
        if kept is gone or kept.content != gone.content or gone.mapcount != 1:
            return DONE
        self.pfn, self.old = kept.index + 1, gone.index + 1
        for frame in found:
            frame.locked = k.ctx + 1
            folio.get(k, frame.index)
        return None

    @step("clear a PTE to write-protect it", when=locks.table)
    def take_down(self, k: Kernel) -> Next:
        """write_protect_page(): ptep_clear_flush(), so that no store can be under way."""
        pte, pfn = self._pte(k), self.old if self.second else self.pfn
        if pte.kind != PRESENT or pte.pfn != pfn:
            return Merge.leave
        return clear_flush(self, k, pte, Merge.protect)

    @step("set it again, read-only", when=locks.table)
    def protect(self, k: Kernel) -> Next:
        """A pin taken meanwhile leaves the PTE as it was, but for its dirty bit."""
        k.m.mm[self.mm - 1].ptl = 0
        pte, pfn = self._pte(k), self.old if self.second else self.pfn
        if pte.kind != NONE:
            return Merge.leave
        frame = k.m.frame[pfn - 1]
        frame.dirty = 1
        pagetable.install(k, pte, pfn - 1, writable=0, dirty=0)
        if frame.pins or frame.refs != 1:
            return Merge.leave
        if self.second:
            return None
        self.mm, self.mm2, self.vpn, self.vpn2 = self.mm2, self.mm, self.vpn2, self.vpn
        self.second = 1
        return Merge.take_down

    @step("compare them, and clear the PTE of the page that goes", when=locks.table)
    def replace(self, k: Kernel) -> Next:
        """pages_identical(), then replace_page(): ptep_clear_flush()."""
        same = k.m.frame[self.pfn - 1].content == k.m.frame[self.old - 1].content
        pte = self._pte(k)
        if not same or pte.kind != PRESENT or pte.pfn != self.old or pte.writable:
            return Merge.leave
        return clear_flush(self, k, pte, Merge.set)

    @step("map the page that stays", when=locks.table)
    def set(self, k: Kernel) -> Next:
        """set_pte_at(), read-only."""
        k.m.mm[self.mm - 1].ptl = 0
        if self._pte(k).kind == NONE:
            pagetable.install(k, self._pte(k), self.pfn - 1, writable=0, dirty=0)
        return None

    @step("let go of the pages")
    def leave(self, k: Kernel) -> Next:
        """The page that went is freed."""
        return let_go(self, k, Merge.leave) or DONE
