"""Tables of shootdowns: by policy, by what they are for, and by who asks and is interrupted."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from luf_tui.ftrace.replay.figures import Figures, Under, once
from luf_tui.ftrace.replay.flush_bill import FlushBill
from luf_tui.ftrace.replay.flushes import MOVED, RECLAIMED, TAKEOFF, interrupts
from luf_tui.ftrace.replay.processes import RECORDER, Processes
from luf_tui.ftrace.replay.table import Cell, Table, billed, milliseconds
from luf_tui.ftrace.trace import Trace
from luf_tui.machine import events as ev
from luf_tui.machine.config import Costs

REASONS = {
    MOVED: "pages moved",
    RECLAIMED: "pages reclaimed",
    TAKEOFF: "allocation of a page that owes",
    ev.REASON["munmap"]: "munmap, mprotect",
    ev.REASON["fork"]: "fork, exec",
    ev.REASON["kept after all"]: "a page is kept after all",
}
"""What a shootdown is for, where the words of `machine.events.REASONS` do not say it here."""


def grouped(one: Under, keys: Iterable[str], costs: Costs) -> dict[str, FlushBill]:
    """Bills of the shootdowns of one column, by the key of each; the dearest come first."""
    found: defaultdict[str, FlushBill] = defaultdict(FlushBill)
    for row, key in enumerate(keys):
        found[key].add(one.flushes, row, costs)
    return dict(sorted(found.items(), key=lambda item: (-item[1].total, item[0])))


@once
def by_policy(figures: Figures) -> Table:
    """The recording and each policy in one row, with bounds."""
    rows: list[tuple[Cell, ...]] = []
    for one in figures.columns:
        bounds: tuple[Cell, ...] = (None,) * 4
        if one.bounds is not None:
            least, most = one.bounds.least, one.bounds.most
            bounds = (
                least.shootdowns,
                most.shootdowns,
                milliseconds(least.total),
                milliseconds(most.total),
            )
        baseline = int(one.name == figures.baseline)
        rows.append((one.name, baseline, *billed(one.bill), *bounds))
    return Table("policies", "shootdowns", tuple(rows))


@once
def by_cpu(figures: Figures) -> Table:
    """Interrupts that each CPU takes."""
    facts = figures.trace.facts
    recorded = Counter(facts.cpu[at] for at in interrupts(facts))
    rows: list[tuple[Cell, ...]] = []
    for one in figures.columns:
        taken = recorded if one.outcome is None else dict(enumerate(one.outcome.interrupted))
        cpus = sorted({*taken, *figures.trace.survey.cpus})
        rows += [(f"cpu{cpu}", one.name, taken.get(cpu, 0)) for cpu in cpus]
    return Table("cpus", "by CPU", tuple(rows))


def reason_name(why: int) -> str:
    """What a shootdown is for."""
    return REASONS.get(why, ev.REASONS[why])


@once
def by_reason(figures: Figures) -> Table:
    """Shootdowns by what they are for."""
    rows: list[tuple[Cell, ...]] = []
    for one in figures.columns:
        found = grouped(one, map(reason_name, one.flushes.why), figures.costs)
        rows += [(reason, one.name, *billed(bill)) for reason, bill in found.items()]
    return Table("reasons", "by reason", tuple(rows))


@once
def by_process(figures: Figures) -> Table:
    """Who asks for shootdowns, and who is interrupted by them; who records is one, apart."""
    trace = figures.trace
    processes, tasks = Processes(trace), trace.facts.task
    rows: list[tuple[Cell, ...]] = []
    for one in figures.columns:
        taken = _interrupted(trace, one, processes)
        asked = grouped(one, (processes.of(tasks[at]) for at in one.flushes.at), figures.costs)
        for name in sorted({**asked, **taken}, key=RECORDER.__eq__):
            bill = asked.get(name, FlushBill())
            spent = milliseconds(bill.waiting)
            rows.append((name, one.name, bill.shootdowns, bill.interrupts, spent, taken[name]))
    return Table("processes", "by process", tuple(rows))


def _interrupted(trace: Trace, one: Under, processes: Processes) -> Counter[str]:
    """Interrupts taken, by process."""
    if one.outcome is not None:
        found: Counter[str] = Counter()
        for task, times in one.outcome.victims.items():
            found[processes.of(task)] += times
        return found
    facts = trace.facts
    return Counter(processes.of(facts.task[at]) for at in interrupts(facts))
