"""The expectations that a search is asked about: what each keeps of what happened, and how it comes
out after a turn, in a state, and behind the end of a race.

What they keep stands in cells of the machine, so that it is undone, compared and learnt like all
else. There are such cells only where something is asked for that the machine does not show.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from luf_tui.engine.director import StepInfo
from luf_tui.engine.kernel import Kernel
from luf_tui.machine import events as ev
from luf_tui.machine.event_log import Event
from luf_tui.machine.machine import RegionSpec
from luf_tui.machine.regions import Number, Record, Reference
from luf_tui.machine.schema import Frame
from luf_tui.oracle.oracle import Finding
from luf_tui.script.declaration import Performer
from luf_tui.script.program import SOMETIMES, Expect, Item, Op, Program, Race
from luf_tui.timeline.answers import Counters
from luf_tui.timeline.conditions.kept import Need, found, need_of
from luf_tui.timeline.conditions.moment import Moment
from luf_tui.timeline.conditions.predicates import holds, seen

if TYPE_CHECKING:
    from luf_tui.machine.kind import Kind

RUN, RACE, LINE = "run", "race", "line"
"""Since when what happened counts: from power-on, or since a race or a line began."""
AT_TLB = ("cached", "stale")
"""Predicates that see when an entry is evicted, where nobody else would."""
REMEMBERED, FIRING = "remembered", "firing"
AT_ONCE = 2
"""Payments that a CPU may have begun at once."""
Codes = tuple[int, ...]
"""Verdicts: twice the number of a question, and one more where it held."""


class Remembered(Record):
    """What one expectation keeps while it is asked; all 0 before and after."""

    value = Number("one more than the number it needs", bits=32)
    frame = Reference["Frame"]("frame", "the frame that its page had last")
    doing = Number("its line is under way", bits=1)


class Firing(Record):
    """A deferred flush that a CPU has fired, until everybody has flushed."""

    mask = Number("the CPUs it is for", mask="cpu")
    why = Number("its reason")
    count = Number("how many debts it pays")


@frozen
class Question:
    """One expectation of the script."""

    number: int
    item: int
    expect: Expect
    race: int
    """The item of the race that it stands in, or behind."""
    need: Need | None
    scope: str
    since: int = -1
    """Behind a race, the item of the operation line before it, or -1."""
    places: Mapping[int, tuple[int, ...]] = {}
    """In a race, the contexts that have the line before it, and which of their operations it is."""
    slot: int = 0
    """The first of its cells' records: one, or one for each of these contexts."""
    again: bool = False
    """Its line may come again and again."""

    @property
    def plain(self) -> bool:
        """Whether it is asked of a line of its race."""
        return self.expect.inside and not self.expect.mood

    @property
    def slots(self) -> int:
        """How many records it has."""
        return len(self.places) if self.scope == LINE or (self.again and self.plain) else 1

    def slot_of(self, ctx: int) -> int:
        """The record for the line of a context."""
        return self.slot + list(self.places).index(ctx) if self.slots > 1 else self.slot

    @property
    def sometimes(self) -> bool:
        """Whether it is enough that it holds once."""
        return self.expect.mood == SOMETIMES


def item_of(program: Program, number: int) -> int:
    """The item that race `number` of a program is."""
    return [at for at, one in enumerate(program.items) if isinstance(one, Race)][number]


def questions_of(program: Program, first: int, *, alone: bool = False) -> tuple[Question, ...]:
    """What is asked from the race that is item `first` on, up to a forever block, or of it `alone`
    and what follows it. That something is broken is for the verdict to say, and nothing behind a
    forever block comes to pass.
    """
    asked: list[Question] = []
    race, since = first, -1
    for item, one in enumerate(program.items[first:], start=first):
        if isinstance(one, Race) and item > first and (alone or _block(program, race).forever):
            break
        if isinstance(one, Race):
            race, since = item, -1
        elif isinstance(one, Op):
            since = item
        elif isinstance(one, Expect) and _is_asked(program, race, one):
            need = need_of(one.condition)
            scope = RUN
            if need is not None and need.recent:
                scope = LINE if one.inside and not one.mood else RACE
            places, again = _places(program, race, one.after), _block(program, race).forever
            slot = asked[-1].slot + asked[-1].slots if asked else 0
            number = len(asked)
            asked.append(Question(number, item, one, race, need, scope, since, places, slot, again))
    return tuple(asked)


def _is_asked(program: Program, race: int, expect: Expect) -> bool:
    if expect.condition.predicate == "violation":
        return False
    return expect.inside or not _block(program, race).forever


def _block(program: Program, race: int) -> Race:
    block = program.items[race]
    assert isinstance(block, Race)
    return block


def _places(program: Program, race: int, line: int) -> dict[int, tuple[int, ...]]:
    """The contexts of a race that have a line, and which of their operations it is."""
    config, found = program.config, dict[int, tuple[int, ...]]()
    for branch in _block(program, race).branches if line else ():
        others = config.cpus + len(config.tasks)
        ctx = config.cpus + branch.task
        if branch.task < 0 or branch.ops[0].verb.performer is not Performer.TASK:
            ctx = others + config.actors.index(branch.ops[0].actor)
        nths = tuple(nth for nth, op in enumerate(branch.begins) if op.span.line == line)
        if nths:
            found[ctx] = nths
    return found


def regions_of(program: Program, questions: Sequence[Question]) -> list[RegionSpec]:
    """The regions in which they keep what they need; none where they need nothing."""
    needs = [one.need for one in questions if one.need is not None]
    if not needs and not any(one.plain and one.again for one in questions):
        return []
    records = questions[-1].slot + questions[-1].slots
    specs = [RegionSpec(REMEMBERED, Remembered, records)]
    if any(need.paid for need in needs):
        specs.append(RegionSpec(FIRING, Firing, (program.config.cpus + 1) * AT_ONCE))
    return specs


@frozen
class Here(Moment):
    """The machine as it stands; of what happened it knows the frame that a page had last."""

    frame: Frame | None = None

    def last(self, kinds: Sequence[int], **args: int) -> Event | None:
        """The event that took that frame away."""
        if self.frame is None:
            return None
        kind: Kind = ev.KINDS[kinds[0]]
        return Event(-1, 0, kind, -1, {**args, "pfn": self.frame.pfn})


class Asked:
    """The questions of a program, on one machine."""

    def __init__(self, program: Program, questions: Sequence[Question], k: Kernel) -> None:
        self.program = program
        self.questions = questions
        self.k = k
        m = self.m = k.m
        self._kept: Sequence[Remembered] = m.regions.get(REMEMBERED, ())
        self._firing: Sequence[Firing] = m.regions.get(FIRING, ())
        self._here = Here(program, k.policy, m, m.events, 0, 0, Counters(), ())
        self._by_kind: dict[int, list[Question]] = {}
        for one in questions:
            for kind in one.need.kinds if one.need else ():
                self._by_kind.setdefault(kind, []).append(one)
        needing = [one for one in questions if one.need]
        self._of_findings = [one for one in needing if one.need and one.need.weight]
        self._of_steps = [one for one in needing if one.need and one.need.steps]
        self._of_payments = [one for one in needing if one.need and one.need.paid]

    @property
    def judges(self) -> bool:
        """Whether any needs what the oracle finds."""
        return bool(self._of_findings)

    def of_lines(self, race: int) -> list[Question]:
        """Those of lines of a race."""
        return [one for one in self.questions if one.race == race and one.plain]

    def of_states(self, race: int) -> list[Question]:
        """Those of the states of a race."""
        return [one for one in self.questions if one.race == race and one.expect.mood]

    def behind(self, race: int) -> list[Question]:
        """Those behind a race."""
        return [one for one in self.questions if one.race == race and not one.expect.inside]

    def goes_on(self, race: int) -> bool:
        """Whether anything stands behind a race: a line, a further race, or a question."""
        asked = any(one.race == race and not one.expect.inside for one in self.questions)
        return asked or any(isinstance(one, Op | Race) for one in self.program.items[race + 1 :])

    def end_of(self, race: int) -> int:
        """The item at which what follows a race ends: the next race, or the end of the file."""
        items = self.program.items
        further = (at for at in range(race + 1, len(items)) if isinstance(items[at], Race))
        return next(further, len(items))

    def lines_behind(self, race: int) -> list[Op]:
        """The lines behind a race that begin something, up to the next one."""
        items = self.program.items[race + 1 : self.end_of(race)]
        return [one for one in items if isinstance(one, Op) and one.verb.begins]

    def at_tlb(self, race: int) -> bool:
        """Whether any from this race on sees when a TLB entry is evicted."""
        asked = (one.expect.condition for one in self.questions if one.race >= race)
        return any(
            one.predicate in AT_TLB or one.args.get("kind") == ev.EVICT.name for one in asked
        )

    # -- what is kept ---------------------------------------------------------------------------

    def begin(self, race: int, findings: Iterable[Finding]) -> None:
        """Take in all that happened so far; a race is about to begin."""
        for one in self.questions:
            if one.need is not None and one.scope == RUN:
                self._kept[one.slot].value = 1
        self._take(range(len(self.m.events)), -1)
        self._take_findings(findings)
        self._take_steps(self.m.events.step)
        self.arm(race)

    def arm(self, race: int) -> None:
        """Have what counts from the beginning of a race begin there."""
        for one in self.questions:
            if one.race == race and one.scope == RACE and one.since < 0:
                self._kept[one.slot].value = 1

    def _forget(self, question: Question) -> None:
        """It is not asked any more."""
        if self._kept:
            for slot in range(question.slot, question.slot + question.slots):
                self._kept[slot].clear()

    def _take(self, events: Iterable[int], ctx: int) -> None:
        """Take in events of one micro-step, made by a context."""
        log, cpus = self.m.events, self.m.config.cpus
        for event in events:
            kind = log.kind_of(event)
            if self._firing and kind in (ev.PAY, ev.FLUSHED):
                self._take_payment(event)
            for one in self._by_kind.get(kind, ()):
                if one.scope != LINE:
                    self._take_one(one, one.slot, event)
                elif ctx < cpus:
                    for slot in range(one.slot, one.slot + one.slots):
                        self._take_one(one, slot, event)
                elif ctx in one.places:
                    self._take_one(one, one.slot_of(ctx), event)

    def _take_one(self, question: Question, slot: int, event: int) -> None:
        kept, need, log = self._kept[slot], question.need, self.m.events
        assert need is not None
        if not kept.value:
            return
        if need.frames:
            before = Remembered.frame.raw(kept)
            Remembered.frame.write(kept, need.take(before, log, event))
        else:
            kept.value = need.take(kept.value - 1, log, event) + 1

    def _take_payment(self, event: int) -> None:
        log = self.m.events
        over = log.kind_of(event) == ev.FLUSHED
        mask, why = (ev.FLUSHED.mask, ev.FLUSHED.why) if over else (ev.PAY.mask, ev.PAY.why)
        wanted = log.argument(event, mask), log.argument(event, why)
        first = (log.cpu_of(event) + 1) * AT_ONCE
        slots = self._firing[first : first + AT_ONCE]
        at = next((one for one in slots if one.count and (one.mask, one.why) == wanted), None)
        if over and at is not None:
            for one in self._of_payments:
                self._add(one, at.count)
            at.clear()
        elif not over:
            at = at or next((one for one in slots if not one.count), slots[0])
            at.mask, at.why = wanted
            at.count = min(
                at.count + 1, max(one.need.most for one in self._of_payments if one.need)
            )

    def _take_findings(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            for one in self._of_findings:
                need = one.need
                if need and need.weight == finding.weight and found(one.expect.condition, finding):
                    self._add(one, 1)

    def _take_steps(self, count: int) -> None:
        for one in self._of_steps:
            self._add(one, count)

    def _add(self, question: Question, count: int) -> None:
        kept, need = self._kept[question.slot], question.need
        if kept.value and need is not None:
            kept.value = min(kept.value - 1 + count, need.most) + 1

    # -- the turns of a race --------------------------------------------------------------------

    def moved(self, race: int, ctx: int, first: int, findings: Iterable[Finding]) -> Codes:
        """A context has made a micro-step of a race, with the events from that number on: how the
        expectations come out whose lines are over now.
        """
        log = self.m.events
        events = range(first, len(log))
        over: list[tuple[Question, int]] = []
        lines = self.of_lines(race)
        for event in events if lines else ():
            kind = log.kind_of(event)
            if kind == ev.BEGIN and log.argument(event, ev.BEGIN.item) == race + 1:
                who, nth = log.argument(event, ev.BEGIN.ctx), log.argument(event, ev.BEGIN.nth)
                self._begins(lines, who, nth - 1)
            elif kind == ev.END:
                over += self._over(lines, log.argument(event, ev.END.ctx))
        self._take(events, ctx)
        self._take_findings(findings)
        self._take_steps(1)
        codes = tuple(self._judged(one, who) for one, who in over)
        for one, who in over:
            self._done_with(one, who)
        return codes

    def refused(self, race: int, op: Op) -> None:
        """A line was refused: what is expected of it is not asked."""
        for one in self.of_lines(race):
            if one.expect.after == op.span.line and not one.again:
                self._forget(one)

    def _begins(self, lines: Sequence[Question], ctx: int, nth: int) -> None:
        for one in lines:
            if nth in one.places.get(ctx, ()):
                if one.scope == LINE:
                    self._kept[one.slot_of(ctx)].value = 1
                if one.again:
                    self._kept[one.slot_of(ctx)].doing = 1

    def _over(self, lines: Sequence[Question], ctx: int) -> Iterator[tuple[Question, int]]:
        """The questions of the line of a context that is over."""
        for one in lines:
            if ctx not in one.places:
                continue
            if one.again:
                over = bool(self._kept[one.slot_of(ctx)].doing)
            else:
                over = self.m.ctx[ctx].pc - 1 in one.places[ctx]
            if over:
                yield one, ctx

    def _done_with(self, question: Question, ctx: int) -> None:
        if not question.again:
            self._forget(question)
            return
        kept = self._kept[question.slot_of(ctx)]
        kept.doing = 0
        if question.scope == LINE:
            kept.value = 0

    def states(self, race: int) -> Codes:
        """How the expectations come out that are asked of this state."""
        return tuple(self._judged(one) for one in self.of_states(race) if self._begun(one))

    def _begun(self, question: Question) -> bool:
        """Whether the line before it is over, from which on it holds."""
        if not question.expect.after:
            return True
        ((number, (nth,)),) = question.places.items()
        ctx = self.m.ctx[number]
        return ctx.pc > nth + 1 or (ctx.pc == nth + 1 and ctx.line is None)

    # -- behind a race --------------------------------------------------------------------------

    def ended(self, race: int) -> None:
        """A race is over, and what was asked of it is not asked any more."""
        for one in self.questions:
            if one.race == race and one.expect.inside:
                self._forget(one)

    def went_on(self, moved: StepInfo, first: int, findings: Iterable[Finding]) -> None:
        """A micro-step behind a race was made."""
        for one in self.questions:
            if one.scope == RACE and one.since == moved.item and not one.expect.inside:
                kept = self._kept[one.slot]
                kept.value = kept.value or 1
        self._take(range(first, len(self.m.events)), moved.ctx)
        self._take_findings(findings)
        self._take_steps(1)

    def reached(self, item: int) -> Codes:
        """An item behind a race is reached: how it comes out if it is an expectation."""
        codes = []
        for one in self.questions:
            if one.item == item:
                codes.append(self._judged(one))
                self._forget(one)
        return tuple(codes)

    # -- verdicts -------------------------------------------------------------------------------

    def _judged(self, question: Question, ctx: int = -1) -> int:
        need, condition = question.need, question.expect.condition
        if need is None:
            count = seen(condition, self._here)
        elif need.frames:
            frame = self._kept[question.slot].frame
            count = seen(condition, evolve(self._here, frame=frame))
        else:
            slot = question.slot_of(ctx) if question.scope == LINE else question.slot
            count = need.answer(max(0, self._kept[slot].value - 1))
        return 2 * question.number + holds(condition, count)


def text_of(line: Item) -> str:
    """The words of a line."""
    return " ".join(line.text.split())


def fails(questions: Sequence[Question]) -> Mapping[int, Question]:
    """The verdicts after which an order is one that goes wrong."""
    return {2 * one.number: one for one in questions if not one.sometimes}
