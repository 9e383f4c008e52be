"""Bookkeeping that must hold after every micro-step, whatever the policy (baseline, section 9)."""

from __future__ import annotations

from collections import Counter

from luf_tui.engine import folio
from luf_tui.machine import lists
from luf_tui.machine.machine import Machine
from luf_tui.machine.schema import (
    ANON,
    BUDDY_TAIL,
    FILE,
    FREE_BUDDY,
    FREE_PCP,
    FREE_STATES,
    MIGRATION,
    PRESENT,
    SWAP,
    TABLE,
    Pte,
)


def check(m: Machine, *, recorded: bool = False) -> None:
    """Raise AssertionError at the first bookkeeping rule that does not hold.

    A `recorded` machine is only known in part: pages have owners that the trace does not tell of.
    """
    check_lists(m)
    check_buddy(m)
    check_mappings(m)
    check_caches(m)
    check_tlbs(m)
    check_references(m)
    check_tables(m)
    if not recorded and not any(context.depth for context in m.ctx):
        check_rest(m)


def check_tables(m: Machine) -> None:
    """A page-table page is one page table's, and PTEs are nowhere else."""
    pages = [table.frame for table in m.table if table.frame]
    pages += [table.gathered for table in m.table if table.gathered]
    assert len(pages) == len(set(pages))
    assert all(m.frame[pfn - 1].state == TABLE for pfn in pages)
    if m.table:
        for pte in m.pte:
            mm, vpn = divmod(pte.index, m.config.pages)
            assert not pte.kind or m.table_at(mm, vpn).frame, (mm, vpn)


def check_references(m: Machine) -> None:
    """A gather's pages are counted among their references, and no free page has any."""
    gathered = Counter(pte.gathered - 1 for pte in m.pte if pte.gathered)
    for frame in m.frame:
        assert gathered[frame.index] <= frame.refs, frame.index
        assert not (frame.state in FREE_STATES and (frame.refs or frame.pins)), frame.index
    for pte in m.pte:
        assert bool(pte.gathered) == bool(pte.gatherer)


def check_rest(m: Machine) -> None:
    """Nothing in flight: no lock and no reference is left, and every page that is used can be
    found by reclaim or is wanted by nobody's fault.
    """
    for space in m.mm:
        assert not space.ptl and not space.readers and not space.writer and not space.flush_pending
    for frame in m.frame:
        if frame.state in (ANON, FILE):
            assert not frame.refs and not frame.locked, frame.index
            assert folio.held(frame), f"frame {frame.index} is lost"
            assert frame.where == m.lru_list(m.node_of[frame.index]) + 1, frame.index


def check_lists(m: Machine) -> None:
    """Every list is linked both ways, counted, and says the same as its frames."""
    for which, head in enumerate(m.lists):
        found = list(lists.members(m, which))
        assert head.count == len(found), m.list_name(which)
        assert head.tail == (found[-1] + 1 if found else 0)
        before = 0
        for pfn in found:
            assert m.frame[pfn].where == which + 1
            assert m.frame[pfn].prev == before
            before = pfn + 1


def check_buddy(m: Machine) -> None:
    """B6, B7: blocks are merged as far as they go, and the zone counts its free pages."""
    config = m.config
    for node, spec in enumerate(config.nodes):
        first = m.first_frame[node]
        free = 0
        for at in range(spec.frames):
            frame = m.frame[first + at]
            if frame.state == FREE_PCP:
                assert m.list_name(frame.where - 1).startswith("pcp")
            if frame.state != FREE_BUDDY:
                continue
            free += 1 << frame.order
            name = m.list_name(frame.where - 1)
            assert name.endswith(f"order {frame.order}"), (first + at, name)
            assert name.startswith("pend") <= bool(frame.mark)
            for tail in range(1, 1 << frame.order):
                assert m.frame[first + at + tail].state == BUDDY_TAIL
            other = at ^ (1 << frame.order)
            if frame.order < config.max_order and other + (1 << frame.order) <= spec.frames:
                buddy = m.frame[first + other]
                assert buddy.state != FREE_BUDDY or buddy.order != frame.order
        assert m.zone[node].free == free


def check_mappings(m: Machine) -> None:
    """A frame's map count and reverse map are its PTEs, and no free frame is mapped."""
    mapped: Counter[int] = Counter()
    for pte in m.pte:
        if pte.kind in (PRESENT, MIGRATION):
            mapped[pte.pfn - 1] += 1
        elif pte.gathered and m.mm[pte.index // m.config.pages].ptl:
            mapped[pte.gathered - 1] += _is_linked(m, pte)
        else:
            assert not pte.pfn and not pte.rmap_next
    for frame in m.frame:
        assert frame.mapcount == mapped[frame.index], frame.index
        chain, at = set(), frame.rmap
        while at:
            linked = m.pte[at - 1]
            assert frame.index + 1 == (linked.pfn or linked.gathered)
            chain.add(at)
            at = m.pte[at - 1].rmap_next
        assert len(chain) == frame.mapcount
        if frame.state in FREE_STATES:
            assert not frame.mapcount, frame.index


def _is_linked(m: Machine, pte: Pte) -> bool:
    """Whether a cleared PTE is still in the reverse map: a dirty one of a file is until its flush,
    under the page-table lock.
    """
    at = m.frame[pte.gathered - 1].rmap
    while at and at != pte.index + 1:
        at = m.pte[at - 1].rmap_next
    return bool(at)


def check_caches(m: Machine) -> None:
    """The page cache and swap agree with the frames and with the swap entries."""
    for place in m.file_page:
        if place.frame:
            assert m.frame[place.frame - 1].file_page == place.index + 1
    users = Counter(pte.slot for pte in m.pte if pte.kind == SWAP)
    for slot in m.swap:
        assert slot.users == users[slot.index + 1], slot.index
        if slot.frame:
            assert m.frame[slot.frame - 1].slot == slot.index + 1


def check_tlbs(m: Machine) -> None:
    """B3, B4: no slot is ahead of its mm, and the mask names every CPU with entries."""
    for cpu in range(m.config.cpus):
        known = {slot.mm for slot in m.asids_of(cpu) if slot.mm}
        for slot in m.asids_of(cpu):
            if slot.mm:
                assert slot.gen <= m.mm[slot.mm - 1].tlb_gen
        seen = set()
        for entry in m.tlb_of(cpu):
            if entry.mm:
                assert entry.mm in known
                assert (entry.mm, entry.vpn) not in seen
                seen.add((entry.mm, entry.vpn))
                assert m.mm[entry.mm - 1].cpumask >> cpu & 1
