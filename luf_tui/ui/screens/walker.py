"""Walking a recorded run: the panes at a cursor, and the keys and clicks that move it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from time import monotonic

from textual.timer import Timer

from luf_tui.machine.refs import Ref
from luf_tui.timeline.navigate import breakpoints
from luf_tui.timeline.tell.narrate import LEVELS
from luf_tui.timeline.timeline import Timeline
from luf_tui.ui import actions
from luf_tui.ui.background.requests import Run, run_of
from luf_tui.ui.drawing.grid import Grid
from luf_tui.ui.panels import choices, questions
from luf_tui.ui.panels.prompt import Prompt
from luf_tui.ui.player import Player
from luf_tui.ui.preferences import Preferences
from luf_tui.ui.screens.base_screen import BaseScreen
from luf_tui.ui.screens.visible_panes import PLACES, VisiblePanes
from luf_tui.ui.session import Reply, Session
from luf_tui.view.compose import Block

GOTO_HELP = (
    "21 a step   +5 -5 from here   50% of the run   L12 a script line",
    "start   end   defer, flush, stale … the next event of a kind",
)
SEARCH_HELP = (
    "words of the narration, event kinds, cpu1, f3, text.0, process names; all must match",
    "n and N go on to the next and previous match; an empty line ends the search",
)

GUTTER = 5
"""Cells at the left of the script, line numbers included, in which a click sets a breakpoint."""


class Walker(BaseScreen):
    """A recorded run, walked in both directions."""

    def __init__(self, preferences: Preferences, timeline: Timeline, position: int = 0) -> None:
        super().__init__(preferences)
        self.session = Session(timeline, position)
        self.panes = VisiblePanes()
        self.player = Player()
        self._target = 0
        self._why_stop = ""
        self._clock: Timer | None = None

    # -- drawing ------------------------------------------------------------------------------

    def blocks(self, width: int, height: int) -> list[Block]:
        """The panes that fit, at the session's position."""
        return self.panes.blocks(self.session, width, height - 1)

    def shown(self) -> Run:
        """The run that is walked."""
        timeline = self.session.timeline
        return run_of(timeline.program, timeline.policy)

    def replace_run(self, run: Timeline) -> None:
        """Show another recording from the same place. Play goes on in it."""
        self.session.replace(run)
        if self.player.playing:
            self._aim()

    def selection(self) -> Ref | None:
        """The thing questions are about."""
        return self.session.selected

    def hints(self) -> Sequence[tuple[str, str, str]]:
        """Hints that say what n follows and whether space plays or pauses."""
        found = []
        for keys, label, name in actions.hints():
            if name == "previous-match":
                found.append((keys, self.session.followed, "next-match"))
            elif name == "play" and self.player.playing:
                found.append((keys, f"pause · {self.player.speed}/s", name))
            else:
                found.append((keys, label, name))
        return found

    def say(self, said: Reply) -> None:
        """Tell what a session answered; what did not move is told with a bell."""
        if said.text or not said.moved:
            self.tell(said.text, badly=not said.moved)
        self.paint_soon()

    # -- moves --------------------------------------------------------------------------------

    def act_move(self, name: str, count: int = 1) -> None:
        """One step of some grain; pauses."""
        self.pause()
        self.say(self.session.move(name, count))

    def act_jump(self, name: str) -> None:
        """Further away; pauses."""
        self.pause()
        self.say(self.session.jump(name))

    def act_follow(self, direction: int) -> None:
        """The next or previous match or event followed."""
        self.pause()
        self.say(self.session.follow(direction))

    def act_jump_back(self) -> None:
        """Back over the last jump."""
        self.pause()
        self.say(self.session.jump_back())

    def act_continue(self, direction: int) -> None:
        """Run to a breakpoint."""
        self.pause()
        self.say(self.session.run_on(direction))

    def go(self, position: int) -> None:
        """Jump to a position and close the panel."""
        self.close_panel()
        self.pause()
        self.say(self.session.go(position))

    def act_prompt_goto(self) -> None:
        """Ask where to go."""

        def use(text: str) -> None:
            said = self.session.goto(text)
            self.preferences.remember("goto", text)
            self.say(said)

        self.prompt("go to", use, "goto", GOTO_HELP)

    def act_prompt_search(self) -> None:
        """Ask what to look for."""

        def use(text: str) -> None:
            self.preferences.remember("search", text)
            self.say(self.session.search(text))

        self.prompt("search", use, "search", SEARCH_HELP, blank=True)

    def act_choose_kinds(self) -> None:
        """Choose the kinds that n follows."""
        self.pause()
        self.open(choices.KindsPanel(self.session, self.close_panel, self.say))

    def act_why(self) -> None:
        """Why is this so."""
        self.pause()
        self.open(questions.WhyPanel(self.session, self.close_panel, self.paint_soon))

    # -- playing ------------------------------------------------------------------------------

    def act_play(self) -> None:
        """Play on to the next breakpoint or the end; or pause."""
        if self.player.playing:
            self.pause()
            self.tell(f"paused at step {self.session.position}")
            return
        session = self.session
        if session.position == session.timeline.steps:
            session.go(0)
        self._aim()
        self.player.start(monotonic())
        self._wind()

    def _aim(self) -> None:
        """At the next breakpoint, or the end."""
        session = self.session
        stop = breakpoints.run_forward(session.timeline, session.position, session.all_points)
        self._target, self._why_stop = stop.position, stop.reason

    def act_speed(self, by: int) -> None:
        """Play faster or slower."""
        changed = self.player.change(by)
        if self.player.playing:
            self._wind()
        self.tell(f"plays {self.player.speed} steps a second", badly=not changed)

    def pause(self) -> None:
        """Play no more."""
        self.player.stop()
        if self._clock is not None:
            self._clock.stop()
            self._clock = None

    def _wind(self) -> None:
        if self._clock is not None:
            self._clock.stop()
        self._clock = self.set_interval(self.player.period, self._tick)

    def _tick(self) -> None:
        if not self.player.playing:
            return
        session = self.session
        steps = self.player.due(monotonic())
        if not steps:
            return
        session.position = min(session.position + steps, self._target)
        if session.position == self._target:
            self.pause()
            self.tell(self._why_stop)
        self.paint_now()

    # -- looking ------------------------------------------------------------------------------

    def act_toggle_changed(self) -> None:
        """Everything, or only what the last step changed."""
        self.session.changed_only = not self.session.changed_only
        only = self.session.changed_only
        self.tell("only what the last step changed" if only else "everything")

    def act_level(self) -> None:
        """The words of the narration."""
        at = LEVELS.index(self.session.level)
        self.session.level = LEVELS[(at + 1) % len(LEVELS)]
        self.tell(f"words for a {self.session.level} reader")

    def act_pane(self, by: int) -> None:
        """To the next pane."""
        self.panes.focus_by(by)

    def act_pane_number(self, number: int) -> None:
        """To a pane by number."""
        if not self.panes.focus_number(number):
            self.tell(f"there is no pane {number}", badly=True)

    def act_zoom(self) -> None:
        """One pane on the whole screen, or all of them."""
        self.panes.zoomed = not self.panes.zoomed

    def act_scroll(self, direction: int) -> None:
        """Scroll the focused pane."""
        if not self.grid.scroll_pane(self.panes.focus, direction * self.panes.page):
            self.tell(f"{self.panes.focus} does not scroll further", badly=True)

    def act_theme(self) -> None:
        """The next theme."""
        self.next_theme()

    def act_escape(self) -> None:
        """Let go of what was selected, zoomed or searched."""
        self.pause()
        self.session.selected = None
        self.panes.zoomed = False

    # -- the mouse ----------------------------------------------------------------------------

    def pressed(self, message: Grid.Pressed) -> None:
        """Select what was clicked, go where it stands for, and give its pane the keys."""
        hit = message.hit
        self.panes.focus_on(hit.pane)
        ref = hit.mark.ref if hit.mark else None
        if ref is None:
            return
        if ref.region in PLACES:
            self.pause()
            if ref.region == "step":
                self.say(self.session.go(ref.index))
            elif hit.column < GUTTER:
                self.say(self.session.toggle_line(ref.index))
            else:
                self.say(self.session.to_line(ref.index))
        elif message.twice:
            self.session.selected = ref
            self.act_why()
        else:
            self.session.selected = None if self.session.selected == ref else ref

    def on_grid_scrolled(self, message: Grid.Scrolled) -> None:
        """The wheel over a pane that does not scroll makes steps."""
        if self.panels:
            super().on_grid_scrolled(message)
            return
        message.stop()
        self.act_move("next_step" if message.rows > 0 else "previous_step")

    # -- asking for a line --------------------------------------------------------------------

    def prompt(
        self,
        title: str,
        use: Callable[[str], None],
        kind: str,
        rows: Sequence[str],
        *,
        blank: bool = False,
    ) -> None:
        """Ask for a line; lines of the same `kind` typed before can be had again."""
        self.pause()
        recent = self.preferences.typed.get(kind, ())
        self.open(Prompt(title, self.close_panel, use, help_rows=rows, recent=recent, blank=blank))
