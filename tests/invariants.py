"""Bookkeeping that must hold after every micro-step, whatever the policy (B3 to B7)."""

from __future__ import annotations

from collections import Counter

from luf_tui.engine import folio, global_asids
from luf_tui.machine import lists
from luf_tui.machine.config import X86
from luf_tui.machine.machine import Machine
from luf_tui.machine.schema import (
    ANON,
    BUDDY_TAIL,
    FILE,
    FREE_BUDDY,
    FREE_PCP,
    FREE_STATES,
    MIGRATION,
    PMD_HUGE,
    PMD_NONE,
    PMD_SPLITTING,
    PRESENT,
    SWAP,
    TABLE,
    Frame,
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
    check_large(m)
    if not recorded and not any(context.depth for context in m.ctx):
        check_rest(m)


def check_tables(m: Machine) -> None:
    """A page-table page is one page table's, and PTEs are nowhere else."""
    pages = [table.frame for table in m.table if table.frame]
    pages += [table.gathered for table in m.table if table.gathered]
    assert len(pages) == len(set(pages))
    assert all(page.state == TABLE for page in pages)
    if m.table:
        for pte in m.pte:
            assert not pte.kind or m.table_at(*m.place_of(pte)).frame, pte


def check_large(m: Machine) -> None:
    """A large entry maps a whole folio, with the same rights for each page; a CPU has all of a
    large translation or nothing.
    """
    for pmd in m.pmd:
        size = m.config.huge_pages
        ptes = m.pte[pmd.index * size : pmd.index * size + size]
        if pmd.kind not in (PMD_HUGE, PMD_SPLITTING):
            assert pmd.kind != PMD_NONE or not any(pte.kind for pte in ptes), pmd
            continue
        first = ptes[0].frame
        assert first
        assert first.order == m.config.huge_order, first
        assert [pte.frame for pte in ptes] == folio.pages(first), pmd
        assert {PRESENT} == {pte.kind for pte in ptes}
        rights = {(pte.writable, pte.dirty, pte.prot_none, pte.exclusive) for pte in ptes}
        assert len(rights) == 1, pmd
    for number, cached in enumerate(m.large):
        cpu, place = divmod(number, len(m.pmd))
        if not cached.held:
            continue
        mm, first = divmod(place * m.config.huge_pages, m.config.pages)
        held = [entry for entry in m.tlb_of(cpu) if entry.mm is m.mm[mm]]
        pages = m.range_of(first)
        assert sorted(entry.vpn for entry in held if entry.vpn in pages) == [*pages]


def check_references(m: Machine) -> None:
    """A gather's pages are counted among their references, and no free page has any."""
    gathered = Counter(pte.gathered for pte in m.pte if pte.gathered)
    for frame in m.frame:
        assert gathered[frame] <= frame.refs, frame
        assert not (frame.state in FREE_STATES and (frame.refs or frame.pins)), frame
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
            assert not frame.refs and not frame.locked, frame
            assert folio.held(frame), f"lost: {frame}"
            first = folio.head(frame)
            assert first.where is m.lru_list(m.zone_of(frame)), frame
            assert frame is first or not frame.where, frame


def check_lists(m: Machine) -> None:
    """Every list is linked both ways, counted, and says the same as its frames."""
    for head in m.lists:
        found = list(lists.members(head))
        assert head.count == len(found), head
        assert head.tail is (found[-1] if found else None)
        before = None
        for frame in found:
            assert frame.where is head
            assert frame.prev is before
            before = frame


def check_buddy(m: Machine) -> None:
    """B6, B7: blocks are merged as far as they go, and the zone counts its free pages."""
    config = m.config
    for zone in m.zone:
        frames = m.frames_of(zone)
        free = 0
        for at, frame in enumerate(frames):
            if frame.state == FREE_PCP:
                assert frame.where
                assert m.list_name(frame.where).startswith("pcp")
            if frame.state != FREE_BUDDY:
                continue
            free += 1 << frame.order
            assert frame.where
            name = m.list_name(frame.where)
            assert name.endswith(f"order {frame.order}"), (frame, name)
            assert name.startswith("pend") <= bool(frame.mark)
            for tail in m.block(frame, frame.order)[1:]:
                assert tail.state == BUDDY_TAIL
            other = at ^ (1 << frame.order)
            if frame.order < config.max_order and other + (1 << frame.order) <= len(frames):
                buddy = frames[other]
                assert buddy.state != FREE_BUDDY or buddy.order != frame.order
        assert zone.free == free


def check_mappings(m: Machine) -> None:
    """A frame's map count and reverse map are its PTEs, and no free frame is mapped."""
    mapped: Counter[Frame | None] = Counter()
    for pte in m.pte:
        if pte.kind in (PRESENT, MIGRATION):
            mapped[pte.frame] += not m.by_frame(pte)
        elif pte.gathered and m.place_of(pte)[0].ptl:
            mapped[pte.gathered] += _is_linked(pte, pte.gathered)
        else:
            assert not pte.frame and not pte.rmap_next
    assert not mapped[None]
    mapped = Counter({frame: count for frame, count in mapped.items() if count})
    for frame in m.frame:
        assert frame.mapcount == mapped[frame], frame
        chain, at = set(), frame.rmap
        while at:
            assert frame is (at.frame or at.gathered)
            chain.add(at)
            at = at.rmap_next
        assert len(chain) == frame.mapcount
        if frame.state in FREE_STATES:
            assert not frame.mapcount, frame


def _is_linked(pte: Pte, frame: Frame) -> bool:
    """Whether a cleared PTE is still in the reverse map: a dirty one of a file is until its flush,
    under the page-table lock.
    """
    at = frame.rmap
    while at and at is not pte:
        at = at.rmap_next
    return bool(at)


def check_caches(m: Machine) -> None:
    """The page cache and swap agree with the frames and with the swap entries."""
    for place in m.file_page:
        if place.frame:
            assert place.frame.file_page is place
    users = Counter(pte.slot for pte in m.pte if pte.kind == SWAP)
    for slot in m.swap:
        assert slot.users == users[slot], slot
        if slot.frame:
            assert slot.frame.slot is slot


def check_tlbs(m: Machine) -> None:
    """B3, B4: no slot is ahead of its mm, and the mask names every CPU that uses what it caches.
    One that has loaded another mm since may have been taken out, and flushes when it comes back.
    """
    for cpu in range(m.config.cpus):
        loaded = m.cpu[cpu].loaded_mm
        known = {slot.mm for slot in m.asids_of(cpu) if slot.mm}
        for slot in m.asids_of(cpu):
            if slot.mm:
                assert slot.gen <= slot.mm.tlb_gen
        seen = set()
        for entry in m.tlb_of(cpu):
            if entry.mm:
                tagged = m.config.arch != X86 or global_asids.has_one(m, entry.mm)
                assert entry.mm in known or tagged
                assert (entry.mm, entry.vpn) not in seen
                seen.add((entry.mm, entry.vpn))
                assert entry.mm.cpumask >> cpu & 1 or entry.mm is not loaded
