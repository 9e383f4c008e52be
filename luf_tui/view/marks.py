"""Marks: text with a role and what it refers to. Rows of marks make a pane."""

from __future__ import annotations

from typing import TypeAlias

from attrs import frozen

from luf_tui.machine.refs import Ref


@frozen
class Mark:
    """A piece of text on screen: what it says, what it is, and what it stands for."""

    text: str
    role: str = "text"
    ref: Ref | None = None
    changed: bool = False
    """The last micro-step changed it: it keeps its role, and is underlined besides."""

    @property
    def ink(self) -> str:
        """The role it is written in."""
        return changed_role(self.role) if self.changed else self.role


Row: TypeAlias = "tuple[Mark, ...]"


@frozen
class Pane:
    """A titled block of rows."""

    name: str
    title: Row
    rows: tuple[Row, ...]
    current: int | None = None
    """The row to keep in sight."""
    lead: int | None = None
    """A row above it to keep in sight too, as far as there is room for both."""

    def top(self, height: int) -> int:
        """The first row to show in so many.

        It depends on the current row alone, not on the way there, and moves by half a page at a
        time: the same place always looks the same, and walking stays calm.
        """
        if self.current is None or len(self.rows) <= height:
            return 0
        half = max(1, height // 2)
        first = (self.current - height // 4) // half * half
        if self.lead is not None:
            first = max(min(first, self.lead), self.current - height + 1)
        return max(0, min(first, len(self.rows) - height))


@frozen
class Role:
    """What a role means, and how it is told apart without colour."""

    about: str
    attributes: tuple[str, ...] = ()
    """bold, italic, underline, reverse. What is of little weight has a quiet colour of its own,
    which a terminal's dim would make unreadable."""
    glyph: str = ""
    """Stands for this and for nothing else."""
    event: str = ""
    """What an event of this role is, in a word or two; empty for roles that events have not."""


DIFFERS = "differs"
ROLES: dict[str, Role] = {
    "text": Role("text"),
    "dim": Role("of little weight now"),
    "title": Role("a heading", ("bold",)),
    "current": Role("where the run stands", ("bold", "reverse"), "▶"),
    "changed": Role("changed by the last micro-step", ("bold", "underline"), "▐"),
    "stale": Role("cached, and the page table disagrees with it", ("bold",), "~", "stale walk"),
    "unusable": Role("stale, but its CPU flushes before it could use it", (), "⊘"),
    "danger": Role("a stale entry that a store would go through", ("bold", "reverse"), "≈"),
    "pending": Role("a flush is owed before the frame is reused", ("bold",), "◆", "deferred"),
    "flushed": Role("a deferred flush fires: the frame waits for it", ("bold",), "▲", "fired"),
    "saved": Role("a flush that turned out needless", (), "△", "saved"),
    "ipi": Role("an interrupt is sent", (), "↯", "IPIs"),
    "benign": Role("a stale entry served the right bytes", (), "○", "stale, harmless"),
    "deviation": Role("visible, but accepted", ("italic",), "◇", "visible"),
    "violation": Role("an obligation is broken", ("bold", "reverse"), "✖", "violation"),
    "fault": Role("a signal, no memory, or a refusal", ("bold",), "!", "fault"),
    "used": Role("a frame in use", (), "█"),
    "file": Role("a frame of the page cache", (), "▓"),
    "kernel": Role("a frame of the kernel", (), "▒"),
    "free": Role("a free frame", (), "░"),
    "breakpoint": Role("the run stops here", ("bold",), "●"),
    "ok": Role("an expectation held", (), "✓"),
    "failed": Role("an expectation failed", ("bold",), "✗"),
    "note": Role("narration", ("italic",)),
    DIFFERS: Role("not so on the other side", ("bold",), "≠"),
    "key": Role("a key to press", ("bold",)),
    "heading": Role("a heading in a list", ("bold",)),
    "tab": Role("which of several panes is shown", ("bold", "underline")),
    "accent": Role("what the eye is to find"),
    "cursor": Role("where a list stands", ("bold", "reverse")),
    "frame": Role("the line around a pane"),
    "focus": Role("the line around the pane that has the keys", ("bold",)),
    "thumb": Role("where in a long pane one is"),
}
"""Every role. Colours are the palettes'."""
FRAME, FOCUS, THUMB = "frame", "focus", "thumb"
ACTION = "ui:action"
"""The region of a mark that stands for something to do: the action's name is its field."""


def selected_role(role: str) -> str:
    """The role of a mark of the selected thing: looks the same, reversed."""
    return f"{role} selected"


def changed_role(role: str) -> str:
    """The role of a mark that the last micro-step changed: looks the same, underlined."""
    return f"{role} changed"


def differing_role(role: str) -> str:
    """The role of a mark that the other of two sides has not: looks the same, reversed."""
    return f"{role} {DIFFERS}"


def clean(text: str) -> str:
    """Text from a file, without anything a terminal might obey."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else "·" for char in text)
