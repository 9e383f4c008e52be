"""What the person looking has chosen, and what fits on their screen."""

from __future__ import annotations

from attrs import frozen

from luf_tui.machine.refs import Ref


@frozen
class ViewState:
    """The choices that panes depend on besides the timeline's position."""

    changed_only: bool = False
    selected: Ref | None = None
    breakpoints: frozenset[int] = frozenset()
    """Script lines with a breakpoint."""
    level: str = "student"


@frozen
class Placement:
    """Where a pane goes, in terminal cells; its frame, if it is tall enough, is inside."""

    pane: str
    x: int
    y: int
    width: int
    height: int
