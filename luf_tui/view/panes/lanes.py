"""What each CPU does when: a lane a CPU, on the time axis of the cost model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import frozen

from luf_tui.engine.operations import op_name, step_label
from luf_tui.machine.refs import Ref
from luf_tui.machine.schema import STACK_DEPTH, Context
from luf_tui.timeline.ask.model_time import ModelTime, model_time
from luf_tui.timeline.ask.prices import INTERRUPT, WAIT
from luf_tui.timeline.caches import per_run
from luf_tui.timeline.timeline import Timeline
from luf_tui.view import names
from luf_tui.view.columns import cells as width_of
from luf_tui.view.columns import cut, fit, flowing, length, pad
from luf_tui.view.marks import Mark, Pane, Row, clean
from luf_tui.view.state import ViewState
from luf_tui.view.time_axis import (
    GLYPHS,
    Axis,
    axis,
    cells,
    duration,
    of_scale,
    scales,
    sign,
)

HERE = "┃"
LONGEST = 12
"""Cells of a policy's name."""
SUMS = 15
"""Cells of what a lane comes to."""
WIDE = 96
"""Cells from which each lane tells what it comes to."""
WIDEST = 140
"""Cells from which there is room for the names of functions beside the lanes."""
NEXT = "next "
"""What stands before a micro-step that is still to come."""
LEAST_SAID = 14
"""Cells for what a CPU does, however short that is."""
ENOUGH = 5000
"""Micro-steps of a long run that are looked at for the longest."""
LEGEND: tuple[tuple[str, str, str], ...] = (
    ("━", "text", "runs"), ("▼", "ipi", "in interrupt"), ("⋯", "accent", "waits"),
    ("·", "dim", "idle"), ("◆", "pending", "defers"), ("▲", "flushed", "pays"),
    ("○", "benign", "stale hit"), ("◇", "deviation", "visible"), ("✖", "violation", "violation"),
    (HERE, "title", "you are here"),
)  # fmt: skip
LABELLED = "cost model, not a measurement"


@frozen
class Shown:
    """One run whose lanes are shown, and where in it one stands."""

    timeline: Timeline
    position: int
    label: str
    """What stands before its lanes: its policy, where there are two."""
    own: bool = True
    """It is the run that is walked: its columns are places to go to."""

    @property
    def time(self) -> ModelTime:
        """The run on the time axis."""
        return model_time(self.timeline)

    @property
    def here(self) -> int:
        """The moment of the place."""
        return self.time.here[self.position]


def build(timeline: Timeline, state: ViewState, width: int, height: int) -> Pane:
    """A lane a CPU, what the lanes of a policy come to, the scale, and what the glyphs are."""
    runs = _runs(timeline, state.beside)
    columns = room(timeline, state.beside, width)
    longest = max(run.time.length for run in runs)
    here = model_time(timeline).here[timeline.position]
    whole = state.time_scale or scales(longest, columns)[0]
    shown = axis(longest, here, columns, state.time_zoom)
    if state.time_scale:
        shown = of_scale(whole, longest, here, columns)
    label = _label_width(runs)
    below = _below(shown, here, label, width)
    lanes = [_lanes(run, shown, label, width, beside=len(runs) > 1) for run in runs]
    sums = [_sum(run, whole, runs, label, width) for run in runs]
    left = height - len(below) - sum(len(some) for some in lanes)
    rows: list[Row] = []
    for some, total in zip(lanes, sums, strict=True):
        rows += some
        if not 0 <= left < len(runs):  # they fit, or the pane scrolls anyway
            rows.append(total)
    current = _row_of(rows, _mover(timeline)) if len(rows) + len(below) > height else None
    return Pane("lanes", (Mark("lanes", "title"),), (*rows, *below), current)


def room(timeline: Timeline, beside: Timeline | None, width: int) -> int:
    """Columns of the time axis in a pane of so many cells."""
    runs = _runs(timeline, beside)
    return max(6, width - _label_width(runs) - _side(timeline, width, beside=len(runs) > 1) - 1)


def rows_wanted(timeline: Timeline, beside: Timeline | None, width: int) -> int:
    """Rows in which everything is shown; the same wherever one stands."""
    runs = _runs(timeline, beside)
    lanes = len(_cpus(timeline)) + bool(_idle(timeline))
    whole = axis(max(run.time.length for run in runs), 0, room(timeline, beside, width), 0)
    return len(runs) * (lanes + 1) + len(_below(whole, 0, _label_width(runs), width))


def same_place(timeline: Timeline, other: Timeline) -> int:
    """Where another run of the script is at the same line: as many micro-steps into it, or at its
    end.
    """
    item, at = timeline.item_at(timeline.position), timeline.position
    if item < 0:
        return 0
    mine, theirs = timeline.item_steps(item), other.item_steps(item)
    if not theirs:
        reached = other.item_position(item)
        return reached if reached >= 0 else other.steps
    if at >= mine.stop - 1:
        return theirs.stop - 1
    return theirs.start + min(at - mine.start, len(theirs) - 1)


def _runs(timeline: Timeline, beside: Timeline | None) -> list[Shown]:
    """The runs shown; of two, the one that flushes at once above the one that may put it off."""
    here = Shown(timeline, timeline.position, "")
    if beside is None:
        return [here]
    pair = [
        Shown(timeline, timeline.position, _called(timeline)),
        Shown(beside, same_place(timeline, beside), _called(beside), own=False),
    ]
    return pair if timeline.policy.name == "eager" else pair[::-1]


def _called(timeline: Timeline) -> str:
    """A run's policy, with how many of its guards are off."""
    policy = timeline.policy
    off = f" −{len(policy.without)}" if policy.without else ""
    return f"{cut(clean(policy.name), LONGEST)}{off} "


def _cpus(timeline: Timeline) -> range | list[int]:
    """The CPUs with a lane of their own: of many, those that do anything in the run."""
    cpus = range(timeline.config.cpus)
    if len(cpus) <= names.FEW_CPUS:
        return cpus
    return [cpu for cpu in cpus if _acts(timeline)[cpu]]


@per_run
def _acts(timeline: Timeline) -> tuple[bool, ...]:
    lanes = model_time(timeline).lanes
    return tuple(bool(lane.busy.starts or lane.waits.starts or lane.marks) for lane in lanes)


def _idle(timeline: Timeline) -> list[int]:
    known = _cpus(timeline)
    return [cpu for cpu in range(timeline.config.cpus) if cpu not in known]


def _label_width(runs: Sequence[Shown]) -> int:
    cpu = len(f"cpu{runs[0].timeline.config.cpus - 1} ")
    return max(width_of(run.label) for run in runs) + cpu


def _side(timeline: Timeline, width: int, *, beside: bool) -> int:
    """Cells to the right of the lanes: what each comes to, and what its CPU does now, which is as
    wide as the run asks for where there is room.
    """
    sums = SUMS if width >= WIDE else 0
    if beside:
        return sums
    most = width * 2 // 5 if width >= WIDE else width // 4
    return sums + max(LEAST_SAID, min(most, _longest_said(timeline)[width < WIDEST]))


@per_run
def _longest_said(timeline: Timeline) -> tuple[int, int]:
    """Cells of the longest that is said of a CPU in a run: with the kernel's function, and without;
    of a very long run, in its first part.
    """
    tasks = [clean(task.name) for task in timeline.config.tasks]
    cpus = timeline.config.cpus
    steps = map(timeline.step_info, range(1, min(timeline.steps, ENOUGH) + 1))
    known = {(info.op, info.pos, info.ctx) for info in steps}
    whole = short = LEAST_SAID
    for op, pos, ctx in known:
        name = width_of(f"{tasks[ctx - cpus]}, ") if 0 <= ctx - cpus < len(tasks) else 0
        label = width_of(step_label(op, pos))
        name += len(NEXT)
        whole = max(whole, name + width_of(f"{op_name(op)}: ") + label)
        short = max(short, name + label)
    return whole, short


def _lanes(run: Shown, shown: Axis, label: int, width: int, *, beside: bool) -> list[Row]:
    rows = []
    for number, cpu in enumerate(_cpus(run.timeline)):
        name = run.label if not number else ""
        head: Row = (
            Mark(pad(name, label - len(f"cpu{run.timeline.config.cpus - 1} ")), "title"),
            Mark(f"cpu{cpu} ", "title", Ref("cpu", cpu)),
        )
        row = [*fit(head, label), *_bar(run, cpu, shown), Mark(" ")]
        if width >= WIDE:
            row += _lane_sum(run, cpu)
        if not beside:
            said, role = _doing(run.timeline, cpu)
            side = max(0, width - length(tuple(row)))
            text = next((text for text in said if width_of(text) <= side), cut(said[-1], side))
            row.append(Mark(text, role, Ref("cpu", cpu)))
        rows.append(tuple(row))
    if idle := _idle(run.timeline):
        told = " ".join(f"cpu{cpu}" for cpu in idle)
        rows.append((Mark(" " * label), Mark(cut(f"idle all the time: {told}", 60), "dim")))
    return rows


def _bar(run: Shown, cpu: int, shown: Axis) -> Iterator[Mark]:
    """The columns of a lane, what has not happened yet in little weight, and where one stands."""
    at, over = shown.column(run.here), shown.column(run.time.length)
    for column, cell in enumerate(cells(run.timeline, cpu, shown)):
        if column > over:
            yield Mark(" " * (shown.columns - column))
            return
        seen = cell.role if cell.step <= run.position else "dim"
        glyph, role = sign(cell, run.position) or (cell.glyph, seen)
        if column == at:
            glyph, role = (glyph, "current") if cell.marks else (HERE, "title")
        yield Mark(glyph, role, Ref("step", cell.at) if run.own else Ref("cpu", cpu))


def _lane_sum(run: Shown, cpu: int) -> Row:
    """What a CPU waits and how often it is interrupted, in the whole run."""
    lane = run.time.lanes[cpu]
    waits, taken = _waited(run.timeline)[cpu], len(lane.interrupts)
    return (
        Mark(f"⋯{duration(waits):>7}" if waits else "       –", "accent" if waits else "dim"),
        Mark(f"  ▼{taken:>3} " if taken else "     – ", "ipi" if taken else "dim"),
    )


@per_run
def _waited(timeline: Timeline) -> tuple[int, ...]:
    return tuple(lane.spent(WAIT) for lane in model_time(timeline).lanes)


@per_run
def _interrupted(timeline: Timeline) -> int:
    return model_time(timeline).spent(INTERRUPT)


def _sum(run: Shown, per: int, runs: Sequence[Shown], label: int, width: int) -> Row:
    """What a policy comes to, as bars of the scale of the whole run, shrunk where the longest of
    them would not fit.
    """
    said, most = 36, 1
    for one in runs:
        most = max(most, sum(_waited(one.timeline)) + _interrupted(one.timeline))
    per = max(per, -(-most // max(1, width - label - said)))
    waited, interrupted = sum(_waited(run.timeline)), _interrupted(run.timeline)
    bars = ((waited, WAIT, f" waits {duration(waited)}"),
            (interrupted, INTERRUPT, f" interrupts {run.time.interrupts}"))  # fmt: skip
    row = [Mark(pad("all" if not run.label else f"{run.label}all", label), "title")]
    for spent, use, words in bars:
        glyph, role = GLYPHS[use]
        row += [Mark(glyph * -(-spent // per), role), Mark(f"{words}  ", role if spent else "dim")]
    return tuple(row)


def _below(shown: Axis, here: int, label: int, width: int) -> list[Row]:
    """The time at every so many columns, what a column is, and what the glyphs are."""
    said = Mark(f" one column {duration(shown.per)} · {LABELLED}", "dim")
    scale = (Mark(" " * label), *_scale(shown, here))
    if length((*scale, said)) <= width:
        return [(*scale, said), *_legend(width, ())]
    return [scale, *_legend(width, (Mark(said.text[1:], "dim"),))]


def _scale(shown: Axis, here: int) -> Row:
    """The time at every so many columns, and between them where one stands."""
    text = [" "] * shown.columns
    every = 20 if shown.columns >= 40 else 10
    for column in range(0, shown.columns, every):
        said = f"╵{shown.label(column)}"
        if column + len(said) <= shown.columns:
            text[column : column + len(said)] = said
    line, at = "".join(text), shown.column(here)
    if 0 <= at < shown.columns and not line[max(0, at - 1) : at + 2].strip():
        return (Mark(line[:at], "dim"), Mark(HERE, "title"), Mark(line[at + 1 :], "dim"))
    return (Mark(line, "dim"),)


def _legend(width: int, lead: Row) -> list[Row]:
    """What the glyphs are, in as many rows as that takes."""
    told = [(Mark(glyph, role), Mark(f" {words}", "dim")) for glyph, role, words in LEGEND]
    return flowing([lead, *told] if lead else told, width)


def _row_of(rows: list[Row], cpu: int) -> int:
    """The first row of a CPU."""
    found = (n for n, row in enumerate(rows) if any(mark.ref == Ref("cpu", cpu) for mark in row))
    return next(found, 0)


def _mover(timeline: Timeline) -> int:
    """The CPU that made the last micro-step; -1 for none."""
    if not timeline.position:
        return -1
    m, cpus = timeline.machine, timeline.config.cpus
    ctx = timeline.step_info(timeline.position).ctx
    if cpus <= ctx < m.actors:
        at = m.task[ctx - cpus].cpu
        return at if at >= 0 else timeline.config.tasks[ctx - cpus].cpu
    return ctx if ctx < cpus else -1


def _doing(timeline: Timeline, cpu: int) -> tuple[tuple[str, ...], str]:
    """What a CPU is about to do, or waits for: in full, and where that differs ever shorter."""
    m = timeline.machine
    now = m.cpu[cpu]
    if m.irq_ctx(cpu).depth:
        return _next(timeline, m.irq_ctx(cpu)), "ipi"
    if m.shootdown[cpu].waiting:
        return (f"waits for {names.cpus(m.shootdown[cpu].waiting)} to flush",), "ipi"
    if now.offline:
        return ("offline",), "dim"
    if not now.task:
        borrowed = f" over {names.process(m, now.loaded_mm.index)}" if now.loaded_mm else ""
        return (f"idle, lazy{borrowed}" if now.lazy else "idle",), "dim"
    name = clean(m.config.tasks[now.task.index].name)
    said = _next(timeline, m.task_ctx(now.task))
    if not said:
        return (f"{name}, user mode" if now.loaded_mm and not now.lazy else name,), "dim"
    return tuple(f"{name}, {one}" for one in said), "text"


def _next(timeline: Timeline, ctx: Context) -> tuple[str, ...]:
    """The micro-step a context makes next, with the kernel's function, without, and as the label
    alone; empty when it has nothing to do.
    """
    depth = ctx.depth
    if not depth:
        return ()
    act = timeline.machine.stack[ctx.index * STACK_DEPTH + depth - 1]
    label = step_label(act.op, act.pos)
    return f"{NEXT}{op_name(act.op)}: {label}", f"{NEXT}{label}", label
