"""What lines of the map begin at: TLB entries by CPU, and page tables by process."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import frozen

from luf_tui.machine.refs import Ref
from luf_tui.machine.schema import (
    NONE,
    PRESENT,
    Cpu,
    Mm,
    PageTable,
    Pte,
    Shootdown,
    TlbEntry,
    WalkEntry,
)
from luf_tui.timeline.timeline import Timeline
from luf_tui.view import last_seen, names
from luf_tui.view.changes import before, changed, gutter, lit, stale_at, stale_moved
from luf_tui.view.columns import pad
from luf_tui.view.marks import ROLES, Mark, Row, clean
from luf_tui.view.panes import pagetables, tlbs
from luf_tui.view.panes.pagetables import known_pages

MANY = 6
"""Up to so many CPUs, also those that do nothing and cache nothing are shown."""
SPARE_ROWS = 3
"""Rows of an address space that are no pages: its name, how many more there are, a space."""
SHOOTDOWN = (Shootdown.waiting,)


@frozen
class End:
    """A row of an outer column of the map: what it says, and where a line leads from it."""

    row: Row
    ref: Ref | None = None
    """The thing itself."""
    owner: Ref | None = None
    """The CPU or the address space it is one of."""
    leads: int = -1
    """A frame; -1 where there is no line."""
    stale: bool = False
    """Whether the page table disagrees with it."""
    role: str = "text"
    """That of its line."""
    changed: bool = False
    shootdown: int = -1
    """The CPU whose flush of others the row is about, or -1."""
    waits: bool = False
    """Whether it is that CPU which the row belongs to, and not one that has yet to answer."""


# -- TLBs -----------------------------------------------------------------------------------


def entries(timeline: Timeline) -> list[list[End]]:
    """A block of rows a CPU, and one for the device where that translates for itself."""
    m = timeline.machine
    cpus = range(timeline.config.cpus)
    blocks = [_cpu(timeline, cpu) for cpu in cpus]
    if len(blocks) > MANY:
        blocks = [block for block in blocks if len(block) > 1 or block[0].changed]
        left_out = len(cpus) - len(blocks)
        told = f"{left_out} with nothing cached"
        blocks += [[End((Mark(told, "dim"),))]] if left_out else []
    if timeline.config.secondary_tlb:
        rows = [row for entry in m.device_tlb for row in _entry(timeline, None, None, entry)]
        blocks.append([End((Mark("device", "title"),)), *rows])
    return blocks


def _cpu(timeline: Timeline, cpu: int) -> list[End]:
    m = timeline.machine
    now, owner = m.cpu[cpu], Ref("cpu", cpu)
    rows = [_head(timeline, now), *_waits(timeline, cpu, owner)]
    for entry in m.tlb_of(cpu):
        rows += _entry(timeline, now.loaded_mm, owner, entry)
    for mm in m.mm:
        for walk in m.walks_of(cpu, mm):
            if walk.table:
                rows.append(_walk(timeline, mm, walk, owner))
    return rows


def _head(timeline: Timeline, now: Cpu) -> End:
    m, ref = timeline.machine, Ref("cpu", now.index)
    moved = changed(timeline, "cpu", now.index, tlbs.HEAD)
    running = clean(m.config.tasks[now.task.index].name) if now.task else "idle"
    running = "offline" if now.offline else running
    row = [Mark(f"cpu{now.index} ", "title", ref), Mark(running, "text", ref)]
    if now.lazy and now.loaded_mm:
        row.append(Mark(f" · lazy {names.process(m, now.loaded_mm.index)}", "dim", ref))
    return End(gutter(lit(tuple(row), when=moved)), ref, ref, changed=moved)


def _waits(timeline: Timeline, cpu: int, owner: Ref) -> Iterator[End]:
    """Whom a CPU waits for, and who waits for it: a row a flush that is under way."""
    m = timeline.machine
    for asking in m.shootdown:
        moved = changed(timeline, "shootdown", asking.index, SHOOTDOWN)
        if asking.index == cpu and asking.waiting:
            told = f"↯ waits for {names.cpus(asking.waiting, short=True)}"
            row = gutter((Mark(told, "ipi", owner, moved),))
            yield End(row, owner, owner, shootdown=cpu, waits=True, changed=moved)
        elif asking.waiting >> cpu & 1:
            busy = m.cpu[cpu].handling == asking.index
            told = f"↯ {'interrupted by' if busy else 'asked by'} cpu{asking.index}"
            row = gutter((Mark(told, "ipi", owner, moved),))
            yield End(row, owner, owner, shootdown=asking.index, changed=moved)


def _entry(
    timeline: Timeline, loaded: Mm | None, owner: Ref | None, entry: TlbEntry
) -> Iterator[End]:
    """What a slot of a TLB lost in this step, and what it has."""
    ref = Ref("tlb", entry.index)
    if changed(timeline, "tlb", entry.index, tlbs.IDENTITY):
        mm, vpn, frame = (before(timeline, entry, field) for field in tlbs.IDENTITY)
        if mm and frame:
            was = f" was {_page(timeline, loaded, mm, vpn)} → "
            row = gutter((Mark(was, "dim", ref, changed=True), _frame(frame.pfn, "dim")))
            yield End(row, ref, owner, changed=True)
    if not entry.mm or not entry.frame:
        return
    usable = stale_at(timeline, timeline.position).get(entry.index)
    role = "text" if usable is None else "stale" if usable else "unusable"
    danger = bool(usable) and entry.writable and entry.dirty
    ink = "danger" if danger else role
    moved = entry.index in stale_moved(timeline)
    moved |= changed(timeline, "tlb", entry.index, tlbs.SHOWN)
    page = pad(_page(timeline, loaded, entry.mm, entry.vpn), names.cached_width(timeline))
    told = (
        Mark("↯", "ipi", ref) if entry.issued else Mark(ROLES[ink].glyph or " ", ink, ref),
        Mark(f" {page} {names.rights(entry)}", ink, ref),
    )
    stale = usable is not None
    row = gutter(lit(told, when=moved))
    yield End(row, ref, owner, entry.frame.pfn, stale=stale, role=role, changed=moved)


def _page(timeline: Timeline, loaded: Mm | None, mm: Mm, vpn: int) -> str:
    """A page, with its address space where that is not the one the CPU has loaded."""
    page = names.page(timeline.machine, mm.index, vpn)
    return page if loaded is mm else f"{names.process(timeline.machine, mm.index)}:{page}"


def _frame(pfn: int, role: str) -> Mark:
    return Mark(f"f{pfn}", role, Ref("frame", pfn))


def _walk(timeline: Timeline, mm: Mm, walk: WalkEntry, owner: Ref) -> End:
    """A page-table page that a CPU remembers."""
    m = timeline.machine
    assert walk.table
    first = (walk.index % m.config.tables) * m.config.table_span
    table = m.table_at(mm, first)
    known = table.frame is walk.table
    moved = changed(timeline, "walk", walk.index, (WalkEntry.table, WalkEntry.issued))
    moved |= known != (before(timeline, table, PageTable.frame) is walk.table)
    role = "text" if known else "stale"
    page = _page(timeline, m.cpu[owner.index].loaded_mm, mm, first)
    told = (Mark("▤" if known else "~", role), Mark(f" {page} ⇒", role))
    row, ref, leads = gutter(lit(told, when=moved)), Ref("walk", walk.index), walk.table.pfn
    return End(row, ref, owner, leads, stale=not known, role=role, changed=moved)


# -- page tables ------------------------------------------------------------------------------


def pages(timeline: Timeline, most: int) -> list[list[End]]:
    """A block of rows an address space, in so many rows; too few are divided among them."""
    told = [(mm, *_told(timeline, mm)) for mm in timeline.machine.mm if mm.alive]
    wanted = sum(SPARE_ROWS + len(said) for _, said, _ in told)
    share = most if wanted <= most else max(SPARE_ROWS + 2, most // len(told) - 1)
    return [_space(timeline, mm, said, silent, share) for mm, said, silent in told]


def _space(timeline: Timeline, mm: Mm, said: list[int], silent: int, most: int) -> list[End]:
    m, owner = timeline.machine, Ref("mm", mm.index)
    head = End(
        (
            Mark(f"{names.process(m, mm.index)} ", "title", owner),
            Mark(f"on {names.cpus(mm.cpumask, short=True)}", "dim", owner),
        ),
        owner,
        owner,
    )
    rows = [head, *_tables(timeline, mm, owner)]
    room = max(1, most - SPARE_ROWS - len(rows) + 1)
    new = [
        vpn for vpn in said if changed(timeline, "pte", m.pte_at(mm, vpn).index, pagetables.SHOWN)
    ]
    first = said[: max(0, room - len(new))]
    kept = said if len(said) <= room else sorted({*new[:room], *first})
    rows += [_pte(timeline, mm, vpn, owner) for vpn in kept]
    more = len(said) - len(kept)
    if more:
        rows.append(End((Mark(f" … {more} more", "dim"),)))
    elif silent:
        rows.append(End((Mark(f" {silent} never mapped", "dim"),)))
    return rows


def _told(timeline: Timeline, mm: Mm) -> tuple[list[int], int]:
    """Pages that are or were mapped, or are cached; and how many others the process may use."""
    m = timeline.machine
    cached = {entry.vpn for entry in m.tlb.holding(TlbEntry.mm, mm)}
    touched, first = names.touched(timeline), m.first_page[mm.index]
    known = known_pages(timeline, mm)
    said = {
        vpn
        for vpn in known
        if m.pte[first + vpn].kind
        or ("pte", first + vpn) in touched
        or last_seen.frame_of_page(timeline, mm.index, vpn) >= 0
    }
    return sorted(said | cached), len(set(known) - said - cached)


def _tables(timeline: Timeline, mm: Mm, owner: Ref) -> Iterator[End]:
    """The page-table pages of an address space, on a machine that has them."""
    m = timeline.machine
    for number, table in enumerate(m.tables_of(mm)):
        moved = changed(timeline, "table", table.index, (PageTable.frame,))
        if table.frame or moved:
            page = names.page(m, mm.index, number * m.config.table_span)
            row = gutter((Mark(f"▤ {page}", "text", changed=moved),))
            leads = table.frame.pfn if table.frame else -1
            yield End(row, Ref("table", table.index), owner, leads, changed=moved)


def _pte(timeline: Timeline, mm: Mm, vpn: int, owner: Ref) -> End:
    m = timeline.machine
    pte = m.pte_at(mm, vpn)
    moved = changed(timeline, "pte", pte.index, pagetables.SHOWN)
    ref = Ref("pte", pte.index)
    page = pad(names.page(m, mm.index, vpn), names.page_width(timeline))
    name = Mark(f" {page} ", "text" if pte.kind else "dim", ref)
    leads, told = _leads(timeline, mm, vpn, pte)
    row = gutter(lit((name, *told), when=moved))
    return End(row, ref, owner, leads, changed=moved)


def _leads(timeline: Timeline, mm: Mm, vpn: int, pte: Pte) -> tuple[int, Row]:
    """The frame that a page-table entry leads to, -1 for none, and what it says besides."""
    ref = Ref("pte", pte.index)
    if pte.kind == PRESENT and pte.frame:
        return pte.frame.pfn, (Mark(_flags(pte), "text", ref),)
    if pte.frame:
        return pte.frame.pfn, (Mark("migrating", "saved", ref),)
    if pte.slot:
        return -1, (Mark(f"swap {pte.slot.index}", "dim", ref),)
    assert pte.kind == NONE
    was = last_seen.frame_of_page(timeline, mm.index, vpn)
    gone = Mark("–", "dim", ref)
    return -1, (gone,) if was < 0 else (gone, Mark("  was ", "dim", ref), _frame(was, "dim"))


def _flags(pte: Pte) -> str:
    """The rights and the bits of a page that is mapped."""
    told = (
        ("w" if pte.writable else "r") + ("A" if pte.accessed else "") + ("D" if pte.dirty else "")
    )
    return told + (" uffd-wp" if pte.uffd_wp else "") + (" hidden" if pte.prot_none else "")
