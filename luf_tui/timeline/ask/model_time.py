"""When things happen under the cost model: the micro-steps of a run, laid on a time axis.

Nanoseconds of a model, not measurements; `prices` says what each event takes. They follow from
the order of the run and never decide it. CPUs work side by side, each at its own pace:

- A CPU does one thing at a time. A line of the script begins when all before it is over; what one
  line or race does on several CPUs overlaps.
- What tasks do takes effect in the order of the run: a micro-step is never over before one of a
  task that the run has before it.
- Interrupts of one shootdown run side by side. A target enters its handler when the interrupt
  reaches it, or once its present micro-step is over; never before it was sent.
- Who waits for a flush of somebody else waits until it goes on.
- The sender waits until its last target has answered, and at least as long as the model says of
  so many targets. Its wait overlaps the interrupts that it waits for.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left

from attrs import define, field, frozen

from luf_tui.machine import events as ev
from luf_tui.timeline.ask.prices import INTERRUPT, WAIT, Prices
from luf_tui.timeline.caches import per_run
from luf_tui.timeline.timeline import Timeline

MARKED = (ev.VIOLATION, ev.DEVIATION, ev.PAY, ev.DEFER, ev.STALE)
"""Kinds of events that are marked at their moment, the most telling first."""
EVER = 1 << 62
"""A moment after all others."""


def _times() -> array[int]:
    return array("q")


@frozen(eq=False)
class Stretches:
    """Spans of one CPU's time, in the order in which they begin."""

    starts: array[int] = field(factory=_times)
    ends: array[int] = field(factory=_times)
    uses: array[int] = field(factory=lambda: array("b"))
    """WORK, WAIT or INTERRUPT, each."""
    steps: array[int] = field(factory=lambda: array("i"))
    """The micro-step that each begins with."""

    def add(self, start: int, end: int, use: int, step: int) -> None:
        """One more, if it takes any time. A wait may be told late: it goes where it belongs."""
        if start == end:
            return
        at = len(self.starts)
        if at and self.starts[-1] > start:
            at = bisect_left(self.starts, start)
        self.starts.insert(at, start)
        self.ends.insert(at, end)
        self.uses.insert(at, use)
        self.steps.insert(at, step)

    def spent(self, use: int, until: int) -> int:
        """Nanoseconds of one use up to a moment."""
        spans = zip(self.starts, self.ends, self.uses, strict=True)
        return sum(
            min(end, until) - start for start, end, one in spans if one == use and start < until
        )


@frozen(eq=False)
class Lane:
    """What one CPU does when. Interrupts and work never overlap; a wait overlaps the interrupts
    that its CPU takes meanwhile.
    """

    busy: Stretches = field(factory=Stretches)
    """Work and interrupts, and the waits of a barrier."""
    waits: Stretches = field(factory=Stretches)
    """Waits for acknowledgements."""
    marks: list[tuple[int, int, int]] = field(factory=list)
    """What is to be marked: its moment, kind and micro-step."""
    interrupts: array[int] = field(factory=lambda: array("i"))
    """Micro-steps in which an interrupt was taken."""

    def spent(self, use: int, until: int = EVER) -> int:
        """Nanoseconds of one use, up to a moment."""
        return self.busy.spent(use, until) + self.waits.spent(use, until)


@frozen(eq=False)
class ModelTime:
    """A run on the time axis of its cost model, in nanoseconds from its start."""

    lanes: tuple[Lane, ...]
    """By CPU."""
    here: array[int]
    """By position, when everything up to it has happened; it never goes back."""
    length: int
    """When everything is over."""
    waits: dict[int, int]
    """How long a shootdown is waited for, by its SEND event, or somebody else's, by WAIT."""

    def spent(self, use: int, until: int = EVER) -> int:
        """Nanoseconds of one use, all CPUs, up to a moment."""
        return sum(lane.spent(use, until) for lane in self.lanes)

    @property
    def interrupts(self) -> int:
        """Interrupts taken, all CPUs."""
        return sum(len(lane.interrupts) for lane in self.lanes)


@define(eq=False)
class _Wait:
    """A shootdown that is waited for."""

    cpu: int
    start: int
    until: int
    """The earliest end."""
    event: int
    step: int
    order: dict[int, int]
    """The place of each target among them, from 1."""
    missing: int
    """Mask of the targets that have not answered."""


@frozen
class _Sleep:
    """A wait for somebody else's flush."""

    cpu: int
    start: int
    event: int
    step: int


@per_run
def model_time(timeline: Timeline) -> ModelTime:
    """The whole run on the time axis; laid out once, and kept."""
    return _Layout(timeline).made()


class _Layout:
    """One pass over a run."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self.events = timeline.events
        self.cpus = timeline.config.cpus
        self.prices = Prices(timeline)
        self.lanes = tuple(Lane() for _ in range(self.cpus))
        self.free = [0] * self.cpus
        """Per CPU, when it is done with what it did last."""
        self.ready: dict[int, int] = {}
        """Per context, when it can go on."""
        self.now = 0
        """When all so far is over."""
        self.line_start = 0
        """When the present line began."""
        self.open: dict[int, _Wait] = {}
        """The shootdown that each context waits for."""
        self.asleep: dict[int, _Sleep] = {}
        """The flush of somebody else that each context waits for."""
        self.sent: dict[int, _Wait] = {}
        """The latest shootdown of each sending CPU."""
        self.waits: dict[int, int] = {}
        self.handlers = _handler_times(timeline, self.prices)

    def made(self) -> ModelTime:
        """The pass."""
        timeline = self.timeline
        here = array("q", [0])
        newest = -1
        for step in range(1, timeline.steps + 1):
            info = timeline.step_info(step)
            if info.item > newest:
                newest, self.line_start = info.item, self.now
            if 0 <= info.ctx < self.cpus:
                self.interrupt(step, info.ctx)
            else:
                self.task(step, info.ctx)
            here.append(self.now)
        length = self.now
        for sleep in self.asleep.values():
            self.wake(sleep)
        for wait in self.open.values():
            length = max(length, self.close(wait, self.now if wait.missing else 0))
        return ModelTime(self.lanes, here, length, self.waits)

    def interrupt(self, step: int, cpu: int) -> None:
        """A micro-step of a CPU's interrupt handler."""
        at = max(self.free[cpu], self.line_start)
        for event in self.timeline.events_of(step):
            kind = self.events.kinds[event]
            if kind == ev.RECEIVE:
                self.lanes[cpu].interrupts.append(step)
                at = max(at, self.arrival(event, cpu, step))
            if self.prices.applies(event) and self.events.cpus[event] == cpu:
                use, spent = self.prices.of(event, interrupt=True)
                self.lanes[cpu].busy.add(at, at + spent, use, step)
                at += spent
            if kind == ev.ACK:
                self.answer(event, cpu, at)
            if kind in MARKED:
                self.mark(event, at, step)
        self.free[cpu] = at
        self.now = max(self.now, at)

    def arrival(self, event: int, cpu: int, step: int) -> int:
        """When an interrupt can be taken at the earliest: so that its handler, if nothing holds it
        up, answers when the model says. Not before it was sent.
        """
        wait = self.sent.get(self.events.args[ev.RECEIVE.sender][event])
        if wait is None or cpu not in wait.order:
            return 0
        due = wait.start + self.prices.costs.answered(wait.order[cpu])
        return max(wait.start, due - self.handlers.get(step, 0))

    def answer(self, event: int, cpu: int, at: int) -> None:
        """An acknowledgement: its sender waits at least until now."""
        wait = self.sent.get(self.events.args[ev.ACK.sender][event])
        if wait is not None and wait.missing >> cpu & 1:
            wait.missing &= ~(1 << cpu)
            wait.until = max(wait.until, at)

    def task(self, step: int, ctx: int) -> None:
        """A micro-step of a task, or of nobody's."""
        events, kinds = self.timeline.events_of(step), self.events.kinds
        blocked = any(kinds[event] == ev.BLOCKED for event in events)
        if ctx in self.open and not blocked:
            self.ready[ctx] = self.close(self.open.pop(ctx), 0)
        if ctx in self.asleep and not blocked:
            self.ready[ctx] = self.wake(self.asleep.pop(ctx))
        parts: dict[int, list[tuple[int, int]]] = {}
        for event in events:
            if self.prices.applies(event) and kinds[event] not in (ev.SEND, ev.WAIT):
                part = self.prices.of(event, interrupt=False)
                parts.setdefault(self.events.cpus[event], []).append(part)
        first = max(self.line_start, self.ready.get(ctx, 0))
        over = self.now if parts else max(self.now, first)
        for cpu, spent in parts.items():
            at = max(first, self.free[cpu], self.now - sum(length for _, length in spent))
            for use, length in spent:
                self.lanes[cpu].busy.add(at, at + length, use, step)
                at += length
            self.free[cpu] = at
            over = max(over, at)
        for event in events:
            if kinds[event] == ev.SEND and self.events.cpus[event] >= 0:
                self.send(event, over, step, ctx)
            if kinds[event] == ev.WAIT and self.events.cpus[event] >= 0:
                self.asleep[ctx] = _Sleep(self.events.cpus[event], over, event, step)
            if kinds[event] in MARKED:
                self.mark(event, over, step)
        self.now = over
        self.ready[ctx] = over

    def send(self, event: int, at: int, step: int, ctx: int) -> None:
        """A shootdown is sent, and waited for from now on."""
        cpu, mask = self.events.cpus[event], self.events.args[ev.SEND.mask][event]
        targets = [target for target in range(self.cpus) if mask >> target & 1]
        order = {target: place for place, target in enumerate(targets, start=1)}
        until = at + self.prices.costs.answered(len(targets))
        wait = _Wait(cpu, at, until, event, step, order, mask)
        self.open[ctx] = self.sent[cpu] = wait

    def close(self, wait: _Wait, at_least: int) -> int:
        """A wait is over. Its end."""
        end = max(wait.until, at_least)
        self.lanes[wait.cpu].waits.add(wait.start, end, WAIT, wait.step)
        self.waits[wait.event] = end - wait.start
        return end

    def wake(self, sleep: _Sleep) -> int:
        """A wait for somebody else's flush is over, now. Its end."""
        self.lanes[sleep.cpu].waits.add(sleep.start, self.now, WAIT, sleep.step)
        self.waits[sleep.event] = self.now - sleep.start
        return self.now

    def mark(self, event: int, at: int, step: int) -> None:
        """Something to be marked on the lane of its CPU, if it has one."""
        cpu = self.events.cpus[event]
        if 0 <= cpu < self.cpus:
            self.lanes[cpu].marks.append((at, self.events.kinds[event], step))


def _handler_times(timeline: Timeline, prices: Prices) -> dict[int, int]:
    """How long each interrupt handler takes, by the micro-step that takes the interrupt."""
    took: dict[int, int] = {}
    taken: dict[int, int] = {}
    by_kind = timeline.index.by_kind
    for event in sorted((*by_kind[ev.RECEIVE], *by_kind[ev.FLUSH])):
        step = timeline.step_of_event(event)
        cpu = timeline.step_info(step).ctx
        if not 0 <= cpu < timeline.config.cpus:
            continue
        if timeline.events.kinds[event] == ev.RECEIVE:
            taken[cpu] = step
        use, spent = prices.of(event, interrupt=True)
        if use == INTERRUPT and cpu in taken:
            took[taken[cpu]] = took.get(taken[cpu], 0) + spent
    return took
