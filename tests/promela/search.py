"""Counts what can be reached, with learnt rows."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import astuple, evolve, frozen

from luf_tui.machine.watched_cells import WatchedCells
from luf_tui.oracle.oracle import Finding
from luf_tui.search.rows.one_by_one import OneByOne
from luf_tui.search.rows.packing import State
from luf_tui.search.rows.space import Space
from tests.promela.actions import Actions
from tests.promela.alike import Alike
from tests.promela.client import Action, Client, Program
from tests.promela.machine import FULL, Sizes, power_on
from tests.promela.naming import PLAIN, Naming
from tests.promela.normal import settled
from tests.promela.policy import ByTheModel
from tests.promela.renaming import Names

LARGE = 40
"""States of a level from which on it is looked at as a whole."""


@frozen
class Reached:
    """What was reached, in the words of SPIN: states stored, and transitions out of them."""

    states: int
    visited: int
    """States looked at: one of each set that are the same but for names."""
    transitions: int
    depth: int
    rows: int
    """Times that the engine was asked."""
    turns: int
    """Transitions out of the states looked at."""
    path: tuple[Action, ...] = ()
    """The actions of a shortest way to a failing access, that access included."""
    finding: Finding | None = None


class Weighed(OneByOne):
    """States one after the other, each counted as often as there are states that it stands for."""

    def __init__(self, space: Space, naming: Naming) -> None:
        self.naming = naming
        super().__init__(space, self._name_of)
        self.stood_for = self.transitions = 0

    def _name_of(self, state: State) -> State:
        layout = self.space.learner.layout
        named = self.naming.of(layout.unpacked(state))
        return layout.state(named, self.naming.touched)

    def _expand(self, number: int, state: State) -> None:
        before = self.space.turns_tried
        super()._expand(number, state)
        weight = self.naming.weight(self.space.learner.layout.unpacked(state))
        self.stood_for += weight
        self.transitions += weight * (self.space.turns_tried - before)


class Search:
    """Breadth first over the model's states; `renamed` says what of them is."""

    def __init__(
        self,
        sizes: Sizes = FULL,
        without: str = "",
        programs: Sequence[Program] = (),
        renamed: str = PLAIN,
    ) -> None:
        self.asked = sizes, without, programs
        client = settled(*self.asked, WatchedCells)
        # with programs, no CPU does what another does
        alike = None if programs else Alike(settled(*self.asked, WatchedCells))
        self.actions = Actions(client, alike)
        self.space = Space(self.actions, {})
        self.naming = Naming(client, self.space.learner.layout.places, renamed)
        self._one_by_one = Weighed(self.space, self.naming)

    def run(self, large: int = LARGE) -> Reached:
        """Search until everything is seen, or an access fails; levels of so many states are looked
        at as wholes.
        """
        space, one_by_one = self.space, self._one_by_one
        level = [(0, one_by_one.start)]
        while level and len(level) < large:
            one_by_one.look(level, lambda: "")
            level = [] if space.found else one_by_one.following
            space.depth += bool(level)
        stood_for, transitions = one_by_one.stood_for, one_by_one.transitions
        if level:
            # numpy takes a while to load
            from tests.promela.columns import WeighedLevels  # noqa: PLC0415

            levels = WeighedLevels(space, self.naming, one_by_one.seen)
            levels.stand_at(level)
            levels.look(lambda: "")
            stood_for += levels.stood_for
            transitions += levels.transitions
        rows = len(space.learner.rows)
        found = Reached(
            stood_for, len(space.ways), transitions, space.depth, rows, space.turns_tried
        )
        return self._broken(found) if space.found else found

    def states(self) -> list[list[int]]:
        """The cells of every state that was looked at one by one."""
        layout = self.space.learner.layout
        return [layout.unpacked(state) for state in self._one_by_one.seen]

    def _broken(self, found: Reached) -> Reached:
        """With the way to what was found, played again where nothing is watched or renamed."""
        number, last = self.space.breaks[0]
        path = self._path([*self.space.ways.path(number), last])
        sizes, without, programs = self.asked
        client = Client(power_on(sizes, ByTheModel([without] if without else [])), programs)
        for action in path:
            assert client.can_make(action)
            assert not client.findings
            client.make(action)
        return evolve(found, path=path, finding=client.findings[0])

    def _path(self, turns: Sequence[int]) -> tuple[Action, ...]:
        """The actions of some turns, each of which is told in the names of the state it is taken
        in, in the names of the start.
        """
        client = settled(*self.asked)
        sizes = self.asked[0]
        names = Names(*(tuple(range(count)) for count in astuple(sizes)))
        path = []
        for turn in turns:
            action = self.actions.actions[turn]
            path.append(names.before(action))
            client.make(action)
            cells, new = self.naming.named(client.m.cells.values.tolist())
            client.m.cells.apply(enumerate(cells))
            names = names.then(new) if new else names
        return tuple(path)
