"""The model's actions as the turns of a search, each asked about by itself."""

from __future__ import annotations

from luf_tui.machine.watched_cells import WatchedCells
from luf_tui.search.rows.learner import Answer
from tests.promela.alike import Alike, made
from tests.promela.client import Client, every_action


class Actions:
    """What every CPU may do, as questions of a search; turns are numbers of actions."""

    def __init__(self, client: Client, alike: Alike | None = None) -> None:
        self.client = client
        self.machine = client.m
        self.alike = alike
        """Plays what is known of other actions; without it the engine makes each."""
        self.actions = tuple(every_action(client))
        self.turns = tuple(range(len(self.actions)))
        self._first = len(client.m.events)

    def alone(self) -> Answer:
        """Every action is to be tried."""
        return Answer()

    def take(self, turn: int) -> Answer:
        """Make an action, if it can begin, and hear what the oracle says of it."""
        action, cells = self.actions[turn], self.machine.cells
        assert isinstance(cells, WatchedCells)
        played = self.alike.play(action, cells) if self.alike else None
        return played or made(self.client, action)

    def unfinished(self) -> Answer:
        """Nobody waits for ever: whoever is asked to flush can."""
        return Answer()

    def word(self, turn: int) -> str:
        """An action, in words."""
        what, cpu, vpn, pfn = self.actions[turn]
        page = f" page {vpn}" if vpn >= 0 else ""
        return f"cpu{cpu} {what}{page}{f' into f{pfn}' if pfn >= 0 else ''}"

    def undo(self) -> None:
        """Take back what was asked last."""
        self.machine.cells.undo(0)
        self.machine.events.truncate(self._first)
