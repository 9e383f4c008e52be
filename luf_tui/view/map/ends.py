"""What lines of the map begin at: TLB entries by CPU, and page tables by process."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import evolve, frozen

from luf_tui.machine.refs import Ref
from luf_tui.machine.schema import NONE, PRESENT, Cpu, Mm, Pte, TlbEntry, WalkEntry
from luf_tui.timeline.caches import per_position
from luf_tui.timeline.timeline import Timeline
from luf_tui.view import last_seen, names
from luf_tui.view.columns import pad
from luf_tui.view.marks import Mark, Row, clean
from luf_tui.view.panes.pagetables import known_pages

MANY = 6
"""Up to so many CPUs, also those that do nothing and cache nothing are shown."""
SPARE_ROWS = 3
"""Rows of an address space that are no pages: its name, how many more there are, a space."""
CHANGED, CALM = Mark("•", "changed"), Mark(" ")


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
    changed = ("cpu", now.index) in names.touched(timeline)
    running = clean(m.config.tasks[now.task.index].name) if now.task else "idle"
    running = "offline" if now.offline else running
    row = [Mark(f"cpu{now.index} ", "title", ref), Mark(running, "text", ref)]
    if now.lazy and now.loaded_mm:
        row.append(Mark(f" · lazy {names.process(m, now.loaded_mm.index)}", "dim", ref))
    return End((CHANGED if changed else CALM, *row), ref, ref, changed=changed)


def _waits(timeline: Timeline, cpu: int, owner: Ref) -> Iterator[End]:
    """Whom a CPU waits for, and who waits for it: a row a flush that is under way."""
    m = timeline.machine
    changed = names.touched(timeline)
    for asking in m.shootdown:
        moved = CHANGED if ("shootdown", asking.index) in changed else CALM
        if asking.index == cpu and asking.waiting:
            told = f"↯ waits for {names.cpus(asking.waiting, short=True)}"
            row = (moved, Mark(told, "ipi", owner))
            yield End(row, owner, owner, shootdown=cpu, waits=True)
        elif asking.waiting >> cpu & 1:
            busy = m.cpu[cpu].handling == asking.index
            told = f"↯ {'interrupted by' if busy else 'asked by'} cpu{asking.index}"
            yield End((moved, Mark(told, "ipi", owner)), owner, owner, shootdown=asking.index)


def _entry(
    timeline: Timeline, loaded: Mm | None, owner: Ref | None, entry: TlbEntry
) -> Iterator[End]:
    """What a slot of a TLB lost in this step, and what it has."""
    changed = ("tlb", entry.index) in names.touched(timeline)
    was = _before(timeline, entry) if changed else None
    now = (entry.mm.index, entry.vpn, entry.frame.pfn) if entry.mm and entry.frame else None
    ref = Ref("tlb", entry.index)
    if was and (now is None or was != now):
        page = _page(timeline, loaded, *was[:2])
        row = (CHANGED, Mark(f" was {page} → ", "changed", ref), _frame(was[2], "changed"))
        yield End(row, ref, owner, changed=True)
    if not now:
        return
    is_stale = entry.index in names.stale_entries(timeline)
    danger = is_stale and entry.writable and entry.dirty
    glyph, role = ("≈", "danger") if danger else ("~", "stale") if is_stale else (" ", "text")
    page = pad(_page(timeline, loaded, *now[:2]), names.cached_width(timeline))
    row = (
        CHANGED if changed else CALM,
        Mark("↯", "ipi", ref) if entry.issued else Mark(glyph, role, ref),
        Mark(f" {page} {names.rights(entry)}", role, ref),
    )
    yield End(row, ref, owner, now[2], stale=is_stale, changed=changed)


def _before(timeline: Timeline, entry: TlbEntry) -> tuple[int, int, int] | None:
    """Address space, page and frame of a slot before the last micro-step; None if it was empty."""
    cells = _old(timeline)
    mm, vpn, frame = (
        cells.get(entry.base + field.offset, field.raw(entry))
        for field in (TlbEntry.mm, TlbEntry.vpn, TlbEntry.frame)
    )
    return (mm - 1, vpn, frame - 1) if mm and frame else None


@per_position
def _old(timeline: Timeline) -> dict[int, int]:
    """What the cells held that the last micro-step changed."""
    changed = timeline.changed_cells(timeline.position)
    return {cell: old for cell, (old, _) in changed.items()}


def _page(timeline: Timeline, loaded: Mm | None, mm: int, vpn: int) -> str:
    """A page, with its address space where that is not the one the CPU has loaded."""
    m = timeline.machine
    page = names.page(m, mm, vpn)
    return page if loaded is m.mm[mm] else f"{names.process(m, mm)}:{page}"


def _frame(pfn: int, role: str) -> Mark:
    return Mark(f"f{pfn}", role, Ref("frame", pfn))


def _walk(timeline: Timeline, mm: Mm, walk: WalkEntry, owner: Ref) -> End:
    """A page-table page that a CPU remembers."""
    m = timeline.machine
    assert walk.table
    first = (walk.index % m.config.tables) * m.config.table_span
    known = m.table_at(mm, first).frame is walk.table
    changed = ("walk", walk.index) in names.touched(timeline)
    role = "text" if known else "stale"
    page = _page(timeline, m.cpu[owner.index].loaded_mm, mm.index, first)
    row = (
        CHANGED if changed else CALM,
        Mark("▤" if known else "~", role),
        Mark(f" {page} ⇒", role),
    )
    leads = walk.table.pfn
    return End(row, Ref("walk", walk.index), owner, leads, stale=not known, changed=changed)


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
    changed = [vpn for vpn in said if ("pte", m.pte_at(mm, vpn).index) in names.touched(timeline)]
    first = said[: max(0, room - len(changed))]
    kept = said if len(said) <= room else sorted({*changed[:room], *first})
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
    touched, first = names.touched(timeline), mm.index * m.config.pages
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
        changed = ("table", table.index) in names.touched(timeline)
        if table.frame or changed:
            page = names.page(m, mm.index, number * m.config.table_span)
            role = "changed" if changed else "text"
            row = (CHANGED if changed else CALM, Mark(f"▤ {page}", role))
            leads = table.frame.pfn if table.frame else -1
            yield End(row, Ref("table", table.index), owner, leads, changed=changed)


def _pte(timeline: Timeline, mm: Mm, vpn: int, owner: Ref) -> End:
    m = timeline.machine
    pte = m.pte_at(mm, vpn)
    changed = ("pte", pte.index) in names.touched(timeline)
    ref, role = Ref("pte", pte.index), "changed" if changed else "text"
    page = pad(names.page(m, mm.index, vpn), names.page_width(timeline))
    row: Row = (
        CHANGED if changed else CALM,
        Mark(f" {page} ", "text" if pte.kind else "dim", ref),
    )
    end = End(row, ref, owner, changed=changed)
    if pte.kind == PRESENT and pte.frame:
        row = (*row, Mark(_flags(pte), role, ref))
        return evolve(end, row=row, leads=pte.frame.pfn)
    if pte.frame:
        return evolve(end, row=(*row, Mark("migrating", role, ref)), leads=pte.frame.pfn)
    if pte.slot:
        return evolve(end, row=(*row, Mark(f"swap {pte.slot.index}", role, ref)))
    assert pte.kind == NONE
    was = last_seen.frame_of_page(timeline, mm.index, vpn)
    row = (*row, Mark("–", role if changed else "dim", ref))
    if was >= 0:
        row = (*row, Mark("  was ", role if changed else "dim", ref), _frame(was, "dim"))
    return evolve(end, row=row)


def _flags(pte: Pte) -> str:
    """The rights and the bits of a page that is mapped."""
    told = (
        ("w" if pte.writable else "r") + ("A" if pte.accessed else "") + ("D" if pte.dirty else "")
    )
    return told + (" uffd-wp" if pte.uffd_wp else "") + (" hidden" if pte.prot_none else "")
