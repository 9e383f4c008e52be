"""The order of a run as kernel people draw a race: who did what, a column a context, a line a
thing that happened, for the commit message of a fix.

What is drawn is what a race is made of: changes of page tables, TLBs and free lists, flushes and
waits, and what was read and written. Where something is broken, and a line would not be about the
page or the frame that it is broken for, only flushes and waits are drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from attrs import define, frozen

from luf_tui.engine.operation import OPERATIONS, Nothing, Operation
from luf_tui.machine import events as ev
from luf_tui.machine.event_log import Event
from luf_tui.machine.machine import Machine
from luf_tui.machine.schema import STACK_DEPTH, Context, Task, TlbEntry
from luf_tui.oracle import truth
from luf_tui.oracle.obligations import PROMISED
from luf_tui.oracle.oracle import DEVIATION, VIOLATION, Finding
from luf_tui.timeline.tell.diagram_words import DRAWN, FRAMELESS, LEFT_OUT, WAITING
from luf_tui.timeline.tell.narrate import names
from luf_tui.timeline.tell.story import Story
from luf_tui.timeline.timeline import Timeline

FUNCTION, HAPPENED, INITIAL, BROKEN = "function", "happened", "initial", "broken"
"""What a line is: a function entered, what happened in it, what holds before the first, and what
no CPU may do.
"""

_MAPPING: Final = frozenset({ev.MAP, ev.UNMAP, ev.PROTECT, ev.HINT, ev.FILL})
_FRAMES: Final = ("pfn", "source", "target")
_FLAGS: Final = {0: "ro", 1: "rw", 2: "ro dirty", 3: "rw dirty"}
UNMAPS, FLUSHES, HANDLER = "unmap", ("shootdown", "tlbi"), "flush_tlb_func"
NO_FLUSH = "[no flush]"
NEVER: Final = ev.REASON["this policy defers nothing"]
REMOTE: Final = ev.REASON["remote shootdown"]
ACCESSES: Final = {"access": ("load", "store"), "dma": ("DMA read", "DMA write")}
"""Operations that are instructions, and what they are called: a load, a store."""

_ORDER: Final = {ev.STALE: -1, ev.NOTE: 1}
"""Of one micro-step: the entry is known to be stale before it is read through, and
try_to_unmap_one() clears the PTE before it notes the flush.
"""
NOWHERE: Final = "no CPU"
"""What stands for the CPU of a process that runs nowhere."""

Page = tuple[int, int]


@frozen
class Column:
    """A context that takes part: a task on its CPU."""

    cpu: int
    """-1 for what no CPU does."""
    actor: str


@frozen
class Line:
    """One line of a diagram."""

    step: int
    """The micro-step; for what holds before the first one, the position."""
    column: Column
    depth: int
    """Functions it is called from."""
    text: str
    what: str
    """FUNCTION, HAPPENED, INITIAL or BROKEN."""


def interleaving(timeline: Timeline, told: Story) -> list[Line]:
    """The lines of a diagram, in the order of the micro-steps."""
    if not told.steps:
        return []
    with timeline.visit(timeline.position):
        teller = _Teller(timeline, told)
        found = [line for step in told.steps for line in teller.step(step)]
        taking_part = {line.column for line in found}
        return [*teller.initial(taking_part), *found]


@define
class _Call:
    """A function on a stack."""

    op: int
    name: str
    """What it is called; empty for an operation that is no function."""
    touches: bool
    """It is told even where nothing happens in it."""
    told: bool = False
    quiet: bool = True
    """Nothing was told of it yet."""


def _fresh(finding: Finding) -> str:
    said = finding.expected
    return said if said in (truth.SIGSEGV, truth.SIGBUS, truth.MONITOR) else f'"{said}"'


def _number(act: Operation | None) -> int:
    return -1 if act is None else act.NUMBER


class _Teller:
    """Goes through micro-steps in order and knows which functions have been told already."""

    def __init__(self, timeline: Timeline, told: Story) -> None:
        self.timeline = timeline
        self.m: Machine = timeline.machine
        self.finding = told.finding
        self.first = told.steps.start
        self._found: dict[int, list[Finding]] = {}
        for finding in timeline.findings:
            self._found.setdefault(finding.event, []).append(finding)
        self.pages, self.frames = _related(timeline, told)
        self.file_page = _file_page(timeline, told.finding)
        self._blocked: set[int] = set()
        """Contexts that were told to block and have not gone on."""
        self._owing: set[int] = set()
        """Frames whose flush was deferred and has not fired."""
        self._calls: dict[int, list[_Call]] = {}
        """Per context the functions on its stack, the outermost first."""

    # -- one micro-step ---------------------------------------------------------------------

    def step(self, step: int) -> list[Line]:
        """The lines of a micro-step."""
        timeline = self.timeline
        info = timeline.step_info(step)
        ctx = self.m.ctx[info.ctx]
        events = [timeline.events[number] for number in timeline.events_of(step)]
        timeline.seek(step - 1)
        chain: list[Operation | None] = list(self._chain(ctx))
        column = self._column(ctx, events)
        if not chain or _number(chain[-1]) != info.op:
            timeline.seek(step)
            inside = self._chain(ctx)
            chain.append(inside[len(chain)] if len(inside) > len(chain) else None)
        calls = self._told(info.ctx, chain, info.op, column, events)
        timeline.seek(step)
        texts = list(self._texts(column, events))
        if info.op == Nothing.NUMBER and info.ctx in self._blocked:
            return []
        if info.op == Nothing.NUMBER:
            self._blocked.add(info.ctx)
            texts = [("[blocks for ever]" if self._stuck(step, ctx) else "[blocks]", HAPPENED)]
        else:
            self._blocked.discard(info.ctx)
        if self._needs_no_flush(ctx, info.op, events):
            texts.append((NO_FLUSH, HAPPENED))
        found: list[Line] = []
        depth = 0
        for call in calls:
            if call.name and not call.told and (texts or call.touches):
                found.append(Line(step, column, depth, call.name, FUNCTION))
                call.told = True
            depth += bool(call.name)
        found += [Line(step, column, depth, text, what) for text, what in texts if text]
        if texts:
            for call in calls:
                call.quiet = False
        for call in calls[ctx.depth :]:
            if call.touches and call.quiet:
                found.append(Line(step, column, 1, NO_FLUSH, HAPPENED))
        del calls[ctx.depth :]
        return found

    def _stuck(self, step: int, ctx: Context) -> bool:
        """Whether a context that blocks here never goes on in this run."""
        timeline = self.timeline
        with timeline.visit(timeline.steps):
            if not ctx.depth:
                return False
        later = (timeline.step_info(n) for n in range(step + 1, timeline.steps + 1))
        return all(one.ctx != ctx.index or one.op == Nothing.NUMBER for one in later)

    def _needs_no_flush(self, ctx: Context, op: int, events: Sequence[Event]) -> bool:
        """Whether an unmap cleared a PTE that it takes for one that nobody has cached."""
        kinds = {event.kind for event in events if self._matters(event)}
        if OPERATIONS[op].NAME != UNMAPS or ev.UNMAP not in kinds or ev.NOTE in kinds:
            return False
        acts = self._chain(ctx)
        return not acts or acts[-1].NAME == UNMAPS or acts[-1].NAME not in FLUSHES

    def _chain(self, ctx: Context) -> list[Operation]:
        """The operations on a context's stack, the outermost first."""
        m, base = self.m, ctx.index * STACK_DEPTH
        acts = [m.stack[base + level] for level in range(ctx.depth)]
        return [OPERATIONS[a.op](m.cells, m.regions, a.base, a.index) for a in acts]

    def _told(
        self,
        ctx: int,
        chain: Sequence[Operation | None],
        op: int,
        column: Column,
        events: Sequence[Event],
    ) -> list[_Call]:
        """The functions of a context, those that have returned since taken off."""
        known = self._calls.setdefault(ctx, [])
        numbers = [act.NUMBER if act is not None else op for act in chain]
        same = 0
        while same < min(len(known), len(numbers)) and known[same].op == numbers[same]:
            same += 1
        del known[same:]
        for number, act in zip(numbers[same:], chain[same:], strict=True):
            name = self._called(number, act, column, events)
            touches = not known and act is not None and self._touches(act)
            known.append(_Call(number, name, touches))
        return known

    def _touches(self, act: Operation) -> bool:
        """Whether a system call is about a page that something is broken for."""
        local = act.LOCALS
        if self.finding is None or not {"mm", "vpn"} <= local.keys():
            return False
        mm, first = local["mm"].raw(act) - 1, local["vpn"].raw(act)
        pages = local["pages"].raw(act) if "pages" in local else 1
        return any((mm, vpn) in self.pages for vpn in range(first, first + pages))

    def _called(
        self, number: int, act: Operation | None, column: Column, events: Sequence[Event]
    ) -> str:
        """A function with what it is about: `try_to_unmap(f0)`, `load text.0`."""
        kind = OPERATIONS[number]
        about = self._about(act, column) if act is not None else ""
        if kind.NAME in ACCESSES:
            stores = any(event.kind in (ev.STORE, ev.DMA_STORE) for event in events)
            if act is not None:
                stores = bool(act.LOCALS["store"].raw(act))
            at = [event for event in events if "vpn" in event.args]
            about = about or (self._page(at[0].args, column) if at else "")
            return f"{ACCESSES[kind.NAME][stores]} {about}".rstrip()
        if kind.NAME == HANDLER:
            return "<IPI> flush_tlb_func()"
        name = act.function if act is not None else kind.FUNCTION
        return f"{name}({about})" if name else ""

    def _about(self, act: Operation, column: Column) -> str:
        """The page or the frame that an operation was called with."""
        local = act.LOCALS
        if "vpn" in local:
            mm = local["mm"].raw(act) - 1 if "mm" in local else self._loaded(column)
            pages = local["pages"].raw(act) if "pages" in local else 1
            more = f", {pages} pages" if pages > 1 else ""
            return self._page({"mm": mm, "vpn": local["vpn"].raw(act)}, column) + more
        if "frame" in local and (pfn := local["frame"].raw(act) - 1) >= 0:
            return f"f{pfn}"
        return ""

    def _loaded(self, column: Column) -> int:
        loaded = self.m.cpu[column.cpu].loaded_mm if column.cpu >= 0 else None
        return loaded.index if loaded else -1

    # -- who ----------------------------------------------------------------------------------

    def _column(self, ctx: Context, events: Sequence[Event]) -> Column:
        """Whose micro-step it is, by the machine before it."""
        m, config = self.m, self.timeline.config
        if ctx.index < config.cpus:
            return self._on(ctx.index, m.cpu[ctx.index].task)
        task = m.task_of(ctx)
        if task is not None:
            cpu = task.cpu if task.cpu >= 0 else config.tasks[task.index].cpu
            return self._on(cpu, task)
        for event in events:
            if event.kind == ev.SWITCH:
                number = event.args["task"]
                return self._on(event.cpu, m.task[number] if number >= 0 else None)
            if event.cpu >= 0 and event.kind in DRAWN:
                return self._on(event.cpu, m.cpu[event.cpu].task)
        device = any(event.kind in (ev.DMA_READ, ev.DMA_STORE, ev.DMA_FAULT) for event in events)
        return Column(-1, "device" if device else NOWHERE)

    def _on(self, cpu: int, task: Task | None) -> Column:
        return Column(cpu, self.timeline.config.tasks[task.index].name if task else "idle")

    # -- what -----------------------------------------------------------------------------------

    def _texts(self, column: Column, events: Sequence[Event]) -> Iterator[tuple[str, str]]:
        """What happened, and what each of it is."""
        refilled = any(event.kind == ev.REFILL for event in events)
        for event in sorted(events, key=lambda event: _ORDER.get(event.kind, 0)):
            found = self._found.get(event.index, ())
            broken = [finding for finding in found if finding.weight == VIOLATION]
            if broken:
                yield from self._violated(broken, event, column)
            elif event.kind in LEFT_OUT or (event.kind == ev.TAKE and refilled):
                pass
            elif self._matters(event):
                yield self._said(event, column), HAPPENED
                if any(finding.weight == DEVIATION for finding in found):
                    yield "[visible, and accepted]", HAPPENED
            if event.kind == ev.DEFER:
                self._owing.add(event.args["pfn"])
            elif event.kind in (ev.PAY, ev.SAVED):
                self._owing.discard(event.args["pfn"])

    def _said(self, event: Event, column: Column) -> str:
        away = event.args.get("pfn", 0) < 0 and event.kind in FRAMELESS
        return (FRAMELESS if away else DRAWN)[event.kind].format_map(self._names(event, column))

    def _violated(
        self, broken: Sequence[Finding], event: Event, column: Column
    ) -> Iterator[tuple[str, str]]:
        """What the oracle found, told where it happened."""
        if event.kind in (ev.READ, ev.STORE, ev.DMA_READ, ev.DMA_STORE):
            how = "TLB entry" if broken[0].obligation in PROMISED else "stale TLB entry"
            yield f"[{how} -> f{broken[0].pfn}]", HAPPENED
        elif event.kind in DRAWN:
            if event.kind == ev.ALLOC and broken[0].pfn in self._owing:
                yield NO_FLUSH, HAPPENED
            yield self._said(event, column), HAPPENED
        for finding in broken:
            yield f"*** {self._broken(finding, column)} ***", BROKEN
            if finding.obligation in PROMISED and finding.rule != "B":
                yield f"[it should be {_fresh(finding)}]", HAPPENED
            elif finding.rule in ("A", "D"):
                yield f"[a fresh walk gives {_fresh(finding)}]", HAPPENED

    def _broken(self, finding: Finding, column: Column) -> str:
        who = f"CPU{finding.cpu}" if finding.cpu >= 0 else "the device"
        if finding.vpn < 0:
            return finding.message.replace("cpu", "CPU")
        page = self._page({"mm": finding.mm, "vpn": finding.vpn}, column)
        if finding.rule == "B":
            lost = "no fault" if finding.obligation == "O13" else "lost"
            return f'writes "{finding.read}" to f{finding.pfn}: {lost}'
        if finding.rule == "C":
            return f"f{finding.pfn} reused: {who} still caches {page}"
        return f'reads "{finding.read}"'

    def _matters(self, event: Event) -> bool:
        """Whether an event is drawn: all of them where nothing is broken. A flush that found
        nothing to drop is told where somebody waited for it.
        """
        args = event.args
        if event.kind == ev.REFUSE and args["reason"] == NEVER:
            return False
        if event.kind == ev.FLUSH:
            return bool(args["dropped"]) or args["why"] == REMOTE
        if self.finding is None or event.kind in WAITING:
            return True
        if event.kind in (ev.SWITCH, ev.LAZY) and event.cpu == self.finding.cpu:
            return True
        if "vpn" in args and "mm" in args and (args["mm"], args["vpn"]) in self.pages:
            return True
        if self.file_page >= 0 and args.get("page", -1) == self.file_page:
            return True
        return any(args.get(name, -1) in self.frames for name in _FRAMES)

    def _names(self, event: Event, column: Column) -> Mapping[str, str]:
        """What a diagram calls each argument of an event."""
        told = dict(names(self.timeline, event))
        for name in ("cpu", "sender", "mask"):
            if name in told:
                told[name] = told[name].replace("cpu", "CPU").replace(" ", ", ")
        if "flags" in event.args:
            told["flags"] = _FLAGS[event.args["flags"] & 3]
        if "vpn" in event.args:
            told["page"] = self._page(event.args, column)
        if "dropped" in event.args:
            count = event.args["dropped"]
            told["dropped"] = f"{count or 'no'} TLB entr{'y' if count == 1 else 'ies'}"
        return told

    def _page(self, args: Mapping[str, int], column: Column) -> str:
        """A page, with its process where that is not the column's and others have such a page."""
        config = self.timeline.config
        mm, vpn = args["mm"], args["vpn"]
        if not 0 <= mm < len(config.processes):
            return f"va{vpn}"
        name = config.page_name(mm, vpn)
        others = any(name in process.pages for process in config.processes[:mm])
        others = others or any(name in process.pages for process in config.processes[mm + 1 :])
        own = column.actor.partition("/")[0] == config.processes[mm].name
        return f"{config.processes[mm].name}.{name}" if others and not own else name

    # -- what holds before the first line -------------------------------------------------------

    def initial(self, columns: set[Column]) -> Iterator[Line]:
        """What the CPUs that take part have cached of what is broken, before the first line."""
        finding = self.finding
        if finding is None or finding.vpn < 0:
            return
        self.timeline.seek(self.first - 1)
        for cpu in range(self.timeline.config.cpus):
            held = [entry for entry in self.m.tlb_of(cpu) if self._concerns(entry)]
            column = self._on(cpu, self.m.cpu[cpu].task)
            known = sorted(
                (one for one in columns if one.cpu == cpu),
                key=lambda one: (one != column, one.actor),
            )
            if not held or (not known and cpu != finding.cpu):
                continue
            place = known[0] if known else column
            for entry in held:
                assert entry.mm
                assert entry.frame
                page = self._page({"mm": entry.mm.index, "vpn": entry.vpn}, place)
                flags = _FLAGS[entry.writable]
                now = ", stale" if truth.stale(self.m, entry) else ""
                text = f"[TLB: {page} -> f{entry.frame.pfn}, {flags}{now}]"
                yield Line(self.first - 1, place, 0, text, INITIAL)

    def _concerns(self, entry: TlbEntry) -> bool:
        if not entry.mm or not entry.frame:
            return False
        return (entry.mm.index, entry.vpn) in self.pages


def _related(timeline: Timeline, told: Story) -> tuple[frozenset[Page], frozenset[int]]:
    """The pages and the frames that what is broken is about: those of the finding, the pages that
    led to its frame and the frames that its page led to, what was copied from one to another, and
    the frames that were freed under the same debt.
    """
    finding = told.finding
    if finding is None:
        return frozenset(), frozenset()
    pages, frames = {(finding.mm, finding.vpn)}, {finding.pfn}
    events = [
        timeline.events[number]
        for number in range(
            timeline.events_of(told.steps.start).start, timeline.events_of(told.steps[-1]).stop
        )
    ]
    for event in events:
        if event.kind in _MAPPING:
            place, pfn = (event.args["mm"], event.args["vpn"]), event.args["pfn"]
            if pfn == finding.pfn:
                pages.add(place)
            if place == (finding.mm, finding.vpn):
                frames.add(pfn)
        elif event.kind == ev.COPY and finding.pfn in (event.args["source"], event.args["target"]):
            frames |= {event.args["source"], event.args["target"]}
    frames |= _of_one_debt(timeline, finding)
    return frozenset(pages), frozenset(frames - {-1})


def _of_one_debt(timeline: Timeline, finding: Finding) -> set[int]:
    """The frames whose flush was deferred under the key that a finding's frame last had."""
    events = timeline.events
    deferred = [n for n in timeline.index.by_kind[ev.DEFER] if n <= finding.event]
    keys = [
        events.argument(n, ev.DEFER.key)
        for n in deferred
        if events.argument(n, ev.DEFER.pfn) == finding.pfn
    ]
    return {
        events.argument(n, ev.DEFER.pfn)
        for n in deferred
        if keys and events.argument(n, ev.DEFER.key) == keys[-1]
    }


def _file_page(timeline: Timeline, finding: Finding | None) -> int:
    """The position of a file that the page of a finding maps, or -1."""
    if finding is None or finding.vpn < 0:
        return -1
    with timeline.visit(finding.step):
        m = timeline.machine
        page = m.vma_at(m.mm[finding.mm], finding.vpn).file_page
    return page.index if page else -1
