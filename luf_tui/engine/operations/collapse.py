"""Small pages become a large one: khugepaged's collapse_huge_page()."""

from __future__ import annotations

from luf_tui.engine import folio, large, locks, pagetable
from luf_tui.engine.arguments import Start, check_large, starts
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import DONE, FRAME, Local, Next, Operation, step
from luf_tui.engine.operations.flush import Shootdown
from luf_tui.engine.operations.memory import MAY_DRAIN, AllocPage, FreePage, change_bytes
from luf_tui.machine import events as ev
from luf_tui.machine.regions import Reference, Required
from luf_tui.machine.schema import (
    ANON,
    NONE,
    PMD_TABLE,
    PRESENT,
    Frame,
    Mm,
    Pte,
)
from luf_tui.policy import guards
from luf_tui.script.program import Op
from luf_tui.script.verbs import by_kernel

COLLAPSE = ev.REASON["collapse"]
NOT_MAPPED, PINNED = ev.REASON["not mapped"], ev.REASON["pinned"]


class Collapse(Operation, name="collapse", function="collapse_huge_page"):
    """collapse_huge_page(): copy the pages of a range to a large folio and map that instead.

    The small entries are out of reach before anything is copied: the upper level's entry is
    cleared and flushed, and nobody changes the table below, whose lock is kept to the end (in the
    kernel the anon_vma lock and locked pages keep reclaim and migration out). Pages in swap are not
    brought in for this.
    """

    mm = Required[Mm]("mm")
    vpn = Local("the first page of the range", of="page")
    frame = Reference[Frame]("frame", "the first page of the new folio; a reference is held")
    at = Local("pages copied so far")

    def _mmap_write(self, k: Kernel) -> bool:
        return locks.mmap_write(self.mm, self.ctx)

    def _page_table(self, k: Kernel) -> bool:
        return locks.page_table(self.mm, self.ctx)

    def _ptes(self, k: Kernel) -> list[Pte]:
        return large.entries(k.m, self.mm, self.vpn)

    def _worth(self, k: Kernel) -> bool:
        """hpage_collapse_scan_pmd(): private memory with a page at least, and none elsewhere."""
        ptes = self._ptes(k)
        here = any(pte.kind == PRESENT for pte in ptes)
        only = all(pte.kind in (NONE, PRESENT) and not pte.prot_none for pte in ptes)
        return (
            here
            and only
            and k.m.pmd_at(self.mm, self.vpn).kind == PMD_TABLE
            and large.suitable(k.m, self.mm, self.vpn)
        )

    def _alone(self, k: Kernel) -> bool:
        """__collapse_huge_page_isolate(): nobody holds a page but those who map it."""
        frames = [pte.frame for pte in self._ptes(k) if pte.frame and pte.kind == PRESENT]
        mine = [page for page in frames if page is not k.m.zero_page]
        return all(page.state == ANON and not (page.refs or page.pins) for page in mine)

    @step("look whether there is something to collapse")
    def scan(self, k: Kernel) -> Next:
        """The folio is allocated before any lock is taken."""
        if not self._worth(k):
            k.emit(ev.KEEP, k.cpu, -1, NOT_MAPPED)
            return DONE
        what = {"use": ANON, "order": k.m.config.huge_order, "left": MAY_DRAIN}
        return self.call(k, AllocPage, Collapse.lock, **what)

    @step("take mmap_lock", takes=FRAME, when=_mmap_write)
    def lock(self, k: Kernel, frame: Frame | None) -> Next:
        """hugepage_vma_revalidate(): what was found before may have changed."""
        if not frame:
            return DONE
        self.frame = frame
        folio.get(frame)
        self.mm.writer = k.ctx
        return None if self._worth(k) else self._give_up(k, NOT_MAPPED)

    def _give_up(self, k: Kernel, why: int) -> Next:
        k.emit(ev.KEEP, k.cpu, -1, why)
        return Collapse.unlock

    @step("clear the entry above the table", when=_page_table)
    def take_away(self, k: Kernel) -> Next:
        """pmdp_collapse_flush(): no walk gets to the small entries any more, and no CPU has one."""
        large.take_away(k.m, self.mm, self.vpn, k.ctx)
        if not k.policy.has(guards.FLUSH_BEFORE_COLLAPSE):
            return Collapse.isolate
        return self._flush(k)

    def _flush(self, k: Kernel) -> Next:
        pages = k.m.range_of(self.vpn)
        args = {"mm": self.mm, "start": pages.start, "end": pages.stop}
        return self.call(k, Shootdown, Collapse.isolate, why=COLLAPSE, **args)

    @step("look whether anybody else has the pages")
    def isolate(self, k: Kernel) -> Next:
        """With a reference too many the table is put back (pmd_populate())."""
        if self._alone(k):
            return None
        k.m.pmd_at(self.mm, self.vpn).kind = PMD_TABLE
        return self._give_up(k, PINNED)

    @step("copy a page")
    def copy(self, k: Kernel) -> Next:
        """__collapse_huge_page_copy(); where no page is, zeros."""
        assert self.frame
        pte, target = self._ptes(k)[self.at], k.m.frame[self.frame.index + self.at]
        if pte.kind == PRESENT and pte.frame:
            folio.copy_bytes(k, pte.frame, target)
            pte.frame.saved = int(pte.frame is not k.m.zero_page)
        else:
            change_bytes(k, target, 0, "zeroed for its new owner")
        self.at += 1
        return Collapse.copy if self.at < k.m.config.huge_pages else None

    @step("let go of a small page")
    def free(self, k: Kernel) -> Next:
        """__collapse_huge_page_copy_succeeded(): a page goes that nobody else has."""
        for pte in self._ptes(k):
            if pte.kind != PRESENT:
                continue
            page = pagetable.clear(k, pte)
            page.saved = 0
            folio.free_swap_cache(page)
            if not folio.held(page):
                return self.call(k, FreePage, Collapse.free, frame=page)
            return Collapse.free
        return None

    @step("let one large entry map the range")
    def install(self, k: Kernel) -> Next:
        """set_pmd_at(), under the page-table lock."""
        assert self.frame
        writable = k.m.vma_at(self.mm, self.vpn).prot_write
        rights = {"writable": writable, "dirty": 1}
        pagetable.install_large(k, self.mm, self.vpn, self.frame, **rights)
        folio.add_lru(k, self.frame)
        return None

    @step("drop mmap_lock")
    def unlock(self, k: Kernel) -> Next:
        """A folio that nothing maps is freed."""
        if self.mm.ptl is k.ctx:
            self.mm.ptl = None
        self.mm.writer = None
        frame, self.frame = self.frame, None
        if frame and folio.put(frame):
            return self.jump(k, FreePage, frame=frame)
        return DONE


@starts(by_kernel.Collapse)
def _collapse(k: Kernel, op: Op, args: by_kernel.Collapse) -> Start:
    check_large(k, op)
    where = args.where
    return Collapse, {"mm": k.m.mm[where.mm], "vpn": k.m.range_of(where.vpn).start}
