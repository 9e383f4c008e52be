"""What a record of the machine says, in the machine's words: `f0 rA`, `anon secret`, `idle`."""

from __future__ import annotations

from luf_tui.machine.machine import Machine
from luf_tui.machine.regions import Record
from luf_tui.machine.schema import (
    PRESENT,
    STATE_NAMES,
    Cpu,
    FilePage,
    Frame,
    Pte,
    TlbEntry,
)

NOTHING = "–"


def record_words(m: Machine, region: str, index: int) -> str:
    """A record as it stands now. What nothing better is known of is told field by field, of those
    that are not zero.
    """
    record = m.regions[region][index]
    if isinstance(record, Pte):
        return _pte(record)
    if isinstance(record, TlbEntry):
        return entry_words(m, record)
    if isinstance(record, Frame):
        return f"{STATE_NAMES[record.state]} {m.config.content_name(record.content)}"
    if isinstance(record, FilePage):
        return f"f{record.frame.pfn}" if record.frame else NOTHING
    if isinstance(record, Cpu):
        return _cpu(m, record)
    return _fields(m, record)


def entry_words(m: Machine, entry: TlbEntry) -> str:
    """A cached translation: the page, its frame, and the rights."""
    if not entry.mm or not entry.frame:
        return NOTHING
    page = m.config.page_name(entry.mm.index, entry.vpn)
    return f"{page} → f{entry.frame.pfn} {_rights(entry)}"


def _rights(entry: Pte | TlbEntry) -> str:
    return ("w" if entry.writable else "r") + ("D" if entry.dirty else "")


def _pte(pte: Pte) -> str:
    if pte.kind == PRESENT and pte.frame:
        return f"f{pte.frame.pfn} {_rights(pte)}" + ("A" if pte.accessed else "")
    if pte.frame:
        return f"migrating f{pte.frame.pfn}"
    return f"swap {pte.slot.index}" if pte.slot else NOTHING


def _cpu(m: Machine, cpu: Cpu) -> str:
    running = m.config.tasks[cpu.task.index].name if cpu.task else "idle"
    running = "offline" if cpu.offline else running
    return f"{running} ↯ from cpu{cpu.handling}" if cpu.handling >= 0 else running


def _fields(m: Machine, record: Record) -> str:
    found = [(field, field.raw(record)) for field in record.FIELDS]
    told = [f"{field.name} {m.regions.told(field, raw)}" for field, raw in found if raw]
    return ", ".join(told) or NOTHING
