"""The report of a replay as one object."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import asdict

from luf_tui.ftrace.replay import clock
from luf_tui.ftrace.replay.all_tables import all_tables
from luf_tui.ftrace.replay.comparison import reduction
from luf_tui.ftrace.replay.debt_tables import withheld
from luf_tui.ftrace.replay.figures import Figures, Under
from luf_tui.ftrace.replay.flush_bill import PRICES, FlushBill
from luf_tui.ftrace.replay.table import milliseconds
from luf_tui.ftrace.replay.unknown import not_known
from luf_tui.ftrace.trace import Trace


def as_json(figures: Figures) -> dict[str, object]:
    """The object `luf-tui replay --json` prints; its keys are documented in the README."""
    trace = figures.trace
    tally, recorded = trace.survey.tally, trace.survey.recorded
    return {
        "trace": trace.path,
        "lines": tally.lines,
        "lost": tally.lost,
        "unparsed": tally.unparsed,
        "seconds": trace.survey.seconds if clock.counts_seconds(trace) else None,
        "cpus": len(trace.survey.cpus),
        "release": trace.header.kernel or None,
        "kernel": trace.survey.kernel,
        "recorder": _recorder(trace),
        "baseline": figures.baseline or None,
        "agreement": asdict(figures.agreement) if figures.agreement else None,
        "can_tell": figures.can_tell,
        "costs": {name: getattr(figures.costs, name) for name in PRICES},
        "recorded": {
            "shootdowns": recorded.shootdowns,
            "received": recorded.received,
            "unmaps": recorded.unmaps,
            "unmaps_readonly": recorded.unmaps_readonly,
            "unmaps_unsure": recorded.unmaps_unsure,
            "bill": _bill(figures, figures.recorded.bill),
        },
        "policies": {one.name: _policy(figures, one) for one in figures.policies},
        "tables": {
            table.name: [dict(zip(table.head, row, strict=True)) for row in table.rows]
            for table in all_tables(figures)
        },
        "not_known": list(not_known(trace, figures.outcomes)),
    }


def _recorder(trace: Trace) -> dict[str, object] | None:
    one = trace.recorder
    if not one.tasks:
        return None
    return {
        "tasks": ["{}-{}".format(*trace.tasks[task]) for task in one],
        "how": one.how,
        "switches": one.switches,
        "all_switches": one.all_switches,
        "pages": one.pages,
        "all_pages": one.all_pages,
    }


def _policy(figures: Figures, under: Under) -> dict[str, object]:
    trace, one = figures.trace, under.outcome
    assert one is not None
    time, lived = trace.facts.time, one.debts.lives()
    return {
        "shootdowns": one.shootdowns,
        "deferred": one.deferred,
        "paid_at_takeoff": one.paid_at_takeoff,
        "paid_for_other_reasons": dict(one.paid_for_others),
        "pending_at_end": one.pending_at_end,
        "interrupted_cpus": one.interrupted_cpus,
        "interrupts": list(one.interrupted),
        "reduction": round(reduction(trace.survey.recorded.shootdowns, one.shootdowns), 2)
        if figures.can_tell or not one.defers
        else None,
        "for_unmaps": one.for_unmaps,
        "requested": one.requested,
        "not_deferred": dict(one.refused),
        "payers": [
            {"task": who.task, "order": who.order, "gfp": who.gfp, "flushes": times}
            for who, times in one.payers.most_common()
        ],
        "callers": dict(one.callers.most_common()),
        "debt_seconds": _quantiles([max(0.0, time[end] - time[start]) for start, end in lived]),
        "debt_events": _quantiles([float(end - start) for start, end in lived]),
        "bill": _bill(figures, under.bill),
        "bounds": under.bounds
        and {
            "least": _bill(figures, under.bounds.least),
            "most": _bill(figures, under.bounds.most),
        },
        "withheld": withheld(figures, under),
        "most_owing": one.debts.most,
    }


def _bill(figures: Figures, bill: FlushBill) -> dict[str, object]:
    share = clock.share(figures.trace, bill.total)
    return {
        "shootdowns": bill.shootdowns,
        "unheard": bill.unheard,
        "interrupts": bill.interrupts,
        "waiting_ms": milliseconds(bill.waiting),
        "interrupted_ms": milliseconds(bill.interrupted),
        "share": None if share is None else round(share, 4),
    }


def _quantiles(values: Sequence[float]) -> dict[str, float]:
    """Median, nine in ten, and the longest."""
    ordered = sorted(values)
    if not ordered:
        return {}
    last = len(ordered) - 1
    return {"p50": ordered[last // 2], "p90": ordered[last * 9 // 10], "max": ordered[last]}
