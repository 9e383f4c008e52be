"""Each CPU: what it runs, and its TLB with every stale entry lit."""

from __future__ import annotations

from luf_tui.machine.refs import Ref
from luf_tui.oracle import truth
from luf_tui.timeline.timeline import Timeline
from luf_tui.view import names
from luf_tui.view.columns import side_by_side
from luf_tui.view.marks import Mark, Pane, Row, clean
from luf_tui.view.state import ViewState

LEAST = 30


def build(timeline: Timeline, state: ViewState, width: int, height: int) -> Pane:
    """A block of rows per CPU, side by side."""
    blocks = [_cpu(timeline, state, cpu) for cpu in range(timeline.config.cpus)]
    return Pane("tlbs", (Mark("TLBs", "title"),), side_by_side(blocks, width, LEAST))


def _cpu(timeline: Timeline, state: ViewState, cpu: int) -> list[Row]:
    m = timeline.machine
    now = m.cpu[cpu]
    changed = names.touched(timeline)
    running = clean(m.config.tasks[now.task - 1].name) if now.task else "idle"
    role = "changed" if ("cpu", cpu) in changed else "title"
    head = [Mark(f"cpu{cpu} ", role, Ref("cpu", cpu)), Mark(running)]
    if now.lazy:
        head.append(Mark(f"  lazy over {names.process(m, now.loaded_mm - 1)}", "dim"))
    if now.handling:
        head.append(Mark(f"  ↯ from cpu{now.handling - 1}", "ipi"))
    elif now.ipis:
        head.append(Mark("  ↯ IPI pending", "ipi"))
    if m.shootdown[cpu].waiting:
        head.append(Mark(f"  waits for {names.cpus(m.shootdown[cpu].waiting)}", "ipi"))
    if now.irqs_off:
        head.append(Mark("  irqs off", "danger"))
    rows: list[Row] = [tuple(head)]
    for entry in m.tlb_of(cpu):
        moved = ("tlb", entry.index) in changed
        if not entry.mm or (state.changed_only and not moved):
            continue
        rows.append(_entry(timeline, cpu, entry.index, moved=moved))
    if len(rows) == 1:
        rows.append((Mark("  no entries", "dim"),))
    return rows


def _entry(timeline: Timeline, cpu: int, index: int, *, moved: bool) -> Row:
    m = timeline.machine
    entry = m.tlb[index]
    is_stale = truth.stale(m, entry)
    danger = is_stale and entry.writable and entry.dirty
    glyph, role = ("!", "danger") if danger else ("~", "stale") if is_stale else (" ", "text")
    if moved and not is_stale:
        role = "changed"
    mm, pfn = entry.mm - 1, entry.pfn - 1
    page = names.page(m, mm, entry.vpn)
    if m.cpu[cpu].loaded_mm != entry.mm:
        page = f"{names.process(m, mm)}:{page}"
    ref = Ref("tlb", index)
    what = names.content(m, m.frame[pfn].content)
    return (
        Mark(f"{glyph} ", role, ref),
        Mark(f"{page:<8}", role, ref),
        Mark(" → ", "dim"),
        Mark(f"f{pfn}", role, Ref("frame", pfn)),
        Mark(f" {names.rights(entry)} ", role, ref),
        Mark(what, "stale" if is_stale else "dim", Ref("frame", pfn)),
    )
