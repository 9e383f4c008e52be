"""How the verbs of the kernel, the hardware and its devices begin."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from luf_tui.engine.arguments import Start, frame_of, mm_of, number, range_of
from luf_tui.engine.kernel import Kernel
from luf_tui.engine.operations.access import Evict, Prefetch
from luf_tui.engine.operations.compaction import Compact
from luf_tui.engine.operations.dma import Dma
from luf_tui.engine.operations.files import INVALIDATE, TRUNCATE, DropPages, RemoteWrite, WriteFile
from luf_tui.engine.operations.hotplug import CpuDown, CpuUp, Tick
from luf_tui.engine.operations.memory import Drain, KernelAlloc, KernelFree
from luf_tui.engine.operations.migrate import Migrate
from luf_tui.engine.operations.monitor import Pin, UffdProtect, UffdRegister
from luf_tui.engine.operations.offline import Offline, Online
from luf_tui.engine.operations.reclaim import Reclaim, Writeback
from luf_tui.engine.operations.replace import Merge, Uprobe
from luf_tui.engine.operations.reporting import Report
from luf_tui.engine.operations.uffdio import UffdCopy, UffdMove
from luf_tui.engine.operations.unmap import isolate
from luf_tui.errors import Refused
from luf_tui.machine import events as ev
from luf_tui.machine.schema import Frame, Zone
from luf_tui.script.program import Op


def _isolate(k: Kernel, op: Op, only: Zone | None = None) -> None:
    """Put the named folios, those of node `only` if there is one, on the task's private list; tell
    of each one that cannot be had.
    """
    targets = cast("tuple[tuple[int, ...], ...]", op.args["targets"])
    for target in targets:
        frame = frame_of(k, target)
        if only and frame and k.m.zone_of(frame) is not only:
            continue
        why = isolate(k, k.m.task[op.task], frame) if frame else "not mapped"
        if why:
            k.emit(ev.KEEP, op.cpu, frame.pfn if frame else -1, ev.REASON[why])


def _reclaim(k: Kernel, op: Op) -> Start:
    _isolate(k, op)
    return Reclaim, {}


def _migrate(k: Kernel, op: Op) -> Start:
    _isolate(k, op)
    args = {name: number(op, name) for name in ("reason", "sync")}
    return Migrate, {"zone": k.m.zone[number(op, "node")], **args}


def _compact(k: Kernel, op: Op) -> Start:
    zone = k.m.zone[number(op, "node")]
    _isolate(k, op, zone)
    args = {
        "zone": zone,
        "order": number(op, "order"),
        "object": k.m.kobject[number(op, "object")] if "object" in op.args else None,
        "content": _content(op),
    }
    return Compact, args


def _content(op: Op) -> int | None:
    """The bytes that an allocation is given; None leaves them as they are."""
    content = number(op, "content", -1)
    return None if content < 0 else content


def _kalloc(k: Kernel, op: Op) -> Start:
    args = {
        "object": k.m.kobject[number(op, "object")],
        "order": number(op, "order"),
        "content": _content(op),
        "only": None if (node := number(op, "node", -1)) < 0 else k.m.zone[node],
        "atomic": number(op, "atomic"),
    }
    return KernelAlloc, args


def _kfree(k: Kernel, op: Op) -> Start:
    return KernelFree, {"object": k.m.kobject[number(op, "object")]}


def _write_file(k: Kernel, op: Op) -> Start:
    return WriteFile, {"page": k.m.file_page[number(op, "page")], "content": number(op, "content")}


def _remote_write(k: Kernel, op: Op) -> Start:
    return RemoteWrite, {
        "page": k.m.file_page[number(op, "page")],
        "content": number(op, "content"),
    }


def _writeback(k: Kernel, op: Op) -> Start:
    return Writeback, {"page": k.m.file_page[number(op, "page")]}


def _truncate(k: Kernel, op: Op) -> Start:
    f = k.m.config.files[number(op, "file")]
    args = {"page": f.first, "end": f.first + f.pages, "why": TRUNCATE}
    return DropPages, {**args, "size": number(op, "pages")}


def _invalidate(k: Kernel, op: Op) -> Start:
    first, pages = number(op, "page"), number(op, "pages")
    return DropPages, {"page": first, "end": first + pages, "why": INVALIDATE}


def _drain(k: Kernel, op: Op) -> Start:
    return Drain, {}


def _offline(k: Kernel, op: Op) -> Start:
    node, nodes = number(op, "node"), len(k.m.config.nodes)
    if nodes == 1:
        raise Refused(f"{op.text.strip()}: there is no other node that its pages could go to")
    return Offline, {"zone": k.m.zone[node], "to": k.m.zone[(node + 1) % nodes]}


def _online(k: Kernel, op: Op) -> Start:
    return Online, {"zone": k.m.zone[number(op, "node")]}


def _cpu_down(k: Kernel, op: Op) -> Start:
    if sum(not cpu.offline for cpu in k.m.cpu) == 1:
        raise Refused(f"{op.text.strip()}: it is the last CPU that is online")
    return CpuDown, {"cpu": op.cpu}


def _cpu_up(k: Kernel, op: Op) -> Start:
    if not k.m.cpu[op.cpu].offline:
        raise Refused(f"{op.text.strip()}: cpu{op.cpu} is online already")
    return CpuUp, {"cpu": op.cpu}


def _dma_read(k: Kernel, op: Op) -> Start:
    return Dma, {"mm": mm_of(k, op), "vpn": number(op, "vpn")}


def _dma_write(k: Kernel, op: Op) -> Start:
    kind, args = _dma_read(k, op)
    return kind, {**args, "store": 1, "content": number(op, "content")}


def _tick(k: Kernel, op: Op) -> Start:
    return Tick, {}


def _report(k: Kernel, op: Op) -> Start:
    return Report, {}


def _evict(k: Kernel, op: Op) -> Start:
    return Evict, {"cpu": op.cpu, "mm": mm_of(k, op), "vpn": number(op, "vpn")}


def _prefetch(k: Kernel, op: Op) -> Start:
    return Prefetch, {"cpu": op.cpu, "mm": mm_of(k, op), "vpn": number(op, "vpn")}


def _uffd_register(k: Kernel, op: Op) -> Start:
    return UffdRegister, {**range_of(k, op), "missing": number(op, "missing")}


def _uffd_wp(k: Kernel, op: Op) -> Start:
    return UffdProtect, {**range_of(k, op), "on": 1}


def _uffd_unwp(k: Kernel, op: Op) -> Start:
    return UffdProtect, {**range_of(k, op), "on": 0}


def _uffd_copy(k: Kernel, op: Op) -> Start:
    place = _registered(k, op, number(op, "vpn"))
    return UffdCopy, {**place, "vpn": number(op, "vpn"), "content": number(op, "content")}


def _uffd_move(k: Kernel, op: Op) -> Start:
    place = _registered(k, op, number(op, "to"))
    return UffdMove, {**place, "vpn": number(op, "vpn"), "to": number(op, "to")}


def _registered(k: Kernel, op: Op, vpn: int) -> dict[str, object]:
    """The address space, if a monitor may put pages at `vpn`; the kernel says EINVAL."""
    mm = number(op, "mm")
    vma = k.m.vma_at(k.m.mm[mm], vpn)
    if not (vma.uffd_wp or vma.uffd_missing) or vma.file_page:
        what = f"{k.m.config.processes[mm].name}.{k.m.config.page_name(mm, vpn)}"
        raise Refused(f"{op.text.strip()}: {what} is no anonymous page registered with a monitor")
    return {"mm": k.m.mm[mm]}


def _probe(k: Kernel, op: Op) -> Start:
    return Uprobe, {
        "mm": mm_of(k, op),
        "vpn": number(op, "vpn"),
        "content": number(op, "content"),
    }


def _merge(k: Kernel, op: Op) -> Start:
    (_, mm, vpn), (_, mm2, vpn2) = cast("tuple[tuple[int, int, int], ...]", op.args["targets"])
    return Merge, {"mm": k.m.mm[mm], "vpn": vpn, "mm2": k.m.mm[mm2], "vpn2": vpn2}


def _pin(k: Kernel, op: Op) -> Start:
    return Pin, {"frame": _named_frame(k, op), "up": 1}


def _unpin(k: Kernel, op: Op) -> Start:
    return Pin, {"frame": _named_frame(k, op)}


def _named_frame(k: Kernel, op: Op) -> Frame:
    frame = frame_of(k, cast("tuple[int, ...]", op.args["target"]))
    if not frame:
        raise Refused(f"{op.text.strip()}: the page has no frame now; touch it first")
    return frame


KERNEL_STARTS: dict[str, Callable[[Kernel, Op], Start]] = {
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
    "dma_read": _dma_read,
    "dma_write": _dma_write,
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
"""By verb."""
