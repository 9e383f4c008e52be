"""The command palette: every action of the screen, by what it does."""

from __future__ import annotations

from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from luf_tui.ui import actions
from luf_tui.ui.screens.base_screen import BaseScreen


class ActionsProvider(Provider):
    """Finds actions of the registry."""

    async def discover(self) -> Hits:
        """All actions, before anything is typed."""
        for action in self._known():
            said = Content.assemble(_text(action), (f"  {action.all_keys}", "$text-muted"))
            yield DiscoveryHit(said, partial(self._do, action.id), text=_text(action))

    async def search(self, query: str) -> Hits:
        """Actions that match."""
        matcher = self.matcher(query)
        for action in self._known():
            text = _text(action)
            score = matcher.match(text)
            if score > 0:
                keys = (f"  {action.all_keys}", "$text-muted")
                said = Content.assemble(matcher.highlight(text), keys)
                yield Hit(score, said, partial(self._do, action.id), text=text)

    def _known(self) -> list[actions.Action]:
        screen = self.screen
        if not isinstance(screen, BaseScreen):
            return []
        return [a for a in actions.of(screen.WHERE) if not a.id.startswith("pane-")]

    def _do(self, name: str) -> None:
        if isinstance(self.screen, BaseScreen):
            self.screen.action_do(name)


def _text(action: actions.Action) -> str:
    """What an action is called here. Keys stand beside it: `help` would be parsed as markup."""
    return f"{action.group}: {action.description}"
