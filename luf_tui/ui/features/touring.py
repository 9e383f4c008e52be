"""Through the stops of a tour: what comes after the run that is shown, and how to go there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from luf_tui import library
from luf_tui.library import Entry, Tour
from luf_tui.timeline.tell.words import counted
from luf_tui.ui.messages import OpenScenario
from luf_tui.ui.panels.intents import Close, Open
from luf_tui.ui.panels.panel import ACCENT, DIM, Item, ListPanel
from luf_tui.ui.session import Reply, Session
from luf_tui.view.marks import Mark

if TYPE_CHECKING:
    from luf_tui.ui.screens.run_screen import RunScreen

NEAR = 1
"""Micro-steps from the end of a run at which the way on is shown."""
HINT = "⏎ go there   esc stay here"


def go_on(screen: RunScreen) -> Reply | None:
    """Open the next stop of the tour, or after the last one, offer other tours."""
    screen.navigation.pause()
    screen.preferences.level = screen.session.level
    path = screen.session.path
    tour = library.tour_of(path)
    if tour is None:
        return Reply("this is no stop of a tour: {gallery} opens one", moved=False)
    following = tour.after(path)
    if following is None:
        screen.open(end_of_tour(tour, path))
    else:
        screen.post_message(OpenScenario(following.path))
    return None


def hint(session: Session) -> list[tuple[str, str]]:
    """The action that goes on and what comes then: at the end of a stop, and nowhere else."""
    if session.position < session.timeline.steps - NEAR:
        return []
    tour = library.tour_of(session.path)
    return [] if tour is None else [("next-stop", _way_on(tour, tour.after(session.path)))]


def _way_on(tour: Tour, following: Entry | None) -> str:
    if following is None:
        return f"{tour.title} ends here: other tours"
    return f"stop {following.stop} of {len(tour.stops)}: {following.title}"


def end_of_tour(tour: Tour, path: Path) -> ListPanel:
    """Other tours to go on with: first the one that follows, last those before."""
    folder = path.resolve().parent
    known = [one for one in library.tours() if one.stops]
    folders = [one.stops[0].path.resolve().parent for one in known]
    at = folders.index(folder) + 1 if folder in folders else 0
    others = [one for one in (*known[at:], *known[:at]) if one.title != tour.title]
    items = [_offer(one) for one in others]
    items.append(Item((Mark("stay here", DIM),), choose=Close()))
    panel = ListPanel(f"{tour.title}: that was the last stop", items, hint=HINT)
    panel.name = "end of a tour"
    return panel


def _offer(tour: Tour) -> Item:
    first = tour.stops[0]
    head = (Mark(f"{tour.title} ", ACCENT), Mark(f"· {counted(len(tour.stops), 'stop')}", DIM))
    return Item(head, about=f"{first.title}. {first.about}", choose=Open(first.path))
