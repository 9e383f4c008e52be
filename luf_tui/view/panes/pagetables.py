"""The page tables: each address space's pages, mapped, swapped, migrating or gone."""

from __future__ import annotations

from luf_tui.machine.events import UNMAP
from luf_tui.machine.refs import Ref
from luf_tui.machine.schema import MIGRATION, NONE, PRESENT, SWAP
from luf_tui.timeline.timeline import Timeline
from luf_tui.view import names
from luf_tui.view.columns import side_by_side
from luf_tui.view.marks import Mark, Pane, Row
from luf_tui.view.state import ViewState

LEAST = 30


def build(timeline: Timeline, state: ViewState, width: int, height: int) -> Pane:
    """A block of rows per address space, side by side."""
    m = timeline.machine
    spaces = [n for n in range(len(m.config.processes)) if m.mm[n].alive]
    blocks = [_space(timeline, state, mm) for mm in spaces]
    return Pane("pagetables", (Mark("page tables", "title"),), side_by_side(blocks, width, LEAST))


def _space(timeline: Timeline, state: ViewState, mm: int) -> list[Row]:
    m = timeline.machine
    changed = names.touched(timeline)
    role = "changed" if ("mm", mm) in changed else "title"
    head = (
        Mark(f"{names.process(m, mm)} ", role, Ref("mm", mm)),
        Mark(f"gen {m.mm[mm].tlb_gen}  mask {names.cpus(m.mm[mm].cpumask)}", "dim"),
    )
    rows: list[Row] = [head]
    for vpn in range(m.config.pages):
        vma, pte = m.vma_at(mm, vpn), m.pte_at(mm, vpn)
        moved = ("pte", pte.index) in changed or ("vma", pte.index) in changed
        if not (vma.mapped or pte.kind) or (state.changed_only and not moved):
            continue
        rows.append(_page(timeline, mm, vpn, moved=moved))
    return rows


def _page(timeline: Timeline, mm: int, vpn: int, *, moved: bool) -> Row:
    m = timeline.machine
    pte, vma = m.pte_at(mm, vpn), m.vma_at(mm, vpn)
    role = "changed" if moved else "text"
    ref = Ref("pte", pte.index)
    name = Mark(f"  {names.page(m, mm, vpn):<8} ", role, ref)
    if pte.kind == PRESENT:
        flags = names.rights(pte) + ("" if vma.prot_write or not pte.writable else "?")
        extra = " uffd-wp" if pte.uffd_wp else " hidden" if pte.prot_none else ""
        where = Mark(f"f{pte.pfn - 1}", role, Ref("frame", pte.pfn - 1))
        dirty = " D" if pte.dirty and not pte.writable else ""
        return name, where, Mark(f" {flags}{dirty}", role, ref), Mark(extra, "pending")
    if pte.kind == MIGRATION:
        return name, Mark(f"migrating from f{pte.pfn - 1}", "changed" if moved else "saved", ref)
    if pte.kind == SWAP:
        return name, Mark(f"swap slot {pte.slot - 1}", role if moved else "dim", ref)
    assert pte.kind == NONE
    was = _was(timeline, mm, vpn)
    return name, Mark("–", "dim", ref), Mark(f"  was f{was}" if was >= 0 else "", "dim")


def _was(timeline: Timeline, mm: int, vpn: int) -> int:
    """The frame that the last clearing of this PTE took away, -1 if it never had one."""
    unmaps: dict[tuple[int, int], list[tuple[int, int]]] | None = timeline.memo.get("unmaps")
    if unmaps is None:
        unmaps = timeline.memo["unmaps"] = {}
        args = timeline.events.args
        for event in timeline.index.by_kind[UNMAP]:
            at = (args[0][event], args[1][event])
            unmaps.setdefault(at, []).append((timeline.step_of_event(event), args[2][event]))
    for step, pfn in reversed(unmaps.get((mm, vpn), ())):
        if step <= timeline.position:
            return pfn
    return -1
