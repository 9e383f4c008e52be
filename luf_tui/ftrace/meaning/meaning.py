"""What rows of a trace mean: unmaps, what they allowed, who flushed for them, who got which page.

How the kernel prints one migrated page (6.1, page by page): `mm_page_alloc` of the target,
`migrate_one`, `tlb_flush` reason 4 and perhaps 3, reason 1 on each target, `set_migration_pte`,
`remove_migration_pte`, `mm_page_free`. From 6.3 on a batch is unmapped first, flushed once, and
moved then. A page mapped n times has n of each of the events between alloc and free.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from attrs import define, field

from luf_tui.ftrace.meaning.facts import FactKind, Facts, Flag
from luf_tui.ftrace.meaning.owners import Owners
from luf_tui.ftrace.meaning.pte_values import (
    EntryTypes,
    entry_dirty,
    entry_pfn,
    entry_type,
    pte_pfn,
)
from luf_tui.ftrace.meaning.vmemmap import Vmemmap
from luf_tui.ftrace.reading.contexts import Context
from luf_tui.ftrace.reading.line_reader import LOST_EVENTS, TraceRow
from luf_tui.ftrace.reading.tracepoints import FURTHER, NUMBER, Names

_SHIFT = 12
_VM_WRITE, _VM_SHARED = 2, 8
_WRITE_PROTECT = 3
"""Error code bits of a write to a present page."""
_HIDES = "numa_misplaced"
"""Migration reason of promotion: the fault that asks for it found the PTE hidden (PROT_NONE)."""

# Plain numbers: the columns take them faster than the enumerations they come from.
_SWITCH, _LEFT_LAZY, _SWITCH_FLUSH, _FAULT, _UNMAP, _REMAP, _SENT = map(int, list(FactKind)[:7])
_LOCAL, _RECEIVED, _ALLOC, _FREE, _START, _END, _GAP = map(int, list(FactKind)[7:])
_INTERRUPT = int(Context.INTERRUPT)
_MIGRATE, _HIDDEN, _SHARED, _CONFIRMED = 1, int(Flag.HIDDEN), int(Flag.SHARED), 16


@define
class _Acting:
    """What one task is in the middle of."""

    unmap: int = -1
    """The fact of an unmap whose probe fired and whose end was not printed yet."""
    folio: int = 0
    error: int = 0
    """Error code of its last page fault."""
    hides: bool = False
    """It promotes a page after a NUMA hinting fault."""
    reclaimed: deque[int] = field(factory=lambda: deque(maxlen=64))
    """Folios it unmapped for reclaim and has not been seen to free."""
    entries: dict[int, list[int]] = field(factory=dict)
    """Address to the unmaps that left a migration entry there, oldest first."""
    run: set[int] = field(factory=set)
    """Pages whose entries were set since one was removed."""


@define
class Flavour:
    """How the kernel flushes for migrated pages."""

    per_page: int = 0
    """Unmaps flushed between the probe and the migration entry."""
    batches: int = 0
    """Times the entries of several pages were set before the first was removed."""

    def describe(self) -> str:
        """`per page`, `batched`, or `not known`."""
        if self.per_page > self.batches:
            return "per page"
        return "batched" if self.batches else "not known"


class Meaning:
    """Turns rows into facts. Feed rows, then `settle` (module settle)."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.facts = Facts()
        self.mms: list[int] = []
        """Address of the mm_struct per address space; number n of a fact is `mms[n - 1]`."""
        self.vmemmap = Vmemmap()
        self.types = EntryTypes()
        self.owners = Owners()
        self.flavour = Flavour()
        self.double_frees = 0
        """Frees printed twice, as mm_page_free and as mm_page_free_batched."""
        self.folios: dict[int, int] = {}
        """Folio per fact whose pfn only the folio's address says."""
        self.kinds: dict[int, int] = {}
        """Type of the migration entry per unmap."""
        self._mm: dict[int, int] = {}
        self._acting: dict[int, _Acting] = {}
        self._free: set[int] = set()
        self._current: dict[int, int] = {}
        self._switched: dict[int, int] = {}
        """CPUs whose last event was a switch, and to which task."""
        self._waiting: dict[int, int] = {}
        """Tasks that sent IPIs and have printed nothing since, and for which address space."""
        self._handlers = {
            NUMBER["sched_switch"]: self._switch,
            NUMBER["tlb_flush"]: self._flush,
            NUMBER["page_fault_user"]: self._fault,
            NUMBER["mm_page_alloc"]: self._alloc,
            NUMBER["mm_page_free"]: self._freed,
            NUMBER["mm_page_free_batched"]: self._batched,
            NUMBER["migrate_one"]: self._migrate_one,
            NUMBER["unmap_one"]: self._unmap_one,
            NUMBER["set_migration_pte"]: self._set,
            NUMBER["set_migration_pmd"]: self._set,
            NUMBER["remove_migration_pte"]: self._remove,
            NUMBER["remove_migration_pmd"]: self._remove,
            NUMBER["mm_migrate_pages_start"]: self._start,
            NUMBER["mm_migrate_pages"]: self._end,
            NUMBER["sched_process_exec"]: self._exec,
            LOST_EVENTS: self._gap,
        }

    def feed(self, rows: Iterable[TraceRow]) -> None:
        """Take rows in the order of the file."""
        handlers, current = self._handlers, self._current
        switched, waiting = self._switched, self._waiting
        special = (NUMBER["sched_switch"], NUMBER["tlb_flush"], LOST_EVENTS)
        for row in rows:
            if row[0] in FURTHER:
                continue
            if row[0] not in special:
                task, cpu, irq = row[3]
                if not irq & _INTERRUPT and current.get(cpu) != task:
                    current[cpu] = task
                    self.facts.add(_SWITCH, cpu, task, row[2], row[1])
                if task in waiting:
                    del waiting[task]
                switched.pop(cpu, None)
            handlers[row[0]](row)

    def _act(self, task: int) -> _Acting:
        acting = self._acting.get(task)
        if acting is None:
            acting = self._acting[task] = _Acting()
        return acting

    def _switch(self, row: TraceRow) -> None:
        _, line, time, (_task, cpu, _irq), (_prev, to, _dead) = row
        self._switched[cpu] = self._current[cpu] = to
        self.facts.add(_SWITCH, cpu, to, time, line)

    def _flush(self, row: TraceRow) -> None:
        _, line, time, (task, cpu, irq), (pages, reason) = row
        to = self._switched.pop(cpu, None)
        if reason == 4 or reason == 3 or reason == 2:
            self._request(line, time, task, cpu, pages, sends=reason == 4)
        elif reason == 1 or reason == 5:
            self.facts.add(_RECEIVED, cpu, task, time, line, arg=pages)
            if len(self._waiting) == 1 and task:
                (mm,) = self._waiting.values()
                if mm and reason == 1:
                    self.owners.vote(task, mm)
        elif irq & _INTERRUPT or (to is None and task == 0):
            # Formats without flags do not say what an interrupt is; idle loads nothing by itself.
            self.facts.add(_LEFT_LAZY, cpu, task, time, line, arg=pages)
        else:
            if to:
                self.owners.user.add(to)
            self.facts.add(_SWITCH_FLUSH, cpu, to or task, time, line, arg=pages)

    def _request(
        self, line: int, time: float, task: int, cpu: int, pages: int, *, sends: bool
    ) -> None:
        """A task asks for a flush: of others (`sends`) or of its own CPU."""
        acting, facts = self._act(task), self.facts
        kind = _SENT if sends else _LOCAL
        unmap = acting.unmap
        if unmap >= 0 and (pages >= 0 or facts.flags[unmap] & _MIGRATE):
            facts.flags[unmap] |= Flag.SENT if sends else Flag.LOCAL
            mm = facts.mm[unmap]
            flags = int(Flag.FOR_UNMAP) | (facts.flags[unmap] & _MIGRATE)
            at = facts.add(
                kind, cpu, task, time, line, arg=pages, flags=flags, mm=mm, page=facts.page[unmap]
            )
            self.folios[at] = acting.folio
            if not sends and task in self.owners.user and mm:
                self.owners.vote(task, mm)
        else:
            mm = 0
            if pages < 0 and (acting.run or acting.reclaimed):
                flags = int(Flag.BATCH)
            elif pages < 0:
                flags = int(Flag.WHOLE)
            else:
                copies = pages == 1 and acting.error & _WRITE_PROTECT == _WRITE_PROTECT
                flags = int(Flag.COPY) if copies else 0
            facts.add(kind, cpu, task, time, line, arg=pages, flags=flags)
        if sends:
            self._waiting[task] = mm

    def _fault(self, row: TraceRow) -> None:
        _, line, time, (task, cpu, _irq), (address, error) = row
        self.owners.user.add(task)
        acting = self._act(task)
        acting.error = error
        acting.unmap = -1
        acting.reclaimed.clear()
        self.facts.add(_FAULT, cpu, task, time, line, page=address >> _SHIFT, arg=error)

    def _exec(self, row: TraceRow) -> None:
        self.owners.user.add(row[3][0])

    def _alloc(self, row: TraceRow) -> None:
        _, line, time, (task, cpu, context), (pfn, order, gfp) = row
        if pfn:
            self._free.discard(pfn)
            self.facts.add(
                _ALLOC, cpu, task, time, line, pfn=pfn, arg=order, page=gfp, flags=context
            )

    def _freed(self, row: TraceRow) -> None:
        _, line, time, (task, cpu, _irq), (pfn, order) = row
        self._free.add(pfn)
        self.facts.add(_FREE, cpu, task, time, line, pfn=pfn, arg=order)
        acting = self._acting.get(task)
        if acting is not None and acting.reclaimed:
            if acting.unmap >= 0 and not self.facts.flags[acting.unmap] & _MIGRATE:
                acting.unmap = -1
            for folio in acting.reclaimed:
                if self.vmemmap.pair(folio, pfn):
                    acting.reclaimed.remove(folio)
                    break

    def _batched(self, row: TraceRow) -> None:
        if row[4][0] in self._free:
            self.double_frees += 1
        else:
            self._freed(row)

    def _migrate_one(self, row: TraceRow) -> None:
        self._probe(row, _MIGRATE)

    def _unmap_one(self, row: TraceRow) -> None:
        self._probe(row, 0)

    def _probe(self, row: TraceRow, flags: int) -> None:
        """try_to_migrate_one or try_to_unmap_one was entered for one mapping of a page."""
        _, line, time, (task, cpu, _irq), (folio, vm_flags, mm_struct, address) = row
        acting = self._act(task)
        mm = 0
        if mm_struct:
            mm = self._mm.get(mm_struct, 0)
            if not mm:
                self.mms.append(mm_struct)
                mm = self._mm[mm_struct] = len(self.mms)
        if acting.hides:
            flags |= _HIDDEN
        if vm_flags & _VM_SHARED:
            flags |= _SHARED
        if flags & _MIGRATE == 0:
            acting.reclaimed.append(folio)
        if vm_flags & _VM_WRITE:
            flags |= Flag.WRITABLE | Flag.UNSURE
        acting.folio = folio
        self.vmemmap.saw(folio)
        at = self.facts.add(
            _UNMAP, cpu, task, time, line, mm=mm, page=address >> _SHIFT, flags=int(flags), arg=1
        )
        acting.unmap = at
        self.folios[at] = folio

    def _set(self, row: TraceRow) -> None:
        """A migration entry took the place of a PTE."""
        _, line, time, (task, cpu, _irq), (address, entry, order) = row
        acting, facts = self._act(task), self.facts
        pfn, page = entry_pfn(entry), address >> _SHIFT
        at, acting.unmap = acting.unmap, -1
        if at >= 0 and facts.page[at] == page and facts.flags[at] & _MIGRATE:
            self.vmemmap.pair(acting.folio, pfn)
            self.folios.pop(at, None)
            if facts.flags[at] & (Flag.SENT | Flag.LOCAL):
                self.flavour.per_page += 1
        else:
            flags = _MIGRATE | (_HIDDEN if acting.hides else 0)
            at = facts.add(_UNMAP, cpu, task, time, line, page=page, flags=flags)
        dirty = int(Flag.DIRTY) if entry_dirty(entry) else 0
        facts.flags[at] |= _CONFIRMED | dirty
        facts.pfn[at] = pfn
        facts.arg[at] = 1 << order
        self.kinds[at] = entry_type(entry)
        acting.entries.setdefault(page, []).append(at)
        acting.run.add(pfn)

    def _remove(self, row: TraceRow) -> None:
        """A migration entry became a PTE, of the new page or again of the old."""
        _, line, time, (task, cpu, _irq), (address, pte, order) = row
        acting, facts = self._act(task), self.facts
        page, pfn, pages = address >> _SHIFT, pte_pfn(pte), 1 << order
        mm = flags = 0
        unmaps = acting.entries.get(page)
        if unmaps:
            at = unmaps.pop(0)
            if not unmaps:
                del acting.entries[page]
            mm = facts.mm[at]
            self.types.learn(self.kinds[at], pte)
            if facts.pfn[at] == pfn:
                flags |= Flag.FAILED
        if pte & 2:
            flags |= Flag.WRITABLE
        if len(acting.run) > 1:
            self.flavour.batches += 1
        acting.run.clear()
        facts.add(
            _REMAP, cpu, task, time, line, mm=mm, page=page, pfn=pfn, flags=int(flags), arg=pages
        )

    def _start(self, row: TraceRow) -> None:
        _, line, time, (task, cpu, _irq), (reason,) = row
        acting = self._act(task)
        acting.unmap = -1
        acting.hides = self.names.words[reason] == _HIDES
        self.facts.add(_START, cpu, task, time, line, arg=reason)

    def _end(self, row: TraceRow) -> None:
        _, line, time, (task, cpu, _irq), (moved, failed, reason) = row
        acting = self._act(task)
        acting.hides = False
        acting.unmap = -1
        acting.entries.clear()
        acting.run.clear()
        self.facts.add(_END, cpu, task, time, line, page=moved, pfn=failed, arg=reason)

    def _gap(self, row: TraceRow) -> None:
        """Events are missing: what was in flight is forgotten."""
        self._acting.clear()
        self._current.clear()
        self._switched.clear()
        self._waiting.clear()
        time = self.facts.time[-1] if len(self.facts) else 0.0
        self.facts.add(_GAP, 0, 0, time, row[1], arg=row[4][0])
