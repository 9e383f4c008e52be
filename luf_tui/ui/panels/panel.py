"""Something over the panes that has the keys until it is closed: lists, text, a prompt.

Panels know marks and keys and no toolkit; a screen hosts them, draws what `pane` answers, and does
what the intents say that keys and clicks are answered with.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence

from attrs import evolve, frozen

from luf_tui.machine.refs import Ref
from luf_tui.ui.panels.intents import Close, Intent, Stay
from luf_tui.view.columns import length, wrap
from luf_tui.view.compose import Block
from luf_tui.view.marks import Mark, Pane, Row

CURSOR, DIM, KEY, GOOD, BAD, ACCENT, HEADING, TAB = (
    "cursor", "dim", "key", "ok", "failed", "accent", "heading", "tab",
)  # fmt: skip
"""Roles of panels and hints."""

CLOSE_KEYS = ("escape", "q")
PAGE = 10
PLENTY = 10_000
"""More rows than any panel has."""


class Panel(ABC):
    """Base: a title, rows, and what keys do."""

    name = "panel"
    width = 64
    """Cells it would like, frame included."""
    opener = ""
    """The key that opened it, which closes it too."""
    snug = True
    """True to be no taller than its rows."""
    whole = False
    """True to have the whole screen, without a frame."""

    def __init__(self, title: str) -> None:
        self.title = title

    @abstractmethod
    def pane(self, columns: int, rows: int) -> Pane:
        """What to draw in this many cells."""

    def blocks(self, width: int, height: int) -> list[Block]:
        """Where it draws on a screen of so many cells, if not in one frame as others do."""
        return []

    def height(self, columns: int) -> int:
        """How many rows it would fill at this width."""
        return len(self.pane(columns, PLENTY).rows)

    def key(self, key: str, character: str | None) -> Intent | None:
        """Answer a key; None for one that means nothing here."""
        return Close() if key in CLOSE_KEYS else None

    def paste(self, text: str) -> None:
        """Take pasted text."""

    def press(self, row: int, *, twice: bool) -> Intent:
        """Answer a click on a row."""
        return Stay()

    def press_beside(self, pane: str, ref: Ref | None) -> Intent:
        """Answer a click on a pane beneath, and on what a mark there stands for."""
        return Close()

    def dress(self, blocks: Sequence[Block]) -> Sequence[Block]:
        """What lies beneath, as it is to be seen while the panel is open."""
        return blocks

    @property
    def said(self) -> str:
        """What it says where one looks: whoever asks what words mean, asks about these."""
        return ""

    def refresh(self) -> None:
        """Look again at what is shown, after the screen did something."""

    def refuse(self, problem: str) -> None:
        """Show what is wrong with what was asked for."""


@frozen
class Item:
    """A line of a list."""

    row: Row
    text: str = ""
    """Said after the row, over as many lines as it takes."""
    value: object = None
    on: bool | None = None
    """Whether it is switched on, for items that can be; None for the others."""
    about: str = ""
    """Shown below the list while the cursor is on the item."""
    heading: bool = False
    """A heading cannot be chosen."""
    choose: Intent | None = None
    """The answer to Enter, and to a click on the current item."""
    toggle: Intent | None = None
    """The answer to Space, and where there is nothing to choose, to Enter and a click."""
    remove: Intent | None = None
    """The answer to Delete."""


class ListPanel(Panel):
    """A list to choose from, or whose items are switched on and off."""

    def __init__(
        self,
        title: str,
        items: Sequence[Item],
        *,
        more: Mapping[str, Intent] | None = None,
        hint: str = "",
        empty: str = "nothing here",
        cursor: int = 0,
    ) -> None:
        """`more` are further keys and the answers to them; `hint` says what keys do."""
        super().__init__(title)
        self.items = list(items)
        self.more = more or {}
        self.hint = hint
        self.empty = empty
        self.cursor = cursor
        self._numbers: list[int] = []
        self._first = 0
        self._beyond = 0
        """Rows scrolled to what cannot be chosen, past the cursor."""
        self._step_over(1)

    @property
    def item(self) -> Item | None:
        """The item under the cursor."""
        return self.items[self.cursor] if 0 <= self.cursor < len(self.items) else None

    @property
    def said(self) -> str:
        """The title, and all about the current item."""
        item = self.item
        shown = (*plain(item.row), item.text, item.about) if item else ()
        return "\n".join((self.title, " ".join(shown)))

    def pane(self, columns: int, rows: int) -> Pane:
        """The items, then what the current one is about, then the keys."""
        self._numbers = []
        spread: dict[int, list[Row]] = {}
        for number, item in enumerate(self.items):
            if item.text:
                spread[number] = self._lines(item, number == self.cursor, columns)
            self._numbers += [number] * len(spread.get(number, (None,)))
        at = self._numbers.index(self.cursor) if self.cursor in self._numbers else 0
        foot = self._foot(columns)
        room = max(1, rows - len(foot))
        count = max(1, len(self._numbers))
        calm = first_shown(at, len(spread.get(self.cursor, (None,))), room, count)
        self._first = max(0, min(calm + self._beyond, count - room))
        self._beyond = self._first - calm
        seen = dict.fromkeys(self._numbers[self._first : self._first + room])
        shown: list[Row] = []
        for number in seen:
            lines = spread.get(number)
            if lines is None:
                lines = self._lines(self.items[number], number == self.cursor, columns)
            elif not shown:
                lines = lines[self._first - self._numbers.index(number) :]
            shown += lines
        shown = shown[:room] or [(Mark("  "), Mark(self.empty, DIM))]
        if count > room or not self.snug:
            shown += [()] * (room - len(shown))
        title = (Mark(self.title, "title"), Mark(self._below(room), DIM))
        return Pane(self.name, title, (*shown, *foot))

    def _below(self, room: int) -> str:
        """How many items that can be chosen begin below what is shown, if anything is there."""
        shown, below = self._numbers[: self._first + room], self._numbers[self._first + room :]
        more = [one for one in set(below) - set(shown) if not self.items[one].heading]
        return (f" · {len(more)} more below" if more else " · more below") if below else ""

    def key(self, key: str, character: str | None) -> Intent | None:
        """Move, choose, switch, remove."""
        item = self.item
        step = STEPS.get(key)
        if step is not None:
            self._move(step)
            return Stay()
        if key == "space" and item and item.on is not None:
            return self.toggle(item)
        if key in ("enter", "right") and item:
            return self.use(item)
        if key in ("delete", "x") and item and item.remove:
            return item.remove
        return self.more.get(key) or super().key(key, character)

    def press(self, row: int, *, twice: bool) -> Intent:
        """Put the cursor on the row; on the row it is on, choose or switch."""
        if self.item_at(row) is None:
            return Stay()
        number = self._numbers[row + self._first]
        again = number == self.cursor
        self.cursor = number
        return self.use(self.items[number]) if again or twice else Stay()

    def item_at(self, row: int) -> Item | None:
        """The item in a row that is shown; None for a heading, or none."""
        if not 0 <= row + self._first < len(self._numbers):
            return None
        item = self.items[self._numbers[row + self._first]]
        return None if item.heading else item

    def use(self, item: Item) -> Intent:
        """Choose an item, or switch it where there is nothing to choose."""
        return item.choose or self.toggle(item)

    def toggle(self, item: Item) -> Intent:
        """Switch an item."""
        return item.toggle or Stay()

    def _move(self, step: int) -> None:
        last, before = len(self.items) - 1, self.cursor
        self.cursor = max(0, min(last, self.cursor + step))
        self._step_over(1 if step > 0 or self.cursor == 0 else -1)
        stays = self.cursor == before or abs(step) > PAGE
        self._beyond = self._beyond + step if stays else 0

    def _step_over(self, step: int) -> None:
        """Leave a heading, back where the list ends."""
        at = self.cursor
        while 0 <= at < len(self.items) and self.items[at].heading:
            at += step
        if not 0 <= at < len(self.items):
            at = self.cursor
            while 0 <= at < len(self.items) and self.items[at].heading:
                at -= step
        self.cursor = max(0, min(at, len(self.items) - 1))

    def _lines(self, item: Item, current: bool, columns: int) -> list[Row]:
        if item.heading:
            room = max(10, columns - length(item.row))
            first, *more = wrap(item.text, room) if item.text else [""]
            return [(*item.row, Mark(first)), *((Mark(line),) for line in more)]
        box: Row = ()
        if item.on is not None:
            box = (Mark("[✓] ", GOOD) if item.on else Mark("[ ] ", DIM),)
        head = (*box, *item.row)
        indent = 2 + length(head)
        said = wrap(item.text, max(10, columns - indent)) if item.text else [""]
        rows: list[Row] = [
            (*head, Mark(said[0])),
            *((Mark(" " * (indent - 2)), Mark(line)) for line in said[1:]),
        ]
        return [
            (Mark("▸ " if current and n == 0 else "  ", ACCENT), *_lit(row, current, columns - 2))
            for n, row in enumerate(rows)
        ]

    def _foot(self, columns: int) -> list[Row]:
        rows: list[Row] = []
        about = self.item.about if self.item else ""
        if any(item.about for item in self.items):
            lines = wrap(about, columns)
            longest = max(len(wrap(item.about, columns)) for item in self.items)
            lines += [""] * (min(longest, 8) - len(lines))
            rows += [(), *((Mark(line),) for line in lines)]
        if self.hint:
            rows += [(), key_row(self.hint)]
        return rows


def first_shown(at: int, tall: int, room: int, count: int) -> int:
    """The first of `count` rows to show in `room`, so that the `tall` rows from `at` on are seen.

    It moves by half a page at a time, as the panes do: a list that moved with each key would be
    sent to the terminal anew with each key.
    """
    half = max(1, room // 2)
    first = (at - room // 4) // half * half
    return max(0, min(max(first, min(at, at + tall - room)), count - room))


STEPS = {
    "up": -1, "k": -1, "down": 1, "j": 1, "pageup": -PAGE, "pagedown": PAGE, "home": -100_000,
    "end": 100_000,
}  # fmt: skip
"""How far a key moves in a list."""


class TextPanel(Panel):
    """Rows to read, with scrolling."""

    def __init__(self, title: str, rows: Sequence[Row]) -> None:
        super().__init__(title)
        self.rows = tuple(rows)
        self.top = 0
        self._room = 1

    @property
    def said(self) -> str:
        """The rows in sight."""
        shown = self.rows[self.top : self.top + self._room]
        return "\n".join((self.title, *(" ".join(plain(row)) for row in shown)))

    def lay(self, columns: int) -> Sequence[Row]:
        """The rows at a width."""
        return self.rows

    def height(self, columns: int) -> int:
        """All its rows: asking moves nothing."""
        return len(self.lay(columns))

    def pane(self, columns: int, rows: int) -> Pane:
        """The rows from the first one shown."""
        self.rows = tuple(self.lay(columns))
        self._room = max(1, rows)
        self.top = max(0, min(self.top, len(self.rows) - rows))
        shown = self.rows[self.top : self.top + rows]
        below = len(self.rows) - self.top - len(shown)
        more = f" · {below} more below" if below else ""
        return Pane(self.name, (Mark(self.title, "title"), Mark(more, DIM)), shown)

    def key(self, key: str, character: str | None) -> Intent | None:
        """Scroll."""
        step = STEPS.get(key)
        if key == "space" or step in (-PAGE, PAGE):
            step = (self._room - 1) * (-1 if step == -PAGE else 1)
        if step is None:
            return super().key(key, character)
        self.top += step
        return Stay()


def plain(row: Row) -> Iterator[str]:
    """The texts of a row's marks."""
    return (mark.text for mark in row)


def _lit(row: Row, current: bool, columns: int) -> Row:
    if not current:
        return row
    used = length(row)
    return (*(evolve(mark, role=CURSOR) for mark in row), Mark(" " * (columns - used), CURSOR))


def key_row(hint: str) -> Row:
    """Hints such as `space switch   esc done`: three spaces apart, the key first."""
    row: list[Mark] = []
    for part in hint.split("   "):
        key, _, label = part.partition(" ")
        row += [Mark(key, KEY), Mark(f" {label}   ", DIM)]
    return tuple(row)
