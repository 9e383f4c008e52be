"""Breadth-first search over every order of a race: the first violation found is a nearest one."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, BinaryIO

from attrs import evolve

from luf_tui.engine.strategy import Schedule, walk
from luf_tui.engine.transitions import Turn
from luf_tui.oracle.oracle import VIOLATION
from luf_tui.search.expectations import fails
from luf_tui.search.happened import Happened, before, extremes, lines_of
from luf_tui.search.judged import JudgedTransitions
from luf_tui.search.lasting import Lasting, lasting
from luf_tui.search.process_memory import used
from luf_tui.search.result import (
    BOUNDED,
    FAILED,
    INTERRUPTED,
    SAFE,
    UNSAFE,
    Broken,
    Limits,
    Progress,
    Result,
    Tell,
    deadlock,
    failures,
    violation,
)
from luf_tui.search.rows.learner import REMEMBER, HiddenState, NotAlike
from luf_tui.search.rows.one_by_one import Level, OneByOne
from luf_tui.search.rows.packing import State, TooWide
from luf_tui.search.rows.space import BEHIND, Space
from luf_tui.search.watched_race import WatchedRace

if TYPE_CHECKING:
    from luf_tui.search.rows.levels import Levels
    from luf_tui.search.rows.names.alike import Group
    from luf_tui.search.rows.names.least import LeastNames
    from luf_tui.search.rows.naming import Naming
    from luf_tui.search.rows.saved import Saved

JUDGE_AT = 4000
"""States after which renaming is judged by what it would have merged, and after each doubling."""
WORTHWHILE = 0.8
"""Renaming costs more than it saves when more than this share of the states remains."""
LARGE = 2000
"""States of a level from which on whole levels are looked at at once."""
MOST_COUNTED = 100_000
"""States up to which the least and the most IPIs of an order are counted, and what lasts in a
forever block is looked for.
"""
PERMUTE_AT = MOST_COUNTED
"""States of a forever block from which on CPUs, tasks and pages that may do the same change places:
what lasts is told of each of them by its name, and not looked for any more.
"""
PERMUTE = "those who may do the same change places"
"""Why a search ends that begins again so."""
TELL_EVERY = 2000
"""States between two reports of progress."""


class Search:
    """One search of one race, from the state that the machine of `transitions` is in.

    `symmetric` counts states as one that differ only by names that nothing depends on (frames,
    generations), once there are many and that would have merged enough of them: then the search
    begins again with names; in a forever block, where there are very many, once more, so that
    CPUs, tasks and pages that may do the same change places, too. `keep` keeps every state for
    `reached`. `all_findings` goes on after a violation, past which it never looks. `saved` is an
    earlier one of the same race, which it goes on with.
    """

    def __init__(
        self,
        transitions: JudgedTransitions,
        *,
        symmetric: bool = True,
        all_findings: bool = False,
        limits: Limits | None = None,
        tell: Tell | None = None,
        keep: bool = False,
        saved: Saved | None = None,
        jobs: int = 1,
        resumable: bool = False,
        starts: Sequence[Mapping[int, int]] = (),
    ) -> None:
        """`starts` are the states to start from, the first of which the machine is in: the cells in
        which each differs from that, with their values. Without any it is that one.
        """
        self.transitions = transitions
        self._starts = starts
        self.limits = limits or Limits()
        self.tell = tell
        self.all_findings = all_findings
        self.symmetric = symmetric
        self.keep = keep
        self.jobs = jobs
        self.resumable = resumable
        self.started = time.monotonic()
        self._wider: dict[int, int] = {}
        self._permutes = False
        """Whether those who may do the same change places."""
        self._left_out: set[int] = set()
        """Which of those turned out not to."""
        self._before = 0.0
        """Seconds that the search took before it was left off."""
        self._stop = ""
        self._saved = saved
        if saved:
            figures = saved.figures
            self._wider.update(figures["wider"])
            self._before, self.symmetric = figures["seconds"], figures["symmetric"]
            self._permutes, self._left_out = figures["permutes"], {*figures["left_out"]}
        self._begin()

    def _begin(self) -> None:
        self._race = WatchedRace(self.transitions)
        race, asked = self._race, self.transitions.asked
        item = self.transitions.item
        states = asked is not None and asked.of_states(item)
        behind = asked is not None and asked.goes_on(item) and not self.transitions.race.forever
        self._group = self._alike() if self._permutes else None
        self._least: LeastNames | None = None
        self.space = Space(
            race,
            self._wider,
            all_findings=self.all_findings,
            expected=race.expected if states else None,
            behind=race.behind if behind else None,
            fails=fails(asked.questions) if asked else (),
            group=self._group,
        )
        packed = self.space.learner.layout.packed
        self._first: list[State] = [packed(cells) for cells in self._starts] or [0]
        self.space.begin(len(self._first))
        self._one_by_one = OneByOne(self.space, starts=self._first)
        self._levels: Levels | None = None
        self._renamed = self._may_permute = False
        self._judge_at = JUDGE_AT
        self._pause = 1
        """States at which to look how much memory is taken, and to report."""

    @property
    def states(self) -> int:
        """States found so far; may be read from another thread, as may `turns_tried` and `depth`.

        A search that starts over, with wider cells or without renaming, counts from 1 again.
        """
        return len(self.space.ways)

    @property
    def turns_tried(self) -> int:
        """Turns tried so far."""
        return self.space.turns_tried

    @property
    def depth(self) -> int:
        """Turns of the longest order looked at so far."""
        return self.space.depth

    def stop(self, why: str) -> None:
        """End the search after the state at hand; from another thread, too."""
        self._stop = why

    def led(self) -> Iterator[tuple[int, dict[int, int]]]:
        """The states that come behind those in which everybody is done, each once: the number of
        such a state, and the cells that differ from the start of the race, with their values.
        """
        layout, known = self.space.learner.layout, set[State]()
        for number, state in self.space.led:
            if state not in known:
                known.add(state)
                yield number, dict(layout.changes(state))

    def reached(self) -> Iterator[list[int]]:
        """The cells of every state of a search that keeps them."""
        found: Iterable[State] = self._levels.reached() if self._levels else ()
        if not self._renamed:
            found = chain(self._one_by_one.seen, found)
        return map(self.space.learner.layout.unpacked, found)

    def run(self) -> Result:
        """Search until everything is seen, something is found, or a limit is reached.

        Ctrl-C ends it with what was found so far. The machine stays at the start. Raises
        HiddenState when what a turn does does not follow from the cells.
        """
        self.started = time.monotonic()
        try:
            why = self._until_it_fits()
        except KeyboardInterrupt:
            why = INTERRUPTED
        self.space.check_rows()
        broken, failed = tuple(self._broken()), tuple(self._failed())
        return Result(
            UNSAFE if broken else FAILED if failed else BOUNDED if why else SAFE,
            self.states,
            self.turns_tried,
            self._before + self._spent(),
            self.depth,
            broken,
            self.space.deviations,
            why,
            self._happened(),
            self._levels.collision if self._levels else 0.0,
            self.space.learnt,
            self.space.checked,
            None if why or broken else self._lasting(),
            dict(self.space.verdicts),
            failed,
        )

    def _lasting(self) -> Lasting | None:
        """What lasts in a forever block, where its states are at hand."""
        one_by_one, levels = self._one_by_one, self._levels
        if not self.transitions.race.forever or self.states > MOST_COUNTED or self._group:
            return None
        if levels is None:
            return lasting(self._race, self.space, [*one_by_one.seen], one_by_one.turns_made())
        if not (self._renamed and levels.keep):
            return None
        return lasting(self._race, self.space, [*levels.reached()], levels.turns_made())

    def save(self, file: BinaryIO, asked: Mapping[str, str]) -> None:
        """Write all that is needed to go on with a search that ended bounded, and not by an
        exception; `asked` says what it is a search of. Raises OSError.
        """
        from luf_tui.search.rows import saved  # noqa: PLC0415 - it loads numpy

        figures = {
            "wider": [*self._wider.items()],
            "seconds": self._before + self._spent(),
            "symmetric": self.symmetric,
            "permutes": self._permutes,
            "left_out": sorted(self._left_out),
            "renamed": self._renamed,
            "levels": self._levels is not None,
            "judge_at": self._judge_at,
        }
        saved.write(file, asked, figures, self.space, self._one_by_one, self._levels)

    def _until_it_fits(self) -> str:
        """Search, and begin again where cells are too narrow, or names not exchangeable."""
        while True:
            try:
                return self._search()
            except TooWide as too_wide:
                self._wider[too_wide.cell] = too_wide.bits
            except NotAlike as other:
                assert self._group
                self._left_out.add(self._group.numbers[other.parts[-1]])
            self._saved = None
            self._begin()

    def _search(self) -> str:
        one_by_one, saved = self._one_by_one, self._saved
        level: Level = [*enumerate(self._first)]
        following: Level = []
        if saved and saved.figures["levels"]:
            return self._taken_up(saved)
        if self._permutes:
            return self._named_from_the_start(self._naming())
        if saved:
            level, following = saved.take_up(self.space, one_by_one)
            self._judge_at = saved.figures["judge_at"]
        while level:
            if self.symmetric and self.states >= self._judge_at and not following:
                self._judge_at, naming = 2 * self.states, self._naming()
                if self._worthwhile(naming):
                    return self._named_from_the_start(naming)
            if len(level) >= LARGE and not following:
                levels = self._by_levels(one_by_one.seen)
                if not self.keep:
                    one_by_one.seen.clear()
                levels.stand_at(level)
                return levels.look(self._ended)
            why = one_by_one.look(level, self._ended, following)
            why = why or self.space.heard_enough
            if why or self.space.found:
                return why
            level, following = one_by_one.following, []
            self.space.depth += bool(level)
        return ""

    # numpy takes a while to load, and small races do without it

    def _by_levels(self, seen: Iterable[State], naming: Naming | None = None) -> Levels:
        from luf_tui.search.rows.levels import Levels  # noqa: PLC0415

        most = self.limits.states
        keep = MOST_COUNTED if self.transitions.race.forever else 0
        keep = sys.maxsize if self.keep else keep
        if self.jobs > 1:
            from luf_tui.search.rows.shared_levels import SharedLevels  # noqa: PLC0415

            self._levels = SharedLevels(
                self.space, seen, most, naming, keep=keep, jobs=self.jobs, resumable=self.resumable
            )
        else:
            self._levels = Levels(self.space, seen, most, naming, keep=keep)
        return self._levels

    def _taken_up(self, saved: Saved) -> str:
        """Go on with a search by levels."""
        self._one_by_one.seen.clear()
        self._renamed = saved.figures["renamed"]
        naming = self._naming() if self._renamed else None
        levels = self._by_levels((), naming)
        saved.take_up_levels(levels)
        self._may_permute = self._renamed and self._ends_unpermuted()
        return self._looked(levels)

    def _naming(self) -> Naming:
        from luf_tui.search.rows.names.machine_names import MachineNames  # noqa: PLC0415

        lines = chain.from_iterable(self.transitions.ops.values())
        names = MachineNames(self.transitions.machine, self.transitions.k.policy, lines)
        if not self._group:
            return names
        from luf_tui.search.rows.names.least import LeastNames  # noqa: PLC0415

        self._least = LeastNames(self._group, names)
        return self._least

    def _alike(self) -> Group | None:
        """Who may change places, as far as nothing speaks against it."""
        from luf_tui.search.rows.names.alike import Group  # noqa: PLC0415

        group = Group(self._race.transitions, self._left_out)
        return group if group.parts else None

    def _worthwhile(self, naming: Naming) -> bool:
        """Whether renaming would have merged enough of the states so far. What is counted without
        end stays finite under its names alone.
        """
        from luf_tui.search.rows.levels import distinct  # noqa: PLC0415

        seen = self._one_by_one.seen
        if self.transitions.race.forever:
            return True
        return distinct(self.space.learner.layout, seen, naming) <= WORTHWHILE * len(seen)

    def _named_from_the_start(self, naming: Naming) -> str:
        """Search anew, every state under its name."""
        self._renamed = True
        self.space.begin(len(self._first))
        self._one_by_one = OneByOne(self.space)
        self._one_by_one.seen.clear()
        levels = self._by_levels(self._first, naming)
        levels.stand_at([*enumerate(self._first)])
        self._may_permute = self._ends_unpermuted()
        return self._looked(levels)

    def _looked(self, levels: Levels) -> str:
        """Search on by levels, or begin again with more that is renamed."""
        why = levels.look(self._ended)
        if why != PERMUTE:
            return why
        self._permutes, self._saved = True, None
        self._begin()
        return self._search()

    def _ends_unpermuted(self) -> bool:
        """Whether those who may do the same have kept their places, and need not: what is expected
        names them.
        """
        asked = self.transitions.asked
        forever = self.transitions.race.forever and self.symmetric
        if not forever or self._permutes or (asked is not None and asked.questions):
            return False
        return self._alike() is not None

    def _ended(self) -> str:
        """Why the search shall end before the next state, if it shall."""
        memory = 0
        if self.states >= self._pause:
            memory = used() + (self._levels.memory if self._levels else 0)
            if self._pause > 1:
                self._report(memory)
            self._pause = self.states + TELL_EVERY
        if self._may_permute and self.states >= PERMUTE_AT:
            return PERMUTE
        return self._stop or self.limits.reached(self.states, self._spent(), memory)

    def _happened(self) -> Happened:
        one_by_one = self._one_by_one
        ipis = None
        forever = self.transitions.race.forever
        if one_by_one.seen and len(self.space.ways) <= MOST_COUNTED and not forever:
            # Ctrl-C may have come before all was said of the last turn.
            turns = zip(one_by_one.sources, one_by_one.targets, one_by_one.ipis, strict=False)
            ipis = extremes(self.states, list(turns), one_by_one.ends)
        asked = self.transitions.asked if self.space.behind else None
        behind = asked.lines_behind(self.transitions.item) if asked else ()
        return Happened(
            self.space.facts | before(self.transitions.machine),
            lines_of(self.transitions.race, behind),
            self.space.finals,
            ipis,
            self._renamed,
            forever,
            tuple(" ".join(part.names) for part in self._group.parts) if self._group else (),
        )

    def _broken(self) -> Iterator[Broken]:
        """What was found, as the engine tells it on the machine of the race."""
        ways = self.space.ways
        for number, turn in self.space.breaks:
            path, real = self._way(number)
            turns = path if turn == BEHIND else [*path, real(turn)]
            start = ways.start_of(number)
            with self._from(start):
                found = self._replayed(turns, behind=turn == BEHIND)
            yield from (evolve(one, start=start) for one in found)
        for number, waiting in self.space.stuck:
            path, real = self._way(number)
            one = deadlock(self.transitions, path, tuple(sorted(map(real, waiting))))
            yield evolve(one, start=ways.start_of(number))

    def _way(self, number: int) -> tuple[list[Turn], Callable[[Turn], Turn]]:
        """The turns that lead to a state, and what its turns and contexts are really."""
        ways = self.space.ways
        if self._least is None:
            return ways.path(number), int
        from luf_tui.search.rows.names.least import real_turns  # noqa: PLC0415

        start = self._first[ways.start_of(number)]
        turns, real = real_turns(self.space, self._least, start, ways.path(number))
        return turns, real.__getitem__

    @contextmanager
    def _from(self, start: int) -> Iterator[None]:
        """The machine in one of the states to start from, for a while."""
        cells = self.transitions.cells
        before = cells.snapshot()
        if start:
            cells.apply(self._starts[start].items())
        yield
        cells.restore(before)

    def _failed(self) -> Iterator[Broken]:
        """The expectations that fail, with their shortest orders, the shortest first."""
        ways, asked = self.space.ways, self.transitions.asked
        assert asked is not None or not self.space.failed
        found = []
        for code, (number, turn) in self.space.failed.items():
            path, real = self._way(number)
            turns = path if turn < 0 else [*path, real(turn)]
            found.append((len(turns), code, tuple(turns), turn == BEHIND, ways.start_of(number)))
        for _, code, order, behind, start in sorted(found):
            questions = asked.questions if asked else ()
            for one in failures(questions, (code,), order, behind=behind):
                yield evolve(one, start=start)

    def _replayed(self, turns: Sequence[Turn], *, behind: bool) -> list[Broken]:
        """The violations that the last of these turns makes, or what comes `behind` them. Raises
        HiddenState for none.
        """
        transitions = self.transitions
        start, found = transitions.mark(), []
        for _ in walk(transitions, Schedule(turns)):
            found = transitions.findings()
        if behind:
            found = transitions.go_on().findings
        transitions.undo(start)
        broken = [
            evolve(violation(one, turns), behind=behind) for one in found if one.weight == VIOLATION
        ]
        if not broken:
            raise HiddenState(
                f"an order of {len(turns)} turns breaks an obligation in the search, and not when "
                f"it is played: {REMEMBER}"
            )
        return broken

    def _report(self, memory: int) -> None:
        if self.tell:
            level, spent = self.space.level, self._spent()
            found = self.states - level.stop
            spent += self._before
            self.tell(Progress(self.states, len(level), found, self.depth, spent, memory))

    def _spent(self) -> float:
        return time.monotonic() - self.started
