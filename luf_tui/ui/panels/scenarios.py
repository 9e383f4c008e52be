"""The list of the gallery: scenarios by folder, narrowed while one types, and what each shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from attrs import evolve

from luf_tui.library import Entry
from luf_tui.runs import opening
from luf_tui.ui.background.sketches import NARROW, Sketch, Stamp, stamp_of
from luf_tui.ui.panels.filtered import FilteredPanel
from luf_tui.ui.panels.intents import Open
from luf_tui.ui.panels.panel import ACCENT, BAD, DIM, HEADING, Item
from luf_tui.view.columns import cut, length
from luf_tui.view.marks import Mark, Pane, Row

ROOM, MORE_ROOM = 44, 66
"""Cells of a row from which on it tells of the run, too, and from which on how long it is."""


class ScenarioList(FilteredPanel):
    """Scenarios and recordings, the filter looks into their texts, too."""

    name = "scenarios"

    def __init__(
        self, entries: Sequence[Entry], sketch_of: Callable[[Path], Sketch | None]
    ) -> None:
        super().__init__("scenarios", empty="no scenario found")
        self.entries = tuple(entries)
        self.broken: frozenset[Path] = frozenset()
        """Files that cannot be played."""
        self._sketch_of = sketch_of
        self._said: dict[Path, tuple[Stamp, str]] = {}
        self._columns = 0
        self.narrow("")

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the filter, in lower case."""
        return tuple(self.filter.casefold().split())

    def matching(self, words: Sequence[str]) -> Sequence[Item]:
        """The entries with all of these words in name, title, about or script, by folder."""
        items: list[Item] = []
        folder = None
        for entry in self.entries:
            if words and not all(word in self._text(entry) for word in words):
                continue
            if entry.folder != folder:
                folder = entry.folder
                if items:
                    items.append(Item((), heading=True))
                heading = self._beside(_heading(entry), self._labels)
                items.append(Item((Mark("  "), *heading), heading=True))
            items.append(Item(self._row(entry), value=entry, choose=Open(entry.path)))
        count = sum(not item.heading for item in items)
        self.empty = f"no scenario matches '{self.filter}'" if words else "no scenario found"
        about = f" matching '{self.filter}'" if words else ""
        self.title = f"{count} scenario{'' if count == 1 else 's'}{about}"
        return items

    def refresh(self) -> None:
        """Show what has become known meanwhile; the cursor stays."""
        at = self.cursor
        self.items = list(self.matching(self.words))
        self.cursor = max(0, min(at, len(self.items) - 1))

    def pane(self, columns: int, rows: int) -> Pane:
        """The list in so many cells."""
        if columns != self._columns:
            self._columns = columns
            self.refresh()
        return super().pane(columns, rows)

    @property
    def _room(self) -> int:
        return self._columns - 2

    @property
    def _labels(self) -> Row:
        """What the figures and signs at the right are."""
        if self._room < ROOM:
            return ()
        steps = f"{'steps':>7}" if self._room >= MORE_ROOM else ""
        return (Mark(f"{steps} races  ✖  {'events':<{NARROW}}", DIM),)

    def _figures(self, known: Sketch) -> Row:
        """What is known of a run, under the labels."""
        if self._room < ROOM:
            return ()
        races, broken = known.races or "·", known.violations or "·"
        steps: Row = (Mark(f"{known.steps:>7}", DIM),) if self._room >= MORE_ROOM else ()
        blank = Mark(" " * (NARROW - len(known.narrow)))
        return (
            *steps,
            Mark(f"{races:>6}", ACCENT if known.races else DIM),
            Mark(f"{broken:>3}", BAD if known.violations else DIM),
            Mark("  "),
            *known.narrow,
            blank,
        )

    def _beside(self, row: Row, right: Row) -> Row:
        """A row, cut so that something stands at its right."""
        room = self._room - length(right) - 1
        cut_row = (*row[:-1], evolve(row[-1], text=cut(row[-1].text, room - length(row[:-1]))))
        gap = self._room - length(cut_row) - length(right)
        return (*cut_row, Mark(" " * gap), *right) if right else row

    def _row(self, entry: Entry) -> Row:
        """The title at the left; at the right what is known of the run, where there is room."""
        stop: Row = (Mark(f"{entry.stop} ", DIM),) if entry.stop else ()
        bad: Row = (Mark("✖ ", BAD),) if entry.path in self.broken else ()
        known = self._sketch_of(entry.path)
        title = (*stop, *bad, Mark(entry.title))
        return self._beside(title, self._figures(known) if known else self._blank)

    @property
    def _blank(self) -> Row:
        """What stands under the labels while nothing is known."""
        return tuple(Mark(" " * length((mark,))) for mark in self._labels)

    def _text(self, entry: Entry) -> str:
        """All there is to find of an entry, in lower case."""
        try:
            stamp = stamp_of(entry.path)
        except OSError:
            stamp = (0, 0)
        known = self._said.get(entry.path)
        if known is None or known[0] != stamp:
            script = "" if opening.is_recording(entry.path) else _script(entry.path)
            said = " ".join((entry.name, entry.title, entry.tour, entry.about, script))
            known = self._said[entry.path] = (stamp, said.casefold())
        return known[1]


def _script(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace")
    except OSError:
        return ""


def _heading(entry: Entry) -> Row:
    """The folder; of a tour, what it is called."""
    name = Mark(entry.folder or "scenarios", HEADING)
    return (name, Mark(f"  {entry.tour}", ACCENT)) if entry.tour else (name,)
