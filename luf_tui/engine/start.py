"""How each verb begins: which operation, with which locals."""

from __future__ import annotations

from luf_tui.engine.arguments import Start, frame_of, range_of, starts
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operations.access import Access, Evict, Prefetch
from luf_tui.engine.operations.compaction import Compact
from luf_tui.engine.operations.dma import Dma
from luf_tui.engine.operations.files import INVALIDATE, TRUNCATE, DropPages, RemoteWrite, WriteFile
from luf_tui.engine.operations.hotplug import CpuDown, CpuUp, Tick
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
from luf_tui.engine.operations.memory import Drain, KernelAlloc, KernelFree
from luf_tui.engine.operations.migrate import MEMORY_FAILURE, Migrate
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
from luf_tui.script.program import Op
from luf_tui.script.values import FileRange, Rights, Target
from luf_tui.script.verbs import by_cpu, by_kernel, by_process

DEMOTION, PROMOTION, SYSCALL = 0, 1, 4
"""Why a page migrates, beside what `Migrate` itself asks for."""


# -- a CPU ----------------------------------------------------------------------------------------


@starts(by_cpu.Run)
def _run(k: Kernel, op: Op, args: by_cpu.Run) -> Start:
    return Switch, {"cpu": op.cpu + 1, "to": args.task + 1}


@starts(by_cpu.Idle)
def _idle(k: Kernel, op: Op, args: by_cpu.Idle) -> Start:
    return Switch, {"cpu": op.cpu + 1, "to": 0}


@starts(by_cpu.Read)
def _read(k: Kernel, op: Op, args: by_cpu.Read) -> Start:
    return Access, {"vpn": args.where.vpn}


@starts(by_cpu.Write)
def _write(k: Kernel, op: Op, args: by_cpu.Write) -> Start:
    return Access, {"vpn": args.where.vpn, "store": 1, "content": args.content}


@starts(by_cpu.Evict)
def _evict(k: Kernel, op: Op, args: by_cpu.Evict) -> Start:
    return Evict, {"cpu": op.cpu, "mm": args.where.mm, "vpn": args.where.vpn}


@starts(by_cpu.Prefetch)
def _prefetch(k: Kernel, op: Op, args: by_cpu.Prefetch) -> Start:
    return Prefetch, {"cpu": op.cpu, "mm": args.where.mm, "vpn": args.where.vpn}


@starts(by_cpu.CpuDown)
def _cpu_down(k: Kernel, op: Op, args: by_cpu.CpuDown) -> Start:
    if sum(not cpu.offline for cpu in k.m.cpu) == 1:
        raise Refused(f"{op.text.strip()}: it is the last CPU that is online")
    return CpuDown, {"cpu": op.cpu + 1}


@starts(by_cpu.CpuUp)
def _cpu_up(k: Kernel, op: Op, args: by_cpu.CpuUp) -> Start:
    if not k.m.cpu[op.cpu].offline:
        raise Refused(f"{op.text.strip()}: cpu{op.cpu} is online already")
    return CpuUp, {"cpu": op.cpu + 1}


# -- a process ------------------------------------------------------------------------------------


def _protection(rights: Rights) -> int:
    """The protection that is asked for; on x86 PROT_WRITE implies PROT_READ."""
    return (READ if rights.write or rights.read else 0) | (WRITE if rights.write else 0)


@starts(by_process.Mmap)
def _mmap(k: Kernel, op: Op, args: by_process.Mmap) -> Start:
    rights = args.rights
    flags = _protection(rights) | SHARED * rights.shared | MAY_WRITE * rights.may_write
    what = {**range_of(args.where), "file_page": args.file_page + 1, "flags": flags}
    return (MmapFixed if args.where.fixed else Mmap), what


@starts(by_process.Munmap)
def _munmap(k: Kernel, op: Op, args: by_process.Munmap) -> Start:
    return Munmap, range_of(args.where)


@starts(by_process.Mprotect)
def _mprotect(k: Kernel, op: Op, args: by_process.Mprotect) -> Start:
    return Mprotect, {**range_of(args.where), "flags": _protection(args.rights)}


@starts(by_process.Madvise)
def _madvise(k: Kernel, op: Op, args: by_process.Madvise) -> Start:
    return Madvise, {**range_of(args.where), "advice": args.advice}


@starts(by_process.Mremap)
def _mremap(k: Kernel, op: Op, args: by_process.Mremap) -> Start:
    where = args.where
    if not movable(k.m, where.mm, where.vpn, where.pages, args.to):
        what = "what is to move is not mapped throughout, or something is where it would go"
        raise Refused(f"{op.text.strip()}: {what}")
    return Mremap, {**range_of(where), "to": args.to}


@starts(by_process.ClearSoftDirty)
def _clear_soft_dirty(k: Kernel, op: Op, args: by_process.ClearSoftDirty) -> Start:
    return Scan, {"mm": args.mm + 1, "pages": k.m.config.pages, "what": SOFT_DIRTY}


@starts(by_process.Fork)
def _fork(k: Kernel, op: Op, args: by_process.Fork) -> Start:
    if k.m.mm[args.child].alive:
        name = k.m.config.processes[args.child].name
        raise Refused(f"{op.text.strip()}: {name} lives already; it has to exit first")
    return Fork, {"mm": args.mm + 1, "child": args.child + 1}


@starts(by_process.Exit)
def _exit(k: Kernel, op: Op, args: by_process.Exit) -> Start:
    return Exit, {"mm": args.mm + 1}


@starts(by_process.WriteFile)
def _write_file(k: Kernel, op: Op, args: by_process.WriteFile) -> Start:
    return WriteFile, {"page": args.page + 1, "content": args.content}


def _dropped(file: FileRange) -> dict[str, int]:
    return {"page": file.first + 1, "end": file.first + file.pages + 1}


@starts(by_process.Truncate)
def _truncate(k: Kernel, op: Op, args: by_process.Truncate) -> Start:
    return DropPages, {**_dropped(args.file), "why": TRUNCATE, "size": args.pages + 1}


@starts(by_process.Invalidate)
def _invalidate(k: Kernel, op: Op, args: by_process.Invalidate) -> Start:
    return DropPages, {**_dropped(args.file), "why": INVALIDATE}


@starts(by_process.Pin)
def _pin(k: Kernel, op: Op, args: by_process.Pin) -> Start:
    return Pin, {"pfn": _named_frame(k, op, args.target) + 1, "up": 1}


@starts(by_process.Unpin)
def _unpin(k: Kernel, op: Op, args: by_process.Unpin) -> Start:
    return Pin, {"pfn": _named_frame(k, op, args.target) + 1}


def _named_frame(k: Kernel, op: Op, target: Target) -> int:
    pfn = frame_of(k, target)
    if pfn < 0:
        raise Refused(f"{op.text.strip()}: the page has no frame now; touch it first")
    return pfn


@starts(by_process.Probe)
def _probe(k: Kernel, op: Op, args: by_process.Probe) -> Start:
    where = args.where
    return Uprobe, {"mm": where.mm + 1, "vpn": where.vpn, "content": args.content}


# -- the kernel -----------------------------------------------------------------------------------


def _isolate(k: Kernel, op: Op, targets: tuple[Target, ...], only: int = -1) -> None:
    """Put the named folios, those of node `only` if there is one, on the task's private list; tell
    of each one that cannot be had.
    """
    for target in targets:
        pfn = frame_of(k, target)
        if only >= 0 and pfn >= 0 and k.m.node_of[pfn] != only:
            continue
        why = "not mapped" if pfn < 0 else isolate(k, op.task, pfn)
        if why:
            k.emit(ev.KEEP, op.cpu, pfn, ev.REASON[why])


@starts(by_kernel.Reclaim)
def _reclaim(k: Kernel, op: Op, args: by_kernel.Reclaim) -> Start:
    _isolate(k, op, args.pages)
    return Reclaim, {}


@starts(by_kernel.Demote)
def _demote(k: Kernel, op: Op, args: by_kernel.Demote) -> Start:
    return _migrate(k, op, args.pages, args.node, DEMOTION, sync=args.sync)


@starts(by_kernel.Promote)
def _promote(k: Kernel, op: Op, args: by_kernel.Promote) -> Start:
    return _migrate(k, op, args.pages, args.node, PROMOTION)


@starts(by_kernel.Poison)
def _poison(k: Kernel, op: Op, args: by_kernel.Poison) -> Start:
    return _migrate(k, op, args.pages, args.node, MEMORY_FAILURE)


@starts(by_kernel.Move)
def _move(k: Kernel, op: Op, args: by_kernel.Move) -> Start:
    return _migrate(k, op, args.pages, args.node, SYSCALL, sync=True)


def _migrate(
    k: Kernel, op: Op, pages: tuple[Target, ...], node: int, reason: int, *, sync: bool = False
) -> Start:
    _isolate(k, op, pages)
    return Migrate, {"node": node + 1, "reason": reason, "sync": int(sync)}


@starts(by_kernel.Compact)
def _compact(k: Kernel, op: Op, args: by_kernel.Compact) -> Start:
    _isolate(k, op, args.pages, args.node)
    wanted = args.block
    if wanted is None:
        return Compact, {"node": args.node + 1}
    what = {"object": wanted.object + 1, "order": wanted.order, "content": wanted.content + 1}
    return Compact, {"node": args.node + 1, **what}


@starts(by_kernel.Scan)
def _scan(k: Kernel, op: Op, args: by_kernel.Scan) -> Start:
    return Scan, {**range_of(args.where), "what": NUMA}


@starts(by_kernel.Alloc)
def _alloc(k: Kernel, op: Op, args: by_kernel.Alloc) -> Start:
    what = {"object": args.object + 1, "order": args.order, "content": args.content + 1}
    return KernelAlloc, {**what, "only": args.node + 1, "atomic": int(args.atomic)}


@starts(by_kernel.Free)
def _free(k: Kernel, op: Op, args: by_kernel.Free) -> Start:
    return KernelFree, {"object": args.object + 1}


@starts(by_kernel.Drain)
def _drain(k: Kernel, op: Op, args: by_kernel.Drain) -> Start:
    return Drain, {}


@starts(by_kernel.Report)
def _report(k: Kernel, op: Op, args: by_kernel.Report) -> Start:
    return Report, {}


@starts(by_kernel.Tick)
def _tick(k: Kernel, op: Op, args: by_kernel.Tick) -> Start:
    return Tick, {}


@starts(by_kernel.OfflineNode)
def _offline(k: Kernel, op: Op, args: by_kernel.OfflineNode) -> Start:
    nodes = len(k.m.config.nodes)
    if nodes == 1:
        raise Refused(f"{op.text.strip()}: there is no other node that its pages could go to")
    return Offline, {"node": args.node + 1, "to": (args.node + 1) % nodes + 1}


@starts(by_kernel.OnlineNode)
def _online(k: Kernel, op: Op, args: by_kernel.OnlineNode) -> Start:
    return Online, {"node": args.node + 1}


@starts(by_kernel.Writeback)
def _writeback(k: Kernel, op: Op, args: by_kernel.Writeback) -> Start:
    return Writeback, {"page": args.page + 1}


@starts(by_kernel.Merge)
def _merge(k: Kernel, op: Op, args: by_kernel.Merge) -> Start:
    one, two = args.page, args.other
    return Merge, {"mm": one.space + 1, "vpn": one.vpn, "mm2": two.space + 1, "vpn2": two.vpn}


@starts(by_kernel.Change)
def _change(k: Kernel, op: Op, args: by_kernel.Change) -> Start:
    return RemoteWrite, {"page": args.page + 1, "content": args.content}


@starts(by_kernel.DmaRead)
def _dma_read(k: Kernel, op: Op, args: by_kernel.DmaRead) -> Start:
    return Dma, {"mm": args.where.mm + 1, "vpn": args.where.vpn}


@starts(by_kernel.DmaWrite)
def _dma_write(k: Kernel, op: Op, args: by_kernel.DmaWrite) -> Start:
    where = args.where
    return Dma, {"mm": where.mm + 1, "vpn": where.vpn, "store": 1, "content": args.content}


# -- a userfaultfd monitor ------------------------------------------------------------------------


@starts(by_kernel.Register)
def _register(k: Kernel, op: Op, args: by_kernel.Register) -> Start:
    return UffdRegister, {**range_of(args.where), "missing": int(args.missing)}


@starts(by_kernel.WriteProtect)
def _write_protect(k: Kernel, op: Op, args: by_kernel.WriteProtect) -> Start:
    return UffdProtect, {**range_of(args.where), "on": 1}


@starts(by_kernel.Unprotect)
def _unprotect(k: Kernel, op: Op, args: by_kernel.Unprotect) -> Start:
    return UffdProtect, {**range_of(args.where), "on": 0}


@starts(by_kernel.UffdioCopy)
def _uffdio_copy(k: Kernel, op: Op, args: by_kernel.UffdioCopy) -> Start:
    where = args.where
    _check_registered(k, op, where.mm, where.vpn)
    return UffdCopy, {"mm": where.mm + 1, "vpn": where.vpn, "content": args.content}


@starts(by_kernel.UffdioMove)
def _uffdio_move(k: Kernel, op: Op, args: by_kernel.UffdioMove) -> Start:
    where = args.where
    _check_registered(k, op, where.mm, args.to)
    return UffdMove, {"mm": where.mm + 1, "vpn": where.vpn, "to": args.to}


def _check_registered(k: Kernel, op: Op, mm: int, vpn: int) -> None:
    """Raises Refused unless a monitor may put pages at `vpn`; the kernel says EINVAL."""
    vma = k.m.vma_at(mm, vpn)
    if not (vma.uffd_wp or vma.uffd_missing) or vma.file_page:
        what = f"{k.m.config.processes[mm].name}.{k.m.config.page_name(mm, vpn)}"
        raise Refused(f"{op.text.strip()}: {what} is no anonymous page registered with a monitor")
