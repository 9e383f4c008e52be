"""Bookmarks: gone to, given a note, or removed."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from luf_tui.timeline.navigate import bookmarks
from luf_tui.timeline.navigate.bookmarks import Bookmark
from luf_tui.ui.key_names import with_keys
from luf_tui.ui.panels.intents import Do, Intent
from luf_tui.ui.panels.panel import ACCENT, DIM, Item, ListPanel
from luf_tui.ui.panels.prompt import Prompt
from luf_tui.ui.session import Reply, Session
from luf_tui.view.marks import Mark

if TYPE_CHECKING:
    from luf_tui.ui.screens.run_screen import RunScreen

NOTE_HELP = ("shown where the bookmark stands; an empty line takes the note away",)


def begin(screen: RunScreen) -> None:
    """List the bookmarks of the run."""
    screen.navigation.pause()
    screen.open(BookmarksPanel(screen.session))


class BookmarksPanel(ListPanel):
    """The bookmarks of a session. A bookmark's letter goes to it."""

    name = "bookmarks"
    width = 66

    def __init__(self, session: Session) -> None:
        super().__init__(
            "bookmarks",
            (),
            hint="⏎ or its letter: go   space note   del remove   esc close",
            empty=with_keys("none yet: {bookmark} marks a place"),
        )
        self.session = session
        self.refresh()

    def key(self, key: str, character: str | None) -> Intent | None:
        """A bookmark's letter goes to it; everything else is as in a list."""
        for item in self.items:
            mark = item.value
            if isinstance(mark, Bookmark) and mark.name == character:
                return item.choose
        if key == "space" and self.item and isinstance(self.item.value, Bookmark):
            return Do(partial(_ask_note, mark=self.item.value))
        return super().key(key, character)

    def refresh(self) -> None:
        """Show the session's bookmarks as they are now."""
        timeline = self.session.timeline
        self.items = []
        for mark in self.session.marks:
            at = bookmarks.find(timeline, mark)
            where = f"step {at}" if at >= 0 else "not in this run"
            head = (Mark(f"{mark.name}  ", ACCENT), Mark(f"{where:<16}", DIM))
            said = " ".join(mark.text.split()) or "power-on"
            self.items.append(
                Item(
                    head,
                    text=f"{mark.note} · {said}" if mark.note else said,
                    value=mark,
                    choose=Do(partial(_go, mark=mark), close=True),
                    remove=Do(partial(_remove, name=mark.name)),
                )
            )
        self.cursor = max(0, min(self.cursor, len(self.items) - 1))


def _go(screen: RunScreen, mark: Bookmark) -> Reply:
    screen.navigation.pause()
    return screen.session.to_mark(mark)


def _remove(screen: RunScreen, name: str) -> Reply:
    return screen.session.unmark(name)


def _ask_note(screen: RunScreen, mark: Bookmark) -> None:
    use = partial(_note, name=mark.name)
    title = f"note on bookmark {mark.name}"
    screen.open(Prompt(title, use, text=mark.note, help_rows=NOTE_HELP, blank=True))


def _note(screen: RunScreen, text: str, name: str) -> Reply:
    reply = screen.session.note(name, text)
    for panel in screen.panels:
        panel.refresh()
    return reply
