"""The machine a recording is replayed on: dense numbers for its frames, pages, tasks and CPUs."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

from attrs import define, field

from luf_tui.ftrace.meaning.facts import FactKind, Facts, Flag
from luf_tui.ftrace.meaning.owners import before
from luf_tui.ftrace.trace import Trace
from luf_tui.machine import lists
from luf_tui.machine.config import MachineConfig, Node, ProcessConfig, TaskConfig
from luf_tui.machine.machine import Machine
from luf_tui.machine.schema import ANON

PCP_BATCH, PCP_HIGH = 63, 378
"""pcp->batch and pcp->high of a zone of some GiB (zone_batchsize()); no trace tells them."""
KEY_BITS, ZONE_GEN_BITS = 14, 16
_DEMOTION = "demotion"
_CLEAR = 0.9
"""Share of demotions that must cross a hole in the frame numbers for it to part two tiers."""
_ALLOC, _FREE, _UNMAP, _REMAP = (
    int(FactKind.ALLOC),
    int(FactKind.FREE),
    int(FactKind.UNMAP),
    int(FactKind.REMAP),
)
_SWITCH = int(FactKind.SWITCH)
_START, _END = int(FactKind.MIGRATE_START), int(FactKind.MIGRATE_END)
_CERTAIN = int(Flag.CONFIRMED | Flag.SENT | Flag.LOCAL)


def was_unmapped(flags: int) -> bool:
    """Whether an UNMAP fact is of a PTE that was cleared; probes fire before that is known."""
    return bool(flags & _CERTAIN)


@define
class Layout:
    """Dense numbers and the configuration that has room for them."""

    pfns: list[int]
    """Recorded frame number per frame of the model, ascending."""
    frame: dict[int, int]
    """The way back."""
    used: list[int]
    """Frames of the model that were in use when the recording began."""
    vpn: list[dict[int, int]]
    """Model page per address space (as in facts) and recorded page."""
    followers: set[int]
    """UNMAP facts of further mappings of a folio whose walk an earlier fact began."""
    followed: set[int]
    """UNMAP facts of a folio's mappings that are not the last of their walk."""
    config: MachineConfig
    cpus: int
    idle: int
    """Number of the idle task of CPU 0; the other CPUs' follow."""
    other: int
    """The address space, counted from 0, of everybody whose own is not known."""
    migrating: list[tuple[int, int]]
    """Task and CPU, as in facts, of migrations that had begun before the recording."""
    loaded: list[tuple[int, int]] = field(factory=list)
    """CPUs that had an address space of the model loaded when the recording began."""
    is_idle: list[bool] = field(factory=list)
    """Per task of the trace: it is the idle task, which every CPU has one of."""

    def task(self, task: int, cpu: int) -> int:
        """The model's number of a task seen on a CPU."""
        return self.idle + cpu if self.is_idle[task] else task

    def mm(self, mm: int) -> int:
        """The model's address space, counted from 0, for one of a fact."""
        return mm - 1 if mm else self.other

    def page(self, mm: int, page: int) -> int:
        """The model's page for one of a fact in an address space of a fact."""
        known = self.vpn[mm]
        return known.get(page, len(known))

    def block(self, pfn: int, order: int) -> tuple[int, int]:
        """First frame of the model in a recorded block, and how many of it the model has."""
        if not order:
            return self.frame[pfn], 1
        first = bisect_left(self.pfns, pfn)
        return first, bisect_right(self.pfns, pfn + (1 << order) - 1) - first


def lay_out(trace: Trace) -> Layout:
    """Number everything a trace names."""
    facts = trace.facts
    cpus = max(facts.cpu, default=0) + 1
    first_seen = _first_seen(facts)
    facts.let_go()
    pfns = sorted(first_seen)
    frame = {pfn: number for number, pfn in enumerate(pfns)}
    vpn = _pages(trace)
    facts.let_go()
    followers, followed = _walks(facts)
    facts.let_go()
    nodes = _nodes(trace, pfns)
    config = MachineConfig(
        cpus=cpus,
        nodes=nodes,
        processes=_processes(trace, vpn),
        tasks=_tasks(trace, cpus),
        pages=max(map(len, vpn)) + 1,
        tlb_entries=1,
        max_order=0,
        pcp_batch=PCP_BATCH,
        pcp_high=PCP_HIGH,
        swap_slots=0,
        key_bits=KEY_BITS,
        zone_gen_bits=ZONE_GEN_BITS,
        mask_follows_load=not trace.survey.masks_lag,
    )
    return Layout(
        pfns=pfns,
        frame=frame,
        used=[frame[pfn] for pfn in pfns if first_seen[pfn] != _ALLOC],
        vpn=vpn,
        followers=followers,
        followed=followed,
        config=config,
        cpus=cpus,
        idle=len(trace.tasks),
        other=len(trace.mms),
        migrating=_migrating(facts),
        loaded=[
            (cpu, trace.mm_of[before(cpu)] - 1) for cpu in range(cpus) if before(cpu) in trace.mm_of
        ],
        is_idle=[pid == 0 for _, pid in trace.tasks],
    )


def _first_seen(facts: Facts) -> dict[int, int]:
    """The kind of the first fact per frame number."""
    seen: dict[int, int] = {}
    flags, pfns = facts.flags, facts.pfn
    kinds = facts.kind
    for at in facts.of(_ALLOC, _FREE, _REMAP, _UNMAP):
        kind = kinds[at]
        if kind != _UNMAP or was_unmapped(flags[at]):
            seen.setdefault(pfns[at], kind)
    return seen


def _pages(trace: Trace) -> list[dict[int, int]]:
    """Page numbers per address space, by first appearance.

    The page after the last of each is any page the model does not know.
    """
    facts = trace.facts
    vpn: list[dict[int, int]] = [{} for _ in range(len(trace.mms) + 1)]
    mms, pages = facts.mm, facts.page
    for at in facts.of(_UNMAP, _REMAP):
        known = vpn[mms[at]]
        known.setdefault(pages[at], len(known))
    return vpn


def _walks(facts: Facts) -> tuple[set[int], set[int]]:
    """Which UNMAP facts belong to one walk over a folio's mappings (try_to_migrate): those after
    its first, and those before its last. A walk comes by no mapping twice.
    """
    followers: set[int] = set()
    followed: set[int] = set()
    latest: dict[int, int] = {}
    seen: dict[int, set[tuple[int, int]]] = {}
    for at in facts.of(_UNMAP, _REMAP, _START):
        kind, task = facts.kind[at], facts.task[at]
        if kind == _UNMAP and was_unmapped(facts.flags[at]):
            before, place = latest.get(task, -1), (facts.mm[at], facts.page[at])
            if before >= 0 and facts.pfn[before] == facts.pfn[at] and place not in seen[task]:
                followers.add(at)
                followed.add(before)
            else:
                seen[task] = set()
            seen[task].add(place)
            latest[task] = at
        elif kind in (_REMAP, _START):
            latest.pop(task, None)
    return followers, followed


def _migrating(facts: Facts) -> list[tuple[int, int]]:
    """Tasks whose first word of a migration is that it ended."""
    first: dict[int, tuple[int, int]] = {}
    for at in facts.of(_START, _END):
        first.setdefault(facts.task[at], (facts.kind[at], facts.cpu[at]))
    return [(task, cpu) for task, (kind, cpu) in first.items() if kind == _END]


def _processes(trace: Trace, vpn: list[dict[int, int]]) -> tuple[ProcessConfig, ...]:
    """An address space each, named after a task that runs in it, with room for the pages seen; the
    last is of all others.
    """
    names: dict[int, str] = {}
    for task, mm in sorted(trace.mm_of.items()):
        if task < 0:
            continue
        names.setdefault(mm, "{}-{}".format(*trace.tasks[task]))
    others, *found = (len(pages) + 1 for pages in vpn)
    return (
        *(ProcessConfig(names.get(n, f"mm{n}"), (), room) for n, room in enumerate(found, 1)),
        ProcessConfig("others", (), others),
    )


def _tasks(trace: Trace, cpus: int) -> tuple[TaskConfig, ...]:
    facts, others = trace.facts, len(trace.mms)
    mm = [trace.mm_of.get(task, 0) - 1 for task in range(len(trace.tasks))]
    for at in facts.of(_SWITCH):
        if mm[facts.task[at]] < 0 and not facts.flags[at] & Flag.KERNEL:
            mm[facts.task[at]] = others
    named = [TaskConfig(f"{n}-{pid}", mm[at]) for at, (n, pid) in enumerate(trace.tasks)]
    return (*named, *(TaskConfig(f"idle/{cpu}", -1, cpu) for cpu in range(cpus)))


def _nodes(trace: Trace, pfns: list[int]) -> tuple[Node, ...]:
    """Two tiers where nearly all demotions cross one hole in the frame numbers in one direction,
    the widest of such holes; else one node.
    """
    frame = {pfn: number for number, pfn in enumerate(pfns)}
    crossed = {True: [0] * (len(pfns) + 1), False: [0] * (len(pfns) + 1)}
    total = 0
    for old, new in _demotions(trace):
        before, after = frame.get(old, -1), frame.get(new, -1)
        if before >= 0 and after >= 0 and before != after:
            times = crossed[after > before]
            times[min(before, after) + 1] += 1
            times[max(before, after) + 1] -= 1
            total += 1
    best = 0, -1, True
    for upward, times in crossed.items():
        over = 0
        for at in range(1, len(pfns)):
            over += times[at]
            if over and over >= _CLEAR * total:
                best = max(best, (pfns[at] - pfns[at - 1], at, upward))
    _, at, upward = best
    if at < 0:
        return (Node("memory", len(pfns)),)
    tiers = (0, 1) if upward else (1, 0)
    names, sizes = ("dram", "cxl"), (at, len(pfns) - at)
    return tuple(Node(names[t], size, t) for t, size in zip(tiers, sizes, strict=True))


def _demotions(trace: Trace) -> Iterator[tuple[int, int]]:
    """The frame that a demoted page had, and the one that it got."""
    facts = trace.facts
    demotes: dict[int, bool] = {}
    source: dict[tuple[int, int], int] = {}
    for at in facts.of(_START, _UNMAP, _REMAP):
        kind, task = facts.kind[at], facts.task[at]
        if kind == _START:
            demotes[task] = trace.words[facts.arg[at]] == _DEMOTION
        elif kind == _UNMAP and demotes.get(task):
            source[facts.mm[at], facts.page[at]] = facts.pfn[at]
        elif kind == _REMAP and demotes.get(task):
            old = source.pop((facts.mm[at], facts.page[at]), -1)
            if old >= 0:
                yield old, facts.pfn[at]


def begin(machine: Machine, layout: Layout) -> None:
    """Hand out what was in use when the recording began. Part of power-on: nothing is told."""
    for number in layout.used:
        frame = machine.frame[number]
        lists.unlink(frame)
        machine.zone_of(frame).free -= 1
        frame.state = ANON
    for cpu, mm in layout.loaded:
        state, space, slots = machine.cpu[cpu], machine.mm[mm], machine.asids_of(cpu)
        state.loaded_mm, state.lazy, state.next_asid = space, 1, 1 % len(slots)
        slots[0].mm, slots[0].gen = space, space.tlb_gen
        space.cpumask |= 1 << cpu
    machine.cells.forget()
