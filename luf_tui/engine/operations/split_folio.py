"""A large folio becomes single pages: split_huge_page_to_list()."""

from __future__ import annotations

from luf_tui.engine import folio, large, locks, pagetable
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import DONE, Local, Next, Operation, step
from luf_tui.engine.operations.memory import FreePage
from luf_tui.engine.operations.split_pmd import SplitPmd
from luf_tui.engine.operations.unmap import Unmap, put_back
from luf_tui.machine import events as ev
from luf_tui.machine import lists
from luf_tui.machine.regions import Required
from luf_tui.machine.schema import ANON, MIGRATION, PRESENT, Frame, Pte


class SplitFolio(Operation, name="split folio", function="split_huge_page_to_list"):
    """split_huge_page_to_list(): nobody may hold a page of it, and nobody may map one meanwhile, so
    migration entries take the place of its PTEs. Gives whether it was split.

    Of a folio that the caller has isolated the pages go on the caller's list, or back if it stays
    whole. Pages that nobody maps any more are freed: what partial unmaps have left behind (the
    kernel's deferred split queue) goes when reclaim finds the folio.
    """

    frame = Required[Frame]("frame", "its first page")
    isolated = Local()
    whole = Local("it could not be split")

    def _folio_unlocked(self, k: Kernel) -> bool:
        return bool(self.isolated) or locks.folio(folio.head(self.frame), self.ctx)

    @step("lock the folio", when=_folio_unlocked)
    def lock(self, k: Kernel) -> Next:
        """can_split_folio(): with an extra reference it is not tried."""
        self.frame = head = folio.head(self.frame)
        if not folio.large(head):
            k.give(1)
            return DONE
        if head.locked not in (None, k.ctx):
            return self._keep(k, "locked")
        if self._wanted_by_others():
            return self._keep(k, "pinned" if head.pins else "referenced")
        head.locked = k.ctx
        return None

    def _wanted_by_others(self) -> bool:
        return any(page.refs or page.pins for page in folio.pages(self.frame))

    def _keep(self, k: Kernel, why: str) -> Next:
        if self.isolated:
            put_back(k, self.frame, why)
        else:
            k.emit(ev.KEEP, k.cpu, self.frame.pfn, ev.REASON[why])
        if self.frame.locked is k.ctx:
            self.frame.locked = None
        k.give(0)
        return DONE

    def _mapped(self) -> Pte | None:
        """A mapping of one of its pages that is present: by a large entry, if there is one."""
        ptes = (pte for page in folio.pages(self.frame) for pte in pagetable.mappings(page))
        found = [pte for pte in ptes if pte.kind == PRESENT]
        return next(filter(large.whole, found), found[0] if found else None)

    @step("unmap its pages")
    def unmap(self, k: Kernel) -> Next:
        """unmap_folio(): try_to_migrate(), large entries split first (TTU_SPLIT_HUGE_PMD)."""
        pte = self._mapped()
        if pte is None:
            return SplitFolio.freeze
        mm, vpn = k.m.place_of(pte)
        if large.whole(pte):
            return self.call(k, SplitPmd, SplitFolio.unmap, mm=mm, vpn=vpn)
        return self.call(k, Unmap, SplitFolio.unmap, frame=pte.frame, migrate=1)

    @step("freeze its references and split it")
    def freeze(self, k: Kernel) -> Next:
        """folio_ref_freeze(), __split_huge_page(): whoever took a reference meanwhile keeps it
        whole.
        """
        pages = folio.pages(self.frame)
        self.whole = int(self._wanted_by_others())
        if not self.whole:
            k.emit(ev.FOLIO_SPLIT, k.cpu, self.frame.pfn, self.frame.order)
            for page in pages:
                page.order, page.locked, page.lazyfree = 0, k.ctx, self.frame.lazyfree
        return None

    def _pages(self, k: Kernel) -> list[Frame]:
        """The pages that it has, or had."""
        return k.m.block(self.frame, k.m.config.huge_order)

    def _entry(self, k: Kernel) -> Pte | None:
        """A migration entry that stands for one of its pages."""
        ptes = (pte for page in self._pages(k) for pte in pagetable.mappings(page))
        return next((pte for pte in ptes if pte.kind == MIGRATION), None)

    def _page_table(self, k: Kernel) -> bool:
        pte = self._entry(k)
        return pte is None or locks.page_table(k.m.place_of(pte)[0], self.ctx)

    @step("map a page again", when=_page_table)
    def remap(self, k: Kernel) -> Next:
        """remap_page(): entries were not present, so no flush."""
        pte = self._entry(k)
        if pte:
            assert pte.frame
            pagetable.remap(k, pte, pte.frame, pte.frame)
            return SplitFolio.remap
        if self.whole:
            return self._keep(k, "referenced")
        return None

    @step("let go of a page")
    def unlock(self, k: Kernel) -> Next:
        """Unlock each page; one that nobody maps is freed (free_folio_and_swap_cache())."""
        for page in self._pages(k):
            if page.locked is not k.ctx or page.state != ANON:
                continue
            page.locked = None
            if not folio.held(page):
                return self.call(k, FreePage, SplitFolio.unlock, frame=page)
            if self.isolated:
                lists.push_tail(k.m.task_list(k.current, "isolated"), page)
            else:
                folio.add_lru(k, page)
        k.give(1)
        return DONE
