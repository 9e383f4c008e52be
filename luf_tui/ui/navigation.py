"""Where one stands in a run: moves, play, and the places to stop at and to come back to.

A move means the same whether the run plays or stands: playing stops and the move is made.
"""

from __future__ import annotations

from luf_tui.timeline.navigate import breakpoints
from luf_tui.timeline.timeline import Timeline
from luf_tui.ui.player import Player
from luf_tui.ui.session import Reply, Session


class Navigation:
    """Moves the cursor of a session, by itself while it plays."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.player = Player()
        self.target = 0
        """The position at which play stops."""
        self._why_stop = ""

    # -- moves --------------------------------------------------------------------------------

    def move(self, name: str, count: int = 1) -> Reply:
        """One step of some grain."""
        self.pause()
        return self.session.move(name, count)

    def jump(self, name: str) -> Reply:
        """Further away."""
        self.pause()
        return self.session.jump(name)

    def go(self, position: int) -> Reply:
        """To a position."""
        self.pause()
        return self.session.go(position)

    def to_line(self, line: int) -> Reply:
        """To where the run first reached a script line."""
        self.pause()
        return self.session.to_line(line)

    def follow(self, direction: int) -> Reply:
        """To the next or previous match or event followed."""
        self.pause()
        return self.session.follow(direction)

    def jump_back(self) -> Reply:
        """Back over the last jump."""
        self.pause()
        return self.session.jump_back()

    def run_on(self, direction: int) -> Reply:
        """To the next or previous breakpoint."""
        self.pause()
        return self.session.run_on(direction)

    # -- places -------------------------------------------------------------------------------

    def toggle_line(self, line: int) -> Reply:
        """Set or remove a breakpoint on a script line."""
        self.pause()
        return self.session.toggle_line(line)

    def toggle_here(self) -> Reply:
        """Set or remove a breakpoint on the current script line."""
        if not self.session.line:
            return Reply("nothing runs yet: step to a line first", moved=False)
        return self.session.toggle_line(self.session.line)

    def bookmark(self) -> Reply:
        """Mark this place under the next free letter."""
        return self.session.mark(self.session.free_name())

    # -- playing ------------------------------------------------------------------------------

    def play(self, now: float) -> Reply:
        """Play on from `now`, in seconds, to the next breakpoint or the end; or pause."""
        session = self.session
        if self.player.playing:
            self.pause()
            return Reply(f"paused at step {session.position}")
        if session.position == session.timeline.steps:
            session.go(0)
        self._aim()
        self.player.start(now)
        return Reply()

    def pause(self) -> None:
        """Play no more."""
        self.player.stop()

    def change_speed(self, by: int) -> Reply:
        """Play faster or slower."""
        changed = self.player.change(by)
        return Reply(f"plays {self.player.speed} steps a second", moved=changed)

    def tick(self, now: float) -> Reply | None:
        """Make the steps due by `now`; None while there are none. Says why it stops."""
        session, steps = self.session, self.player.due(now)
        if not steps:
            return None
        session.position = min(session.position + steps, self.target)
        if session.position < self.target:
            return Reply()
        self.pause()
        return Reply(self._why_stop)

    def replace(self, run: Timeline) -> None:
        """Stand in another recording at the same place. Play goes on in it."""
        self.session.replace(run)
        if self.player.playing:
            self._aim()

    def _aim(self) -> None:
        """At the next breakpoint, or the end."""
        session = self.session
        stop = breakpoints.run_forward(session.timeline, session.position, session.all_points)
        self.target, self._why_stop = stop.position, stop.reason
