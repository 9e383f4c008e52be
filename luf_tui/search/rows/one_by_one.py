"""States one after the other, in plain Python: for levels that are small."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence

from luf_tui.engine.transitions import Turn
from luf_tui.search.rows.learner import BREAKS, CANNOT, MADE, WAITS
from luf_tui.search.rows.packing import State
from luf_tui.search.rows.space import BEHIND, EVERYWHERE, Made, Space

Level = list[tuple[int, State]]
"""States as many turns from the start as each other, with their numbers."""


class OneByOne:
    """Looks at the states of a level in turn, and keeps every state it has met.

    With names, states that are `named` alike count as one.
    """

    def __init__(
        self,
        space: Space,
        named: Callable[[State], State] | None = None,
        starts: Sequence[State] = (0,),
    ) -> None:
        self.space = space
        self.named = named
        self.start = named(0) if named else 0
        names = [named(state) if named else state for state in starts]
        self.seen: dict[State, int] = {state: number for number, state in enumerate(names)}
        """Every state met, and its number."""
        self.reached: dict[State, int] = {0: 0} if named else self.seen
        """The same under the names they were reached by, so that each is renamed only once."""
        self.sources, self.targets, self.ipis = array("I"), array("I"), array("H")
        """Each turn made: from which state, to which, and how many CPUs it interrupts."""
        self.ends: list[int] = []
        """States in which everybody is done."""
        self.following: Level = []
        """The next level, as far as it is known."""
        self.at = 0
        """The state before which a search ended that was not ready."""

    def look(self, level: Level, ended: Callable[[], str], following: Level | None = None) -> str:
        """Take every turn from each state of a level, or from those that are left of it when some
        of those `following` are known; `ended` says before each state why it shall stop there, or
        nothing. Returns that. Raises TooWide, HiddenState.
        """
        self.following = following or []
        self.space.level = range(level[0][0], level[-1][0] + 1)
        for number, state in level:
            why = ended()
            if why:
                self.at = number
                return why
            if self.space.checked_among(number):
                self.space.check(state)
            self._expand(number, state)
            if self.space.found:
                return ""
        return ""

    def turns_made(self) -> Iterator[Made]:
        """Every turn that is made."""
        space = self.space
        for state, number in self.seen.items():
            alone = space.alone.of(state).answer.given
            for known in [space.turn[turn] for turn in alone] or [one for _, one in space.turns]:
                row = known.of(state)
                if row.what == MADE:
                    new = (state | row.clear) ^ row.flip
                    yield number, self.reached[new], state ^ new

    def _expand(self, number: int, state: State) -> None:
        space, reached = self.space, self.reached
        if space.expected:
            space.hear(space.expected.of(state), number, EVERYWHERE)
        alone = space.alone.of(state).answer.given
        moved = False
        for turn, known in [(turn, space.turn[turn]) for turn in alone] or space.turns:
            row = known.of(state)
            what = row.what
            if what == CANNOT:
                continue
            space.turns_tried += 1
            if what == WAITS:
                continue
            moved = True
            space.deviations += row.answer.deviations
            if what == BREAKS:
                space.breaks.append((number, turn))
                if not space.all_findings:
                    return
                continue
            if row.answer.verdicts:
                space.hear(row, number, turn)
            new = (state | row.clear) ^ row.flip
            target = reached.get(new, -1)
            if target < 0:
                target = reached[new] = self._found(number, turn, new)
            self.sources.append(number)
            self.targets.append(target)
            self.ipis.append(row.answer.ipis)
        if not moved:
            waiting = space.unfinished.of(state).answer.given
            if waiting:
                space.stuck.append((number, waiting))
                return
            behind = space.go_on(number, state)
            if behind and behind.what == BREAKS:
                space.breaks.append((number, BEHIND))
                if not space.all_findings:
                    return
            self.ends.append(number)
            space.finals += 1

    def _found(self, source: int, turn: Turn, state: State) -> int:
        """The number of a state, one turn from another, that is new under this name."""
        if self.named:
            state = self.named(state)
            known = self.seen.get(state)
            if known is not None:
                return known
        number = self.space.ways.add(source, turn)
        if self.named:
            self.seen[state] = number
        self.following.append((number, state))
        return number
