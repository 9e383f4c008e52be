"""What words mean: those of a sentence to choose from, and an entry to read on from."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from attrs import frozen

from luf_tui import knowledge
from luf_tui.knowledge import Entry
from luf_tui.ui.key_names import as_bound, with_keys
from luf_tui.ui.panels.filtered import FilteredPanel
from luf_tui.ui.panels.intents import Close, Explain, Intent, Stay
from luf_tui.ui.panels.panel import ACCENT, CURSOR, DIM, HEADING, Item, Panel, key_row
from luf_tui.view.columns import cells, cut, wrap
from luf_tui.view.marks import Mark, Pane, Row
from luf_tui.word_facts import facts

COLUMN = 24
"""Cells of a word before what it means."""
NEAR = 6
"""Words that are offered where none matches."""
LIKENESS = 0.4
"""How near they have to be, 1 for the same word."""
LINK_HINT = "⏎ read the link   ⌫ back   {glossary} its words   esc close"


@frozen
class Saying:
    """A sentence that stands on the screen, and what it is."""

    what: str
    text: str


def first_line(entry: Entry) -> str:
    """The first paragraph of an entry."""
    return entry.text.split("\n")[0].removeprefix("- ")


def word_item(entry: Entry, *, about: bool = False) -> Item:
    """An entry as a line of a list, with its first paragraph there or below; Enter shows it."""
    first = first_line(entry)
    return Item(
        (
            Mark(f"{cut(entry.word, COLUMN):<{COLUMN}} ", ACCENT),
            Mark(f"{entry.kind:<11}", DIM),
            Mark(first if not about else ""),
        ),
        value=entry.word,
        about=first if about else "",
        choose=Explain(entry.word),
    )


class GlossaryPanel(FilteredPanel):
    """The words of what is said on the screen, and any other word by typing it."""

    name = "glossary"
    width = 92

    def __init__(self, sayings: Sequence[Saying]) -> None:
        super().__init__("words", hint="type any word   ⏎ what it means   esc close")
        self.sayings = tuple(sayings)
        self.narrow("")

    def matching(self, words: Sequence[str]) -> Sequence[Item]:
        """Entries by their names; without a filter, those of the words that are said."""
        if not words:
            return self._said()
        wanted = " ".join(words)
        named = [
            entry
            for entry in knowledge.entries()
            if any(wanted in name.casefold() for name in entry.names)
        ]
        exact = [entry for entry in knowledge.find(wanted) if entry not in named]
        if named or exact:
            return [word_item(entry) for entry in (*exact, *named)]
        names = {name.casefold(): e for e in knowledge.entries() for name in e.names}
        close = get_close_matches(wanted, names, NEAR, LIKENESS)
        self.empty = f"nothing is called '{wanted}'"
        near = {id(names[name]): names[name] for name in close}.values()
        told = Item((Mark(f"nothing is called '{wanted}'; near it", DIM),), heading=True)
        return [told, *map(word_item, near)] if close else ()

    def best(self, items: Sequence[Item]) -> int:
        """The entry of that very word, else one that begins with it."""
        wanted = self.filter.casefold().strip()
        exact = {entry.word for entry in knowledge.find(wanted)}
        words = [str(item.value or "") for item in items]
        by_name = (n for n, word in enumerate(words) if word in exact)
        by_start = (n for n, word in enumerate(words) if word.casefold().startswith(wanted))
        return next(by_name, next(by_start, 0))

    def _said(self) -> Sequence[Item]:
        found: list[Item] = []
        known: set[str] = set()
        for saying in self.sayings:
            words = [word for word in knowledge.words_of(saying.text) if word not in known]
            if not words:
                continue
            known.update(words)
            if found:
                found.append(Item((), heading=True))
            head = (Mark(f"{saying.what}  ", HEADING),)
            found.append(Item(head, text=saying.text, heading=True))
            found += [word_item(knowledge.find(word)[0], about=True) for word in words]
        self.empty = "no word here is in the book; type one"
        return found


class EntryPanel(Panel):
    """All that a word means, with links to read on from and a way back."""

    name = "entry"
    width = 84
    snug = False

    def __init__(self, word: str) -> None:
        """`word` has an entry."""
        super().__init__(word)
        self.word = word
        self.top = 0
        self.link = -1
        """Which link the cursor is on; -1 while none is in sight."""
        self._came: list[tuple[str, int, int]] = []
        """Words read before, with the first row and the link, the latest last."""
        self._rows: list[Row] = []
        self._links: list[tuple[int, str]] = []
        """Row and word of every link."""
        self._room = 1

    @property
    def said(self) -> str:
        """What the entry says."""
        return " ".join(entry.text for entry in knowledge.find(self.word))

    def pane(self, columns: int, rows: int) -> Pane:
        """The entry from the first row shown, and the keys."""
        self._room = max(1, rows - 2)
        self._write(columns)
        self.top = max(0, min(self.top, len(self._rows) - self._room))
        self._aim()
        shown = self._rows[self.top : self.top + self._room]
        if self.link >= 0:
            row, word = self._links[self.link]
            shown[row - self.top] = (
                Mark("▸ ", ACCENT),
                Mark(word, CURSOR),
                *shown[row - self.top][2:],
            )
        below = len(self._rows) - self.top - len(shown)
        shown += [()] * (self._room - len(shown))
        more = f" · {below} more below" if below else ""
        title = (Mark(self.word, "title"), Mark(more, DIM))
        return Pane(self.name, title, (*shown, (), key_row(with_keys(LINK_HINT))))

    def _write(self, columns: int) -> None:
        self._rows, self._links = [], []
        for number, entry in enumerate(knowledge.find(self.word)):
            if number:
                self._rows += [(), (Mark("─" * columns, DIM),)]
            self._write_entry(entry, columns)

    def _write_entry(self, entry: Entry, columns: int) -> None:
        rows = self._rows
        rows.append((Mark(entry.word, HEADING), Mark(f"  {entry.kind}", DIM)))
        if entry.aliases:
            rows += [
                (Mark(line, DIM),) for line in wrap(f"also {', '.join(entry.aliases)}", columns)
            ]
        for block in entry.text.split("\n\n"):
            rows.append(())
            for line in block.split("\n"):
                indent = "  " if line.startswith("- ") else ""
                first, *more = wrap(as_bound(line), columns - len(indent))
                rows += [(Mark(first),), *((Mark(f"{indent}{one}"),) for one in more)]
        told = [(name, text) for name, text in facts(entry) if text]
        wide = min(COLUMN, max((cells(name) for name, _ in told), default=0) + 2)
        if told:
            rows.append(())
        for name, text in told:
            lines = wrap(text, max(10, columns - wide))
            beside = cells(name) < wide
            if not beside:
                rows.append((Mark(name, DIM),))
            rows += [
                (Mark(f"{name if n == 0 and beside else '':<{wide}}", DIM), Mark(line))
                for n, line in enumerate(lines)
            ]
        if entry.see:
            rows += [(), (Mark("see", DIM),)]
        for word in entry.see:
            self._links.append((len(rows), word))
            about = first_line(knowledge.find(word)[0])
            rows.append((Mark("  "), Mark(word, ACCENT), Mark(f"  {about}", DIM)))

    def key(self, key: str, character: str | None) -> Intent | None:
        """Move over links and rows, follow a link, go back."""
        if key in ("down", "j", "up", "k"):
            self._step(1 if key in ("down", "j") else -1)
        elif key in ("pagedown", "space", "pageup"):
            self._turn((self._room - 1) * (-1 if key == "pageup" else 1))
        elif key in ("home", "end"):
            self._turn(len(self._rows) * (1 if key == "end" else -1))
        elif key in ("enter", "right"):
            if 0 <= self.link < len(self._links):
                self.read(self._links[self.link][1])
        elif key in ("backspace", "left"):
            if not self._came:
                return Close()
            self.word, self.top, self.link = self._came.pop()
        else:
            return super().key(key, character)
        return Stay()

    def read(self, word: str) -> None:
        """Show another word; the way back is kept."""
        self._came.append((self.word, self.top, self.link))
        self.word, self.top, self.link = word, 0, -1

    def _step(self, by: int) -> None:
        """To the next link if it is in sight, or a row on."""
        wanted = self.link + by
        if (
            self.link >= 0
            and 0 <= wanted < len(self._links)
            and self._in_sight(self._links[wanted][0])
        ):
            self.link = wanted
        else:
            self._turn(by)

    def _turn(self, by: int) -> None:
        """Scroll; the cursor goes along with what is in sight."""
        self.top = max(0, min(self.top + by, len(self._rows) - self._room))
        self._aim(last=by > 1)

    def _aim(self, *, last: bool = False) -> None:
        """Have the cursor on a link in sight, if there is one."""
        seen = [n for n, (row, _) in enumerate(self._links) if self._in_sight(row)]
        if not seen:
            self.link = -1
        elif self.link not in seen:
            self.link = seen[-1] if last else seen[0]

    def _in_sight(self, row: int) -> bool:
        return self.top <= row < self.top + self._room

    def press(self, row: int, *, twice: bool) -> Intent:
        """A click on a link follows it."""
        for at, word in self._links:
            if at == row + self.top and row < self._room:
                self.read(word)
                break
        return Stay()
