"""Each CPU: what it runs, and its TLB with every stale entry lit."""

from __future__ import annotations

from luf_tui.machine.events import FILL
from luf_tui.machine.refs import Ref
from luf_tui.machine.schema import Cpu, Mm, TlbEntry
from luf_tui.oracle import truth
from luf_tui.timeline.caches import per_run
from luf_tui.timeline.timeline import Timeline
from luf_tui.view import names
from luf_tui.view.columns import pad, side_by_side, stacked
from luf_tui.view.marks import Mark, Pane, Row, clean
from luf_tui.view.state import ViewState

DEVICE_ROWS = 3
"""Entries of a device that there is room for."""
LEAST = 24
"""Cells in which an entry can be read."""
UNKNOWN: Row = (Mark("a recording does not tell what CPUs cache", "dim"),)
NOTHING: Row = (Mark("  –", "dim"),)


def build(timeline: Timeline, state: ViewState, width: int, height: int) -> Pane:
    """A block of rows per CPU, side by side; the first entry lit or changed is kept in view."""
    if timeline.program.recorded is not None:
        return Pane("tlbs", _title(timeline), (UNKNOWN,))
    wide = names.cached_width(timeline)
    blocks, idle = _blocks(timeline, state, wide)
    wanted = 13 + wide + names.content_width(timeline)
    rows = side_by_side(blocks, width, wanted, LEAST)
    if idle:
        rows = (*rows, (), (Mark(f"idle, nothing cached: {_ranges(idle)}", "dim"),))
    current = names.first_lit(rows) if len(rows) > height else None
    return Pane("tlbs", _title(timeline), rows, current)


def rows_wanted(timeline: Timeline, width: int) -> int:
    """Rows that it fills at most in a run; none in a recording, which does not tell what CPUs
    cache.
    """
    if timeline.program.recorded is not None:
        return 0
    held = _held(timeline)
    few = len(held) <= names.FEW_CPUS
    heights = [1 + max(1, some) for some in held if some or few]
    if timeline.config.secondary_tlb:
        heights.append(1 + min(DEVICE_ROWS, len(timeline.machine.device_tlb)))
    wanted = names.cached_width(timeline) + 13 + names.content_width(timeline)
    return stacked(heights, width, wanted, LEAST) + 2 * (len(heights) < len(held))


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


def _blocks(timeline: Timeline, state: ViewState, wide: int) -> tuple[list[list[Row]], list[int]]:
    """A block per CPU; of many CPUs, those that do nothing and cache nothing apart."""
    m = timeline.machine
    cpus = range(timeline.config.cpus)
    idle: list[int] = []
    if len(cpus) > names.FEW_CPUS:
        idle = [n for n in cpus if not m.cpu[n].task and not m.cpu[n].ipis and _empty(timeline, n)]
    blocks = [_cpu(timeline, state, cpu, wide) for cpu in cpus if cpu not in idle]
    if timeline.config.secondary_tlb:
        blocks.append(_device(timeline, state, wide))
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
    """The pane's name, and how many entries are stale."""
    found = len(names.stale_entries(timeline))
    told = (Mark(f"  {found} stale", "stale"),) if found else ()
    return (Mark("TLBs", "title"), *told)


def _cpu(timeline: Timeline, state: ViewState, cpu: int, wide: int) -> list[Row]:
    m = timeline.machine
    loaded = m.cpu[cpu].loaded_mm
    rows: list[Row] = [_head(timeline, m.cpu[cpu])]
    rows += _entries(timeline, state, m.tlb_of(cpu), loaded, wide)
    rows += _walks(timeline, state, cpu, wide)
    return rows if len(rows) > 1 else [*rows, NOTHING]


def _device(timeline: Timeline, state: ViewState, wide: int) -> list[Row]:
    """The translations of a device, of whatever address space."""
    entries = timeline.machine.device_tlb
    rows = [(Mark("device", "title"),), *_entries(timeline, state, entries, None, wide)]
    return rows if len(rows) > 1 else [*rows, NOTHING]


def _entries(
    timeline: Timeline, state: ViewState, entries: list[TlbEntry], loaded: Mm | None, wide: int
) -> list[Row]:
    """The entries in use, or those of them that changed."""
    changed = names.touched(timeline)
    stale = names.stale_entries(timeline)
    rows = []
    for entry in entries:
        moved = ("tlb", entry.index) in changed
        if entry.mm and (moved or not state.changed_only):
            is_stale = entry.index in stale
            rows.append(_entry(timeline, loaded, entry, wide, moved=moved, is_stale=is_stale))
    return rows


def _walks(timeline: Timeline, state: ViewState, cpu: int, wide: int) -> list[Row]:
    """The page-table pages a CPU remembers, each with the first page that is looked up there."""
    m = timeline.machine
    changed = names.touched(timeline)
    rows: list[Row] = []
    for mm in m.mm:
        for number, walk in enumerate(m.walks_of(cpu, mm)):
            moved = ("walk", walk.index) in changed
            if not walk.table or (state.changed_only and not moved):
                continue
            first = number * m.config.table_span
            known = m.table_at(mm, first).frame is walk.table
            role = "changed" if moved else "text" if known else "stale"
            page = names.page(m, mm.index, first)
            if m.cpu[cpu].loaded_mm is not mm:
                page = f"{names.process(m, mm.index)}:{page}"
            rows.append(
                (
                    Mark("▤ " if known else "~ ", role),
                    Mark(pad(page, max(wide, len(page))), role),
                    Mark(" ⇒ ", "dim"),
                    Mark(f"f{walk.table.pfn}", role, Ref("frame", walk.table.pfn)),
                )
            )
    return rows


def _head(timeline: Timeline, now: Cpu) -> Row:
    """What a CPU runs, and what it waits for or is interrupted by."""
    m, cpu = timeline.machine, now.index
    moved = ("cpu", cpu) in names.touched(timeline)
    running = clean(m.config.tasks[now.task.index].name) if now.task else "idle"
    running = "offline" if now.offline else running
    head = [
        Mark(f"cpu{cpu} ", "title", Ref("cpu", cpu)),
        Mark(running, "changed" if moved else "text", Ref("cpu", cpu)),
    ]
    if now.lazy and now.loaded_mm:
        head.append(Mark(f" · lazy, has {names.process(m, now.loaded_mm.index)}", "dim"))
    if now.handling >= 0:
        head.append(Mark(f" ↯ from cpu{now.handling}", "ipi"))
    elif now.ipis:
        head.append(Mark(" ↯ IPI pending", "ipi"))
    if m.shootdown[cpu].waiting:
        head.append(Mark(f" ↯ to {names.cpus(m.shootdown[cpu].waiting, short=True)}", "ipi"))
    if now.irqs_off:
        head.append(Mark(" irqs off", "danger"))
    return tuple(head)


def _entry(
    timeline: Timeline,
    loaded: Mm | None,
    entry: TlbEntry,
    wide: int,
    *,
    moved: bool,
    is_stale: bool,
) -> Row:
    """One entry: ~ or ≈ when the page table disagrees, and what its frame holds now, lit where a
    fresh walk would bring something else.
    """
    m = timeline.machine
    danger = is_stale and entry.writable and entry.dirty
    glyph, role = ("≈", "danger") if danger else ("~", "stale") if is_stale else (" ", "text")
    if moved and not is_stale:
        glyph, role = "•", "changed"
    mm, frame = entry.mm, entry.frame
    assert mm
    assert frame
    pfn = frame.pfn
    page = names.page(m, mm.index, entry.vpn)
    if loaded is not mm:
        page = f"{names.process(m, mm.index)}:{page}"
    ref = Ref("tlb", entry.index)
    holds = frame.content
    would = truth.fresh(m, mm, entry.vpn) if is_stale else None
    harmless = would is None or (would.kind == truth.BYTES and would.content == holds)
    kind = "danger" if not harmless else "benign" if is_stale else "dim"
    return (
        Mark("↯ ", "ipi", ref) if entry.issued else Mark(f"{glyph} ", role, ref),
        Mark(pad(page, max(wide, len(page))), role, ref),
        Mark(" → ", "dim"),
        Mark(f"{f'f{pfn}':<3}", role, Ref("frame", pfn)),
        Mark(names.rights(entry), role, ref),
        Mark(" "),
        Mark(names.content(m, holds), kind, Ref("frame", pfn)),
    )
