"""Playing a program once and keeping everything.

The recorder takes the micro-steps as they come, lets the oracle judge each of them, settles the
expectations it meets, and hands over a `Timeline`. Whatever stops it early, what was recorded
up to the last whole micro-step is kept.
"""

from __future__ import annotations

import signal
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from attrs import evolve

from luf_tui.engine.director import Director, LineRefused, Move, Remark, StepInfo
from luf_tui.errors import Refused
from luf_tui.machine import events as ev
from luf_tui.machine.machine import Machine
from luf_tui.oracle.oracle import BENIGN, VIOLATION, Finding, Oracle
from luf_tui.policy.base import Policy
from luf_tui.script.program import Expect, Note, Program, Race
from luf_tui.timeline.answers import Outcome, Refusal
from luf_tui.timeline.chosen_policy import chosen_policy
from luf_tui.timeline.conditions.in_race import RacePlayed
from luf_tui.timeline.conditions.moment import Moment
from luf_tui.timeline.conditions.predicates import Verdict, judge
from luf_tui.timeline.guards_asked import noted
from luf_tui.timeline.store.checkpoints import Checkpoints
from luf_tui.timeline.store.deltas import Deltas
from luf_tui.timeline.store.event_index import Tally
from luf_tui.timeline.store.steps import Steps
from luf_tui.timeline.timeline import Timeline

LIMIT = 2_000_000
"""Micro-steps after which a recording stops unless told otherwise."""
SPOOL = 4096
"""Writes after which the machine's log is moved to the compact history."""


class Recorder:
    """One recording in progress."""

    def __init__(
        self,
        program: Program,
        policy: Policy,
        machine: Machine,
        find: Callable[[int, int], Iterable[Finding]],
        limit: int,
    ) -> None:
        """`find` judges the events from a number on, of an item; `limit` is in micro-steps."""
        self.program = program
        self.policy = policy
        self.machine = machine
        self.find = find
        self.limit = limit
        self.steps = Steps()
        self.deltas = Deltas(machine.cells)
        self.checkpoints = Checkpoints(machine.cells.values)
        self.reached = array("i", [-1]) * len(program.items)
        self.findings: list[Finding] = []
        self.finding_events: list[int] = []
        self.outcomes: list[Outcome] = []
        self.refusals: list[Refusal] = []
        self.remarks: list[Remark] = []
        self.incomplete = ""
        self.asked: dict[str, int] = {}
        self._spooled = 0
        """Writes moved to the compact history."""
        self._stopped = ""
        self._under_way = 0
        """The item being played."""
        self._tally = Tally(machine.events)
        self._recent = 0
        """The first event of the last operation."""
        self._race: RacePlayed | None = None
        """The race under way, or about to begin, if anything is asked of it."""

    @property
    def position(self) -> int:
        """The position reached so far."""
        return len(self.steps) - 1

    @property
    def nbytes(self) -> int:
        """Bytes that the history takes so far."""
        parts = (self.deltas, self.steps, self.checkpoints)
        return sum(part.nbytes for part in parts) + self.machine.events.nbytes

    def stop(self, why: str) -> None:
        """Play no further than the micro-step under way; from another thread, too."""
        self._stopped = why

    def play(self, moves: Iterable[Move]) -> Timeline:
        """Record all moves and return the timeline, its cursor at the end."""
        self._before(0)
        self._settle_marks()
        asked = noted(self.policy, lambda: self.position + 1)
        with noted_interrupts() as interrupts, asked as self.asked:
            try:
                for moved in moves:
                    if isinstance(moved, StepInfo):
                        self.step(moved)
                    elif isinstance(moved, LineRefused):
                        self._pass_over(moved)
                    elif isinstance(moved, Remark):
                        self.remarks.append(moved)
                    else:
                        self._item(moved.item)
                    if interrupts:
                        raise KeyboardInterrupt
                    if self._stopped:
                        self.incomplete = f"{self._stopped} after micro-step {self.position}"
                        break
                    if self.position >= self.limit:
                        self.incomplete = f"stopped at the limit of {self.limit} micro-steps"
                        break
            except Refused as refused:
                self._roll_back()
                self._refuse(refused)
            except KeyboardInterrupt:
                self._roll_back()
                self.incomplete = f"interrupted after micro-step {self.position}"
            return self._finish()

    # -- one move ---------------------------------------------------------------------------

    def step(self, moved: StepInfo) -> None:
        """A micro-step was made: told by `play`, or by whoever drives the machine itself."""
        events, cells = self.machine.events, self.machine.cells
        first = self.steps.event_mark[-1]
        if self.reached[moved.item] < 0:
            self.reached[moved.item] = self.position + 1
            self._recent = first
        self._under_way = moved.item
        for finding in self.find(first, moved.item):
            self._keep(finding)
        if self._race is not None and self._race.item == moved.item:
            self._in_race(self._race, moved.ctx, range(first, len(events)))
        writes = cells.mark()
        self.steps.add(moved, self._spooled + writes, len(events))
        if writes >= SPOOL:
            self._spool()

    def _keep(self, finding: Finding) -> None:
        events = self.machine.events
        place = (finding.mm, finding.vpn, finding.pfn)
        if finding.weight == BENIGN:
            read = finding.event
            content = events.argument(read, ev.READ.content) if read >= 0 else 0
            events.emit(ev.STALE, finding.cpu, *place, content)
            return
        kind = ev.VIOLATION if finding.weight == VIOLATION else ev.DEVIATION
        self.finding_events.append(len(events))
        events.emit(kind, finding.cpu, len(self.findings), *place)
        self.findings.append(finding)

    def _item(self, number: int) -> None:
        if self.reached[number] < 0:
            self.reached[number] = self.position
        self._under_way = number + 1
        item = self.program.items[number] if self.program.recorded is None else None
        if isinstance(item, Expect):
            self._decide(number, self.position, judge(item.condition, self._moment()))
        elif isinstance(item, Note):
            self.machine.events.emit(ev.NOTE_TEXT, -1, number + 1)
        elif isinstance(item, Race):
            self._after_race()
        if self.program.recorded is None:
            self._before(number + 1)
        self._settle_marks()

    def _decide(self, number: int, position: int, verdict: Verdict) -> None:
        """Note how expectation `number` of the script came out."""
        if self.reached[number] < 0:
            self.reached[number] = position
        self.outcomes.append(Outcome(number, position, verdict.held, verdict.detail))
        self.machine.events.emit(ev.EXPECTED, -1, number + 1, int(verdict.held))

    # -- what is asked of a race ------------------------------------------------------------

    def _before(self, number: int) -> None:
        """Item `number` comes next: of a race, what has to hold from its start on is judged."""
        item = self.program.items[number] if number < len(self.program.items) else None
        if isinstance(item, Race) and item.expects:
            self._race = RacePlayed(self.machine, item, number)
            now = len(self.machine.events)
            self._lasting(self._race, self.position, lambda: evolve(self._moment(), recent=now))

    def _in_race(self, race: RacePlayed, ctx: int, events: range) -> None:
        """Judge what is asked after a micro-step of a race."""
        position = self.position + 1
        for due in race.moved(ctx, events):
            moment = evolve(self._moment(position), own=due.events)
            for expect in due.expects:
                verdict = judge(expect.condition, moment)
                self._decide(race.number_of(expect), position, verdict)
        self._lasting(race, position, lambda: self._moment(position))

    def _lasting(self, race: RacePlayed, position: int, moment: Callable[[], Moment]) -> None:
        """Judge what has to hold in every state, or in one."""
        for one in race.lasting:
            if one.begun and not one.decided:
                verdict = judge(one.expect.condition, moment())
                if verdict.held == one.sometimes:
                    one.decided = True
                    self._decide(race.number_of(one.expect), position, verdict)

    def _after_race(self) -> None:
        """What had to hold to the end of a race has; what never held is for other orders to do."""
        race, self._race = self._race, None
        for one in race.lasting if race is not None else ():
            if race is not None and not one.sometimes and not one.decided:
                told = Verdict(held=True, detail="it held in every state of this order")
                self._decide(race.number_of(one.expect), self.position, told)

    def _moment(self, position: int = -1) -> Moment:
        return Moment(
            self.program,
            self.policy,
            self.machine,
            self.machine.events,
            len(self.machine.events),
            self._recent,
            self._tally.counters(self.position if position < 0 else position),
            self.findings,
        )

    def _pass_over(self, moved: LineRefused) -> None:
        """Note a line of a race that was refused; what is expected of it is not judged."""
        said = (self.machine.boot_ctx.index, moved.item + 1, len(self.refusals))
        self.machine.events.emit(ev.REFUSED, -1, *said)
        self.refusals.append(Refusal(moved.item, self.position, moved.reason, moved.line))
        if self._race is not None:
            self._race.over(moved.line)
            self._lasting(self._race, self.position, self._moment)
        self._settle_marks()

    def _refuse(self, refused: Refused) -> None:
        item = self._under_way
        said = (self.steps.ctx[-1], item + 1, len(self.refusals))
        self.machine.events.emit(ev.REFUSED, -1, *said)
        self.refusals.append(Refusal(item, self.position, str(refused)))
        self._settle_marks()

    # -- bookkeeping ------------------------------------------------------------------------

    def _settle_marks(self) -> None:
        """What was written and emitted since the last micro-step belongs to it."""
        self.steps.log_mark[-1] = self._spooled + self.machine.cells.mark()
        self.steps.event_mark[-1] = len(self.machine.events)

    def _roll_back(self) -> None:
        """Take back an unfinished micro-step."""
        self.steps.trim()
        self.machine.cells.undo(max(0, self.steps.log_mark[-1] - self._spooled))
        self.machine.events.truncate(self.steps.event_mark[-1])

    def _spool(self) -> None:
        self.deltas.take(self.machine.cells)
        self._spooled = len(self.deltas)
        if self.checkpoints.due(self._spooled, self.deltas.nbytes):
            self.checkpoints.take(self._spooled, self.deltas.nbytes, self.machine.cells.values)

    def _finish(self) -> Timeline:
        self._settle_marks()
        self.deltas.take(self.machine.cells)
        self.steps.settle()
        return Timeline(
            self.program,
            self.policy,
            self.machine,
            deltas=self.deltas,
            checkpoints=self.checkpoints,
            steps=self.steps,
            reached=self.reached,
            findings=tuple(self.findings),
            finding_events=tuple(self.finding_events),
            outcomes=tuple(self.outcomes),
            refusals=tuple(self.refusals),
            incomplete=self.incomplete,
            remarks=tuple(self.remarks),
            asked=self.asked,
        )


@contextmanager
def noted_interrupts() -> Iterator[list[int]]:
    """Ctrl-C noted in a list instead of raised, so that it never cuts a micro-step in two.

    A second one is raised, in case the first is never looked at.
    Outside the main thread, where signals cannot be caught, nothing changes.
    """
    noted: list[int] = []

    def note(number: int, frame: object) -> None:
        if noted:
            raise KeyboardInterrupt
        noted.append(number)

    try:
        before = signal.signal(signal.SIGINT, note)
    except ValueError:
        yield noted
        return
    try:
        yield noted
    finally:
        signal.signal(signal.SIGINT, before or signal.SIG_DFL)


def record(
    program: Program,
    policy: str | None = None,
    without: Iterable[str] = (),
    *,
    limit: int = LIMIT,
) -> Timeline:
    """Play a program to its end and keep everything; the cursor stands at the start.

    Without `policy` it is the program's own, and the guards that the program takes away are
    gone besides those in `without`. Raises LufError for an unknown policy or guard.
    """
    return record_with(program, chosen_policy(program, policy, without), limit=limit)


def record_with(program: Program, policy: Policy, *, limit: int = LIMIT) -> Timeline:
    """As `record`, under a policy already made: a person's own, say."""
    recorder, director = prepare(program, policy, limit)
    timeline = recorder.play(director.play())
    timeline.seek(0)
    return timeline


def prepare(program: Program, policy: Policy, limit: int = LIMIT) -> tuple[Recorder, Director]:
    """A recorder and what it is to play, for those who play it in a thread of their own."""
    director = Director(program, policy)
    oracle = Oracle(director.machine)
    return Recorder(program, policy, director.machine, oracle.judge, limit), director
