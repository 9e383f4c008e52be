"""The base of the app's screens: one grid, panels over it, a line to tell things in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.screen import Screen
from textual.timer import Timer

from luf_tui.errors import InputError, LufError
from luf_tui.machine.refs import Ref
from luf_tui.policy.base import Policy
from luf_tui.script.program import Program
from luf_tui.timeline.timeline import Timeline
from luf_tui.ui import actions
from luf_tui.ui.actions import Action
from luf_tui.ui.background.loading import POLL, Recording
from luf_tui.ui.background.requests import RUN, Job, Requests, Then, nothing
from luf_tui.ui.drawing.grid import Grid
from luf_tui.ui.drawing.spans import SpanCompositor
from luf_tui.ui.key_names import with_keys
from luf_tui.ui.messages import OpenScenario, ThemeChanged
from luf_tui.ui.panels.glossary import EntryPanel
from luf_tui.ui.panels.intents import (
    Close,
    DoAction,
    Explain,
    Intent,
    OfRun,
    Open,
    Purpose,
    Stay,
    Stop,
    Type,
    Use,
)
from luf_tui.ui.panels.key_help import HelpPanel
from luf_tui.ui.panels.panel import ACCENT, BAD, DIM, KEY, Panel
from luf_tui.ui.panels.problems import ProblemsPanel
from luf_tui.ui.panels.progress import ProgressPanel
from luf_tui.ui.panels.stack import PanelStack
from luf_tui.ui.preferences import Preferences
from luf_tui.ui.session import Reply
from luf_tui.view.columns import cells, wrap
from luf_tui.view.compose import NOTHING, Block, Selected
from luf_tui.view.marks import ACTION, Mark, Pane, Row
from luf_tui.view.state import SMALLEST


class BaseScreen(Screen[None]):
    """A screen that is one grid. Subclasses say what blocks it shows and what actions do."""

    WHERE: ClassVar[str] = actions.STEPPER

    def __init__(self, preferences: Preferences) -> None:
        super().__init__()
        self._compositor = SpanCompositor()
        self.preferences = preferences
        self.grid = Grid(preferences.styles)
        self.panels = PanelStack()
        self.requests = Requests(self.shown, self.call_later)
        self.told = ""
        self.told_badly = False
        self.heard = ""
        """What was told until the last key."""
        self._due = False

    def compose(self) -> ComposeResult:
        """One grid."""
        yield self.grid

    def on_mount(self) -> None:
        """Say what is wrong with a person's own settings, once."""
        wrong = self.preferences.wrong()
        if wrong:
            self.tell(wrong, badly=True)

    def on_unmount(self) -> None:
        """Nobody waits any more for what was asked for here."""
        self.requests.withdraw_all()

    def on_resize(self) -> None:
        """Arrange anew."""
        self.paint_now()

    # -- what is shown ------------------------------------------------------------------------

    def blocks(self, width: int, height: int) -> list[Block]:
        """The blocks of this screen, without panels and the hint line."""
        return []

    def shown(self) -> object:
        """What requests are made for: they are dropped once it is another."""
        return None

    def selection(self) -> Selected:
        """The things whose marks are shown as selected."""
        return NOTHING

    def hints(self) -> Sequence[tuple[str, str, str]]:
        """The hint line as (keys, label, action id)."""
        return actions.hints()

    def paint_soon(self) -> None:
        """Show the present state once the keys that are waiting have been taken.

        However many keys wait, one picture is made of what they led to.
        """
        if not self._due:
            self._due = True
            self.call_later(self._paint_if_due)

    def _paint_if_due(self) -> None:
        if self._due:
            self.paint_now()

    def paint_now(self) -> None:
        """Show the present state."""
        self._due = False
        width, height = self.size
        if not width or not height or not self.is_attached:
            return
        least_width, least_height = SMALLEST
        if width < least_width or height < least_height:
            need = f"luf-tui needs {least_width}x{least_height} cells."
            told = wrap(f"{need} This terminal has {width}x{height}.", width)
            small = Pane("small", (), tuple((Mark(line),) for line in told))
            self.grid.show([Block(small, 0, 0, width, height, frame=False)])
            return
        found = self.blocks(width, height)
        found.append(Block(self._hint_pane(width), 0, height - 1, width, 1, frame=False))
        if self.panels:
            beneath = self.panels[-1].dress(found)
            found = [*beneath, *self.panels.blocks(width, height)]
        self.grid.show(found, self.selection())

    def _hint_pane(self, width: int) -> Pane:
        if self.told:
            role = BAD if self.told_badly else ACCENT
            return Pane("hints", (), ((Mark(" "), Mark(self.told, role)),))
        return Pane("hints", (), (hint_row(self.hints(), width),))

    # -- telling ------------------------------------------------------------------------------

    def tell(self, text: str, *, badly: bool = False) -> None:
        """Say something in the hint line until the next key, `{id}` of an action as its key.

        Badly: with a bell.
        """
        self.told, self.told_badly = with_keys(text), badly
        if badly:
            self.app.bell()
        self.paint_soon()

    def say(self, reply: Reply | None) -> None:
        """Tell what was answered; what did not move is told with a bell."""
        if reply is not None and (reply.text or not reply.moved):
            self.tell(reply.text, badly=not reply.moved)
        self.paint_soon()

    # -- panels -------------------------------------------------------------------------------

    def open(self, panel: Panel) -> None:
        """Put a panel over the panes."""
        self.panels.open(panel)
        self.paint_soon()

    def answer(self, panel: Panel, intent: Intent) -> None:
        """Do what a panel wants."""
        match intent:
            case Stay():
                pass
            case Close():
                self.panels.close(panel)
            case Stop(job):
                job.stop()
            case Open(path, spot, policy, without):
                self.panels.close(panel)
                self.post_message(OpenScenario(path, spot, policy, without))
            case DoAction(name):
                self.panels.close(panel)
                self.action_do(name)
            case Explain(word):
                self.open(EntryPanel(word))
            case Type(purpose, text):
                self._use_line(panel, purpose, text)
            case _:
                self.answer_of_run(panel, intent)
        panel.refresh()
        self.paint_soon()

    def answer_of_run(self, panel: Panel, intent: OfRun) -> None:
        """Do what a panel wants that lies over a run: none does where no run is shown."""

    def _use_line(self, panel: Panel, purpose: Purpose | Use, text: str) -> None:
        try:
            if isinstance(purpose, Purpose):
                reply = self.typed(purpose, text)
            else:
                reply = purpose(self, text)
        except LufError as error:
            panel.refuse(str(error))
        else:
            self.panels.close(panel)
            self.say(reply)

    def typed(self, purpose: Purpose, text: str) -> Reply | None:
        """Use a line that was typed. Raises LufError when it means nothing."""
        return None

    # -- recording ----------------------------------------------------------------------------

    def record(
        self,
        program: Program,
        policy: Policy,
        then: Callable[[Timeline], None],
        *,
        kind: str = RUN,
        dropped: Then = nothing,
    ) -> None:
        """Record a program and hand the run to `then`: at once, or when it is done.

        What takes longer than a moment is shown going on, and can be stopped.
        """
        recording = Recording(program, policy)
        if recording.soon():
            self.requests.withdraw(kind)
            self.hand_over(recording, then)
        else:
            self.await_recording(self.requests, kind, recording, then, dropped)

    def await_recording(
        self,
        requests: Requests,
        kind: str,
        recording: Recording,
        then: Callable[[Timeline], None],
        dropped: Then = nothing,
    ) -> None:
        """Show a recording that goes on, and hand its run to `then` when it is done."""
        panel, below = ProgressPanel(recording), tuple(self.panels)
        deliver = partial(self._deliver, recording, then, below)
        self.await_job(requests, kind, recording, deliver, partial(self._drop, panel, dropped))
        self.open(panel)

    def _deliver(
        self, recording: Recording, then: Callable[[Timeline], None], below: Sequence[Panel]
    ) -> None:
        # What was opened since then tells of what was shown meanwhile.
        self.panels.keep(below)
        self.hand_over(recording, then)

    def _drop(self, panel: Panel, dropped: Then) -> None:
        self.panels.close(panel)
        dropped()

    def await_job(
        self, requests: Requests, kind: str, job: Job[Any], deliver: Then, dropped: Then = nothing
    ) -> None:
        """Make a request, and paint how far it is until it is over."""
        clock = self.set_interval(POLL, self.paint_soon)
        requests.ask(
            kind, job, partial(self._over, clock, deliver), partial(self._over, clock, dropped)
        )

    def _over(self, clock: Timer, follows: Then) -> None:
        clock.stop()
        follows()
        self.paint_soon()

    def hand_over(self, recording: Recording, then: Callable[[Timeline], None]) -> None:
        """Hand a run that is made to `then`, or show why there is none."""
        try:
            run = recording.result()
        except InputError as error:
            self.open(ProblemsPanel(error))
        except LufError as error:
            self.tell(str(error), badly=True)
        else:
            then(run)
        self.paint_soon()

    # -- keys and the mouse ---------------------------------------------------------------------

    def on_key(self, event: events.Key) -> None:
        """Do what the key is bound to, or give it to the panel that is open.

        Keys are taken here, in the order they come, and not by the app's own bindings: those run
        in the app's queue, so a key typed right after one that opens a panel would overtake it.
        A key that means nothing does nothing.
        """
        if event.key in APP_KEYS:
            return
        event.stop()
        event.prevent_default()
        self.heard, self.told = self.told, ""
        if self.panels:
            panel = self.panels[-1]
            intent = panel.key(event.key, event.character)
            if intent is not None:
                self.answer(panel, intent)
            elif event.key == panel.opener:
                self.panels.close(panel)
            elif event.key in actions.BY_ID["glossary"].keys:
                self.action_do("glossary")
        elif not self.takes(event.key, event.character):
            self.panels.pressed = event.key
            name = actions.bound(self.WHERE, event.key)
            if name:
                self.action_do(name)
        self.paint_soon()

    def takes(self, key: str, character: str | None) -> bool:
        """Take a key before any action gets it: what is typed into something of the screen's."""
        return False

    def on_paste(self, event: events.Paste) -> None:
        """Give pasted text to the panel that is open."""
        if self.panels:
            self.panels[-1].paste(event.text)
            self.paint_soon()

    def action_do(self, name: str) -> None:
        """Do an action of the registry."""
        action = actions.BY_ID[name]
        if self.WHERE in action.where:
            self.told = ""
            self.do(action)
            self.paint_soon()

    def do(self, action: Action) -> None:
        """Do an action that this screen knows."""

    def on_grid_pressed(self, message: Grid.Pressed) -> None:
        """A click: on a hint, on the panel, or on a pane."""
        message.stop()
        hit = message.hit
        ref = hit.mark.ref if hit.mark else None
        if ref is not None and ref.region == ACTION:
            self.panels.keep(())
            self.action_do(ref.field)
        elif self.panels:
            panel = self.panels[-1]
            if hit.pane == panel.name:
                self.answer(panel, panel.press(hit.row, twice=message.twice))
            else:
                self.answer(panel, panel.press_beside(hit.pane, ref))
        else:
            self.told = ""
            self.pressed(message)
        self.paint_soon()

    def next_theme(self) -> Reply:
        """Use the next theme everywhere."""
        self.post_message(ThemeChanged())
        return Reply(self.preferences.next_theme())

    def help(self) -> None:
        """All keys."""
        self.open(HelpPanel(actions.help_lines(self.WHERE), actions.label_of))

    def pressed(self, message: Grid.Pressed) -> None:
        """A click on a pane."""

    def on_grid_scrolled(self, message: Grid.Scrolled) -> None:
        """The wheel over the panel, or over a pane that does not scroll."""
        message.stop()
        if self.panels:
            panel = self.panels[-1]
            intent = panel.key("down" if message.rows > 0 else "up", None)
            if intent is not None:
                self.answer(panel, intent)


APP_KEYS = ("ctrl+c", "ctrl+q", "ctrl+p", "ctrl+z")
"""Keys that are the app's even while a panel is open."""


def hint_row(hints: Sequence[tuple[str, str, str]], width: int) -> Row:
    """Hints as one row; what does not fit is left out, last first, but never the way out."""
    shown = list(hints)
    gap = 3
    while len(shown) > 2 and _length(shown, gap) > width:
        if gap > 2:
            gap = 2
        else:
            shown.pop(-3)
    row: list[Mark] = [Mark(" ")]
    for keys, label, name in shown:
        ref = Ref(ACTION, 0, name)
        row += [Mark(keys, KEY, ref), Mark(f" {label}", DIM, ref), Mark(" " * gap)]
    return tuple(row[:-1])


def _length(hints: Sequence[tuple[str, str, str]], gap: int) -> int:
    return sum(cells(keys) + 1 + cells(label) + gap for keys, label, _ in hints) + 1 - gap
