"""The command palette: every action of the screen by its name, what it does and its keys; and the
scenarios and words there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial

from attrs import frozen
from textual.await_complete import AwaitComplete
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from luf_tui import knowledge, library
from luf_tui.ui import actions
from luf_tui.ui.actions import Action
from luf_tui.ui.messages import OpenScenario
from luf_tui.ui.panels.glossary import EntryPanel, first_line
from luf_tui.ui.screens.base_screen import BaseScreen

KEY, NAME, START = 5.0, 4.0, 3.0
"""Scores of what a query is the key, a name, or the start of a name of: above any likeness."""
OF_ACTIONS, OF_SCENARIOS, OF_WORDS = 0.2, 0.1, 0.0
"""Added to a score: of several things with one name, the action comes first."""


@frozen
class Found:
    """A thing with the names that it is found by."""

    id: str
    names: tuple[str, ...]
    text: str
    """What it is called in the palette."""
    beside: str
    """Said after that, and not looked into."""
    keys: tuple[str, ...] = ()
    """Found by these only as they are written: `n` is not `N`."""


class Palette(CommandPalette):
    """Textual's palette, which two keys that both close it close but once, and which does but once
    what two Enters choose.
    """

    _gone = False

    def dismiss(self, result: object = None) -> AwaitComplete:
        """Go away, unless it has gone: then what is chosen has been done, too."""
        if self._gone or not self.is_current:
            if self._selected_command is not None:
                self._selected_command = Hit(0, "", _nothing)
            return AwaitComplete()
        self._gone = True
        return super().dismiss()


def _nothing() -> None:
    pass


class _Provider(Provider):
    """Finds things by their names, else by what they are called."""

    def things(self) -> Iterable[Found]:
        """What there is to be found."""
        return ()

    def use(self, name: str) -> None:
        """Do what was chosen, by its id."""

    def likeness(self, query: str, thing: Found) -> float:
        """How well a query fits what a thing is called, from 0 to 1."""
        return 1.0 if query.casefold() in thing.text.casefold() else 0.0

    async def search(self, query: str) -> Hits:
        """Things that match."""
        for thing in self.things():
            score = named(query, thing) or self.likeness(query, thing)
            if score > 0:
                yield Hit(
                    score + self.bonus, _shown(thing, query), self._doing(thing), text=thing.text
                )

    bonus = 0.0

    def _doing(self, thing: Found) -> Callable[[], None]:
        return partial(self.use, thing.id)

    @property
    def ours(self) -> BaseScreen | None:
        """The screen that the palette lies over."""
        return self.screen if isinstance(self.screen, BaseScreen) else None


def named(query: str, thing: Found) -> float:
    """The score of a query that is a key or a name, or with which a name begins; else 0."""
    wanted = query.strip().casefold()
    names = [name.casefold() for name in thing.names]
    if query.strip() in thing.keys:
        return KEY
    if wanted in names:
        return NAME
    return START if any(name.startswith(wanted) for name in names) else 0.0


def _shown(thing: Found, query: str = "") -> Content:
    """A thing as a line. Its parts are never read as markup: keys look like it."""
    said = Content(thing.text)
    at = thing.text.casefold().find(query.casefold().strip()) if query.strip() else -1
    if at >= 0:
        said = said.stylize("bold underline", at, at + len(query.strip()))
    return Content.assemble(said, (f"  {thing.beside}", "$text-muted"))


class ActionsProvider(_Provider):
    """Finds actions of the registry."""

    bonus = OF_ACTIONS

    async def discover(self) -> Hits:
        """All actions, before anything is typed; the keys of panes stand on the panes."""
        for thing in self.things():
            if not thing.id.startswith("pane-"):
                yield DiscoveryHit(_shown(thing), self._doing(thing), text=thing.text)

    def things(self) -> Iterator[Found]:
        """What the screen can do."""
        return map(_action, actions.of(self.ours.WHERE)) if self.ours else iter(())

    def likeness(self, query: str, thing: Found) -> float:
        """Letters in their order are enough."""
        score = self.matcher(query).match(f"{thing.text} {thing.id}")
        return score / (score + 1)

    def use(self, name: str) -> None:
        """Do an action, as a click on its hint would."""
        if self.ours:
            self.ours.panels.keep(())
            self.ours.action_do(name)


def _action(action: Action) -> Found:
    signs = tuple(map(actions.key_sign, action.keys))
    names = (action.label, action.id, action.id.replace("-", " "), action.description)
    text = f"{action.group}: {action.label} · {action.description}"
    return Found(action.id, names, text, action.all_keys, (*signs, *action.keys))


class ScenariosProvider(_Provider):
    """Finds scenarios and recordings, and opens them."""

    bonus = OF_SCENARIOS

    def things(self) -> Iterable[Found]:
        """What ships."""
        return _scenarios()

    def use(self, name: str) -> None:
        """Open it."""
        if self.ours:
            self.ours.post_message(OpenScenario(library.locate(name)))


@cache
def _scenarios() -> tuple[Found, ...]:
    return tuple(
        Found(
            one.name,
            (one.name, one.path.name.partition(".")[0], one.title),
            f"Open: {one.name}",
            one.title,
        )
        for one in (*library.shipped(), *library.recordings())
    )


class WordsProvider(_Provider):
    """Finds words of the book, and shows what they mean."""

    bonus = OF_WORDS

    def things(self) -> Iterable[Found]:
        """The book."""
        return _words()

    def likeness(self, query: str, thing: Found) -> float:
        """Some name has it."""
        wanted = query.strip().casefold()
        return 0.5 if any(wanted in name.casefold() for name in thing.names) else 0.0

    def use(self, name: str) -> None:
        """Show it."""
        if self.ours:
            self.ours.open(EntryPanel(name))


@cache
def _words() -> tuple[Found, ...]:
    """A word once, by the names of all that it means."""
    found: dict[str, Found] = {}
    for entry in knowledge.entries():
        before = found.get(entry.word)
        names = (*(before.names if before else ()), *entry.names)
        beside = before.beside if before else first_line(entry)
        found[entry.word] = Found(entry.word, names, f"Word: {entry.word}", beside)
    return tuple(found.values())
