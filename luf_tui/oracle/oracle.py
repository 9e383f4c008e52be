"""Judges every micro-step: reads (A), writes (B), ownership (C), ordering (D), waiting (W).

The rules (`luf-tui explain safety`) are those of observational equivalence with
the eager kernel. Three weights: *benign* (a stale hit with the right bytes), *deviation*
(visible, but the eager kernel allows it too, or it was accepted), *violation*.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from luf_tui.machine import events as ev
from luf_tui.machine.machine import Machine
from luf_tui.machine.schema import ANON, FILE, FREE_STATES, NONE, TlbEntry
from luf_tui.oracle import obligations, truth
from luf_tui.oracle.lost_stores import became
from luf_tui.oracle.truth import BYTES, MONITOR, At, Truth

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
        self._item = -1

    def judge(self, first_event: int, item: int = -1) -> list[Finding]:
        """The findings of the events from number `first_event` on."""
        self._item = item
        found: list[Finding] = []
        log = self.m.events
        for event in range(first_event, len(log)):
            kind = log.kind_of(event)
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
            elif kind == ev.FREE:
                self._free(found, event, cpu, args["pfn"])
            elif kind == ev.OOM:
                self._oom(found, event, cpu, args["order"])
            elif kind == ev.FREED_WALK:
                self._walk(found, event, cpu, args["pfn"])
            elif kind == ev.SEND:
                self._send(found, event, cpu, args["mask"])
        return found

    # -- rules A and D ------------------------------------------------------------------------

    def _read(self, found: list[Finding], event: int, cpu: int, at: At, got: int) -> None:
        entry = self._entry(cpu, at)
        expected = truth.fresh(self.m, at.mm, at.vpn)
        is_stale = entry is not None and truth.stale(self.m, entry)
        if expected.kind == BYTES and expected.content == got:
            if is_stale:
                self._add(found, BENIGN, "A", "", event, cpu, at, got, expected)
            return
        in_flight = entry is not None and bool(entry.pending)
        excused = expected.kind != BYTES or self._closing(entry) or self._unfreed(entry)
        accepted = expected.kind == MONITOR or self._given_up(entry)
        obligation = obligations.of_read(self.m, at, expected)
        old = obligation == "O8b" and obligations.unasked(self.m, at)
        if accepted or old or (in_flight and excused):
            self._add(found, DEVIATION, "A", obligation, event, cpu, at, got, expected)
            return
        newer = expected.frame and expected.frame.writer not in (-1, cpu)
        rule = "D" if newer and expected.kind == BYTES else "A"
        if entry is not None and obligation == "O2" and obligations.o37(entry):
            obligation = "O37"
        self._add(found, VIOLATION, rule, obligation, event, cpu, at, got, expected)

    def _given_up(self, entry: TlbEntry | None) -> bool:
        """Whether an entry leads to a page that MADV_FREE gave up and reclaim dropped, and nobody
        has faulted there since: until a store the old bytes are as good as zeros.
        """
        if entry is None:
            return False
        at = at_of(entry)
        empty = self.m.pte_at(at.mm, at.vpn).kind == NONE
        return bool(at.frame.lazyfree and at.frame.state in FREE_STATES and empty)

    # -- rule B ---------------------------------------------------------------------------------

    def _store(self, found: list[Finding], event: int, cpu: int, at: At, put: int) -> None:
        expected = truth.fresh(self.m, at.mm, at.vpn, store=True)
        entry = self._entry(cpu, at)
        if entry is None or not truth.stale(self.m, entry):
            return
        frame = at.frame
        gone = frame.saved or obligations.unsaved(frame)
        lost = frame.state in FREE_STATES or gone or expected.frame is not frame
        kept = self._owned_by(at) or self._closing(entry) or self._cached(entry)
        if lost and kept and not gone:
            lost = False
        if not lost and entry.pending:
            if expected.kind != BYTES:
                obligation = obligations.of_store(self.m, at, expected)
                self._add(found, DEVIATION, "B", obligation, event, cpu, at, put, expected)
            return
        obligation = obligations.of_store(self.m, at, expected)
        self._add(found, VIOLATION, "B", obligation, event, cpu, at, put, expected)

    def _owned_by(self, at: At) -> bool:
        """Whether a frame is still the home of a mapping that lost only a permission."""
        pte, frame = self.m.pte_at(at.mm, at.vpn), at.frame
        if frame.state in FREE_STATES:
            return False
        if pte.frame is frame or (pte.slot and pte.slot is frame.slot):
            return True
        page = self.m.vma_at(at.mm, at.vpn).file_page
        return page is not None and page is frame.file_page

    def _closing(self, entry: TlbEntry | None) -> bool:
        """Whether an entry leads to an anonymous page whose PTE was cleared by an operation in
        flight, which flushes before it lets go of the page: every kernel has this window.
        """
        if entry is None or not entry.pending:
            return False
        at = at_of(entry)
        cleared = self.m.pte_at(at.mm, at.vpn).kind == NONE
        return cleared and at.frame.state == ANON and not at.frame.slot

    def _unfreed(self, entry: TlbEntry | None) -> bool:
        """Whether an entry leads to a page that reclaim has taken from the page cache and not freed
        yet: a kernel that batches flushes before it frees, and what write() or a fault reads into
        the cache meanwhile waits for no such batch.
        """
        if entry is None or not entry.pending:
            return False
        frame = at_of(entry).frame
        taken = not (frame.file_page or frame.mapcount or frame.slot)
        return frame.state == FILE and frame.locked is entry.pending and taken

    def _cached(self, entry: TlbEntry) -> bool:
        """Whether an entry leads to a page of a file whose PTE was cleared by an operation in
        flight: until it returns, stores reach the file.
        """
        return bool(entry.pending and at_of(entry).frame.file_page)

    # -- the device -----------------------------------------------------------------------------

    def _dma(self, found: list[Finding], event: int, at: At, got: int, *, store: bool) -> None:
        """Rules A and B for a device: what it gets or changes through a translation that is not so
        any more. While an operation is in flight every kernel has that window (O29).
        """
        entry = self._entry(self.m.config.cpus, at)
        if entry is None or not truth.stale(self.m, entry):
            return
        expected = truth.fresh(self.m, at.mm, at.vpn, store=store)
        right = expected.frame is at.frame if store else expected.content == got
        if expected.kind != BYTES or not right:
            weight = DEVIATION if entry.pending else VIOLATION
            self._add(found, weight, "B" if store else "A", "O29", event, -1, at, got, expected)

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
        read = config.content_name(got)
        wanted = config.content_name(expected.content) if expected.kind == BYTES else expected.kind
        mm, vpn, pfn = at.mm.index, at.vpn, at.frame.pfn
        page = f"{config.processes[mm].name}'s {config.page_name(mm, vpn)}"
        lost = became(self.m, at, obligation, device=cpu < 0)
        who = f"cpu{cpu}" if cpu >= 0 else "the device"
        message = {
            "A": f"{who} read {read} as {page}; a fresh walk gives {wanted}",
            "B": f"{who} stored {read} to {page} {lost}",
            "C": f"f{pfn} has a new owner while {who} still maps it as {page}",
            "D": f"{who} read {read} as {page} after another CPU had stored {wanted}",
        }[rule]
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
