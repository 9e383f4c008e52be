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
from luf_tui.ftrace.meaning.lives import IDLE, Lives
from luf_tui.ftrace.meaning.noted import Noted
from luf_tui.ftrace.meaning.owners import Owners
from luf_tui.ftrace.meaning.pte_values import (
    DIRTY,
    EntryTypes,
    entry_dirty,
    entry_pfn,
    entry_type,
    pte_pfn,
)
from luf_tui.ftrace.meaning.vmemmap import Vmemmap
from luf_tui.ftrace.reading.contexts import Context
from luf_tui.ftrace.reading.line_reader import LOST_EVENTS, TraceRow
from luf_tui.ftrace.reading.tracepoints import NUMBER, Names

BATCHED, PER_PAGE, NOT_KNOWN = "batched", "per page", "not known"
"""How a kernel flushes for migrated pages."""
_SHIFT = 12
_VM_WRITE, _VM_SHARED = 2, 8
_LOCAL_BATCH, _LOCAL_RANGE, _REMOTE = 2, 3, 4
"""Reasons of tlb_flush: what the asking CPU does itself of the flush of a batch, and of one address
space; IPIs sent."""
_MASK = (1 << 64) - 1
_WRITE_PROTECT = 3
"""Error code bits of a write to a present page."""
_RETRIES = 50
"""Unmaps flushed one by one for each batch, at most, where the kernel batches."""
_KERNEL = 0xFFFFFFFF80000000
"""Where the kernel's image is: init_mm, which a CPU loads that leaves an address space."""
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
    space: int = 0
    """The mm_struct of a flush that is about to be printed, as a probe says it."""
    mask: int = -1
    """The CPUs that the batch which is about to be flushed asks, as a probe says it."""


@define
class Flavour:
    """How the kernel flushes for migrated pages."""

    per_page: int = 0
    """Unmaps flushed between the probe and the migration entry."""
    batches: int = 0
    """Times that several pages were unmapped before the first was mapped again, or that one was
    flushed after it was unmapped."""

    def describe(self) -> str:
        """`per page`, `batched`, or `not known`."""
        # A kernel that batches retries page by page what it could not move.
        if self.batches * _RETRIES >= self.per_page:
            return BATCHED if self.batches else NOT_KNOWN
        return PER_PAGE


class Meaning:
    """Turns rows into facts. Feed rows, then `settle` (module settle)."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.lives = Lives(names)
        self.facts = Facts()
        self.mms: list[int] = []
        """Address of the mm_struct per address space; number n of a fact is `mms[n - 1]`."""
        self.vmemmap = Vmemmap()
        self.types = EntryTypes()
        self.owners = Owners()
        self.flavour = Flavour()
        self.double_frees = 0
        """Frees printed twice, as mm_page_free and as mm_page_free_batched."""
        self.folios = Noted()
        """Folio per fact whose pfn only the folio's address says."""
        self.kinds = Noted()
        """Type of the migration entry per unmap."""
        self.loads: dict[int, int] = {}
        """mm_struct that a task was last seen to load, by the probe `switch_mm`."""
        self._kind: dict[int, int] = {}
        """The same of entries that are still there."""
        self._mm: dict[int, int] = {}
        self._acting: dict[int, _Acting] = {}
        self._free: set[int] = set()
        self._current: dict[int, int] = {}
        self._switched: dict[int, tuple[int, int]] = {}
        """CPUs whose last event was a switch: from which task, to which."""
        self.began: dict[int, int] = {}
        """Per CPU, who ran there when the recording began."""
        self._ended: dict[int, int] = {}
        """Tasks that such a switch has left for good; what it loads is printed in their name."""
        self._loads: dict[int, int] = {}
        """What a CPU is about to load outside a switch."""
        self._poked: dict[int, int] = {}
        """CPUs whose last event was a load outside a switch, and who ran before it."""
        self._fresh: set[int] = set()
        """Lives that began with a load, as exec does, and have done nothing in user mode yet."""
        self._handlers = {
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
            NUMBER["unmap_pte"]: self._noted,
            NUMBER["flush_range"]: self._range,
            NUMBER["batch"]: self._batch,
            NUMBER["pending"]: self._pass,
        }
        self._special = {
            NUMBER["sched_switch"]: self._switch,
            NUMBER["tlb_flush"]: self._flush,
            NUMBER["switch_mm"]: self._load,
            NUMBER["lazy"]: self._pass,
            LOST_EVENTS: self._gap,
        }

    def feed(self, rows: Iterable[TraceRow]) -> None:
        """Take rows in the order of the file."""
        handlers, special, of = self._handlers, self._special, self.lives.of
        current, switched, poked = self._current, self._switched, self._poked
        for row in rows:
            task, cpu, context = row[3]
            life = of(task)
            handler = handlers.get(row[0])
            if handler is None:
                special[row[0]](row, life)
                continue
            if not context & _INTERRUPT:
                if current.get(cpu) != life:
                    current[cpu] = life
                    self.began.setdefault(cpu, life)
                    self.facts.add(_SWITCH, cpu, life, row[2], row[1], arg=1)
                if switched.pop(cpu, None) and cpu in self._ended:
                    self.lives.end(self._ended.pop(cpu))
                poked.pop(cpu, None)
            handler(row, life)

    def _act(self, task: int) -> _Acting:
        acting = self._acting.get(task)
        if acting is None:
            acting = self._acting[task] = _Acting()
        return acting

    def number(self, mm_struct: int) -> int:
        """The number of an address space by its mm_struct; 0 if nothing was unmapped from it."""
        return self._mm.get(mm_struct, 0)

    def _pass(self, row: TraceRow, task: int) -> None:
        """What tells nothing that is not known otherwise."""

    # -- who runs, and what is loaded ---------------------------------------------------------

    def _switch(self, row: TraceRow, task: int) -> None:
        _, line, time, (_task, cpu, _irq), (prev, to, dead) = row
        if cpu in self._ended:
            self.lives.end(self._ended.pop(cpu))
        before, after = self.lives.called(prev), self.lives.called(to)
        self.began.setdefault(cpu, before)
        self._switched[cpu] = (task, after)
        self._current[cpu] = after
        self._poked.pop(cpu, None)
        self.facts.add(_SWITCH, cpu, after, time, line, page=dead)
        if dead:
            self._ended[cpu] = before

    def _load(self, row: TraceRow, task: int) -> None:
        """The probe on switch_mm_irqs_off(): in a switch it is printed by the task that leaves."""
        cpu, (mm,) = row[3][1], row[4]
        if mm >= _KERNEL:
            return
        if cpu in self._switched:
            to = self._switched[cpu][1]
            self.owners.user.add(to)
            self.loads[to] = mm
        else:
            self._loads[cpu] = mm

    def _flush(self, row: TraceRow, task: int) -> None:
        _, line, time, (_task, cpu, context), (pages, reason) = row
        before, to = self._switched.pop(cpu, (-1, -1))
        if cpu in self._ended:
            self.lives.end(self._ended.pop(cpu))
        irq = context & _INTERRUPT
        if reason in (2, 3, 4):
            self._request(line, time, task, cpu, pages, reason)
        elif reason in (1, 5):
            if pages and reason == 1 and task != IDLE:
                # A CPU that has an address space lazily leaves it, or is not asked.
                self.owners.user.add(task)
            wrong = 0 if reason == 1 else int(Flag.WRONG)
            self.facts.add(_RECEIVED, cpu, task, time, line, arg=pages, flags=wrong)
        elif to >= 0 and not irq and (task == before or self._may_load(to, context)):
            if to:
                self.owners.user.add(to)
            self.facts.add(_SWITCH_FLUSH, cpu, to or task, time, line, arg=pages)
        elif irq or task == IDLE:
            # Formats without flags do not say what an interrupt is; idle loads nothing by itself.
            self.facts.add(_LEFT_LAZY, cpu, task, time, line, arg=pages)
        else:
            self._loaded(row, task)
            return
        self._poked.pop(cpu, None)

    def _may_load(self, to: int, context: int) -> bool:
        """Whether a flush that follows a switch at once belongs to it. Formats without flags do not
        say that an interrupt took a lazy CPU off what it had borrowed.
        """
        return to in self.owners.user or not context & Context.NOT_PRINTED

    def _loaded(self, row: TraceRow, task: int) -> None:
        """A task loads an address space where it is: exec, a kernel thread that leaves what it had
        borrowed, or one that borrows for a while and gives back.
        """
        _, line, time, (_task, cpu, _irq), (pages, _reason) = row
        poked = self._poked.pop(cpu, -1)
        if poked >= 0:
            self.lives.back(poked)
            self._current[cpu] = poked
            self._fresh.discard(task)
            self.facts.add(_SWITCH, cpu, poked, time, line)
            self.facts.add(_SWITCH_FLUSH, cpu, poked, time, line, arg=pages)
        elif task in self.owners.user:
            self._poked[cpu] = task
            after = self.lives.another(task)
            self._fresh.add(after)
            self.owners.user.add(after)
            if cpu in self._loads:
                self.loads[after] = self._loads.pop(cpu)
            self._current[cpu] = after
            self.facts.add(_SWITCH, cpu, after, time, line)
            self.facts.add(_SWITCH_FLUSH, cpu, after, time, line, arg=pages)
        else:
            # A kernel thread, for all that is known; settle() knows all of it.
            own = int(Flag.LOCAL)
            self.facts.add(_LEFT_LAZY, cpu, task, time, line, arg=pages, flags=own)

    def _exec(self, row: TraceRow, task: int) -> None:
        if task not in self._fresh:
            cpu = row[3][1]
            task = self._current[cpu] = self.lives.another(task)
            self.facts.add(_SWITCH, cpu, task, row[2], row[1], arg=1)
        self._fresh.discard(task)
        self.owners.user.add(task)

    # -- flushes --------------------------------------------------------------------------------

    def _request(
        self, line: int, time: float, task: int, cpu: int, pages: int, reason: int
    ) -> None:
        """A task asks for a flush: of others (reason 4) or of its own CPU."""
        acting, facts = self._act(task), self.facts
        sends = reason == _REMOTE
        kind = _SENT if sends else _LOCAL
        unmap = acting.unmap
        if unmap >= 0 and (pages >= 0 or reason == _LOCAL_RANGE):
            # A CPU that is behind does more of its own than the range.
            facts.flags[unmap] |= Flag.SENT if sends else Flag.LOCAL
            if sends:
                # What owes a flush was not hidden: another thread had faulted it back.
                facts.flags[unmap] &= ~_HIDDEN
            flags = int(Flag.FOR_UNMAP) | (facts.flags[unmap] & _MIGRATE)
            mm, page = facts.mm[unmap], facts.page[unmap]
            at = facts.add(kind, cpu, task, time, line, arg=pages, flags=flags, mm=mm, page=page)
            self.folios.add(at, acting.folio)
            return
        acting.unmap = -1
        flags = page = 0
        if reason == _LOCAL_BATCH:
            flags = int(Flag.BATCH)
        elif pages == 1:
            copies = acting.error & _WRITE_PROTECT == _WRITE_PROTECT
            flags = int(Flag.COPY) if copies else 0
        elif pages < 0 and sends and acting.mask >= 0:
            flags, page = int(Flag.MASKED), acting.mask & _MASK
        mm = self.number(acting.space)
        facts.add(kind, cpu, task, time, line, arg=pages, flags=flags, mm=mm, page=page)
        acting.mask = -1

    def _range(self, row: TraceRow, task: int) -> None:
        """The probe on flush_tlb_mm_range()."""
        self._act(task).space = row[4][0]

    def _batch(self, row: TraceRow, task: int) -> None:
        """The probe on arch_tlbbatch_flush()."""
        self._act(task).mask = row[4][0]

    def _noted(self, row: TraceRow, task: int) -> None:
        """The probe on set_tlb_ubc_flush_pending(): the flush of a cleared PTE is put off."""
        acting, facts = self._act(task), self.facts
        at, (_mm, pte, writable) = acting.unmap, row[4]
        if at < 0:
            return
        rights = int(Flag.WRITABLE | Flag.UNSURE | Flag.HIDDEN)
        flags = _CONFIRMED | (int(Flag.WRITABLE) if writable else 0)
        if pte:
            self.vmemmap.pair(acting.folio, pte_pfn(pte))
            flags |= int(Flag.DIRTY) if pte & DIRTY else 0
        facts.flags[at] = facts.flags[at] & ~rights | flags

    # -- pages ----------------------------------------------------------------------------------

    def _fault(self, row: TraceRow, task: int) -> None:
        _, line, time, (_task, cpu, _irq), (address, error) = row
        self.owners.user.add(task)
        self._fresh.discard(task)
        acting = self._act(task)
        acting.error = error
        acting.unmap = -1
        acting.space = 0
        acting.reclaimed.clear()
        self.facts.add(_FAULT, cpu, task, time, line, page=address >> _SHIFT, arg=error)

    def _alloc(self, row: TraceRow, task: int) -> None:
        _, line, time, (_task, cpu, context), (pfn, order, gfp) = row
        if pfn:
            self._free.discard(pfn)
            acting = self._acting.get(task)
            if acting is not None and not context & _INTERRUPT:
                acting.unmap = -1
            self.facts.add(
                _ALLOC, cpu, task, time, line, pfn=pfn, arg=order, page=gfp, flags=context
            )

    def _freed(self, row: TraceRow, task: int) -> None:
        _, line, time, (_task, cpu, _irq), (pfn, order) = row
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

    def _batched(self, row: TraceRow, task: int) -> None:
        if row[4][0] in self._free:
            self.double_frees += 1
        else:
            self._freed(row, task)

    def _migrate_one(self, row: TraceRow, task: int) -> None:
        self._probe(row, task, _MIGRATE)

    def _unmap_one(self, row: TraceRow, task: int) -> None:
        self._probe(row, task, 0)

    def _probe(self, row: TraceRow, task: int, flags: int) -> None:
        """try_to_migrate_one or try_to_unmap_one was entered for one mapping of a page."""
        _, line, time, (_task, cpu, _irq), (folio, vm_flags, mm_struct, address) = row
        acting = self._act(task)
        mm = self.number(mm_struct)
        if mm_struct and not mm:
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
        self.folios.add(at, folio)

    def _set(self, row: TraceRow, task: int) -> None:
        """A migration entry took the place of a PTE."""
        _, line, time, (_task, cpu, _irq), (address, entry, order) = row
        acting, facts = self._act(task), self.facts
        pfn, page = entry_pfn(entry), address >> _SHIFT
        at, acting.unmap = acting.unmap, -1
        if at >= 0 and facts.page[at] == page and facts.flags[at] & _MIGRATE:
            self.vmemmap.pair(acting.folio, pfn)
            if facts.flags[at] & (Flag.SENT | Flag.LOCAL):
                self.flavour.per_page += 1
        else:
            flags = _MIGRATE | (_HIDDEN if acting.hides else 0)
            at = facts.add(_UNMAP, cpu, task, time, line, page=page, flags=flags)
        dirty = int(Flag.DIRTY) if entry_dirty(entry) else 0
        facts.flags[at] |= _CONFIRMED | dirty
        facts.pfn[at] = pfn
        facts.arg[at] = 1 << order
        self._kind[at] = entry_type(entry)
        self.kinds.add(at, self._kind[at])
        acting.entries.setdefault(page, []).append(at)
        acting.run.add(pfn)

    def _remove(self, row: TraceRow, task: int) -> None:
        """A migration entry became a PTE, of the new page or again of the old."""
        _, line, time, (_task, cpu, _irq), (address, pte, order) = row
        acting, facts = self._act(task), self.facts
        page, pfn, pages = address >> _SHIFT, pte_pfn(pte), 1 << order
        mm = flags = 0
        unmaps = acting.entries.get(page)
        if unmaps:
            at = unmaps.pop(0)
            if not unmaps:
                del acting.entries[page]
            mm = facts.mm[at]
            self.types.learn(self._kind.pop(at), pte)
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

    def _start(self, row: TraceRow, task: int) -> None:
        _, line, time, (_task, cpu, _irq), (reason,) = row
        acting = self._act(task)
        acting.unmap = -1
        acting.hides = self.names.words[reason] == _HIDES
        self.facts.add(_START, cpu, task, time, line, arg=reason)

    def _end(self, row: TraceRow, task: int) -> None:
        _, line, time, (_task, cpu, _irq), (moved, failed, reason) = row
        acting = self._act(task)
        acting.hides = False
        acting.unmap = -1
        acting.entries.clear()
        acting.run.clear()
        self.facts.add(_END, cpu, task, time, line, page=moved, pfn=failed, arg=reason)

    def _gap(self, row: TraceRow, task: int) -> None:
        """Events are missing: what was in flight is forgotten."""
        self._acting.clear()
        self._current.clear()
        self._switched.clear()
        self._ended.clear()
        self._poked.clear()
        self._loads.clear()
        time = self.facts.latest
        self.facts.add(_GAP, 0, 0, time, row[1], arg=row[4][0])
