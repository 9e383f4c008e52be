"""Counts what can be reached, without reductions."""

from __future__ import annotations

from array import array

from attrs import frozen

from luf_tui.oracle.oracle import Finding
from luf_tui.search.rows.packing import Layout, State, declared_widths
from tests.promela.client import Action, Client, Program
from tests.promela.machine import FULL, Sizes, power_on
from tests.promela.policy import ByTheModel
from tests.promela.projection import project


@frozen
class Reached:
    """What was reached, in the words of SPIN: states stored, and transitions out of them."""

    states: int
    visited: int
    """States looked at: one of each set that differ by their frames' numbers only, if symmetric."""
    transitions: int
    depth: int
    path: tuple[Action, ...] = ()
    """The actions of a shortest way to a failing access, that access included."""
    finding: Finding | None = None


class Search:
    """Breadth first over the model's states, each one reached by the engine."""

    def __init__(
        self,
        sizes: Sizes = FULL,
        without: str = "",
        programs: tuple[Program, ...] = (),
        *,
        symmetric: bool = False,
    ) -> None:
        policy = ByTheModel([without] if without else [])
        self.client = Client(power_on(sizes, policy), programs)
        self.symmetric = symmetric
        self.cells = self.client.m.cells
        self.layout = Layout(self.cells, declared_widths(self.client.m))
        self.parent: array[int] = array("I")
        self.action: list[Action] = []

    def _state(self) -> tuple[bytes, int]:
        """The model's state, and how many it stands for."""
        variables = project(self.client)
        return variables.canonical() if self.symmetric else (variables.packed(), 1)

    def run(self) -> Reached:
        """Search until everything is seen, or an access fails."""
        client, cells, layout = self.client, self.cells, self.layout
        events = client.m.events
        first = len(events)
        state, states = self._state()
        seen = {state}
        level: list[tuple[int, int, State]] = [(0, states, 0)]
        self.parent.append(0)
        self.action.append(("", -1, -1, -1))
        transitions = depth = 0
        while level:
            following: list[tuple[int, int, State]] = []
            for number, alike, key in level:
                layout.restore(key)
                for action in client.actions():
                    client.make(action)
                    transitions += alike
                    if client.findings:
                        path = (*self._path(number), action)
                        found = client.findings[0]
                        return Reached(states, len(seen), transitions, depth, path, found)
                    state, weight = self._state()
                    if state not in seen:
                        seen.add(state)
                        states += weight
                        found_state = layout.state(cells.values, cells.log_cell)
                        following.append((len(self.parent), weight, found_state))
                        self.parent.append(number)
                        self.action.append(action)
                    cells.undo(0)
                    events.truncate(first)
            level = following
            depth += bool(level)
        return Reached(states, len(seen), transitions, depth)

    def _path(self, number: int) -> list[Action]:
        path: list[Action] = []
        while number:
            path.append(self.action[number])
            number = self.parent[number]
        return path[::-1]
