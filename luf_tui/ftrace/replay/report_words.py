"""The sentences of a report: on the recording, on what figures rest on, on what deferring costs."""

from __future__ import annotations

from luf_tui.ftrace.replay import clock
from luf_tui.ftrace.replay.debt_tables import debt_ends, waits, withheld
from luf_tui.ftrace.replay.figures import Figures, Under
from luf_tui.ftrace.replay.flush_bill import bill_of
from luf_tui.ftrace.replay.flushes import TAKEOFF
from luf_tui.ftrace.replay.processes import RECORDER
from luf_tui.ftrace.replay.replay import Agreement
from luf_tui.ftrace.replay.table import Cell, milliseconds
from luf_tui.ftrace.replay.text_table import (
    shown,
)
from luf_tui.ftrace.replay.window_tables import worst_seconds
from luf_tui.ftrace.trace import Trace
from luf_tui.timeline.tell.words import counted


def head(trace: Trace) -> list[str]:
    """What the recording holds, in sentences."""
    survey = trace.survey
    tally, recorded = survey.tally, survey.recorded
    damage = f"{tally.lost:,} events lost, {tally.unparsed:,} lines not understood"
    length = f"{survey.seconds:.3f} s" if clock.counts_seconds(trace) else "a clock without seconds"
    return [
        f"{tally.lines:,} lines, {length}, {len(survey.cpus)} CPUs, {damage}",
        (
            f"recorded: {recorded.shootdowns:,} shootdowns: {recorded.for_unmaps:,} for unmapped "
            f"pages, {recorded.for_pending:,} for pending unmaps, {recorded.for_copies:,} for "
            f"copies on write, {recorded.for_cleaning:,} to clean pages, "
            f"{recorded.for_others:,} for munmap, mprotect, fork"
        ),
        (
            f"{recorded.unmaps:,} pages unmapped, {recorded.unmaps_readonly:,} of them certainly "
            f"read-only; the kernel flushes {survey.kernel}"
        ),
        *_reading(trace),
    ]


def _reading(trace: Trace) -> list[str]:
    """What the figures of the recording rest on."""
    survey = trace.survey
    said = [f"base of vmemmap {survey.vmemmap_how}", survey.entry_types]
    if survey.recorded.unconfirmed:
        said.append(f"unmaps probed and not confirmed: {survey.recorded.unconfirmed:,}")
    recorder = trace.recorder
    if recorder.tasks:
        names = " and ".join(
            dict.fromkeys(f"{trace.tasks[task][0]}-{trace.tasks[task][1]}" for task in recorder)
        )
        said.append(
            f"the recorder ({recorder.how}: {names}) makes {recorder.switches:,} of "
            f"{recorder.all_switches:,} switches and allocates {recorder.pages:,} of "
            f"{recorder.all_pages:,} pages"
        )
    right, all_of_them = survey.foretold
    if all_of_them:
        said.append(
            f"the CPU masks as followed foretell the recorded IPIs of {right:,} of "
            f"{all_of_them:,} unmaps"
        )
    return said


def notes(figures: Figures) -> list[str]:
    """What the figures rest on: the bounds, the cost model, the clock."""
    trace, costs = figures.trace, figures.costs
    said = []
    unsure = trace.survey.recorded.unmaps_unsure
    if not figures.can_tell:
        said.append(
            "The recording tells of no page that was unmapped for migration or reclaim, so what "
            "deferring would save cannot be told."
        )
    elif any(one.defers for one in figures.policies):
        least = "what is owed at the end is never paid"
        most = "it is paid then"
        if figures.unsure_matters:
            least += f", and {unsure:,} PTEs whose rights are not known count as read-only"
            most += ", and those count as writable"
        said.append(f"At least: {least}. At most: {most}.")
    said.append(
        f"The cost model, not a measurement: who asks waits {costs.ipi:,} ns for its IPIs, "
        f"{costs.ipi_per_target:,} for each CPU, and {costs.handler:,} for the handler, which "
        f"each of the others is in; to drop a page takes {costs.invlpg:,}, everything "
        f"{costs.full_flush:,}. --cost-ipi and its like say other prices."
    )
    if clock.counts_seconds(trace):
        said.append(
            f"Per cent of {trace.survey.seconds:.3f} s times {len(trace.survey.cpus)} CPUs: worth "
            "something where the clock was a real one. No recording tells whether it was that of "
            "an emulator."
        )
    else:
        said.append("The recording's clock counts no seconds, so no share of them is told.")
    return said


def difference(figures: Figures) -> list[str]:
    """How far the policy that the recorded kernel follows is from the recording."""
    recorded = figures.trace.survey.recorded.shootdowns
    own = next((one for one in figures.policies if one.name == figures.baseline), None)
    if own is None:
        return [] if figures.baseline else ["How the kernel flushes is not known."]
    gap = own.bill.shootdowns - recorded
    if not gap:
        said = f"{own.name} sends exactly the shootdowns that were recorded."
    else:
        share = 100 * gap / recorded if recorded else 0.0
        said = (
            f"{own.name}, which the recorded kernel follows, differs from the recording by "
            f"{gap:+,} ({share:+.2f} %): a CPU's address space is inferred, and between a switch "
            "and what shows it, it may be another."
        )
    return [said, *_agreeing(figures.agreement)]


def _agreeing(agreement: Agreement | None) -> list[str]:
    """How far a policy is right in single things, whose errors may cancel in a sum."""
    if agreement is None or not agreement.mappings:
        return []
    parts = [f"for {agreement.mappings_right:,} of {agreement.mappings:,} mappings"]
    if agreement.batches:
        parts.append(f"for {agreement.batches_right:,} of {agreement.batches:,} batches")
    said = f"Others are asked, or not, as recorded {' and '.join(parts)}"
    if agreement.masks:
        said += f", and the same CPUs in {agreement.masks_right:,} of {agreement.masks:,}"
    return [f"{said}."]


def cost_of_deferring(figures: Figures, one: Under) -> list[str]:
    """What a policy that defers costs, in sentences: a line starting with a space is a part."""
    outcome = one.outcome
    assert outcome is not None
    rows = waits_under(figures, one)
    times, cpus = (sum(int(row[at] or 0) for row in rows) for at in (4, 5))
    spent = sum(float(row[6] or 0) for row in rows)
    ends = [row for row in debt_ends(figures).rows if row[0] == one.name]
    said = [f"{outcome.deferred:,} pages are freed owing a flush, {outcome.debts.most:,} at once"]
    said += [f"  {shown(pages):>7}  {how}" for _, how, pages in ends]
    if times:
        wait = f"{counted(times, 'allocation')} wait{'s' if times == 1 else ''}"
        said.append(f"{wait} for {counted(cpus, 'CPU')}: {spent:,.3f} ms of the model in all")
        apart = sum(int(row[4] or 0) for row in rows if f"({RECORDER})" in str(row[0]))
        if apart:
            said.append(f"{apart:,} of them are of the recorder itself")
        kept = withheld(figures, one)
        said.append(
            f"{kept:,} of them may not wait for others, so {one.name} would give another page"
            if kept
            else "all of them may wait for other CPUs: no page is kept from any"
        )
    else:
        said.append("no allocation waits")
    other = figures.read_only(one)
    if other is not None and other.outcome is not None:
        owing, whys = other.outcome, other.flushes.why
        own = (row for row, why in enumerate(whys) if why == TAKEOFF)
        bill = bill_of(other.flushes, figures.costs, own)
        said.append(
            f"with PTEs of unknown rights read-only: {owing.deferred:,} pages are freed owing a "
            f"flush, {owing.debts.most:,} at once; {bill.shootdowns:,} allocations wait for "
            f"{bill.interrupts:,} CPUs: {milliseconds(bill.waiting):,.3f} ms"
        )
    for row in worst_seconds(figures).rows:
        if row[0] in (one.name, "recorded"):
            _, start, shootdowns, _, interrupts, waiting, interrupted = row
            total = float(waiting or 0) + float(interrupted or 0)
            said.append(
                f"the worst second of {row[0]}: from {shown(start)} s, {shown(shootdowns)} "
                f"shootdowns, {shown(interrupts)} CPUs interrupted, {total:,.3f} ms of the model"
            )
    return said


def waits_under(figures: Figures, one: Under) -> list[tuple[Cell, ...]]:
    """Who waits at allocations under one policy."""
    return [row[1:] for row in waits(figures).rows if row[0] == one.name]
