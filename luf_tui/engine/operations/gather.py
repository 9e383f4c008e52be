"""tlb_flush_pending: operations that changed PTEs of an mm and have yet to flush."""

from __future__ import annotations

from luf_tui.engine.kernel import Kernel
from luf_tui.machine.schema import Mm, Pte
from luf_tui.policy import guards


def begin_gather(k: Kernel, mm: Mm) -> None:
    """inc_tlb_flush_pending(): others are told before the first PTE changes."""
    mm.flush_pending = mm.flush_pending + 1 if k.policy.has(guards.COUNT_GATHERS) else 1


def end_gather(k: Kernel, mm: Mm) -> None:
    """dec_tlb_flush_pending(): what this operation changed is flushed. As a flag it forgets that
    another one is still on its way.
    """
    mm.flush_pending = mm.flush_pending - 1 if k.policy.has(guards.COUNT_GATHERS) else 0


def nested(k: Kernel, mm: Mm) -> bool:
    """mm_tlb_flush_nested(): another gather is in flight, so a PTE that this one found changed
    may still be cached; it flushes the whole mm, whether it changed anything or not.
    """
    return mm.flush_pending > 1 and k.policy.has(guards.FLUSH_NESTED_GATHER)


def reachable(k: Kernel, pte: Pte, mm: Mm) -> bool:
    """pte_accessible(): a CPU may have the PTE cached. What PROT_NONE hides it may have cached
    only while the flush for that is on its way (pte_accessible()).
    """
    if pte.prot_none:
        return bool(mm.flush_pending) and k.policy.has(guards.FLUSH_HIDDEN_WHILE_PENDING)
    return True
