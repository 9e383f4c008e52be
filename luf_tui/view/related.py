"""What is one with a selected thing: a debt is a frame, the entries that lead to it, its place on
a list and its line in the ledger.
"""

from __future__ import annotations

from luf_tui.machine.refs import Ref
from luf_tui.timeline.ask.debt_states import in_debt
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.changes import stale_at
from luf_tui.view.compose import NOTHING, Selected


def related(timeline: Timeline, ref: Ref | None) -> Selected:
    """The selected thing, and all that belongs to the debt it is part of."""
    if ref is None:
        return NOTHING
    debt = in_debt(timeline).get(_frame(timeline, ref))
    if debt is None:
        return frozenset({ref})
    frames = set(debt.all_frames)
    tlb = timeline.machine.tlb
    stale = stale_at(timeline, timeline.position)
    entries = {n for n in stale if (frame := tlb[n].frame) and frame.pfn in frames}
    return frozenset(
        (ref, *(Ref("frame", pfn) for pfn in frames), *(Ref("tlb", n) for n in entries))
    )


def _frame(timeline: Timeline, ref: Ref) -> int:
    """The frame that a thing is, or leads to; -1 for any other."""
    if ref.region == "frame":
        return ref.index
    frame = timeline.machine.tlb[ref.index].frame if ref.region == "tlb" else None
    return frame.pfn if frame else -1
