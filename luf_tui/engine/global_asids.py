"""Global ASIDs: one number for an address space on every CPU, for INVLPGB (AMD, Linux 6.15)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from luf_tui.engine import hardware
from luf_tui.machine import events as ev
from luf_tui.machine.machine import Machine
from luf_tui.machine.schema import Mm

if TYPE_CHECKING:
    from luf_tui.engine.kernel import Kernel


def has_one(m: Machine, mm: Mm) -> bool:
    """mm_global_asid(): whether an address space has one."""
    return bool(m.global_asid) and bool(m.global_asid[mm.index].active)


def by_broadcast(m: Machine, mm: Mm | None) -> bool:
    """Whether a flush goes by INVLPGB: a batch always, an mm that has a global ASID."""
    return bool(m.global_asid) and (mm is None or has_one(m, mm))


def consider(k: Kernel, mm: Mm) -> None:
    """consider_global_asid(): who has just interrupted others gives an mm that runs on many CPUs a
    global ASID. The kernel asks every once in a while, and for more than 3.
    """
    m = k.m
    if not m.global_asid or has_one(m, mm):
        return
    active = [cpu for cpu in m.cpu if cpu.loaded_mm is mm and not cpu.lazy]
    if len(active) > m.config.global_asids:
        record = m.global_asid[mm.index]
        record.active = record.transition = 1
        k.emit(ev.GLOBAL_ASID, k.cpu, mm.index)


def own(m: Machine, cpu: int, mm: Mm) -> bool:
    """Whether a CPU has entries of an mm under an ASID of its own."""
    return any(slot.mm is mm for slot in m.asids_of(cpu))


def stragglers(m: Machine, mm: Mm) -> list[int]:
    """CPUs that run an mm and have not loaded its global ASID yet."""
    running = [cpu.index for cpu in m.cpu if cpu.loaded_mm is mm and mm.cpumask >> cpu.index & 1]
    return [cpu for cpu in running if own(m, cpu, mm)]


def adopt(k: Kernel, cpu: int, mm: Mm) -> int:
    """A CPU loads the global ASID of an mm: nothing that it cached under its own is found again.
    Returns how many entries that were.
    """
    dropped = 0
    for slot in k.m.asids_of(cpu):
        if slot.mm is mm:
            dropped = hardware.drop(k, cpu, mm, 0, 0)
            slot.clear()
    k.m.cpu[cpu].asid = k.m.config.asids
    return dropped


def uses_global(m: Machine, cpu: int) -> bool:
    """is_global_asid(), of the ASID that a CPU has loaded: its number is behind all slots."""
    return m.cpu[cpu].asid == m.config.asids


def invlpgb(k: Kernel, cpu: int, mm: Mm | None, start: int, end: int) -> None:
    """INVLPGB on a CPU: every CPU is told to drop entries of an mm's global ASID, or all it has.
    Each may use them until TLBSYNC, and here each does.
    """
    bit = 1 << cpu
    for other in k.m.cpu:
        for space in (mm,) if mm else k.m.mm:
            if other.offline or (mm and own(k.m, other.index, space)):
                continue
            for entry in k.m.tlb_of(other.index):
                if entry.mm is space and (start == end or start <= entry.vpn < end):
                    entry.issued |= bit
            for walk in k.m.walks_of(other.index, space) if k.m.walk else ():
                walk.issued |= bit if walk.table else 0
            if k.m.pmd:
                hardware.drop_large(k, other.index, space, start, end)
    pages = end - start if end > start else -1
    k.emit(ev.INVLPGB, cpu, mm.index if mm else -1, start, pages)


def tlbsync(k: Kernel, cpu: int) -> None:
    """TLBSYNC on a CPU: what it has issued is done on every CPU when this returns."""
    k.emit(ev.TLBSYNC, cpu)
    hardware.finish_issued(k, cpu)
