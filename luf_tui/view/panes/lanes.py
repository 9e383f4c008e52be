"""What each CPU does now, and did lately: a lane per CPU."""

from __future__ import annotations

from itertools import groupby

from luf_tui.engine.operations import op_name, step_label
from luf_tui.machine.refs import Ref
from luf_tui.machine.schema import STACK_DEPTH, Context
from luf_tui.timeline.timeline import Timeline
from luf_tui.view import names
from luf_tui.view.columns import cut
from luf_tui.view.marks import Mark, Pane, Row, clean
from luf_tui.view.state import ViewState

LABEL = 6
LOOK = {"task": ("━", "used"), "irq": ("▼", "ipi"), "": ("─", "dim")}
"""A micro-step of the CPU's task, of its interrupt handler, and of somebody else."""


def build(timeline: Timeline, state: ViewState, width: int, height: int) -> Pane:
    """One row per CPU: its last micro-steps, and what it is about to do."""
    room = max(6, min(40, (width - LABEL) // 3))
    movers = _movers(timeline, room)
    rows = tuple(_lane(timeline, cpu, movers, room, width) for cpu in range(timeline.config.cpus))
    current = movers[-1][0] if movers and len(rows) > height else -1
    return Pane("lanes", (Mark("CPUs", "title"),), rows, current if current >= 0 else None)


def _movers(timeline: Timeline, room: int) -> list[tuple[int, str]]:
    """CPU and level of the last micro-steps, oldest first; CPU -1 is no CPU's."""
    found = []
    m, cpus = timeline.machine, timeline.config.cpus
    for step in range(max(1, timeline.position - room + 1), timeline.position + 1):
        ctx = timeline.step_info(step).ctx
        if 0 <= ctx < cpus:
            found.append((ctx, "irq"))
        elif cpus <= ctx < m.boot_ctx.index:
            at = m.task[ctx - cpus].cpu
            found.append((at if at >= 0 else timeline.config.tasks[ctx - cpus].cpu, "task"))
        else:
            found.append((-1, ""))
    return found


def _lane(
    timeline: Timeline, cpu: int, movers: list[tuple[int, str]], room: int, width: int
) -> Row:
    bar = [Mark(" " * (room - len(movers)))] if len(movers) < room else []
    for level, run in groupby(level if who == cpu else "" for who, level in movers):
        glyph, role = LOOK[level]
        bar.append(Mark(glyph * len(list(run)), role))
    text, role = _doing(timeline, cpu)
    ref = Ref("cpu", cpu)
    text = cut(text, max(0, width - LABEL - room - 1))
    return Mark(f"{f'cpu{cpu}':<{LABEL}}", "title", ref), *bar, Mark(" "), Mark(text, role, ref)


def _doing(timeline: Timeline, cpu: int) -> tuple[str, str]:
    """What a CPU is about to do, or waits for."""
    m = timeline.machine
    now = m.cpu[cpu]
    if m.irq_ctx(cpu).depth:
        return f"{_next(timeline, m.irq_ctx(cpu))}", "ipi"
    if m.shootdown[cpu].waiting:
        return f"waits for {names.cpus(m.shootdown[cpu].waiting)} to flush", "ipi"
    if now.offline:
        return "offline", "dim"
    if not now.task:
        borrowed = f" over {names.process(m, now.loaded_mm.index)}" if now.loaded_mm else ""
        return (f"idle, lazy{borrowed}" if now.lazy else "idle"), "dim"
    name = clean(m.config.tasks[now.task.index].name)
    said = _next(timeline, m.task_ctx(now.task))
    if not said:
        return f"{name}, user mode" if now.loaded_mm and not now.lazy else name, "dim"
    return f"{name}, {said}", "text"


def _next(timeline: Timeline, ctx: Context) -> str:
    """The micro-step a context makes next; empty when it has nothing to do."""
    depth = ctx.depth
    if not depth:
        return ""
    act = timeline.machine.stack[ctx.index * STACK_DEPTH + depth - 1]
    return f"{op_name(act.op)}: {step_label(act.op, act.pos)}"
