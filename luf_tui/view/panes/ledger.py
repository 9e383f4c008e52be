"""What is owed: keys and generations, the CPUs that still owe, and what will pay it."""

from __future__ import annotations

from luf_tui.machine.events import DEFER
from luf_tui.machine.refs import Ref
from luf_tui.policy.base import Debt
from luf_tui.timeline.caches import per_run
from luf_tui.timeline.tell.words import counted
from luf_tui.timeline.timeline import Timeline
from luf_tui.view import last_seen, names
from luf_tui.view.columns import ends, wrap
from luf_tui.view.marks import Mark, Pane, Row, clean
from luf_tui.view.state import ViewState

LOOKS = 8
"""Places of a run that are looked at for how much is owed."""
FEWEST_ROWS, MOST_ROWS = 4, 14
"""Rows that the pane asks for."""
SHOWN = 8
"""Frames of one debt that are named."""
INDENT = "  "


def build(timeline: Timeline, state: ViewState, width: int, height: int) -> Pane:
    """A debt in a few rows: who owes since when, for which frames, and what pays it."""
    debts = timeline.policy.ledger(timeline.machine)
    rows: list[Row] = []
    for debt in debts:
        rows += _debt(timeline, debt, width)
    if not rows:
        rows.append((Mark("nothing is owed", "dim"),))
    return Pane("ledger", (Mark("owed", "title"),), tuple(rows))


def rows_wanted(timeline: Timeline, width: int) -> int:
    """Rows that it fills at most, as far as a look at some places of a run tells; in a recording,
    where much is owed, all that it may ask for.
    """
    if timeline.program.recorded is not None:
        return MOST_ROWS
    return min(
        MOST_ROWS, max(FEWEST_ROWS, *(_filled(timeline, at, width) for at in _looked_at(timeline)))
    )


def _filled(timeline: Timeline, position: int, width: int) -> int:
    with timeline.visit(position):
        return len(build(timeline, ViewState(), width, MOST_ROWS).rows)


@per_run
def _looked_at(timeline: Timeline) -> tuple[int, ...]:
    """Places where most is owed: after deferrals, a few of them in a long run."""
    found = sorted({timeline.step_of_event(event) for event in timeline.index.by_kind[DEFER]})
    apart = -(-len(found) // LOOKS) or 1
    return (timeline.steps, *found[::-1][::apart])


def _debt(timeline: Timeline, debt: Debt, width: int) -> list[Row]:
    owes = bool(debt.mask)
    role = "pending" if owes else "dim"
    label = f"key {debt.key}" if debt.key else f"gen {debt.generation}" if debt.frames else "batch"
    who = f"owed by {names.cpus(debt.mask, short=True)}" if owes else "all have flushed since"
    steps = [last_seen.deferred(timeline, pfn) for pfn in debt.frames]
    since = min((step for step in steps if step >= 0), default=-1)
    age = _age(timeline, since) if 0 <= since < timeline.position else ""
    head: Row = (Mark("◆ " if owes else "△ ", role), Mark(f"{label:<6} ", role), Mark(who, role))
    told = _payer(debt)
    if sum(len(mark.text) for mark in head) + len(age) > width:
        told, age = f"{told}, owed{age}", ""
    rows = [ends(head, (Mark(age, "dim"),), width)]
    if debt.frames:
        rows.append(_frames(timeline, debt, role))
    rows += [(Mark(f"{INDENT}{line}", "dim"),) for line in wrap(told, width - len(INDENT))]
    return rows


def _age(timeline: Timeline, since: int) -> str:
    """For how long something has been owed: in micro-steps, in a recording in time."""
    recorded = timeline.program.recorded
    if recorded is None:
        return f" for {counted(timeline.position - since, 'step')}"
    now, then = (recorded.times[timeline.item_at(at)] for at in (timeline.position, since))
    passed = now - then
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if passed >= size:
            return f" for {passed / size:.1f} {unit}"
    return f" for {passed / 1e-6:.0f} µs"


def _frames(timeline: Timeline, debt: Debt, role: str) -> Row:
    """The frames of a debt, and whose page the first of them was."""
    changed = names.touched(timeline)
    row = [Mark(INDENT)]
    for pfn in debt.frames[:SHOWN]:
        lit = "changed" if role == "dim" and ("frame", pfn) in changed else role
        row += [Mark(f"f{pfn}", lit, Ref("frame", pfn)), Mark(" ")]
    if len(debt.frames) > SHOWN:
        row.append(Mark(f"and {len(debt.frames) - SHOWN} more ", "dim"))
    was = last_seen.page_of_frame(timeline, debt.frames[0])
    if was is not None and len(debt.frames) == 1:
        m = timeline.machine
        row.append(Mark(f"was {names.page(m, *was)} of {names.process(m, was[0])}", "dim"))
    return tuple(row)


def _payer(debt: Debt) -> str:
    """What will make the flush happen."""
    why = clean(debt.why)
    if not debt.mask and debt.frames:
        return "free to hand out: nothing is left to pay"
    if debt.key:
        return "paid when a frame of it leaves the pcp list" if why == "pcp" else why
    if debt.frames:
        return f"paid when a block leaves {why}"
    return f"{why}: flushed before free or copy"
