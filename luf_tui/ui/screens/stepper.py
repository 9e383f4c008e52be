"""The stepper: everything a person can ask of a recorded run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

from luf_tui.errors import LufError
from luf_tui.policy.registry import POLICIES, make_policy
from luf_tui.render.svg import picture
from luf_tui.runs import opening
from luf_tui.timeline.ask.failing import first_failure
from luf_tui.timeline.navigate.spots import Spot
from luf_tui.timeline.timeline import Timeline
from luf_tui.ui import actions, saving, typed_lines
from luf_tui.ui.actions import Action
from luf_tui.ui.background.loading import Recording
from luf_tui.ui.messages import OpenGallery
from luf_tui.ui.panels import choices, questions
from luf_tui.ui.panels.guard_switches import GuardsPanel
from luf_tui.ui.panels.key_help import HelpPanel
from luf_tui.ui.panels.problems import ProblemsPanel
from luf_tui.ui.preferences import Preferences
from luf_tui.ui.screens.base_screen import RUN
from luf_tui.ui.screens.explorer import Explorer
from luf_tui.view.palette import PALETTES

BREAK_HELP = (
    "line 15   event defer   event defer hit 3   watch pte[3].pfn",
    "when stale cpu1 text.0   (any condition that expect knows)",
)

FAILS = "opened where it fails: w says why, home goes to the start"

WHAT_IF_HELP = (
    "any script line: cpu1 read text.0   kswapd reclaim text.1   cpu0 write heap.0 secret",
    "the file is left alone; u goes back to the run as it was",
)
REST = "rest"
"""The kind of a request for the whole of a recording whose first part is shown."""
COMPARISON = "comparison"
"""The kind of a request for the same script under another policy, to compare."""
LOOK = 1.0
"""Seconds between two looks at the file."""


class Stepper(Explorer):
    """The screen of a recorded run."""

    WHERE: ClassVar[str] = actions.STEPPER
    BINDINGS = actions.bindings(actions.STEPPER)

    def __init__(
        self,
        preferences: Preferences,
        timeline: Timeline,
        spot: Spot | None = None,
        rest: Callable[[], Recording] | None = None,
    ) -> None:
        """Without a spot it opens where the run fails, or at the start. `rest` records the
        whole run, where this is its first part: it takes its place when it is done. Raises
        LufError when the whole run has no such spot.
        """
        failing = first_failure(timeline) if spot is None else -1
        part = rest is not None
        self._opened_at = max(0, failing) if spot is None else _stand(timeline, spot, part=part)
        super().__init__(preferences, timeline, self._opened_at)
        self._opened = FAILS if failing >= 0 else ""
        self._rest = rest
        self._wanted = spot

    def do(self, action: Action) -> None:
        """Do what the registry has for this screen."""
        if action.run is not None:
            action.run(self)

    # -- breakpoints and bookmarks --------------------------------------------------------------

    def act_breakpoint(self) -> None:
        """On the current script line."""
        if self.session.line:
            self.say(self.session.toggle_line(self.session.line))
        else:
            self.tell("nothing runs yet: step to a line first", badly=True)

    def act_breakpoints(self) -> None:
        """List them."""
        self.pause()
        self.open(choices.BreakpointsPanel(self.session, self.close_panel, self._ask_breakpoint))

    def _ask_breakpoint(self) -> None:
        def use(text: str) -> None:
            session = self.session
            point = typed_lines.parse_breakpoint(text, session.timeline.program)
            self.say(session.set_points((*session.points, point)))

        self.close_panel()
        self.prompt("break at", use, "break", BREAK_HELP)

    def act_bookmark(self) -> None:
        """Mark this place under the next free letter."""
        self.say(self.session.mark(self.session.free_name()))

    def act_bookmarks(self) -> None:
        """List them."""
        self.pause()
        self.open(choices.BookmarksPanel(self.session, self.close_panel, self.say))

    # -- asking -------------------------------------------------------------------------------

    def act_select(self, direction: int) -> None:
        """Select the next thing in the focused pane."""
        self.pause()
        found = self.panes.next_ref(self.session.selected, direction)
        if found is None:
            self.tell(f"nothing to select in {self.panes.focus}: tab to another pane", badly=True)
            return
        ref, row = found
        self.session.selected = ref
        self.grid.reveal(self.panes.focus, row)
        self.tell(f"{questions.ref_name(self.session.timeline, ref)}: w asks why, i its history")

    def act_history(self) -> None:
        """Every change of the selected thing."""
        self.pause()
        ref = self.session.selected
        if ref is None:
            self.say(questions.nothing_selected(self.session))
            return
        self.open(questions.history_panel(self.session, ref, self.close_panel, self.go))

    def act_compare(self) -> None:
        """The same script under every policy."""
        self.pause()
        here = self.session.timeline
        known = (here.policy.name, here.policy.without)
        self._compare([here], [name for name in POLICIES if (name, ()) != known])

    def _compare(self, runs: list[Timeline], names: list[str]) -> None:
        """Record under the policies still to come, then show."""
        if not names:
            self.open(questions.compare_panel(runs, self.close_panel, self.go))
            return
        policy = make_policy(names[0])

        def then(run: Timeline) -> None:
            self._compare([*runs, run], names[1:])

        self.record(runs[0].program, policy, then, kind=COMPARISON)

    # -- policy and file ----------------------------------------------------------------------

    def act_guards(self) -> None:
        """Switch guards."""
        self.pause()

        def rerun(without: Sequence[str], then: Callable[[Timeline], None]) -> None:
            def use(run: Timeline) -> None:
                self.replace_run(run)
                then(run)

            timeline = self.session.timeline
            self.record(timeline.program, make_policy(timeline.policy.name, without), use)

        self.open(GuardsPanel(self.session.timeline, self.close_panel, rerun))

    def act_policy(self) -> None:
        """Choose the policy."""
        self.pause()
        known = [(name, kind.SUMMARY) for name, kind in POLICIES.items()]

        def choose(name: str) -> None:
            def use(run: Timeline) -> None:
                self.replace_run(run)
                self.tell(f"recorded again under {name}, at the same place")

            self.record(self.session.timeline.program, make_policy(name), use)

        current = self.session.timeline.policy.name
        self.open(choices.policy_panel(current, known, self.close_panel, choose))

    def act_reload(self) -> None:
        """Read the file again, keep the place by script line."""
        self.pause()

        def again() -> None:
            self.close_panel()
            self.act_reload()

        try:
            self._read_again()
        except LufError as error:
            self.open(ProblemsPanel(error, self.close_panel, again))

    def _read_again(self) -> None:
        """Under the same policy, or the file's own where that was in use. Raises LufError."""
        session = self.session
        before, path = session.timeline, session.path
        session.stamp = session.file_stamp()
        program = opening.program(path)
        policy = opening.policy_of(program)
        own = opening.policy_of(before.program)
        if (before.policy.name, before.policy.without) != (own.name, own.without):
            policy = make_policy(before.policy.name, before.policy.without)

        def use(run: Timeline) -> None:
            self.replace_run(run)
            self.tell(f"read again: {path.name}")

        def dropped() -> None:
            session.stamp = None

        self.record(program, policy, use, dropped=dropped)

    def on_mount(self) -> None:
        """Watch the file; say why a run ends early."""
        self.session.stamp = self.session.file_stamp()
        self.set_interval(LOOK, self._look_at_file)
        if self._rest is not None:
            self.call_after_refresh(self._await_rest)
        elif self.session.trouble:
            self.tell(self.session.trouble, badly=True)
        elif self._opened:
            self.tell(self._opened)

    def _await_rest(self) -> None:
        """Put the whole run in the place of its first part, once it is there."""
        assert self._rest is not None
        part, rest = self.session.timeline, self._rest()
        self.tell(f"the first {part.steps:,} micro-steps; the rest is on its way")

        def use(run: Timeline) -> None:
            untouched = self.session.position == self._opened_at
            self.replace_run(run)
            if self._wanted is not None and untouched:
                self.session.go(_stand(run, self._wanted, part=True))
            self.tell(f"the whole recording is here: {run.steps:,} micro-steps")

        self.requests.ask(REST, rest, partial(self._hand_over, rest, use))

    def _look_at_file(self) -> None:
        """Read the file again when it has been saved; what is wrong with it waits for `r`."""
        stamp = self.session.file_stamp()
        busy = self.panels or self.player.playing or RUN in self.requests
        if stamp == self.session.stamp or not stamp or busy:
            return
        self.session.stamp = stamp
        try:
            self._read_again()
        except LufError:
            self.tell("the file has changed and cannot be played: r shows why", badly=True)

    # -- what if ------------------------------------------------------------------------------

    def act_what_if(self) -> None:
        """Ask for a line to put in after the current one; the file is left alone."""
        if self.session.timeline.program.recorded is not None:
            self.tell("a recording takes no other lines; p and g ask what if", badly=True)
            return

        def use(text: str) -> None:
            session = self.session
            program = typed_lines.with_line(session.timeline.program, session.line, text)
            before = session.timeline
            self.preferences.remember("what if", text)

            def back() -> str:
                self.replace_run(before)
                return "the run as it was"

            def show(run: Timeline) -> None:
                self.ways_back.append(back)
                self.replace_run(run)
                self.say(session.to_line(session.line + 1))
                self.tell("what if: u goes back to the run as it was")

            self.record(program, make_policy(*_policy_of(session.timeline)), show)

        self.prompt("what if, after this line", use, "what if", WHAT_IF_HELP)

    def act_gallery(self) -> None:
        """To the gallery."""
        self.pause()
        self.post_message(OpenGallery())

    # -- the app ------------------------------------------------------------------------------

    def act_copy(self) -> None:
        """Copy the selected thing's name and story, or the pane."""
        if self.session.selected is not None:
            links, name = questions.explain(self.session)
            text = "\n".join([name, *(link.text for link in links)])
            what = name
        else:
            text, what = self.grid.text_of(self.panes.focus), self.panes.focus
        self.app.copy_to_clipboard(text)
        self.tell(f"copied {what}, {len(text.splitlines())} lines")

    def act_export(self) -> None:
        """Save the screen as a picture."""
        name = f"{self.session.path.stem}-{self.session.position}.svg"
        palette = PALETTES[self.preferences.theme]
        shown = picture(self.session.timeline, self.grid.picture(), self.size.width, palette)
        text, well = saving.save_text(shown, saving.free_path(name))
        self.tell(text, badly=not well)

    def act_help(self) -> None:
        """All keys."""
        self.pause()
        self.open(HelpPanel(actions.help_lines(self.WHERE), self.close_panel))

    def act_quit(self) -> None:
        """Back to the gallery."""
        self.act_gallery()


def _stand(timeline: Timeline, spot: Spot, *, part: bool) -> int:
    """A spot's position; the end of a run that is but a part and does not reach it yet."""
    try:
        return spot.position(timeline)
    except LufError:
        if not part:
            raise
        return timeline.steps


def _policy_of(timeline: Timeline) -> tuple[str, tuple[str, ...]]:
    return timeline.policy.name, timeline.policy.without
