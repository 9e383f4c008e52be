"""A run beside another one, or beside another place of itself: asked for, recorded, shown."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from luf_tui.errors import LufError
from luf_tui.policy.registry import make_policy
from luf_tui.runs.beside import Beside, beside
from luf_tui.timeline.ask.compare import policy_name
from luf_tui.timeline.navigate.alignment import parting
from luf_tui.timeline.timeline import Timeline
from luf_tui.ui.panels.prompt import Prompt
from luf_tui.ui.panels.two_sides import TwoSidesPanel
from luf_tui.ui.session import Reply
from luf_tui.view.sides import Names

if TYPE_CHECKING:
    from luf_tui.ui.screens.run_screen import RunScreen

KIND = "two sides"
"""The kind of the request for the other run, and of the lines typed for it."""
HELP = (
    "a policy: eager   luf without GUARD      guards off besides: without GUARD",
    "a machine: dram 4   arch arm64   no init-on-free      a place: @L25   @end",
)


def begin(screen: RunScreen) -> None:
    """Ask what to hold the run against."""
    screen.navigation.pause()
    recent = screen.preferences.typed.get(KIND, ())
    screen.open(Prompt("side by side with", typed, help_rows=HELP, recent=recent))


def typed(screen: RunScreen, words: str) -> Reply | None:
    """Record what the words mean, and show it beside the run. Raises LufError."""
    run = screen.session.timeline
    policy = make_policy(run.policy.name, run.policy.without)
    wanted = beside(run.program, policy, words)
    if wanted.spot is None and wanted.name == policy_name(run):
        raise LufError(f"that is the run that is shown: {wanted.name}")
    screen.preferences.remember(KIND, words)
    if wanted.spot is not None:
        _show(screen, wanted, run, run)
    else:
        then = partial(_show, screen, wanted, run)
        screen.record(wanted.program, wanted.policy, then, kind=KIND)
    return None


def _show(screen: RunScreen, wanted: Beside, run: Timeline, other: Timeline) -> None:
    """Open where one stands; from the power-on state, where the two part."""
    sides = wanted.sides(run, other)
    position, found = screen.session.position, parting(sides)
    if not position and found is not None:
        position = found.step
    names = Names(policy_name(run), wanted.name)
    screen.open(TwoSidesPanel(sides, names, position, screen.session.level))
