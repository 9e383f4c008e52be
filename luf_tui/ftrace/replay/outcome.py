"""What a policy would have done with a recording: its replay, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from attrs import define, evolve, field, frozen

from luf_tui.ftrace.meaning.facts import Flag
from luf_tui.ftrace.replay.debts import ONE_MM, Debts
from luf_tui.ftrace.replay.flushes import (
    FOR_UNMAPS,
    MOVED,
    RECLAIMED,
    REQUESTED,
    TAKEOFF,
    UNMAPPING,
    Flush,
    Flushes,
    Recorded,
    follow,
)
from luf_tui.ftrace.replay.layout import Layout
from luf_tui.ftrace.replay.replay import Agreement, Odd, Replay
from luf_tui.ftrace.trace import Trace
from luf_tui.machine import events as ev
from luf_tui.policy.base import Policy

REPORT_EVERY = 4096
LET_GO = 1 << 20
"""Facts after which a long recording's are no longer kept in memory."""
_UNMAP = ev.REASON["unmap"]
_BY_REQUEST = {ev.REASON[why] for why in ("munmap", "fork", "copy on write", "writeback")}
_REMOTE, _LOCAL = ev.REASON["remote shootdown"], ev.REASON["local shootdown"]
_COUNTED = frozenset((ev.FLUSHED, ev.FLUSH, ev.RECEIVE, ev.DEFER, ev.ALLOC, ev.REFUSE))
_MIGRATES = int(Flag.MIGRATE)
Progress = Callable[[int, int], None]
"""Called with facts replayed and facts in all."""


@frozen
class Payer:
    """Who triggered deferred flushes, and for what kind of allocation."""

    task: str
    order: int
    gfp: str


@frozen
class PolicyOutcome:
    """One policy's replay in numbers."""

    policy: str
    defers: bool
    """It is one that can put a flush off until the page is taken."""
    shootdowns: int
    """Requests that concern another CPU than the asking one, as tlb_flush reason 4 counts them."""
    for_unmaps: int
    """Those sent at once, or per batch, for recorded unmaps."""
    requested: int
    """Those that munmap, mprotect, fork and copies ask for under every policy."""
    paid_at_takeoff: int
    """Deferred flushes fired by an allocation."""
    paid_for_others: Counter[str]
    """Deferred flushes fired for other reasons."""
    deferred: int
    """Pages freed with their flush deferred."""
    pending_at_end: int
    """Free pages that still carry a debt."""
    interrupted: tuple[int, ...]
    """Interrupts taken for shootdowns, per CPU."""
    payers: Counter[Payer]
    callers: Counter[str]
    """Tasks whose unmaps made shootdowns."""
    debts: Debts
    """When each debt began and ended."""
    flushes: Flushes
    """Every shootdown, in order."""
    victims: Counter[int]
    """Interrupts taken for shootdowns, per task of the layout; -1 is nobody's."""
    refused: Counter[str]
    """Why the flush of an unmapped page was not deferred."""
    odd: Odd
    agreement: Agreement
    """How far its flushes for unmaps are those that were recorded."""
    micro_steps: int

    @property
    def interrupted_cpus(self) -> int:
        """Interrupts taken in all."""
        return sum(self.interrupted)


@define
class Count:
    """Counts the events of a replay as they come."""

    replay: Replay
    interrupted: Counter[int] = field(factory=Counter)
    victims: Counter[int] = field(factory=Counter)
    refused: Counter[int] = field(factory=Counter)
    debts: Debts = field(factory=Debts)
    flushes: Flushes = field(factory=Flushes)
    deferred: int = 0

    def look(self, at: int) -> None:
        """Take in what happened for fact `at`, and forget it."""
        everything = pages = own = 0
        targets: list[int] = []
        for kind, cpu, *args in self.replay.machine.events.taken():
            if kind not in _COUNTED:
                continue
            if kind == ev.FLUSHED:
                mask, why = args[ev.FLUSHED.mask], args[ev.FLUSHED.why]
                if why not in ONE_MM:
                    self.debts.flushed(mask, why, at)
                if mask & ~(1 << cpu):
                    self.flushes.add(Flush(at, why, len(targets), everything, pages, own))
                if targets and why not in _BY_REQUEST:
                    self._interrupted(targets)
                everything = pages = own = 0
                targets = []
            elif kind == ev.FLUSH:
                why, dropped = args[ev.FLUSH.why], args[ev.FLUSH.pages]
                if why == _REMOTE:
                    everything += dropped < 0
                    pages += max(0, dropped)
                elif why == _LOCAL:
                    own = dropped
            elif kind == ev.RECEIVE:
                targets.append(cpu)
            elif kind == ev.DEFER:
                self.deferred += 1
                self.debts.owed(args[ev.DEFER.pfn], args[ev.DEFER.mask], at)
            elif kind == ev.ALLOC:
                self.debts.taken(args[ev.ALLOC.pfn], at)
            elif kind == ev.REFUSE:
                self.refused[args[ev.REFUSE.reason]] += 1

    def _interrupted(self, cpus: list[int]) -> None:
        self.interrupted.update(cpus)
        for cpu in cpus:
            task = self.replay.machine.cpu[cpu].task
            self.victims[task.index if task else -1] += 1


def play(
    trace: Trace,
    layout: Layout,
    policy: Policy,
    progress: Progress | None = None,
    *,
    lazy_drops: bool = False,
    recorded: Recorded | None = None,
) -> PolicyOutcome:
    """Replay a recording under a policy and count what it does. Nobody steps through it, so that
    it keeps no log.
    """
    return counted(
        Replay(trace, layout, policy, lazy_drops=lazy_drops, logged=False),
        progress,
        recorded,
    )


def counted(
    replay: Replay, progress: Progress | None = None, recorded: Recorded | None = None
) -> PolicyOutcome:
    """Play a replay to its end and count what it does, beside what was recorded."""
    trace, layout, policy = replay.trace, replay.layout, replay.policy
    count, events = Count(replay), replay.machine.events
    events.only(_COUNTED)
    total = len(trace.facts)
    for done, at in enumerate(replay.play()):
        if len(events):
            count.look(at)
        if not done % LET_GO:
            trace.facts.let_go()
        if progress is not None and not done % REPORT_EVERY:
            progress(at, total)
    recorded = recorded or follow(trace)
    flushes = _whole(trace, count.flushes, recorded)
    for at in recorded.requested:
        count.interrupted[trace.facts.cpu[at]] += 1
        count.victims[trace.facts.task[at]] += 1
    why = Counter(flushes.why)
    others = {
        ev.REASONS[number]: times
        for number, times in sorted(why.items())
        if number not in {*UNMAPPING, *REQUESTED, TAKEOFF}
    }
    return PolicyOutcome(
        policy=policy.name,
        defers=type(policy).fold_key is not Policy.fold_key,
        shootdowns=len(flushes),
        for_unmaps=sum(why[number] for number in UNMAPPING),
        requested=sum(why[number] for number in REQUESTED),
        paid_at_takeoff=why[TAKEOFF],
        paid_for_others=Counter(others),
        deferred=count.deferred,
        pending_at_end=count.debts.open,
        interrupted=tuple(count.interrupted[cpu] for cpu in range(layout.cpus)),
        payers=_payers(trace, flushes),
        callers=_callers(trace, flushes),
        debts=count.debts,
        flushes=flushes,
        victims=count.victims,
        refused=Counter({ev.REASONS[number]: times for number, times in count.refused.items()}),
        odd=replay.odd,
        agreement=replay.agreement,
        micro_steps=replay.machine.events.step,
    )


def _whole(trace: Trace, found: Flushes, recorded: Recorded) -> Flushes:
    """The shootdowns of a replay, with those that the recorded kernel was asked for as they were
    recorded: under every policy they are for the same CPUs.
    """
    facts = trace.facts
    asked = [one for one in recorded.flushes if not facts.flags[one.at] & FOR_UNMAPS]
    whole, row = Flushes(), 0
    for request in [*asked, None]:
        while row < len(found) and (request is None or found.at[row] <= request.at):
            one = found[row]
            row += 1
            if one.why == _UNMAP:
                moved = facts.flags[one.at] & _MIGRATES
                one = evolve(one, why=MOVED if moved else RECLAIMED)
            if one.why not in _BY_REQUEST:
                whole.add(one)
        if request is not None:
            whole.add(request)
    return whole


def _payers(trace: Trace, flushes: Flushes) -> Counter[Payer]:
    facts, words = trace.facts, trace.words
    found: Counter[Payer] = Counter()
    for at, why in zip(flushes.at, flushes.why, strict=True):
        if why == TAKEOFF:
            gfp = words[facts.page[at]] if facts.page[at] < len(words) else ""
            found[Payer(task_name(trace, facts.task[at]), facts.arg[at], gfp)] += 1
    return found


def _callers(trace: Trace, flushes: Flushes) -> Counter[str]:
    rows = zip(flushes.at, flushes.why, strict=True)
    return Counter(task_name(trace, trace.facts.task[at]) for at, why in rows if why in UNMAPPING)


def task_name(trace: Trace, task: int) -> str:
    """A task of a trace, as `kswapd0-35`."""
    return "{}-{}".format(*trace.tasks[task])
