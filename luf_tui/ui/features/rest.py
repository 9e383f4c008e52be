"""The whole of a recording whose first part is shown: how far it is, and no more of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from luf_tui.errors import LufError
from luf_tui.timeline.timeline import Timeline
from luf_tui.ui import garbage
from luf_tui.ui.background.loading import Recording
from luf_tui.ui.background.traces import Opening
from luf_tui.ui.panels.problems import ProblemsPanel
from luf_tui.ui.session import Reply, Session

if TYPE_CHECKING:
    from luf_tui.ui.screens.run_screen import RunScreen

REST = "rest"
"""The kind of a request for the whole of a recording."""
PAINTED = 0.5
"""Seconds between two pictures of how far it is: each takes time from it."""


def begin(
    screen: RunScreen, make: Callable[[], Recording], then: Callable[[Timeline], None]
) -> None:
    """Have the whole made and handed to `then`, while its first part is walked.

    Of a large file, it is read in full before that, and a first part of that is handed over, too.
    """
    part, recording = screen.session.timeline, make()
    clock = screen.set_interval(PAINTED, screen.paint_soon)

    def over() -> None:
        clock.stop()
        try:
            run = recording.result()
        except LufError as error:
            part.incomplete = f"the rest cannot be shown: {error}"
            screen.open(ProblemsPanel(error))
        else:
            show(run)
        garbage.keep()

    def show(run: Timeline) -> None:
        more = recording.rest if isinstance(recording, Opening) else None
        then(run)
        if more is not None:
            screen.branches.current.partial = True
            begin(screen, more, then)

    screen.tell(f"the first {part.steps:,} micro-steps; the rest is on its way")
    screen.requests.ask(REST, recording, over, clock.stop)


def said(session: Session) -> str:
    """What there is to say once it is there."""
    steps = session.timeline.steps
    return session.trouble or f"the whole recording is here: {steps:,} micro-steps"


def hint(screen: RunScreen) -> list[tuple[str, ...]]:
    """How far it is, and what ends it; nothing where nothing is on its way."""
    job = screen.requests.under_way(REST)
    return [("stop-rest", f"stop · {job.said}")] if isinstance(job, Recording) else []


def stop(screen: RunScreen) -> Reply:
    """Show what is replayed so far, and no more."""
    job = screen.requests.under_way(REST)
    if job is None:
        return Reply("nothing is on its way", moved=False)
    if isinstance(job, Opening):
        screen.requests.withdraw(REST)
        part = screen.session.timeline
        part.incomplete = f"stopped by hand after micro-step {part.steps}"
    else:
        job.stop()
    return Reply("stopped: what is replayed so far is all there will be")
