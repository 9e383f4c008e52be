"""Which page an allocation reclaims that finds none free (direct reclaim)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from luf_tui.engine import folio, pagetable
from luf_tui.machine import lists
from luf_tui.machine.machine import Machine
from luf_tui.machine.schema import ANON, Frame, Mm, Pte, Zone

if TYPE_CHECKING:
    from luf_tui.engine.kernel import Kernel


def victim(k: Kernel, only: Zone | None) -> Frame | None:
    """The page to reclaim: node by node, as shrink_zones() goes, the oldest clean page of a file,
    or one that MADV_FREE gave up; where there is none, the oldest anonymous page that swap has
    room for. None where there is none either. That is what shrink_lruvec() comes to; where pages
    have an age, reclaim itself asks for it.
    """
    m = k.m
    wanted = _wanted(k)
    for zone in m.zone:
        if only not in (None, zone):
            continue
        found = [frame for frame in lists.members(m.lru_list(zone)) if _free_to_go(frame)]
        oldest = [frame for frame in found[::-1] if not wanted or not _maps(m, frame, wanted)]
        for fits in (_clean, _swappable):
            taken = next((frame for frame in oldest if fits(m, frame)), None)
            if taken:
                return taken
    return None


def _wanted(k: Kernel) -> set[tuple[Mm, int]]:
    """The pages that accesses in flight are for. What a fault has just mapped is young, and reclaim
    passes it over (folio_check_references()); so no two accesses take one page from each other for
    ever.
    """
    m, found = k.m, set()
    for task in m.task:
        ctx = m.task_ctx(task)
        act = k.view(ctx, 0) if ctx.depth and task.mm else None
        if act and task.mm and isinstance(act, k.access):
            found.add((task.mm, act.LOCALS["vpn"].raw(act)))
    return found


def _maps(m: Machine, frame: Frame, wanted: set[tuple[Mm, int]]) -> bool:
    return any(m.place_of(pte) in wanted for pte in _mappings(frame))


def _mappings(frame: Frame) -> Iterator[Pte]:
    """The PTEs of a folio, present or migration entries."""
    return (pte for page in folio.pages(frame) for pte in pagetable.mappings(page))


def _free_to_go(frame: Frame) -> bool:
    """It is not on its way to the free lists, and nobody holds it: else reclaim would keep it."""
    pages = folio.pages(frame)
    return folio.held(frame) and not any(one.locked or one.pins or one.refs for one in pages)


def _clean(m: Machine, frame: Frame) -> bool:
    """It can be dropped as it is: direct reclaim writes no file (shrink_folio_list())."""
    if frame.state == ANON and not frame.lazyfree:
        return False
    return not frame.dirty and not any(pte.dirty for pte in _mappings(frame))


def _swappable(m: Machine, frame: Frame) -> bool:
    """It has a place in swap, or can get one (folio_alloc_swap())."""
    room = frame.slot or folio.free_slot(m)
    return frame.state == ANON and not frame.lazyfree and bool(room)
