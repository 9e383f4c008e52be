"""From a line of a program, or a task to switch to, to an operation on a stack."""

from __future__ import annotations

import luf_tui.engine.operations  # noqa: F401  # every verb's start is registered
from luf_tui.engine.arguments import STARTS
from luf_tui.engine.fresh import with_fresh_content
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operations.flush import Shootdown
from luf_tui.engine.operations.memory import refills
from luf_tui.engine.operations.process import HALF_SWITCHED, FinishSwitch, Switch, SwitchMm
from luf_tui.errors import Refused
from luf_tui.machine import events as ev
from luf_tui.machine.machine import Machine
from luf_tui.machine.schema import Context, Mm, Task
from luf_tui.script.declaration import Performer
from luf_tui.script.program import Op
from luf_tui.script.verbs import by_kernel, by_process
from luf_tui.script.verbs.by_cpu import CpuDown, CpuUp, Idle, Run

SMALL_ONLY = (
    *(by_kernel.Register, by_kernel.WriteProtect, by_kernel.Unprotect, by_kernel.UffdioCopy),
    *(by_kernel.UffdioMove, by_kernel.Merge, by_process.Probe),
)
"""What has not been taught what to do with large entries and folios."""


def check_online(m: Machine, cpu: int, what: str) -> None:
    """Raises Refused when a line is about a CPU that is down."""
    if m.cpu[cpu].offline:
        raise Refused(f"{what}: cpu{cpu} is offline; `cpu{cpu} online` first")


def check_switch(k: Kernel, cpu: int, what: str) -> None:
    """Raises Refused when a CPU cannot turn to another task: it is in the middle of something with
    preemption or interrupts off.
    """
    m = k.m
    if m.shootdown[cpu].waiting:
        raise Refused(f"{what}: cpu{cpu} waits for acknowledgements with preemption off")
    if m.cpu[cpu].irqs_off:
        raise Refused(f"{what}: cpu{cpu} has interrupts off; resume what it is doing first")
    if refills(k, cpu):
        raise Refused(f"{what}: cpu{cpu} refills its pcp list with preemption off")
    if _half_way(k, cpu):
        raise Refused(f"{what}: cpu{cpu} has preemption off; resume what it is doing first")


def _half_way(k: Kernel, cpu: int) -> bool:
    """Whether a CPU's task has begun a flush and sent no IPI yet (get_cpu()), or is half-way in."""
    task = k.m.cpu[cpu].task
    top = k.top(k.m.task_ctx(task)) if task else None
    begun = isinstance(top, Shootdown) and top.STEPS[top.pos] is Shootdown.send
    return begun or isinstance(top, HALF_SWITCHED)


def check_taken(k: Kernel, cpu: int, task: Task, what: str) -> None:
    """Raises Refused when a task cannot be taken to a CPU from where it runs now."""
    if task.cpu not in (-1, cpu):
        check_switch(k, task.cpu, what)


def context_of(m: Machine, op: Op, *, raced: bool) -> Context:
    """Where an operation runs: in its task, or on the machine's own stack. Whoever has lines in a
    race and is no task has a context there.
    """
    if op.verb.performer is Performer.TASK and op.task >= 0:
        return m.task_ctx(m.task[op.task])
    if raced and op.actor in m.config.actors:
        return m.ctx[m.actors + m.config.actors.index(op.actor)]
    return m.boot_ctx


def begin(k: Kernel, op: Op, item: int, nth: int = 0) -> Context:
    """Put the operation of a program line on its context's stack; returns the context.

    `nth` counts the operations of its actor in a race, from 1; it is 0 elsewhere. Raises Refused
    when the machine cannot do it now.
    """
    m, what = k.m, op.text.strip()
    ctx = context_of(m, op, raced=bool(nth))
    k.enter(ctx)
    if ctx.depth:
        raise Refused(f"{what}: {m.ctx_name(ctx)} is still busy; resume it first")
    if not isinstance(op.args, CpuUp) and (op.cpu >= 0 and not (nth and ctx.index < m.actors)):
        check_online(m, op.cpu, what)
    if isinstance(op.args, Run | Idle | CpuDown):
        check_switch(k, op.cpu, what)
    if isinstance(op.args, Run):
        check_taken(k, op.cpu, m.task[op.args.task], what)
    if m.pmd and isinstance(op.args, SMALL_ONLY):
        raise Refused(f"{what}: that is not modelled on a machine with huge-pages")
    op = with_fresh_content(m, op)
    kind, args = STARTS[type(op.args)](k, op, op.args)
    ctx.line = item
    k.push(ctx, kind, args)
    k.emit(ev.BEGIN, k.cpu, ctx.index, item + 1, nth)
    return ctx


def begin_switch(k: Kernel, cpu: int, task: Task) -> Mm | None:
    """Put the scheduler's switch of a CPU to a task on the machine's own stack; returns the mm that
    the CPU borrowed lazily, if the task has to settle it once it is in (finish_task_switch()).
    """
    m = k.m
    borrowed = borrowed_by(m, cpu, task)
    k.enter(m.boot_ctx)
    k.push(m.boot_ctx, Switch, {"cpu": cpu, "to": task})
    return borrowed


def settle_later(k: Kernel, ctx: Context, borrowed: Mm) -> None:
    """What a CPU borrowed is settled by the task that comes in, once it is in."""
    top = k.top(ctx)
    if isinstance(top, SwitchMm):
        top.borrowed = borrowed
    else:
        k.push(ctx, FinishSwitch, {"mm": borrowed})


def borrowed_by(m: Machine, cpu: int, task: Task) -> Mm | None:
    """The mm that a CPU has borrowed lazily, if a task that comes in has to settle it."""
    return m.cpu[cpu].loaded_mm if m.cpu[cpu].lazy and task.mm else None
