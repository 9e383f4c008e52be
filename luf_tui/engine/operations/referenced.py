"""Page age: whether a page was used since that was last asked (folio_referenced()).

Clearing the accessed bit flushes nothing. A CPU that has the translation cached does not set the
bit again, so that a page in use can look old: it is reclaimed a little early, and nothing is lost.
"""

from __future__ import annotations

from luf_tui.engine import hardware, locks, pagetable
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import DONE, Local, Next, Operation, step
from luf_tui.machine import events as ev
from luf_tui.machine import lists
from luf_tui.machine.config import ARM64
from luf_tui.machine.regions import Reference, Required
from luf_tui.machine.schema import PRESENT, Frame, Pte


class Referenced(Operation, name="referenced", function="folio_referenced"):
    """Ask every mapping of a folio whether it was used, and clear the bit. Gives 1 if one was."""

    frame = Required[Frame]("frame")
    at = Reference[Pte]("pte", "the mapping that was asked last")
    young = Local("one of them was used")

    def _next(self) -> Pte | None:
        """The next mapping that was used, in walk order; none once the last one asked is gone."""
        ptes = list(pagetable.mappings(self.frame))
        if self.at:
            ptes = ptes[ptes.index(self.at) + 1 :] if self.at in ptes else []
        return next((pte for pte in ptes if pte.kind == PRESENT and pte.accessed), None)

    def _page_table(self, k: Kernel) -> bool:
        """The page-table lock of the next mapping that was used."""
        pte = self._next()
        return pte is None or locks.page_table(k.m.place_of(pte)[0], self.ctx)

    @step("ask a mapping whether it was used", when=_page_table)
    def ask(self, k: Kernel) -> Next:
        """ptep_clear_flush_young(): x86 and riscv flush nothing, arm64 does not wait for it."""
        pte = self._next()
        if pte is None:
            k.give(self.young)
            return DONE
        mm, vpn = k.m.place_of(pte)
        self.at, self.young, pte.accessed = pte, 1, 0
        k.emit(ev.AGE, k.cpu, mm.index, vpn, self.frame.pfn)
        if k.m.config.arch == ARM64:
            hardware.issue(k, k.cpu, mm, vpn, vpn + 1)
        return Referenced.ask


def make_old(k: Kernel, frame: Frame) -> None:
    """folio_deactivate(): a folio goes to the end of its LRU at which reclaim begins."""
    if frame.where:
        lists.unlink(frame)
    lists.push_tail(k.m.lru_list(k.m.zone_of(frame)), frame)
