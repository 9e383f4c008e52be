"""The base of the app's screens: one grid, panels over it, a line to tell things in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.screen import Screen

from luf_tui.errors import InputError, LufError
from luf_tui.machine.refs import Ref
from luf_tui.policy.base import Policy
from luf_tui.script.program import Program
from luf_tui.timeline.timeline import Timeline
from luf_tui.ui import actions
from luf_tui.ui.actions import Action
from luf_tui.ui.background.loading import POLL, Recording
from luf_tui.ui.background.requests import Job, Requests, Then, nothing
from luf_tui.ui.drawing.grid import Grid
from luf_tui.ui.messages import ThemeChanged
from luf_tui.ui.panels.panel import ACCENT, ACTION, BAD, DIM, KEY, Panel
from luf_tui.ui.panels.problems import ProblemsPanel
from luf_tui.ui.panels.progress import ProgressPanel
from luf_tui.ui.panels.prompt import Prompt
from luf_tui.ui.preferences import Preferences
from luf_tui.view.columns import cells
from luf_tui.view.compose import Block
from luf_tui.view.marks import Mark, Pane, Row
from luf_tui.view.screen import SMALLEST

RUN = "run"
"""The kind of a request for a recording that is to be shown in the place of what is shown."""
SIDE_WIDTH = 110
"""From this width on, panels stand at the right and leave the script in sight."""


class BaseScreen(Screen[None]):
    """A screen that is one grid. Subclasses say what blocks it shows and what actions do."""

    WHERE: ClassVar[str] = actions.STEPPER

    def __init__(self, preferences: Preferences) -> None:
        super().__init__()
        self.preferences = preferences
        self.grid = Grid(preferences.styles)
        self.panels: list[Panel] = []
        self.requests = Requests(self.shown, self.call_later)
        self.told = ""
        self.told_badly = False
        self._due = False
        self._pressed_key = ""

    def compose(self) -> ComposeResult:
        """One grid."""
        yield self.grid

    def on_mount(self) -> None:
        """Say what is wrong with a person's own keys."""
        if actions.WRONG_KEYS:
            self.tell(f"{actions.KEYS}: {actions.WRONG_KEYS}", badly=True)

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

    def selection(self) -> Ref | None:
        """The thing whose marks are shown as selected."""
        return None

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
            rows = (
                (Mark(f"This terminal is too small: it has {width}x{height} cells,"),),
                (Mark(f"luf-tui needs {least_width}x{least_height}."),),
            )
            self.grid.show([Block(Pane("small", (), rows), 0, 0, width, height, frame=False)])
            return
        found = self.blocks(width, height)
        found.append(Block(self._hint_pane(width), 0, height - 1, width, 1, frame=False))
        if self.panels:
            found.append(self._panel_block(self.panels[-1], width, height))
        self.grid.show(found, self.selection())

    def _hint_pane(self, width: int) -> Pane:
        if self.told:
            role = BAD if self.told_badly else ACCENT
            return Pane("hints", (), ((Mark(" "), Mark(self.told, role)),))
        return Pane("hints", (), (hint_row(self.hints(), width),))

    def _panel_block(self, panel: Panel, width: int, height: int) -> Block:
        if isinstance(panel, Prompt):
            rows = len(panel.pane(width - 4, 1).rows)
            top = height - rows - 3
            pane = panel.pane(width - 4, rows)
            return Block(pane, 0, top, width, rows + 2, focus=True, over=True)
        wide = min(width - 2, panel.width)
        top, tall = (1, height - 2) if height < 30 else (2, height - 4)
        rows = len(panel.pane(wide - 4, 10_000).rows)
        if rows + 2 < tall and panel.snug:
            tall = rows + 2
        x = width - wide if width >= SIDE_WIDTH else (width - wide) // 2
        return Block(panel.pane(wide - 4, tall - 2), x, top, wide, tall, focus=True, over=True)

    # -- telling ------------------------------------------------------------------------------

    def tell(self, text: str, *, badly: bool = False) -> None:
        """Say something in the hint line until the next key. Badly: with a bell."""
        self.told, self.told_badly = text, badly
        if badly:
            self.app.bell()
        self.paint_soon()

    # -- panels -------------------------------------------------------------------------------

    def open(self, panel: Panel) -> None:
        """Put a panel over the panes."""
        panel.opener, self._pressed_key = self._pressed_key, ""
        self.panels.append(panel)
        self.paint_soon()

    def close_panel(self) -> None:
        """Close the uppermost panel."""
        if self.panels:
            self.panels.pop()
        self.paint_soon()

    def close_panels(self) -> None:
        """Close all panels."""
        self.panels.clear()
        self.paint_soon()

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
            self._hand_over(recording, then)
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
        panel, below = ProgressPanel(recording, self.close_panel), tuple(self.panels)

        def deliver() -> None:
            # What was opened since then tells of what was shown meanwhile.
            self.panels[:] = [one for one in self.panels if one in below]
            self._hand_over(recording, then)

        def drop() -> None:
            if panel in self.panels:
                self.panels.remove(panel)
            dropped()

        self.await_job(requests, kind, recording, deliver, drop)
        self.open(panel)

    def await_job(
        self, requests: Requests, kind: str, job: Job[Any], deliver: Then, dropped: Then = nothing
    ) -> None:
        """Make a request, and paint how far it is until it is over."""
        clock = self.set_interval(POLL, self.paint_soon)

        def over(follows: Then) -> None:
            clock.stop()
            follows()
            self.paint_soon()

        requests.ask(kind, job, partial(over, deliver), partial(over, dropped))

    def _hand_over(self, recording: Recording, then: Callable[[Timeline], None]) -> None:
        try:
            run = recording.result()
        except InputError as error:
            self.open(ProblemsPanel(error, self.close_panel))
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
        self.told = ""
        if self.panels:
            panel = self.panels[-1]
            if not panel.key(event.key, event.character) and event.key == panel.opener:
                self.close_panel()
        else:
            self._pressed_key = event.key
            bound = self.active_bindings.get(event.key)
            if bound is not None and bound.binding.id in actions.BY_ID:
                self.action_do(bound.binding.id)
        self.paint_soon()

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
        if self.panels:
            if ref is not None and ref.region == ACTION:
                self.close_panels()
                self.action_do(ref.field)
            elif hit.pane == self.panels[-1].name:
                self.panels[-1].press(hit.row, twice=message.twice)
            else:
                self.close_panel()
        elif ref is not None and ref.region == ACTION:
            self.action_do(ref.field)
        else:
            self.told = ""
            self.pressed(message)
        self.paint_soon()

    def next_theme(self) -> None:
        """Use the next theme everywhere."""
        self.tell(f"theme {self.preferences.next_theme()}")
        self.post_message(ThemeChanged())

    def pressed(self, message: Grid.Pressed) -> None:
        """A click on a pane."""

    def on_grid_scrolled(self, message: Grid.Scrolled) -> None:
        """The wheel over the panel, or over a pane that does not scroll."""
        message.stop()
        if self.panels:
            key = "down" if message.rows > 0 else "up"
            self.panels[-1].key(key, None)
            self.paint_soon()


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
