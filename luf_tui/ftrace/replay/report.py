"""The report of a replay: recorded shootdowns beside each policy's, who pays, how long debts live,
and what the recording does not tell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from operator import itemgetter

from luf_tui.ftrace.replay import histogram
from luf_tui.ftrace.replay.outcome import PolicyOutcome
from luf_tui.ftrace.trace import Trace

TOP = 8
"""Rows of the tables of payers and callers."""
_NOT_KNOWN = (
    """What the TLBs hold: no event tells. A CPU counts as one that may cache a page if it has the
    page's address space loaded, lazily or not, as mm_cpumask has it before Linux 6.13.""",
    """Which pages are of files, and what is written to them with write(): a LUF kernel would pay
    there too. A read fault where writing is allowed pays as well; only write faults are known.""",
    """Sizes of the pcp lists and their drains: pages wait on the list of the CPU that freed them,
    378 at most, and go to buddy in batches of 63.""",
    """Which page an allocation that may not wait would have got instead of one that owes a flush:
    the recorded one is taken and paid for.""",
    """In which order a batch would be done: under every policy its pages are unmapped, flushed,
    then mapped and freed; the recorded kernel may have taken turns page by page.""",
)


def as_json(trace: Trace, outcomes: Sequence[PolicyOutcome]) -> dict[str, object]:
    """The object `luf-tui replay --json` prints; its keys are documented in the README."""
    tally, recorded = trace.survey.tally, trace.survey.recorded
    return {
        "trace": trace.path,
        "lines": tally.lines,
        "lost": tally.lost,
        "unparsed": tally.unparsed,
        "recorded": {
            "shootdowns": recorded.shootdowns,
            "received": recorded.received,
            "unmaps": recorded.unmaps,
            "unmaps_readonly": recorded.unmaps_readonly,
        },
        "policies": {one.policy: _policy_json(trace, one) for one in outcomes},
        "not_known": list(not_known(trace, outcomes)),
    }


def _policy_json(trace: Trace, one: PolicyOutcome) -> dict[str, object]:
    return {
        "shootdowns": one.shootdowns,
        "deferred": one.deferred,
        "paid_at_takeoff": one.paid_at_takeoff,
        "paid_for_other_reasons": dict(one.paid_for_others),
        "pending_at_end": one.pending_at_end,
        "interrupted_cpus": one.interrupted_cpus,
        "interrupts": list(one.interrupted),
        "reduction": round(reduction(trace.survey.recorded.shootdowns, one.shootdowns), 2),
        "for_unmaps": one.for_unmaps,
        "requested": one.requested,
        "not_deferred": dict(one.refused),
        "payers": [
            {"task": who.task, "order": who.order, "gfp": who.gfp, "flushes": times}
            for who, times in one.payers.most_common()
        ],
        "callers": dict(one.callers.most_common()),
        "debt_seconds": _quantiles(_lives(trace, one, seconds=True)),
        "debt_events": _quantiles(_lives(trace, one, seconds=False)),
    }


def reduction(recorded: int, shootdowns: int) -> float:
    """Shootdowns saved, in per cent of those recorded; below 0 for more of them."""
    return 100 * (1 - shootdowns / recorded) if recorded else 0.0


def _quantiles(values: Sequence[float]) -> dict[str, float]:
    """Median, nine in ten, and the longest."""
    ordered = sorted(values)
    if not ordered:
        return {}
    last = len(ordered) - 1
    return {"p50": ordered[last // 2], "p90": ordered[last * 9 // 10], "max": ordered[last]}


def lines(trace: Trace, outcomes: Sequence[PolicyOutcome]) -> list[str]:
    """The report for a terminal."""
    said = [*_head(trace), "", *_comparison(trace, outcomes), ""]
    for one in outcomes:
        if one.policy == "eager":
            said += [*_difference(trace, one), ""]
        if one.deferred:
            said += [*_debts(trace, one), ""]
    for one in outcomes:
        if one.callers:
            said += [f"whose unmaps are flushed at once or in a batch, under {one.policy}"]
            said += [*_table(one.callers), ""]
    said += ["not known"]
    for text in not_known(trace, outcomes):
        said += _wrapped(text)
    return said


def _head(trace: Trace) -> list[str]:
    survey = trace.survey
    tally, recorded = survey.tally, survey.recorded
    damage = f"{tally.lost:,} events lost, {tally.unparsed:,} lines not understood"
    return [
        trace.path,
        f"  {tally.lines:,} lines, {survey.seconds:.3f} s, {len(survey.cpus)} CPUs, {damage}",
        (
            f"  recorded: {recorded.shootdowns:,} shootdowns: {recorded.for_unmaps:,} for unmapped "
            f"pages, {recorded.for_copies:,} for copies on write, {recorded.for_others:,} for "
            "munmap, mprotect, fork"
        ),
        (
            f"  {recorded.unmaps:,} pages unmapped, {recorded.unmaps_readonly:,} of them certainly "
            f"read-only; the kernel flushes {survey.kernel}"
        ),
        *_reading(trace),
    ]


def _reading(trace: Trace) -> list[str]:
    """What the figures of the recording rest on."""
    survey = trace.survey
    said = [f"  base of vmemmap {survey.vmemmap_how}", f"  {survey.entry_types}"]
    if survey.recorded.unconfirmed:
        said.append(f"  unmaps probed and not confirmed: {survey.recorded.unconfirmed:,}")
    right, all_of_them = survey.foretold
    if all_of_them:
        said.append(
            f"  the CPU masks as followed foretell the recorded IPIs of {right:,} of "
            f"{all_of_them:,} unmaps"
        )
    return said


def _comparison(trace: Trace, outcomes: Sequence[PolicyOutcome]) -> list[str]:
    recorded = trace.survey.recorded
    cpus = range(max((len(one.interrupted) for one in outcomes), default=0))
    eager = next((one for one in outcomes if one.policy == "eager"), None)
    rows: list[tuple[str, ...]] = [("", "recorded", *(one.policy for one in outcomes))]

    def row(name: str, first: str, values: Sequence[int]) -> None:
        rows.append((name, first, *(f"{value:,}" for value in values)))

    row("shootdowns", f"{recorded.shootdowns:,}", [one.shootdowns for one in outcomes])
    shares = (_change(recorded.shootdowns, one.shootdowns) for one in outcomes)
    rows.append(("  against recorded", "", *shares))
    row("  for unmapped pages", f"{recorded.for_unmaps:,}", [one.for_unmaps for one in outcomes])
    row("  paid at takeoff", "", [one.paid_at_takeoff for one in outcomes])
    others = {why for one in outcomes for why in one.paid_for_others}
    for why in sorted(others):
        row(f"  paid: {why}", "", [one.paid_for_others[why] for one in outcomes])
    asked = recorded.for_copies + recorded.for_others
    row("  asked for by copies, munmap, …", f"{asked:,}", [one.requested for one in outcomes])
    row("pages freed owing a flush", "", [one.deferred for one in outcomes])
    row("  still owing at the end", "", [one.pending_at_end for one in outcomes])
    received = recorded.received + recorded.left_lazy
    row("CPUs interrupted", f"{received:,}", [one.interrupted_cpus for one in outcomes])
    for cpu in cpus:
        row(f"  cpu{cpu}", "", [one.interrupted[cpu] for one in outcomes])
    if eager is not None and len(outcomes) > 1:
        row("saved against eager", "", _saved(eager.interrupted_cpus, outcomes, sum))
        for cpu in cpus:
            row(f"  cpu{cpu}", "", _saved(eager.interrupted[cpu], outcomes, itemgetter(cpu)))
    return _columns(rows)


def _saved(
    eager: int, outcomes: Sequence[PolicyOutcome], of: Callable[[tuple[int, ...]], int]
) -> list[int]:
    """Interrupts that each policy saves."""
    return [eager - of(one.interrupted) for one in outcomes]


def _change(recorded: int, shootdowns: int) -> str:
    """The change against the recording, in per cent."""
    change = -reduction(recorded, shootdowns)
    return f"{change:+.1f} %" if round(change, 1) else "the same"


def _columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return [
        "  ".join(
            text.ljust(width) if at == 0 else text.rjust(width)
            for at, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _difference(trace: Trace, eager: PolicyOutcome) -> list[str]:
    recorded = trace.survey.recorded.shootdowns
    gap = eager.shootdowns - recorded
    if not gap:
        return ["eager sends exactly the shootdowns that were recorded"]
    share = 100 * gap / recorded if recorded else 0.0
    kernel = trace.survey.kernel
    why = (
        "the recorded kernel flushes in batches, which eager does not"
        if kernel == "batched"
        else "a CPU's address space is inferred from flushes it took part in, and between a "
        "switch and the first of them it may be another"
    )
    return [f"eager differs from the recording by {gap:+,} ({share:+.2f} %): {why}"]


def _debts(trace: Trace, one: PolicyOutcome) -> list[str]:
    paid = sum(one.payers.values())
    said = [f"{one.policy}: {paid:,} allocations pay for {one.deferred:,} pages"]
    said += [f"  {times:>7,}  {_whom(why)}" for why, times in one.debts.settled().most_common()]
    said.append(f"  {one.pending_at_end:>7,}  still owed at the end")
    if one.payers:
        said += ["", "  who pays, and for what"]
    payers: Counter[str] = Counter()
    for who, times in one.payers.items():
        payers[f"{who.task}  order {who.order}  {who.gfp}"] += times
    said += ["  " + text for text in _table(payers)]
    if one.deferred > one.pending_at_end:
        said += ["", "  how long a debt lives, time of the recording"]
        lived = _lives(trace, one, seconds=True)
        said += ["  " + text for text in histogram.draw(lived, histogram.span)]
        said += ["", "  how long a debt lives, events of the recording"]
        said += ["  " + text for text in histogram.draw(_lives(trace, one, seconds=False))]
    return said


def _whom(why: str) -> str:
    return {
        "taken off the free lists": "paid by the allocation of one of them",
        "all CPUs had flushed since": "owed nothing any more when they were allocated",
        "before copy": "paid along with an ordinary batch",
        "before free": "paid along with an ordinary batch",
    }.get(why, f"paid: {why}")


def _lives(trace: Trace, one: PolicyOutcome, *, seconds: bool) -> list[float]:
    """How long the debts lived that are paid: time of the recording's clock, or facts."""
    time = trace.facts.time
    if seconds:
        return [max(0.0, time[end] - time[start]) for start, end in one.debts.lives()]
    return [float(end - start) for start, end in one.debts.lives()]


def _table(counts: Counter[str]) -> list[str]:
    rows = counts.most_common(TOP)
    rest = sum(counts.values()) - sum(times for _, times in rows)
    said = [f"  {times:>7,}  {name}" for name, times in rows]
    return said + ([f"  {rest:>7,}  {len(counts) - TOP} others"] if rest else [])


def not_known(trace: Trace, outcomes: Sequence[PolicyOutcome]) -> list[str]:
    """What the recording does not tell and what the replay takes in its place, in sentences."""
    said = [*trace.survey.unknown, *(" ".join(text.split()) for text in _NOT_KNOWN)]
    odd = outcomes[0].odd if outcomes else None
    if odd is not None and odd.not_placed:
        said.append(
            f"The address space of {odd.not_placed:,} flush requests: they count under every "
            "policy and settle no debt."
        )
    if odd is not None and (odd.taken_twice or odd.freed_twice):
        said.append(
            f"What happened to {odd.taken_twice:,} frames that were used without having been "
            f"allocated, and {odd.freed_twice:,} that were freed while free."
        )
    if any(one.policy.startswith("luf") for one in outcomes):
        said.append(
            "Whether to count what v12 pays when a kernel thread hands a borrowed address space "
            "back (finish_task_switch): left out unless --lazy-drops is given, since x86 does not "
            "need it."
        )
    return said


def _wrapped(text: str, width: int = 96) -> list[str]:
    rows, row = [], "  -"
    for word in text.split():
        if len(row) + 1 + len(word) > width:
            rows.append(row)
            row = "   "
        row += " " + word
    return [*rows, row]
