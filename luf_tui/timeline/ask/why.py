"""Why a thing is as it is: the chain of events behind it, effect first.

stale TLB entry ← PTE cleared ← operation; a flush owed ← its deferral ← the unmap, and what
will pay it; a finding ← the access ← everything that made it possible.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from luf_tui.machine import events as ev
from luf_tui.machine.event_log import Event
from luf_tui.machine.events import KINDS
from luf_tui.machine.refs import Ref
from luf_tui.machine.schema import FREE_STATES, PRESENT, STATE_NAMES, TlbEntry
from luf_tui.oracle import truth
from luf_tui.timeline.answers import Link
from luf_tui.timeline.ask.history import last_write
from luf_tui.timeline.tell.narrate import sentence, step_text, telling
from luf_tui.timeline.tell.words import cpus, flags_text
from luf_tui.timeline.timeline import Timeline

PTE_KINDS: Final = (ev.UNMAP, ev.PROTECT, ev.MAP)
BYTE_KINDS: Final = (ev.STORE, ev.FILL_BYTES, ev.READ_IN)
OWNER_KINDS: Final = (ev.ALLOC, ev.TAKE, ev.FREE, ev.DEFER)
PAID_KINDS: Final = (ev.PAY, ev.SAVED)


def why(timeline: Timeline, ref: Ref, position: int, level: str = "student") -> tuple[Link, ...]:
    """Why a record or field is what it is at a position. The cursor stays where it is."""
    explainer = Explainer(timeline, position, level)
    with timeline.visit(position):
        links = list(explainer.explain(ref))
    return _once(links)


def why_event(timeline: Timeline, number: int, level: str = "student") -> tuple[Link, ...]:
    """How event `number` came about: the event, its operation, and why its thing is as it is."""
    position = timeline.step_of_event(number)
    explainer = Explainer(timeline, position, level)
    links = explainer.chain(number)
    ref = links[0].ref
    return _once((*links, *(why(timeline, ref, position, level) if ref else ())))


def why_step(
    timeline: Timeline, position: int, level: str = "student"
) -> tuple[tuple[Link, ...], str]:
    """What led to a micro-step, to its finding if it has one, and what that is called."""
    for number, event in enumerate(timeline.finding_events):
        if timeline.step_of_event(event) == position:
            return why_finding(timeline, number, level), "this finding"
    event, subject = telling(timeline, position), "this step"
    if event < 0:
        event, subject = timeline.event_index_at(position) - 1, "this step, after the last event"
    if event < 0:
        return (), "this step" if position else "the power-on state"
    return why_event(timeline, event, level), subject


def why_finding(timeline: Timeline, number: int, level: str = "student") -> tuple[Link, ...]:
    """How finding `number` came about: the access, what made it possible, and what was owed."""
    finding = timeline.findings[number]
    event = timeline.finding_events[number]
    explainer = Explainer(timeline, timeline.step_of_event(event), level)
    with timeline.visit(explainer.position):
        place = explainer.cached(finding.cpu, finding.mm, finding.vpn)
    links = [Link(finding.message, explainer.position, event, place)]
    causes = [finding.event, finding.cause]
    if finding.pfn >= 0:
        causes += [explainer.last(kinds, pfn=finding.pfn) for kinds in (BYTE_KINDS, OWNER_KINDS)]
        causes.append(explainer.last((ev.COPY,), target=finding.pfn))
        causes += [explainer.last((kind,), pfn=finding.pfn) for kind in (ev.DEFER, *PAID_KINDS)]
    if finding.mm >= 0:
        page = {"mm": finding.mm, "vpn": finding.vpn}
        causes.append(explainer.last(PTE_KINDS, **page))
        causes.append(explainer.last((ev.FILL,), finding.cpu, **page))
        causes.append(explainer.last((ev.MOVE_ENTRY,), **page))
    known = sorted({cause for cause in causes if 0 <= cause < event}, reverse=True)
    for cause in known:
        links.append(explainer.event(cause))
        links += explainer.operation(timeline.step_of_event(cause))
    return _once(links)


class Explainer:
    """Finds the events behind things, looking back from one position."""

    def __init__(self, timeline: Timeline, position: int, level: str) -> None:
        self.timeline = timeline
        self.position = position
        self.level = level
        self.until = timeline.event_index_at(position)

    # -- links ------------------------------------------------------------------------------

    def event(self, number: int) -> Link:
        """A link to an event."""
        event = self.timeline.events[number]
        said = sentence(self.timeline, event, self.level)
        return Link(said, self.timeline.step_of_event(number), number, self.ref_of(event))

    def operation(self, step: int) -> list[Link]:
        """A link to the script line a micro-step served."""
        item = self.timeline.item_at(step)
        if item < 0:
            return []
        line = self.timeline.program.items[item].span.line
        first = self.timeline.item_position(item)
        return [Link(f"line {line}: {step_text(self.timeline, step)}", first)]

    def chain(self, number: int) -> list[Link]:
        """An event and the operation it belongs to; nothing for -1."""
        if number < 0:
            return []
        return [self.event(number), *self.operation(self.timeline.step_of_event(number))]

    def ref_of(self, event: Event) -> Ref | None:
        """What an event is about."""
        args = event.args
        if "vpn" in args and args["mm"] >= 0:
            return Ref("pte", self.timeline.machine.first_page[args["mm"]] + args["vpn"])
        if args.get("pfn", -1) >= 0:
            return Ref("frame", args["pfn"])
        return Ref("cpu", event.cpu) if event.cpu >= 0 else None

    # -- looking back and ahead -------------------------------------------------------------

    def last(self, kinds: Iterable[int], cpu: int = -1, **args: int) -> int:
        """The last event of some kinds with these arguments, up to the position, or -1."""
        return max((self._search(kind, cpu, args, reverse=True) for kind in kinds), default=-1)

    def ahead(self, kinds: Iterable[int], **args: int) -> int:
        """The first such event after the position, or -1."""
        found = (self._search(kind, -1, args, reverse=False) for kind in kinds)
        return min((n for n in found if n >= 0), default=-1)

    def _search(self, kind: int, cpu: int, args: dict[str, int], *, reverse: bool) -> int:
        index, events = self.timeline.index, self.timeline.events
        split = index.count(kind, self.until)
        numbers = index.by_kind[kind]
        columns = [(events.args[getattr(KINDS[kind], name)], args[name]) for name in args]
        if cpu >= 0:
            columns.append((events.cpus, cpu))
        for n in reversed(numbers[:split]) if reverse else numbers[split:]:
            if all(column[n] == value for column, value in columns):
                return n
        return -1

    # -- explanations -----------------------------------------------------------------------

    def explain(self, ref: Ref) -> Iterator[Link]:
        """The links for a record or field, effect first."""
        machine = self.timeline.machine
        if ref.field:
            yield self.value(ref)
        if ref.region == "tlb":
            yield from self.translation(ref, machine.tlb[ref.index])
        elif ref.region == "pte":
            yield from self.entry(ref)
        elif ref.region == "frame":
            yield from self.frame(ref)
        elif ref.region in ("luf_batch", "luf_zone"):
            yield from self.ledger(ref)
        else:
            yield from self.written(ref)

    def value(self, ref: Ref) -> Link:
        """What a field holds and since when."""
        record = self.timeline.machine.regions[ref.region][ref.index]
        held = record.as_dict()[ref.field]
        step = last_write(self.timeline, ref, self.position)
        since = f"since step {step}" if step else "since power-on"
        return Link(f"{ref.region}[{ref.index}].{ref.field} is {held}, {since}", step, -1, ref)

    def written(self, ref: Ref) -> Iterator[Link]:
        """Who wrote a record last: the event of that step, and the operation."""
        step = last_write(self.timeline, ref, self.position)
        if not step:
            yield Link(f"{ref.region}[{ref.index}] is as it was at power-on", 0, -1, ref)
            return
        event = telling(self.timeline, step)
        if event >= 0:
            yield self.event(event)
        yield from self.operation(step)
        if event >= 0 and self.timeline.events.kind_of(event) == ev.DEFER:
            yield from self.debt(self.timeline.events[event].args["pfn"])

    def ledger(self, ref: Ref) -> Iterator[Link]:
        """A key, or a zone's open generation: whom it stands for, and what will pay it."""
        zone = ref.region == "luf_zone"
        node = self.timeline.config.nodes[ref.index].name if zone else ""
        what = f"the open generation of {node}" if zone else f"key {ref.index}"
        debts = [
            debt
            for debt in self.timeline.policy.ledger(self.timeline.machine)
            if debt.frames and (debt.why == f"buddy {node}" if zone else debt.key == ref.index)
        ]
        if not debts:
            yield Link(f"no free page owes anything under {what} now", self.position, -1, ref)
            yield from self.written(ref)
        for debt in debts:
            frames = " ".join(f"f{pfn}" for pfn in debt.frames)
            said = f"{what}: {cpus(debt.mask)} owe a flush for {frames}"
            yield Link(said, self.position, -1, ref)
            for pfn in debt.frames:
                yield from self.debt(pfn)

    def cached(self, cpu: int, mm: int, vpn: int) -> Ref | None:
        """The TLB entry of a CPU for a page, if it has one."""
        if cpu >= 0:
            for entry in self.timeline.machine.tlb_of(cpu):
                if entry.mm and entry.mm.index == mm and entry.vpn == vpn:
                    return Ref("tlb", entry.index)
        return None

    def translation(self, ref: Ref, entry: TlbEntry) -> Iterator[Link]:
        """A TLB entry: what it holds, what made it stale, and what will flush it."""
        cpu = ref.index // self.timeline.config.tlb_entries
        who = self.timeline.machine.tlb_owner(entry)
        if not entry.mm or not entry.frame:
            yield Link(f"this TLB entry of {who} is empty", self.position, -1, ref)
            yield from self.written(ref)
            return
        mm, vpn, pfn = entry.mm.index, entry.vpn, entry.frame.pfn
        machine = self.timeline.machine
        pte = machine.pte_at(entry.mm, vpn)
        page = self.timeline.config.page_name(mm, vpn)
        flags = flags_text(entry.writable | entry.dirty << 1)
        holds = f"{who} has {page} → f{pfn} cached, {flags}"
        if not truth.stale(machine, entry):
            yield Link(f"{holds}; the page table agrees", self.position, -1, ref)
        else:
            leads = pte.kind == PRESENT and pte.frame
            now = f"leads to f{leads.pfn}" if leads else "leads nowhere"
            yield Link(f"{holds}; it is stale: the page table {now}", self.position, -1, ref)
            yield from self.chain(self.last(PTE_KINDS, mm=mm, vpn=vpn))
            yield from self.debt(pfn)
        yield from self.chain(self.last((ev.FILL,), cpu, mm=mm, vpn=vpn))

    def entry(self, ref: Ref) -> Iterator[Link]:
        """A page-table entry: who set it, and who still holds an older copy."""
        machine = self.timeline.machine
        mm, vpn = machine.place(ref.index)
        event = self.last(PTE_KINDS, mm=mm, vpn=vpn)
        if event < 0:
            page = self.timeline.config.page_name(mm, vpn)
            yield Link(f"{page} has never been mapped", 0, -1, ref)
        yield from self.chain(event)
        for cached in machine.tlb.holding(TlbEntry.mm, machine.mm[mm]):
            if cached.frame and cached.vpn == vpn and truth.stale(machine, cached):
                who = machine.tlb_owner(cached)
                said = f"{who} still has the old translation to f{cached.frame.pfn}"
                yield Link(said, self.position, -1, Ref("tlb", cached.index))

    def frame(self, ref: Ref) -> Iterator[Link]:
        """A frame: its owner, its bytes, and the flush owed for it."""
        frame = self.timeline.machine.frame[ref.index]
        pfn = ref.index
        state = "free" if frame.state in FREE_STATES else "in use"
        bytes_ = self.timeline.config.content_name(frame.content)
        said = f"f{pfn} is {state} ({STATE_NAMES[frame.state]}) and holds {bytes_}"
        yield Link(said, self.position, -1, ref)
        yield from self.debt(pfn)
        owner = self.last((*OWNER_KINDS, *PTE_KINDS), pfn=pfn)
        content = max(self.last(BYTE_KINDS, pfn=pfn), self.last((ev.COPY,), target=pfn))
        for event in sorted({owner, content}, reverse=True):
            yield from self.chain(event)

    def debt(self, pfn: int) -> Iterator[Link]:
        """The flush owed for a frame: its deferral, the unmap, and what pays it."""
        deferred = self.last((ev.DEFER,), pfn=pfn)
        if deferred < 0 or self.last(PAID_KINDS, pfn=pfn) > deferred:
            return
        yield from self.chain(deferred)
        before = Explainer(self.timeline, self.timeline.step_of_event(deferred), self.level)
        yield from before.chain(before.last((ev.UNMAP,), pfn=pfn))
        paid = self.ahead(PAID_KINDS, pfn=pfn)
        machine = self.timeline.machine
        mask = self.timeline.policy.owed(machine, machine.frame[pfn])
        owing = f" by {cpus(mask)}" if mask else ""
        if paid < 0:
            said = f"the flush is owed{owing} until f{pfn} is taken; this run never takes it"
            yield Link(said, -1, -1, Ref("frame", pfn))
        else:
            link = self.event(paid)
            yield Link(f"later: {link.text}", link.step, paid, link.ref)


def _once(links: Iterable[Link]) -> tuple[Link, ...]:
    """The links without repetitions, first mention kept."""
    first: dict[tuple[str, int], Link] = {}
    for link in links:
        first.setdefault((link.text, link.step), link)
    return tuple(first.values())
