"""The report of a replay as text: recorded shootdowns beside each policy's, in counts and in
milliseconds of the cost model, what deferring costs and whom, and what the recording does not tell.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from luf_tui.ftrace.replay import clock
from luf_tui.ftrace.replay.bounds import Bounds
from luf_tui.ftrace.replay.debt_tables import debt_ends, waits, withheld
from luf_tui.ftrace.replay.figures import Figures, Under
from luf_tui.ftrace.replay.flush_bill import FlushBill, bill_of
from luf_tui.ftrace.replay.flush_tables import by_process, by_reason
from luf_tui.ftrace.replay.flushes import TAKEOFF
from luf_tui.ftrace.replay.plots import debt_lives, time_line, who_pays
from luf_tui.ftrace.replay.processes import RECORDER
from luf_tui.ftrace.replay.replay import Agreement
from luf_tui.ftrace.replay.table import Cell, milliseconds
from luf_tui.ftrace.replay.text_table import (
    TOP,
    aligned,
    counts,
    fitted,
    indented,
    shortened,
    shown,
    side_by_side,
    wrapped,
)
from luf_tui.ftrace.replay.unknown import NEVER, not_known
from luf_tui.ftrace.replay.window_tables import worst_seconds
from luf_tui.ftrace.trace import Trace
from luf_tui.timeline.tell.words import counted

CANNOT_TELL = "cannot be told"
_PLOTS = (("who waits, and how long", who_pays), ("how long a debt lives", debt_lives))


def lines(
    figures: Figures, width: int = 80, *, plots: bool = True, colours: bool = False
) -> list[str]:
    """The report for a terminal of so many columns; lines of plots are of a class of their own,
    `Drawn`, and may be coloured.
    """
    trace = figures.trace
    text = min(width, 96)
    said = [trace.path]
    said += [line for one in head(trace) for line in wrapped(one, text, "  ")]
    said += ["", *aligned(comparison(figures)), ""]
    said += [line for one in notes(figures) for line in wrapped(one, text)]
    said += [""]
    drawn = time_line(figures, width, colours=colours) if plots else []
    said += [*drawn, ""] if drawn else []
    said += [*(line for one in difference(figures) for line in wrapped(one, text)), ""]
    for one in figures.policies:
        if one.outcome is not None and one.outcome.deferred:
            said += [*_deferring(figures, one, width), ""]
            for title, plot in _PLOTS if plots else ():
                drawn = plot(figures, one, width, colours=colours)
                said += [f"{title}, under {one.name}", *drawn, ""] if drawn else []
    said += [*_by_process(figures), ""]
    for one in figures.policies:
        if one.outcome is not None and one.outcome.callers:
            said += [f"whose unmaps are flushed at once or in a batch, under {one.name}"]
            said += [*indented(counts(one.outcome.callers)), ""]
    said += wrapped(NEVER, text)
    unknown = not_known(trace, figures.outcomes)
    if unknown:
        said += ["", "not known"]
    for why in unknown:
        said += wrapped(why, text, "  - ")
    return said


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


def comparison(figures: Figures) -> list[list[Cell]]:
    """The recording beside each policy: a row of names, and a row for each figure."""
    trace, columns, policies = figures.trace, figures.columns, figures.policies
    recorded = trace.survey.recorded
    rows: list[list[Cell]] = [["", *(one.name for one in columns)]]
    rows += [["", "", *(figures.beside_kernel(one.name) for one in policies)]]
    if not any(rows[1]):
        del rows[1]

    def row(name: str, *cells: Cell) -> None:
        rows.append([name, *cells])

    def told(one: Under, cell: Cell) -> Cell:
        return cell if figures.can_tell or not one.defers else CANNOT_TELL

    row("shootdowns", *(told(one, one.bill.shootdowns) for one in columns))
    shares = (change(figures.recorded.bill.shootdowns, one.bill.shootdowns) for one in policies)
    row("  against recorded", "", *map(told, policies, shares))
    rows += _bounds(figures, lambda bill: bill.shootdowns)
    recorder = _recorder(figures)
    if recorder:
        row("  by the recorder itself", *(asked for asked, _ in recorder))
    outcomes = [one.outcome for one in policies if one.outcome is not None]
    row("  for unmapped pages", recorded.for_unmaps, *(one.for_unmaps for one in outcomes))
    row("  paid at takeoff", "", *(one.paid_at_takeoff for one in outcomes))
    for why in sorted({why for one in outcomes for why in one.paid_for_others}):
        theirs: Cell = recorded.for_pending if why == "pending unmaps" else ""
        row(f"  paid: {why}", theirs, *(one.paid_for_others[why] for one in outcomes))
    asked = recorded.for_copies + recorded.for_cleaning + recorded.for_others
    row("  asked for by copies, munmap, …", asked, *(one.requested for one in outcomes))
    row("  that interrupt nobody", *(one.bill.unheard for one in columns))
    row("pages freed owing a flush", "", *(one.deferred for one in outcomes))
    row("  still owing at the end", "", *(one.pending_at_end for one in outcomes))
    taken = [recorded.interrupted, *(one.interrupted_cpus for one in outcomes)]
    row("CPUs interrupted", *map(told, columns, taken))
    rows += _bounds(figures, lambda bill: bill.interrupts)
    if recorder:
        row("  in the recorder", *(times for _, times in recorder))
    cpus = max((len(one.interrupted) for one in outcomes), default=0)
    for cpu in range(cpus if cpus <= TOP else 0):
        row(f"  cpu{cpu}", "", *(one.interrupted[cpu] for one in outcomes))
    row("ms of the model", *(told(one, milliseconds(one.bill.total)) for one in columns))
    rows += _bounds(figures, lambda bill: milliseconds(bill.total))
    row("  of those who ask", *(milliseconds(one.bill.waiting) for one in columns))
    row("  of those interrupted", *(milliseconds(one.bill.interrupted) for one in columns))
    spent = [clock.share(trace, one.bill.total) for one in columns]
    if None not in spent:
        row("  % of all CPUs' time", *(f"{one:.4f}" for one in spent))
    return rows


def _recorder(figures: Figures) -> list[tuple[int, int]]:
    """Shootdowns that the recorder asks for and interrupts that it takes, of each column; empty
    where it is not known who recorded.
    """
    table = by_process(figures)
    found = {
        row[1]: (int(row[2] or 0), int(row[5] or 0)) for row in table.rows if row[0] == RECORDER
    }
    return [found.get(one.name, (0, 0)) for one in figures.columns] if found else []


def _bounds(figures: Figures, of: Callable[[FlushBill], Cell]) -> list[list[Cell]]:
    """A figure at least and at most, where that is something else."""
    bounds = [one.bounds for one in figures.policies if one.bounds is not None]
    least, most = ([of(bill) for bill in bills] for bills in zip(*map(_both, bounds), strict=True))
    if least == most or not figures.can_tell:
        return []
    return [["  at least", "", *least], ["  at most", "", *most]]


def _both(bounds: Bounds) -> tuple[FlushBill, FlushBill]:
    return bounds.least, bounds.most


def change(recorded: int, shootdowns: int) -> str:
    """The change against the recording, in per cent."""
    found = -reduction(recorded, shootdowns)
    return f"{found:+.1f} %" if round(found, 1) else "the same"


def reduction(recorded: int, shootdowns: int) -> float:
    """Shootdowns saved, in per cent of those recorded; below 0 for more of them."""
    return 100 * (1 - shootdowns / recorded) if recorded else 0.0


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
    rows = _waits(figures, one)
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


def _waits(figures: Figures, one: Under) -> list[tuple[Cell, ...]]:
    """Who waits at allocations under one policy."""
    return [row[1:] for row in waits(figures).rows if row[0] == one.name]


def _deferring(figures: Figures, one: Under, width: int) -> list[str]:
    said = [f"what {one.name} costs"]
    for line in cost_of_deferring(figures, one):
        said += wrapped(line, width, "  ")
    rows = _waits(figures, one)
    if rows:
        names = ["who waits", "order", "for what", "context", "times", "CPUs", "ms"]
        said += ["", *indented(fitted([names, *shortened_waits(rows)], width - 2, left=4, at=2))]
    return said


def shortened_waits(rows: Sequence[Sequence[Cell]]) -> list[list[Cell]]:
    """Those who wait longest, and the sum of the others."""
    kept = [list(row) for row in rows[:TOP]]
    rest = rows[TOP:]
    if rest:
        sums = [sum(float(row[at] or 0) for row in rest) for at in (4, 5, 6)]
        kept.append([f"{len(rest)} others", "", "", "", int(sums[0]), int(sums[1]), sums[2]])
    return kept


def _by_process(figures: Figures) -> list[str]:
    names = [one.name for one in figures.chosen]
    by = side_by_side(
        by_process(figures), ("shootdowns", "interrupted"), names, ("asks", "is interrupted")
    )
    why = side_by_side(by_reason(figures), ("shootdowns", "interrupts"), names, ("asked", "CPUs"))
    return [
        "by process: shootdowns it asks for, and interrupts it takes",
        *indented(aligned([*by[:2], *shortened(by[2:], keep=RECORDER)])),
        "",
        "by reason: shootdowns, and CPUs they interrupt",
        *indented(aligned([*why[:2], *shortened(why[2:])])),
    ]
