"""Each CPU: what it runs, and its TLB with every stale entry lit."""

from __future__ import annotations

from attrs import evolve

from luf_tui.machine.events import FILL
from luf_tui.machine.refs import Ref
from luf_tui.machine.schema import (
    Cpu,
    Frame,
    LargeEntry,
    Mm,
    PageTable,
    Pte,
    Shootdown,
    TlbEntry,
    WalkEntry,
)
from luf_tui.oracle import truth
from luf_tui.timeline.ask.debt_states import in_debt
from luf_tui.timeline.caches import per_run
from luf_tui.timeline.timeline import Timeline
from luf_tui.view import names
from luf_tui.view.changes import before, changed, debt_moved, gutter, lit, stale_at, stale_moved
from luf_tui.view.columns import column_width, ends, length, pad, side_by_side, stacked
from luf_tui.view.marks import ROLES, Mark, Pane, Row, clean
from luf_tui.view.state import ViewState

IDENTITY = (TlbEntry.mm, TlbEntry.vpn, TlbEntry.frame)
SHOWN = (*IDENTITY, TlbEntry.writable, TlbEntry.dirty, TlbEntry.issued)
HEAD = (Cpu.task, Cpu.loaded_mm, Cpu.lazy, Cpu.irqs_off, Cpu.offline, Cpu.ipis, Cpu.handling)
"""Fields of a CPU that its heading shows."""
DEVICE_ROWS = 3
"""Entries of a device that there is room for."""
LEAST = 25
"""Cells in which an entry can be read."""
BESIDE = 18
"""Cells of an entry beside the names of its page and of its bytes, the tag of its debt included."""
TO = " → "
NAME, ARROW = 2, 3
"""Where they are in the row of an entry, after the gutter and the sign."""
DEBT_ROLES = {role for _, role in names.SIGNS.values()}
UNKNOWN: Row = (Mark("a recording does not tell what CPUs cache", "dim"),)
NOTHING: Row = (Mark("   –", "dim"),)


def build(timeline: Timeline, state: ViewState, width: int, height: int) -> Pane:
    """A block of rows per CPU, side by side; the first entry lit or changed is kept in view."""
    if timeline.program.recorded is not None:
        return Pane("tlbs", _title(timeline), (UNKNOWN,))
    blocks, idle = _blocks(timeline, names.cached_width(timeline))
    wanted = _wanted(timeline)
    whole = _filled(timeline, width, wanted) <= height
    least = wanted if whole else LEAST
    if blocks:
        column = column_width(len(blocks), width, wanted, least)
        blocks = [[_fitted(row, column) for row in block] for block in blocks]
    rows = side_by_side(blocks, width, wanted, least)
    if idle:
        rows = (*rows, (), (Mark(f"idle, nothing cached: {_ranges(idle)}", "dim"),))
    current, lead = names.in_sight(rows, height)
    return Pane("tlbs", _title(timeline), rows, current, lead)


def rows_wanted(timeline: Timeline, width: int) -> int:
    """Rows that it fills at most in a run; none in a recording, which does not tell what CPUs
    cache.
    """
    return 0 if timeline.program.recorded is not None else _filled(timeline, width, LEAST)


def _wanted(timeline: Timeline) -> int:
    """Cells in which no entry is cut."""
    return BESIDE + names.cached_width(timeline) + names.content_width(timeline)


def _filled(timeline: Timeline, width: int, least: int) -> int:
    """Rows that it fills at most in a run, a CPU in so many cells at least."""
    held = _held(timeline)
    few = len(held) <= names.FEW_CPUS
    heights = [1 + max(1, some) for some in held if some or few]
    if timeline.config.secondary_tlb:
        heights.append(1 + min(DEVICE_ROWS, len(timeline.machine.device_tlb)))
    return stacked(heights, width, _wanted(timeline), least) + 2 * (len(heights) < len(held))


@per_run
def _held(timeline: Timeline) -> tuple[int, ...]:
    """How many entries and page-table pages each CPU has at once, at most."""
    events, config = timeline.events, timeline.config
    pages: list[set[tuple[int, int]]] = [set() for _ in range(config.cpus)]
    for event in timeline.index.by_kind[FILL]:
        cpu = events.cpu_of(event)
        page = (events.argument(event, FILL.mm), events.argument(event, FILL.vpn))
        if 0 <= cpu < config.cpus:
            pages[cpu].add(page)
    span = config.table_span
    walks = [len({(mm, vpn // span) for mm, vpn in some}) if span else 0 for some in pages]
    return tuple(
        min(len(some), config.tlb_entries) + walk for some, walk in zip(pages, walks, strict=True)
    )


def _blocks(timeline: Timeline, wide: int) -> tuple[list[list[Row]], list[int]]:
    """A block per CPU; of many CPUs, those that do nothing and cache nothing apart."""
    m = timeline.machine
    cpus = range(timeline.config.cpus)
    idle: list[int] = []
    if len(cpus) > names.FEW_CPUS:
        idle = [n for n in cpus if not m.cpu[n].task and not m.cpu[n].ipis and _empty(timeline, n)]
    blocks = [_cpu(timeline, cpu, wide) for cpu in cpus if cpu not in idle]
    if timeline.config.secondary_tlb:
        blocks.append(_device(timeline, wide))
    return blocks, idle


def _empty(timeline: Timeline, cpu: int) -> bool:
    return not any(entry.mm for entry in timeline.machine.tlb_of(cpu))


def _ranges(numbers: list[int]) -> str:
    """`cpu3-5 cpu7` for CPUs 3, 4, 5 and 7."""
    starts = [n for n in numbers if n - 1 not in numbers]
    ends = [n for n in numbers if n + 1 not in numbers]
    pairs = zip(starts, ends, strict=True)
    return " ".join(f"cpu{a}" if a == b else f"cpu{a}-{b}" for a, b in pairs)


def _title(timeline: Timeline) -> Row:
    """The pane's name, and how many entries are stale: those that can be used, and the rest."""
    known = stale_at(timeline, timeline.position)
    usable = sum(known.values())
    spent = len(known) - usable
    told = [Mark(f"  {usable} stale", "stale")] if usable else []
    if spent:
        told.append(Mark(f"  {spent} unusable", "unusable"))
    return (Mark("TLBs", "title"), *told)


def _cpu(timeline: Timeline, cpu: int, wide: int) -> list[Row]:
    m = timeline.machine
    loaded = m.cpu[cpu].loaded_mm
    rows: list[Row] = [_head(timeline, m.cpu[cpu])]
    rows += _entries(timeline, m.tlb_of(cpu), loaded, wide)
    rows += _walks(timeline, cpu, wide)
    return rows if len(rows) > 1 else [*rows, NOTHING]


def _device(timeline: Timeline, wide: int) -> list[Row]:
    """The translations of a device, of whatever address space."""
    entries = timeline.machine.device_tlb
    rows = [(Mark("device", "title"),), *_entries(timeline, entries, None, wide)]
    return rows if len(rows) > 1 else [*rows, NOTHING]


def _entries(
    timeline: Timeline, entries: list[TlbEntry], loaded: Mm | None, wide: int
) -> list[Row]:
    """The entries in use, and those that the last micro-step took away or put others in place
    of.
    """
    rows: list[Row] = []
    for entry in entries:
        gone = _was(timeline, entry, loaded, wide)
        if gone:
            rows.append(gone)
        if entry.mm:
            rows.append(gutter(_entry(timeline, loaded, entry, wide)))
    return rows


def _was(timeline: Timeline, entry: TlbEntry, loaded: Mm | None, wide: int) -> Row:
    """What the place of an entry held before the last micro-step and holds no more."""
    if not changed(timeline, "tlb", entry.index, IDENTITY):
        return ()
    mm, vpn, frame = (before(timeline, entry, field) for field in IDENTITY)
    if not mm or not frame:
        return ()
    page = _page_name(timeline, mm, vpn, loaded)
    ref = Ref("frame", frame.pfn)
    told = Mark(f"was {pad(page, max(wide - 2, len(page)))} → f{frame.pfn}", "dim", ref)
    return gutter((evolve(told, changed=True),))


def _page_name(timeline: Timeline, mm: Mm, vpn: int, loaded: Mm | None) -> str:
    """A page, with its process where that is not the one that runs."""
    page = names.page(timeline.machine, mm.index, vpn)
    return page if loaded is mm else f"{names.process(timeline.machine, mm.index)}:{page}"


def _walks(timeline: Timeline, cpu: int, wide: int) -> list[Row]:
    """The page-table pages a CPU remembers, each with the first page that is looked up there."""
    m = timeline.machine
    rows: list[Row] = []
    for mm in m.mm:
        for number, walk in enumerate(m.walks_of(cpu, mm)):
            first = number * m.config.table_span
            table = m.table_at(mm, first)
            page = _page_name(timeline, mm, first, m.cpu[cpu].loaded_mm)
            name = pad(page, max(wide, len(page)))
            old = before(timeline, walk, WalkEntry.table)
            if old and old is not walk.table:
                told = Mark(f"was {name} ⇒ f{old.pfn}", "dim", Ref("frame", old.pfn))
                rows.append(gutter((evolve(told, changed=True),)))
            if not walk.table:
                continue
            known = table.frame is walk.table
            moved = changed(timeline, "walk", walk.index, (WalkEntry.table, WalkEntry.issued))
            moved |= known != (before(timeline, table, PageTable.frame) is walk.table)
            role = "text" if known else "stale"
            row = (
                Mark("▤ " if known else "~ ", role),
                Mark(name, role),
                Mark(" ⇒ ", "dim"),
                Mark(f"f{walk.table.pfn}", role, Ref("frame", walk.table.pfn)),
            )
            rows.append(gutter(lit(row, when=moved)))
    return rows


def _head(timeline: Timeline, now: Cpu) -> Row:
    """What a CPU runs, and what it waits for or is interrupted by."""
    m, cpu = timeline.machine, now.index
    moved = changed(timeline, "cpu", cpu, HEAD)
    moved |= changed(timeline, "shootdown", cpu, (Shootdown.waiting,))
    running = clean(m.config.tasks[now.task.index].name) if now.task else "idle"
    running = "offline" if now.offline else running
    head = [
        Mark(f"cpu{cpu} ", "title", Ref("cpu", cpu)),
        Mark(running, "text", Ref("cpu", cpu)),
    ]
    if now.handling >= 0:
        head.append(Mark(f" ↯ from cpu{now.handling}", "ipi"))
    elif now.ipis:
        head.append(Mark(" ↯ IPI pending", "ipi"))
    if m.shootdown[cpu].waiting:
        head.append(Mark(f" ↯ to {names.cpus(m.shootdown[cpu].waiting, short=True)}", "ipi"))
    if now.irqs_off:
        head.append(Mark(" irqs off", "danger"))
    if now.lazy and now.loaded_mm:
        head.append(Mark(f" · lazy, has {names.process(m, now.loaded_mm.index)}", "dim"))
    return gutter(lit(tuple(head), when=moved))


def _entry(timeline: Timeline, loaded: Mm | None, entry: TlbEntry, wide: int) -> Row:
    """One entry: ~ or ≈ when the page table disagrees, ⊘ when its CPU could not use it any more,
    what its frame holds now, lit where a fresh walk would bring something else, and the debt it is
    part of.
    """
    m = timeline.machine
    usable = stale_at(timeline, timeline.position).get(entry.index)
    danger = bool(usable) and entry.writable and entry.dirty
    role = "danger" if danger else "stale" if usable else "text" if usable is None else "unusable"
    mm, frame = entry.mm, entry.frame
    assert mm
    assert frame
    ref, place = Ref("tlb", entry.index), Ref("frame", frame.pfn)
    holds = frame.content
    would = truth.fresh(m, mm, entry.vpn) if usable else None
    harmless = would is None or (would.kind == truth.BYTES and would.content == holds)
    kind = "danger" if not harmless else "benign" if usable else "dim"
    moved = entry.index in stale_moved(timeline) or changed(timeline, "tlb", entry.index, SHOWN)
    cpu = entry.index // m.config.tlb_entries
    cached = m.large_at(cpu, mm, entry.vpn) if m.pmd else None
    large = cached and cached.held
    moved |= cached is not None and changed(timeline, "large", cached.index, (LargeEntry.held,))
    page = _page_name(timeline, mm, entry.vpn, loaded)
    row = (
        Mark("↯ ", "ipi", ref) if entry.issued else Mark(f"{ROLES[role].glyph or ' '} ", role, ref),
        Mark(pad(page, max(wide, len(page))), role, ref),
        Mark(TO, "dim"),
        Mark(f"{f'f{frame.pfn}':<3}", role, place),
        Mark(names.rights(entry), role, ref),
        Mark(" huge " if large else " ", "dim", ref),
    )
    content = Mark(names.content(m, holds), kind, place)
    filled = changed(timeline, "frame", frame.pfn, (Frame.content,))
    filled |= bool(usable) and _served_otherwise(timeline, mm, entry)
    known = usable is not None
    debt = in_debt(timeline).get(frame.pfn) if known else None
    other = known and frame.pfn in debt_moved(timeline)
    told = (*lit(row, when=moved), evolve(content, changed=moved or filled or other))
    if debt is None:
        return told
    return (*told, Mark(f" {names.debt_tag(debt)}", names.debt_sign(debt)[1], place, other))


def _fitted(row: Row, column: int) -> Row:
    """An entry that is wider than its column does without blanks, then loses of what its frame
    holds; it keeps the tag of its debt.
    """
    entry = len(row) > ARROW and row[ARROW].text == TO
    for close in (NAME, ARROW) if entry else ():
        if length(row) > column:
            shorter = evolve(row[close], text=row[close].text.strip())
            row = (*row[:close], shorter, *row[close + 1 :])
    if length(row) <= column or row[-1].role not in DEBT_ROLES:
        return row
    return ends(row[:-1], row[-1:], column)


def _served_otherwise(timeline: Timeline, mm: Mm, entry: TlbEntry) -> bool:
    """Whether the last micro-step may have changed what a fresh walk gives for a stale entry's
    page.
    """
    pte = timeline.machine.pte_at(mm, entry.vpn)
    return changed(timeline, "pte", pte.index, (Pte.kind, Pte.frame, Pte.slot, Pte.uffd_wp))
