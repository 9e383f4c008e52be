"""A large entry becomes a table of small ones: __split_huge_pmd()."""

from __future__ import annotations

from luf_tui.engine import large, locks, pagetable
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import DONE, Local, Next, Operation, Step, step
from luf_tui.engine.operations.flush import Shootdown
from luf_tui.machine import events as ev
from luf_tui.machine.regions import Required
from luf_tui.machine.schema import PMD_SPLITTING, PMD_TABLE, Mm
from luf_tui.policy import guards

SPLIT = ev.REASON["a large entry is split"]


class SplitPmd(Operation, name="split pmd", function="__split_huge_pmd"):
    """__split_huge_pmd(): the folio stays as it is, and its pages are mapped one by one.

    No CPU may have a large and a small translation of one address at once: processors have errata
    about that. So the large entry is made unusable and flushed before small ones take its place.
    """

    mm = Required[Mm]("mm")
    vpn = Local(of="page")
    kept = Local("the caller has the page-table lock, and keeps it")
    was_dirty = Local("D, as it was read before the entry was made unusable; 2 where it was not")

    def _page_table(self, k: Kernel) -> bool:
        return locks.page_table(self.mm, self.ctx)

    @step("take the page-table lock", when=_page_table)
    def lock(self, k: Kernel) -> Next:
        """Somebody else may have split it, or taken it away, before the lock could be had."""
        if not large.whole(k.m.pte_at(self.mm, self.vpn)):
            return DONE
        self.kept = int(self.mm.ptl is k.ctx)
        self.was_dirty = 2
        if k.policy.has(guards.KEEP_HUGE_DIRTY):
            return self._invalidate(k)
        self.mm.ptl = k.ctx
        self.was_dirty = k.m.pte_at(self.mm, self.vpn).dirty
        return None

    @step("make the large entry unusable")
    def invalidate(self, k: Kernel) -> Next:
        """pmdp_invalidate() that stores what it has read: what the hardware sets meanwhile is
        lost.
        """
        return self._invalidate(k)

    def _invalidate(self, k: Kernel) -> Next:
        """pmdp_invalidate(): the entry is exchanged for one that is not present, then flushed."""
        if self.was_dirty < 2:
            for pte in large.entries(k.m, self.mm, self.vpn):
                pte.dirty = self.was_dirty
        self.mm.ptl = k.ctx
        then = SplitPmd.populate
        if not k.policy.has(guards.COUNT_THROUGH_SPLIT):
            then = SplitPmd.uncount
        if not k.policy.has(guards.FLUSH_BEFORE_SPLIT):
            return then
        k.m.pmd_at(self.mm, self.vpn).kind = PMD_SPLITTING
        return self._flush(k, then)

    def _flush(self, k: Kernel, then: Step) -> Next:
        pages = k.m.range_of(self.vpn)
        args = {"mm": self.mm, "start": pages.start, "end": pages.stop}
        return self.call(k, Shootdown, then, why=SPLIT, **args)

    @step("count its mapping no more")
    def uncount(self, k: Kernel) -> Next:
        """The wrong order: for a moment the folio has one mapping less than it has."""
        for pte in large.entries(k.m, self.mm, self.vpn):
            assert pte.frame
            pagetable.unlink(pte, pte.frame)
        return SplitPmd.populate

    @step("put a table of small entries in its place")
    def populate(self, k: Kernel) -> Next:
        """pmd_populate(), with the mappings of the pages counted first."""
        pages = k.m.range_of(self.vpn)
        if not k.policy.has(guards.COUNT_THROUGH_SPLIT):
            for pte in large.entries(k.m, self.mm, self.vpn):
                assert pte.frame
                pagetable.link(pte, pte.frame)
        k.m.pmd_at(self.mm, self.vpn).kind = PMD_TABLE
        k.emit(ev.HUGE_SPLIT, k.cpu, self.mm.index, pages.start, len(pages))
        if not k.policy.has(guards.FLUSH_BEFORE_SPLIT):
            return self._flush(k, SplitPmd.unlock)
        return self._unlock()

    @step("drop the page-table lock")
    def unlock(self, k: Kernel) -> Next:
        """The small entries are used from here on."""
        return self._unlock()

    def _unlock(self) -> Next:
        if not self.kept:
            self.mm.ptl = None
        return DONE
