"""The page tables: each address space's pages, mapped, swapped, migrating or gone."""

from __future__ import annotations

from luf_tui.engine import large
from luf_tui.machine.config import X86
from luf_tui.machine.events import MAP
from luf_tui.machine.refs import Ref
from luf_tui.machine.schema import NONE, PRESENT, Frame, Mm, Pmd, Pte, Vma
from luf_tui.timeline.caches import per_run
from luf_tui.timeline.timeline import Timeline
from luf_tui.view import last_seen, names
from luf_tui.view.changes import changed, gutter, lit, written
from luf_tui.view.columns import GAP, pad, side_by_side, stacked
from luf_tui.view.marks import Mark, Pane, Row
from luf_tui.view.state import ViewState

ALIVE = (Mm.alive,)
SHOWN = (
    *(Pte.kind, Pte.frame, Pte.slot, Pte.writable, Pte.dirty, Pte.accessed),
    *(Pte.uffd_wp, Pte.prot_none),
)
"""Fields of a PTE that its row shows."""
LEAST = 27
"""Cells in which a page can be read."""
MOST_ROWS = 24
"""Rows that the pane asks for at most; it scrolls."""
MOST = 300
"""Pages of one address space that are shown at a time."""


def build(timeline: Timeline, state: ViewState, width: int, height: int) -> Pane:
    """A block of rows per address space, side by side; a long one goes on in the next column."""
    m = timeline.machine
    blocks = [_space(timeline, mm) for mm in m.mm if mm.alive]
    blocks += [_ended(timeline, mm) for mm in m.mm if changed(timeline, "mm", mm.index, ALIVE)]
    wanted = max(LEAST, 11 + names.page_width(timeline) + names.content_width(timeline))
    across = max(1, (width + GAP) // (wanted + GAP))
    if len(blocks) < across:
        blocks = _spread(blocks, across, height)
    rows = side_by_side(blocks, width, wanted, LEAST)
    current, lead = names.in_sight(rows, height)
    return Pane("pagetables", (Mark("page tables", "title"),), rows, current, lead)


def rows_wanted(timeline: Timeline, width: int) -> int:
    """Rows that it fills at most in a run, as far as there is sense in them."""
    heights = [1 + pages for pages in _mapped(timeline) if pages]
    wanted = max(LEAST, 11 + names.page_width(timeline) + names.content_width(timeline))
    across = max(1, (width + GAP) // (wanted + GAP))
    if len(heights) >= across:
        return min(MOST_ROWS, stacked(heights, width, wanted, LEAST))
    for rows in range(2, MOST_ROWS):  # as _spread has it: further columns begin with an empty row
        if sum(1 + max(0, -(-(height - rows) // (rows - 1))) for height in heights) <= across:
            return rows
    return MOST_ROWS


@per_run
def _mapped(timeline: Timeline) -> tuple[int, ...]:
    """How many pages each address space maps in the run, not all at once perhaps."""
    events = timeline.events
    pages: list[set[int]] = [set() for _ in timeline.config.processes]
    for number, process in enumerate(timeline.config.processes):
        pages[number].update(vpn for vpn, name in enumerate(process.pages) if name)
    for event in timeline.index.by_kind[MAP]:
        pages[events.argument(event, MAP.mm)].add(events.argument(event, MAP.vpn))
    return tuple(len(some) for some in pages)


def _ended(timeline: Timeline, mm: Mm) -> list[Row]:
    """An address space that the last micro-step ended; nothing for one that it began."""
    told = f"was {names.process(timeline.machine, mm.index)}"
    return [] if mm.alive else [gutter((Mark(told, "dim", Ref("mm", mm.index), changed=True),))]


def _spread(blocks: list[list[Row]], across: int, height: int) -> list[list[Row]]:
    """Blocks too high for the pane, continued in columns that would stay empty."""
    spare = across - len(blocks)
    found: list[list[Row]] = []
    for block in blocks:
        rest = block
        while spare and len(rest) > height > 1:
            found.append(rest[:height])
            rest = [(), *rest[height:]]
            spare -= 1
        found.append(rest)
    return found


def _space(timeline: Timeline, mm: Mm) -> list[Row]:
    changed = names.touched(timeline)
    rows: list[Row] = [_head(timeline, mm)]
    first = timeline.machine.first_page[mm.index]
    pages = known_pages(timeline, mm)
    moved = [n for n, vpn in enumerate(pages) if ("pte", first + vpn) in changed]
    skipped = 0
    if len(pages) > MOST:
        skipped = max(0, min((moved or [0])[0] - MOST // 2, len(pages) - MOST))
    if skipped:
        rows.append((Mark(f"  … {skipped} before", "dim"),))
    shown = pages[skipped : skipped + MOST]
    rows += [_page(timeline, mm, vpn) for vpn in shown]
    if len(pages) > skipped + MOST:
        rows.append((Mark(f"  … {len(pages) - skipped - MOST} more", "dim"),))
    return rows


def known_pages(timeline: Timeline, mm: Mm) -> list[int]:
    """The virtual pages of an address space that are mapped, or whose PTE says something."""
    m = timeline.machine
    values, first = m.cells.values, m.first_page[mm.index]
    count = m.config.pages_of(mm.index)
    vma, pte = m.vma, m.pte
    at = vma.base + first * vma.size
    mapped = values[at + Vma.mapped.offset : at + count * vma.size : vma.size]
    at = pte.base + first * pte.size
    kinds = values[at + Pte.kind.offset : at + count * pte.size : pte.size]
    known = {n for n, (one, two) in enumerate(zip(mapped, kinds, strict=True)) if one or two}
    ends = {("vma", Vma.mapped.name), ("pte", Pte.kind.name)}
    gone = {n - first for region, n, name in written(timeline) if (region, name) in ends}
    return sorted(known | {n for n in gone if 0 <= n < count})


def _head(timeline: Timeline, mm: Mm) -> Row:
    """The address space, its generation, and the CPUs it may be cached on."""
    ref = Ref("mm", mm.index)
    row = [Mark(f"{names.process(timeline.machine, mm.index)} ", "title", ref)]
    if mm.writer:
        row.append(Mark("locked ", "ipi", ref))
    if timeline.config.arch == X86:
        row.append(Mark(f"tlb_gen {mm.tlb_gen} ", "dim", ref))
    row.append(Mark(f"on {names.cpus(mm.cpumask, short=True)}", "dim", ref))
    moved = changed(timeline, "mm", mm.index, (Mm.alive, Mm.tlb_gen, Mm.cpumask, Mm.writer))
    return gutter(lit(tuple(row), when=moved))


def _moved(timeline: Timeline, mm: Mm, vpn: int) -> bool:
    """Whether the last micro-step changed what a page's row says."""
    m = timeline.machine
    pte, vma = m.pte_at(mm, vpn), m.vma_at(mm, vpn)
    filled = pte.frame and changed(timeline, "frame", pte.frame.index, (Frame.content,))
    above = large.pmd_of(pte)
    return bool(
        changed(timeline, "pte", pte.index, SHOWN)
        or (above and pte.kind and changed(timeline, "pmd", above.index, (Pmd.kind,)))
        or changed(timeline, "vma", vma.index, (Vma.mapped, Vma.prot_write))
        or filled
    )


def _page(timeline: Timeline, mm: Mm, vpn: int) -> Row:
    """A page: where it leads, or what it was."""
    pte = timeline.machine.pte_at(mm, vpn)
    ref = Ref("pte", pte.index)
    name = pad(names.page(timeline.machine, mm.index, vpn), names.page_width(timeline))
    if not pte.kind and not timeline.machine.vma_at(mm, vpn).mapped:
        return gutter((Mark(f"was {name}", "dim", ref, changed=True),))
    row = (
        Mark(" "),
        Mark(f"{name} ", "text" if pte.kind else "dim", ref),
        *_leads(timeline, mm, vpn, pte),
    )
    return gutter(lit(row, when=_moved(timeline, mm, vpn)))


def _leads(timeline: Timeline, mm: Mm, vpn: int, pte: Pte) -> Row:
    m, ref = timeline.machine, Ref("pte", pte.index)
    if pte.kind == PRESENT and pte.frame:
        return _present(timeline, pte, pte.frame, m.vma_at(mm, vpn))
    if pte.frame:
        return (Mark(f"migrating f{pte.frame.pfn}", "saved", ref),)
    if pte.slot:
        return (Mark(f"swap {pte.slot.index}", "dim", ref),)
    assert pte.kind == NONE
    was = last_seen.frame_of_page(timeline, mm.index, vpn)
    gone = Mark("–", "dim", ref)
    if was < 0:
        return (gone,)
    return gone, Mark("   was ", "dim", ref), Mark(f"f{was}", "dim", Ref("frame", was))


def _present(timeline: Timeline, pte: Pte, page: Frame, vma: Vma) -> Row:
    """A page that is mapped: its frame, rights, flags, and bytes."""
    pfn = page.pfn
    ref, frame = Ref("pte", pte.index), Ref("frame", pfn)
    flags = ("w" if pte.writable else "r") + ("A" if pte.accessed else "")
    flags += ("D" if pte.dirty else "") + ("?" if pte.writable and not vma.prot_write else "")
    told = [
        Mark(f"{f'f{pfn}':<3}", "text", frame),
        Mark(f" {flags:<3} ", "text", ref),
        Mark(names.content(timeline.machine, page.content), "dim", frame),
    ]
    if large.whole(pte):
        told.append(Mark(" huge", "dim", ref))
    if large.unwalked(pte):
        told.append(Mark(" no walk", "ipi", ref))
    if pte.uffd_wp:
        told.append(Mark(" uffd-wp", "ipi", ref))
    if pte.prot_none:
        told.append(Mark(" hidden", "ipi", ref))
    return tuple(told)
