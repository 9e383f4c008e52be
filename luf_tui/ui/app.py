"""The app: opens the gallery or a scenario, and holds what its screens share."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.events import Resize
from textual.screen import Screen

from luf_tui.errors import LufError
from luf_tui.policy import own
from luf_tui.runs import opening
from luf_tui.timeline.navigate.spots import Spot
from luf_tui.timeline.timeline import Timeline
from luf_tui.ui import actions, garbage, theme
from luf_tui.ui.background.loading import Recording
from luf_tui.ui.background.requests import Requests
from luf_tui.ui.background.traces import Opening
from luf_tui.ui.command_palette import ActionsProvider, Palette, ScenariosProvider, WordsProvider
from luf_tui.ui.config_file import Config
from luf_tui.ui.drawing.paint import Styles
from luf_tui.ui.job_control import JobControl
from luf_tui.ui.messages import OpenGallery, OpenScenario, ThemeChanged
from luf_tui.ui.panels.intents import Open
from luf_tui.ui.panels.problems import ProblemsPanel
from luf_tui.ui.preferences import Preferences
from luf_tui.ui.screens.base_screen import BaseScreen
from luf_tui.ui.screens.gallery import Gallery
from luf_tui.ui.screens.run_screen import RunScreen

OPENING = "opening"
"""The kind of a request for a scenario to open."""


class LufApp(App[None]):
    """The stepper app. With a path it opens that scenario, else the gallery."""

    TITLE = "luf-tui"
    CSS_PATH = Path(__file__).with_name("luf.tcss")
    ENABLE_COMMAND_PALETTE = True
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {
        ActionsProvider,
        ScenariosProvider,
        WordsProvider,
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q", "quit", "Leave", show=False, priority=True, id="leave"),
        Binding("ctrl+z", "suspend_process", "Suspend", show=False, id="suspend"),
    ]

    def __init__(
        self,
        path: Path | str | None = None,
        spot: Spot | None = None,
        policy: str | None = None,
        without: Iterable[str] = (),
        theme_name: str = "",
        config: Config | None = None,
    ) -> None:
        """`spot` is where to stand first; without one, where the run fails, or the start.

        `policy` and `without` override the scenario's own, `theme_name` that of `config`: a
        person's settings, without which the defaults hold and nothing is remembered.
        """
        super().__init__()
        config = config or Config()
        actions.use_keys(config.keys)
        self.path = Path(path) if path is not None else None
        self.first_spot = spot
        self.policy = policy
        self.without = tuple(without)
        self.sixteen = self.console.color_system == "standard"
        self.set_class(self.sixteen, "sixteen")
        self.preferences = Preferences(theme.NAMES, self._styles_of, theme_name, config)
        self.requests = Requests(self._uppermost, self.call_later)
        for made in theme.textual_themes():
            self.register_theme(made)
        self.theme = theme.textual_name(self.preferences.theme)

    def _styles_of(self, name: str) -> Styles:
        return theme.styles_of(name, sixteen=self.sixteen)

    def get_default_screen(self) -> Screen[None]:
        """The first screen: no other is drawn before it."""
        if self.path is None:
            return Gallery(self.preferences)
        first = OpenScenario(self.path, self.first_spot, self.policy, self.without)
        try:
            recording = self._recording(first)
            if recording.soon():
                return self._run_screen(recording, recording.result(), first.spot)
        except LufError as error:
            return Gallery(self.preferences, problem=error, again=_again(first))
        self.call_later(self._watch, recording, first)
        return Gallery(self.preferences)

    def _recording(self, message: OpenScenario) -> Recording:
        if opening.is_recording(message.path):
            return Opening(message.path, message.policy, message.without)
        program = opening.program(message.path)
        try:
            return Recording(program, opening.policy_of(program, message.policy, message.without))
        except Exception as error:
            raise own.blamed(error) from error

    def on_open_scenario(self, message: OpenScenario) -> None:
        """Open a scenario in the place of the one that is open."""
        self.requests.withdraw(OPENING)
        try:
            recording = self._recording(message)
            if recording.soon():
                self._open(recording, recording.result(), message.spot)
            else:
                self._watch(recording, message)
        except LufError as error:
            self._show_problem(error, message)

    def _watch(self, recording: Recording, message: OpenScenario) -> None:
        screen = self._uppermost()
        if screen is not None:
            show = partial(self._show, recording, message)
            screen.await_recording(self.requests, OPENING, recording, show)

    def _show(self, recording: Recording, message: OpenScenario, run: Timeline) -> None:
        try:
            self._open(recording, run, message.spot)
        except LufError as error:
            self._show_problem(error, message)

    def _uppermost(self) -> BaseScreen | None:
        """The screen of ours that is shown, under whatever the app's library puts over it."""
        screens = (
            screen for screen in reversed(self.screen_stack) if isinstance(screen, BaseScreen)
        )
        return next(screens, None)

    def on_mount(self) -> None:
        """Be drawn anew after a stop that nobody was told of."""
        JobControl(partial(self.call_later, self._draw_anew))

    def action_command_palette(self) -> None:
        """Show the palette, unless it is shown."""
        if not isinstance(self.screen, Palette):
            self.push_screen(Palette())

    def on_resize(self, event: Resize) -> None:
        """Draw everything anew when a shell brings the app back.

        Its terminal was cleared, and all that is told of it is a size as before.
        """
        if event.size == self.size:
            self._draw_anew()

    def _draw_anew(self) -> None:
        self.refresh(layout=True)

    def on_unmount(self) -> None:
        """Nothing is opened any more."""
        self.requests.withdraw_all()

    def _open(self, recording: Recording, run: Timeline, spot: Spot | None) -> None:
        screen = self._run_screen(recording, run, spot)
        while len(self.screen_stack) > 1:
            self.pop_screen()
        self.push_screen(screen)

    def _run_screen(self, recording: Recording, run: Timeline, spot: Spot | None) -> RunScreen:
        rest = recording.rest if isinstance(recording, Opening) else None
        self.call_later(garbage.keep)
        return RunScreen(self.preferences, run, spot, rest)

    def _show_problem(self, error: LufError, message: OpenScenario) -> None:
        screen = self.screen
        if isinstance(screen, BaseScreen):
            screen.open(ProblemsPanel(error, _again(message)))

    def on_open_gallery(self, message: OpenGallery) -> None:
        """Put the gallery over the run that is open."""
        self.push_screen(Gallery(self.preferences))

    def on_theme_changed(self, message: ThemeChanged) -> None:
        """Draw everything with the theme in use."""
        self.theme = theme.textual_name(self.preferences.theme)
        for screen in self.screen_stack:
            if isinstance(screen, BaseScreen) and screen.is_mounted:
                screen.grid.use(self.preferences.styles)

    def _fatal_error(self) -> None:
        """Leave without a traceback on the screen; `failure` is for whoever started the app."""
        self.bell()
        self._close_messages_no_wait()

    @property
    def failure(self) -> Exception | None:
        """What the app came to its end by, if not by being left."""
        return self._exception

    def on_app_blur(self) -> None:
        """Nobody is looking: play no further."""
        if isinstance(self.screen, RunScreen) and self.screen.navigation.player.playing:
            self.screen.say(self.screen.play())

    def action_help_quit(self) -> None:
        """What ctrl+c does in other programs."""
        if isinstance(self.screen, BaseScreen):
            self.screen.tell("ctrl+q leaves")


def _again(message: OpenScenario) -> Open:
    """What opens the same once more."""
    return Open(message.path, message.spot, message.policy, message.without)
