"""The gallery: every scenario by folder, with what to look at in it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from attrs import evolve
from textual import events
from textual.worker import get_current_worker

from luf_tui import library
from luf_tui.errors import LufError
from luf_tui.library import Entry
from luf_tui.runs import opening
from luf_tui.ui import actions
from luf_tui.ui.actions import Action
from luf_tui.ui.background.sketches import WIDE, Stamp, stamp_of
from luf_tui.ui.background.traces import first_lines
from luf_tui.ui.drawing.grid import Grid
from luf_tui.ui.key_names import as_bound
from luf_tui.ui.panels.intents import Open
from luf_tui.ui.panels.panel import ACCENT, BAD, DIM, HEADING, plain
from luf_tui.ui.panels.problems import ProblemsPanel, problem_rows
from luf_tui.ui.panels.scenarios import ScenarioList
from luf_tui.ui.panels.stack import SIDE_WIDTH
from luf_tui.ui.preferences import Preferences
from luf_tui.ui.screens.base_screen import BaseScreen
from luf_tui.ui.session import Reply
from luf_tui.view.columns import wrap
from luf_tui.view.compose import Block
from luf_tui.view.marks import Mark, Pane, Row

HERE = "this folder"
"""Heading of the scenarios in the working folder."""
QUIET = 0.4
"""Seconds without a key after which the gallery finds out about scenarios, in no one's way."""
AFTER = 0.05
"""Seconds a script is shown before it is parsed."""
HINTS = (
    ("list-up", "list-down", "choose"),
    ("list-open",),
    ("list-filter",),
    ("theme",),
    ("help",),
    ("quit", "leave"),
)


class Gallery(BaseScreen):
    """Scenarios to choose from, and the script of the one under the cursor."""

    WHERE: ClassVar[str] = actions.GALLERY

    def __init__(
        self,
        preferences: Preferences,
        entries: Sequence[Entry] | None = None,
        problem: LufError | None = None,
        again: Open | None = None,
    ) -> None:
        """`problem` is shown at once: why the file named on the command line cannot be played.

        `again` tries once more.
        """
        super().__init__(preferences)
        self.entries = tuple(everything() if entries is None else entries)
        self.sketches = preferences.sketches
        self._touched = 0.0
        """When a key was pressed last."""
        self.list = ScenarioList(self.entries, self.sketches.of)
        self._previews: dict[Path, tuple[Stamp, tuple[Row, ...] | LufError]] = {}
        if problem is not None:
            self.panels.open(ProblemsPanel(problem, again))

    def on_mount(self) -> None:
        """Find out what each scenario shows and which cannot be played, while the person looks."""
        self.run_worker(self._look_through, thread=True, exit_on_error=False)

    def _look_through(self) -> None:
        """In a thread: play every scenario, those in sight first, while nothing else is being
        opened or looked at.
        """
        worker = get_current_worker()
        left = {entry.path: None for entry in self.entries}
        while left and not worker.is_cancelled:
            time.sleep(AFTER)
            quiet = time.monotonic() - self._touched
            if self.panels or not self.is_current or quiet < QUIET:
                continue
            shown = (path for path in self._shown() if path in left)
            path = next(shown, next(iter(left)))
            del left[path]
            if self.sketches.due(path):
                self._look(path)

    def _look(self, path: Path) -> None:
        """In a thread: find out about one scenario, and have it shown."""
        broken = False
        try:
            self.sketches.look(path)
        except LufError:
            broken = True
        except OSError:
            return
        self.app.call_later(self._found, path, broken)

    def _found(self, path: Path, broken: bool) -> None:
        """Show what became known of a scenario; the cursor stays."""
        if broken:
            self.list.broken |= {path}
        self.list.refresh()
        self.paint_soon()

    def _shown(self) -> Iterator[Path]:
        """The files of the list, from the cursor on."""
        items, at = tuple(self.list.items), self.list.cursor
        values = (item.value for item in (*items[at:], *items[:at]))
        return (value.path for value in values if isinstance(value, Entry))

    # -- drawing ------------------------------------------------------------------------------

    def blocks(self, width: int, height: int) -> list[Block]:
        """The list at the left, the script of the current one at the right."""
        left = max(34, min(78, width // 2 if width >= SIDE_WIDTH else width * 2 // 5))
        tall = height - 3
        head = Pane("head", (), (head_row(width), ()))
        listed = self.list.pane(left - 4, tall - 2)
        shown = self._preview(width - left - 4)
        return [
            Block(head, 0, 0, width, 2, frame=False),
            Block(listed, 0, 2, left, tall, focus=not self.panels),
            Block(shown, left, 2, width - left, tall),
        ]

    def hints(self) -> Sequence[tuple[str, str, str]]:
        """What can be done with a list."""
        return actions.hints(HINTS)

    def _preview(self, columns: int) -> Pane:
        item = self.list.item
        if item is None or not isinstance(item.value, Entry):
            return Pane("preview", (), ())
        entry = item.value
        rows: list[Row] = [(Mark(line),) for line in wrap(as_bound(entry.about), columns)]
        known = self.sketches.of(entry.path)
        if known is not None:
            rows += [(), *((Mark(line, DIM),) for line in wrap(known.told, columns))]
            rows.append((known.wide if columns >= WIDE else known.narrow)[:columns])
        return Pane(
            f"preview {entry.path}",
            (Mark(entry.path.name, "title"),),
            (*rows, (), *found_in(self._script(entry.path, columns), self.list.words)),
        )

    def _script(self, path: Path, columns: int) -> Sequence[Row]:
        """The script, or what is wrong with it; kept until the file changes."""
        try:
            stamp = stamp_of(path)
            known = self._previews.get(path)
            if known is None or known[0] != stamp:
                known = self._previews[path] = (stamp, script_rows(path))
                self.set_timer(AFTER, lambda: self._judge(path, stamp))
        except OSError as error:
            return ((Mark(f"cannot be read: {error.strerror}", BAD),),)
        shown = known[1]
        return problem_rows(shown, columns) if isinstance(shown, LufError) else shown

    def _judge(self, path: Path, stamp: Stamp) -> None:
        """Show what is wrong with a script in its place. Later: loading a parser takes a while."""
        try:
            if not opening.is_recording(path):
                opening.program(path)
        except LufError as error:
            self._previews[path] = (stamp, error)
            self.paint_soon()

    def do(self, action: Action) -> None:
        """Do what the registry has for this screen."""
        if action.gallery is not None:
            self.say(action.gallery(self))

    # -- actions ------------------------------------------------------------------------------

    def in_list(self, key: str) -> None:
        """Move in the list, or open."""
        self._touched = time.monotonic()
        intent = self.list.key(key, None)
        if intent is not None:
            self.answer(self.list, intent)

    def scroll(self, direction: int) -> None:
        """Scroll the script."""
        name = next(
            (b.pane.name for b in self.grid.blocks if b.pane.name.startswith("preview")), ""
        )
        self.grid.scroll_pane(name, direction * 10)

    def begin_filter(self) -> None:
        """Show only the scenarios with what is typed from now on."""
        self.list.typing = True

    def takes(self, key: str, character: str | None) -> bool:
        """What is typed into the filter."""
        self._touched = time.monotonic()
        if not self.list.typing:
            return False
        intent = self.list.key(key, character)
        if intent is not None:
            self.answer(self.list, intent)
        return intent is not None

    def on_paste(self, event: events.Paste) -> None:
        """Look for pasted text."""
        if self.panels:
            super().on_paste(event)
        else:
            self.list.paste(event.text)
            self.paint_soon()

    def back(self) -> Reply | None:
        """To the run that is open, if one is; shows all scenarios first when some are hidden."""
        if self.list.filter:
            self.list.narrow("")
        elif len(self.app.screen_stack) > 1:
            self.dismiss()
        else:
            return Reply("{quit} leaves", moved=False)
        return None

    def leave(self) -> None:
        """Leave the app."""
        self.app.exit()

    # -- the mouse ----------------------------------------------------------------------------

    def pressed(self, message: Grid.Pressed) -> None:
        """A click puts the cursor on a scenario, a second one opens it."""
        if message.hit.pane == self.list.name:
            self.answer(self.list, self.list.press(message.hit.row, twice=message.twice))

    def on_grid_scrolled(self, message: Grid.Scrolled) -> None:
        """The wheel moves in the list."""
        if self.panels:
            super().on_grid_scrolled(message)
        else:
            message.stop()
            self.in_list("down" if message.rows > 0 else "up")

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        """The theme may have changed meanwhile."""
        self.grid.use(self.preferences.styles)


def everything() -> list[Entry]:
    """The shipped scenarios, tours first, and those in the working folder before them."""
    shipped = [*library.shipped(), *library.recordings()]
    stops = [stop for tour in library.tours() for stop in tour.stops]
    known = {entry.path.resolve() for entry in shipped}
    here = [
        evolve(library.entry(path), name=f"{HERE}/{path.name}")
        for path in sorted(Path().glob("*.luf"))
        if path.is_file() and path.resolve() not in known
    ]
    return [*here, *stops, *(entry for entry in shipped if not entry.stop)]


def script_rows(path: Path) -> tuple[Row, ...] | LufError:
    """A script with its lines dimmed where they are comments; why a recording has none to show."""
    if opening.is_recording(path):
        try:
            return tuple((Mark(line.expandtabs()),) for line in first_lines(path))
        except LufError as error:
            return error
    lines = path.read_text("utf-8", errors="replace").splitlines()
    return tuple(
        (Mark(line, DIM if line.lstrip().startswith("#") else "text"),)
        for line in lines
        if line.split(" ", maxsplit=1)[0] not in ("title", "tour", "about")
    )


def found_in(rows: Sequence[Row], words: Sequence[str]) -> list[Row]:
    """Rows of a script, those with a word that is looked for lit."""
    if not words:
        return list(rows)
    return [
        tuple(evolve(mark, role=ACCENT) for mark in row)
        if any(word in text.casefold() for word in words for text in plain(row))
        else row
        for row in rows
    ]


def head_row(width: int) -> Row:
    """The first line of the gallery."""
    name, said = " luf-tui ", "  a TLB flush may wait until the page it protects is used again"
    return (Mark(name, HEADING), Mark(said[: width - len(name)], ACCENT))
