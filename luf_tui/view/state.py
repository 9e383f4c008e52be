"""What the person looking has chosen, and what fits on their screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

from luf_tui.machine.refs import Ref

if TYPE_CHECKING:
    from luf_tui.timeline.navigate.watches import Watch
    from luf_tui.timeline.timeline import Timeline

SMALLEST = (60, 20)
"""Columns and rows of a terminal; below this, only a message."""


@frozen
class Flag:
    """A bookmark where it stands in a run."""

    position: int
    line: int
    """The script line there, 0 before any."""
    name: str
    note: str = ""


@frozen
class ViewState:
    """The choices that panes depend on besides the timeline's position."""

    changed_only: bool = False
    selected: Ref | None = None
    breakpoints: frozenset[int] = frozenset()
    """Script lines with a breakpoint."""
    level: str = "student"
    flags: tuple[Flag, ...] = ()
    """Bookmarks that the run reaches."""
    group: str = ""
    """The pane shown where only one of those that take turns is, or the map; empty for the first
    that has something to show.
    """
    watches: tuple[Watch, ...] = ()
    time_zoom: int = 0
    """How much finer than the whole run the time axis of the lanes is, in steps of its scale."""
    time_scale: int = 0
    """Nanoseconds a column of the lanes is, where it is that of another run; 0 for what fits."""
    beside: Timeline | None = None
    """The same script under another policy, whose lanes are shown too."""


OPENED = ViewState()
"""What is shown before anything is chosen."""


@frozen
class Placement:
    """Where a pane goes, in terminal cells; its frame, if it is tall enough, is inside."""

    pane: str
    x: int
    y: int
    width: int
    height: int
