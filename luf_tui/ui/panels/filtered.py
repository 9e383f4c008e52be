"""A list that is narrowed to what matches while one types."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from luf_tui.ui.panels.intents import Intent, Stay
from luf_tui.ui.panels.panel import ACCENT, CURSOR, DIM, Item, ListPanel
from luf_tui.view.marks import Mark, Pane, Row

LETTERS_OF_LISTS = ("j", "k", "q")
"""Letters that move in a list or close it: they are no filter's first letter, but after `/`."""
MOST = 60
"""Letters that a filter may have."""


class FilteredPanel(ListPanel):
    """A list with a filter: any letter that means nothing in a list begins it, and so does `/`.
    Escape takes it away first, and the panel next.
    """

    snug = False

    def __init__(self, title: str, *, hint: str = "", empty: str = "nothing here") -> None:
        super().__init__(title, (), hint=hint, empty=empty)
        self.filter = ""
        self.typing = False
        """Whether every letter belongs to the filter."""
        self._above = 0

    @abstractmethod
    def matching(self, words: Sequence[str]) -> Sequence[Item]:
        """The items with all of these words, which are in lower case; all of them without one."""

    def best(self, items: Sequence[Item]) -> int:
        """The place of the item that is meant most likely."""
        return 0

    def narrow(self, text: str) -> None:
        """Have this filter."""
        self.filter = text[:MOST]
        self.items = list(self.matching(self.filter.casefold().split()))
        self.cursor = self.best(self.items) if self.filter else 0
        self._step_over(1)

    def pane(self, columns: int, rows: int) -> Pane:
        """The filter, where there is one, then what matches it."""
        above: list[Row] = []
        if self.typing:
            line = (Mark("/ ", ACCENT), Mark(self.filter), Mark(" ", CURSOR))
            above = [(*line, Mark(f"  {self._count()}", DIM)), ()]
        self._above = len(above)
        listed = super().pane(columns, max(1, rows - len(above)))
        return Pane(self.name, listed.title, (*above, *listed.rows))

    def _count(self) -> str:
        count = sum(not item.heading for item in self.items)
        return f"{count} match" + ("es" if count != 1 else "")

    def key(self, key: str, character: str | None) -> Intent | None:
        """Type into the filter, or use the list."""
        if self.typing:
            if key == "escape":
                return self._leave()
            if key == "backspace":
                if not self.filter:
                    return self._leave()
                self.narrow(self.filter[:-1])
                return Stay()
            if key == "ctrl+u":
                self.narrow("")
                return Stay()
            if character and character.isprintable():
                self.narrow(self.filter + character)
                return Stay()
        elif key == "slash":
            self.typing = True
            return Stay()
        elif self.begins(key, character):
            self.typing = True
            self.narrow(character or "")
            return Stay()
        return super().key(key, character)

    def begins(self, key: str, character: str | None) -> bool:
        """Whether a key begins the filter: any letter or digit but those that a list knows, and the
        one that closes it as it opened it.
        """
        known = (*LETTERS_OF_LISTS, *self.more, self.opener)
        return bool(character) and len(key) == 1 and key not in known

    def _leave(self) -> Intent:
        self.typing = False
        self.narrow("")
        return Stay()

    def paste(self, text: str) -> None:
        """Look for pasted text."""
        self.typing = True
        self.narrow(self.filter + " ".join(text.split()))

    def press(self, row: int, *, twice: bool) -> Intent:
        """Rows of the list stand below the filter."""
        return super().press(row - self._above, twice=twice) if row >= self._above else Stay()
