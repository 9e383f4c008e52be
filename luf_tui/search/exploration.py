"""The question a reviewer asks of a file: is it safe in every order, and if not, show me."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from attrs import frozen

from luf_tui.engine.transitions import Turn
from luf_tui.errors import InputError, LufError
from luf_tui.policy.base import Policy
from luf_tui.policy.own import anew
from luf_tui.script.parse import parse
from luf_tui.script.program import SOMETIMES, Program, Race
from luf_tui.script.syntax import strip_comment
from luf_tui.search import counterexample
from luf_tui.search.came_out import CameOut, Tally
from luf_tui.search.expectations import Question, item_of, questions_of, text_of
from luf_tui.search.happened import NOTHING, Happened
from luf_tui.search.judged import JudgedTransitions
from luf_tui.search.lasting import Lasting
from luf_tui.search.noticed import ACCESSES, Noticed, noticed
from luf_tui.search.race_start import Start, at_race, check_schedule
from luf_tui.search.random_walks import RandomWalks
from luf_tui.search.result import (
    BOUNDED,
    EXPECTATION,
    FAILED,
    INTERRUPTED,
    SAFE,
    UNSAFE,
    Broken,
    Limits,
    Result,
    Tell,
)
from luf_tui.search.rows.learner import REMEMBER, HiddenState
from luf_tui.search.search import Search
from luf_tui.search.unrolled import unrolled
from luf_tui.search.watched_race import WatchedRace

if TYPE_CHECKING:
    from luf_tui.search.rows.saved import Saved

PACKAGE = Path(__file__).parent.parent
DECIDING = ("machine", "script", "policy", "engine", "oracle", "timeline/conditions", "search")
"""What of luf-tui a search depends on."""


@frozen
class Report:
    """What exploring a file found, over all its races."""

    verdict: str
    states: int
    transitions: int
    seconds: float
    races: int
    """Races looked at; a race after an unsafe one is not."""
    obligation: str = ""
    message: str = ""
    line: int = 0
    """The line of the race that is not safe."""
    before: int = 0
    """The line that breaks the obligation, when it stands before that race; else 0."""
    schedule: tuple[str, ...] = ()
    """An order that breaks it, a word a turn, and a shortest one unless it was drawn; empty when
    nothing of the race is needed.
    """
    scenario: str = ""
    """The counterexample as a scenario."""
    why: str = ""
    """Why a bounded search ended."""
    interrupted: bool = False
    """Whether Ctrl-C ended it."""
    happened: Happened = NOTHING
    """What came to pass in some order of the races, and what in none."""
    collision: float = 0.0
    """How likely it is that two states of a race were taken for one."""
    learnt: int = 0
    """Times that the engine was asked what a turn does."""
    checked: int = 0
    """Answers of it that were used again and asked for again, which were the same."""
    forever: int = 0
    """How many of the races are forever blocks: any lines, any number of times."""
    lasting: tuple[Lasting, ...] | None = None
    """What lasts in each of these; None where that was not looked at."""
    expected: tuple[CameOut, ...] = ()
    """How expectations came out in the orders that were looked at."""
    fails: int = 0
    """The line of the expectation that the counterexample shows to fail; else 0."""
    about: str = ""
    """What it is asked of, and its words: a smaller script shows the same."""
    noticed: Noticed | None = None
    """The earliest access that notices what is broken; None where an access breaks it, or where
    nobody asked.
    """

    @property
    def went_wrong(self) -> bool:
        """Whether an order breaks an obligation, or an expectation fails."""
        return self.verdict in (UNSAFE, FAILED)

    def same(self, other: Report) -> bool:
        """Whether another one shows the same going wrong: of an expectation one that holds in some
        orders, too, if this does.
        """
        if (self.verdict, self.obligation) != (other.verdict, other.obligation):
            return False
        if not self.fails:
            return True
        if self.about != other.about:
            return False
        held = [
            one.held
            for report in (self, other)
            for one in report.expected
            if one.line == report.fails
        ]
        return len(held) == 2 and all(held)

    @property
    def vacuous(self) -> bool:
        """Whether it is safe, nothing dangerous came to pass in any order, and nothing that was to
        hold in one.
        """
        hoped = any(one.mood == SOMETIMES and one.held for one in self.expected)
        return self.verdict == SAFE and self.happened.vacuous and not hoped

    def lasts(self) -> list[str]:
        """Of forever blocks that are safe, who can wait for ever and what stays owed, for a person;
        or that nobody looked.
        """
        if not self.forever or self.verdict != SAFE:
            return []
        if self.lasting is None:
            return [
                "whether anybody can wait for ever was not looked at: there are too many states"
            ]
        return [line for one in self.lasting for line in one.sentences()]


def as_json(report: Report) -> dict[str, object]:
    """The object that `luf-tui explore --json` prints; its keys are documented in the README."""
    happened = report.happened
    return {
        "verdict": report.verdict,
        "states": report.states,
        "transitions": report.transitions,
        "seconds": round(report.seconds, 3),
        "obligation": report.obligation or None,
        "message": report.message or report.why or None,
        "line": report.line or None,
        "before": report.before or None,
        "schedule": list(report.schedule),
        "counterexample": report.scenario or None,
        "vacuous": report.vacuous,
        "never": happened.sentences() if happened.lines else [],
        "refused": list(happened.refused),
        "asked": list(happened.asked),
        "finals": happened.finals,
        "ipis": happened.ipis and dict(zip(("least", "most"), happened.ipis, strict=True)),
        "collision": report.collision,
        "learnt": report.learnt,
        "checked": report.checked,
        "renamed": happened.renamed,
        "permuted": list(happened.permuted),
        "forever": report.forever,
        "lasting": report.lasting and [one.as_json() for one in report.lasting],
        "expectations": [one.as_json() for one in report.expected],
        "noticed": report.noticed and report.noticed.as_json(),
    }


def race_count(program: Program) -> int:
    """How many races a program has; they are numbered from 0."""
    return len(program.races)


def race_of_line(program: Program, line: int) -> int | None:
    """The number of the race that a line of the file (from 1) belongs to, `race` and `end` too."""
    for number, race in enumerate(program.races):
        for at in range(race.span.line, len(program.source) + 1):
            if at == line:
                return number
            if strip_comment(program.source[at - 1]).split()[:1] == ["end"]:
                break
    return None


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:12]


def _own_code() -> Iterator[bytes]:
    """The files that say what a turn does and how a search goes about it."""
    for part in DECIDING:
        for path in sorted(PACKAGE.joinpath(part).rglob("*.py")):
            yield path.read_bytes()


def _code_of(policy: Policy) -> Iterator[bytes]:
    """The files that say what a policy does."""
    files = {
        member.__code__.co_filename: None
        for kind in type(policy).__mro__
        for member in vars(kind).values()
        if inspect.isfunction(member)
    }
    for name in files:
        with suppress(OSError):
            yield Path(name).read_bytes()


@frozen
class Leg:
    """A race that was searched, from which the search goes on in the next one."""

    number: int
    start: Start
    search: Search | RandomWalks | None
    led: list[int]
    """For each state that it started from the one of the race before that leads there; empty where
    it started from one order.
    """


class Exploration:
    """One question asked of a file: `run` answers it.

    While it runs, another thread may read the counters and call `stop`.
    With `walks`, so many random walks through each race take the place of its search. `saved` is an
    earlier search of the race that is looked at, which has to be the `only` one. Only what is
    `resumable` can be saved. With `jobs`, so many processes share a search. With `notice`, the
    earliest access is looked for, too, that notices what is broken.
    """

    def __init__(
        self,
        program: Program,
        policy: Policy,
        *,
        limits: Limits | None = None,
        symmetric: bool = True,
        only: int | None = None,
        tell: Tell | None = None,
        walks: int = 0,
        saved: Saved | None = None,
        resumable: bool = False,
        jobs: int = 1,
        notice: bool = False,
    ) -> None:
        self.program = program
        self.policy = anew(policy)
        self.limits = limits or Limits()
        self.symmetric = symmetric
        self.only = only
        self.tell = tell
        self.walks = walks
        self.saved = saved
        self.resumable = resumable
        self.jobs = jobs
        self.notice = notice
        self.search: Search | RandomWalks | None = None
        """The search under way, or the last one."""
        self._stop = ""
        self._states = self._transitions = 0
        self._seconds = 0.0
        self._learnt = self._checked = self._forever = 0
        self._lasting: list[Lasting] = []
        self._collision = 0.0
        self._happened: Happened | None = None
        self._start: Start | None = None
        self._tally = Tally(program)
        self._legs: list[Leg] = []
        self._led: list[int] = []
        self._why = ""
        self._starts: list[dict[int, int]] = []

    @property
    def states(self) -> int:
        """States found so far, over all races."""
        return self._states + (self.search.states if self.search else 0)

    @property
    def transitions(self) -> int:
        """Turns tried so far, over all races."""
        return self._transitions + (self.search.turns_tried if self.search else 0)

    @property
    def depth(self) -> int:
        """Turns of the longest order of the race at hand looked at so far."""
        return self.search.depth if self.search else 0

    def stop(self, why: str = "stopped") -> None:
        """End it with what was found so far, before it began or while it runs."""
        self._stop = why
        search = self.search
        if search:
            search.stop(why)

    def run(self) -> Report:
        """Try every order of every race, or of race number `only`, up to the first unsafe one.

        Raises LufError when there is no such race, Refused when the way to one is refused, and
        Unusable when what was saved is of something else.
        """
        count = race_count(self.program)
        if not count:
            hint = (
                "put the lines whose order is open between `race` and `end`, or lines that come "
                "any number of times between `forever` and `end`"
            )
            raise LufError(f"{self.program.path}: there is no race to explore; {hint}")
        if self.only is not None and not 0 <= self.only < count:
            told = "one race" if count == 1 else f"{count} races"
            raise LufError(f"{self.program.path}: no race {self.only + 1}; the file has {told}")
        why, looked = "", 0
        for number in range(count) if self.only is None else (self.only,):
            start = self._start_of(number)
            if start is None:
                line = self.program.races[number].span.line
                why = why or f"line {line}: no order was played up to it"
                break
            looked += 1
            line = self.program.items[start.item].span.line
            self._forever += start.transitions.race.forever
            if start.before:
                first = start.before[0]
                found = Broken(first.obligation, first.rule, first.message, (), first)
                return self._unsafe(number, start, found, looked)
            result = self._search(start)
            self._legs.append(Leg(number, start, self.search, self._led))
            if went_wrong := (*result.broken, *result.failed):
                broken, self._why = went_wrong[0], result.why
                return self._unsafe(number, self._afresh(number, broken), broken, looked)
            if result.verdict == BOUNDED:
                why = why or f"line {line}: {result.why}"
                if result.why == INTERRUPTED or self._stop:
                    break
        expected = self._tally.came_out()
        never = next((one for one in expected if one.never), None)
        verdict = FAILED if never else BOUNDED if why else SAFE
        figures = (self.states, self.transitions, self._seconds, looked)
        interrupted = why.endswith(INTERRUPTED)
        return Report(
            verdict,
            *figures,
            obligation=EXPECTATION if never else "",
            message=never.sentence() if never else "",
            why=why,
            expected=expected,
            interrupted=interrupted,
            happened=self._happened or NOTHING,
            collision=self._collision,
            learnt=self._learnt,
            checked=self._checked,
            forever=self._forever,
            lasting=tuple(self._lasting) if len(self._lasting) == self._forever > 0 else None,
        )

    def _questions(self, number: int) -> tuple[Question, ...]:
        """What is asked of a race and of those that go on from it."""
        alone = self.only is not None or bool(self.walks)
        return questions_of(self.program, item_of(self.program, number), alone=alone)

    def _start_of(self, number: int) -> Start | None:
        """Where the orders of a race begin: everywhere that those of the race before it lead to.
        None when they lead nowhere.
        """
        self._led = []
        before = self._legs[-1] if self._legs else None
        if before is None or before.start.transitions.race.forever or self.walks:
            asked = self._questions(number)
            return at_race(self.program, self.policy, number, questions=asked)
        assert isinstance(before.search, Search)
        led = [*before.search.led()]
        if not led:
            return None
        was, item = before.start.transitions, item_of(self.program, number)
        cells = was.cells
        first = led[0][1]
        values = cells.values
        base = {cell: values[cell] for _, changes in led for cell in changes}
        starts = []
        for end, changes in led:
            here = {**base, **changes}
            there = {**base, **first}
            starts.append({cell: here[cell] for cell in base if here[cell] != there[cell]})
            self._led.append(end)
        cells.apply(first.items())
        race = self.program.items[item]
        assert isinstance(race, Race)
        self._starts = starts
        transitions = JudgedTransitions(was.k, race, item, asked=was.asked)
        check_schedule(transitions)
        return Start(item, transitions, ())

    def _search(self, start: Start) -> Result:
        self._states, self._transitions, self.search = self.states, self.transitions, None
        self.search = search = self._search_of(start)
        if self._stop:
            search.stop(self._stop)
        result = search.run()
        self._seconds += result.seconds
        happened = self._happened
        self._happened = happened.beside(result.happened) if happened else result.happened
        self._collision += result.collision
        self._learnt += result.learnt
        self._checked += result.checked
        self._lasting += [result.lasting] if result.lasting else []
        if start.transitions.asked is not None:
            asked, whole = start.transitions.asked.questions, not (result.why or result.broken)
            self._tally.add(asked, result.verdicts, start.item, whole=whole)
        return result

    def _search_of(self, start: Start) -> Search | RandomWalks:
        if self.walks:
            watched = WatchedRace(start.transitions).transitions
            return RandomWalks(watched, self.walks, limits=self.limits)
        if self.saved:
            self.saved.expect(self._asked(start))
        self._start = start
        return Search(
            start.transitions,
            symmetric=self.symmetric,
            limits=self.limits,
            tell=self.tell,
            saved=self.saved,
            resumable=self.resumable,
            jobs=self.jobs,
            starts=self._starts if self._led else (),
        )

    def save(self, file: BinaryIO) -> None:
        """Write the last search, which ended bounded, so that it can be gone on with. Raises
        OSError.
        """
        assert isinstance(self.search, Search)
        assert self._start is not None
        self.search.save(file, self._asked(self._start))

    def _asked(self, start: Start) -> dict[str, str]:
        """What is searched, in words and digests: whoever goes on has to ask the same."""
        policy, program = self.policy, self.program
        without = f" without {', '.join(policy.without)}" if policy.without else ""
        text = "\n".join(program.source)
        cells = bytes(start.transitions.machine.cells.snapshot())
        return {
            "version of luf-tui": _digest(*_own_code()),
            "scenario": f"'{program.title}' ({_digest(text.encode())})",
            "--race": str(sum(isinstance(item, Race) for item in program.items[: start.item + 1])),
            "--policy": f"{policy.name}{without} ({_digest(*_code_of(policy))})",
            "--no-symmetry": "not said" if self.symmetric else "said",
            "machine": _digest(cells),
        }

    def _afresh(self, number: int, broken: Broken) -> Start:
        """A race on a new machine with a new policy, on which an order that the search found breaks
        what it broke. Raises HiddenState when it does not.
        """
        policy = anew(self.policy)
        orders = self._before(broken)
        first = number - len(orders)
        start = at_race(self.program, policy, first, questions=self._questions(first))
        assert start is not None
        for after, turns in enumerate(orders, start=first + 1):
            start.transitions.play(turns)
            item = item_of(self.program, after)
            race = self.program.items[item]
            assert isinstance(race, Race)
            was = start.transitions
            start = Start(item, JudgedTransitions(was.k, race, item, asked=was.asked), ())
        checked = broken.finding is not None or broken.verdict >= 0
        if checked and not counterexample.shows(start.transitions, broken, broken.turns):
            raise HiddenState(
                f"an order of {len(broken.turns)} turns breaks {broken.obligation} in the "
                f"search, and not when a new policy plays it; {REMEMBER}"
            )
        return start

    def _before(self, broken: Broken) -> list[tuple[Turn, ...]]:
        """The turns of the races before that lead to where an order begins."""
        orders: list[tuple[Turn, ...]] = []
        at = broken.start
        for leg, before in zip(self._legs[::-1], self._legs[-2::-1], strict=False):
            if not leg.led:
                break
            assert isinstance(before.search, Search)
            ways, number = before.search.space.ways, leg.led[at]
            orders.append(tuple(ways.path(number)))
            at = ways.start_of(number)
        return orders[::-1]

    def _schedules(self, broken: Broken) -> dict[int, list[str]]:
        """The schedules of the races before that lead to where an order begins, by their lines."""
        orders = self._before(broken)
        legs = self._legs[-1 - len(orders) : -1]
        return {
            leg.start.transitions.race.span.line: counterexample.schedule(
                leg.start.transitions, turns
            )
            for leg, turns in zip(legs, orders, strict=True)
        }

    def _told(self, broken: Broken, scenario: str) -> str:
        """What went wrong, with what is seen where the counterexample is run."""
        question = self._question(broken)
        if question is None:
            return broken.message
        from luf_tui.timeline.recorder import record_with  # noqa: PLC0415 - few searches need it

        expect = question.expect
        played = parse(scenario, self.program.path)
        run = record_with(played, anew(self.policy))
        alike = (
            one.detail
            for one in run.outcomes
            if not one.held and text_of(played.items[one.item]) == text_of(expect)
        )
        seen = next(alike, "")
        return f"line {expect.span.line}, {broken.message}" + (seen and f": {seen}")

    def _question(self, broken: Broken) -> Question | None:
        """The expectation that fails, in the file that was asked about."""
        asked = self._legs[-1].start.transitions.asked if self._legs else None
        return asked.questions[broken.verdict >> 1] if asked and broken.verdict >= 0 else None

    def _line_that_fails(self, broken: Broken) -> int:
        question = self._question(broken)
        return question.expect.span.line if question else 0

    def _about(self, broken: Broken) -> str:
        """The line that an expectation is asked of, and its own words."""
        question = self._question(broken)
        if question is None:
            return ""
        source, line = self.program.source, question.expect.after
        if not question.expect.inside and question.since >= 0:
            line = self.program.items[question.since].span.line
        before = " ".join(strip_comment(source[line - 1]).split()) if line else ""
        return f"{before}: {text_of(question.expect)}"

    def _ends(self, transitions: JudgedTransitions, broken: Broken) -> int:
        """The line at which the counterexample ends, where that is behind the race; else 0."""
        if not broken.behind:
            return 0
        if broken.verdict >= 0 and transitions.asked is not None:
            return transitions.asked.questions[broken.verdict >> 1].expect.span.line
        item = broken.finding.item if broken.finding else transitions.item
        return self.program.items[item].span.line

    def _noticed(self, number: int, broken: Broken) -> Noticed | None:
        """The earliest access that notices what an order breaks, where no access breaks it."""
        asked = self.notice and broken.finding is not None and not broken.behind
        if not asked or broken.rule in ACCESSES:
            return None
        return noticed(self._afresh(number, broken).transitions, broken.turns)

    def _unsafe(self, number: int, start: Start, broken: Broken, races: int) -> Report:
        program, transitions, items = self.program, start.transitions, self.program.items
        interrupted = False
        turns = broken.turns
        try:
            turns = counterexample.tidy(transitions, broken, stopped=lambda: bool(self._stop))
        except KeyboardInterrupt:
            transitions.abandon()
            interrupted = True
        early = start.before[0].item if start.before else None
        asked = broken
        before, line = self._schedules(broken), items[start.item].span.line
        seen = self._noticed(number, broken) if early is None and not interrupted else None
        upto = self._ends(transitions, broken)
        if transitions.race.forever and early is None:
            # lines that use what a line behind them makes are no race: then the block is played
            with suppress(InputError):
                race = unrolled(program, self.policy, transitions, broken, turns, number)
                program, transitions, broken, turns = (
                    race.program,
                    race.transitions,
                    race.broken,
                    race.turns,
                )
        scenario = counterexample.text(
            program, self.policy, transitions, broken, turns, early=early, upto=upto, before=before
        )
        return Report(
            UNSAFE if broken.verdict < 0 else FAILED,
            self.states,
            self.transitions,
            self._seconds,
            races,
            broken.obligation,
            self._told(asked, scenario),
            line,
            0 if early is None else items[early].span.line,
            tuple(transitions.word(turn) for turn in turns),
            scenario,
            expected=self._tally.came_out(),
            fails=self._line_that_fails(asked),
            about=self._about(asked),
            why=self._why,
            interrupted=interrupted,
            happened=self._happened or NOTHING,
            collision=self._collision,
            learnt=self._learnt,
            checked=self._checked,
            forever=self._forever,
            noticed=seen,
        )
