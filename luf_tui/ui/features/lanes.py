"""The lanes of a stepper screen: how fine their time is, and the run beside the one shown."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from luf_tui.policy.registry import make_policy
from luf_tui.timeline.ask.model_time import model_time
from luf_tui.timeline.ask.prices import WAIT
from luf_tui.timeline.timeline import Timeline
from luf_tui.ui.session import Reply
from luf_tui.view.panes import lanes
from luf_tui.view.time_axis import duration, scales

if TYPE_CHECKING:
    from luf_tui.ui.screens.run_screen import RunScreen

BESIDE = "beside"
"""The kind of a request for the run whose lanes are shown beside."""
PANE = "lanes"


class Lanes:
    """What a person has chosen for the lanes."""

    def __init__(self) -> None:
        self.zoom = 0
        """Steps of the scale finer than the whole run."""
        self.paired = False
        """True while two runs are wanted."""
        self.other: Timeline | None = None
        """The run that was last recorded for it."""

    def beside(self, shown: Timeline) -> Timeline | None:
        """The run to show beside one, if it is there and of the same script."""
        other = self.other
        if not self.paired or other is None or other.program is not shown.program:
            return None
        return other if other.policy.name == _other(shown) else None


def _other(shown: Timeline) -> str:
    """The policy whose lanes are shown beside a run's."""
    return "luf" if shown.policy.name == "eager" else "eager"


def toggle_pair(screen: RunScreen) -> Reply | None:
    """Show the lanes of the same script under eager too, or under luf beside eager; or no more."""
    chosen = screen.panes.lanes
    if chosen.beside(screen.session.timeline) is not None:
        chosen.paired = False
        return Reply("the lanes of this run alone")
    chosen.paired = True
    if not screen.panes.columns_of(PANE):
        screen.panes.focus_on(PANE)
    follow(screen)
    return None


def follow(screen: RunScreen) -> None:
    """Record the run beside the one shown, where it is wanted and not there."""
    chosen, shown = screen.panes.lanes, screen.session.timeline
    if not chosen.paired or chosen.beside(shown) is not None:
        return
    then = partial(_show, screen)
    screen.record(shown.program, make_policy(_other(shown)), then, kind=BESIDE)


def _show(screen: RunScreen, run: Timeline) -> None:
    screen.panes.lanes.other = run
    both = sorted((run, screen.session.timeline), key=lambda one: one.policy.name)
    told = ", ".join(f"{one.policy.name} {duration(model_time(one).spent(WAIT))}" for one in both)
    again = "{lanes-pair} shows one run again"
    screen.tell(f"waiting in the cost model: {told}; {again}")


def zoom_time(screen: RunScreen, by: int) -> Reply:
    """A finer time axis, or a coarser one."""
    chosen, shown = screen.panes.lanes, screen.session.timeline
    width = screen.panes.columns_of(PANE)
    if not width:
        return Reply("the lanes are not on the screen: {pane-7} shows them", moved=False)
    beside = chosen.beside(shown)
    runs = [run for run in (shown, beside) if run is not None]
    columns = lanes.room(shown, beside, width)
    known = scales(max(model_time(run).length for run in runs), columns)
    before = min(chosen.zoom, len(known) - 1)
    chosen.zoom = max(0, min(before + by, len(known) - 1))
    told = f"one column is {duration(known[chosen.zoom])}"
    if chosen.zoom == before:
        edge = "this is the whole run" if by < 0 else "it gets no finer"
        return Reply(f"{edge}: {told}", moved=False)
    return Reply(told)
