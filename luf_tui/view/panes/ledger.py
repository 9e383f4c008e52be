"""What is owed: keys and generations, the CPUs that still owe, and what will pay it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from luf_tui.machine.events import DEFER, PAY
from luf_tui.machine.refs import Ref
from luf_tui.policy.base import OWED, PAYING, SAVED
from luf_tui.policy.guards import FLUSH_BEFORE_REUSE, WAIT_ZONE_GENERATION
from luf_tui.timeline.ask.debt_states import asked, debts, debts_at, fired, waited
from luf_tui.timeline.caches import per_run
from luf_tui.timeline.open_debts import FREEING, PAID, TAKEOFF, OpenDebt
from luf_tui.timeline.tell.waiting import flushes_first
from luf_tui.timeline.tell.words import counted
from luf_tui.timeline.timeline import Timeline
from luf_tui.view import last_seen, names
from luf_tui.view.changes import AS_BEFORE, gutter, lit, stale_at
from luf_tui.view.columns import cells, ends, length, wrap
from luf_tui.view.marks import Mark, Pane, Row, clean
from luf_tui.view.state import ViewState

LOOKS = 8
"""Places of a run that are looked at for how much is owed."""
FEWEST_ROWS, MOST_ROWS = 4, 14
"""Rows that the pane asks for."""
SHOWN = 8
"""Frames of one debt that are named."""
INDENT = "  "
HOLDING = {FLUSH_BEFORE_REUSE.name, WAIT_ZONE_GENERATION.name}
"""Guards without which a frame may go before its flush is over."""
SINCE = "all have flushed since"
SINCE_OR_FIRST = f"{SINCE}, or do before they use anything"
NO_WAIT = "waits for no other CPU"
NO_FRAME = "no frame waits for it yet"
"""Of notes whose page is still mapped elsewhere, or is kept: the header counts frames."""
NOT_FREE = "its pages are not free yet"
"""Of notes in a recording, whose lines do not tell which pages they are of."""


def build(timeline: Timeline, state: ViewState, width: int, height: int) -> Pane:
    """A debt in a few rows: who owes or pays, since when, for which frames, and what ends it; those
    that nobody has to pay any more come last.
    """
    known = sorted(debts(timeline), key=lambda debt: debt.state == SAVED)
    here = timeline.position
    then = debts_at(timeline, here - 1) if here else tuple(known)
    faces = {_face(debt) for debt in then}
    rows: list[Row] = []
    for debt in known:
        moved = _face(debt) not in faces or 0 < here == _fires(timeline, debt)
        head, *rest = _debt(timeline, debt, width - 1, moved=moved)
        rows += [gutter(head), *((AS_BEFORE, *row) for row in rest)]
    rows += [_gone(debt) for debt in _ended(then, known)]
    if not rows:
        rows.append((AS_BEFORE, Mark("nothing is owed", "dim")))
        usable = sum(stale_at(timeline, here).values())
        if usable:
            entries = "stale entry" if usable == 1 else "stale entries"
            told = f"{usable} {entries} can be used"
            rows.append((AS_BEFORE, Mark(told, "dim")))
    return Pane("ledger", (Mark("owed", "title"),), tuple(rows), *_in_sight(rows, height))


def _in_sight(rows: list[Row], height: int) -> tuple[int | None, int | None]:
    """What changed; else the top, as debts are listed."""
    if any(mark.changed for row in rows for mark in row):
        return names.in_sight(rows, height)
    return None, None


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
    """Places where most is owed: after deferrals and where flushes fire, a few of them in a long
    run.
    """
    by_kind = timeline.index.by_kind
    events = (*by_kind[DEFER], *by_kind[PAY])
    found = sorted({timeline.step_of_event(event) for event in events})
    apart = -(-len(found) // LOOKS) or 1
    return (timeline.steps, *found[::-1][::apart])


def _fires(timeline: Timeline, debt: OpenDebt) -> int:
    """The micro-step in which a debt that is being paid fired; -1 for any other."""
    return fired(timeline, debt) if debt.state == PAYING else -1


def _face(debt: OpenDebt) -> tuple[object, ...]:
    """What a debt's rows tell, but for how long."""
    return (_place(debt), debt.state, debt.left, debt.all_frames, debt.sent, debt.waiters)


def _place(debt: OpenDebt) -> tuple[object, ...]:
    """What a debt is known by while it stands where it stands."""
    return (debt.where, debt.key, debt.generation, debt.payer)


def _ended(then: Iterable[OpenDebt], known: Iterable[OpenDebt]) -> list[OpenDebt]:
    """Debts that there are no more, those first that stand nowhere as they stood: one that only
    moved has its name still. A debt that was paid has ended before; it is told of no longer.
    """
    places = {_place(debt) for debt in known}
    (stood, told), (stands, tells) = map(_labels, (then, known))
    fewer = stood - stands - (tells - told)
    ended = []
    for debt in sorted(then, key=lambda one: _place(one) in places):
        if debt.state != PAID and fewer[_label(debt)] > 0:
            fewer[_label(debt)] -= 1
            ended.append(debt)
    return ended


def _labels(known: Iterable[OpenDebt]) -> tuple[Counter[str], Counter[str]]:
    """The names of the debts that are open or saved, and of those that are paid."""
    stand, paid = Counter[str](), Counter[str]()
    for debt in known:
        (paid if debt.state == PAID else stand)[_label(debt)] += 1
    return stand, paid


def _gone(debt: OpenDebt) -> Row:
    """A debt that the last micro-step ended, or that has another name since."""
    return gutter((Mark(f"was {_label(debt)}", "dim", _ref(debt), changed=True),))


def _debt(timeline: Timeline, debt: OpenDebt, width: int, *, moved: bool) -> list[Row]:
    waited_for = debt.deferred or debt.all_frames
    glyph, role = names.debt_sign(debt) if waited_for else ("↯", "ipi")
    role = "dim" if debt.state == SAVED else role
    ref, age = _ref(debt), _age(timeline, debt)
    head: list[Mark] = [Mark(f"{glyph} ", role, ref), Mark(_label(debt), role, ref)]
    told = _story(timeline, debt)
    if length(tuple(head)) + cells(told[0]) + len(age) + 3 <= width:
        head.append(Mark(f"  {told.pop(0)}", role, ref))
    if length(tuple(head)) + cells(age) > width:
        told.append(age.strip())
        age = ""
    rows = [ends(lit(tuple(head), when=moved), (Mark(age, "dim"),), width)]
    if debt.all_frames:
        rows.append(_frames(timeline, debt, role, width))
    for text in told:
        rows += [(Mark(f"{INDENT}{line}", "dim"),) for line in wrap(text, width - len(INDENT))]
    return rows


def _ref(debt: OpenDebt) -> Ref | None:
    """A debt is selected by its first frame."""
    return Ref("frame", debt.all_frames[0]) if debt.all_frames else None


def _label(debt: OpenDebt) -> str:
    """`key 1`, `zone gen 2`, or where the debt stands."""
    if debt.key:
        return f"key {debt.key}"
    return f"zone gen {debt.generation}" if debt.generation else clean(debt.where)


def _story(timeline: Timeline, debt: OpenDebt) -> list[str]:
    """Who owes or pays, who is waited for, and what ends it."""
    left = names.cpus(debt.left, short=True)
    if debt.state == SAVED:
        lazy = any(one.lazy for one in timeline.machine.cpu)
        since = SINCE_OR_FIRST if lazy and _unflushed(timeline, debt) else SINCE
        return [since, "free to hand out: nothing is left to pay"]
    if debt.state == OWED:
        return [f"owed by {left}", _payer(timeline, debt)]
    who, payer = f"cpu{debt.cpu}", timeline.machine.ctx[debt.payer]
    name = clean(timeline.machine.ctx_name(payer))
    whose = who if name == who else f"{who} for {name}"
    stopped = asked(timeline, debt)
    interrupted = [f"it interrupted {names.cpus(stopped, short=True)}"] if stopped else []
    wait = _wait(timeline, debt)
    spared = debt.spared & ~stopped
    known = names.cpus(spared, short=True)
    alone = [f"left alone: {known} {flushes_first(spared)}"] if spared else []
    if debt.state == PAID:
        return [f"paid by {whose}{wait}", *interrupted]
    verb = "pays" if debt.sent or not debt.left or _fires(timeline, debt) >= 0 else "has to pay"
    alone += [_waits_too(timeline, one) for one in debt.waiters]
    pays = f"{who} {verb}" if whose == who else f"{who} {verb}, for {name}"
    held = not HOLDING & set(timeline.policy.without)
    until = ["nobody gets the frame before"] if debt.all_frames and held else []
    if not debt.left:
        asked_all = f"all that were asked have flushed{wait}" if stopped or debt.sent else NO_WAIT
        return [pays, asked_all, *interrupted, *alone]
    if debt.sent:
        return [pays, f"waits for {left}{wait}", *until, *alone]
    return [pays, f"{left} must flush first", *until, *alone]


def _unflushed(timeline: Timeline, debt: OpenDebt) -> bool:
    """Whether a CPU may still have entries that it cannot use: a recording does not tell."""
    if timeline.program.recorded is not None:
        return True
    entries = timeline.machine.tlb
    spent = (
        entries[n].frame for n, used in stale_at(timeline, timeline.position).items() if not used
    )
    return any(frame and frame.pfn in debt.all_frames for frame in spent)


def _waits_too(timeline: Timeline, waiter: int) -> str:
    """Another taker, which goes on when the payment is over."""
    m = timeline.machine
    ctx = m.ctx[waiter]
    name, cpu = clean(m.ctx_name(ctx)), m.cpu_of(ctx)
    return f"{name} on cpu{cpu} waits for it, too" if cpu >= 0 else f"{name} waits for it, too"


def _wait(timeline: Timeline, debt: OpenDebt) -> str:
    """For how long whoever pays has waited; a recording has a clock of its own."""
    spent = 0 if timeline.program.recorded is not None else waited(timeline, debt)
    return f", {spent:,} ns" if spent else ""


def _since(timeline: Timeline, debt: OpenDebt) -> int:
    """The micro-step since which a debt stands as it does; -1 when no event tells."""
    if debt.state == PAYING:
        return fired(timeline, debt)
    steps = [last_seen.deferred(timeline, pfn) for pfn in debt.frames]
    return min((step for step in steps if step >= 0), default=-1)


def _age(timeline: Timeline, debt: OpenDebt) -> str:
    """For how long a debt stands as it does: in micro-steps, in a recording in time."""
    since = _since(timeline, debt)
    if not debt.open or not 0 <= since < timeline.position:
        return ""
    recorded = timeline.program.recorded
    if recorded is None:
        return f" for {counted(timeline.position - since, 'step')}"
    now, then = (recorded.times[timeline.item_at(at)] for at in (timeline.position, since))
    passed = now - then
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if passed >= size:
            return f" for {passed / size:.1f} {unit}"
    return f" for {passed / 1e-6:.0f} µs"


def _frames(timeline: Timeline, debt: OpenDebt, role: str, width: int) -> Row:
    """As many frames of a debt as fit, and whose page it was if it is one."""
    frames = sorted(debt.all_frames)
    told = [f"f{pfn}" for pfn in frames]
    for shown in range(min(SHOWN, len(told)), 0, -1):
        left = len(told) - shown
        more = f"and {left} more" if left else ""
        if cells(f"{INDENT}{' '.join(told[:shown])} {more}".rstrip()) <= width:
            break
    row = [Mark(INDENT)]
    for pfn, name in zip(frames[:shown], told, strict=False):
        row += [Mark(name, role, Ref("frame", pfn)), Mark(" ")]
    row.append(Mark(more, "dim"))
    was = last_seen.page_of_frame(timeline, frames[0])
    if was is not None and len(frames) == 1:
        m = timeline.machine
        row.append(Mark(f"was {names.page(m, *was)} of {names.process(m, was[0])}", "dim"))
    return tuple(row)


def _payer(timeline: Timeline, debt: OpenDebt) -> str:
    """What will make the flush happen, or who waits for it where it has begun."""
    if debt.sent:
        return "all are told, and nobody waits yet"
    if debt.where not in (FREEING, TAKEOFF) and not debt.frames and not debt.apart:
        return NO_FRAME if timeline.program.recorded is None else NOT_FREE
    if FLUSH_BEFORE_REUSE.name in timeline.policy.without:
        return f"nobody pays for its frames: {FLUSH_BEFORE_REUSE.name} is off"
    if debt.where == FREEING:
        return "its page is not free yet"
    if debt.where == "pcp":
        return "paid when a frame of it leaves the pcp list"
    where = clean(debt.where)
    return f"paid when a block leaves {where}" if debt.frames else "not yet settled"
