"""Every order of a race, from inside the app: search it, walk the counterexample, come back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from luf_tui.errors import LufError
from luf_tui.policy.base import Policy
from luf_tui.script.parse import parse
from luf_tui.script.program import Program
from luf_tui.search import counterexample
from luf_tui.search.exploration import Report, race_of_line
from luf_tui.timeline.ask.failing import first_failure
from luf_tui.timeline.timeline import Timeline
from luf_tui.ui import actions, saving
from luf_tui.ui.background.loading import AT_ONCE
from luf_tui.ui.background.race_search import MOST_STATES, OVER, RaceSearch, race_near
from luf_tui.ui.background.requests import run_of
from luf_tui.ui.panels.problems import ProblemsPanel
from luf_tui.ui.panels.search_progress import ExplorePanel, told_in_a_line
from luf_tui.ui.preferences import Preferences
from luf_tui.ui.screens.walker import Walker
from luf_tui.ui.session import Session

SEARCH = "search"
"""The kind of a request for how a search ends."""


class Explorer(Walker):
    """A run to walk, whose races can be searched, and which can be left and come back to."""

    def __init__(self, preferences: Preferences, timeline: Timeline, position: int = 0) -> None:
        super().__init__(preferences, timeline, position)
        self.ways_back: list[Callable[[], str]] = []
        """From what-ifs and counterexamples to what was shown before, the latest last; each
        answers with what to tell."""
        self.searches: list[RaceSearch] = []
        """Races searched so far, the latest last; only that one may still go on."""

    def act_explore(self) -> None:
        """Search the race under the cursor, the next one, or the last, in every order."""
        self.pause()
        timeline = self.session.timeline
        race = race_near(timeline.program, self.session.line)
        if race is None:
            self.tell("no race in this script: `race` … `end` leaves an order open", badly=True)
            return
        self._show_search(
            self._known(race) or self._search_race(timeline.program, timeline.policy, race)
        )

    def _known(self, race: int | None) -> RaceSearch | None:
        """The search that asks about this race as it is now."""
        run = self.shown()
        if race is None:
            return None
        return next((search for search in self.searches if search.is_of(run, race)), None)

    def _search_race(
        self, program: Program, policy: Policy, race: int, most_states: int = MOST_STATES
    ) -> RaceSearch:
        """Begin a search; the one that goes on is stopped."""
        made = RaceSearch(program, policy, race, most_states)
        run = run_of(program, policy)
        self.searches = [search for search in self.searches if not search.is_of(run, race)]
        self.searches.append(made)

        def tell() -> None:
            if not self._shows(made):
                self.tell(told_in_a_line(made))

        self.await_job(self.requests, SEARCH, made, tell)
        return made

    def _show_search(self, search: RaceSearch) -> None:
        def again(most_states: int) -> None:
            self.close_panel()
            self._show_search(
                self._search_race(search.program, search.policy, search.race, most_states)
            )

        panel = ExplorePanel(
            search, self.close_panel, look=partial(self._open_counterexample, search),
            save=partial(self._save_report, search), again=again,
        )  # fmt: skip
        self.open(panel)
        search.done(AT_ONCE)

    def _shows(self, search: RaceSearch) -> bool:
        return any(
            isinstance(panel, ExplorePanel) and panel.search is search for panel in self.panels
        )

    def _open_counterexample(self, search: RaceSearch, report: Report) -> None:
        """In the place of the run shown, which can be come back to."""
        before = self.session
        path = saving.free_path(counterexample.path_of(search.program))
        try:
            program = parse(report.scenario, str(path))
        except LufError as error:
            self.open(ProblemsPanel(error, self.close_panel))
            return

        def back() -> str:
            self.session = before
            return f"back at step {before.position} of {before.path.name}"

        def show(run: Timeline) -> None:
            self.pause()
            self.ways_back.append(back)
            self.session = Session(run, max(0, first_failure(run)), filed=False)
            self.session.level, self.session.kinds = before.level, before.kinds
            self.session.stamp = self.session.file_stamp()
            self.tell("the counterexample: u goes back to where you were, W saves this script")

        self.requests.withdraw(SEARCH)
        self.close_panels()
        self.record(program, search.policy, show)

    def _save_report(self, search: RaceSearch, report: Report) -> None:
        name = counterexample.path_of(search.program)
        text, well = saving.save_text(report.scenario, saving.free_path(name))
        self.tell(text, badly=not well)

    def act_go_back(self) -> None:
        """Back to what was shown before the last line put in, or before the counterexample."""
        self.pause()
        if not self.ways_back:
            self.tell("this is the run of the file: a puts a line in, E explores", badly=True)
            return
        self.tell(self.ways_back.pop()())

    def act_save_script(self) -> None:
        """Write the script that is shown to a file of its own."""
        source = self.session.timeline.program.source
        path = saving.free_path(self.session.path.name)
        text, well = saving.save_text("\n".join(source).rstrip("\n") + "\n", path)
        if well and path == self.session.path:
            self.session.filed = True
            self.session.stamp = self.session.file_stamp()
        self.tell(text, badly=not well)

    def hints(self) -> Sequence[tuple[str, str, str]]:
        """The walker's, with a way back where there is one, and the explorer where there is a
        race.
        """
        found = list(super().hints())
        program, line = self.session.timeline.program, self.session.line
        search = self._known(race_near(program, line))
        if search is not None and search.stage != OVER:
            found[2:2] = actions.hints([("explore", f"{search.figures.states:,} states")])
        elif race_of_line(program, line) is not None:
            found[2:2] = actions.hints([("explore",)])
        if self.ways_back:
            found[:0] = actions.hints([("go-back",)])
        return found
