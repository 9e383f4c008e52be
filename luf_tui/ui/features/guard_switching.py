"""The guards of the run that is shown, and what switching each of them makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from luf_tui.timeline.timeline import Timeline
from luf_tui.ui.background.guard_trials import GuardTrials, Trial, wanted
from luf_tui.ui.background.requests import nothing
from luf_tui.ui.panels.guard_switches import GuardsPanel

if TYPE_CHECKING:
    from luf_tui.ui.screens.run_screen import RunScreen

TRIALS = "guard trials"
"""The kind of a request for what switching guards makes of a run."""


def begin(screen: RunScreen) -> None:
    """Show the guards, those first that the run asks for."""
    screen.navigation.pause()
    screen.open(GuardsPanel(screen.session, partial(_trials, screen)))


def _trials(screen: RunScreen, run: Timeline) -> Mapping[str, Trial]:
    """What is known by now, beginning to find out where nobody has."""
    kept = screen.guard_trials
    if kept is None or kept.run is not run or kept.stopped:
        if not wanted(run) or run is not screen.session.timeline:
            return {}
        kept = screen.guard_trials = GuardTrials(run)
        screen.await_job(screen.requests, TRIALS, kept, nothing)
    return kept.known
