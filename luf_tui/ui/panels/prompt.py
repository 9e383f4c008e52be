"""A line to type in: go to, search, name a bookmark, add a breakpoint."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from luf_tui.ui.panels.intents import Close, Intent, Purpose, Stay, Type, Use
from luf_tui.ui.panels.panel import ACCENT, BAD, CURSOR, DIM, Panel
from luf_tui.view.marks import Mark, Pane, Row

MOST = 500
"""Characters a line may have."""


class Prompt(Panel):
    """One line of text with a cursor. Enter uses it; a mistake is told and can be corrected."""

    name = "prompt"
    width = 78

    def __init__(
        self,
        title: str,
        purpose: Purpose | Use,
        *,
        text: str = "",
        help_rows: Sequence[str] = (),
        recent: Sequence[str] = (),
        blank: bool = False,
    ) -> None:
        """`purpose` is what the line is typed for, and told to the screen with it.

        `recent` are earlier lines, newest last, for the up key. `blank`: an empty line means
        something too.
        """
        super().__init__(title)
        self.purpose = purpose
        self.text = text[:MOST]
        self.at = len(self.text)
        self.help_rows = tuple(help_rows)
        self.recent = [*recent, text]
        self.place = len(self.recent) - 1
        self.blank = blank
        self.problem = ""

    def pane(self, columns: int, rows: int) -> Pane:
        """The line with its cursor, then a mistake or the help."""
        first = max(0, self.at - columns + 4)
        before, after = self.text[first : self.at], self.text[self.at :]
        line: Row = (
            Mark("› ", ACCENT),
            Mark(before),
            Mark(after[:1] or " ", CURSOR),
            Mark(after[1:]),
        )
        told = [(Mark("✖ " + self.problem, BAD),)] if self.problem else []
        helped = [(Mark(row, DIM),) for row in self.help_rows]
        return Pane(self.name, (Mark(self.title, "title"),), (line, *told, *helped))

    def key(self, key: str, character: str | None) -> Intent | None:
        """Edit the line."""
        if key == "escape":
            return Close()
        if key == "enter":
            used = self.text.strip() or self.blank
            return Type(self.purpose, self.text) if used else Close()
        if key in EDITS:
            self.text, self.at = EDITS[key](self.text, self.at)
        elif key in ("up", "down"):
            self._recall(-1 if key == "up" else 1)
        elif character and character.isprintable():
            self._insert(character)
        else:
            return None
        return Stay()

    def refuse(self, problem: str) -> None:
        """Show what is wrong with the line until it is changed."""
        self.problem = problem

    def paste(self, text: str) -> None:
        """Put text in, its line ends as spaces."""
        self._insert("".join(c if c.isprintable() else " " for c in text.strip()))

    def _insert(self, text: str) -> None:
        self.problem = ""
        text = text[: MOST - len(self.text)]
        self.text = self.text[: self.at] + text + self.text[self.at :]
        self.at += len(text)

    def _recall(self, step: int) -> None:
        self.place = max(0, min(len(self.recent) - 1, self.place + step))
        self.text = self.recent[self.place]
        self.at = len(self.text)


def _without_word(text: str, at: int) -> tuple[str, int]:
    kept = text[:at].rstrip().rpartition(" ")
    start = len(kept[0]) + len(kept[1])
    return text[:start] + text[at:], start


Edit = Callable[[str, int], tuple[str, int]]

EDITS: dict[str, Edit] = {
    "left": lambda text, at: (text, max(0, at - 1)),
    "right": lambda text, at: (text, min(len(text), at + 1)),
    "home": lambda text, at: (text, 0),
    "end": lambda text, at: (text, len(text)),
    "backspace": lambda text, at: (text[: max(0, at - 1)] + text[at:], max(0, at - 1)),
    "delete": lambda text, at: (text[:at] + text[at + 1 :], at),
    "ctrl+u": lambda text, at: (text[at:], 0),
    "ctrl+k": lambda text, at: (text[:at], at),
    "ctrl+w": _without_word,
}
"""Editing keys: text and cursor to text and cursor."""
