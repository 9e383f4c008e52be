"""The model's actions as the turns of a search, each asked about by itself."""

from __future__ import annotations

from luf_tui.search.rows.learner import BREAKS, CANNOT, MADE, Answer
from tests.promela.client import Client, every_action


class Actions:
    """What every CPU may do, as questions of a search; turns are numbers of actions."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.machine = client.m
        self.actions = tuple(every_action(client))
        self.turns = tuple(range(len(self.actions)))
        self._first = len(client.m.events)

    def alone(self) -> Answer:
        """Every action is to be tried."""
        return Answer()

    def take(self, turn: int) -> Answer:
        """Make an action, if it can begin, and hear what the oracle says of it."""
        client, action = self.client, self.actions[turn]
        if not client.can_make(action):
            return Answer(CANNOT)
        client.make(action)
        return Answer(BREAKS, len(client.findings)) if client.findings else Answer(MADE)

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
