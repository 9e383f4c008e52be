"""What is owed: keys and generations, the CPUs that still owe, and what will pay it."""

from __future__ import annotations

from luf_tui.machine.refs import Ref
from luf_tui.timeline.timeline import Timeline
from luf_tui.view import names
from luf_tui.view.marks import Mark, Pane, Row, clean
from luf_tui.view.state import ViewState

SHOWN = 6
"""Frames of one debt that are named."""


def build(timeline: Timeline, state: ViewState, width: int, height: int) -> Pane:
    """Two rows per debt."""
    debts = timeline.policy.ledger(timeline.machine)
    rows: list[Row] = []
    for debt in debts:
        owing = bool(debt.mask)
        role = "pending" if owing else "dim"
        label = (
            f"key {debt.key}" if debt.key else f"gen {debt.generation}" if debt.frames else "now"
        )
        who = f"owes {names.cpus(debt.mask)}" if owing else "paid by other flushes"
        frames = [Mark(f" f{pfn}", role, Ref("frame", pfn)) for pfn in debt.frames[:SHOWN]]
        if len(debt.frames) > SHOWN:
            frames.append(Mark(f" … {len(debt.frames) - SHOWN} more", "dim"))
        rows.append((Mark(f"{'◆' if owing else '△'} {label:<7} ", role), Mark(who, role), *frames))
        rows.append((Mark(f"  {_payer(debt.why, debt.key, len(debt.frames))}", "dim"),))
    if not rows:
        rows.append((Mark("nothing is owed", "dim"),))
    title = (Mark("flushes owed", "title"),)
    return Pane("ledger", title, tuple(rows))


def _payer(why: str, key: int, frames: int) -> str:
    if key:
        return "paid when a frame leaves the pcp list" if why == "pcp" else clean(why)
    if frames:
        return f"paid when a block leaves {clean(why)}"
    return f"{clean(why)}: flushed before free or copy"
