"""What a policy would have done with a recording: its replay, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from attrs import define, field, frozen

from luf_tui.ftrace.replay.debts import ONE_MM, Debts, Life
from luf_tui.ftrace.replay.layout import Layout
from luf_tui.ftrace.replay.replay import Odd, Replay
from luf_tui.ftrace.trace import Trace
from luf_tui.machine import events as ev
from luf_tui.policy.base import Policy

SPOOL = 1 << 16
"""Writes after which the machine's log, which nobody asks for here, is dropped."""
REPORT_EVERY = 4096
_UNMAPPING = {ev.REASON[why] for why in ("unmap", "before copy", "before free")}
_REQUESTED = {ev.REASON[why] for why in ("munmap", "fork", "copy on write")}
_TAKEOFF = ev.REASON["taken off the free lists"]
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
    settled: Counter[str]
    """How those pages' debts ended."""
    pending_at_end: int
    """Free pages that still carry a debt."""
    interrupted: tuple[int, ...]
    """Interrupts taken for shootdowns, per CPU."""
    payers: Counter[Payer]
    callers: Counter[str]
    """Tasks whose unmaps made shootdowns."""
    lives: tuple[Life, ...]
    """How long the debts lived that are paid."""
    ages: tuple[Life, ...]
    """How long those have lived that are not."""
    refused: Counter[str]
    """Why the flush of an unmapped page was not deferred."""
    odd: Odd
    micro_steps: int

    @property
    def interrupted_cpus(self) -> int:
        """Interrupts taken in all."""
        return sum(self.interrupted)


@define
class Count:
    """Counts the events of a replay as they come."""

    replay: Replay
    why: Counter[int] = field(factory=Counter)
    interrupted: Counter[int] = field(factory=Counter)
    payers: Counter[Payer] = field(factory=Counter)
    callers: Counter[str] = field(factory=Counter)
    refused: Counter[int] = field(factory=Counter)
    debts: Debts = field(factory=Debts)
    deferred: int = 0

    def look(self, at: int) -> None:
        """Take in what happened for fact `at`, and forget it."""
        log = self.replay.machine.events
        argument = log.argument
        time = self.replay.trace.facts.time[at]
        paid = False
        for event in range(len(log)):
            kind = log.kind_of(event)
            if kind == ev.FLUSHED:
                mask, why = argument(event, ev.FLUSHED.mask), argument(event, ev.FLUSHED.why)
                self._flushed(at, time, log.cpu_of(event), mask, why, paid=paid)
                paid = False
            elif kind == ev.PAY:
                paid = argument(event, ev.PAY.why) == _TAKEOFF
            elif kind == ev.RECEIVE:
                self.interrupted[log.cpu_of(event)] += 1
            elif kind == ev.DEFER:
                self.deferred += 1
                pfn, mask = argument(event, ev.DEFER.pfn), argument(event, ev.DEFER.mask)
                self.debts.owed(pfn, mask, at, time)
            elif kind == ev.ALLOC:
                self.debts.taken(argument(event, ev.ALLOC.pfn), at, time)
            elif kind == ev.REFUSE:
                self.refused[argument(event, ev.REFUSE.reason)] += 1
        log.truncate(0)

    def _flushed(self, at: int, time: float, cpu: int, mask: int, why: int, *, paid: bool) -> None:
        if why not in ONE_MM:
            self.debts.flushed(mask, ev.REASONS[why], at, time)
        if not mask & ~(1 << cpu):
            return
        if why not in _REQUESTED:
            self.why[why] += 1
        if why in _UNMAPPING:
            self.callers[self._task(at)] += 1
        elif paid:
            facts, trace = self.replay.trace.facts, self.replay.trace
            gfp = trace.words[facts.page[at]] if facts.page[at] < len(trace.words) else ""
            self.payers[Payer(self._task(at), facts.arg[at], gfp)] += 1

    def _task(self, at: int) -> str:
        trace = self.replay.trace
        return "{}-{}".format(*trace.tasks[trace.facts.task[at]])


def play(
    trace: Trace,
    layout: Layout,
    policy: Policy,
    progress: Progress | None = None,
    *,
    lazy_drops: bool = False,
) -> PolicyOutcome:
    """Replay a recording under a policy and count what it does."""
    replay = Replay(trace, layout, policy, lazy_drops=lazy_drops)
    count = Count(replay)
    cells, total = replay.machine.cells, len(trace.facts)
    for done, at in enumerate(replay.play()):
        count.look(at)
        if cells.mark() > SPOOL:
            cells.forget()
        if progress is not None and not done % REPORT_EVERY:
            progress(at, total)
    why = count.why
    end = trace.facts.time[-1] if total else 0.0
    others = {
        ev.REASONS[number]: times
        for number, times in sorted(why.items())
        if number not in _UNMAPPING and number != _TAKEOFF
    }
    return PolicyOutcome(
        policy=policy.name,
        shootdowns=sum(why.values()) + replay.requested,
        for_unmaps=sum(times for number, times in why.items() if number in _UNMAPPING),
        requested=replay.requested,
        paid_at_takeoff=why[_TAKEOFF],
        paid_for_others=Counter(others),
        deferred=count.deferred,
        settled=count.debts.ended,
        pending_at_end=count.debts.open,
        interrupted=tuple(count.interrupted[cpu] for cpu in range(layout.cpus)),
        payers=count.payers,
        callers=count.callers,
        lives=tuple(count.debts.lives),
        ages=tuple(count.debts.ages(total - 1, end)),
        refused=Counter({ev.REASONS[number]: times for number, times in count.refused.items()}),
        odd=replay.odd,
        micro_steps=replay.machine.events.step,
    )
