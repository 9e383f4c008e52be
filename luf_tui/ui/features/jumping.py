"""Jump mode: a letter on every pane and on every thing in sight; pressing it goes there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from string import ascii_lowercase
from typing import TYPE_CHECKING

from attrs import frozen

from luf_tui.machine.refs import Ref
from luf_tui.ui.panels.intents import Close, Do, DoAction, Intent, Stay
from luf_tui.ui.panels.panel import BAD, CURSOR, DIM, Panel, key_row
from luf_tui.ui.panels.questions import ref_name
from luf_tui.ui.session import Reply
from luf_tui.view.columns import cells
from luf_tui.view.compose import Block
from luf_tui.view.marks import ACTION, Mark, Pane, clean

if TYPE_CHECKING:
    from luf_tui.ui.screens.gallery import Gallery
    from luf_tui.ui.screens.run_screen import RunScreen

LETTERS = "asdfghjklqwertyuiopzxcvbnm"
"""What labels are made of: those first that lie under the fingers."""
PLACES = ("line", "step")
"""Regions of refs that stand for a place in the run, not for a thing in the machine."""
WIDE = 2
"""Cells of a thing's label."""
HINT = "letters go there   ⌫ take back   esc leave"


@frozen
class Target:
    """Something to jump to, and the cell in which its label begins."""

    x: int
    y: int
    pane: str
    ref: Ref | None = None
    """The thing; None for the pane itself, or for an item of a list."""
    item: Intent | None = None
    """The answer of an item of a list."""

    @property
    def thing(self) -> bool:
        """Whether it is one of the many things in a pane."""
        return self.item is not None or (self.ref is not None and self.ref.region != ACTION)


def begin(screen: RunScreen) -> None:
    """Put letters over what is shown."""
    screen.navigation.pause()
    screen.open(JumpPanel(partial(targets, screen)))


def begin_in_list(screen: Gallery) -> None:
    """Put letters over the scenarios in sight."""
    screen.open(JumpPanel(partial(scenarios, screen)))


class JumpPanel(Panel):
    """Labels over the panes. A label of two letters is typed one after the other."""

    name = "jump"

    def __init__(self, look: Callable[[], Sequence[Target]]) -> None:
        """`look` tells what is in sight at the moment."""
        super().__init__("jump")
        self.typed = ""
        self._look = look
        self._wrong = ""

    @property
    def labelled(self) -> dict[str, Target]:
        """What is in sight, by its label, as far as that goes on from what was typed."""
        found = self._look()
        return {
            label: target
            for label, target in zip(labels(found), found, strict=True)
            if label.startswith(self.typed)
        }

    def pane(self, columns: int, rows: int) -> Pane:
        """What the letters do, in one row."""
        told = (Mark(f" {self._wrong}   ", BAD),) if self._wrong else (Mark(" "),)
        return Pane(self.name, (), ((*told, *key_row(HINT)),))

    def blocks(self, width: int, height: int) -> list[Block]:
        """A block a label, and the hint in the last row."""
        shown = [
            Block(
                Pane(f"{self.name} {label}", (), (self._label(label),)),
                target.x, target.y, len(label), 1, frame=False, over=True,
            )
            for label, target in self.labelled.items()
            if target.x + len(label) <= width and target.y < height - 1
        ]  # fmt: skip
        hint = self.pane(width, 1)
        return [*shown, Block(hint, 0, height - 1, width, 1, frame=False, over=True)]

    def _label(self, label: str) -> tuple[Mark, ...]:
        done = len(self.typed)
        marks = (Mark(label[:done], DIM), Mark(label[done:], CURSOR))
        return tuple(mark for mark in marks if mark.text)

    def key(self, key: str, character: str | None) -> Intent | None:
        """Take a letter; with the last one of a label, go there."""
        self._wrong = ""
        if key == "escape":
            return Close()
        if key == "backspace":
            self.typed = self.typed[:-1]
            return Stay()
        if not character or character not in ascii_lowercase:
            return None
        self.typed += character
        found = self.labelled
        if self.typed in found:
            return _answer(found[self.typed])
        if not found:
            self._wrong = f"nothing has {self.typed}"
            self.typed = ""
        return Stay()


def _answer(target: Target) -> Intent:
    if target.item is not None:
        return target.item
    if target.ref is not None and target.ref.region == ACTION:
        return DoAction(target.ref.field)
    return Do(partial(go, target=target), close=True)


def go(screen: RunScreen, target: Target) -> Reply:
    """Give the keys to a pane, and select a thing in it."""
    screen.panes.focus_on(target.pane)
    if target.ref is None:
        return Reply(f"{target.pane} has the keys")
    screen.session.selected = target.ref
    name = ref_name(screen.session.timeline, target.ref)
    return Reply(f"{name}: {{why}} asks why, {{history}} its history")


def labels(found: Sequence[Target]) -> list[str]:
    """A label for each: a letter for panes, and for things as far as letters go; else two, and
    none begins like another ends.
    """
    things = sum(one.thing for one in found)
    single, rest = LETTERS[: len(found) - things], LETTERS[len(found) - things :]
    made = list(rest) if things <= len(rest) else [a + b for a in rest for b in LETTERS]
    first, second = iter(single), iter(made)
    return [next(second if one.thing else first) for one in found]


def targets(screen: RunScreen) -> list[Target]:
    """The panes that are shown and the things in sight, each thing where it is seen first."""
    seen: set[Ref] = set()
    found: list[Target] = []
    for block in screen.panes.shown:
        if not block.frame:
            continue
        found.append(Target(block.x + 1, block.y, block.pane.name))
        found += _in_title(block)
    for block in screen.panes.shown:
        if block.frame:
            top = screen.grid.top_of(block.pane.name)
            found += _in_rows(block, top, seen)
    return found


def scenarios(screen: Gallery) -> list[Target]:
    """The scenarios in sight."""
    found = []
    for block in screen.blocks(*screen.size):
        if block.pane.name == screen.list.name:
            for number in range(block.rows):
                item = screen.list.item_at(number)
                if item is not None and item.choose is not None:
                    place = (block.x + 2, block.y + 1 + number)
                    found.append(Target(*place, block.pane.name, item=item.choose))
    return found


def _in_title(block: Block) -> Iterator[Target]:
    """Panes that take turns with this one: their names stand in its title."""
    at = block.x + 2
    known: set[Ref] = set()
    for mark in block.pane.title:
        if mark.ref is not None and mark.ref.region == ACTION and mark.ref not in known:
            known.add(mark.ref)
            yield Target(at, block.y, block.pane.name, mark.ref)
        at += cells(clean(mark.text))


def _in_rows(block: Block, top: int, seen: set[Ref]) -> Iterator[Target]:
    """Things that were not seen before; where they stand closer than labels do, some of them."""
    for number in range(block.rows):
        at = free = 0
        for mark in block.row(top + number):
            ref, here = mark.ref, at
            at += cells(clean(mark.text))
            if ref is None or ref.region in (*PLACES, ACTION) or ref in seen:
                continue
            if free <= here < block.columns and mark.text.strip():
                seen.add(ref)
                free = here + WIDE
                yield Target(block.x + 2 + here, block.y + 1 + number, block.pane.name, ref)
