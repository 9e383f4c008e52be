"""Judges every micro-step: reads (A), writes (B), ownership (C), ordering (D), waiting (W).

The rules (`luf-tui explain safety`) are those of observational equivalence with
the eager kernel. Three weights: *benign* (a stale hit with the right bytes), *deviation*
(visible, but the eager kernel allows it too, or it was accepted), *violation*.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import frozen

from luf_tui.machine import events as ev
from luf_tui.machine.machine import Machine
from luf_tui.machine.schema import ANON, FILE, FREE_STATES, NONE, Promise, TlbEntry
from luf_tui.oracle import obligations, truth
from luf_tui.oracle.promises import ASKED, Place, Promises
from luf_tui.oracle.truth import BYTES, MONITOR, SIGSEGV, At, Truth
from luf_tui.oracle.what_a_program_sees import became, instead, wanted_of

BENIGN, DEVIATION, VIOLATION = "benign", "deviation", "violation"
JUDGED = frozenset(
    (
        ev.READ,
        ev.STORE,
        ev.DMA_READ,
        ev.DMA_STORE,
        ev.ALLOC,
        ev.FREE,
        ev.OOM,
        ev.FREED_WALK,
        ev.SEND,
        *(ev.IO_READ, ev.IO_STORE, ev.DIRECT_READ),
        *(ev.WRITE_OUT, ev.HUGE_MAP, ev.HUGE_SPLIT),
    )
)
"""Kinds of events that can break something."""
MADE_STALE = (ev.UNMAP, ev.PROTECT, ev.HINT)
"""Kinds of events after which what a TLB holds may be stale."""


@frozen
class Finding:
    """One verdict of the oracle."""

    weight: str
    rule: str
    obligation: str
    step: int
    item: int
    cpu: int
    mm: int
    vpn: int
    pfn: int
    read: str
    """What the CPU got, by name; what it stored, for a store."""
    expected: str
    """What a fresh walk would have given."""
    message: str
    cause: int
    """The event that made it possible, or -1."""
    event: int
    """The event it is about."""


def at_of(entry: TlbEntry) -> At:
    """What an access through a cached translation is."""
    assert entry.mm
    assert entry.frame
    return At(entry.mm, entry.vpn, entry.frame)


class Oracle:
    """Looks at the events of one micro-step and at the machine after it."""

    def __init__(self, machine: Machine) -> None:
        self.m = machine
        self.promises = Promises(machine)
        self._item = -1

    def judge(self, first_event: int, item: int = -1) -> list[Finding]:
        """The findings of the events from number `first_event` on."""
        self._item = item
        found: list[Finding] = []
        log = self.m.events
        for event in range(first_event, len(log)):
            kind = log.kind_of(event)
            if kind in ASKED:
                self.promises.tell(kind, log.cpu_of(event), log[event].args)
            if kind not in JUDGED:
                continue
            cpu, args = log.cpu_of(event), log[event].args
            if kind == ev.READ:
                self._read(found, event, cpu, self._at(args), args["content"])
            elif kind == ev.STORE:
                self._store(found, event, cpu, self._at(args), args["content"])
            elif kind in (ev.DMA_READ, ev.DMA_STORE):
                store = kind == ev.DMA_STORE
                self._dma(found, event, self._at(args), args["content"], store=store)
            elif kind == ev.ALLOC:
                self._alloc(found, event, args["pfn"], args["order"])
            elif kind == ev.WRITE_OUT:
                self._write_out(found, event, cpu, args)
            elif kind in (ev.IO_READ, ev.IO_STORE, ev.DIRECT_READ):
                self._through_pin(found, event, cpu, args)
            else:
                self._of_the_kernel(found, event, kind, cpu, args)
        return found

    def _of_the_kernel(
        self, found: list[Finding], event: int, kind: int, cpu: int, args: Mapping[str, int]
    ) -> None:
        """What is about no access and no bytes."""
        if kind == ev.FREE:
            self._free(found, event, cpu, args["pfn"])
        elif kind == ev.OOM:
            self._oom(found, event, cpu, args["order"])
        elif kind == ev.FREED_WALK:
            self._walk(found, event, cpu, args["pfn"])
        elif kind in (ev.HUGE_MAP, ev.HUGE_SPLIT):
            self._two_sizes(found, event, args, large=kind == ev.HUGE_SPLIT)
        elif kind == ev.SEND:
            self._send(found, event, cpu, args["mask"])

    # -- rules A and D: what is read ------------------------------------------------------------

    def _read(self, found: list[Finding], event: int, cpu: int, at: At, got: int) -> None:
        """What a load gets has to be what it may find there, whatever translation it went through:
        a fresh one can be as wrong as a stale one.
        """
        entry = self._entry(cpu, at)
        is_stale = entry is not None and truth.stale(self.m, entry)
        right = self.promises.read(at.mm.index, at.vpn, cpu, got)
        if right and not is_stale:
            return
        expected = self._expected(at, is_stale=is_stale)
        if right and (expected.kind == BYTES and expected.content == got):
            self._add(found, BENIGN, "A", "", event, cpu, at, got, expected)
            return
        if not is_stale:
            foreign = self.promises.elsewhere(at.mm.index, at.vpn, got)
            obligation = obligations.of_promise(expected, foreign=foreign is not None)
            self._add(found, VIOLATION, "A", obligation, event, cpu, at, got, expected)
            return
        assert entry
        obligation = obligations.of_read(self.m, at, expected)
        unfreed = expected.kind == BYTES and self._unfreed(entry)
        window = unfreed or self._unflushed(entry)
        if right or expected.kind == MONITOR or window:
            self._add(found, DEVIATION, "A", obligation, event, cpu, at, got, expected)
            return
        newer = expected.frame and expected.frame.writer not in (-1, cpu)
        rule = "D" if newer and expected.kind == BYTES else "A"
        if obligation == "O2" and obligations.o37(entry):
            obligation = "O37"
        self._add(found, VIOLATION, rule, obligation, event, cpu, at, got, expected)

    def _expected(self, at: At, *, is_stale: bool, store: bool = False) -> Truth:
        """What a fresh walk would give; for an access that had one, what memory promises."""
        if is_stale:
            return truth.fresh(self.m, at.mm, at.vpn, store=store)
        contents = self.promises.expected(at.mm.index, at.vpn)
        return Truth(BYTES, contents[0]) if contents else Truth(SIGSEGV)

    def _unfreed(self, entry: TlbEntry) -> bool:
        """Whether an entry leads to a page that an operation in flight has taken from whoever had
        it and not freed yet: a kernel that batches flushes before it frees, and a write() or a
        fault that brings in another page meanwhile waits for no such batch (shrink_folio_list():
        __remove_mapping() before try_to_unmap_flush()).
        """
        frame = at_of(entry).frame
        taken = not (frame.file_page or frame.mapcount or frame.slot)
        return frame.state in (ANON, FILE) and frame.locked is not None and taken

    def _unflushed(self, entry: TlbEntry) -> bool:
        """Whether an entry leads to a page that an operation in flight has unmapped, with its
        mmu_gather still open: a system call that finds the PTE cleared does not wait for that flush
        (move_ptes() passes over what is none; munmap() and mprotect() ask mm_tlb_flush_nested()).
        Nor does a truncation that finds no mapping left (unmap_mapping_range()), or an mremap()
        that takes the mapping away from beneath one.
        """
        at = at_of(entry)
        pte = self.m.pte_at(at.mm, at.vpn)
        gathering = at.mm.flush_pending and at.frame.locked is not None
        cut = at.frame.state == FILE or not self.m.vma_at(at.mm, at.vpn).mapped
        cut = cut and pte.gathered is at.frame and at.frame.file_page is None
        return bool((gathering or cut) and pte.kind == NONE)

    # -- rule B: what is stored -----------------------------------------------------------------

    def _store(self, found: list[Finding], event: int, cpu: int, at: At, put: int) -> None:
        mm, vpn = at.mm.index, at.vpn
        entry = self._entry(cpu, at)
        is_stale = entry is not None and truth.stale(self.m, entry)
        beside = self.promises.beside(mm, vpn, cpu) or self.promises.forks(mm, vpn)
        places = self.promises.places(mm, vpn, cpu)
        vanishes = any(self.promises.may_vanish(place, cpu) for place in places)
        if places:
            self.promises.store(mm, vpn, cpu, put)
        if not is_stale:
            if not places:
                self._add(found, VIOLATION, "B", "O42", event, cpu, at, put, Truth(SIGSEGV))
            return
        expected = truth.fresh(self.m, at.mm, at.vpn, store=True)
        kept = not self._lost(at, expected, places) and (beside or self._quiet(at))
        if places and (vanishes or kept):
            if expected.kind != BYTES:
                obligation = obligations.of_store(self.m, at, expected)
                self._add(found, DEVIATION, "B", obligation, event, cpu, at, put, expected)
            return
        obligation = obligations.of_store(self.m, at, expected)
        weight = DEVIATION if entry and self._unflushed(entry) else VIOLATION
        self._add(found, weight, "B", obligation, event, cpu, at, put, expected)

    def _lost(self, at: At, expected: Truth, places: Sequence[Place]) -> bool:
        """Whether nobody will find what was stored. That is not settled yet where an operation in
        flight has cleared the PTE and keeps the folio lock.
        """
        m, frame = self.m, at.frame
        if frame.saved or obligations.unsaved(frame) or frame.state in FREE_STATES:
            return True
        if frame.locked is not None and m.pte_at(at.mm, at.vpn).kind == NONE:
            return False
        for place in places:
            if place.shared and place.file_page:
                if place.file_page is frame.file_page:
                    return False
            elif isinstance(place, Promise):
                # where it is now, or where it is yet: mremap() has not come to it
                for pte in (m.pte[place.index], m.pte_at(at.mm, at.vpn)):
                    if pte.frame is frame or (pte.slot and pte.slot is frame.slot):
                        return False
        return expected.frame is not frame

    def _quiet(self, at: At) -> bool:
        """Whether nobody waits for the fault that a store would have raised: the page was only
        hidden (change_prot_numa()), or whoever write-protects it is still at it, under its lock.
        """
        pte = self.m.pte_at(at.mm, at.vpn)
        return bool(pte.writable) or at.frame.locked is not None

    # -- the device -----------------------------------------------------------------------------

    def _dma(self, found: list[Finding], event: int, at: At, got: int, *, store: bool) -> None:
        """Rules A and B for a device (O29), which has a translation of its own."""
        mm, vpn, device = at.mm.index, at.vpn, self.m.config.cpus
        entry = self._entry(device, at)
        is_stale = entry is not None and truth.stale(self.m, entry)
        if store:
            places = self.promises.places(mm, vpn, device)
            excused = any(self.promises.may_vanish(place, device) for place in places)
            excused |= self.promises.beside(mm, vpn, device)
            right = bool(places)
            if right:
                self.promises.store(mm, vpn, device, got)
        else:
            right = excused = self.promises.read(mm, vpn, device, got)
        expected = self._expected(at, is_stale=is_stale, store=store)
        reached = expected.frame is at.frame if store else expected.content == got
        plain = expected.kind == BYTES and reached
        if right and (plain or not is_stale):
            return
        weight = DEVIATION if right and excused else VIOLATION
        self._add(found, weight, "B" if store else "A", "O29", event, -1, at, got, expected)

    # -- through pins -----------------------------------------------------------------------------

    def _through_pin(
        self, found: list[Finding], event: int, cpu: int, args: Mapping[str, int]
    ) -> None:
        """What is read and stored through a pin, and what direct I/O reads from disk."""
        pins, kind, content = self.promises.pins, self.m.events.kind_of(event), args["content"]
        assert pins
        actor = self.promises.actor(cpu) if cpu >= 0 else None
        if kind == ev.DIRECT_READ:
            assert actor
            if not pins.may_find(actor, content):
                config = self.m.config
                name, got = config.file_page_name(args["page"]), config.content_name(content)
                wanted = config.content_name(self.promises.file_bytes[args["page"]].value)
                message = f"a direct read of {name} gets {got} from disk; it holds {wanted}"
                self._tell(found, "A", "O40", event, cpu, args["pfn"], message)
            return
        pin = pins.pin(actor, args["mm"], args["vpn"])
        if kind == ev.IO_STORE:
            pins.store(pin, content)
        elif not pins.read(pin, content):
            expected = Truth(BYTES, pins.expected(pin))
            foreign = self.promises.elsewhere(args["mm"], args["vpn"], content)
            obligation = obligations.of_promise(expected, foreign=foreign is not None)
            self._add(
                found, VIOLATION, "A", obligation, event, -1, self._at(args), content, expected
            )

    # -- what reaches the disk --------------------------------------------------------------------

    def _write_out(
        self, found: list[Finding], event: int, cpu: int, args: Mapping[str, int]
    ) -> None:
        """Bytes arrive on disk that a file never held, or in swap that an address never held, or
        that were stored over. For which addresses a slot stands is asked of their swap entries,
        since nothing else says it; what may be there is not.
        """
        page, content = args["page"], args["content"]
        config = self.m.config
        told: list[tuple[str, int]] = []
        if page >= 0 and not self.promises.may_arrive(page, content):
            held = self.promises.file_bytes[page].value
            told.append((f"on the disk as {config.file_page_name(page)}", held))
        slot = self.m.frame[args["pfn"]].slot
        swapped = [pte for pte in self.m.pte if pte.slot is slot] if slot else []
        for mm, vpn in map(self.m.place_of, swapped):
            address = self.promises.at(mm.index, vpn)
            befores = self.promises.befores(address)
            worlds = (*befores, *(one.to for one in befores if one.to), address)
            if not any(self.promises.holds(one, config.cpus, content) for one in worlds):
                held = self.promises.contents_of(address)[0]
                told.append((f"in swap as {self._page_name(mm.index, vpn)}", held))
        got = config.content_name(content)
        for where, held in told:
            message = f"{got} arrives {where}, which holds {config.content_name(held)}"
            self._tell(found, "A", "O40", event, cpu, args["pfn"], message)

    # -- rule C ---------------------------------------------------------------------------------

    def _alloc(self, found: list[Finding], event: int, first: int, order: int) -> None:
        """A frame that gets a new owner must be cached by no one who could still use it."""
        block = self.m.block(self.m.frame[first], order)
        for cpu in range(self.m.config.cpus):
            for entry in self.m.tlb_of(cpu):
                if not entry.mm or entry.frame not in block:
                    continue
                if not truth.reachable(self.m, cpu, entry):
                    continue
                at = at_of(entry)
                expected = truth.fresh(self.m, at.mm, at.vpn)
                content = at.frame.content
                obligation = "O37" if obligations.o37(entry) else "O2"
                self._add(found, VIOLATION, "C", obligation, event, cpu, at, content, expected)
        for entry in obligations.o29(self.m, block):
            at = at_of(entry)
            expected = truth.fresh(self.m, at.mm, at.vpn)
            content = at.frame.content
            self._add(found, VIOLATION, "C", "O29", event, -1, at, content, expected)
        for cpu, frame in truth.walkable(self.m, block):
            message = f"f{frame.pfn} has a new owner while cpu{cpu} may walk it as a page table"
            self._tell(found, "C", "O32", event, cpu, frame.pfn, message)

    def _walk(self, found: list[Finding], event: int, cpu: int, pfn: int) -> None:
        """A walk must end in a page of the address space's own page table (O32)."""
        if obligations.o32(self.m, self.m.frame[pfn]):
            message = f"cpu{cpu} walks f{pfn} as a page table, and it is none of its mm's"
            self._tell(found, "C", "O32", event, cpu, pfn, message)

    def _free(self, found: list[Finding], event: int, cpu: int, pfn: int) -> None:
        """A page that someone pins is not free, whatever the allocator thinks (O27, O28)."""
        if obligations.o28(self.m.frame[pfn]):
            message = f"f{pfn} is freed while it is pinned"
            self._tell(found, "C", "O28", event, cpu, pfn, message)

    def _two_sizes(
        self, found: list[Finding], event: int, args: Mapping[str, int], *, large: bool
    ) -> None:
        """Translations of the other size are gone before a range is mapped in one (O43)."""
        mm, vpn = self.m.mm[args["mm"]], args["vpn"]
        for cpu, entry in obligations.o43(self.m, mm, vpn, large=large):
            page = f"{self.m.config.processes[mm.index].name}'s "
            page += self.m.config.page_name(mm.index, entry.vpn)
            old, new = ("large", "small") if large else ("small", "large")
            message = f"cpu{cpu} still has the {old} translation of {page}, which has a {new} one"
            self._tell(found, "D", "O43", event, cpu, at_of(entry).frame.pfn, message)

    # -- waiting --------------------------------------------------------------------------------

    def _send(self, found: list[Finding], event: int, cpu: int, targets: int) -> None:
        """No one may wait for IPIs with interrupts off: two such CPUs wait for ever (O24); nor for
        a CPU that is down (O38).
        """
        if obligations.o38(self.m, targets):
            message = f"cpu{cpu} waits for acknowledgements of a CPU that is offline"
            self._tell(found, "W", "O38", event, cpu, -1, message)
        if obligations.o24(self.m, cpu):
            message = f"cpu{cpu} waits for acknowledgements with interrupts off"
            self._tell(found, "W", "O24", event, cpu, -1, message)

    def _oom(self, found: list[Finding], event: int, cpu: int, order: int) -> None:
        """Who may not wait gets no page, and there are some: no wrong read, but it shows (O25)."""
        if obligations.o25(self.m, cpu, order):
            message = f"cpu{cpu} may not wait and gets no page, though some are free"
            self._tell(found, "W", "O25", event, cpu, -1, message, DEVIATION)

    # -- findings -------------------------------------------------------------------------------

    def _at(self, args: Mapping[str, int]) -> At:
        """An access as an event tells it."""
        mm, vpn, pfn = place(args)
        return At(self.m.mm[mm], vpn, self.m.frame[pfn])

    def _entry(self, cpu: int, at: At) -> TlbEntry | None:
        for entry in self.m.tlb_of(cpu):
            if entry.mm is at.mm and entry.vpn == at.vpn:
                return entry
        return None

    def _add(
        self,
        found: list[Finding],
        weight: str,
        rule: str,
        obligation: str,
        event: int,
        cpu: int,
        at: At,
        got: int,
        expected: Truth,
    ) -> None:
        config = self.m.config
        read, wanted = config.content_name(got), wanted_of(self.m, expected)
        mm, vpn, pfn = at.mm.index, at.vpn, at.frame.pfn
        message = self._message(weight, rule, obligation, cpu, at, got, expected)
        cause = -1 if weight == BENIGN else self._cause(event, (mm, vpn, pfn))
        found.append(
            Finding(
                weight,
                rule,
                obligation,
                self.m.events.step_of(event),
                self._item,
                cpu,
                mm,
                vpn,
                pfn,
                read,
                wanted,
                message,
                cause,
                event,
            )
        )

    def _message(
        self, weight: str, rule: str, obligation: str, cpu: int, at: At, got: int, expected: Truth
    ) -> str:
        mm, vpn, content = at.mm.index, at.vpn, self.m.config.content_name(got)
        who = f"cpu{cpu}" if cpu >= 0 else "the device"
        page = self._page_name(mm, vpn)
        if rule == "C":
            return f"f{at.frame.pfn} has a new owner while {who} still maps it as {page}"
        did = f"{who} read {content} as {page}"
        if rule == "B":
            did = f"{who} stored {content} to {page}"
            if obligation == "O42" and self.promises.at(mm, vpn).guarded:
                return f"{did} without the monitor that protects it being told"
            if obligation == "O42":
                return f"{did}, which may not be written to: SIGSEGV was due"
            return f"{did} {became(self.m, at, obligation, device=cpu < 0)}"
        wanted = wanted_of(self.m, expected)
        if weight == BENIGN:
            return f"{did}; a fresh walk gives {wanted}"
        if rule == "D":
            return f"{did} after another CPU had stored {wanted}"
        there = self.promises.elsewhere(mm, vpn, got) if obligation == "O41" else None
        if there is not None:
            owner = self._page_name(*divmod(there.index, self.m.config.pages))
            return f"{did}, which holds {wanted}: it is {owner} that holds {content}"
        return f"{did}, {instead(self.m, at, obligation, expected)}"

    def _page_name(self, mm: int, vpn: int) -> str:
        config = self.m.config
        return f"{config.processes[mm].name}'s {config.page_name(mm, vpn)}"

    def _tell(
        self,
        found: list[Finding],
        rule: str,
        obligation: str,
        event: int,
        cpu: int,
        pfn: int,
        message: str,
        weight: str = VIOLATION,
    ) -> None:
        """A finding that is about no address."""
        step, item = self.m.events.step_of(event), self._item
        cause = self._taken_out(event, pfn) if obligation == "O32" else -1
        place = (step, item, cpu, -1, -1, pfn)
        found.append(Finding(weight, rule, obligation, *place, "", "", message, cause, event))

    def _taken_out(self, event: int, pfn: int) -> int:
        """The event that took a frame out of a page table last."""
        log = self.m.events
        for index in range(event - 1, -1, -1):
            if log.kind_of(index) == ev.TABLE_OUT and log[index].args["pfn"] == pfn:
                return index
        return -1

    def _cause(self, event: int, at: tuple[int, int, int]) -> int:
        """The event that made an entry stale: the last change of the PTE it was filled from."""
        log = self.m.events
        for index in range(event - 1, -1, -1):
            if log.kind_of(index) in MADE_STALE and place(log[index].args) == at:
                return index
        return -1


def place(args: Mapping[str, int]) -> tuple[int, int, int]:
    """Where an event happened: address space, virtual page, and frame."""
    return args["mm"], args["vpn"], args["pfn"]
