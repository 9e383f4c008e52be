"""Which guards a search misses: each one removed in turn, and the races searched for what breaks.

A guard that nothing asked for in the whole search of a race, with every guard on, changes nothing
in that race: without it the same states are reached by the same turns. So only races that ask for
a guard are searched without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from attrs import frozen

from luf_tui.errors import LufError
from luf_tui.policy.base import Policy
from luf_tui.policy.guard import Guard
from luf_tui.policy.guards import GUARDS, in_order
from luf_tui.policy.own import Prepare
from luf_tui.policy.registry import POLICIES, make_policy
from luf_tui.script.program import Program
from luf_tui.search.exploration import race_count
from luf_tui.search.pool import mapped
from luf_tui.search.race_start import at_race
from luf_tui.search.result import BOUNDED, INTERRUPTED, UNSAFE, Limits
from luf_tui.search.search import Search

FOUND, MISSED = "found", "not found"
"""Verdicts on a guard; BOUNDED when a search that found nothing had not seen everything."""


@frozen
class NamedRace:
    """One race of one file, under the name it is told by."""

    name: str
    program: Program
    number: int


@frozen
class Searched:
    """What the search of one race with all guards, or without one, came to."""

    race: str
    verdict: str
    states: int
    obligation: str = ""
    message: str = ""
    turns: int = 0
    why: str = ""
    asked: tuple[str, ...] = ()
    """Guards that the policy was asked for on the way."""


@frozen
class GuardVerdict:
    """Whether a guard's removal is found by search alone."""

    guard: str
    verdict: str
    races: tuple[Searched, ...]
    """The races searched, those that ask for the guard, up to the one that shows it."""

    @property
    def shown_by(self) -> Searched | None:
        """The race that shows it."""
        return self.races[-1] if self.verdict == FOUND else None


@frozen
class Plan:
    """What to search, in whichever process does it."""

    policy: str
    races: tuple[NamedRace, ...]
    limits: Limits
    prepare: Prepare | None = None


Work = tuple[str, tuple[int, ...]]
"""A guard to remove, or none, and the races to search one after the other."""


def races_of(programs: Sequence[tuple[str, Program]]) -> tuple[NamedRace, ...]:
    """The races of some files; a file with several numbers them from 1."""
    found = []
    for name, program in programs:
        count = race_count(program)
        for number in range(count):
            told = name if count == 1 else f"{name} race {number + 1}"
            found.append(NamedRace(told, program, number))
    return tuple(found)


def asking(kind: type[Policy], asked: set[str]) -> type[Policy]:
    """A policy that notes which of its guards it is asked for."""

    def has(self: Policy, guard: Guard) -> bool:
        asked.add(guard.name)
        return kind.has(self, guard)

    return type(kind.__name__, (kind,), {"has": has})


def worker(plan: Plan) -> Callable[[Work], list[Searched]]:
    """What does the work of a plan."""
    if plan.prepare:
        plan.prepare()
    return partial(_done, plan)


def _done(plan: Plan, work: Work) -> list[Searched]:
    guard, races = work
    found = []
    for number in races:
        found.append(search_one(plan, plan.races[number], guard))
        if found[-1].verdict == UNSAFE or found[-1].why == INTERRUPTED:
            break
    return found


def search_one(plan: Plan, race: NamedRace, without: str = "") -> Searched:
    """Search one race, with every guard or without one."""
    asked: set[str] = set()
    make_policy(plan.policy, (without,) if without else ())
    policy = asking(POLICIES[plan.policy], asked)((without,) if without else ())
    try:
        start = at_race(race.program, policy, race.number)
    except LufError as error:
        return Searched(race.name, BOUNDED, 0, why=str(error))
    assert start is not None
    if start.before:
        first = start.before[0]
        obligation = first.obligation or first.rule
        return Searched(race.name, UNSAFE, 0, obligation, first.message, asked=tuple(asked))
    result = Search(start.transitions, limits=plan.limits).run()
    order = {guard: number for number, guard in enumerate(GUARDS)}
    noted = tuple(sorted(asked, key=lambda guard: (order.get(guard, len(order)), guard)))
    if not result.broken:
        return Searched(race.name, result.verdict, result.states, why=result.why, asked=noted)
    broken = result.broken[0]
    told = (broken.obligation, broken.message, len(broken.turns))
    return Searched(race.name, UNSAFE, result.states, *told, asked=noted)


class AllGuards:
    """Every guard of a policy against the races; `run` gives a verdict a guard, as they come.

    `tell` is given a line of progress now and then. Ctrl-C ends it; what was found stays.
    """

    def __init__(
        self, plan: Plan, *, jobs: int = 1, tell: Callable[[str], None] | None = None
    ) -> None:
        self.plan = plan
        self.jobs = jobs
        self.tell = tell or (lambda _: None)
        kind = POLICIES[plan.policy]
        self.guards = tuple(guard.name for guard in in_order(kind.GUARDS))
        self.whole: list[Searched] = []
        """Each race under the whole policy."""
        self.verdicts: list[GuardVerdict] = []
        self.interrupted = False

    @property
    def unusable(self) -> list[Searched]:
        """Races that tell nothing, since the whole policy breaks an obligation in them."""
        return [one for one in self.whole if one.verdict == UNSAFE]

    @property
    def _partly(self) -> bool:
        return any(one.verdict == BOUNDED for one in self.whole)

    def run(self) -> list[GuardVerdict]:
        """The verdict on each guard."""
        try:
            for verdict in self._verdicts():
                self.verdicts.append(verdict)
        except KeyboardInterrupt:
            self.interrupted = True
        return self.verdicts

    def _verdicts(self) -> Iterator[GuardVerdict]:
        make = partial(worker, self.plan)
        count = len(self.plan.races)
        for (one,) in mapped(self.jobs, make, [("", (number,)) for number in range(count)]):
            if one.why == INTERRUPTED:
                raise KeyboardInterrupt
            self.whole.append(one)
            self.tell(f"{one.race}: {one.verdict} with every guard, {one.states:,} states")
        works = [(guard, self._asking(guard)) for guard in self.guards]
        for (guard, _), races in zip(works, mapped(self.jobs, make, works), strict=True):
            if races and races[-1].why == INTERRUPTED:
                raise KeyboardInterrupt
            verdict = judged(guard, races, partly=self._partly)
            self.tell(f"without {guard}: {verdict.verdict}")
            yield verdict

    def _asking(self, guard: str) -> tuple[int, ...]:
        """The races that ask for a guard, those with the fewest states first."""
        usable = [
            (one.states, number)
            for number, one in enumerate(self.whole)
            if one.verdict != UNSAFE and guard in one.asked
        ]
        return tuple(number for _, number in sorted(usable))


def judged(guard: str, races: Sequence[Searched], *, partly: bool = False) -> GuardVerdict:
    """The verdict on a guard from the races searched without it.

    `partly` says that a race was not searched to its end with every guard either, so that nobody
    knows whether it would have asked for this one.
    """
    verdicts = {one.verdict for one in races}
    bounded = partly or BOUNDED in verdicts
    verdict = FOUND if UNSAFE in verdicts else BOUNDED if bounded else MISSED
    return GuardVerdict(guard, verdict, tuple(races))
