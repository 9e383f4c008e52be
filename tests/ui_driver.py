"""What the tests of the app share: a scenario in a folder of its own, and ways to look and do."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ParamSpec

import pytest
from textual._context import active_app
from textual.app import App
from textual.pilot import Pilot

from luf_tui.search.exploration import Report
from luf_tui.ui import garbage
from luf_tui.ui.app import LufApp
from luf_tui.ui.background import loading
from luf_tui.ui.background.loading import Recording
from luf_tui.ui.background.race_search import RaceSearch
from luf_tui.ui.background.requests import Job
from luf_tui.ui.screens.base_screen import BaseScreen
from luf_tui.ui.screens.run_screen import RunScreen

P = ParamSpec("P")

SCENARIO = """\
title    Flush before reuse
about    A stale entry is harmless until its frame gets a new owner.
machine  cpus 3, dram 8, cxl 8, pcp-batch 1
policy   luf

process  app
file     lib, 2 pages
app      mmap lib read-only as text
cpu1     run app
cpu2     run app

cpu1     read text.0
cpu2     read text.0
kswapd   reclaim text.0
expect   stale cpu1 text.0
cpu1     read text.0
process  thief
cpu0     run thief
cpu0     write thief.heap.0 secret
expect   flushed cpu1 cpu2
cpu1     read text.0
expect   no violation
"""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    made = tmp_path / "reuse.luf"
    made.write_text(SCENARIO, "utf-8")
    return made


UNHURRIED = 300.0
"""Seconds in which any recording of these tests is made, on any machine."""


def driven(test: Callable[P, Awaitable[None]]) -> Callable[P, None]:
    """Runs an async test without a plugin. How fast the machine is does not matter: recordings
    are waited for, but for those a test holds.
    """

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        async def finished() -> None:
            await test(*args, **kwargs)

        with unhurried():
            asyncio.run(finished())

    return run


@contextmanager
def unhurried() -> Iterator[None]:
    """However slow or busy the machine is, an app driven meanwhile has done what it was asked
    before it is looked at, and no time is spent on waiting for more.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading, "AT_ONCE", UNHURRIED)
        patch.setattr(garbage, "keep", lambda: None)  # tests are kept from the first one on
        patch.setattr("textual.app.wait_for_idle", _quiet)
        patch.setattr("textual.pilot.wait_for_idle", _nothing_waits)
        yield


QUIET = 12
"""Turns of the event loop in which nobody has a message, after which all of them are taken. A key
takes a few: the app passes it to the screen, which may tell the grid, which may tell the screen.
"""


async def _nothing_waits(*_: object) -> None:
    """Until every message that was sent, and every one sent for it, has been taken, those included
    that textual keeps for its next frame or for the end of a resize: neither is waited for, both
    are made.

    In place of textual's own wait, which takes a process that gets no processor for an idle one.
    """
    app = active_app.get()
    await _quiet()
    app._check_resize()
    await _quiet()
    for screen in app.screen_stack:
        screen._on_timer_update()
    await _quiet()


async def _quiet(*_: object) -> None:
    """The same without what waits for a frame: between two keys of one press."""
    app, quiet = active_app.get(), 0
    while quiet < QUIET and app.is_running and not app._exception:
        await asyncio.sleep(0)
        pumps = (app, *app.screen_stack, *app.screen.walk_children())
        quiet = quiet + 1 if all(pump._message_queue.empty() for pump in pumps) else 0


class Held:
    """Recordings that go on until they are let go, in whatever order."""

    def __init__(self) -> None:
        self.jobs: list[Job[Any]] = []
        self._gates: dict[Job[Any], threading.Event] = defaultdict(threading.Event)

    def hold(self, patch: pytest.MonkeyPatch, kind: type[Job[Any]]) -> None:
        begin: Callable[..., None] = kind.__init__
        make = kind._make

        def begun(job: Job[Any], *asked: object) -> None:
            self.jobs.append(job)
            begin(job, *asked)

        def make_late(job: Job[Any]) -> object:
            self._gates[job].wait()
            return make(job)

        patch.setattr(kind, "__init__", begun)
        patch.setattr(kind, "_make", make_late)
        patch.setattr(kind, "soon", lambda job: False)

    async def let_go(self, pilot: Pilot[Any], job: Job[Any]) -> None:
        """Its result is delivered, or dropped, when this returns."""
        self._gates[job].set()
        await made(pilot, job)

    def let_all_go(self) -> None:
        for job in self.jobs:
            self._gates[job].set()


Hold = Callable[..., Held]
"""Holds the recordings of a kind, which may be given, from then on."""


@pytest.fixture
def hold(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hold]:
    """Call it, and every recording of a kind begun from then on is held."""
    held = Held()

    def begin(kind: type[Job[Any]] = Recording) -> Held:
        held.hold(monkeypatch, kind)
        return held

    yield begin
    held.let_all_go()


async def made(pilot: Pilot[Any], job: Job[Any]) -> None:
    """Waits until a thread has made what it was to make, and that has been delivered."""
    await asyncio.wait([asyncio.wrap_future(job.future)])
    await pilot.pause()


def screen_of(app: App[Any]) -> BaseScreen:
    """The screen on top, one of luf-tui's own."""
    assert isinstance(app.screen, BaseScreen)
    return app.screen


def luf_app(app: App[Any]) -> LufApp:
    """The app that a test drives, as what it is."""
    assert isinstance(app, LufApp)
    return app


def shown_run(app: App[Any]) -> RunScreen:
    """The screen on top, where a run is walked."""
    assert isinstance(app.screen, RunScreen)
    return app.screen


def report_of(search: RaceSearch) -> Report:
    """What a search that is over found."""
    assert search.report
    return search.report


def lines(app: App[Any]) -> list[str]:
    """What is to be read; what waits to be painted is."""
    screen = screen_of(app)
    screen._paint_if_due()
    grid = screen.grid
    return [grid.render_line(y).text for y in range(grid.size.height)]


def text(app: App[Any]) -> str:
    return "\n".join(lines(app))


def do(app: App[Any], *names: str) -> None:
    """Do actions as their keys would, and paint."""
    for name in names:
        screen_of(app).action_do(name)
    screen_of(app).paint_now()
