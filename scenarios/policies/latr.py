"""LATR (Kumar et al., ASPLOS 2018): no IPIs; a CPU catches up when it next switches context.

Play any scenario under it with `--policy latr.py:Latr`; the oracle judges it like any other.
Today's kernel with one change: an unmap that nobody can notice is not flushed, and its page waits,
free and unavailable, until every CPU has caught up with the page tables it runs on. LATR's CPUs do
that at a context switch or a tick; there is no tick here. What it saves in interrupts it costs in
memory. Faults that may make a PTE writable, write() and truncate do interrupt whoever is behind:
LATR as published leaves them alone, and asks programs not to look.
"""

from luf_tui.machine.machine import Machine
from luf_tui.machine.schema import Frame, Pte, Task
from luf_tui.policy.base import DEFERRED, ORDINARY
from luf_tui.policy.batched import Batched
from luf_tui.policy.guards import LUF_GUARDS


class Latr(Batched):
    """Unmaps that nobody can notice are left to the next context switch."""

    NAME = "latr"
    SUMMARY = "LATR: a CPU catches up when it next switches context; pages wait until then"
    GUARDS = LUF_GUARDS
    API = 2

    def behind(self, m: Machine, *_: object, **__: object) -> int:
        """CPUs whose TLB is older than the page tables they run on; lazy ones look before that."""
        on = [(c.index, c.loaded_mm) for c in m.cpu if c.loaded_mm and not c.lazy]
        return sum((s.mm is mm and s.gen != mm.tlb_gen) << c for c, mm in on for s in m.asids_of(c))

    def unnoticed(self, m: Machine, pte: Pte) -> bool:
        """Whether a CPU may go on with this translation once it is gone."""
        config, at = m.config, pte.frame and pte.frame.rmap
        mm, vpn = m.place_of(pte)
        vma = m.vma_at(mm, vpn)
        while at and not at.writable:
            at = at.rmap_next
        kept = not (config.init_on_free or config.kasan or config.page_poison)
        clean = not (at or pte.dirty or mm.flush_pending)
        return kept and clean and config.arch == "x86" and bool(vma.file_page or not vma.shared)

    def pays(self, m: Machine, task: Task | None, cpu: int, pte: Pte, batch: bool) -> int:
        """As today, or not at all for now."""
        how = super().pays(m, task, cpu, pte, batch)
        return DEFERRED if how == ORDINARY and self.unnoticed(m, pte) else how

    def end_walk(self, m: Machine, task: Task | None) -> bool:
        """Free the page with a key."""
        return True

    def fold_key(self, m: Machine, task: Task | None) -> int:
        """A key that says no more than that somebody is behind."""
        return int(self.behind(m) != 0)

    def owed(self, m: Machine, frame: Frame) -> int:
        """Whom a free page waits for; nobody is given it before."""
        return self.behind(m) if frame.mark else 0

    take_key = key_mask = fault_masks = file_mask = mm_mask = behind  # whom to flush before
