"""Tables of what deferring costs: who waits at an allocation, how long debts live, how they end."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

from luf_tui.ftrace.reading.contexts import Context
from luf_tui.ftrace.replay.clock import counts_seconds
from luf_tui.ftrace.replay.debts import COVERED, OPEN
from luf_tui.ftrace.replay.figures import Figures, Under, once
from luf_tui.ftrace.replay.flush_bill import FlushBill
from luf_tui.ftrace.replay.flushes import MOVED, RECLAIMED, TAKEOFF
from luf_tui.ftrace.replay.processes import RECORDER, Processes
from luf_tui.ftrace.replay.table import Cell, Table, milliseconds
from luf_tui.machine import events as ev

_NO_WAITING = int(Context.INTERRUPT | Context.SOFTIRQ | Context.IRQS_OFF)


def context_name(context: int, gfp: str) -> str:
    """Whether an allocation may be made to wait, and if not why."""
    if context & (Context.INTERRUPT | Context.SOFTIRQ):
        return "in an interrupt"
    if context & Context.IRQS_OFF:
        return "interrupts off"
    if context & Context.NO_PREEMPTION:
        return "preemption off"
    if not gfp or gfp[0].isdigit():
        return "not known"
    return "may sleep" if may_sleep(gfp) else "may not sleep"


_RECLAIMS = frozenset(
    {
        "GFP_KERNEL",
        "GFP_KERNEL_ACCOUNT",
        "GFP_NOIO",
        "GFP_NOFS",
        "GFP_USER",
        "GFP_HIGHUSER",
        "GFP_HIGHUSER_MOVABLE",
        "GFP_TRANSHUGE",
        "GFP_TEMPORARY",
        "__GFP_DIRECT_RECLAIM",
        "__GFP_RECLAIM",
    }
)
"""Names of flags with __GFP_DIRECT_RECLAIM among them."""


def may_sleep(gfp: str) -> bool:
    """Whether flags as printed allow direct reclaim, for which one sleeps."""
    return not _RECLAIMS.isdisjoint(gfp.split("|"))


def withheld(figures: Figures, one: Under) -> int:
    """Allocations that took a page that owes where nobody may wait for a flush: interrupts off or
    in one. A LUF kernel would have kept the page from them and given another.
    """
    flags = figures.trace.facts.flags
    rows = zip(one.flushes.at, one.flushes.why, strict=True)
    return sum(1 for at, why in rows if why == TAKEOFF and flags[at] & _NO_WAITING)


@once
def waits(figures: Figures) -> Table:
    """Who waits at an allocation for a flush that is owed."""
    trace = figures.trace
    facts, words = trace.facts, trace.words
    processes = Processes(trace)
    rows: list[tuple[Cell, ...]] = []
    for one in figures.policies:
        found: defaultdict[tuple[Cell, ...], FlushBill] = defaultdict(FlushBill)
        for row, (at, why) in enumerate(zip(one.flushes.at, one.flushes.why, strict=True)):
            if why == TAKEOFF:
                gfp = words[facts.page[at]] if facts.page[at] < len(words) else ""
                name, pid = trace.tasks[facts.task[at]]
                apart = processes.of(facts.task[at]) == RECORDER
                task = f"{name}-{pid}" + (f" ({RECORDER})" if apart else "")
                context = context_name(facts.flags[at], gfp)
                found[task, facts.arg[at], gfp, context].add(one.flushes, row, figures.costs)
        for who, bill in sorted(found.items(), key=lambda item: (-item[1].waiting, item[0])):
            spent = milliseconds(bill.waiting)
            rows.append((one.name, *who, bill.shootdowns, bill.interrupts, spent))
    return Table("waits", "who waits at an allocation", tuple(rows))


@once
def lives(figures: Figures) -> Table:
    """How long debts lived that are paid: by powers of ten of time, and of events."""
    time = figures.trace.facts.time
    units = ("seconds" if counts_seconds(figures.trace) else "ticks", "events")
    rows: list[tuple[Cell, ...]] = []
    for one in figures.policies:
        if one.outcome is None:
            continue
        lived = one.outcome.debts.lives()
        spans = [time[end] - time[start] for start, end in lived]
        events = [float(end - start) for start, end in lived]
        for unit, values in zip(units, (spans, events), strict=True):
            rows += [(one.name, unit, *found) for found in bins(values)]
    return Table("lives", "how long a debt lives", tuple(rows))


def bins(values: Sequence[float]) -> list[tuple[float, float, int]]:
    """Bins of [low, high) by powers of ten, from the least to the largest; first the zeros."""
    counts = Counter(math.floor(math.log10(value) + 1e-9) for value in values if value > 0)
    found = [(0.0, 0.0, len(values) - counts.total())]
    if counts:
        powers = range(min(counts), max(counts) + 1)
        found += [(_ten(power), _ten(power + 1), counts[power]) for power in powers]
    return [one for one in found if one[2] or one[1]]


def _ten(power: int) -> float:
    return float(f"1e{power}")


@once
def debt_ends(figures: Figures) -> Table:
    """What became of the pages that were freed with a debt."""
    rows: list[tuple[Cell, ...]] = []
    for one in figures.policies:
        if one.outcome is None or not len(one.outcome.debts):
            continue
        ends = Counter(one.outcome.debts.how)
        for how, pages in sorted(ends.items(), key=lambda item: (item[0] == OPEN, -item[1])):
            rows.append((one.name, end_name(how), pages))
    return Table("debts", "what became of the debts", tuple(rows))


def end_name(how: int) -> str:
    """How a debt ended."""
    words = {
        OPEN: "still owed at the end",
        COVERED: "owed nothing any more when they were allocated",
        TAKEOFF: "paid by the allocation of one of them",
        MOVED: "paid along with an ordinary batch of pages moved",
        RECLAIMED: "paid along with an ordinary batch of pages reclaimed",
    }
    return words.get(how) or f"paid: {ev.REASONS[how]}"


def not_deferred(figures: Figures) -> Table:
    """Why flushes of unmapped pages were not deferred, by policies that defer."""
    rows: list[tuple[Cell, ...]] = []
    for one in figures.policies:
        if one.outcome is not None and one.defers:
            refused = one.outcome.refused
            rows += [(one.name, reason, pages) for reason, pages in refused.most_common()]
    return Table("not-deferred", "why not deferred", tuple(rows))
