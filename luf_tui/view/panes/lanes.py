"""What each CPU does now, and did lately: a lane per CPU."""

from __future__ import annotations

from luf_tui.engine.operations import op_name, step_label
from luf_tui.machine.refs import Ref
from luf_tui.timeline.timeline import Timeline
from luf_tui.view.marks import Mark, Pane, Row, clean
from luf_tui.view.state import ViewState

LABEL = 34


def build(timeline: Timeline, state: ViewState, width: int, height: int) -> Pane:
    """One row per CPU: its last micro-steps, and what it is about to do."""
    room = max(8, width - 7 - LABEL)
    movers = _movers(timeline, room)
    rows = tuple(_lane(timeline, cpu, movers, room) for cpu in range(timeline.config.cpus))
    return Pane("lanes", (Mark("lanes", "title"),), rows)


def _movers(timeline: Timeline, room: int) -> list[tuple[int, bool]]:
    """(CPU, in interrupt) of the last micro-steps, oldest first; CPU -1 is no CPU's."""
    found = []
    cpus = timeline.config.cpus
    for step in range(max(1, timeline.position - room + 1), timeline.position + 1):
        ctx = timeline.step_info(step).ctx
        if 0 <= ctx < cpus:
            found.append((ctx, True))
        elif cpus <= ctx < timeline.machine.boot_ctx:
            task = timeline.config.tasks[ctx - cpus]
            at = timeline.machine.task[ctx - cpus].cpu - 1
            found.append((at if at >= 0 else task.cpu, False))
        else:
            found.append((-1, False))
    return found


def _lane(timeline: Timeline, cpu: int, movers: list[tuple[int, bool]], room: int) -> Row:
    bar = []
    for who, interrupt in movers:
        if who != cpu:
            bar.append(Mark("─", "dim"))
        else:
            bar.append(Mark("▼" if interrupt else "━", "ipi" if interrupt else "used"))
    merged: list[Mark] = []
    for mark in bar:
        if merged and merged[-1].role == mark.role:
            merged[-1] = Mark(merged[-1].text + mark.text, mark.role)
        else:
            merged.append(mark)
    pad = Mark(" " * (room - len(movers)), "dim")
    text, role = _doing(timeline, cpu)
    return Mark(f"cpu{cpu:<3} ", "title", Ref("cpu", cpu)), *merged, pad, Mark(f" {text}", role)


def _doing(timeline: Timeline, cpu: int) -> tuple[str, str]:
    m = timeline.machine
    state = m.cpu[cpu]
    if m.ctx[cpu].depth:
        return "in the IPI handler", "ipi"
    if m.shootdown[cpu].waiting:
        return "waits for acknowledgements", "ipi"
    if not state.task:
        return ("idle, lazy" if state.lazy else "idle"), "dim"
    name = clean(m.config.tasks[state.task - 1].name)
    ctx = m.task_ctx(state.task - 1)
    depth = m.ctx[ctx].depth
    if not depth:
        return f"{name}", "dim"
    act = m.stack[ctx * (len(m.stack) // m.contexts) + depth - 1]
    return f"{name}, {op_name(act.op)}: {step_label(act.op, act.pos)}"[:LABEL], "text"
