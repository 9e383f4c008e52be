"""From a line of a program to an operation on a stack: which operation, with which locals."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias, cast

from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operation import Operation
from luf_tui.engine.operations.access import Access, Evict, Prefetch
from luf_tui.engine.operations.compaction import Compact
from luf_tui.engine.operations.files import INVALIDATE, TRUNCATE, DropPages, RemoteWrite, WriteFile
from luf_tui.engine.operations.hotplug import CpuDown, CpuUp, Tick
from luf_tui.engine.operations.madvise import Madvise, Mremap
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
from luf_tui.engine.operations.memory import Drain, KernelAlloc, KernelFree
from luf_tui.engine.operations.migrate import Migrate
from luf_tui.engine.operations.monitor import Pin, UffdProtect, UffdRegister
from luf_tui.engine.operations.offline import Offline, Online
from luf_tui.engine.operations.process import Exit, Fork, Switch
from luf_tui.engine.operations.reclaim import Reclaim, Writeback
from luf_tui.engine.operations.replace import Merge, Uprobe
from luf_tui.engine.operations.reporting import Report
from luf_tui.engine.operations.scan import NUMA, SOFT_DIRTY, Scan
from luf_tui.engine.operations.uffdio import UffdCopy, UffdMove
from luf_tui.engine.operations.unmap import isolate
from luf_tui.errors import Refused
from luf_tui.machine import events as ev
from luf_tui.machine.machine import Machine
from luf_tui.machine.schema import MIGRATION, PRESENT
from luf_tui.script.program import Op

Start: TypeAlias = "tuple[type[Operation], Mapping[str, int]]"


def number(op: Op, name: str, default: int = 0) -> int:
    """An argument that is one number."""
    value = op.args.get(name, default)
    assert isinstance(value, int)
    return value


def _mm(k: Kernel, op: Op) -> int:
    """The address space an operation is about: named, or that of the acting task."""
    if "mm" in op.args:
        return number(op, "mm")
    return k.m.config.tasks[op.task].mm


def _run(k: Kernel, op: Op) -> Start:
    return Switch, {"cpu": op.cpu + 1, "to": number(op, "task", -1) + 1}


def _idle(k: Kernel, op: Op) -> Start:
    return Switch, {"cpu": op.cpu + 1, "to": 0}


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
    args = {
        "mm": _mm(k, op) + 1,
        "vpn": number(op, "vpn"),
        "pages": number(op, "pages"),
        "file_page": number(op, "file_page", -1) + 1,
        "flags": flags,
    }
    return (MmapFixed if number(op, "fixed") else Mmap), args


def _range(k: Kernel, op: Op) -> dict[str, int]:
    return {"mm": _mm(k, op) + 1, "vpn": number(op, "vpn"), "pages": number(op, "pages")}


def _munmap(k: Kernel, op: Op) -> Start:
    return Munmap, _range(k, op)


def _mprotect(k: Kernel, op: Op) -> Start:
    return Mprotect, {**_range(k, op), "flags": _rights(op)}


def _madvise(k: Kernel, op: Op) -> Start:
    return Madvise, {**_range(k, op), "advice": number(op, "advice")}


def _mremap(k: Kernel, op: Op) -> Start:
    return Mremap, {**_range(k, op), "to": number(op, "to")}


def _scan(k: Kernel, op: Op) -> Start:
    return Scan, {**_range(k, op), "what": NUMA}


def _clear_soft_dirty(k: Kernel, op: Op) -> Start:
    return Scan, {"mm": _mm(k, op) + 1, "pages": k.m.config.pages, "what": SOFT_DIRTY}


def _fork(k: Kernel, op: Op) -> Start:
    return Fork, {"mm": _mm(k, op) + 1, "child": number(op, "child") + 1}


def _exit(k: Kernel, op: Op) -> Start:
    return Exit, {"mm": _mm(k, op) + 1}


def frame_of(k: Kernel, target: tuple[int, ...]) -> int:
    """The frame a target names now: a virtual page's, or a page-cache position's; -1 is none."""
    kind, a, b = target
    if kind == 1:
        return k.m.file_page[a].frame - 1
    pte = k.m.pte_at(a, b)
    return pte.pfn - 1 if pte.kind in (PRESENT, MIGRATION) else -1


def _isolate(k: Kernel, op: Op, only: int = -1) -> None:
    """Put the named folios, those of node `only` if there is one, on the task's private list; tell
    of each one that cannot be had.
    """
    targets = cast("tuple[tuple[int, ...], ...]", op.args["targets"])
    for target in targets:
        pfn = frame_of(k, target)
        if only >= 0 and pfn >= 0 and k.m.node_of[pfn] != only:
            continue
        why = "not mapped" if pfn < 0 else isolate(k, op.task, pfn)
        if why:
            k.emit(ev.KEEP, op.cpu, pfn, ev.REASON[why])


def _reclaim(k: Kernel, op: Op) -> Start:
    _isolate(k, op)
    return Reclaim, {}


def _migrate(k: Kernel, op: Op) -> Start:
    _isolate(k, op)
    args = {name: number(op, name) for name in ("reason", "sync")}
    return Migrate, {"node": number(op, "node") + 1, **args}


def _compact(k: Kernel, op: Op) -> Start:
    node = number(op, "node")
    _isolate(k, op, node)
    args = {
        "node": node + 1,
        "order": number(op, "order"),
        "object": number(op, "object", -1) + 1,
        "content": number(op, "content", -1) + 1,
    }
    return Compact, args


def _kalloc(k: Kernel, op: Op) -> Start:
    args = {
        "object": number(op, "object") + 1,
        "order": number(op, "order"),
        "content": number(op, "content", -1) + 1,
        "only": number(op, "node", -1) + 1,
        "atomic": number(op, "atomic"),
    }
    return KernelAlloc, args


def _kfree(k: Kernel, op: Op) -> Start:
    return KernelFree, {"object": number(op, "object") + 1}


def _write_file(k: Kernel, op: Op) -> Start:
    return WriteFile, {"page": number(op, "page") + 1, "content": number(op, "content")}


def _remote_write(k: Kernel, op: Op) -> Start:
    return RemoteWrite, {"page": number(op, "page") + 1, "content": number(op, "content")}


def _writeback(k: Kernel, op: Op) -> Start:
    return Writeback, {"page": number(op, "page") + 1}


def _truncate(k: Kernel, op: Op) -> Start:
    f = k.m.config.files[number(op, "file")]
    args = {"page": f.first + 1, "end": f.first + f.pages + 1, "why": TRUNCATE}
    return DropPages, {**args, "size": number(op, "pages") + 1}


def _invalidate(k: Kernel, op: Op) -> Start:
    first, pages = number(op, "page"), number(op, "pages")
    return DropPages, {"page": first + 1, "end": first + pages + 1, "why": INVALIDATE}


def _drain(k: Kernel, op: Op) -> Start:
    return Drain, {}


def _offline(k: Kernel, op: Op) -> Start:
    node, nodes = number(op, "node"), len(k.m.config.nodes)
    if nodes == 1:
        raise Refused(f"{op.text.strip()}: there is no other node that its pages could go to")
    return Offline, {"node": node + 1, "to": (node + 1) % nodes + 1}


def _online(k: Kernel, op: Op) -> Start:
    return Online, {"node": number(op, "node") + 1}


def _cpu_down(k: Kernel, op: Op) -> Start:
    if sum(not cpu.offline for cpu in k.m.cpu) == 1:
        raise Refused(f"{op.text.strip()}: it is the last CPU that is online")
    return CpuDown, {"cpu": op.cpu + 1}


def _cpu_up(k: Kernel, op: Op) -> Start:
    if not k.m.cpu[op.cpu].offline:
        raise Refused(f"{op.text.strip()}: cpu{op.cpu} is online already")
    return CpuUp, {"cpu": op.cpu + 1}


def _tick(k: Kernel, op: Op) -> Start:
    return Tick, {}


def _report(k: Kernel, op: Op) -> Start:
    return Report, {}


def _evict(k: Kernel, op: Op) -> Start:
    return Evict, {"cpu": op.cpu, "mm": number(op, "mm"), "vpn": number(op, "vpn")}


def _prefetch(k: Kernel, op: Op) -> Start:
    return Prefetch, {"cpu": op.cpu, "mm": number(op, "mm"), "vpn": number(op, "vpn")}


def _uffd_register(k: Kernel, op: Op) -> Start:
    return UffdRegister, {**_range(k, op), "missing": number(op, "missing")}


def _uffd_wp(k: Kernel, op: Op) -> Start:
    return UffdProtect, {**_range(k, op), "on": 1}


def _uffd_unwp(k: Kernel, op: Op) -> Start:
    return UffdProtect, {**_range(k, op), "on": 0}


def _uffd_copy(k: Kernel, op: Op) -> Start:
    place = _registered(k, op, number(op, "vpn"))
    return UffdCopy, {**place, "vpn": number(op, "vpn"), "content": number(op, "content")}


def _uffd_move(k: Kernel, op: Op) -> Start:
    place = _registered(k, op, number(op, "to"))
    return UffdMove, {**place, "vpn": number(op, "vpn"), "to": number(op, "to")}


def _registered(k: Kernel, op: Op, vpn: int) -> dict[str, int]:
    """The address space, if a monitor may put pages at `vpn`; the kernel says EINVAL."""
    mm = number(op, "mm")
    vma = k.m.vma_at(mm, vpn)
    if not (vma.uffd_wp or vma.uffd_missing) or vma.file_page:
        what = f"{k.m.config.processes[mm].name}.{k.m.config.page_name(mm, vpn)}"
        raise Refused(f"{op.text.strip()}: {what} is no anonymous page registered with a monitor")
    return {"mm": mm + 1}


def _probe(k: Kernel, op: Op) -> Start:
    return Uprobe, {
        "mm": _mm(k, op) + 1,
        "vpn": number(op, "vpn"),
        "content": number(op, "content"),
    }


def _merge(k: Kernel, op: Op) -> Start:
    (_, mm, vpn), (_, mm2, vpn2) = cast("tuple[tuple[int, int, int], ...]", op.args["targets"])
    return Merge, {"mm": mm + 1, "vpn": vpn, "mm2": mm2 + 1, "vpn2": vpn2}


def _pin(k: Kernel, op: Op) -> Start:
    pfn = _named_frame(k, op)
    return Pin, {"pfn": pfn + 1, "up": 1}


def _unpin(k: Kernel, op: Op) -> Start:
    return Pin, {"pfn": _named_frame(k, op) + 1}


def _named_frame(k: Kernel, op: Op) -> int:
    pfn = frame_of(k, cast("tuple[int, ...]", op.args["target"]))
    if pfn < 0:
        raise Refused(f"{op.text.strip()}: the page has no frame now; touch it first")
    return pfn


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
    "reclaim": _reclaim,
    "migrate": _migrate,
    "compact": _compact,
    "kalloc": _kalloc,
    "kfree": _kfree,
    "write_file": _write_file,
    "remote_write": _remote_write,
    "writeback": _writeback,
    "truncate": _truncate,
    "invalidate": _invalidate,
    "drain": _drain,
    "report": _report,
    "offline_node": _offline,
    "online_node": _online,
    "cpu_down": _cpu_down,
    "cpu_up": _cpu_up,
    "tick": _tick,
    "evict": _evict,
    "prefetch": _prefetch,
    "uffd_register": _uffd_register,
    "uffd_wp": _uffd_wp,
    "uffd_unwp": _uffd_unwp,
    "uffd_copy": _uffd_copy,
    "uffd_move": _uffd_move,
    "probe": _probe,
    "merge": _merge,
    "pin": _pin,
    "unpin": _unpin,
}
"""How each verb of the script begins."""

OFF_CPU = frozenset(
    {"run", "idle", "evict", "prefetch", "remote_write", "cpu_down", "cpu_up", "tick"}
)
"""Verbs that are no task's doing: the scheduler's, the hardware's, a server's."""


def check_online(m: Machine, cpu: int, what: str) -> None:
    """Raises Refused when a line is about a CPU that is down."""
    if m.cpu[cpu].offline:
        raise Refused(f"{what}: cpu{cpu} is offline; `cpu{cpu} online` first")


def begin(k: Kernel, op: Op, item: int) -> int:
    """Put the operation of a program line on its context's stack; returns the context.

    Raises Refused when the machine cannot do it now.
    """
    m = k.m
    ctx = m.boot_ctx if op.verb in OFF_CPU or op.task < 0 else m.task_ctx(op.task)
    k.enter(ctx)
    if m.ctx[ctx].depth:
        raise Refused(f"{op.text.strip()}: {m.ctx_name(ctx)} is still busy; resume it first")
    if op.verb not in STARTS:
        raise Refused(f"{op.text.strip()}: the machine has no '{op.verb}'")
    if op.cpu >= 0 and op.verb != "cpu_up":
        check_online(m, op.cpu, op.text.strip())
    kind, args = STARTS[op.verb](k, op)
    m.ctx[ctx].line = item + 1
    k.push(ctx, kind, args)
    k.emit(ev.BEGIN, k.cpu, ctx, item + 1)
    return ctx
