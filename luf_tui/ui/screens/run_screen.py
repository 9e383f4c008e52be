"""The screen of a recorded run: everything a person can ask of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from time import monotonic
from typing import ClassVar, assert_never

from textual.timer import Timer

from luf_tui.errors import LufError
from luf_tui.machine.refs import Ref
from luf_tui.policy.base import Policy
from luf_tui.policy.registry import POLICIES, make_policy
from luf_tui.render.svg import picture
from luf_tui.runs import opening
from luf_tui.script.parse import parse
from luf_tui.script.program import Program
from luf_tui.search import counterexample
from luf_tui.search.exploration import Report, race_of_line
from luf_tui.timeline.ask.failing import first_failure
from luf_tui.timeline.navigate.spots import Spot
from luf_tui.timeline.timeline import Timeline
from luf_tui.ui import actions, kept_branches, saving, typed_lines
from luf_tui.ui.actions import Action
from luf_tui.ui.background.guard_trials import GuardTrials
from luf_tui.ui.background.loading import AT_ONCE, Recording
from luf_tui.ui.background.race_search import MOST_STATES, OVER, RaceSearch, race_near
from luf_tui.ui.background.requests import RUN, RunKey, run_of
from luf_tui.ui.background.searches import Searches
from luf_tui.ui.branches import Branches
from luf_tui.ui.drawing.grid import Grid
from luf_tui.ui.features import branching, lanes, touring
from luf_tui.ui.features import rest as rest_of
from luf_tui.ui.file_watch import FileWatch
from luf_tui.ui.key_names import with_keys
from luf_tui.ui.messages import OpenGallery
from luf_tui.ui.navigation import Navigation
from luf_tui.ui.panels import choices, questions
from luf_tui.ui.panels.intents import (
    AddBreakpoint,
    Choose,
    Do,
    Follow,
    Go,
    OfRun,
    OpenCounterexample,
    Purpose,
    ReadAgain,
    SaveCounterexample,
    SearchAgain,
    Select,
    SetBreakpoints,
    SwitchGuards,
)
from luf_tui.ui.panels.panel import Panel
from luf_tui.ui.panels.problems import ProblemsPanel
from luf_tui.ui.panels.prompt import Prompt
from luf_tui.ui.panels.search_progress import ExplorePanel, told_in_a_line
from luf_tui.ui.preferences import Preferences
from luf_tui.ui.screens.base_screen import BaseScreen
from luf_tui.ui.screens.visible_panes import PLACES, VisiblePanes
from luf_tui.ui.session import Reply, Session
from luf_tui.view.compose import Block, Selected
from luf_tui.view.palette import PALETTES
from luf_tui.view.related import related

GOTO_HELP = (
    "21 a step   +5 -5 from here   50% of the run   L12 a script line",
    "start   end   defer, flush, stale … the next event of a kind",
)
SEARCH_HELP = (
    "words of the narration, event kinds, cpu1, f3, text.0, process names; all must match",
    "{next-match} and {previous-match} go to the next and previous match; an empty line ends it",
)
BREAK_HELP = (
    "line 15   event defer   event defer hit 3   watch pte[3].frame",
    "watch text.0   watch owed   when stale cpu1 text.0   (any condition that expect knows)",
)
WHAT_IF_HELP = (
    "any script line: cpu1 read text.0   kswapd reclaim text.1   cpu0 write heap.0 secret",
    "the file is left alone; {go-back} goes back to the run as it was, {branches} lists all tried",
)
FAILS = "opened where it fails: {why} says why, {start} goes to the start"

COMPARISON = "comparison"
"""The kind of a request for the same script under another policy, to compare."""
SEARCH = "search"
"""The kind of a request for how a search ends."""
LOOK = 1.0
"""Seconds between two looks at the file."""
GUTTER = 5
"""Cells at the left of the script, line numbers included, in which a click sets a breakpoint."""


class RunScreen(BaseScreen):
    """A recorded run, walked in both directions. It does what keys and panels ask for, with the
    parts that it owns: navigation and its session, panes, searches of races, a watch on the file.
    """

    WHERE: ClassVar[str] = actions.STEPPER

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
        super().__init__(preferences)
        failing = first_failure(timeline) if spot is None else -1
        part = rest is not None
        self._opened_at = max(0, failing) if spot is None else _stand(timeline, spot, part=part)
        self._opened = FAILS if failing >= 0 else spot.drift(timeline) if spot and not part else ""
        self._rest = rest
        self._wanted = spot
        self.navigation: Navigation = Navigation(Session(timeline, self._opened_at))
        self.session.level = preferences.level
        self.panes: VisiblePanes = VisiblePanes()
        self.searches: Searches = Searches()
        self.file: FileWatch = FileWatch(self.session.path)
        self.guard_trials: GuardTrials | None = None
        self.branches: Branches = kept_branches.opened(self.session, self.file, partial=part)
        self._clock: Timer | None = None

    @property
    def session(self) -> Session:
        """What is known of the run that is shown."""
        return self.navigation.session

    def on_mount(self) -> None:
        """Watch the file; say why a run ends early."""
        self.file.read()
        self.set_interval(LOOK, self.look_at_file)
        if self._rest is not None:
            self.call_after_refresh(self._await_rest, self._rest)
        elif self.session.trouble:
            self.tell(self.session.trouble, badly=True)
        elif self._opened or self.branches.told:
            self.tell("; ".join(filter(None, (self._opened, self.branches.told))))

    def on_unmount(self) -> None:
        """Keep where one stood."""
        self.branches.leave()

    # -- drawing ------------------------------------------------------------------------------

    def blocks(self, width: int, height: int) -> list[Block]:
        """The panes that fit, at the session's position."""
        return self.panes.blocks(self.session, width, height - 1)

    def selection(self) -> Selected:
        """The thing questions are about, with all that belongs to the same debt."""
        return related(self.session.timeline, self.session.selected)

    def hints(self) -> Sequence[tuple[str, str, str]]:
        """Hints that say what n follows and whether space plays or pauses, with a way back where
        there is one, and the explorer where there is a race.
        """
        player = self.navigation.player
        found = []
        for keys, label, name in actions.hints():
            if name == "previous-match":
                found.append((keys, self.session.followed, "next-match"))
            elif name == "play" and player.playing:
                found.append((keys, f"pause · {player.speed}/s", name))
            else:
                found.append((keys, label, name))
        program, line = self.session.timeline.program, self.session.line
        search = self.searches.of(self.shown(), race_near(program, line))
        if search is not None and search.stage != OVER:
            found[2:2] = actions.hints([("explore", f"{search.figures.states:,} states")])
        elif race_of_line(program, line) is not None:
            found[2:2] = actions.hints([("explore",)])
        found[:0] = actions.hints([*rest_of.hint(self), *touring.hint(self.session)])
        if self.branches.current.parent is not None:
            found[:0] = actions.hints([("go-back",)])
        return found

    # -- the run that is shown ----------------------------------------------------------------

    def shown(self) -> RunKey:
        """The run that is walked."""
        timeline = self.session.timeline
        return run_of(timeline.program, timeline.policy)

    def replace_run(self, run: Timeline) -> None:
        """Show another recording from the same place."""
        self.navigation.replace(run)
        for panel in self.panels:
            panel.refresh()
        lanes.follow(self)

    def _await_rest(self, rest: Callable[[], Recording]) -> None:
        """Put the whole run in the place of its first part, once it is there."""
        rest_of.begin(self, rest, self._show_whole)

    def _show_whole(self, run: Timeline) -> None:
        untouched = self.session.position == self._opened_at
        branching.whole(self, run)
        if self._wanted is not None and untouched:
            self.session.go(_stand(run, self._wanted, part=True))
            self._opened_at = self.session.position
        drift = self._wanted.drift(run) if self._wanted is not None else ""
        self.tell(drift or rest_of.said(self.session))

    # -- what keys and panels ask for ---------------------------------------------------------

    def do(self, action: Action) -> None:
        """Do what the registry has for this screen."""
        if action.run is not None:
            self.say(action.run(self))

    def answer_of_run(self, panel: Panel, intent: OfRun) -> None:  # noqa: C901 - a case an intent
        """Do what a panel over a run wants."""
        navigation, session = self.navigation, self.session
        match intent:
            case Do(act, close):
                if close:
                    self.panels.close(panel)
                self.say(act(self))
            case Go(step):
                self.panels.close(panel)
                self.say(navigation.go(step))
            case Select(ref, step):
                session.selected = ref
                session.go(step)
            case Follow(kinds, close):
                reply = session.follow_kinds(kinds)
                if close:
                    self.panels.close(panel)
                    self.say(reply)
            case SetBreakpoints(points):
                session.set_points(points)
            case AddBreakpoint():
                self.panels.close(panel)
                self._prompt("break at", Purpose.BREAK, BREAK_HELP)
            case Choose(policy):
                self.panels.close(panel)
                branching.under(self, make_policy(policy), told=True)
            case SwitchGuards(without):
                branching.under(self, make_policy(session.timeline.policy.name, without))
            case ReadAgain():
                self.panels.close(panel)
                self.reload()
            case SearchAgain(search, most_states):
                self.panels.close(panel)
                self._show_search(
                    self._search(search.program, search.policy, search.race, most_states)
                )
            case OpenCounterexample(search, report):
                self._open_counterexample(search, report)
            case SaveCounterexample(search, report):
                path = saving.free_path(counterexample.path_of(search.program))
                self.say(Reply(*saving.save_text(report.scenario, path)))
            case _:
                assert_never(intent)

    def typed(self, purpose: Purpose, text: str) -> Reply | None:
        """Use a line that was typed. Raises LufError when it means nothing."""
        session = self.session
        match purpose:
            case Purpose.GOTO:
                reply = session.goto(text)
                self.preferences.remember(purpose.value, text)
                return reply
            case Purpose.SEARCH:
                self.preferences.remember(purpose.value, text)
                return session.search(text)
            case Purpose.BREAK:
                point = typed_lines.parse_breakpoint(text, session.timeline)
                return session.set_points((*session.points, point))
            case Purpose.WHAT_IF:
                program = typed_lines.with_line(session.timeline.program, session.line, text)
                self.preferences.remember(purpose.value, text)
                show = partial(branching.put_in, self, line=text)
                self.record(program, _policy_of(session.timeline), show)
                return None
            case _:
                assert_never(purpose)

    def _prompt(
        self, title: str, purpose: Purpose, rows: Sequence[str], *, blank: bool = False
    ) -> None:
        """Ask for a line; those typed before for the same purpose can be had again."""
        self.navigation.pause()
        recent = self.preferences.typed.get(purpose.value, ())
        rows = [with_keys(row) for row in rows]
        self.open(Prompt(title, purpose, help_rows=rows, recent=recent, blank=blank))

    def _ask(self, panel: Panel) -> None:
        """Pause, and put a panel over the run."""
        self.navigation.pause()
        self.open(panel)

    # -- moving -------------------------------------------------------------------------------

    def ask_goto(self) -> None:
        """Ask where to go."""
        self._prompt("go to", Purpose.GOTO, GOTO_HELP)

    def ask_search(self) -> None:
        """Ask what to look for."""
        self._prompt("search", Purpose.SEARCH, SEARCH_HELP, blank=True)

    def ask_kinds(self) -> None:
        """Choose the kinds that n follows."""
        self._ask(choices.KindsPanel(self.session))

    def list_breakpoints(self) -> None:
        """Breakpoints, to be changed."""
        self._ask(choices.BreakpointsPanel(self.session))

    def play(self) -> Reply:
        """Play on to the next breakpoint or the end; or pause."""
        reply = self.navigation.play(monotonic())
        self._wind()
        return reply

    def change_speed(self, by: int) -> Reply:
        """Play faster or slower."""
        reply = self.navigation.change_speed(by)
        self._wind()
        return reply

    def _wind(self) -> None:
        """Have the clock tick as fast as the run plays, or not at all."""
        if self._clock is not None:
            self._clock.stop()
            self._clock = None
        player = self.navigation.player
        if player.playing:
            self._clock = self.set_interval(player.period, self.tick)

    def tick(self) -> None:
        """Play on a little."""
        if not self.navigation.player.playing:
            self._wind()
            return
        reply = self.navigation.tick(monotonic())
        if reply is not None:
            if reply.text:
                self.tell(reply.text)
            self.paint_now()

    # -- looking ------------------------------------------------------------------------------

    def to_pane(self, number: int) -> Reply | None:
        """Give the keys to a pane by number."""
        there = self.panes.focus_number(number)
        return None if there else Reply(f"there is no pane {number}", moved=False)

    def scroll(self, direction: int) -> Reply | None:
        """Scroll the focused pane."""
        pane = self.panes.focus
        scrolled = self.grid.scroll_pane(pane, direction * self.panes.page)
        return None if scrolled else Reply(f"{pane} does not scroll further", moved=False)

    def let_go(self) -> None:
        """Select nothing; leave the zoom."""
        self.navigation.pause()
        self.session.selected = None
        self.panes.zoomed = False
        self.panes.leave_map()

    def select_next(self, direction: int) -> Reply:
        """Select the next thing in the focused pane."""
        self.navigation.pause()
        found = self.panes.next_ref(self.session.selected, direction)
        if found is None:
            told = f"nothing to select in {self.panes.focus}: {{next-pane}} goes to another pane"
            return Reply(told, moved=False)
        ref, row = found
        self.session.selected = ref
        self.grid.reveal(self.panes.focus, row)
        name = questions.ref_name(self.session.timeline, ref)
        return Reply(f"{name}: {{why}} asks why, {{history}} its history")

    # -- asking -------------------------------------------------------------------------------

    def why(self) -> None:
        """Why is this so."""
        self._ask(questions.WhyPanel(self.session))

    def history(self) -> Reply | None:
        """Every change of the selected thing."""
        self.navigation.pause()
        ref = self.session.selected
        if ref is None:
            return questions.nothing_selected(self.session)
        self.open(questions.history_panel(self.session, ref))
        return None

    def compare(self) -> None:
        """The same script under every policy."""
        self.navigation.pause()
        here = self.session.timeline
        known = (here.policy.name, here.policy.without)
        self._compare([name for name in POLICIES if (name, ()) != known], (), here)

    def _compare(self, names: Sequence[str], runs: Sequence[Timeline], run: Timeline) -> None:
        """Add a run, record under the policies still to come, then show all of them."""
        runs = (*runs, run)
        if not names:
            self.open(questions.compare_panel(runs))
            return
        then = partial(self._compare, names[1:], runs)
        self.record(run.program, make_policy(names[0]), then, kind=COMPARISON)

    # -- policy and file ----------------------------------------------------------------------

    def ask_policy(self) -> None:
        """Choose the policy."""
        known = [(name, kind.SUMMARY) for name, kind in POLICIES.items()]
        self._ask(choices.policy_panel(self.session.timeline.policy.name, known))

    def reload(self) -> None:
        """Read the file again, keep the place by script line."""
        self.navigation.pause()
        try:
            self._read_again()
        except LufError as error:
            self.open(ProblemsPanel(error, ReadAgain()))

    def _read_again(self) -> None:
        """Under the same policy, or the file's own where that was in use. Raises LufError."""
        before = self.session.timeline
        self.file.read()
        program = opening.program(self.file.path)
        policy, own = opening.policy_of(program), opening.policy_of(before.program)
        if (before.policy.name, before.policy.without) != (own.name, own.without):
            policy = _policy_of(before)
        self.record(program, policy, partial(branching.read_again, self), dropped=self.file.forget)

    def look_at_file(self) -> None:
        """Read the file again when it has been saved; what is wrong with it waits for `r`."""
        busy = self.panels or self.navigation.player.playing or RUN in self.requests
        if busy or not self.file.changed():
            return
        try:
            self._read_again()
        except LufError:
            self.tell("the file has changed and cannot be played: {reload} shows why", badly=True)

    def save_script(self) -> Reply:
        """Write the script that is shown to a file of its own."""
        session = self.session
        if session.timeline.program.recorded is not None:
            return Reply("a recording has no script to save", moved=False)
        path = saving.free_path(session.path.name)
        text = "\n".join(session.timeline.program.source).rstrip("\n") + "\n"
        told, well = saving.save_text(text, path)
        if well and path == session.path:
            session.filed = True
            self.file.read()
        return Reply(told, moved=well)

    def ask_what_if(self) -> Reply | None:
        """Ask for a line to put in after the current one; the file is left alone."""
        if self.session.timeline.program.recorded is not None:
            told = "a recording takes no other lines; {policy} and {guards} ask what if"
            return Reply(told, moved=False)
        self._prompt("what if, after this line", Purpose.WHAT_IF, WHAT_IF_HELP)
        return None

    # -- races --------------------------------------------------------------------------------

    def explore(self) -> Reply | None:
        """Search the race under the cursor, the next one, or the last, in every order."""
        self.navigation.pause()
        timeline = self.session.timeline
        race = race_near(timeline.program, self.session.line)
        if race is None:
            told = "no race in this script: `race` or `forever` … `end` leaves an order open"
            return Reply(told, moved=False)
        known = self.searches.of(self.shown(), race)
        self._show_search(known or self._search(timeline.program, timeline.policy, race))
        return None

    def _search(
        self, program: Program, policy: Policy, race: int, most_states: int = MOST_STATES
    ) -> RaceSearch:
        """Begin a search; the one that goes on is stopped."""
        search = self.searches.begin(program, policy, race, most_states)
        self.await_job(self.requests, SEARCH, search, partial(self._tell_search, search))
        return search

    def _tell_search(self, search: RaceSearch) -> None:
        """Tell how a search ended, unless its panel does."""
        shown = (panel.search for panel in self.panels if isinstance(panel, ExplorePanel))
        if search not in shown:
            self.tell(told_in_a_line(search))

    def _show_search(self, search: RaceSearch) -> None:
        self.open(ExplorePanel(search))
        search.done(AT_ONCE)

    def _open_counterexample(self, search: RaceSearch, report: Report) -> None:
        """In the place of the run shown, which can be come back to."""
        path = saving.free_path(counterexample.path_of(search.program))
        try:
            program = parse(report.scenario, str(path))
        except LufError as error:
            self.open(ProblemsPanel(error))
            return
        self.requests.withdraw(SEARCH)
        self.panels.keep(())
        show = partial(branching.counterexample, self, line=search.line)
        self.record(program, search.policy, show)

    # -- the app ------------------------------------------------------------------------------

    def open_gallery(self) -> None:
        """To the gallery."""
        self.navigation.pause()
        self.post_message(OpenGallery())

    def help(self) -> None:
        """All keys."""
        self.navigation.pause()
        super().help()

    def copy(self) -> Reply:
        """Copy the selected thing's name and story, or the pane."""
        if self.session.selected is not None:
            links, what = questions.explain(self.session)
            text = "\n".join([what, *(link.text for link in links)])
        else:
            text, what = self.grid.text_of(self.panes.focus), self.panes.focus
        self.app.copy_to_clipboard(text)
        return Reply(f"copied {what}, {len(text.splitlines())} lines")

    def export(self) -> Reply:
        """Save the screen as a picture."""
        name = f"{self.session.path.stem}-{self.session.position}.svg"
        palette = PALETTES[self.preferences.theme]
        shown = picture(self.session.timeline, self.grid.picture(), self.size.width, palette)
        return Reply(*saving.save_text(shown, saving.free_path(name)))

    # -- the mouse ----------------------------------------------------------------------------

    def pressed(self, message: Grid.Pressed) -> None:
        """Select what was clicked, go where it stands for, and give its pane the keys."""
        hit = message.hit
        self.panes.focus_on(hit.pane)
        ref = hit.mark.ref if hit.mark else None
        if ref is None:
            return
        if ref.region in PLACES:
            self.say(self._to_place(ref, hit.column))
        elif message.twice:
            self.session.selected = ref
            self.why()
        else:
            self.session.selected = None if self.session.selected == ref else ref

    def _to_place(self, ref: Ref, column: int) -> Reply:
        """Go where a mark stands for, or set a breakpoint in the gutter."""
        if ref.region == "step":
            return self.navigation.go(ref.index)
        if column < GUTTER:
            return self.navigation.toggle_line(ref.index)
        return self.navigation.to_line(ref.index)

    def on_grid_scrolled(self, message: Grid.Scrolled) -> None:
        """The wheel over a pane that does not scroll makes steps."""
        if self.panels:
            super().on_grid_scrolled(message)
            return
        message.stop()
        self.say(self.navigation.move("next_step" if message.rows > 0 else "previous_step"))


def _stand(timeline: Timeline, spot: Spot, *, part: bool) -> int:
    """A spot's position; the end of a run that is but a part and does not reach it yet."""
    try:
        return spot.position(timeline)
    except LufError:
        if not part:
            raise
        return timeline.steps


def _policy_of(timeline: Timeline) -> Policy:
    """The policy of a run, made anew."""
    return make_policy(timeline.policy.name, timeline.policy.without)
