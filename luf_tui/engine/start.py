"""From a line of a program to an operation on a stack: which operation, with which locals."""

from __future__ import annotations

from collections.abc import Callable

from luf_tui.engine.arguments import Start, mm_of, number, range_of
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.kernel_starts import KERNEL_STARTS
from luf_tui.engine.operations.access import Access
from luf_tui.engine.operations.madvise import Madvise, Mremap, movable
from luf_tui.engine.operations.mappings import (
    MAY_WRITE,
    READ,
    SHARED,
    WRITE,
    Mmap,
    MmapFixed,
    Mprotect,
    Munmap,
)
from luf_tui.engine.operations.process import Exit, Fork, Switch
from luf_tui.engine.operations.scan import NUMA, SOFT_DIRTY, Scan
from luf_tui.errors import Refused
from luf_tui.machine import events as ev
from luf_tui.machine.machine import Machine
from luf_tui.machine.schema import Context
from luf_tui.script.program import Op


def _run(k: Kernel, op: Op) -> Start:
    return Switch, {"cpu": op.cpu, "to": k.m.task[number(op, "task")]}


def _idle(k: Kernel, op: Op) -> Start:
    return Switch, {"cpu": op.cpu}


def _read(k: Kernel, op: Op) -> Start:
    return Access, {"vpn": number(op, "vpn")}


def _write(k: Kernel, op: Op) -> Start:
    return Access, {"vpn": number(op, "vpn"), "store": 1, "content": number(op, "content")}


def _rights(op: Op) -> int:
    """The protection an operation asks for; on x86 PROT_WRITE implies PROT_READ."""
    write = number(op, "write")
    return (READ if write or number(op, "read") else 0) | (WRITE if write else 0)


def _mmap(k: Kernel, op: Op) -> Start:
    flags = sum(
        bit
        for name, bit in (
            ("shared", SHARED),
            ("may_write", MAY_WRITE),
        )
        if number(op, name)
    )
    flags |= _rights(op)
    first = number(op, "file_page", -1)
    args = {
        "mm": mm_of(k, op),
        "vpn": number(op, "vpn"),
        "pages": number(op, "pages"),
        "file_page": None if first < 0 else k.m.file_page[first],
        "flags": flags,
    }
    return (MmapFixed if number(op, "fixed") else Mmap), args


def _munmap(k: Kernel, op: Op) -> Start:
    return Munmap, range_of(k, op)


def _mprotect(k: Kernel, op: Op) -> Start:
    return Mprotect, {**range_of(k, op), "flags": _rights(op)}


def _madvise(k: Kernel, op: Op) -> Start:
    return Madvise, {**range_of(k, op), "advice": number(op, "advice")}


def _mremap(k: Kernel, op: Op) -> Start:
    to, where = number(op, "to"), range_of(k, op)
    if not movable(k.m, mm_of(k, op), number(op, "vpn"), number(op, "pages"), to):
        what = "what is to move is not mapped throughout, or something is where it would go"
        raise Refused(f"{op.text.strip()}: {what}")
    return Mremap, {**where, "to": to}


def _scan(k: Kernel, op: Op) -> Start:
    return Scan, {**range_of(k, op), "what": NUMA}


def _clear_soft_dirty(k: Kernel, op: Op) -> Start:
    return Scan, {"mm": mm_of(k, op), "pages": k.m.config.pages, "what": SOFT_DIRTY}


def _fork(k: Kernel, op: Op) -> Start:
    child = number(op, "child")
    if k.m.mm[child].alive:
        name = k.m.config.processes[child].name
        raise Refused(f"{op.text.strip()}: {name} lives already; it has to exit first")
    return Fork, {"mm": mm_of(k, op), "child": k.m.mm[child]}


def _exit(k: Kernel, op: Op) -> Start:
    return Exit, {"mm": mm_of(k, op)}


STARTS: dict[str, Callable[[Kernel, Op], Start]] = {
    "run": _run,
    "idle": _idle,
    "read": _read,
    "write": _write,
    "mmap": _mmap,
    "munmap": _munmap,
    "mprotect": _mprotect,
    "madvise": _madvise,
    "mremap": _mremap,
    "scan": _scan,
    "clear_soft_dirty": _clear_soft_dirty,
    "fork": _fork,
    "exit": _exit,
    **KERNEL_STARTS,
}
"""How each verb of the script begins."""

OFF_CPU = frozenset(
    (
        *("run", "idle", "evict", "prefetch", "cpu_down", "cpu_up"),
        *("remote_write", "dma_read", "dma_write", "tick"),
    )
)
"""Verbs that are no task's doing: the scheduler's, the hardware's, a server's."""


def check_online(m: Machine, cpu: int, what: str) -> None:
    """Raises Refused when a line is about a CPU that is down."""
    if m.cpu[cpu].offline:
        raise Refused(f"{what}: cpu{cpu} is offline; `cpu{cpu} online` first")


def check_switch(m: Machine, cpu: int, what: str) -> None:
    """Raises Refused when a CPU cannot turn to another task: it waits with preemption off, or is in
    the middle of something with interrupts off.
    """
    if m.shootdown[cpu].waiting:
        raise Refused(f"{what}: cpu{cpu} waits for acknowledgements with preemption off")
    if m.cpu[cpu].irqs_off:
        raise Refused(f"{what}: cpu{cpu} has interrupts off; resume what it is doing first")


def begin(k: Kernel, op: Op, item: int) -> Context:
    """Put the operation of a program line on its context's stack; returns the context.

    Raises Refused when the machine cannot do it now.
    """
    m = k.m
    off = op.verb in OFF_CPU or op.task < 0
    ctx = m.boot_ctx if off else m.task_ctx(m.task[op.task])
    k.enter(ctx)
    if ctx.depth:
        raise Refused(f"{op.text.strip()}: {m.ctx_name(ctx)} is still busy; resume it first")
    if op.verb not in STARTS:
        raise Refused(f"{op.text.strip()}: the machine has no '{op.verb}'")
    if op.cpu >= 0 and op.verb != "cpu_up":
        check_online(m, op.cpu, op.text.strip())
    if op.verb in ("run", "idle"):
        check_switch(m, op.cpu, op.text.strip())
    kind, args = STARTS[op.verb](k, op)
    ctx.line = item
    k.push(ctx, kind, args)
    k.emit(ev.BEGIN, k.cpu, ctx.index, item + 1)
    return ctx
