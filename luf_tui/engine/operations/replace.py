"""One page takes another's place under an address without a write fault: uprobes and KSM (O12).

Both clear the old PTE and flush before they set the new one, as copy-on-write does.
"""

from __future__ import annotations

from luf_tui.engine import folio, locks, pagetable
from luf_tui.engine.arguments import Start, starts
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import CODE, DONE, FRAME, Local, Next, Operation, Step, step
from luf_tui.engine.operations.fault import SERVED, Fault
from luf_tui.engine.operations.flush import Shootdown
from luf_tui.engine.operations.memory import AllocPage, change_bytes, put_held
from luf_tui.errors import Refused
from luf_tui.machine import events as ev
from luf_tui.machine.regions import Reference, Required
from luf_tui.machine.schema import ANON, NONE, PRESENT, Frame, Mm, Pte
from luf_tui.policy import guards
from luf_tui.script.program import Op
from luf_tui.script.verbs import by_kernel, by_process

REPLACED = ev.REASON["replaced"]
WRITABLE, DIRTY, EXCLUSIVE, GUARDED, HIDDEN = (1 << number for number in range(5))
"""What a PTE says that is cleared and set again: RW, D, that its page is nobody else's, what a
monitor has asked for, PROT_NONE.
"""


def clear_flush(act: Operation, k: Kernel, pte: Pte, then: Step) -> Next:
    """ptep_clear_flush(): clear a PTE and flush it, then go on at `then`, which drops the lock."""
    mm, vpn = k.m.place_of(pte)
    pagetable.clear(k, pte)
    if not k.policy.has(guards.FLUSH_BEFORE_SET):
        return then
    mm.ptl = k.ctx
    args = {"mm": mm, "start": vpn, "end": vpn + 1, "why": REPLACED}
    return act.call(k, Shootdown, then, **args)


class Uprobe(Operation, name="uprobe", function="uprobe_write_opcode"):
    """uprobe_write_opcode(): a private copy of a page of text, with a breakpoint in it.

    The thread that acts stands for the tracer: get_user_pages_remote() faults on its CPU.
    """

    mm = Required[Mm]("mm")
    vpn = Local(of="page")
    content = Local()
    frame = Reference[Frame]("frame", "the copy, with a reference")
    old = Reference[Frame]("frame", "the page it replaces, likewise")
    faulted = Local()

    def _mmap_write(self, k: Kernel) -> bool:
        return locks.mmap_write(self.mm, self.ctx)

    def _page_table(self, k: Kernel) -> bool:
        return locks.page_table(self.mm, self.ctx)

    def _pte(self, k: Kernel) -> Pte:
        return k.m.pte_at(self.mm, self.vpn)

    @step("take mmap_lock", when=_mmap_write)
    def begin(self, k: Kernel) -> Next:
        """register_for_each_vma(): for writing; only private mappings of files are probed, and none
        that may be written to (valid_vma()).
        """
        vma = k.m.vma_at(self.mm, self.vpn)
        if not vma.mapped or not vma.file_page or vma.shared or vma.prot_write:
            return DONE
        self.mm.writer = k.ctx
        return None

    @step("get the page", when=_page_table)
    def get(self, k: Kernel) -> Next:
        """get_user_page_vma_remote(): a page that is not there is faulted in, once."""
        pte = self._pte(k)
        if pte.kind == PRESENT and not pte.prot_none:
            self.old = pte.frame
            assert pte.frame
            folio.get(pte.frame)
            return self.call(k, AllocPage, Uprobe.copy, use=ANON, order=0)
        if self.faulted:
            return Uprobe.leave
        self.faulted = 1
        return self.call(k, Fault, Uprobe.got, vpn=self.vpn)

    @step("look whether the fault was served", takes=CODE)
    def got(self, k: Kernel, outcome: int) -> Next:
        """A position past the end of the file, for one, has no page to probe."""
        return Uprobe.get if outcome == SERVED else Uprobe.leave

    @step("copy the page and write the breakpoint", takes=FRAME)
    def copy(self, k: Kernel, frame: Frame | None) -> Next:
        """copy_highpage(), copy_to_page()."""
        if not frame:
            return Uprobe.leave
        self.frame = frame
        folio.get(frame)
        assert self.old
        folio.copy_bytes(k, self.old, frame)
        change_bytes(k, frame, self.content, "written by the kernel")
        return None

    @step("clear the old PTE", when=_page_table)
    def take_down(self, k: Kernel) -> Next:
        """__replace_page(): ptep_clear_flush()."""
        pte = self._pte(k)
        assert self.old
        if pte.kind != PRESENT or pte.frame is not self.old or self.old.locked:
            return Uprobe.leave
        return clear_flush(self, k, pte, Uprobe.set)

    @step("set the new PTE", when=_page_table)
    def set(self, k: Kernel) -> Next:
        """set_pte_at(), read-only."""
        self.mm.ptl = None
        if self._pte(k).kind == NONE:
            assert self.frame
            pagetable.install(k, self._pte(k), self.frame, writable=0, dirty=0, exclusive=1)
            folio.add_lru(k, self.frame)
            where = (self.mm.index, self.vpn)
            k.emit(ev.PUT, k.cpu, *where, self.content, ev.REASON["written by the kernel"])
        return None

    @step("let go of the pages")
    def leave(self, k: Kernel) -> Next:
        """And drop mmap_lock."""
        freed = put_held(self, k, Uprobe.leave)
        if freed:
            return freed
        self.mm.writer = None
        return DONE


class Merge(Operation, name="ksm", function="try_to_merge_two_pages"):
    """try_to_merge_two_pages(): two equal anonymous pages become one, mapped read-only by both.

    First the page that stays is write-protected, then the one that goes; (mm, vpn) is the address
    being changed. A KSM page is told apart by nothing but its mappings: the last one left may be
    made writable in place, where the kernel copies. What a monitor has write-protected stays so,
    where replace_page() makes the new entry from the rights of the mapping alone.
    """

    mm = Required[Mm]("mm")
    vpn = Local(of="page")
    mm2 = Required[Mm]("mm", "the other address space")
    vpn2 = Local(of="page")
    frame = Reference[Frame]("frame", "the page that stays, locked, with a reference")
    old = Reference[Frame]("frame", "the page that goes, likewise")
    second = Local("the page that goes is being write-protected")
    was = Local("what the PTE said that is clear for the moment")

    def _mmap_read(self, k: Kernel) -> bool:
        """mmap_lock of both address spaces."""
        return all(locks.mmap_read(mm, self.ctx) for mm in (self.mm, self.mm2))

    def _page_table(self, k: Kernel) -> bool:
        return locks.page_table(self.mm, self.ctx)

    def _pte(self, k: Kernel) -> Pte:
        return k.m.pte_at(self.mm, self.vpn)

    def _take_down(self, k: Kernel, then: Step) -> Next:
        """ptep_clear_flush(), which gives back what the entry said."""
        pte = self._pte(k)
        bits = enumerate((pte.writable, pte.dirty, pte.exclusive, pte.uffd_wp, pte.prot_none))
        self.was = sum(bit << number for number, bit in bits)
        return clear_flush(self, k, pte, then)

    def _set(self, k: Kernel, frame: Frame, *, keeps: int = 0) -> None:
        """set_pte_at() where the PTE was cleared. Of what it said it `keeps` some: what hides it
        and what a monitor has asked for it keeps in any case.
        """
        said, self.was = self.was & (keeps | HIDDEN | GUARDED), 0
        rights = {"writable": int(bool(said & WRITABLE)), "dirty": int(bool(said & DIRTY))}
        pte = self._pte(k)
        pagetable.install(k, pte, frame, exclusive=int(bool(said & EXCLUSIVE)), **rights)
        pte.uffd_wp = int(bool(said & GUARDED))
        pte.prot_none |= int(bool(said & HIDDEN))

    @step("lock both pages", when=_mmap_read)
    def begin(self, k: Kernel) -> Next:
        """cmp_and_merge_page(): anonymous pages of the same bytes, locked by nobody. mmap_lock is
        taken for reading: here of both, where the kernel takes one after the other
        (try_to_merge_with_ksm_page()).
        """
        found = []
        for mm, vpn in ((self.mm, self.vpn), (self.mm2, self.vpn2)):
            pte = k.m.pte_at(mm, vpn)
            frame = pte.frame if pte.kind == PRESENT else None
            if frame is None or frame.state != ANON or frame.locked or pte.prot_none:
                return DONE
            found.append(frame)
        kept, gone = found
        if kept is gone or kept.content != gone.content or gone.mapcount != 1:
            return DONE
        self.frame, self.old = kept, gone
        for frame in found:
            frame.locked = k.ctx
            folio.get(frame)
        self.mm.readers += 1
        self.mm2.readers += 1
        return None

    @step("clear a PTE to write-protect it", when=_page_table)
    def take_down(self, k: Kernel) -> Next:
        """write_protect_page(): ptep_clear_flush(), so that no store can be under way."""
        pte = self._pte(k)
        if pte.kind != PRESENT or pte.frame is not (self.old if self.second else self.frame):
            return Merge.leave
        return self._take_down(k, Merge.protect)

    @step("set it again, read-only", when=_page_table)
    def protect(self, k: Kernel) -> Next:
        """write_protect_page() looks for pins now that the PTE is clear. With one, or another
        reference, it puts the PTE back as it was, all of it; else the page is nobody's alone from
        here on (folio_try_share_anon_rmap_pte()), and it is marked dirty, since no PTE of it will
        be (try_to_merge_one_page()).
        """
        self.mm.ptl = None
        pte, frame = self._pte(k), self.old if self.second else self.frame
        assert frame
        if pte.kind != NONE:
            return Merge.leave
        held = frame.pins or frame.refs != 1
        if held and k.policy.has(guards.MERGE_UNPINNED):
            self._set(k, frame, keeps=WRITABLE | DIRTY | EXCLUSIVE)
            return Merge.leave
        if k.policy.has(guards.MERGED_IS_DIRTY):
            frame.dirty = 1
        self._set(k, frame)
        if self.second:
            return None
        self.mm.readers -= 1
        self.mm, self.mm2, self.vpn, self.vpn2 = self.mm2, self.mm, self.vpn2, self.vpn
        self.second = 1
        return Merge.take_down

    @step("compare them, and clear the PTE of the page that goes", when=_page_table)
    def replace(self, k: Kernel) -> Next:
        """pages_identical(), then replace_page(): ptep_clear_flush()."""
        assert self.frame
        assert self.old
        same = self.frame.content == self.old.content
        pte = self._pte(k)
        if not same or pte.kind != PRESENT or pte.frame is not self.old or pte.writable:
            return Merge.leave
        return self._take_down(k, Merge.set)

    @step("map the page that stays", when=_page_table)
    def set(self, k: Kernel) -> Next:
        """set_pte_at(), read-only."""
        self.mm.ptl = None
        if self._pte(k).kind == NONE:
            assert self.frame
            self._set(k, self.frame)
        return None

    @step("let go of the pages")
    def leave(self, k: Kernel) -> Next:
        """The page that went is freed, and mmap_lock dropped."""
        freed = put_held(self, k, Merge.leave)
        if freed:
            return freed
        self.mm.readers -= 1
        if not self.second:
            self.mm2.readers -= 1
        return DONE


@starts(by_process.Probe)
def _probe(k: Kernel, op: Op, args: by_process.Probe) -> Start:
    where = args.where
    vma = k.m.vma_at(k.m.mm[where.mm], where.vpn)
    if vma.mapped and vma.prot_write:
        what = "the kernel puts no breakpoint into a mapping that may be written to"
        raise Refused(f"{op.text.strip()}: {what}; mprotect it read-only first")
    return Uprobe, {"mm": k.m.mm[where.mm], "vpn": where.vpn, "content": args.content}


@starts(by_kernel.Merge)
def _merge(k: Kernel, op: Op, args: by_kernel.Merge) -> Start:
    one, two = args.page, args.other
    mm, mm2 = k.m.mm[one.space], k.m.mm[two.space]
    return Merge, {"mm": mm, "vpn": one.vpn, "mm2": mm2, "vpn2": two.vpn}
