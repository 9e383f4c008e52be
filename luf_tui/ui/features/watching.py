"""Watches: an expression is added, its changes are gone to, and a run stops at them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from luf_tui.timeline.navigate import watches
from luf_tui.timeline.navigate.breakpoints import Breakpoint
from luf_tui.timeline.navigate.watches import Watch
from luf_tui.timeline.tell.narrate import narrate
from luf_tui.ui.panels.intents import Do, Go, Intent
from luf_tui.ui.panels.panel import DIM, Item, ListPanel
from luf_tui.ui.panels.prompt import Prompt
from luf_tui.ui.session import Reply, Session
from luf_tui.view.columns import cells, pad
from luf_tui.view.marks import Mark

if TYPE_CHECKING:
    from luf_tui.ui.screens.run_screen import RunScreen

TITLE = "watch"
HELP = (
    "text.0   cpu1 text.0   f3   cpu1   key 3   pte[3].frame   owed   ipis",
    "stale cpu1 text.0   (any condition that expect knows)",
)
LISTED = 250
"""Changes on either side of the position that the list of one watch has."""


def begin(screen: RunScreen) -> None:
    """Ask what to watch; where something is watched already, list it first."""
    screen.navigation.pause()
    if screen.session.watches:
        screen.open(WatchesPanel(screen.session))
    else:
        ask(screen)


def ask(screen: RunScreen) -> None:
    """Ask what to watch."""
    recent = screen.preferences.typed.get(TITLE, ())
    screen.open(Prompt(TITLE, add, help_rows=HELP, recent=recent))


def add(screen: RunScreen, text: str) -> Reply:
    """Watch an expression. Raises LufError when it names nothing in this run."""
    reply = screen.session.watch(text)
    screen.preferences.remember(TITLE, text)
    for panel in screen.panels:
        panel.refresh()
    return reply


class WatchesPanel(ListPanel):
    """What is watched: changes listed, breakpoints set, watches removed and added."""

    name = "watched"
    width = 72

    def __init__(self, session: Session) -> None:
        super().__init__(
            "watches",
            (),
            more={"a": Do(ask), "A": Do(ask), "plus": Do(ask)},
            hint="⏎ its changes   b stop at them   x remove   a add   esc close",
            empty="nothing is watched",
        )
        self.session = session
        self.refresh()

    def key(self, key: str, character: str | None) -> Intent | None:
        """`b` sets and removes a breakpoint on the changes of what the cursor is on."""
        if key == "b" and self.item is not None and isinstance(self.item.value, Watch):
            return Do(partial(_toggle, watched=self.item.value))
        return super().key(key, character)

    def refresh(self) -> None:
        """Show what is watched now, at the session's position."""
        session = self.session
        wide = max((cells(one.text) for one in session.watched), default=0)
        self.items = [_item(session, one, wide) for one in session.watched]
        self.cursor = max(0, min(self.cursor, len(self.items) - 1))


def _item(session: Session, watched: Watch, wide: int) -> Item:
    timeline = session.timeline
    stops = any(_is_on(point, watched) for point in session.points)
    with timeline.visit(session.position):
        now = watches.value(timeline, watched)
    behind, _ = watches.shifts(timeline, watched, session.position, 1, 0)
    looked = watches.looked_at(timeline, watched, session.position)
    before = f"as ever since step {looked.start}" if looked.start else "as ever"
    if behind:
        before = f"was {behind[-1].before}, until step {behind[-1].step}"
    return Item(
        (Mark("● " if stops else "  ", "breakpoint"), Mark(f"{pad(watched.text, wide)}  ")),
        text=now,
        value=watched,
        about=watched.problem or before,
        choose=Do(partial(_list, watched=watched), close=True),
        remove=Do(partial(_remove, text=watched.text)),
    )


def _is_on(point: Breakpoint, watched: Watch) -> bool:
    return point.watch is not None and point.watch.text == watched.text


def _toggle(screen: RunScreen, watched: Watch) -> Reply:
    """Stop where a watch changes, or no more."""
    session = screen.session
    if watched.problem:
        return Reply(f"not in this run: {watched.problem}", moved=False)
    kept = tuple(point for point in session.points if not _is_on(point, watched))
    there = len(kept) < len(session.points)
    session.set_points(kept if there else (*kept, Breakpoint(watch=watched)))
    told = "stops no more" if there else "{continue} and {continue-back} stop"
    return Reply(f"{told} where {watched.text} changes")


def _remove(screen: RunScreen, text: str) -> Reply:
    return screen.session.unwatch(text)


def _list(screen: RunScreen, watched: Watch) -> None:
    """List where a watch changes; Enter goes there."""
    screen.open(changes_panel(screen.session, watched))


def changes_panel(session: Session, watched: Watch) -> ListPanel:
    """Where a watch changes around the position; Enter goes there."""
    timeline = session.timeline
    behind, ahead = watches.shifts(timeline, watched, session.position, LISTED, LISTED)
    items = [
        Item(
            (Mark(f"{one.step:>6} ", DIM),),
            text=f"{one.before} → {one.after}",
            about=narrate(timeline, one.step, session.level),
            choose=Go(one.step),
        )
        for one in (*behind, *ahead)
    ]
    looked = watches.looked_at(timeline, watched, session.position)
    whole = len(looked) > timeline.steps
    where = "" if whole else f" from step {looked.start} to {looked.stop - 1}"
    panel = ListPanel(
        f"changes of {watched.text}{where}",
        items,
        hint="⏎ go there   esc close",
        empty=f"it does not change{where}",
        cursor=max(0, len(behind) - 1),
    )
    panel.name = "changes"
    return panel
