"""The help: what keys do, what glyphs mean and what words mean, from their tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeAlias

from attrs import frozen

from luf_tui import knowledge
from luf_tui.machine.refs import Ref
from luf_tui.ui.panels.filtered import FilteredPanel
from luf_tui.ui.panels.glossary import word_item
from luf_tui.ui.panels.intents import DoAction, Explain, Intent, Stay
from luf_tui.ui.panels.panel import HEADING, KEY, Item
from luf_tui.view.legend import legend
from luf_tui.view.marks import ACTION, Mark

Group: TypeAlias = "tuple[str, Sequence[tuple[str, str, str]]]"
"""A heading, and actions under it: their keys, what they do, and their names."""

ABOUT = (
    "A recorded run is walked in both directions, by micro-steps, events and script lines.",
    "The mouse does it all too: click the strip, a line, its gutter, a glyph, a hint, this help.",
    "Costs in nanoseconds are parameters of the model, never measurements.",
)
APP_KEYS = (
    ("ctrl+p", "The palette: actions, scenarios and words by name"),
    ("ctrl+q", "Leave at once"),
    ("ctrl+z", "Suspend; the shell's fg comes back"),
)
"""Keys that are the app's own, on every screen."""


@frozen
class Line:
    """A line of the help, and the words it is found by."""

    item: Item
    found_by: str
    named: tuple[str, ...] = ()
    """What alone is enough to mean it: its keys, its name."""


class HelpPanel(FilteredPanel):
    """Keys, glyphs and words. Enter does what a key's line says, or shows all about a word."""

    name = "help"
    width = 92

    def __init__(self, groups: Sequence[Group], labels: Callable[[str], str] = str) -> None:
        """`groups` are the actions of the screen, `labels` their other names, by id."""
        super().__init__(
            "help",
            hint="type or / to filter   ⏎ do it, or read about it   esc close",
            empty="nothing here matches",
        )
        self.sections = (
            ("", about_lines()),
            *((heading, key_lines(lines, heading, labels)) for heading, lines in groups),
            ("The app's own keys", app_lines()),
            ("Glyphs and letters", glyph_lines()),
            ("Words", word_lines()),
        )
        self.narrow("")

    def matching(self, words: Sequence[str]) -> Sequence[Item]:
        """Lines with all of these words under their headings."""
        shown: list[Item] = []
        self._named: list[tuple[str, ...]] = []
        for heading, lines in self.sections:
            found = [line for line in lines if all(word in line.found_by for word in words)]
            if not found:
                continue
            if shown:
                shown.append(Item((), heading=True))
            if heading:
                shown.append(Item((Mark(heading, HEADING),), heading=True))
            self._named += [()] * (len(shown) - len(self._named))
            shown += [line.item for line in found]
            self._named += [line.named for line in found]
        if not shown:
            self.empty = knowledge.nearest(" ".join(words)) or "nothing here matches"
        return shown

    def best(self, items: Sequence[Item]) -> int:
        """The line whose key or name is the filter."""
        wanted = (self.filter, self.filter.casefold())
        exact = (n for n, named in enumerate(self._named) if any(one in named for one in wanted))
        return next(exact, 0)


def about_lines() -> list[Line]:
    """What the app is about, in a few lines that are not for choosing."""
    return [Line(Item((), text=text, heading=True), "") for text in ABOUT]


def key_lines(
    lines: Sequence[tuple[str, str, str]], heading: str, labels: Callable[[str], str]
) -> list[Line]:
    """A line an action: its keys and what it does."""
    found = []
    for keys, description, name in lines:
        ref = Ref(ACTION, 0, name)
        row = (Mark(f"{keys:<12} ", KEY, ref), Mark(description, "text", ref))
        label = labels(name)
        said = f"{keys} {description} {name} {label} {heading}".casefold()
        found.append(
            Line(Item(row, value=name, choose=DoAction(name)), said, (*keys.split(), name, label))
        )
    return found


def app_lines() -> list[Line]:
    """The keys that no table of ours has."""
    return [
        Line(
            Item((Mark(f"{key:<12} ", KEY), Mark(told)), choose=Stay()),
            f"{key} {told}".casefold(), (key,),
        )
        for key, told in APP_KEYS
    ]  # fmt: skip


@cache
def glyph_lines() -> Sequence[Line]:
    """A line a glyph or letter of the panes; Enter shows what the book has on it."""
    found = []
    for row in legend():
        sign = row[0].text.strip()
        answer: Intent = Explain(sign) if knowledge.find(sign) else Stay()
        found.append(
            Line(
                Item((Mark("  "), *row), value=sign, choose=answer),
                " ".join(mark.text for mark in row).casefold(), (sign,),
            )
        )  # fmt: skip
    return found


@cache
def word_lines() -> Sequence[Line]:
    """A line an entry of the book."""
    return [
        Line(
            word_item(entry),
            f"{' '.join(entry.names)} {entry.kind} {entry.text}".casefold(),
            tuple(name.casefold() for name in entry.names),
        )
        for entry in knowledge.entries()
    ]
